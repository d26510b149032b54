//! Rules for the shape of a source file: its name, its first words, its length.
//!
//! Must not know the module's place among others, which is the matter of [`super::layers`];
//! complaints go to [`super`].

use super::File;

/// Where to look for a seam, in lines without tests. A longer file says in its module doc why it
/// is one piece, with these words.
const LONGEST: usize = 400;
const REASON: &str = "One piece because";

/// Names that say nothing of what is inside.
const VAGUE: &[&str] = &["common", "helper", "helpers", "imp", "misc", "shared", "util", "utils"];

/// What is wrong with the shape of a file.
pub(super) fn complaints(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |text: String| complaints.push(format!("{}: {text}", file.path));
    let name = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    if name == "mod" {
        complain("`mod.rs`: a module is `foo.rs` beside `foo/`".to_owned());
    }
    if let Some(part) =
        file.path.trim_end_matches(".rs").split('/').find(|part| VAGUE.contains(part))
    {
        complain(format!("`{part}` says nothing of what is inside"));
    }
    let doc: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    // Tests beside their module are of it, as if they stood at its end.
    let is_tests = file.path.ends_with("/tests.rs");
    if doc.is_empty() && !is_tests {
        complain(
            "no module doc: what it owns, what it must not know, where the data goes".to_owned(),
        );
    }
    let lines = lines_of_code(&file.text);
    if lines > LONGEST && !is_tests && !doc.iter().any(|line| line.contains(REASON)) {
        complain(format!(
            "{lines} lines without tests: look for a seam, or say in the module doc \
             `{REASON} …`"
        ));
    }
    complaints
}

/// Lines that are neither empty nor comments, up to the tests, which come last.
fn lines_of_code(text: &str) -> usize {
    text.lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> String {
        complaints(&File { path: path.to_owned(), text: text.to_owned() }).join("\n")
    }

    #[test]
    fn a_calm_file_is_left_alone() {
        assert_eq!(found("src/plan.rs", "//! Owns plans.\nfn plan() {}\n"), "");
    }

    #[test]
    fn each_rule_finds_its_file() {
        assert!(found("src/plan/mod.rs", "//! Owns plans.\n").contains("`mod.rs`"));
        assert!(found("src/utils/text.rs", "//! Owns text.\n").contains("`utils`"));
        assert!(found("src/plan.rs", "fn plan() {}\n").contains("no module doc"));
    }

    #[test]
    fn a_long_file_says_why() {
        let code = "let x = 1;\n".repeat(LONGEST + 1);
        assert!(found("src/plan.rs", &format!("//! Owns plans.\n{code}")).contains("401 lines"));
        let reason = format!("//! {REASON} it is a table.\n{code}");
        assert_eq!(found("src/plan.rs", &reason), "");
        let tested = format!("//! Owns plans.\nfn plan() {{}}\n#[cfg(test)]\n{code}");
        assert_eq!(found("src/plan.rs", &tested), "");
    }
}
