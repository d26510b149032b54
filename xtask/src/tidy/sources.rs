//! Checks the name and the length of a source file.

use super::File;

/// The most lines, without tests, of a file that does not give a reason in its module doc.
const LONGEST: usize = 400;
const REASON: &str = "One piece because";

/// Names that do not say what a file is about.
const VAGUE: &[&str] = &["common", "helper", "helpers", "imp", "misc", "shared", "util", "utils"];

/// Complains about the name and the length of a file.
pub(super) fn check(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |text: String| complaints.push(format!("{}: {text}", file.path));
    let name = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    if name == "mod" {
        complain("`mod.rs`: a module is `foo.rs` next to `foo/`".to_owned());
    }
    if let Some(part) =
        file.path.trim_end_matches(".rs").split('/').find(|part| VAGUE.contains(part))
    {
        complain(format!("`{part}` does not say what the file is about"));
    }
    let doc: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    // Tests in a file of their own belong to the module, as if they stood at its end.
    let is_tests = file.path.ends_with("/tests.rs");
    let lines = lines_of_code(file.without_tests());
    if lines > LONGEST && !is_tests && !doc.iter().any(|line| line.contains(REASON)) {
        complain(format!(
            "{lines} lines without tests: look for a seam, or say in the module doc \
             `{REASON} …`"
        ));
    }
    complaints
}

/// Counts the lines that are neither empty nor comments.
fn lines_of_code(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> String {
        check(&File { path: path.to_owned(), text: text.to_owned() }).join("\n")
    }

    #[test]
    fn a_file_that_follows_the_rules_is_accepted() {
        assert_eq!(found("src/plan.rs", "//! Plans.\nfn plan() {}\n"), "");
    }

    #[test]
    fn each_rule_finds_its_file() {
        assert!(found("src/plan/mod.rs", "//! Plans.\n").contains("`mod.rs`"));
        assert!(found("src/utils/text.rs", "//! Text.\n").contains("`utils`"));
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let code = "let x = 1;\n".repeat(LONGEST + 1);
        assert!(found("src/plan.rs", &format!("//! Plans.\n{code}")).contains("401 lines"));
        let reason = format!("//! {REASON} it is a table.\n{code}");
        assert_eq!(found("src/plan.rs", &reason), "");
        let tested = format!("//! Plans.\nfn plan() {{}}\n#[cfg(test)]\nmod tests {{\n{code}}}");
        assert_eq!(found("src/plan.rs", &tested), "");
    }
}
