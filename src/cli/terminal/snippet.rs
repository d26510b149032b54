//! Rendering of configuration errors with the source lines.

use crate::config::ConfigError;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// The width without a terminal.
const WIDTH: usize = 100;

/// Renders the error as styled text, with the source lines if they are known.
pub(super) fn of(error: &ConfigError, width: Option<usize>) -> String {
    let message = harmless::text(&error.message);
    let (Some(text), Some(span)) = (error.text.as_deref(), error.span.clone()) else {
        let label = paint(style::ERROR, "error:");
        let origin = harmless::line(&error.origin);
        let hint = super::hint(error.hint.as_deref());
        return format!("{label} {origin}: {message}\n{hint}");
    };
    let text = shown(text);
    let start = span.start.min(text.len());
    let span = start..span.end.clamp(start, text.len());
    let origin = harmless::line(&error.origin);
    let snippet =
        Snippet::source(text.as_str()).path(origin).annotation(AnnotationKind::Primary.span(span));
    let groups = [Level::ERROR.primary_title(message).element(snippet)];
    let renderer = Renderer::styled().term_width(width.unwrap_or(WIDTH));
    let hint = super::hint(error.hint.as_deref());
    format!("{}\n{hint}", renderer.render(&groups))
}

/// Replaces control characters with as many bytes, so that spans stay valid.
fn shown(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if harmless::steers(c) => "?".repeat(c.len_utf8()),
        c => c.to_string(),
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_keeps_its_length_and_loses_its_power() {
        let text = "a = \"\u{1b}[2J\u{9b}é\"\r\n";
        assert_eq!(shown(text).len(), text.len());
        assert!(!shown(text).contains(['\u{1b}', '\u{9b}', '\r']));
    }
}
