//! Checks that the tests which the security chapter names exist.
//!
//! Each statement there names the test that fails when it is no longer true. A test that is renamed
//! would leave a statement that nothing holds.

use std::collections::BTreeSet;

use super::File;

/// The chapter with the statements.
const CHAPTER: &str = "src/guide/security.md";

/// The number of words of the shortest name of a test. Shorter names are settings and functions.
const WORDS: usize = 4;

/// Complains about tests that do not exist.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let Some(chapter) = files.iter().find(|file| file.path == CHAPTER) else {
        return vec![format!("{CHAPTER}: the file is missing")];
    };
    let sources = files.iter().filter(|file| file.is_source());
    let functions: BTreeSet<&str> = sources.flat_map(|file| find_functions(&file.text)).collect();
    let named = chapter.text.split('`').skip(1).step_by(2).filter(|name| is_test(name));
    let function = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    named
        .filter(|name| !functions.contains(function(name).as_str()))
        .map(|name| format!("{CHAPTER}: the test `{name}` does not exist"))
        .collect()
}

/// Whether a text in backticks is the name of a test, with or without its module.
fn is_test(name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
    name.chars().all(is_name) && name.split('_').count() >= WORDS
}

/// The names of all functions.
fn find_functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_exist_is_named() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let chapter =
            file(CHAPTER, "Holds (`it_holds_as_stated`, `other::it_does_not_hold`, `a_b`).");
        let source = file("tests/x.rs", "fn it_holds_as_stated() {}\n");
        assert_eq!(
            check(&[chapter, source]),
            ["src/guide/security.md: the test `other::it_does_not_hold` does not exist"]
        );
    }
}
