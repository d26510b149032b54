//! The comparison of an outcome with that of the tool's own command, finding by finding.
//!
//! It is information for the user: it neither counts for a verdict nor is cached.

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckOutcome, Reason, Status};
use crate::finding::{Finding, Place};

/// The outcome of the tool's own command, and its differences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plain {
    /// Its status.
    pub status: Status,
    /// The reason, if it neither passed nor has findings; nothing was compared then.
    pub reason: Option<Reason>,
    /// pylint's score.
    pub score: Option<f64>,
    /// The files with different findings, by path.
    pub files: BTreeMap<String, Otherwise>,
}

/// The findings of a file that only one of the two has.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Otherwise {
    /// The findings that only the tool's own command has.
    pub there: Vec<Finding>,
    /// The findings that the tool's own command does not have.
    pub here: Vec<Finding>,
}

impl Plain {
    /// Compares an outcome with `there`, that of the tool's own command.
    #[must_use]
    pub fn of(here: &CheckOutcome, there: CheckOutcome) -> Plain {
        let CheckOutcome { status, reason, score, findings, .. } = there;
        let mut files: BTreeMap<String, Otherwise> = BTreeMap::new();
        if matches!(status, Status::Passed | Status::Findings) {
            for found in beyond(&findings, &here.findings) {
                files.entry(found.place.path.clone()).or_default().there.push(found.clone());
            }
            for found in beyond(&here.findings, &findings) {
                files.entry(found.place.path.clone()).or_default().here.push(found.clone());
            }
        }
        Plain { status, reason, score, files }
    }
}

/// The findings that are not among the others.
fn beyond<'a>(some: &'a [Finding], others: &'a [Finding]) -> impl Iterator<Item = &'a Finding> {
    let others: BTreeSet<_> = others.iter().map(content).collect();
    some.iter().filter(move |finding| !others.contains(&content(finding)))
}

/// The content of a finding; its other fields follow from this and from the findings around it.
fn content(finding: &Finding) -> (&Place, &str, &str) {
    (&finding.place, &finding.code, &finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::ReasonKind;
    use crate::report::sample;

    fn outcome(findings: &[Finding]) -> CheckOutcome {
        let outcome = if findings.is_empty() { Status::Passed } else { Status::Findings };
        CheckOutcome {
            status: outcome,
            findings: findings.to_vec(),
            ..sample::passed("lint", "pylint")
        }
    }

    #[test]
    fn each_file_has_the_findings_of_only_one_of_them() {
        let [a, b, c] = ["a.py", "b.py", "c.py"].map(|path| sample::finding(path, 1));
        let plain = Plain::of(&outcome(&[a.clone(), b.clone()]), outcome(&[a, c.clone()]));
        let (here, there) = (Otherwise { here: vec![b], ..Otherwise::default() }, vec![c]);
        let there = Otherwise { there, ..Otherwise::default() };
        let files = [("b.py".to_owned(), here), ("c.py".to_owned(), there)];
        assert_eq!(plain.files, BTreeMap::from(files));
    }

    #[test]
    fn another_message_in_the_same_place_is_another_finding() {
        let finding = sample::finding("a.py", 1);
        let other = Finding { message: "another one".to_owned(), ..finding.clone() };
        let plain = Plain::of(&outcome(&[finding]), outcome(&[other]));
        assert_eq!((plain.files["a.py"].here.len(), plain.files["a.py"].there.len()), (1, 1));
    }

    #[test]
    fn nothing_is_compared_with_a_failed_command() {
        let reason = Reason::new(ReasonKind::Tool, "it crashed");
        let plain =
            Plain::of(&outcome(&[sample::finding("a.py", 1)]), sample::failed("lint", reason));
        assert_eq!((plain.status, plain.files), (Status::Error, BTreeMap::new()));
    }
}
