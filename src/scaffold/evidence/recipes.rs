//! Reads the recipes of a Makefile and of a justfile.

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::installs::Installed;
use super::tasks::{Call, Task, TaskId, TaskProgram, Tasks};

/// The names of a Makefile in the order in which make looks for them, and those of a justfile.
const MAKEFILES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];
const JUSTFILES: &[&str] = &["justfile", "Justfile"];

/// The longest line after its variables are replaced.
const LONGEST: usize = 10_000;

/// Reads the recipes of both.
pub(super) fn read_tasks(files: &BTreeMap<&str, &str>, tasks: &mut Tasks) {
    for (runner, names) in [(TaskProgram::Make, MAKEFILES), (TaskProgram::Just, JUSTFILES)] {
        let found = names.iter().find_map(|name| Some((*name, *files.get(name)?)));
        if let Some((file, text)) = found {
            read(runner, file, text, tasks);
        }
    }
}

fn read(runner: TaskProgram, file: &str, text: &str, tasks: &mut Tasks) {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Vec<TaskId> = Vec::new();
    let mut is_first = true;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut line = line.to_owned();
        while line.ends_with('\\') {
            let Some((_, next)) = lines.next() else { break };
            line.pop();
            line.push_str(next.trim_start());
        }
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            let recipe = line.trim().trim_start_matches(['@', '+']);
            // make and just ignore a failure of a line with a dash.
            if recipe.starts_with('-') || current.is_empty() {
                continue;
            }
            let origin = EvidenceOrigin { file: file.to_owned(), line: index + 1 };
            let calls =
                Call::from_script(&replace(recipe, &variables), &origin, &Installed::default());
            for id in &current {
                let task: &mut Task = tasks.entry(id.clone()).or_default();
                task.calls.extend(calls.iter().cloned());
            }
            continue;
        }
        current.clear();
        if let Some((name, value)) = assignment(&line) {
            let value = replace(value, &variables);
            variables.entry(name.to_owned()).or_insert(value);
            continue;
        }
        let Some((head, requires)) = line.split_once(':') else { continue };
        let mut names: Vec<&str> = head.split_whitespace().collect();
        if runner == TaskProgram::Just {
            // The rest are parameters.
            names.truncate(1);
        }
        let requires: Vec<String> = requires
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        for name in names {
            let name = name.trim_start_matches('@');
            if name.starts_with('.') || name.contains('%') {
                continue;
            }
            let id = TaskId::new(runner, name);
            let task = tasks.entry(id.clone()).or_default();
            task.is_default |= std::mem::take(&mut is_first);
            task.requires.extend(requires.iter().cloned());
            current.push(id);
        }
    }
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end().trim_end_matches([':', '?', '+', '!']).trim();
    let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let value = value.trim().trim_matches(['"', '\'']);
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, value))
}

/// Replaces variables of make and just.
fn replace(line: &str, variables: &BTreeMap<String, String>) -> String {
    let mut line = line.to_owned();
    for (name, value) in variables {
        for mark in [
            format!("$({name})"),
            format!("${{{name}}}"),
            format!("{{{{{name}}}}}"),
            format!("{{{{ {name} }}}}"),
        ] {
            if line.contains(&mark) && line.len() < LONGEST && value.len() < LONGEST {
                line = line.replace(&mark, value);
            }
        }
    }
    line.chars().take(LONGEST).collect()
}
