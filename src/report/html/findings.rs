//! The findings of a page, as they are shown.
//!
//! A page has the most severe findings, up to a size. A browser without its script shows the first of
//! them. Long texts are cut.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::check::StepId;
use crate::finding::{Excerpts, Finding, Place, Severity};
use crate::hash::Hash;
use crate::report::reported::{ReportedFinding, reported};
use crate::report::source_line::{self, ChangedLine};
use crate::report::{Report, harmless, label};

/// The size limit of all findings together, in bytes. A browser still opens such a page at once.
const SIZE: usize = 16 * 1024 * 1024;

/// The number of findings that are listed without the script.
const LISTED: usize = 1_000;

/// The size limit of a message, in characters.
const MESSAGE: usize = 1_000;

/// The size limit of each part of a source line, in characters.
const SOURCE: usize = 160;

/// The number of lines of a change that are shown.
const CHANGED: usize = 8;

/// The number of related places that are shown.
const RELATED: usize = 8;

/// The size of a finding without its texts, in bytes.
const FRAME: usize = 256;

/// A finding with texts that are safe to show. Its members are named as in the JSON report, so that the
/// script reads both.
#[derive(Debug, Serialize)]
pub(super) struct ShownFinding {
    path: String,
    line: u32,
    column: Option<u32>,
    severity: Severity,
    code: String,
    rule: String,
    message: String,
    /// The documentation of its rule, if that is a web page.
    url: Option<String>,
    gating: bool,
    fingerprint: Hash,
    flaky: bool,
    /// Its source line: before, in and after the span that it is about.
    source: Option<[String; 3]>,
    change: Vec<ShownChange>,
    related: Vec<String>,
    /// The description of its fix.
    fix: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownChange {
    kind: &'static str,
    text: String,
}

/// A finding in the list that needs no script.
#[derive(Debug, Serialize)]
pub(super) struct PageFinding<'a> {
    place: String,
    /// Its check, code and rule.
    label: String,
    #[serde(flatten)]
    finding: &'a ShownFinding,
}

/// The listed findings of a file.
#[derive(Debug, Serialize)]
pub(super) struct ListedFile<'a> {
    path: &'a str,
    findings: Vec<PageFinding<'a>>,
}

/// A finding, and the finding as it is shown.
struct Shown<'a> {
    reported: ReportedFinding<'a>,
    safe: ShownFinding,
}

/// The findings of a page: first those that count, then by severity.
pub(super) struct FindingSelection<'a> {
    report: &'a Report,
    shown: Vec<Shown<'a>>,
    /// The number of all findings of the report.
    pub(super) total: usize,
}

impl<'a> FindingSelection<'a> {
    /// Selects the findings that a page has room for.
    pub(super) fn of(report: &'a Report) -> FindingSelection<'a> {
        let mut all = reported(&report.checks);
        all.sort_by_key(|it| (!it.finding.gating, it.finding.severity));
        let total = all.len();
        let mut shown = Vec::new();
        let mut size = 0;
        for reported in all {
            let safe = ShownFinding::of(reported.finding, &reported.check.excerpts);
            size += safe.size();
            if size > SIZE {
                break;
            }
            shown.push(Shown { reported, safe });
        }
        FindingSelection { report, shown, total }
    }

    /// The number of findings that the page has no room for.
    pub(super) fn left_out(&self) -> usize {
        self.total - self.shown.len()
    }

    /// The findings of each check.
    pub(super) fn by_check(&self) -> Vec<Vec<&ShownFinding>> {
        let checks = self.report.checks.iter().map(|check| &check.id);
        let mut by_check: BTreeMap<&StepId, Vec<&ShownFinding>> =
            checks.clone().map(|id| (id, Vec::new())).collect();
        for shown in &self.shown {
            for check in shown.reported.checks() {
                by_check.entry(&check.id).or_default().push(&shown.safe);
            }
        }
        checks.map(|id| by_check.remove(id).unwrap_or_default()).collect()
    }

    /// The findings that are listed without the script, by file.
    pub(super) fn list(&self) -> Vec<ListedFile<'_>> {
        let mut listed: Vec<&Shown<'_>> = self.shown.iter().take(LISTED).collect();
        listed.sort_by_key(|shown| &shown.reported.finding.place);
        let mut files = Vec::new();
        for group in listed.chunk_by(|a, b| a.safe.path == b.safe.path) {
            let findings = group.iter().map(|shown| shown.describe()).collect();
            let path = group[0].safe.path.as_str();
            files.push(ListedFile {
                path: if path.is_empty() { "project" } else { path },
                findings,
            });
        }
        files
    }
}

impl Shown<'_> {
    fn describe(&self) -> PageFinding<'_> {
        let Shown { reported, safe } = self;
        PageFinding {
            place: harmless::line(&label::place(&reported.finding.place)),
            label: harmless::line(&label::rule(&reported.check_label(), reported.finding)),
            finding: safe,
        }
    }
}

