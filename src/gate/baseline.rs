//! The baseline: a file of accepted findings.
//!
//! Each line is a JSON object, after a header line with the format. Lines are sorted and contain no line
//! numbers, so that diffs are readable and branches merge. Findings are matched by fingerprint; the
//! other fields are for readers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::check::StepId;
use crate::finding::Finding;
use crate::hash::Hash;
use crate::outcome::CheckOutcome;

/// The first line of the file.
const HEADER: &str = r#"{"schema":"cargo-pipe/baseline/1"}"#;

/// A baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// The entries, in the order of the file.
    pub entries: Vec<BaselineEntry>,
    /// The hash of the file.
    pub hash: Hash,
    /// The fingerprints of the entries.
    fingerprints: BTreeSet<Hash>,
    /// The codes and rules of findings that it never accepts.
    never_accept: BTreeSet<String>,
}

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaselineEntry {
    /// Its file, relative to the project.
    pub path: String,
    /// The check that found it.
    pub check: StepId,
    /// The tool's short code.
    pub code: String,
    /// The tool's message, which may mention line numbers of that time.
    pub message: String,
    /// Its fingerprint, by which it is matched.
    pub fingerprint: Hash,
}

/// An error in a baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
#[non_exhaustive]
pub struct BaselineError {
    /// 1-based.
    pub line: usize,
    /// The error.
    pub message: String,
}

impl Baseline {
    /// Parses a baseline. An empty one accepts nothing.
    ///
    /// # Errors
    ///
    /// When a line is invalid, such as the markers of an unfinished merge.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |message: String| BaselineError { line: number + 1, message };
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                .iter()
                .any(|mark| line.starts_with(mark))
            {
                return Err(wrong("unresolved merge conflict".to_owned()));
            }
            match (number, line.trim()) {
                (0, HEADER) | (_, "") => {}
                (0, _) => {
                    return Err(wrong(format!("the file does not begin with `{HEADER}`")));
                }
                (_, line) => entries.push(
                    serde_json::from_str(line)
                        .map_err(|error| wrong(format!("invalid entry: {error}")))?,
                ),
            }
        }
        let fingerprints = entries.iter().map(|entry: &BaselineEntry| entry.fingerprint).collect();
        let (hash, never_accept) = (Hash::of(text.as_bytes()), BTreeSet::new());
        Ok(Baseline { entries, hash, fingerprints, never_accept })
    }

    /// Accepts no finding with one of these codes or rules, whether there is an entry or not.
    #[must_use]
    pub fn never_accepting(self, codes: BTreeSet<String>) -> Baseline {
        Baseline { never_accept: codes, ..self }
    }

    /// Whether it accepts a finding.
    #[must_use]
    pub fn accepts(&self, finding: &Finding) -> bool {
        self.fingerprints.contains(&finding.fingerprint) && !is_named(&self.never_accept, finding)
    }
}

/// Whether the code or the rule of a finding is one of these.
fn is_named(codes: &BTreeSet<String>, finding: &Finding) -> bool {
    codes.contains(&finding.code) || codes.contains(&finding.rule)
}

/// The entries that accept the findings of these checks, but not those with a code or rule in
/// `never_accept`. Findings that a tool accepts by itself are included: they would count as soon as
/// the score falls that they are accepted for.
#[must_use]
pub fn accept_findings(
    checks: &[CheckOutcome],
    never_accept: &BTreeSet<String>,
) -> BTreeSet<BaselineEntry> {
    let entry = |check: &CheckOutcome, finding: &Finding| BaselineEntry {
        path: finding.place.path.clone(),
        check: check.id.clone(),
        code: finding.code.clone(),
        message: finding.message.clone(),
        fingerprint: finding.fingerprint,
    };
    let mut entries = BTreeSet::new();
    for check in checks {
        let findings = check.findings.iter().filter(|it| !is_named(never_accept, it));
        entries.extend(findings.map(|finding| entry(check, finding)));
    }
    entries
}

/// The number of findings that no baseline accepts because of their codes or rules.
#[must_use]
pub fn count_refused(checks: &[CheckOutcome], never_accept: &BTreeSet<String>) -> usize {
    let findings = checks.iter().flat_map(|check| &check.findings);
    findings.filter(|finding| is_named(never_accept, finding)).count()
}

/// The entries that are still needed after a run of every check: not the `gone` ones, and none of a
/// check that no longer exists.
#[must_use]
pub fn prune(
    baseline: &Baseline,
    checks: &[CheckOutcome],
    gone: &[BaselineEntry],
) -> BTreeSet<BaselineEntry> {
    let is_needed = |entry: &&BaselineEntry| {
        checks.iter().any(|check| check.id == entry.check) && !gone.contains(entry)
    };
    baseline.entries.iter().filter(is_needed).cloned().collect()
}

/// The text of a file with these entries.
///
/// # Panics
///
/// Never: texts and hashes can always be written.
#[must_use]
pub fn render(entries: &BTreeSet<BaselineEntry>) -> String {
    let line =
        |entry: &BaselineEntry| serde_json::to_string(entry).expect("an entry is plain text");
    let lines = std::iter::once(HEADER.to_owned()).chain(entries.iter().map(line));
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests;
