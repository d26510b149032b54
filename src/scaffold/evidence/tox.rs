//! Reads the environments of tox: `tox.ini`, `setup.cfg`, `tox.toml` and `[tool.tox]`.
//!
//! Of its substitutions, the usual ones are replaced: `posargs` by its default, other sections by their
//! value, and paths of the environment by nothing. Lines for a factor count where the name of the
//! environment has that factor.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::EvidenceOrigin;
use super::ini::{self, IniSection};
use super::installs::Installed;
use super::tables::{at, line_of, texts};
use super::tasks::{Call, RunScope, Task, TaskId, TaskProgram, Tasks};

/// The most environments of one file.
const MOST_ENVIRONMENTS: usize = 300;

/// Reads the environments of all files.
pub(super) fn read_tasks(files: &BTreeMap<&str, &str>, tasks: &mut Tasks) {
    for file in ["tox.ini", "setup.cfg"] {
        if let Some(text) = files.get(file) {
            read_ini(file, text, tasks);
        }
    }
    if let Some(text) = files.get("tox.toml") {
        let table: Table = text.parse().unwrap_or_default();
        read_table("tox.toml", text, &table, tasks);
    }
    if let Some(text) = files.get("pyproject.toml") {
        let table: Table = text.parse().unwrap_or_default();
        let Some(tox) = at(&table, &["tool", "tox"]) else { return };
        if let Some(legacy) = tox.get("legacy_tox_ini").and_then(Value::as_str) {
            let above = line_of(text, "legacy_tox_ini").unwrap_or(1);
            // The line numbers of the file: the text begins on the line of its key.
            let padded = format!("{}{legacy}", "\n".repeat(above.min(10_000)));
            read_ini("pyproject.toml", &padded, tasks);
        }
        read_table("pyproject.toml", text, tox, tasks);
    }
}

fn read_ini(file: &str, text: &str, tasks: &mut Tasks) {
    let sections = ini::parse(text);
    let section = |name: &str| sections.iter().find(|section| section.name == name);
    let base = section("testenv");
    let main = section("tox").or_else(|| section("tox:tox"));
    let listed = main.and_then(|tox| tox.text("envlist").or_else(|| tox.text("env_list")));
    let listed = expand_list(&listed.unwrap_or_default());
    let labels = main.and_then(|tox| tox.text("labels")).unwrap_or_default();
    let labels: Vec<(String, Vec<String>)> = labels
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(label, names)| (label.trim().to_owned(), expand_list(names)))
        .collect();
    let mut names: Vec<(String, Option<&IniSection>)> = Vec::new();
    for section in &sections {
        let Some(written) = section.name.strip_prefix("testenv:") else { continue };
        names.extend(expand_list(written).into_iter().map(|name| (name, Some(section))));
    }
    for name in &listed {
        if !names.iter().any(|(other, _)| other == name) {
            names.push((name.clone(), None));
        }
    }
    names.truncate(MOST_ENVIRONMENTS);
    let sections = IniSections { all: &sections };
    for (name, own) in names {
        let lines = |key: &str| -> Vec<(usize, String)> {
            let value = own.and_then(|own| own.get(key)).or_else(|| base?.get(key));
            sections.lines_for(value.unwrap_or_default(), &name)
        };
        let values = |key: &str| -> Vec<String> {
            lines(key).into_iter().map(|(_, line)| line.trim().to_owned()).collect()
        };
        let names_of = |key: &str| -> Vec<String> {
            let values = values(key);
            let names = values.iter().flat_map(|line| line.split([',', ' ']));
            names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let mut installs = Installed::from_lines(&values("deps"));
        installs.groups = names_of("dependency_groups");
        installs.extras = names_of("extras");
        let is_isolated = lines("skip_install").iter().any(|(_, line)| line == "true");
        let mut calls = Vec::new();
        for key in ["commands_pre", "commands"] {
            for (line, command) in lines(key) {
                // A dash ignores the failure, an exclamation mark wants it.
                if command.starts_with(['-', '!']) {
                    continue;
                }
                let origin = EvidenceOrigin { file: file.to_owned(), line };
                calls.extend(Call::from_script(&command, &origin, &installs));
            }
        }
        for call in &mut calls {
            call.scope.is_isolated =
                is_isolated && installs.files.is_empty() && installs.groups.is_empty();
        }
        let is_default = listed.contains(&name);
        let labels = labels.iter().filter(|(_, names)| names.contains(&name));
        let labels = labels.map(|(label, _)| label.clone()).collect();
        let task = Task { calls, is_default, requires: Vec::new(), labels };
        tasks.entry(TaskId::new(TaskProgram::Tox, &name)).or_insert(task);
    }
}

