//! Parsers of the formats that tools print, one file per format.
//!
//! They convert columns to code points and remove paths of the container. They judge nothing: the tools
//! in [`crate::tools`] decide what an output means. No input makes a parser panic; lines that it cannot
//! read are returned as text.

pub mod junit;
pub mod mypy_json;
mod mypy_text;
pub mod pylint_json2;
pub mod report;
pub mod ruff_json;
pub mod unified_diff;

pub(crate) mod columns;
pub(crate) mod inside;

mod checkstyle;
mod gcc;
mod json_lines;
pub(in crate::tools) mod libtest;
mod modules;
mod pattern;
pub(in crate::tools) mod rustc;
pub(in crate::tools) mod rustfmt_diff;
mod sarif;
mod xml;

use crate::finding::{Finding, Place};

/// The findings of a tool's output.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// What the tool found, in any order.
    pub findings: Vec<Finding>,
    /// Lines that do not belong to the format.
    pub unread: Vec<String>,
}

/// Converts a tool's line number. Tools use 0 or -1 for the whole file.
fn line_number(number: i64) -> u32 {
    u32::try_from(number.max(1)).unwrap_or(u32::MAX)
}

/// Places a finding in its file. The message names the file where it is outside the project.
fn locate(raw: &str, place: Place, message: &str) -> (Place, String) {
    let message = inside::strip(message);
    match inside::project_path(raw) {
        Some(path) => (Place { path, ..place }, message),
        None => (Place::line("", 1), format!("{}: {message}", inside::strip(raw))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::NoSources;

    #[test]
    fn deep_json_is_refused_by_every_parser() {
        let depth = 200_000;
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = open.repeat(depth) + "1" + &close.repeat(depth);
            assert!(ruff_json::parse(deep.as_bytes()).is_none());
            assert!(pylint_json2::parse(deep.as_bytes(), &NoSources).is_none());
            let mypy = mypy_json::parse(deep.as_bytes(), &NoSources);
            assert!(mypy.findings.is_empty() && mypy.unread.len() == 1);
            assert!(sarif::parse(&deep, &mut columns::Columns::new(&NoSources)).is_err());
        }
    }
}
