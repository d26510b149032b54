//! Checks the name and the length of a source file, and how it reads other files.

use super::File;

/// The most lines, without tests, of a file that does not give a reason in its module doc.
const LONGEST: usize = 400;
const REASON: &str = "One piece because";

/// Names that do not say what a file is about.
const VAGUE: &[&str] = &["common", "helper", "helpers", "imp", "misc", "shared", "util", "utils"];

/// Ways to read a file that know no limit.
const UNBOUNDED: &[&str] = &["fs::read(", "fs::read_to_string(", "File::open("];

/// Files of the crate that may read without `crate::read`: they read folders of cargo pipe itself,
/// `/proc`, or files that they have inspected before. A stranger writes none of these.
const READERS: &[&str] = &[
    "src/build.rs",
    "src/cache/",
    "src/cli/commands/reports.rs",
    "src/cli/interrupt.rs",
    "src/doctor/engine.rs",
    "src/engine/docker/owner.rs",
    "src/engine/docker/topology.rs",
    "src/engine/limits.rs",
    "src/engine/venv/",
    "src/environment/remembered.rs",
    "src/git/blobs.rs",
    "src/git/tracked_folder.rs",
    "src/process/child.rs",
    "src/program.rs",
    "src/read.rs",
    "src/run/",
    "src/snapshot.rs",
    "src/trust/store.rs",
];

/// Complains about the name and the length of a file, and about reads without a limit.
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
    let is_reader = READERS.iter().any(|reader| file.path.starts_with(reader));
    if file.path.starts_with("src/") && !is_reader {
        for way in UNBOUNDED.iter().filter(|way| file.without_tests().contains(*way)) {
            complain(format!("`{way}…)` reads without a limit: use `crate::read`"));
        }
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
    fn a_file_of_a_project_is_read_within_limits() {
        let code = "//! Reads.\nfn read() { fs::read(path) }\n";
        assert!(found("src/discover.rs", code).contains("`fs::read(…)`"));
        for path in ["src/read.rs", "src/cache/index.rs", "tests/cli/main.rs"] {
            assert_eq!(found(path, code), "", "{path}");
        }
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