struct IniSections<'a> {
    all: &'a [IniSection],
}

impl IniSections<'_> {
    /// The lines of a value that count for an environment, substituted and joined.
    fn lines_for(&self, lines: &[(usize, String)], environment: &str) -> Vec<(usize, String)> {
        let mut joined: Vec<(usize, String)> = Vec::new();
        let mut open = false;
        for (number, line) in lines {
            let (text, continues) = match line.strip_suffix('\\') {
                Some(text) => (text, true),
                None => (line.as_str(), false),
            };
            match joined.last_mut() {
                Some((_, last)) if open => last.push_str(text),
                _ => joined.push((*number, text.to_owned())),
            }
            open = continues;
        }
        let mut found = Vec::new();
        for (number, line) in joined {
            let Some(line) = without_factor(&line, environment) else { continue };
            let line = self.substitute(&line, 0).replace("\\\n", " ");
            found.extend(line.lines().map(|line| (number, line.to_owned())));
        }
        found
    }

    fn substitute(&self, text: &str, depth: usize) -> String {
        let mut done = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            done.push_str(&rest[..start]);
            let Some(end) = closing(&rest[start..]) else { break };
            let inside = &rest[start + 1..start + end];
            done.push_str(&self.value(inside, depth));
            rest = &rest[start + end + 1..];
            if done.len() > 10_000 {
                return done;
            }
        }
        done + rest
    }

    fn value(&self, inside: &str, depth: usize) -> String {
        if depth > 4 {
            return String::new();
        }
        if let Some(reference) = inside.strip_prefix('[')
            && let Some((section, key)) = reference.split_once(']')
        {
            let section = self.all.iter().find(|other| other.name == section);
            let text = section.and_then(|section| section.text(key)).unwrap_or_default();
            return self.substitute(&text, depth + 1);
        }
        let (name, default) = inside.split_once(':').unwrap_or((inside, ""));
        match name {
            "posargs" => self.substitute(default, depth + 1),
            "toxinidir" | "tox_root" => ".".to_owned(),
            "envpython" => "python".to_owned(),
            "envbindir" | "env_bin_dir" => "bin".to_owned(),
            "/" => "/".to_owned(),
            "env" => match default.split_once(':') {
                Some((_, default)) => self.substitute(default, depth + 1),
                None => format!("${default}"),
            },
            // What only tox knows is left for the reader of arguments, which leaves it out.
            _ => format!("${name}"),
        }
    }
}

/// The place of the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// A line without its factors: `lint,!py: mypy`; none if the environment does not have them.
fn without_factor(line: &str, environment: &str) -> Option<String> {
    let Some((factors, rest)) = line.split_once(": ") else { return Some(line.to_owned()) };
    let is_factor = |c: char| c.is_ascii_alphanumeric() || "-_,!{}. ".contains(c);
    if factors.is_empty() || !factors.chars().all(is_factor) || factors.contains(' ') {
        return Some(line.to_owned());
    }
    let own: Vec<&str> = environment.split('-').collect();
    let has = |factor: &str| match factor.strip_prefix('!') {
        Some(factor) => !own.contains(&factor),
        None => own.contains(&factor),
    };
    let any = expand_list(factors).iter().any(|all| all.split('-').all(has));
    any.then(|| rest.trim().to_owned())
}

