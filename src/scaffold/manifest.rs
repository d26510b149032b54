//! Edits of the file that configures a project. Everything else in it stays as it is written.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::project::Manifest;

/// A `pipe.toml`, or the `Cargo.toml` of a workspace, that is edited.
#[derive(Debug)]
pub(crate) struct ManifestEditor {
    document: DocumentMut,
    above: &'static [&'static str],
}

impl ManifestEditor {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// The message about a text that is not TOML.
    pub(crate) fn parse(text: &str, manifest: &Manifest) -> Result<ManifestEditor, String> {
        let document =
            text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        let above: &[&str] = match manifest {
            Manifest::PipeToml => &[],
            Manifest::CargoToml => &["workspace", "metadata", "pipe"],
        };
        Ok(ManifestEditor { document, above })
    }

    /// The table of the configuration at a path of keys, which is created where it is missing.
    ///
    /// # Errors
    ///
    /// The message about another value in place of a table.
    pub(crate) fn table(&mut self, path: &[&str]) -> Result<&mut dyn TableLike, String> {
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for key in self.above.iter().chain(path) {
            table = enter(table, key)?;
        }
        Ok(table)
    }

    /// The text after the edits.
    pub(crate) fn into_text(self) -> String {
        self.document.to_string()
    }
}

/// Sets a key, and keeps the comment behind its old value.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(value),
        None => drop(table.insert(key, Item::Value(value))),
    }
}

/// The table under a key, which is created where it is missing.
fn enter<'t>(table: &'t mut dyn TableLike, key: &str) -> Result<&'t mut dyn TableLike, String> {
    let new = || {
        let mut table = Table::new();
        // A header is only written for a table with values of its own.
        table.set_implicit(true);
        Item::Table(table)
    };
    let item = table.entry(key).or_insert_with(new);
    item.as_table_like_mut().ok_or_else(|| format!("`{key}` is not a table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_version(
        text: &str,
        manifest: &Manifest,
        checks: &[&str],
        version: &str,
    ) -> Result<String, String> {
        let mut editor = ManifestEditor::parse(text, manifest)?;
        for check in checks {
            set(editor.table(&["checks", check])?, "version", version);
        }
        Ok(editor.into_text())
    }

    fn pinned(text: &str, checks: &[&str]) -> String {
        set_version(text, &Manifest::PipeToml, checks, "24.4.2").unwrap()
    }

    #[test]
    fn a_version_is_replaced_and_comments_stay() {
        let text =
            "# mine\n[checks.format] # the formatter\nversion   = '23.1' # as in CI\nargs=[]\n";
        let expected = text.replace("'23.1'", "\"24.4.2\"");
        assert_eq!(pinned(text, &["format"]), expected);
        let inline = "checks = { format = { version = '23.1' } } # one line\n";
        assert_eq!(pinned(inline, &["format"]), inline.replace("'23.1'", "\"24.4.2\""));
    }

    #[test]
    fn a_missing_table_is_added_without_tables_above_it() {
        let text = "source = ['src']\n";
        let expected = "source = ['src']\n\n[checks.ruff]\nversion = \"24.4.2\"\n";
        assert_eq!(pinned(text, &["ruff"]), expected);
        let both = pinned("[checks.ruff]\nargs = []\n", &["ruff", "format"]);
        assert_eq!(both.matches("version = \"24.4.2\"").count(), 2, "{both}");
    }

    #[test]
    fn a_workspace_has_it_in_its_metadata() {
        let text = "[workspace]\nmembers = []\n";
        let text = set_version(text, &Manifest::CargoToml, &["lint"], "3.3").unwrap();
        let expected = "\n[workspace.metadata.pipe.checks.lint]\nversion = \"3.3\"\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn a_value_in_place_of_a_table_is_an_error() {
        let wrong = set_version("checks = 1", &Manifest::PipeToml, &["lint"], "3.3");
        assert_eq!(wrong, Err("`checks` is not a table".to_owned()));
    }
}
