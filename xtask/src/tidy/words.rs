//! Rules for every text file, and for what may lie at the root.
//!
//! Must not know any language; complaints go to [`super`].

use std::collections::BTreeSet;

use super::File;

/// What a visitor sees first; all else has its folder.
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

/// Recorded output and foreign files are kept as they came.
const FOREIGN: &[&str] = &["tests/", "LICENSE-"];

/// Put together here, so that this file does not name them.
fn forbidden() -> [(String, &'static str); 6] {
    [
        (["#[ig", "nore"].concat(), "a test that is skipped proves nothing: mend or remove it"),
        (["to", "do!("].concat(), "finish it or remove it"),
        (["TO", "DO"].concat(), "finish it, or file an issue and link that"),
        (["FIX", "ME"].concat(), "finish it, or file an issue and link that"),
        (["X", "XX"].concat(), "finish it, or file an issue and link that"),
        (["db", "g!("].concat(), "remove it"),
    ]
}

/// What is wrong with the text of a file.
pub(super) fn complaints(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let foreign = FOREIGN.iter().any(|start| file.path.starts_with(start)) && !file.is_source();
    for (number, line) in file.text.lines().enumerate() {
        let mut complain =
            |text: &str| complaints.push(format!("{}:{}: {text}", file.path, number + 1));
        if line.trim_end() != line && !foreign {
            complain("space at the end of the line");
        }
        if installs_stranger(line) {
            complain("installs somebody else's program; ours is the package `cargo-pipe-ci`");
        }
        if file.is_source() {
            for (word, advice) in forbidden() {
                if line.contains(&word) {
                    complain(&format!("`{word}`: {advice}"));
                }
            }
        }
    }
    if !foreign && !file.text.is_empty() && !file.text.ends_with('\n') {
        complaints.push(format!("{}: the last line does not end", file.path));
    }
    complaints
}

/// The registry's `cargo-pipe` is not ours.
fn installs_stranger(line: &str) -> bool {
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
    // From a folder or a repository, it is the program's name that is typed.
    let from_source =
        words.iter().any(|word| word.starts_with("--path") || word.starts_with("--git"));
    !from_source && (0..words.len()).any(|at| installs(at) && after(at))
}

/// What lies at the root and should not.
pub(super) fn roots(files: &[File]) -> Vec<String> {
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
    fn the_strangers_program_is_installed_nowhere() {
        let install = ["cargo", "install"].join(" ");
        assert!(installs_stranger(&format!("RUN {install} cargo-pipe@1.0")));
        assert!(installs_stranger(&format!("`{install} --locked cargo-pipe`")));
        for tool in ["pip install", "pipx install", "uv tool install"] {
            assert!(installs_stranger(&format!("    - {tool} --quiet cargo-pipe==1.0")), "{tool}");
            assert!(!installs_stranger(&format!("    - {tool} --target cargo cargo-pipe-ci==1.0")));
        }
        assert!(!installs_stranger(&format!("{install} cargo-pipe-ci")));
        assert!(!installs_stranger(&format!("{install} --path . --bin cargo-pipe")));
    }

    #[test]
    fn loose_ends_are_found_with_their_line() {
        let text = format!("fine\n// {}{}: later \n", "TO", "DO");
        let found = complaints(&file("src/a.rs", &text));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|complaint| complaint.starts_with("src/a.rs:2: ")));
    }

    #[test]
    fn the_root_stays_small() {
        let files = [file("notes.txt", ""), file(".ci/run", ""), file("src/lib.rs", "")];
        assert_eq!(roots(&files), ["notes.txt: does not belong to the root of the repository"]);
    }
}