impl ListedFile<'_> {
    /// The number of its findings.
    pub(super) fn len(&self) -> usize {
        self.findings.len()
    }
}

impl ShownFinding {
    fn of(finding: &Finding, excerpts: &Excerpts) -> ShownFinding {
        let change =
            if finding.place.column.is_none() { change(finding, excerpts) } else { Vec::new() };
        let fix = finding.fix.as_ref().filter(|_| finding.place.column.is_some());
        let url = finding.url.as_deref().filter(|url| is_web_page(url));
        let related = finding.related.iter().take(RELATED).map(describe_place);
        ShownFinding {
            path: harmless::line(&finding.place.path),
            line: finding.place.line,
            column: finding.place.column,
            severity: finding.severity,
            code: harmless::line(&finding.code),
            rule: harmless::line(&finding.rule),
            message: cut(harmless::text(finding.message.trim()).chars(), MESSAGE),
            url: url.map(str::to_owned),
            gating: finding.gating,
            fingerprint: finding.fingerprint,
            flaky: finding.is_flaky(),
            source: if change.is_empty() { source(finding, excerpts) } else { None },
            change,
            related: related.collect(),
            fix: fix.map(|fix| {
                let safety = if fix.safe { "" } else { " (may change behaviour)" };
                format!("{}{safety}", cut(harmless::line(&fix.message).chars(), MESSAGE))
            }),
        }
    }

    /// A finding with every part, from which the script makes others.
    pub(super) fn blank() -> ShownFinding {
        ShownFinding {
            path: String::new(),
            line: 1,
            column: None,
            severity: Severity::Info,
            code: String::new(),
            rule: String::new(),
            message: String::new(),
            url: Some("https://example.org".to_owned()),
            gating: true,
            fingerprint: Hash::default(),
            flaky: false,
            source: Some(Default::default()),
            change: vec![ShownChange { kind: "added", text: String::new() }],
            related: vec![String::new()],
            fix: Some(String::new()),
        }
    }

    /// Its size in bytes, more or less.
    fn size(&self) -> usize {
        let source = self.source.iter().flatten().chain(&self.related).chain(&self.fix);
        let change = self.change.iter().map(|line| &line.text);
        let texts =
            [&self.path, &self.code, &self.rule, &self.message].into_iter().chain(&self.url);
        FRAME + texts.chain(source).chain(change).map(String::len).sum::<usize>()
    }
}

impl<'a> PageFinding<'a> {
    /// The markup of a finding without its texts.
    pub(super) fn blank(finding: &'a ShownFinding) -> PageFinding<'a> {
        PageFinding { place: String::new(), label: String::new(), finding }
    }
}

/// The lines that its fix would change.
fn change(finding: &Finding, excerpts: &Excerpts) -> Vec<ShownChange> {
    let lines = source_line::changed(finding, excerpts);
    let left = lines.len().saturating_sub(CHANGED);
    let mut change = Vec::new();
    for line in lines.iter().take(CHANGED) {
        let kind = match line {
            ChangedLine::Removed(_) => "removed",
            ChangedLine::Added(_) => "added",
        };
        change.push(ShownChange { kind, text: cut(line.text().chars(), 2 * SOURCE) });
    }
    if left > 0 {
        change.push(ShownChange { kind: "left-out", text: format!("… {left} more") });
    }
    change
}

/// The source line of a finding, split by its span; each part is cut.
fn source(finding: &Finding, excerpts: &Excerpts) -> Option<[String; 3]> {
    if finding.place.is_whole_file() {
        return None;
    }
    let line = excerpts.line(&finding.place.path, finding.place.line)?;
    let line = source_line::visible(line);
    let line = line.trim_end();
    let span = source_line::span(finding, line).unwrap_or(0..0);
    let before = &line[..span.start];
    let start = before.char_indices().rev().nth(SOURCE).map(|(at, c)| at + c.len_utf8());
    let before = match start {
        Some(start) => format!("…{}", &before[start..]),
        None => before.to_owned(),
    };
    let (marked, after) = (&line[span.clone()], &line[span.end..]);
    Some([before, cut(marked.chars(), SOURCE), cut(after.chars(), SOURCE)])
}

/// The first characters of a text, and `…` if there are others.
fn cut(text: impl Iterator<Item = char>, length: usize) -> String {
    let mut shown = String::new();
    for (at, c) in text.enumerate() {
        if at == length {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}

fn describe_place(place: &Place) -> String {
    let text = harmless::line(&label::place(place));
    match place.end_line.filter(|end| *end > place.line) {
        Some(end) => format!("{text} to line {end}"),
        None => text,
    }
}

/// Whether a browser opens this address as a web page, and nothing else: `javascript:` is none.
fn is_web_page(url: &str) -> bool {
    let starts =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
    (starts("https://") || starts("http://")) && !url.chars().any(harmless::steers)
}
