//! One diagnosed problem, in one form for all tools.
//!
//! Parsers make findings, renderers show them; neither knows the other.

mod excerpts;

pub use excerpts::Excerpts;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// How bad a finding is.
///
/// Exhaustive: the reports' format has no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Severity {
    /// Something is wrong.
    Error,
    /// Something is likely to be wrong.
    Warning,
    /// Something could be better.
    Info,
}

/// One diagnosed problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// How bad it is.
    pub severity: Severity,
    /// The tool's short code, such as `W0611`, `F401`, `return-value` or `format`.
    pub code: String,
    /// The tool's name for the rule, such as `unused-import`; the code where it has no other.
    pub rule: String,
    /// What the tool says, in one paragraph, with no path of the inside of a container.
    pub message: String,
    /// The rule's documentation.
    pub url: Option<String>,
    /// Whether it counts for the verdict; not if the tool itself accepts it.
    pub gating: bool,
    /// Other places that belong to it, such as the copies of duplicated code.
    pub related: Vec<Place>,
    /// What the tool would write instead.
    pub fix: Option<Fix>,
    /// The same for the same problem after its lines have moved. Zero until
    /// [`crate::fingerprint::finding::identify`] has looked at those lines, which no parser does.
    pub fingerprint: Hash,
}

/// A span in a file, or a whole file where the line is unknown.
///
/// Exhaustive: there is no more to a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Relative to the project, with `/`. Empty for a finding about the project as a whole.
    pub path: String,
    /// 1-based; 1 where the tool names only the file.
    pub line: u32,
    /// 1-based, in code points.
    pub column: Option<u32>,
    /// 1-based, the last line of the span.
    pub end_line: Option<u32>,
    /// 1-based, in code points, one past the last column of the span.
    pub end_column: Option<u32>,
}

impl Place {
    /// The place of which nothing but a line is known: mostly a whole file, at its first.
    #[must_use]
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Place { path: path.into(), line, column: None, end_line: None, end_column: None }
    }

    /// Whether no line of the file is meant: there is nothing but a line, or the empty span before
    /// the first character.
    #[must_use]
    pub fn is_whole_file(&self) -> bool {
        let Place { path: _, line, column, end_line, end_column } = self;
        match (column, end_line) {
            (None, None) => true,
            (Some(1), Some(1)) => *line == 1 && *end_column == Some(1),
            _ => false,
        }
    }
}

/// Edits that would resolve a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fix {
    /// What the edits do, in the tool's words.
    pub message: String,
    /// Whether the tool is sure that they keep the code's meaning.
    pub safe: bool,
    /// Sorted by place, not overlapping.
    pub edits: Vec<Edit>,
}

/// One replacement of text.
///
/// Exhaustive: there is no more to it than where and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// 1-based first line.
    pub line: u32,
    /// 1-based first column, in code points.
    pub column: u32,
    /// 1-based last line.
    pub end_line: u32,
    /// 1-based column one past the end, in code points.
    pub end_column: u32,
    /// What stands there afterwards.
    pub content: String,
}

/// Sorts findings the way reports list them: path, line, column, code, message.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (&a.place.path, a.place.line, a.place.column, &a.code, &a.message, &a.place, &a.related)
            .cmp(&(
                &b.place.path,
                b.place.line,
                b.place.column,
                &b.code,
                &b.message,
                &b.place,
                &b.related,
            ))
    });
}
