//! The differences from a tool's own command in the terminal report.
//!
//! They do not count, so only the first findings of each file are listed. The JSON report has all.

use super::style::{self, paint};
use super::table::status_name;
use crate::finding::Finding;
use crate::outcome::{CheckOutcome, Otherwise, Plain, Reason, Status};
use crate::report::count::Count;
use crate::report::harmless;

/// The number of findings of a file that are listed.
const LISTED: usize = 3;

/// Renders the differences of every check that was compared.
pub(super) fn render_differences(checks: &[CheckOutcome]) -> String {
    let shown = |check: &CheckOutcome| Some(tell(check, check.plain.as_ref()?));
    checks.iter().filter_map(shown).collect()
}

fn tell(check: &CheckOutcome, plain: &Plain) -> String {
    let label = paint(style::STRONG, format!("plain {}", check.tool));
    if !matches!(plain.status, Status::Passed | Status::Findings) {
        let why = plain.reason.as_ref().map_or("it was stopped".to_owned(), Reason::to_string);
        return format!("{label}: could not run: {}\n", harmless::text(&why));
    }
    if plain.files.is_empty() {
        return format!("{label}: the same\n");
    }
    let mut text = format!(
        "{label}: different findings in {}, because they depend on the order\n\
         in which it reads files; they do not count\n",
        Count(plain.files.len(), "file")
    );
    if plain.status != check.status {
        text += &format!("    its status is `{}`\n", status_name(plain.status));
    }
    for (path, Otherwise { there, here }) in &plain.files {
        text += &format!("    {}\n", harmless::line(path));
        text += &listed(there, "only there");
        text += &listed(here, "only here");
    }
    text
}

fn listed(findings: &[Finding], who: &str) -> String {
    let line = |finding: &Finding| {
        let Finding { place, code, message, .. } = finding;
        format!(
            "        {who}: {}\n",
            harmless::line(&format!("{}: {message} [{code}]", place.line))
        )
    };
    let more = findings.len().saturating_sub(LISTED);
    let rest = (more > 0).then(|| format!("        {who}: {more} more\n"));
    findings.iter().take(LISTED).map(line).chain(rest).collect()
}
