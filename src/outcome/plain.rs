//! What a tool's own command says otherwise than ours.
//!
//! Owns the comparison of two outcomes of the same check, finding by finding. It must not know how
//! either came about. It is information: nothing of it counts for a verdict, and nothing is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckOutcome, Reason, Status};
use crate::finding::{Finding, Place};

/// What the tool's own command came to, and where it differs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plain {
    /// The state it ended in.
    pub status: Status,
    /// Why, where it is neither passed nor findings. Then nothing was compared.
    pub reason: Option<Reason>,
    /// pylint's score.
    pub score: Option<f64>,
    /// The files about which it says something else, by path.
    pub files: BTreeMap<String, Otherwise>,
}

/// What is said otherwise of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Otherwise {
    /// What the tool's own command alone says.
    pub there: Vec<Finding>,
    /// What it does not say.
    pub here: Vec<Finding>,
}

impl Plain {
    /// What is otherwise in `there`, the outcome of the tool's own command.
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
    let others: BTreeSet<_> = others.iter().map(said).collect();
    some.iter().filter(move |finding| !others.contains(&said(finding)))
}

/// What a finding says: the rest follows from that, and from the findings around it.
fn said(finding: &Finding) -> (&Place, &str, &str) {
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
    fn each_file_has_what_only_one_of_them_says() {
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
    fn nothing_is_compared_with_what_could_not_be_done() {
        let reason = Reason::new(ReasonKind::Tool, "it crashed");
        let plain =
            Plain::of(&outcome(&[sample::finding("a.py", 1)]), sample::failed("lint", reason));
        assert_eq!((plain.status, plain.files), (Status::Error, BTreeMap::new()));
    }
}
