//! Checks the text of every file, and the list of files at the root of the repository.

use std::collections::BTreeSet;

use super::File;

/// Files that may lie at the root.
const ROOT: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src",
    "templates",
    "tests",
    "xtask",
];

/// Recorded output and foreign files, which are kept as they are.
const FOREIGN: &[&str] = &["tests/", "LICENSE-"];

/// Words that no source may have, each with advice. They are joined here, so that this file does
/// not have them either.
fn forbidden_words() -> [(String, &'static str); 6] {
    [
        (["#[ig", "nore"].concat(), "a skipped test proves nothing: fix or remove it"),
        (["to", "do!("].concat(), "finish it or remove it"),
        (["TO", "DO"].concat(), "finish it, or file an issue and link that"),
        (["FIX", "ME"].concat(), "finish it, or file an issue and link that"),
        (["X", "XX"].concat(), "finish it, or file an issue and link that"),
        (["db", "g!("].concat(), "remove it"),
    ]
}

/// Complains about the text of a file.
pub(super) fn check(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let foreign = FOREIGN.iter().any(|start| file.path.starts_with(start)) && !file.is_source();
    for (number, line) in file.text.lines().enumerate() {
        let mut complain =
            |text: &str| complaints.push(format!("{}:{}: {text}", file.path, number + 1));
        if line.trim_end() != line && !foreign {
            complain("space at the end of the line");
        }
        if installs_other_program(line) {
            complain("installs another program; the package of this one is `cargo-pipe-ci`");
        }
        if file.is_source() {
            for (word, advice) in forbidden_words() {
                if line.contains(&word) {
                    complain(&format!("`{word}`: {advice}"));
                }
            }
        }
    }
    if !foreign && !file.text.is_empty() && !file.text.ends_with('\n') {
        complaints.push(format!("{}: the last line has no line break", file.path));
    }
    complaints
}

/// Whether a line installs the package `cargo-pipe`, which in the registry is another program.
fn installs_other_program(line: &str) -> bool {
    let words: Vec<&str> =
        line.split(|letter: char| letter.is_whitespace() || "`'\"".contains(letter)).collect();
    let after = |at: usize| {
        let is_it = |word: &&str| {
            word.strip_prefix("cargo-pipe").is_some_and(|rest| {
                rest.is_empty() || ["@", "==", ">", "~="].iter().any(|sign| rest.starts_with(sign))
            })
        };
        words[at + 1..].iter().any(is_it)
    };
    let installs = |at: usize| {
        let (tool, verb) = (words[at], words.get(at + 1).copied().unwrap_or_default());
        match tool {
            "cargo" => ["install", "binstall", "add"].contains(&verb),
            "pip" | "pip3" | "pipx" => verb == "install",
            "uv" => ["tool", "pip", "add"].contains(&verb),
            "uvx" => true,
            _ => false,
        }
    };
    // With `--path` and `--git`, the name is that of the program.
    let from_source =
        words.iter().any(|word| word.starts_with("--path") || word.starts_with("--git"));
    !from_source && (0..words.len()).any(|at| installs(at) && after(at))
}

/// Complains about files that should not lie at the root.
pub(super) fn check_root(files: &[File]) -> Vec<String> {
    let entries: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.split('/').next()).collect();
    entries
        .into_iter()
        .filter(|entry| !entry.starts_with('.') && !ROOT.contains(entry))
        .map(|entry| format!("{entry}: does not belong to the root of the repository"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_other_program_is_never_installed() {
        let install = ["cargo", "install"].join(" ");
        assert!(installs_other_program(&format!("RUN {install} cargo-pipe@1.0")));
        assert!(installs_other_program(&format!("`{install} --locked cargo-pipe`")));
        for tool in ["pip install", "pipx install", "uv tool install"] {
            assert!(
                installs_other_program(&format!("    - {tool} --quiet cargo-pipe==1.0")),
                "{tool}"
            );
            assert!(!installs_other_program(&format!(
                "    - {tool} --target cargo cargo-pipe-ci==1.0"
            )));
        }
        assert!(!installs_other_program(&format!("{install} cargo-pipe-ci")));
        assert!(!installs_other_program(&format!("{install} --path . --bin cargo-pipe")));
    }

    #[test]
    fn unfinished_work_is_found_with_its_line() {
        let text = format!("fine\n// {}{}: later \n", "TO", "DO");
        let found = check(&file("src/a.rs", &text));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|complaint| complaint.starts_with("src/a.rs:2: ")));
    }

    #[test]
    fn the_root_stays_small() {
        let files = [file("notes.txt", ""), file(".ci/run", ""), file("src/lib.rs", "")];
        assert_eq!(
            check_root(&files),
            ["notes.txt: does not belong to the root of the repository"]
        );
    }
}
