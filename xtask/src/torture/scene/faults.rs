//! Faults of the program that a try finds: in its end, its results, and what is there afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;

use cargo_pipe::hash::Hash;
use serde_json::Value;

use super::{Ended, Scene};
use crate::process::{self, Command};
use crate::test::attempt::{Attempt, Ending};
use crate::torture::arena::{self, SECRET};

/// Folders that the program, and uv and docker's builder on its behalf, may write to in a home.
const OURS: &[&str] =
    &[".local/state/cargo-pipe", ".cache", ".config/uv", ".local/share/uv", ".docker/buildx"];

/// Files that tries put into the home themselves.
const THEIRS: &[&str] = &[".bashrc", ".local/state"];

impl Scene<'_> {
    pub(super) fn judge_end(
        &mut self,
        command: &Command,
        attempt: Attempt,
        allowed: &[i32],
    ) -> Ended {
        let Attempt { ending, took, output } = attempt;
        let described = match ending {
            Ending::Exit(status) => match status.signal() {
                Some(signal) => format!("signal {signal}"),
                None => format!("exit status {}", status.code().unwrap_or_default()),
            },
            Ending::Limit => format!("a hang of {:.0} s", took.as_secs_f64()),
            Ending::Interrupt => "an interrupt".to_owned(),
        };
        self.transcript += &format!("$ {command}\n{output}\n({described})\n");
        let status = match ending {
            Ending::Exit(status) => status.code(),
            _ => None,
        };
        // The output of a tool is indented, and a tool may crash.
        let is_ours = |line: &&str| !line.starts_with(' ');
        let mut lines = output.lines().filter(is_ours);
        let is_crash =
            lines.any(|line| line.contains("panicked at") || line.contains("overflowed its stack"));
        if ending != Ending::Interrupt
            && (is_crash || status.is_none_or(|status| !allowed.contains(&status)))
        {
            let end = process::last_lines(&output).chars().take(400).collect::<String>();
            self.lose(format!("ended with {described}: {end}"));
        }
        if output.contains(SECRET) {
            self.escape("the output has the text of a file outside");
        }
        Ended { status, output }
    }

    pub(super) fn compare(
        &mut self,
        results: &BTreeMap<String, Value>,
        right: &BTreeMap<String, Value>,
        checks: &[&str],
    ) {
        for check in checks {
            let (result, right) = (results.get(*check), right.get(*check));
            if result == right {
                continue;
            }
            let status =
                |value: Option<&Value>| value.map_or("none".to_owned(), |it| it[0].to_string());
            let line = format!("{check}: got {}, expected {}", status(result), status(right));
            match result.and_then(|it| it[0].as_str()) {
                Some("passed" | "findings") => self.escape(format!("wrong result of {line}")),
                _ => self.lose(format!("no result of {line}")),
            }
        }
    }

    /// Looks at the machine once more at the end of a try.
    pub(in super::super) fn close(&mut self) {
        if self.marker().exists() {
            self.escape("code of the project ran on the machine");
            let _ = fs::remove_file(self.marker());
        }
        if arena::survey(&self.folder("outside")) != self.outside {
            self.escape("a file outside of the project was written");
        }
        let home = self.folder("home");
        for path in arena::survey(&home).into_keys() {
            let path = path.strip_prefix(&home).unwrap_or(&path);
            if !THEIRS.contains(&&*path.to_string_lossy())
                && !OURS.iter().any(|ours| path.starts_with(ours))
            {
                self.escape(format!("`{}` was written in the home", path.display()));
            }
        }
        self.compare_environments();
        if !self.is_settled {
            return;
        }
        for object in self.uses_engine.then(|| self.list_objects()).into_iter().flatten() {
            self.leave(format!("the {object}"));
        }
        for folder in ["tmp", "cache/runs"] {
            for path in arena::list(&self.folder(folder)) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name != "lock" && !name.starts_with("cargo-pipe-0") {
                    self.leave(format!("`{folder}/{name}`"));
                }
            }
        }
    }

    /// Containers, volumes and networks of the project in the engine.
    fn list_objects(&self) -> Vec<String> {
        let root = fs::canonicalize(self.folder("project")).unwrap_or_default();
        let id = Hash::of(root.as_os_str().as_encoded_bytes()).short();
        let filter = format!("label=dev.cargo-pipe.project={id}");
        let mut objects = Vec::new();
        for (kind, words) in [
            ("container", "ps --all --quiet"),
            ("volume", "volume ls --quiet"),
            ("network", "network ls --quiet"),
        ] {
            let list = Command::new("docker", []).arguments(words.split(' '));
            let listed = list.arguments(["--filter", &filter]).read().unwrap_or_default();
            objects.extend(listed.lines().map(|name| format!("{kind} {name}")));
        }
        objects
    }

    /// Allows that environments are built again.
    pub(in super::super) fn forget_environments(&mut self) {
        self.environments.clear();
    }

    /// No file of an environment may change once it was built.
    fn compare_environments(&mut self) {
        let now = arena::survey(&self.folder("cache/environments"));
        for (path, file) in &self.environments {
            let is_of_tool = path.components().any(|part| part.as_os_str() == "bin")
                || path.extension().is_some_and(|it| it == "py" || it == "pth" || it == "so");
            if is_of_tool && now.get(path).is_some_and(|now| now != file) {
                self.faults.escapes.push(format!(
                    "{}: `{}` was changed",
                    self.name,
                    path.display()
                ));
                return;
            }
        }
    }

    /// Notes a crash, a hang, a wrong answer or none.
    pub(in super::super) fn lose(&mut self, text: impl AsRef<str>) {
        self.faults.lost.push(format!("{}: {}", self.name, text.as_ref()));
    }

    /// Notes something that is still there.
    pub(in super::super) fn leave(&mut self, text: impl AsRef<str>) {
        self.faults.left.push(format!("{}: {}", self.name, text.as_ref()));
    }

    /// Notes an escape.
    pub(in super::super) fn escape(&mut self, text: impl AsRef<str>) {
        self.faults.escapes.push(format!("{}: {}", self.name, text.as_ref()));
    }
}
