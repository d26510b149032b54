//! The values of a page: everything that its template shows.

use serde::Serialize;

use super::checks::{self, Explained, List, ShownFailure};
use super::findings::{FindingSelection, ListedFile, PageFinding, ShownFinding};
use super::timeline::{ShownTimeline, group_digits};
use crate::engine_info::{EngineInfo, SandboxKind};
use crate::gate::Gated;
use crate::outcome::{Status, Verdict};
use crate::report::count::Count;
use crate::report::elapsed::Elapsed;
use crate::report::review::Review;
use crate::report::{Report, harmless, human};

/// The values of a page.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    /// The status that a check with the colour of the verdict would have.
    class: Status,
    verdict: &'static str,
    summary: String,
    facts: Vec<Fact>,
    failures: Vec<ShownFailure>,
    /// Warnings, changed files, and findings that do not count.
    notes: Vec<List>,
    timeline: ShownTimeline,
    checks: Vec<Explained>,
    /// The findings that are listed without the script.
    files: Vec<ListedFile<'a>>,
    /// The markup of a finding, for the script.
    blank: PageFinding<'a>,
    /// The number of all findings.
    total: String,
    /// The number of findings that the page has no room for; empty if it has all.
    left_out: String,
    /// The number of findings that are only listed by the script; empty if all are listed.
    unlisted: String,
}

/// A fact about the run.
#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

impl<'a> Page<'a> {
    /// The values of a report's page.
    pub(super) fn of(
        report: &Report,
        selection: &'a FindingSelection<'_>,
        blank: &'a ShownFinding,
    ) -> Page<'a> {
        let (verdict, summary) = human::describe_verdict(report);
        let number = |number: usize| if number == 0 { String::new() } else { group_digits(number) };
        let files = selection.list();
        let listed: usize = files.iter().map(ListedFile::len).sum();
        Page {
            class: class_of(report.verdict),
            verdict,
            summary,
            facts: list_facts(report),
            failures: checks::list_failures(&report.checks),
            notes: list_notes(report),
            timeline: ShownTimeline::of(report),
            checks: report.checks.iter().map(checks::explain).collect(),
            files,
            blank: PageFinding::blank(blank),
            total: group_digits(selection.total),
            left_out: number(selection.left_out()),
            unlisted: number(selection.total - listed),
        }
    }
}

fn class_of(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Passed => Status::Passed,
        Verdict::Findings => Status::Findings,
        Verdict::Config | Verdict::Error => Status::Error,
        Verdict::Interrupted => Status::Cancelled,
    }
}

fn list_facts(report: &Report) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value, is_code: false };
    let mut facts = Vec::new();
    let known = report.checks.iter().all(|check| check.inputs.is_some());
    if known && !report.checks.is_empty() {
        let value = report.fingerprint().to_string();
        facts.push(Fact { name: "fingerprint", value, is_code: true });
    }
    facts.push(fact("time", Elapsed(report.duration).to_string()));
    facts.extend(report.platform.as_ref().map(|it| fact("platform", harmless::line(it))));
    facts.extend(report.engine.as_ref().map(|it| fact("engine", describe_engine(it))));
    if !report.folder.is_empty() {
        facts.push(fact("folder", harmless::line(&report.folder)));
    }
    facts.push(fact("cargo pipe", env!("CARGO_PKG_VERSION").to_owned()));
    facts
}

fn describe_engine(engine: &EngineInfo) -> String {
    let EngineInfo { kind, version, sandbox, .. } = engine;
    let sandbox = match sandbox {
        Some(SandboxKind::Bubblewrap) => ", sandbox of bubblewrap",
        Some(SandboxKind::None) => ", without a sandbox",
        Some(SandboxKind::Container) | None => "",
    };
    harmless::line(&format!("{kind} {version}{sandbox}"))
}

fn list_notes(report: &Report) -> Vec<List> {
    let mut notes = Vec::new();
    let mut add = |title: String, items: Vec<String>| {
        if !items.is_empty() {
            notes.push(List::of(title, &items));
        }
    };
    add("Warnings:".to_owned(), super::super::warnings(report));
    if let Some(Review { files, .. }) = &report.review {
        let title = "Review these changed files, which decide what checks report:";
        let files = files.iter().map(|file| format!("{} ({})", file.path, file.kind.name()));
        add(title.to_owned(), files.collect());
    }
    add("Fixes changed these files:".to_owned(), report.changed_files.clone());
    add("Findings that do not count:".to_owned(), describe_gate(report.gate.as_ref()));
    notes
}

/// The findings that a baseline accepts, and those on lines that did not change.
fn describe_gate(gate: Option<&Gated>) -> Vec<String> {
    let Some(Gated { baseline, changed, .. }) = gate else {
        return Vec::new();
    };
    let mut text = Vec::new();
    if let Some(baseline) = baseline {
        let accepted = Count(baseline.accepted, "finding");
        text.push(format!("{accepted} accepted by {}", baseline.file));
        if !baseline.gone.is_empty() {
            let number = baseline.gone.len();
            text.push(format!("obsolete entries of {}: {number}", baseline.file));
        }
    }
    if let Some(changed) = changed {
        let outside = Count(changed.findings, "finding");
        let base = &changed.base.name;
        text.push(format!("{outside} on lines that did not change since {base}"));
    }
    text
}
