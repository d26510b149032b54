//! Source lines below a finding, with a marker under the span, or with the changes of a formatter.
//!
//! The lines come with the result of the check; no file is read.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::fold::{INDENT, cut};
use super::style::{self, paint};
use crate::finding::{Excerpts, Finding, Severity};
use crate::report::source_line::{self, ChangedLine};

/// The width without a terminal.
const WIDTH: usize = 100;

/// The number of lines of a change that are shown.
const CHANGED: usize = 8;

/// Renders a line with markers for the findings that start in it; empty if the line is not available,
/// or no finding has a span.
pub(super) fn marked(findings: &[&Finding], excerpts: &Excerpts, width: Option<usize>) -> String {
    let meant: Vec<&&Finding> =
        findings.iter().filter(|finding| !finding.place.is_whole_file()).collect();
    let Some(first) = meant.first() else {
        return String::new();
    };
    let Some(line) = excerpts.line(&first.place.path, first.place.line) else {
        return String::new();
    };
    let line = source_line::visible(line);
    let line = line.trim_end();
    let mut snippet = Snippet::source(line).line_start(first.place.line as usize).fold(false);
    let mut spans: Vec<_> =
        meant.iter().filter_map(|finding| source_line::span(finding, line)).collect();
    spans.sort_by_key(|span| (span.start, span.end));
    spans.dedup();
    let is_marked = !spans.is_empty();
    snippet = snippet.annotations(spans.into_iter().map(|span| AnnotationKind::Primary.span(span)));
    let worst = meant.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Info);
    let level = match worst {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let renderer =
        Renderer::styled().decor_style(DecorStyle::Ascii).term_width(width.unwrap_or(WIDTH));
    let picture = renderer.render(&[Group::with_level(level).element(snippet)]);
    // The line above the source is empty, and so is the line below if nothing is marked.
    let lines = picture.lines().skip(1).take(if is_marked { usize::MAX } else { 1 });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Renders the lines that a formatter removes and adds, without blank ones at their start and end.
pub(super) fn change(finding: &Finding, excerpts: &Excerpts, width: Option<usize>) -> String {
    let changed = source_line::changed(finding, excerpts);
    let is_written = |line: &ChangedLine| !line.text().trim().is_empty();
    let first = changed.iter().position(is_written).unwrap_or_default();
    let last = changed.iter().rposition(is_written).unwrap_or(changed.len().saturating_sub(1));
    let lines = changed.get(first..=last).unwrap_or_default();
    let left = lines.len().saturating_sub(CHANGED);
    let mut text: String = lines.iter().take(CHANGED).map(|line| side(line, width)).collect();
    if left > 0 {
        text += &paint(style::DIM, format!("    … {left} more"));
        text += "\n";
    }
    text
}

fn side(line: &ChangedLine, width: Option<usize>) -> String {
    let (style, sign) = match line {
        ChangedLine::Removed(_) => (style::ERROR, '-'),
        ChangedLine::Added(_) => (style::GOOD, '+'),
    };
    let line = format!("{sign} {}", line.text());
    let room = width.map(|width| width.saturating_sub(INDENT.len()));
    format!("{INDENT}{}\n", paint(style.bold(), cut(line.trim_end(), room)))
}
