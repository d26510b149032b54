//! What a tool's own command says otherwise.
//!
//! Owns how that is told to a person: the files, and of each the first few findings, for it does not
//! count. It must not compare; the check's outcome has what differs. The JSON report has all of it.

use super::style::{self, paint};
use super::table::status_name;
use crate::finding::Finding;
use crate::outcome::{CheckOutcome, Otherwise, Plain, Reason, Status};
use crate::report::count::Count;
use crate::report::harmless;

/// How many findings of a file are listed.
const LISTED: usize = 3;

/// What is otherwise, check by check; nothing of checks that were not compared.
pub(super) fn told(checks: &[CheckOutcome]) -> String {
    let told = |check: &CheckOutcome| Some(tell(check, check.plain.as_ref()?));
    checks.iter().filter_map(told).collect()
}

fn tell(check: &CheckOutcome, plain: &Plain) -> String {
    let label = paint(style::STRONG, format!("plain {}", check.tool));
    if !matches!(plain.status, Status::Passed | Status::Findings) {
        let why = plain.reason.as_ref().map_or("it was stopped".to_owned(), Reason::to_string);
        return format!("{label}: could not be done: {}\n", harmless::text(&why));
    }
    if plain.files.is_empty() {
        return format!("{label}: the same\n");
    }
    let mut text = format!(
        "{label}: something else about {}, whose findings depend on the order\n\
         in which it reads files; nothing of this counts\n",
        Count(plain.files.len(), "file")
    );
    if plain.status != check.status {
        text += &format!("    it ends with `{}`\n", status_name(plain.status));
    }
    for (path, Otherwise { there, here }) in &plain.files {
        text += &format!("    {}\n", harmless::line(path));
        text += &listed(there, "there alone");
        text += &listed(here, "here alone");
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
