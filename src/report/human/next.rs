//! The commands to run next, one a line. Each can be typed as shown.

use super::style::{self, paint};
use crate::outcome::CheckOutcome;
use crate::report::count::Count;
use crate::report::next::{self, Purpose};

/// Renders the commands; empty if there is nothing to do. Only the first shell is shown as a command.
pub(super) fn offer(checks: &[CheckOutcome], typed: &[String]) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut insides = Vec::new();
    for command in next::commands(checks) {
        let line = command.render(typed);
        match command.purpose {
            Purpose::RunAgain => {
                rows.push((if rows.is_empty() { "run again:" } else { "" }, line));
            }
            Purpose::Fix => {
                rows.push(("fix:", format!("{line}  ({})", Count(command.fixes, "finding"))));
            }
            Purpose::LookInside => insides.push((command.words.last().cloned(), line)),
        }
    }
    if let Some(((_, line), others)) = insides.split_first() {
        let others: Vec<&str> = others.iter().filter_map(|(check, _)| check.as_deref()).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            others => format!(" (or {})", others.join(", ")),
        };
        rows.push(("look inside:", format!("{line}{others}")));
    }
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let row = |(label, command): &(&str, String)| {
        format!("{} {command}\n", paint(style::INFO, format!("{label:width$}")))
    };
    rows.iter().map(row).collect()
}
