//! Configurations for different Pythons.

use std::collections::BTreeMap;

use super::Known;
use super::settings::{self, Stated};
use crate::config::Config;
use crate::project::ProjectPath;

/// The minor version of a Python 3, for whom, and where that is from.
struct Target {
    minor: u32,
    name: String,
    place: String,
    writes: bool,
}

/// Where the tools' Pythons differ from each other, from the one they run on, and from the oldest
/// one that the project promises to run on.
pub(super) fn contradictions(
    config: &Config,
    known: &[Known<'_>],
    texts: &BTreeMap<ProjectPath, String>,
) -> Vec<String> {
    let targets: Vec<Target> = known.iter().filter_map(target).collect();
    let told = |targets: &[&Target]| {
        let told = targets.iter().map(|it| format!("{} 3.{} ({})", it.name, it.minor, it.place));
        told.collect::<Vec<_>>().join(", ")
    };
    let mut found = Vec::new();
    let all: Vec<&Target> = targets.iter().collect();
    if targets.iter().any(|it| it.minor != targets[0].minor) {
        found.push(format!("the tools are told of different Pythons: {}", told(&all)));
    }
    let runs_on = minor(&config.python.version);
    let newer: Vec<&Target> =
        targets.iter().filter(|it| runs_on.is_some_and(|runs_on| it.minor > runs_on)).collect();
    if !newer.is_empty() {
        found.push(format!(
            "the tools run on Python {} ({}), which is older than what they are told of: {}",
            config.python.version,
            place(config, texts),
            told(&newer)
        ));
    }
    if let Some((oldest, place)) = oldest(texts) {
        let writers: Vec<&Target> =
            targets.iter().filter(|it| it.writes && it.minor > oldest).collect();
        if !writers.is_empty() {
            found.push(format!(
                "the project promises to run on Python 3.{oldest} ({place}), for which these may \
                 write too new a syntax: {}",
                told(&writers)
            ));
        }
    }
    found
}

fn target(known: &Known<'_>) -> Option<Target> {
    let (key, writes) = match known.tool.name() {
        "mypy" => ("python-version", false),
        "pylint" => ("py-version", false),
        _ => ("target-version", true),
    };
    if known.is_told(&format!("--{key}")) || known.is_told("-t") {
        return None;
    }
    let Stated { words, place } = known.says("", key)?;
    let minor = words.iter().filter_map(|word| minor(word)).min()?;
    Some(Target { minor, name: known.name(), place, writes })
}

/// Reads `3.13`, `3.13.0` and `py313`.
fn minor(text: &str) -> Option<u32> {
    let rest = text.strip_prefix("3.").or_else(|| text.strip_prefix("py3"))?;
    rest.split('.').next()?.parse().ok()
}

/// Where the Python is named that the tools run on.
fn place(config: &Config, texts: &BTreeMap<ProjectPath, String>) -> String {
    let line = ProjectPath::new(&config.manifest).ok().and_then(|path| {
        let settings = settings::read(&path, texts.get(&path)?);
        let version = settings.into_iter().find(|it| {
            it.key == "version" && (it.section == "python" || it.section.ends_with(".pipe.python"))
        })?;
        Some(format!("{path}:{}", version.line))
    });
    line.unwrap_or_else(|| "the default".to_owned())
}

/// The oldest Python of `requires-python`, and where it stands.
fn oldest(texts: &BTreeMap<ProjectPath, String>) -> Option<(u32, String)> {
    let path = ProjectPath::new("pyproject.toml").ok()?;
    let settings = settings::read(&path, texts.get(&path)?);
    let is_it = |it: &&settings::Setting| it.section == "project" && it.key == "requires-python";
    let stated = settings.iter().find(is_it)?;
    let bound = |word: &str| {
        let word = word.trim();
        let rest = [">=", "~=", "=="].iter().find_map(|sign| word.strip_prefix(sign))?;
        minor(rest.trim())
    };
    let oldest = stated.words.first()?.split(',').filter_map(bound).max()?;
    Some((oldest, format!("{path}:{}", stated.line)))
}
