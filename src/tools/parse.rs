//! From the formats that tools print to findings.
//!
//! Owns one parser for each format, and what all of them need: columns in code points and texts
//! without the inside of a container. Must not know exit statuses, configurations or engines: the
//! [`crate::tools`] decides what a tool's output means. No input makes a parser panic; what it
//! cannot read it hands back as text.

pub mod junit;
pub mod mypy_json;
pub mod pylint_json2;
pub mod ruff_json;
pub mod unified_diff;

pub(crate) mod columns;
pub(crate) mod inside;

mod excerpts;
mod modules;

pub use excerpts::excerpts;

use crate::finding::{Finding, Place};

/// What a parser made of a tool's output.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// What the tool found, in any order.
    pub findings: Vec<Finding>,
    /// Lines that are no part of the format.
    pub unread: Vec<String>,
}

/// A tool's line number; tools say 0 or -1 where they mean the whole file.
fn line(number: i64) -> u32 {
    u32::try_from(number.max(1)).unwrap_or(u32::MAX)
}

/// Puts a finding into its file. What is about no file of the project names it in its message.
fn locate(raw: &str, place: Place, message: &str) -> (Place, String) {
    let message = inside::strip(message);
    match inside::project_path(raw) {
        Some(path) => (Place { path, ..place }, message),
        None => (Place::line("", 1), format!("{}: {message}", inside::strip(raw))),
    }
}
