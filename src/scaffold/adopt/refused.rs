//! Options of a configuration that the locked tool refuses.
//!
//! Owns reading a configuration by its lines, in both notations, and commenting lines out so that
//! every other byte stays. Must not know which options are refused, which each tool of the
//! catalogue says, or where the text is. The scaffold reports what is found and writes what is
//! fixed.

use std::ops::Range;

use crate::tools::Tool;
use crate::tools::own_config::{Notation, OwnConfig, Refused};

/// An option that is refused, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The 1-based line.
    pub line: usize,
    /// The option as it is written.
    pub option: String,
    /// What became of it.
    pub fate: &'static str,
    /// The lines of its value, counted from 0.
    lines: Range<usize>,
}

/// The refused options of a tool's configuration of this name.
#[must_use]
pub fn refusals(tool: &dyn Tool, file_name: &str, text: &str) -> Vec<Refusal> {
    let own = kind(tool, file_name);
    entries(&own, text)
        .into_iter()
        .filter_map(|entry| {
            let refused = tool.refused().iter().find(|refused| entry.is(refused))?;
            Some(Refusal {
                line: entry.lines.start + 1,
                option: entry.key,
                fate: refused.fate,
                lines: entry.lines,
            })
        })
        .collect()
}

/// The text with these options commented out. None where that would not do: something else would
/// break, or an option would still be there.
#[must_use]
pub fn without(
    tool: &dyn Tool,
    file_name: &str,
    text: &str,
    refusals: &[Refusal],
) -> Option<String> {
    let is_refused = |line: &usize| refusals.iter().any(|refusal| refusal.lines.contains(line));
    let fixed: String = text
        .split_inclusive('\n')
        .enumerate()
        .map(|(number, line)| match is_refused(&number) {
            true => format!("# {line}"),
            false => line.to_owned(),
        })
        .collect();
    let was_toml = text.parse::<toml::Table>().is_ok();
    let is_whole = !was_toml || fixed.parse::<toml::Table>().is_ok();
    let is_fixed = self::refusals(tool, file_name, &fixed).is_empty();
    (is_whole && is_fixed).then_some(fixed)
}

/// Whether a text has a section, or one below it.
pub(super) fn has_section(own: &OwnConfig, text: &str) -> bool {
    match own.notation {
        Notation::Toml => text.parse::<toml::Table>().is_ok_and(|table| {
            let mut value = Some(&toml::Value::Table(table));
            for name in own.section.split('.') {
                value = value.and_then(|value| value.get(name));
            }
            value.is_some_and(toml::Value::is_table)
        }),
        // `[mypy-name]` alone is nothing to mypy.
        Notation::Ini => text
            .lines()
            .filter_map(header)
            .any(|name| is_in(own.section, name) && !name.contains('-')),
    }
}

/// What a file of this name is to a tool. One with a name of the user's own may have any section.
fn kind(tool: &dyn Tool, file_name: &str) -> OwnConfig {
    let known = tool.own_configs().iter().find(|own| own.file == file_name);
    known.copied().unwrap_or(match file_name.ends_with(".toml") {
        true => OwnConfig::toml("", ""),
        false => OwnConfig::ini("", ""),
    })
}

/// A key with its value.
struct Entry {
    key: String,
    value: String,
    lines: Range<usize>,
}

impl Entry {
    fn is(&self, refused: &Refused) -> bool {
        self.key.replace('_', "-") == refused.option
            && (refused.values.is_empty() || refused.values.contains(&self.scalar()))
    }

    /// The value without quotes and comments.
    fn scalar(&self) -> &str {
        let value = self.value.split([';', '#']).next().unwrap_or_default().trim();
        value.trim_matches(|c| c == '"' || c == '\'')
    }
}

fn entries(own: &OwnConfig, text: &str) -> Vec<Entry> {
    let lines: Vec<&str> = text.lines().collect();
    let mut entries = Vec::new();
    let mut section = String::new();
    let mut number = 0;
    while number < lines.len() {
        let line = lines[number].trim_start_matches('\u{feff}');
        let end = match (header(line), own.notation) {
            (Some(name), _) => {
                name.clone_into(&mut section);
                number + 1
            }
            (None, Notation::Ini) => ini_end(&lines, number),
            (None, Notation::Toml) => toml_end(&lines, number),
        };
        if header(line).is_none() && is_in(own.section, &section) {
            entries.extend(entry(line, own.notation, number..end));
        }
        number = end;
    }
    entries
}

fn entry(line: &str, notation: Notation, lines: Range<usize>) -> Option<Entry> {
    let is_comment = line.trim_start().starts_with(['#', ';']);
    let is_continued = notation == Notation::Ini && line.starts_with([' ', '\t']);
    if is_comment || is_continued {
        return None;
    }
    let separators: &[char] = if notation == Notation::Ini { &['=', ':'] } else { &['='] };
    let (key, value) = line.split_once(separators)?;
    let key = key.trim().rsplit('.').next()?.trim_matches(|c| c == '"' || c == '\'');
    Some(Entry { key: key.to_owned(), value: value.to_owned(), lines })
}

/// The line behind a value whose further lines are indented.
fn ini_end(lines: &[&str], start: usize) -> usize {
    let is_blank = |line: &&str| line.trim().is_empty();
    let indented = lines[start + 1..]
        .iter()
        .take_while(|line| is_blank(line) || line.starts_with([' ', '\t']))
        .count();
    let blank = lines[start + 1..=start + indented].iter().rev().take_while(|line| is_blank(line));
    start + 1 + indented - blank.count()
}

/// The line behind a value: the first at which it is one.
fn toml_end(lines: &[&str], start: usize) -> usize {
    if lines[start].trim().is_empty() || lines[start].trim_start().starts_with('#') {
        return start + 1;
    }
    (start + 1..=lines.len())
        .find(|end| lines[start..*end].join("\n").parse::<toml::Table>().is_ok())
        .unwrap_or(start + 1)
}

/// The name in the line of a section.
fn header(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    (!name.contains([',', '='])).then(|| name.trim())
}

/// Whether a section is this one or part of it; every one is part of none in particular.
fn is_in(wanted: &str, section: &str) -> bool {
    wanted.is_empty()
        || section
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}
