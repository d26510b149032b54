//! Writing of a tool's release into the file that configures the project.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

use crate::project::Manifest;

/// Sets `version` in the tables of these checks, and keeps everything else as it is written.
///
/// # Errors
///
/// The message about a text that is not TOML, or has another value in place of a table.
pub(super) fn set_version(
    text: &str,
    manifest: &Manifest,
    checks: &[&str],
    version: &str,
) -> Result<String, String> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let above: &[&str] = match manifest {
        Manifest::PipeToml => &["checks"],
        Manifest::CargoToml => &["workspace", "metadata", "pipe", "checks"],
    };
    for check in checks {
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for key in above.iter().chain([check]) {
            table = enter(table, key)?;
        }
        match table.get_mut("version").and_then(Item::as_value_mut) {
            Some(old) => replace(old, version),
            None => drop(table.insert("version", value(version))),
        }
    }
    Ok(document.to_string())
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

/// Replaces a value, and keeps the comment behind it.
fn replace(old: &mut Value, version: &str) {
    let decor = old.decor().clone();
    *old = Value::from(version);
    *old.decor_mut() = decor;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, checks: &[&str]) -> String {
        set_version(text, &Manifest::PipeToml, checks, "24.4.2").unwrap()
    }

    #[test]
    fn a_version_is_replaced_and_comments_stay() {
        let text =
            "# mine\n[checks.format] # the formatter\nversion   = '23.1' # as in CI\nargs=[]\n";
        let expected = text.replace("'23.1'", "\"24.4.2\"");
        assert_eq!(set(text, &["format"]), expected);
        let inline = "checks = { format = { version = '23.1' } } # one line\n";
        assert_eq!(set(inline, &["format"]), inline.replace("'23.1'", "\"24.4.2\""));
    }

    #[test]
    fn a_missing_table_is_added_without_tables_above_it() {
        let text = "source = ['src']\n";
        let expected = "source = ['src']\n\n[checks.ruff]\nversion = \"24.4.2\"\n";
        assert_eq!(set(text, &["ruff"]), expected);
        let both = set("[checks.ruff]\nargs = []\n", &["ruff", "format"]);
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
