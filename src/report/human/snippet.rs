//! Source lines below a finding, with a marker under the span, or with the changes of a formatter.
//!
//! The lines come with the result of the check; no file is read.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::style::{self, paint};
use crate::finding::{Edit, Excerpts, Finding, Severity};
use crate::report::harmless;

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
    let line = shown(line);
    let line = line.trim_end();
    let mut snippet = Snippet::source(line).line_start(first.place.line as usize).fold(false);
    let mut spans: Vec<_> = meant.iter().filter_map(|finding| span(finding, line)).collect();
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

/// Renders the lines that a formatter removes and adds.
pub(super) fn change(finding: &Finding, excerpts: &Excerpts) -> String {
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    let lines: Vec<String> =
        edits.flat_map(|edit| changed(edit, &finding.place.path, excerpts)).collect();
    let left = lines.len().saturating_sub(CHANGED);
    let mut text: String = lines.iter().take(CHANGED).map(String::as_str).collect();
    if left > 0 {
        text += &paint(style::DIM, format!("    … {left} more"));
        text += "\n";
    }
    text
}

fn changed(edit: &Edit, path: &str, excerpts: &Excerpts) -> Vec<String> {
    let last = match edit.end_column {
        1 => edit.end_line.saturating_sub(1),
        _ => edit.end_line,
    };
    let gone = (edit.line..=last).map_while(|line| excerpts.line(path, line));
    let gone = gone.map(|line| side(style::ERROR, '-', line));
    let come = edit.content.lines().map(|line| side(style::GOOD, '+', line));
    gone.chain(come).collect()
}

fn side(style: anstyle::Style, sign: char, line: &str) -> String {
    let line = format!("{sign} {}", shown(line));
    format!("    {}\n", paint(style.bold(), line.trim_end()))
}

/// The span of a finding in its line, in bytes; none without a column.
fn span(finding: &Finding, line: &str) -> Option<std::ops::Range<usize>> {
    let place = &finding.place;
    let start = at(line, place.column?);
    let end = match (place.end_line, place.end_column) {
        (Some(last), _) if last > place.line => line.len(),
        (_, Some(column)) => at(line, column),
        (_, None) => start,
    };
    // An empty span is marked at its first character.
    let next = line[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    Some(start..end.max(next))
}

/// The byte offset of a 1-based column in code points, at most the line's length.
fn at(line: &str, column: u32) -> usize {
    let index = (column as usize).saturating_sub(1);
    line.char_indices().nth(index).map_or(line.len(), |(start, _)| start)
}

/// Replaces each control character of a line with one visible character.
fn shown(line: &str) -> String {
    let harmless = |c: char| match c {
        '\t' => c,
        c if harmless::steers(c) => match u32::from(c) {
            low @ 0..=0x1f => char::from_u32(0x2400 + low).unwrap_or(char::REPLACEMENT_CHARACTER),
            _ => char::REPLACEMENT_CHARACTER,
        },
        c => c,
    };
    line.chars().map(harmless).collect()
}
