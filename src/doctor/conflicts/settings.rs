//! Reads the settings of the tools' configuration files, with their lines.
//!
//! TOML and the INI of Python's `configparser` become flat lists of settings. A file that cannot be
//! parsed has no settings here: its tool complains about it.

use toml::de::{DeTable, DeValue};

use crate::project::ProjectPath;

/// A setting in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToolSetting {
    /// Its section, such as `tool.ruff.lint`; empty at the top.
    pub(super) section: String,
    /// Its name, with `-` for `_`.
    pub(super) key: String,
    /// Its value: one word, or those of a list.
    pub(super) words: Vec<String>,
    /// The 1-based line of its name.
    pub(super) line: usize,
}

impl ToolSetting {
    /// Whether it is one for this tool.
    pub(super) fn is_of(&self, tool: &str, path: &ProjectPath) -> bool {
        self.below(tool, path).is_some()
    }

    /// Whether it is in this section, as seen from the tool's own.
    pub(super) fn is_in(&self, tool: &str, section: &str, path: &ProjectPath) -> bool {
        // pylint ignores the names of its sections.
        self.below(tool, path).is_some_and(|below| tool == "pylint" || below == section)
    }

    /// Its section as seen from the tool's own; none if it is a setting of another tool.
    fn below(&self, tool: &str, path: &ProjectPath) -> Option<&str> {
        let shared = ["pyproject.toml", "setup.cfg", "tox.ini"].contains(&path.file_name());
        let section = self.section.strip_prefix("tool.").unwrap_or(&self.section);
        match section.strip_prefix(tool) {
            Some("") => Some(""),
            Some(rest) if rest.starts_with('.') => Some(&rest[1..]),
            _ if shared || self.section.starts_with("tool.") => None,
            _ => Some(&self.section),
        }
    }
}

/// The settings of a file; none if it cannot be read.
pub(super) fn read(path: &ProjectPath, text: &str) -> Vec<ToolSetting> {
    let mut settings = Vec::new();
    if path.file_name().ends_with(".toml") {
        if let Ok(table) = DeTable::parse(text) {
            // Counting the lines before each key would take time that grows with the square of the text.
            let line_ends: Vec<usize> = text.match_indices('\n').map(|(end, _)| end).collect();
            walk(table.get_ref(), "", &line_ends, &mut settings);
        }
    } else {
        ini(text, &mut settings);
    }
    settings
}

fn walk(table: &DeTable<'_>, section: &str, line_ends: &[usize], settings: &mut Vec<ToolSetting>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        match value.get_ref() {
            DeValue::Table(inner) => {
                let section = match section {
                    "" => name.to_owned(),
                    outer => format!("{outer}.{name}"),
                };
                walk(inner, &section, line_ends, settings);
            }
            other => settings.push(ToolSetting {
                section: section.to_owned(),
                key: name.replace('_', "-"),
                words: words(other),
                line: line_ends.partition_point(|end| *end < key.span().start) + 1,
            }),
        }
    }
}

fn words(value: &DeValue<'_>) -> Vec<String> {
    match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Integer(number) => vec![number.as_str().to_owned()],
        DeValue::Float(number) => vec![number.as_str().to_owned()],
        DeValue::Boolean(truth) => vec![truth.to_string()],
        DeValue::Array(items) => items.iter().flat_map(|item| words(item.get_ref())).collect(),
        DeValue::Datetime(_) | DeValue::Table(_) => Vec::new(),
    }
}

fn ini(text: &str, settings: &mut Vec<ToolSetting>) {
    let mut section = String::new();
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}');
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) && is_open {
            if let Some(last) = settings.last_mut() {
                last.words.extend(items(content));
            }
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.clone_into(&mut section);
            is_open = false;
        } else if let Some((key, value)) = content.split_once(['=', ':']) {
            is_open = true;
            settings.push(ToolSetting {
                section: section.clone(),
                key: key.trim().replace('_', "-"),
                words: items(value).collect(),
                line: number + 1,
            });
        }
    }
}

/// The items of a value, without a comment after a blank.
fn items(value: &str) -> impl Iterator<Item = String> {
    let value = value.split(" #").next().unwrap_or_default();
    let value = value.split(" ;").next().unwrap_or_default();
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned)
}
