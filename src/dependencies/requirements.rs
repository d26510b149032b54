//! The format of `requirements.txt`, as pip reads it.
//!
//! A line is a requirement, a pinned requirement with hashes, a file to include, an option, or a
//! package outside of an index.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Unreadable};
use crate::lock::{Lock, logical_lines};
use crate::project::ProjectPath;
use crate::requirement::Requirement;

/// One line.
enum Line {
    Requirement(String),
    Include(String),
    LeftOut(String),
    /// An option of the installer, which is ignored.
    Option,
}

/// The included files, as named in the text.
pub(super) fn included(text: &str) -> Vec<String> {
    let lines = logical_lines(text).into_iter();
    lines
        .filter_map(|(_, text)| match line(&text) {
            Line::Include(path) => Some(path),
            _ => None,
        })
        .collect()
}

/// Resolves the path of an included file.
pub(super) fn place(path: &ProjectPath, included: &str) -> Option<ProjectPath> {
    let mut parts: Vec<&str> = path.as_str().split('/').collect();
    parts.pop();
    for part in included.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    ProjectPath::new(&parts.join("/")).ok()
}

pub(super) fn read(
    path: &ProjectPath,
    texts: &BTreeMap<ProjectPath, String>,
) -> Result<File, Unreadable> {
    let mut file = File::default();
    let mut lines = Vec::new();
    gather(path, texts, &mut BTreeSet::new(), &mut lines, &mut file.left_out)?;
    let hashed = |line: &&String| line.contains("--hash=");
    if !lines.is_empty() && lines.iter().all(|line| hashed(&line)) {
        let lock = Lock::parse(&lines.join("\n")).map_err(|error| {
            let hint = "if one line has a hash, every line must be `name==1.2.3 --hash=sha256:…`";
            (error.message, Some(hint.to_owned()))
        })?;
        file.locked = Some(lock.packages);
    } else {
        let bare = |line: &String| line.split(" --").next().unwrap_or_default().trim().to_owned();
        file.declared = lines.iter().map(bare).collect();
    }
    Ok(file)
}

fn gather(
    path: &ProjectPath,
    texts: &BTreeMap<ProjectPath, String>,
    seen: &mut BTreeSet<ProjectPath>,
    lines: &mut Vec<String>,
    left_out: &mut Vec<String>,
) -> Result<(), Unreadable> {
    if !seen.insert(path.clone()) {
        return Ok(());
    }
    let Some(text) = texts.get(path) else {
        return Err((format!("included file not found in the project: `{path}`"), None));
    };
    for (_, text) in logical_lines(text) {
        match line(&text) {
            Line::Requirement(requirement) => lines.push(requirement),
            Line::LeftOut(what) => left_out.push(what),
            Line::Option => {}
            Line::Include(name) => {
                let Some(place) = place(path, &name) else {
                    return Err((
                        format!("included file not found in the project: `{name}`"),
                        None,
                    ));
                };
                gather(&place, texts, seen, lines, left_out)?;
            }
        }
    }
    Ok(())
}

fn line(text: &str) -> Line {
    let option = |names: &[&str]| {
        names.iter().find_map(|name| {
            let rest = text.strip_prefix(name)?;
            let is_value = rest.starts_with([' ', '=']) || !name.starts_with("--");
            is_value.then(|| rest.trim_start_matches([' ', '=']).trim().to_owned())
        })
    };
    // Reading constraints as requirements only installs more than is needed.
    if let Some(path) = option(&["--requirement", "-r", "--constraint", "-c"]) {
        return Line::Include(path);
    }
    let elsewhere = |place: &str| match place.trim_end_matches('/').strip_prefix('.') {
        // The project itself is checked, not installed.
        Some("") => Line::Option,
        Some(rest) if rest.starts_with('[') => Line::Option,
        _ => Line::LeftOut(place.to_owned()),
    };
    if let Some(path) = option(&["--editable", "-e"]) {
        return elsewhere(&path);
    }
    if text.starts_with('-') {
        return Line::Option;
    }
    Requirement::parse(text).map_or_else(
        || elsewhere(text.split_whitespace().next().unwrap_or_default()),
        |_| Line::Requirement(text.to_owned()),
    )
}