/// The names of a list such as `py{39,310}-test, lint`.
fn expand_list(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0_usize);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (c == ',' || c.is_whitespace()) {
            parts.push(std::mem::take(&mut part));
        } else if !c.is_whitespace() {
            part.push(c);
        }
    }
    parts.push(part);
    let mut names = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        expand(&part, &mut names);
    }
    names
}

fn expand(part: &str, names: &mut Vec<String>) {
    let mut open = vec![part.to_owned()];
    while let Some(part) = open.pop() {
        if names.len() + open.len() > MOST_ENVIRONMENTS {
            return;
        }
        let braces = part.split_once('{').and_then(|(before, rest)| {
            let (inside, after) = rest.split_once('}')?;
            Some((before, inside, after))
        });
        match braces {
            Some((before, inside, after)) => {
                for choice in choices(inside).iter().rev() {
                    open.push(format!("{before}{choice}{after}"));
                }
            }
            None => names.push(part),
        }
    }
}

/// The choices in braces: `39,310` or `9-14`.
fn choices(inside: &str) -> Vec<String> {
    let mut choices = Vec::new();
    for choice in inside.split(',').map(str::trim) {
        let range = choice.split_once('-').and_then(|(first, last)| {
            Some((first.parse::<u16>().ok()?, last.parse::<u16>().ok()?))
        });
        match range {
            Some((first, last)) if first <= last && last - first < 100 => {
                choices.extend((first..=last).map(|number| number.to_string()));
            }
            _ => choices.push(choice.to_owned()),
        }
    }
    choices
}

fn read_table(file: &str, text: &str, tox: &Table, tasks: &mut Tasks) {
    let listed = texts(tox.get("env_list"));
    let base = tox.get("env_run_base").and_then(Value::as_table);
    let environments = tox.get("env").and_then(Value::as_table);
    let own = environments.into_iter().flatten();
    let mut names: Vec<(String, Option<&Table>)> =
        own.map(|(name, value)| (name.clone(), value.as_table())).collect();
    for name in &listed {
        if !names.iter().any(|(other, _)| other == name) {
            names.push((name.clone(), None));
        }
    }
    names.truncate(MOST_ENVIRONMENTS);
    for (name, own) in names {
        let value = |key: &str| own.and_then(|own| own.get(key)).or_else(|| base?.get(key));
        let mut installs = Installed::from_lines(&texts(value("deps")));
        installs.groups = texts(value("dependency_groups"));
        installs.extras = texts(value("extras"));
        let header = own.and_then(|_| {
            let lines = text.lines().map(str::trim);
            let is_header = |line: &str| {
                line.strip_suffix(']').is_some_and(|line| {
                    line.ends_with(&format!("env.{name}"))
                        || line.ends_with(&format!("env.\"{name}\""))
                })
            };
            Some(lines.into_iter().position(is_header)? + 1)
        });
        let mut calls = Vec::new();
        for command in value("commands").and_then(Value::as_array).into_iter().flatten() {
            let words = words_of(command);
            if words.first().is_none_or(|word| word == "-" || word == "!") {
                continue;
            }
            let below = header.unwrap_or(1);
            let found = text
                .lines()
                .skip(below - 1)
                .position(|line| words.iter().take(2).all(|word| line.contains(word.as_str())));
            let origin =
                EvidenceOrigin { file: file.to_owned(), line: below + found.unwrap_or_default() };
            let scope = RunScope { installs: installs.clone(), ..RunScope::default() };
            calls.push(Call { words, origin, scope, ..Call::default() });
        }
        let is_default = listed.contains(&name);
        let labels = texts(value("labels"));
        let task = Task { calls, is_default, requires: Vec::new(), labels };
        tasks.entry(TaskId::new(TaskProgram::Tox, &name)).or_insert(task);
    }
}

/// The words of a command, with the defaults of `{ replace = "posargs" }`.
fn words_of(command: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for word in command.as_array().into_iter().flatten() {
        match word {
            Value::String(text) => words.push(text.replace("{tox_root}", ".")),
            Value::Table(table) => words.extend(texts(table.get("default"))),
            _ => {}
        }
    }
    words
}
