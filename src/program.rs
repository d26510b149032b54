//! The program name in suggested commands.
//!
//! Texts are written with `cargo pipe`. Under a workspace's task runner, the suggested commands in them
//! are respelled to `cargo xtask pipe`, so that users can type what they read. (A cargo alias `pipe`
//! is not an option: cargo warns that it shadows the installed subcommand.)

use std::borrow::Cow;

/// The program that the user started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// The installed one, as `cargo pipe`.
    #[default]
    CargoPipe,
    /// A workspace's own, as `cargo xtask pipe`.
    Xtask,
}

/// The texts before a suggested command, which do not occur before the program's name in a sentence: a
/// quote, an indentation, a label, or the end of a style.
const BEFORE: &[&str] = &["`", "  ", "\n", ": ", "\u{1b}[0m "];

/// The spelling in texts.
const COMMAND: &str = "cargo pipe";

impl Program {
    /// The words that the user types.
    pub fn name(self) -> &'static str {
        match self {
            Program::CargoPipe => COMMAND,
            Program::Xtask => "cargo xtask pipe",
        }
    }

    /// Respells the suggested commands in a text.
    pub fn spell(self, text: &str) -> Cow<'_, str> {
        if self == Program::CargoPipe || !text.contains(COMMAND) {
            return Cow::Borrowed(text);
        }
        let mut spelled = String::with_capacity(text.len() + 16);
        let mut pieces = text.split(COMMAND);
        spelled.extend(pieces.next());
        for piece in pieces {
            let offered =
                spelled.is_empty() || BEFORE.iter().any(|before| spelled.ends_with(before));
            spelled += if offered { self.name() } else { COMMAND };
            spelled += piece;
        }
        Cow::Owned(spelled)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::check::COMMANDS;

    #[test]
    fn commands_are_spelled_for_a_task_and_the_name_stays() {
        let text =
            "what cargo pipe wrote\n\nhint: `cargo pipe sync` writes it\n  cargo pipe lint\n";
        assert_eq!(
            Program::Xtask.spell(text),
            "what cargo pipe wrote\n\nhint: `cargo xtask pipe sync` writes it\n  \
             cargo xtask pipe lint\n"
        );
        assert_eq!(Program::CargoPipe.spell(text), text);
    }

    /// Collects every file of the library below a folder, without its tests.
    fn sources(folder: &Path, all: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().unwrap() == "rs" && path.file_name().unwrap() != "tests.rs" {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let is_code = |line: &&str| !line.trim_start().starts_with("//");
                let lines: Vec<&str> = code.lines().filter(is_code).collect();
                all.push((path, lines.join("\n")));
            }
        }
    }

    /// Respelling depends on the text before a command, so every text has to conform.
    #[test]
    fn every_text_offers_commands_in_a_way_that_is_seen() {
        let mut all = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let checks = crate::tools::default_checks();
        let built_in: Vec<&str> = checks.into_iter().map(|(name, _)| name).collect();
        let mut commands = 0;
        for (path, code) in all {
            // Join strings that continue in the next line.
            let joined: Vec<&str> = code.split("\\\n").map(str::trim_start).collect();
            let joined = joined.concat();
            let mut pieces = joined.split(COMMAND);
            let mut before = pieces.next().unwrap_or_default();
            for after in pieces {
                let rest = after.strip_prefix(' ').unwrap_or_default();
                let word = rest.split([' ', '\n', '`', '\\', '{']).next().unwrap_or_default();
                let is_command = after.starts_with("{at}")
                    || rest.starts_with(['{', '-'])
                    || COMMANDS.contains(&word)
                    || built_in.contains(&word);
                let is_seen = BEFORE.iter().any(|text| before.ends_with(text));
                let shown: String = COMMAND.chars().chain(after.chars().take(40)).collect();
                assert_eq!(is_command, is_seen, "{}: {shown}", path.display());
                commands += usize::from(is_command);
                before = after;
            }
        }
        assert!(commands > 50, "{commands}");
    }
}
