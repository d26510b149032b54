//! A finding: one problem that a tool reports, in the same form for all tools.
//!
//! Parsers make findings and renderers show them; neither depends on the other.

mod excerpts;
mod lines;
mod sources;

pub use excerpts::Excerpts;
pub(crate) use lines::source_lines;
#[cfg(test)]
pub(crate) use sources::NoSources;
pub use sources::SourceFiles;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// The severity of a finding.
///
/// Exhaustive: the format of the reports has these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Severity {
    /// The code is wrong.
    Error,
    /// The code is probably wrong.
    Warning,
    /// The code could be better.
    Info,
}

impl Finding {
    /// Whether it is a test that fails by chance.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.flaky)
    }

    /// Sets the code of a tool whose rules have no names.
    pub(crate) fn set_code(&mut self, code: &str) {
        code.clone_into(&mut self.code);
        code.clone_into(&mut self.rule);
    }
}

/// One problem that a tool reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The place in the sources.
    pub place: Place,
    /// The severity.
    pub severity: Severity,
    /// The tool's short code, such as `W0611`, `F401`, `return-value` or `format`.
    pub code: String,
    /// The tool's name for the rule, such as `unused-import`; the code if the rule has no name.
    pub rule: String,
    /// The message of the tool, in one paragraph, without paths of a container.
    pub message: String,
    /// The rule's documentation.
    pub url: Option<String>,
    /// Whether the finding fails the check; false if the tool itself accepts it.
    pub gating: bool,
    /// Other places of the same problem, such as the copies of duplicated code.
    pub related: Vec<Place>,
    /// The edits that the tool suggests.
    pub fix: Option<Fix>,
    /// The test that failed, for a finding of a tool that runs tests.
    pub test: Option<FailedTest>,
    /// An identity that stays the same when the lines of the problem move. Zero until
    /// [`crate::fingerprint::finding::identify`] has read those lines; parsers do not.
    pub fingerprint: Hash,
}

/// A test that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedTest {
    /// Its name, such as `tests/test_shop.py::TestPrice::test_free[0]`.
    pub name: String,
    /// Whether it has also passed with the same fingerprint.
    pub flaky: bool,
}

/// A span in a file, or a whole file where the line is unknown.
///
/// Exhaustive: a place in a file has no other parts.
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
    /// A place of which only the line is known: usually line 1, for a whole file.
    #[must_use]
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Place { path: path.into(), line, column: None, end_line: None, end_column: None }
    }

    /// Whether the place is a whole file: it has only a line, or is the empty span before the first
    /// character.
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
    /// A description of the edits, in the words of the tool.
    pub message: String,
    /// Whether the tool guarantees that they preserve the meaning of the code.
    pub safe: bool,
    /// Sorted by place, not overlapping.
    pub edits: Vec<Edit>,
}

/// One replacement of text.
///
/// Exhaustive: an edit is a place and its new text.
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
    /// The new text.
    pub content: String,
}

/// Sorts findings in the order of the reports: path, line, column, code, message.
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
