//! Parses the differences that `cargo fmt --check` prints, and the errors of its parser.
//!
//! A hunk begins with `Diff in PATH:LINE:`, before Rust 1.77 with `Diff in PATH at line LINE:`. It has no
//! lengths, so that they are counted before it is parsed as a unified diff. The empty text after the
//! last line end counts as a line.

use super::columns::Columns;
use super::report::FindingValues;
use super::{inside, unified_diff};
use crate::finding::{Edit, Finding, Fix, SourceFiles};

/// The code of a file that rustfmt cannot parse.
const SYNTAX_ERROR: &str = "syntax-error";

/// Parses the hunks.
pub(in crate::tools) fn parse(stdout: &[u8], sources: &dyn SourceFiles) -> Vec<Finding> {
    let text = String::from_utf8_lossy(stdout);
    let mut columns = Columns::new(sources);
    let mut findings = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((path, number)) = hunk_start(line) else { continue };
        let mut hunk = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with([' ', '-', '+'])) {
            hunk.push(line);
        }
        for mut finding in unified_diff::parse(unify(path, number, &hunk).as_bytes()).findings {
            let last = columns.count_lines(&finding.place.path);
            finding.fix = finding.fix.and_then(|fix| end_in_file(fix, last));
            findings.push(finding);
        }
    }
    findings
}

/// Parses `error: TEXT`, then ` --> PATH:LINE:COLUMN`.
pub(in crate::tools) fn parse_errors(stderr: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut message = None;
    for line in stderr.lines() {
        if let Some(error) = line.strip_prefix("error: ") {
            message = Some(error);
        } else if let Some(place) = line.trim_start().strip_prefix("--> ")
            && let Some((path, line, column)) = split_place(place)
            && inside::project_path(path).is_some_and(|path| path.ends_with(".rs"))
            && let Some(message) = message.take()
        {
            let values = FindingValues {
                path,
                line: Some(line),
                column: Some(column),
                severity: Some("error"),
                code: SYNTAX_ERROR,
                message,
                ..FindingValues::default()
            };
            findings.push(values.into_finding());
        }
    }
    findings
}

fn split_place(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (path, line) = rest.rsplit_once(':')?;
    Some((path, line.parse().ok()?, column.parse().ok()?))
}

fn hunk_start(line: &str) -> Option<(&str, u32)> {
    let place = line.strip_prefix("Diff in ")?.strip_suffix(':')?;
    let (path, number) = place.rsplit_once(" at line ").or_else(|| place.rsplit_once(':'))?;
    Some((path, number.parse().ok()?))
}

/// The hunk as a unified diff.
fn unify(path: &str, number: u32, hunk: &[&str]) -> String {
    let mut hunk: Vec<String> = hunk.iter().map(|line| (*line).to_owned()).collect();
    // An added empty text behind the last line is the missing line end of the file.
    if hunk.last().is_some_and(|line| line == "+")
        && let Some(removed) = hunk.iter_mut().rfind(|line| line.starts_with('-'))
    {
        removed.push_str("\n\\ No newline at end of file");
        hunk.pop();
    }
    let count = |other: char| hunk.iter().filter(|line| !line.starts_with(other)).count();
    let (old, new) = (count('+'), count('-'));
    format!("--- {path}\n+++ {path}\n@@ -{number},{old} +{number},{new} @@\n{}\n", hunk.join("\n"))
}

/// The fix for a file with so many lines. Empty lines at its end that are removed with the text behind
/// the last line are as well removed from one line above on.
fn end_in_file(mut fix: Fix, last: u32) -> Option<Fix> {
    for Edit { line, column, end_line, end_column, content } in &mut fix.edits {
        if *end_line > last.saturating_add(1) {
            if !content.is_empty() || *line < 2 || (*column, *end_column) != (1, 1) {
                return None;
            }
            *line -= 1;
            *end_line -= 1;
        }
    }
    Some(fix)
}
