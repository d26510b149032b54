//! The machine formats a report can be written in.
//!
//! Owns their names. It must not know how any is made: each has a module of its own. The text goes
//! into a file or to standard output.

use super::{Report, github, gitlab, json, jsonl, junit, markdown, sarif};

/// A machine format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `cargo-pipe/report/1`.
    Json,
    /// `cargo-pipe/events/1`: a line an event, while the run goes.
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
}

impl Format {
    /// All of them, in the order they are listed to a person.
    pub const ALL: [Format; 7] = [
        Format::Json,
        Format::Jsonl,
        Format::Junit,
        Format::Sarif,
        Format::Gitlab,
        Format::Github,
        Format::Markdown,
    ];

    /// The name that `--report` takes.
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
        }
    }

    /// Whether every finding is in it, however many there are.
    #[must_use]
    pub fn is_complete(self) -> bool {
        !matches!(self, Format::Github | Format::Markdown)
    }

    /// The report in this format; of `jsonl` the last line, as the others are of earlier events.
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
        }
    }
}
