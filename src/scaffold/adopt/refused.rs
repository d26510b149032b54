//! Finds options of a configuration that the locked tool refuses, and comments them out.
//!
//! TOML and INI files are read line by line, so that commenting out an option leaves every other byte
//! unchanged.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::tools::Tool;
use crate::tools::own_config::{Notation, OwnConfig, Refused};

/// A refused option and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The 1-based line.
    pub line: usize,
    /// The option as it is written.
    pub option: String,
    /// Why it is refused.
    pub fate: &'static str,
    /// The lines of its value, counted from 0.
    lines: Range<usize>,
}

/// Finds the refused options in a configuration of this name.
#[must_use]
pub fn find_refusals(tool: &dyn Tool, file_name: &str, text: &str) -> Vec<Refusal> {
    let own = file_format(tool, file_name);
    parse_entries(&own, text)
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

/// Comments out these options. None if the result would be invalid or would still have a refused option.
#[must_use]
pub fn comment_out(
    tool: &dyn Tool,
    file_name: &str,
    text: &str,
    refusals: &[Refusal],
) -> Option<String> {
    let is_refused = |line: &usize| refusals.iter().any(|refusal| refusal.lines.contains(line));
    let fixed: String = text
        .split_inclusive('\n')
        .enumerate()
        .map(
            |(number, line)| {
                if is_refused(&number) { format!("# {line}") } else { line.to_owned() }
            },
        )
        .collect();
    let was_toml = text.parse::<toml::Table>().is_ok();
    let is_valid = !was_toml || fixed.parse::<toml::Table>().is_ok();
    let is_fixed = find_refusals(tool, file_name, &fixed).is_empty();
    (is_valid && is_fixed).then_some(fixed)
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
        // `[mypy-name]` alone does not configure mypy.
        Notation::Ini => text
            .lines()
            .filter_map(parse_header)
            .any(|name| is_in(own.section, name) && !name.contains('-')),
    }
}

/// The format of a file for a tool. In a file with an unknown name, every section counts.
fn file_format(tool: &dyn Tool, file_name: &str) -> OwnConfig {
    let known = tool.own_configs().iter().find(|own| own.file == file_name);
    let is_toml = file_name.ends_with(".toml");
    let unknown = if is_toml { OwnConfig::toml("", "") } else { OwnConfig::ini("", "") };
    known.copied().unwrap_or(unknown)
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

fn parse_entries(own: &OwnConfig, text: &str) -> Vec<Entry> {
    let lines: Vec<&str> = text.lines().collect();
    let toml_ends = match own.notation {
        Notation::Toml => find_value_ends(text),
        Notation::Ini => BTreeMap::new(),
    };
    let mut entries = Vec::new();
    let mut section = String::new();
    let mut number = 0;
    while number < lines.len() {
        let line = lines[number].trim_start_matches('\u{feff}');
        let end = match (parse_header(line), own.notation) {
            (Some(name), _) => {
                name.clone_into(&mut section);
                number + 1
            }
            (None, Notation::Ini) => ini_end(&lines, number),
            (None, Notation::Toml) => {
                toml_ends.get(&number).copied().unwrap_or(number).max(number) + 1
            }
        };
        if parse_header(line).is_none() && is_in(own.section, &section) {
            entries.extend(parse_entry(line, own.notation, number..end));
        }
        number = end;
    }
    entries
}

fn parse_entry(line: &str, notation: Notation, lines: Range<usize>) -> Option<Entry> {
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

/// The line after a value whose continuation lines are indented.
fn ini_end(lines: &[&str], start: usize) -> usize {
    let is_blank = |line: &&str| line.trim().is_empty();
    let indented = lines[start + 1..]
        .iter()
        .take_while(|line| is_blank(line) || line.starts_with([' ', '\t']))
        .count();
    let blank = lines[start + 1..=start + indented].iter().rev().take_while(|line| is_blank(line));
    start + 1 + indented - blank.count()
}

/// The last line of each value in TOML, by the line of its key, both counted from 0. An invalid text
/// has those that a parser recovers.
fn find_value_ends(text: &str) -> BTreeMap<usize, usize> {
    let line_ends: Vec<usize> = text.match_indices('\n').map(|(end, _)| end).collect();
    let line_of = |place: usize| line_ends.partition_point(|end| *end < place);
    let mut ends = BTreeMap::new();
    let (table, _) = DeTable::parse_recoverable(text);
    let mut open = vec![table.get_ref()];
    while let Some(table) = open.pop() {
        for (key, value) in table {
            let last = line_of(value.span().end.saturating_sub(1));
            let end: &mut usize = ends.entry(line_of(key.span().start)).or_default();
            *end = last.max(*end);
            match value.get_ref() {
                DeValue::Table(inner) => open.push(inner),
                DeValue::Array(items) => {
                    let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                    open.extend(tables);
                }
                _ => {}
            }
        }
    }
    ends
}

/// Parses the name of a section from its line.
fn parse_header(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    (!name.contains([',', '='])).then(|| name.trim())
}

/// Whether a section is the wanted one or below it. An empty name wants every section.
fn is_in(wanted: &str, section: &str) -> bool {
    wanted.is_empty()
        || section
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}
