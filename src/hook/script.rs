//! The text of a hook: a shell script with one line for each project.

use std::fmt;

/// The first lines of every hook of ours.
const HEAD: &str = "#!/bin/sh\n\
    # Made by `cargo pipe hook install`; `cargo pipe hook uninstall` removes it.\n";

/// The line of a `pre-push` hook that reads what git wants to push, for all projects.
const READ: &str = "refs=$(cat)\n";
/// The start of each line after that.
const PASS: &str = "printf '%s\\n' \"$refs\" | ";

/// The end of each line: a project whose checks fail stops git.
const END: &str = " || exit";

/// The hook as an entry of `.pre-commit-config.yaml`.
pub(super) const PRE_COMMIT_ENTRY: &str = include_str!("../../templates/pre-commit-entry.yaml");

/// A kind of hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookKind {
    /// Runs before a commit, and checks what is staged.
    PreCommit,
    /// Runs before a push, and checks the commits that are pushed.
    PrePush,
}

impl HookKind {
    /// Its name in git.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HookKind::PreCommit => "pre-commit",
            HookKind::PrePush => "pre-push",
        }
    }
}

impl fmt::Display for HookKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The line of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The words that start cargo pipe.
    pub program: Vec<String>,
    /// The project's folder in the repository; empty at its root.
    pub folder: String,
    /// Whether the hook fixes first.
    pub is_fixing: bool,
}

impl Entry {
    /// The line as a shell reads it. Git starts hooks at the root of the work tree.
    #[must_use]
    pub fn command(&self, kind: HookKind) -> String {
        let folder = if self.folder.is_empty() { "." } else { &self.folder };
        let mut words: Vec<&str> = self.program.iter().map(String::as_str).collect();
        words.extend(["-C", folder, "hook", "run", kind.name()]);
        if self.is_fixing {
            words.push("--fix");
        }
        let quoted: Vec<String> = words.into_iter().map(quote).collect();
        format!("{}{END}", quoted.join(" "))
    }

    fn parse(kind: HookKind, line: &str) -> Option<Entry> {
        let mut words = shlex::split(line.strip_suffix(END)?)?;
        let is_fixing = words.last().is_some_and(|last| last == "--fix");
        if is_fixing {
            words.pop();
        }
        let at = words.len().checked_sub(5)?;
        let tail = words.split_off(at);
        match tail.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["-C", folder, "hook", "run", name] if name == kind.name() => {
                let folder = if folder == "." { String::new() } else { folder.to_owned() };
                Some(Entry { program: words, folder, is_fixing })
            }
            _ => None,
        }
    }
}

fn quote(word: &str) -> String {
    // Only a zero byte cannot be quoted, and no path has one.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

/// The text of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    kind: HookKind,
    entries: Vec<Entry>,
}

impl Script {
    /// A hook without a project.
    #[must_use]
    pub fn new(kind: HookKind) -> Script {
        Script { kind, entries: Vec::new() }
    }

    /// Parses a hook that was rendered and not edited.
    #[must_use]
    pub fn parse(kind: HookKind, text: &str) -> Option<Script> {
        let body = text.strip_prefix(HEAD)?;
        let body = match kind {
            HookKind::PreCommit => body,
            HookKind::PrePush => body.strip_prefix(READ)?,
        };
        let entry = |line: &str| {
            let line = match kind {
                HookKind::PreCommit => line,
                HookKind::PrePush => line.strip_prefix(PASS)?,
            };
            Entry::parse(kind, line)
        };
        let entries = body.lines().map(entry).collect::<Option<Vec<_>>>()?;
        let script = Script { kind, entries };
        (script.render() == text).then_some(script)
    }

    /// Whether a text has our first lines.
    #[must_use]
    pub fn is_marked(text: &str) -> bool {
        text.starts_with(HEAD)
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = HEAD.to_owned();
        if self.kind == HookKind::PrePush {
            text.push_str(READ);
        }
        for entry in &self.entries {
            if self.kind == HookKind::PrePush {
                text.push_str(PASS);
            }
            text.push_str(&entry.command(self.kind));
            text.push('\n');
        }
        text
    }

    /// Adds the line of a project, in place of an earlier one.
    pub fn add(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|it| it.folder == entry.folder) {
            Some(before) => *before = entry,
            None => self.entries.push(entry),
        }
    }

    /// Removes the line of the project in this folder, and returns whether there was one.
    pub fn remove(&mut self, folder: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.folder != folder);
        self.entries.len() < before
    }

    /// Whether it has no project.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &str, is_fixing: bool) -> Entry {
        let program = vec!["/home/a user/bin/cargo-pipe".to_owned()];
        Entry { program, folder: folder.to_owned(), is_fixing }
    }

    #[test]
    fn a_hook_is_read_as_it_was_written() {
        for kind in [HookKind::PreCommit, HookKind::PrePush] {
            let mut script = Script::new(kind);
            script.add(entry("", false));
            script.add(entry("services/it's here", true));
            let text = script.render();
            assert_eq!(Script::parse(kind, &text), Some(script), "{text}");
        }
    }

    #[test]
    fn an_edited_hook_and_that_of_another_kind_are_not_ours() {
        let mut script = Script::new(HookKind::PreCommit);
        script.add(entry("", false));
        let text = script.render();
        assert_eq!(Script::parse(HookKind::PrePush, &text), None);
        assert_eq!(Script::parse(HookKind::PreCommit, &format!("{text}make\n")), None);
        assert!(Script::is_marked(&text));
        assert!(!Script::is_marked("#!/bin/sh\nmake\n"));
    }

    #[test]
    fn a_project_has_one_line() {
        let mut script = Script::new(HookKind::PreCommit);
        script.add(entry("a", false));
        script.add(entry("b", false));
        script.add(entry("a", true));
        assert_eq!(script.render().matches("hook run").count(), 2);
        assert!(script.remove("a") && !script.remove("a") && script.remove("b"));
        assert!(script.is_empty());
    }
}
