//! The machine-readable formats of a report.
//!
//! Each format has its own module.

use super::{Report, github, gitlab, html, json, jsonl, junit, markdown, sarif};

/// A machine-readable format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `cargo-pipe/report/1`.
    Json,
    /// `cargo-pipe/events/1`: one line for each event, written during the run.
    Jsonl,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// GitLab's Code Quality.
    Gitlab,
    /// Annotations of GitHub Actions.
    Github,
    /// A table for a comment or a summary.
    Markdown,
    /// A page for a browser.
    Html,
}

impl Format {
    /// All formats, in the order of the help.
    pub const ALL: [Format; 8] = [
        Format::Json,
        Format::Jsonl,
        Format::Junit,
        Format::Sarif,
        Format::Gitlab,
        Format::Github,
        Format::Markdown,
        Format::Html,
    ];

    /// The name for `--report`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Junit => "junit",
            Format::Sarif => "sarif",
            Format::Gitlab => "gitlab",
            Format::Github => "github",
            Format::Markdown => "markdown",
            Format::Html => "html",
        }
    }

    /// Whether it always contains every finding.
    #[must_use]
    pub fn is_complete(self) -> bool {
        !matches!(self, Format::Github | Format::Markdown | Format::Html)
    }

    /// Renders the report in this format. For `jsonl` this is the last line; the others are events.
    #[must_use]
    pub fn render(self, report: &Report) -> String {
        match self {
            Format::Json => json::to_json(report),
            Format::Jsonl => jsonl::of_report(report),
            Format::Junit => junit::to_junit(report),
            Format::Sarif => sarif::to_sarif(report),
            Format::Gitlab => gitlab::to_gitlab(report),
            Format::Github => github::to_github(report),
            Format::Markdown => markdown::to_markdown(report),
            Format::Html => html::to_html(report),
        }
    }
}
