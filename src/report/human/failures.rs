//! Failures in the terminal report: checks that could not run, with logs and reasons.
//!
//! The log of the tool comes first, then the reason. Checks with the same reason are grouped, and the
//! worst group is last, directly above the table.

use anstream::adapter::strip_str;

use super::fold::{self, Word};
use super::style::{self, paint};
use super::table::status_name;
use crate::outcome::{CheckOutcome, Reason, Status};
use crate::report::count::Count;
use crate::report::harmless;

/// The number of lines of a log that are shown: its last ones.
const SHOWN: usize = 200;

/// The number of characters of a line that are shown.
const LINE: usize = 2_000;

/// Renders the output of checks that failed without findings, then every check that could not run, with
/// its reason.
pub(super) fn listing(checks: &[CheckOutcome], width: Option<usize>) -> String {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for check in checks {
        if matches!(check.status, Status::Passed | Status::Findings) {
            continue;
        }
        let group = groups
            .iter_mut()
            .find(|group| group.status == check.status && group.reason == check.reason.as_ref());
        match group {
            Some(group) => group.checks.push(check),
            None => groups.push(Group {
                status: check.status,
                reason: check.reason.as_ref(),
                checks: vec![check],
            }),
        }
    }
    groups.sort_by_key(|group| badness(group.status));
    let unread = checks.iter().filter(|check| says_it_itself(check)).map(log);
    // Groups with the same suggestion stand together, and it is below the last of them.
    let same_hint = |a: &Group<'_>, b: &Group<'_>| a.hint().is_some() && a.hint() == b.hint();
    let shown: Vec<String> = unread
        .filter(|log| !log.trim().is_empty())
        .map(|log| log.trim_end().to_owned() + "\n")
        .chain(groups.chunk_by(same_hint).map(|groups| tell_all(groups, width)))
        .collect();
    shown.join("\n")
}

/// Whether a check failed without reporting any findings, as commands of the project do.
fn says_it_itself(check: &CheckOutcome) -> bool {
    check.status == Status::Findings && check.findings.is_empty()
}

/// Checks with the same status and reason.
struct Group<'a> {
    status: Status,
    reason: Option<&'a Reason>,
    checks: Vec<&'a CheckOutcome>,
}

impl Group<'_> {
    fn hint(&self) -> Option<&str> {
        self.reason?.hint.as_deref()
    }
}

/// The order of groups: the worst is last, where it is read first.
fn badness(status: Status) -> u8 {
    match status {
        Status::Passed | Status::Findings | Status::Skipped => 0,
        Status::Cancelled => 1,
        Status::TimedOut => 2,
        Status::Error => 3,
    }
}

/// Renders groups that have the same suggestion.
fn tell_all(groups: &[Group<'_>], width: Option<usize>) -> String {
    let mut text: String = groups.iter().map(|group| tell(group, width)).collect();
    if let Some(hint) = groups.last().and_then(Group::hint) {
        text += "\n";
        text += &fold::labelled((style::INFO, "hint:"), hint, width);
    }
    text
}

fn tell(group: &Group<'_>, width: Option<usize>) -> String {
    let mut text: String = group.checks.iter().map(|check| log(check)).collect();
    let names: Vec<&str> = group.checks.iter().map(|check| check.id.as_str()).collect();
    let names = names.join(", ") + ":";
    let (style, label) = (style::of_status(group.status), status_name(group.status));
    match group.reason {
        Some(reason) => {
            let mut head: Vec<Word<'_>> =
                names.split(' ').map(|name| Word::new(style::STRONG, name)).collect();
            head.push(Word::new(style, format!("{label}:")));
            text += &fold::behind(head, &reason.message, width);
        }
        None => text += &format!("{} {}\n", paint(style::STRONG, names), paint(style, label)),
    }
    text
}

/// The tool's output, without colours and other control characters.
fn log(check: &CheckOutcome) -> String {
    let streams = [("standard output", &check.log.stdout), ("standard error", &check.log.stderr)];
    let mut text = String::new();
    for (stream, written) in streams {
        if written.trim().is_empty() {
            continue;
        }
        let head = format!("{} wrote to {stream}:", check.id);
        text += &format!("{}\n", paint(style::STRONG, head));
        let written = strip_str(written).to_string();
        let written = harmless::text(&written);
        let lines: Vec<&str> = written.trim_end().lines().collect();
        let left_out = lines.len().saturating_sub(SHOWN);
        if left_out > 0 {
            let lines = Count(left_out, "line");
            text += &format!("    ({lines} left out; `--report json=PATH` writes more of them)\n");
        }
        for line in &lines[left_out..] {
            match line.char_indices().nth(LINE) {
                Some((end, _)) => text += &format!("    {}…", &line[..end]),
                None => text += format!("    {line}").trim_end(),
            }
            text += "\n";
        }
        text += "\n";
    }
    if check.log.truncated && !text.is_empty() {
        let note = "    (a part in the middle was left out)\n\n";
        text.truncate(text.len() - 1);
        text += note;
    }
    text
}
