//! Reads the tasks in TOML files: those of hatch, poe, pdm and taskipy.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::EvidenceOrigin;
use super::installs::Installed;
use super::tasks::{Call, Task, TaskId, TaskProgram, Tasks};

/// The table at a path.
pub(super) fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

/// The texts of a list, or of one text.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut texts: Vec<String> = items.map(str::to_owned).collect();
    texts.extend(value.and_then(Value::as_str).map(str::to_owned));
    texts
}

/// The first line of a text with this text in it, from 1.
pub(super) fn line_of(text: &str, wanted: &str) -> Option<usize> {
    let has = |line: &str| !line.trim_start().starts_with('#') && line.contains(wanted);
    text.lines().position(has).map(|index| index + 1)
}

/// The tasks of `pyproject.toml` and `hatch.toml`.
pub(super) fn read_tasks(files: &BTreeMap<&str, &str>, tasks: &mut Tasks) {
    let text = files.get("pyproject.toml").copied().unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    for (runner, path) in [
        (TaskProgram::Poe, &["tool", "poe", "tasks"]),
        (TaskProgram::Pdm, &["tool", "pdm", "scripts"]),
        (TaskProgram::Taskipy, &["tool", "taskipy", "tasks"]),
    ] {
        let source = TomlText { file: "pyproject.toml", text };
        for (name, value) in at(&table, path).into_iter().flatten() {
            let calls = source.calls(value, name, &Installed::default());
            tasks.insert(TaskId::new(runner, name), Task { calls, ..Task::default() });
        }
    }
    read_hatch(&TomlText { file: "pyproject.toml", text }, at(&table, &["tool", "hatch"]), tasks);
    let text = files.get("hatch.toml").copied().unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    read_hatch(&TomlText { file: "hatch.toml", text }, Some(&table), tasks);
}

fn read_hatch(source: &TomlText<'_>, table: Option<&Table>, tasks: &mut Tasks) {
    let environments = table.and_then(|table| at(table, &["envs"]));
    for (environment, settings) in environments.into_iter().flatten() {
        let mut installs = Installed::from_lines(&texts(settings.get("dependencies")));
        installs.packages.extend(texts(settings.get("extra-dependencies")));
        installs.groups = texts(settings.get("dependency-groups"));
        installs.extras = texts(settings.get("features"));
        let scripts = settings.get("scripts").and_then(Value::as_table);
        for (name, value) in scripts.into_iter().flatten() {
            let mut calls = source.calls(value, name, &installs);
            for call in &mut calls {
                // A script calls another one of its environment by its name alone.
                let first = call.words.first().cloned().unwrap_or_default();
                if first != *name && scripts.is_some_and(|scripts| scripts.contains_key(&first)) {
                    call.words.splice(
                        ..1,
                        ["hatch".into(), "run".into(), format!("{environment}:{first}")],
                    );
                }
            }
            let task = Task { calls, ..Task::default() };
            tasks.insert(TaskId::new(TaskProgram::Hatch, &format!("{environment}:{name}")), task);
        }
    }
}

/// A TOML file.
struct TomlText<'a> {
    file: &'static str,
    text: &'a str,
}

impl TomlText<'_> {
    /// The commands of a task in the notations of all runners.
    fn calls(&self, value: &Value, name: &str, installs: &Installed) -> Vec<Call> {
        let line = self.text.lines().position(|line| {
            let key = line.trim_start().trim_start_matches(['"', '\'']);
            key.strip_prefix(name).is_some_and(|rest| {
                rest.trim_start_matches(['"', '\'']).trim_start().starts_with(['=', '.'])
            }) || (key.starts_with('[') && key.contains(&format!(".{name}]")))
        });
        let origin =
            EvidenceOrigin { file: self.file.to_owned(), line: line.unwrap_or_default() + 1 };
        let scripts = match value {
            Value::Table(table) => {
                let keys = ["cmd", "shell", "sequence", "composite", "script"];
                let first = keys.iter().find_map(|key| table.get(*key));
                task_texts(first)
            }
            other => task_texts(Some(other)),
        };
        scripts
            .iter()
            .flat_map(|script| Call::from_script(&without_arguments(script), &origin, installs))
            .map(|mut call| {
                // All lines of a script in TOML have the place of its key.
                call.origin = origin.clone();
                call
            })
            .collect()
    }
}

/// A script of hatch without arguments of the user: `{args:src}` stands for `src` then.
fn without_arguments(script: &str) -> String {
    let mut done = String::new();
    let mut rest = script;
    while let Some((before, after)) = rest.split_once("{args") {
        let Some((default, after)) = after.split_once('}') else { break };
        done.push_str(before);
        done.push_str(default.trim_start_matches(':'));
        rest = after;
    }
    done + rest
}

fn task_texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    let of_tables = items.filter_map(|item| item.get("cmd").or(item.get("shell"))?.as_str());
    let mut all = texts(value);
    all.extend(of_tables.map(str::to_owned));
    all
}
