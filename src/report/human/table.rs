//! The table of checks in the terminal report.
//!
//! On a narrow terminal, the last columns are dropped.

use anstyle::Style;

use super::style::{self, paint};
use crate::outcome::{CacheUse, CheckOutcome, Status};
use crate::report::count::Count;
use crate::report::elapsed::Elapsed;
use crate::report::json::Counts;

/// Renders the table.
pub(super) fn of(checks: &[CheckOutcome], width: Option<usize>) -> String {
    if checks.is_empty() {
        return String::new();
    }
    let columns: [Vec<Cell>; 5] = [
        column("check", checks, |check| Cell::new(style::STRONG, check.id.to_string())),
        column("outcome", checks, |check| {
            Cell::new(style::of_status(check.status), status_name(check.status))
        }),
        column("findings", checks, |check| {
            Cell::new(Style::new(), findings(Counts::of(&check.findings)))
        }),
        column("time", checks, |check| Cell::new(Style::new(), time(check))),
        column("cache", checks, |check| Cell::new(style::DIM, cache_name(check.cache))),
    ];
    // The last columns are the least important.
    let shown = (2..=columns.len())
        .rev()
        .find(|shown| width.is_none_or(|width| width_of(&columns[..*shown]) <= width))
        .unwrap_or(2);
    rows(&columns[..shown])
}

/// Returns the name of a status as it is shown in the terminal.
#[must_use]
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Findings => "findings",
        Status::Error => "error",
        Status::TimedOut => "timed out",
        Status::Cancelled => "cancelled",
        Status::Skipped => "skipped",
    }
}

/// The counts of findings by severity, without zeros.
fn findings(counts: Counts) -> String {
    let Counts { error, warning, info } = counts;
    let parts = [
        (error, Count(error, "error").to_string()),
        (warning, Count(warning, "warning").to_string()),
        (info, format!("{info} info")),
    ];
    let there: Vec<String> =
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect();
    there.join(", ")
}

/// The duration of a check; empty if it did not start.
fn time(check: &CheckOutcome) -> String {
    if check.duration.is_zero() { String::new() } else { Elapsed(check.duration).to_string() }
}

fn cache_name(cache: CacheUse) -> &'static str {
    match cache {
        CacheUse::Hit => "hit",
        CacheUse::Miss => "miss",
        CacheUse::Off => "off",
    }
}

struct Cell {
    style: Style,
    text: String,
}

impl Cell {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Cell { style, text: text.into() }
    }
}

fn column(head: &str, checks: &[CheckOutcome], cell: impl Fn(&CheckOutcome) -> Cell) -> Vec<Cell> {
    let head = Cell::new(style::DIM, head);
    std::iter::once(head).chain(checks.iter().map(cell)).collect()
}

/// The separator of columns.
const GAP: usize = 2;

fn width_of(columns: &[Vec<Cell>]) -> usize {
    let gaps = GAP * columns.len().saturating_sub(1);
    columns.iter().map(|column| column_width(column)).sum::<usize>() + gaps
}

/// Renders the cells, which only contain characters of width one.
fn column_width(column: &[Cell]) -> usize {
    column.iter().map(|cell| cell.text.chars().count()).max().unwrap_or_default()
}

fn rows(columns: &[Vec<Cell>]) -> String {
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for row in 0..height {
        let mut padding = 0;
        for column in columns {
            if let Some(cell) = column.get(row) {
                let length = cell.text.chars().count();
                if length > 0 {
                    text += &" ".repeat(padding);
                    text += &paint(cell.style, &cell.text);
                    padding = 0;
                }
                padding += column_width(column) - length + GAP;
            }
        }
        text += "\n";
    }
    text
}
