//! Checks that the public types of the library can grow without breaking the code of its users.
//!
//! A struct with public fields and an enum are `#[non_exhaustive]` or give a reason. Modules that
//! the documentation hides are free.

use super::File;

/// Attributes that let a type grow, or hide it.
const FREE: &[&str] = &["#[non_exhaustive]", "#[doc(hidden)]"];

/// Begins the sentence of a type's documentation that says why it is not `#[non_exhaustive]`.
const REASON: &str = "Exhaustive:";

/// Complains about public types that cannot grow.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let is_shown = |file: &&File| {
        let path = file.path.strip_prefix("src/").unwrap_or_default();
        file.is_source()
            && !path.is_empty()
            && !path.ends_with("/tests.rs")
            && !is_hidden(files, path)
    };
    files.iter().filter(is_shown).flat_map(check_file).collect()
}

/// Whether a file belongs to a hidden module, or to one below it.
fn is_hidden(files: &[File], path: &str) -> bool {
    let modules: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    (0..modules.len()).any(|depth| {
        let parent = match depth {
            0 => "src/lib.rs".to_owned(),
            _ => format!("src/{}.rs", modules[..depth].join("/")),
        };
        let hidden = format!("#[doc(hidden)]\npub mod {};", modules[depth]);
        files.iter().any(|file| file.path == parent && file.text.contains(&hidden))
    })
}

fn check_file(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    // The lines above an item, and a struct that may turn out to have public fields.
    let (mut above, mut open) = (Vec::new(), None);
    for line in file.without_tests().lines() {
        let name = |kind| Some(line.strip_prefix(kind)?.split(['<', ' ', '(']).next()?.to_owned());
        if line.starts_with("///") || line.starts_with("#[") || line.starts_with("    ") {
            above.push(line);
        }
        let frees = |it: &&str| FREE.contains(it) || it.contains(REASON);
        let can_grow = above.iter().any(frees);
        let mut complain = |name: &str| {
            complaints.push(format!(
                "{}: `{name}` cannot grow: make it `#[non_exhaustive]`, or say in its \
                 documentation `{REASON} …`",
                file.path
            ));
        };
        if let Some(name) = name("pub enum ").filter(|_| !can_grow) {
            complain(&name);
        } else if let Some(name) = name("pub struct ").filter(|_| line.ends_with('{') && !can_grow)
        {
            open = Some(name);
        } else if line.starts_with("    pub ") {
            open.take().iter().for_each(|name| complain(name));
        }
        if line.is_empty() || line == "}" {
            above.clear();
            open = None;
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "pub mod shown;\n#[doc(hidden)]\npub mod hidden;\n";

    fn found(path: &str, text: &str) -> usize {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        check(&[file("src/lib.rs", LIB), file(path, text)]).len()
    }

    #[test]
    fn a_public_type_can_grow_or_says_why_not() {
        let field = "pub struct A {\n    /// A.\n    pub a: u8,\n}\n\n";
        assert_eq!(found("src/shown.rs", &format!("{field}pub enum B {{\n    C,\n}}\n")), 2);
        assert_eq!(found("src/shown/part.rs", field), 1);
        assert_eq!(found("src/shown.rs", &format!("#[non_exhaustive]\n{field}")), 0);
        assert_eq!(found("src/shown.rs", &format!("/// {REASON} it is a pair.\n{field}")), 0);
        assert_eq!(found("src/shown.rs", &field.replace("    pub ", "    ")), 0);
        assert_eq!(found("src/hidden.rs", field), 0);
        assert_eq!(found("src/hidden/part.rs", field), 0);
    }
}
