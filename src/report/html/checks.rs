//! The checks of a page: why each one ran or did not, and the output of those that failed.

use anstream::adapter::strip_str;
use serde::Serialize;

use crate::explanation::WorkDone;
use crate::outcome::{CacheUse, CheckOutcome, Log, Reason, Status};
use crate::report::count::Count;
use crate::report::{harmless, human};

/// The number of differences or files that are listed.
const LISTED: usize = 20;

/// The size limit of each stream of a log, in characters: its last ones.
const LOG: usize = 20_000;

/// A check and what is known of its run.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    name: String,
    tool: String,
    /// Whether it was cached or ran, and why, in one sentence.
    summary: String,
    /// Its remarks, such as the score of pylint.
    remarks: Vec<String>,
    /// Lists of reasons, each below its sentence.
    lists: Vec<List>,
    fingerprint: Option<String>,
}

/// A list that may be cut.
#[derive(Debug, Serialize)]
pub(super) struct List {
    title: String,
    items: Vec<String>,
    /// The number of further items.
    more: usize,
}

/// A check that could not run, or only wrote text.
#[derive(Debug, Serialize)]
pub(super) struct ShownFailure {
    name: String,
    class: Status,
    outcome: &'static str,
    message: String,
    hint: Option<String>,
    logs: Vec<Written>,
}

/// The end of a stream.
#[derive(Debug, Serialize)]
struct Written {
    stream: &'static str,
    text: String,
    is_cut: bool,
}

impl List {
    /// The first of these items, made safe to show.
    pub(super) fn of(title: impl Into<String>, items: &[String]) -> List {
        let shown = items.iter().take(LISTED).map(|item| harmless::line(item));
        List {
            title: title.into(),
            items: shown.collect(),
            more: items.len().saturating_sub(LISTED),
        }
    }
}

/// Explains whether a check ran, and why.
pub(super) fn explain(check: &CheckOutcome) -> Explained {
    let version = check.tool_version.as_ref().map(|version| format!(" {version}"));
    let mut lists = Vec::new();
    let summary = summarize(check);
    if let Some(differences) = check.since_last.as_ref().filter(|list| !list.is_empty()) {
        let items: Vec<String> = differences.iter().map(ToString::to_string).collect();
        lists.push(List::of("Different from its last run in this folder:", &items));
    }
    lists.extend(check.work.as_ref().and_then(describe_work));
    Explained {
        name: check.id.to_string(),
        tool: harmless::line(&format!("{}{}", check.tool_label(), version.unwrap_or_default())),
        summary,
        remarks: human::explain(check),
        lists,
        fingerprint: check.fingerprint().map(|fingerprint| fingerprint.to_string()),
    }
}

fn summarize(check: &CheckOutcome) -> String {
    let outcome = human::status_name(check.status);
    let text = match (check.cache, &check.inputs, &check.since_last) {
        (CacheUse::Hit, ..) => "cached: nothing that can change its result differs",
        (_, None, _) => return format!("did not run: {outcome}"),
        (CacheUse::Off, ..) => {
            "ran: its results are never cached, or the cache was not used in this run"
        }
        (CacheUse::Miss, _, None) => "ran: it had not run in this folder yet",
        (CacheUse::Miss, _, Some(since)) if since.is_empty() => {
            "ran: nothing differs from its last run in this folder, whose result is not cached"
        }
        (CacheUse::Miss, _, Some(_)) => "ran: its result was not cached",
    };
    text.to_owned()
}

/// The work of an incremental tool.
fn describe_work(work: &WorkDone) -> Option<List> {
    let WorkDone { files, cold, hint, checked } = work;
    if !cold.is_empty() {
        let reasons = [Some(cold), hint.as_ref()];
        let reasons: Vec<String> = reasons.into_iter().flatten().cloned().collect();
        return Some(List::of("It checked every file:", &reasons));
    }
    if *files == 0 {
        return None;
    }
    let of_all = Count(*files, "file");
    if checked.is_empty() {
        return Some(List::of(format!("It checked none of {of_all} again."), &[]));
    }
    let reasons: Vec<String> =
        checked.iter().map(|(path, reason)| format!("{path}: {reason}")).collect();
    Some(List::of(format!("It checked {} of {of_all} again:", checked.len()), &reasons))
}

/// The checks that could not run, and those that have no findings but what they wrote.
pub(super) fn list_failures(checks: &[CheckOutcome]) -> Vec<ShownFailure> {
    let mut failures = Vec::new();
    for check in checks {
        let is_unread = check.status == Status::Findings && check.findings.is_empty();
        if check.reason.is_none() && !is_unread {
            continue;
        }
        let reason = check.reason.as_ref();
        let message = match reason {
            Some(Reason { message, .. }) => harmless::text(message.trim()).into_owned(),
            None => "The output of its command says why.".to_owned(),
        };
        failures.push(ShownFailure {
            name: check.id.to_string(),
            class: check.status,
            outcome: human::status_name(check.status),
            message,
            hint: reason.and_then(|reason| Some(harmless::line(reason.hint.as_ref()?))),
            logs: read_log(&check.log),
        });
    }
    failures
}

/// The ends of the streams of a log, without colours and other control characters.
fn read_log(log: &Log) -> Vec<Written> {
    let mut logs = Vec::new();
    for (stream, text) in [("standard output", &log.stdout), ("standard error", &log.stderr)] {
        let text = strip_str(text).to_string();
        let text = harmless::text(text.trim_end());
        if text.trim().is_empty() {
            continue;
        }
        let start = text.char_indices().rev().nth(LOG - 1).map_or(0, |(start, _)| start);
        let is_cut = start > 0 || log.truncated;
        logs.push(Written { stream, text: text[start..].to_owned(), is_cut });
    }
    logs
}
