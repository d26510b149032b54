//! The findings of a report, each once: one that a check reports on several versions of Python is one
//! finding.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::outcome::CheckOutcome;

/// A finding of a report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportedFinding<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The outcome that has it, the first one of several.
    pub check: &'a CheckOutcome,
    /// The outcomes of the same check on other versions of Python that have the same finding.
    pub also: Vec<&'a CheckOutcome>,
}

impl<'a> ReportedFinding<'a> {
    /// All outcomes that have it.
    pub fn checks(&self) -> impl Iterator<Item = &'a CheckOutcome> {
        std::iter::once(self.check).chain(self.also.iter().copied())
    }

    /// The check, with each version of Python on which it reports the finding, as in `lint@3.11,3.13`.
    #[must_use]
    pub fn check_label(&self) -> Cow<'a, str> {
        let mut label = Cow::Borrowed(self.check.id.as_str());
        for python in self.also.iter().filter_map(|check| check.id.python()) {
            label.to_mut().push(',');
            label.to_mut().push_str(python);
        }
        label
    }
}

/// The findings of these checks, in their order.
#[must_use]
pub fn reported<'a>(
    checks: impl IntoIterator<Item = &'a CheckOutcome>,
) -> Vec<ReportedFinding<'a>> {
    let mut all: Vec<ReportedFinding<'_>> = Vec::new();
    let mut known: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for check in checks {
        for finding in &check.findings {
            // The fingerprints of a check's findings differ.
            if check.id.python().is_some() {
                let key = (check.id.package(), check.id.check().as_str(), finding.fingerprint);
                let alike = known.entry(key).or_default();
                if let Some(at) = alike.iter().find(|at| all[**at].finding == finding) {
                    all[*at].also.push(check);
                    continue;
                }
                alike.push(all.len());
            }
            all.push(ReportedFinding { finding, check, also: Vec::new() });
        }
    }
    all
}

/// The findings of each of these checks, without those that an earlier one has as well.
#[must_use]
pub fn reported_by_check(
    checks: &[CheckOutcome],
) -> Vec<(&CheckOutcome, Vec<ReportedFinding<'_>>)> {
    let mut by_check: Vec<_> = checks.iter().map(|check| (check, Vec::new())).collect();
    let mut at = 0;
    for finding in reported(checks) {
        while !std::ptr::eq(by_check[at].0, finding.check) {
            at += 1;
        }
        by_check[at].1.push(finding);
    }
    by_check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::report::sample;

    #[test]
    fn a_finding_that_is_equal_on_several_pythons_is_one() {
        let mut template = sample::lint();
        template.findings = vec![sample::finding("a.py", 1), sample::finding("b.py", 2)];
        template.findings[0].fingerprint = Hash::of(b"a");
        let on = |id: &str| {
            let mut check = template.clone();
            check.id = id.parse().unwrap();
            check
        };
        let ids = ["lint@3.11", "lint@3.12", "lint@3.13", "lint@3.14", "other@3.13"];
        let mut checks = ids.map(on);
        checks[1].findings.remove(0);
        checks[2].findings[1].message.push_str(" now");
        checks[3].findings[1].message.push_str(" now");
        let found = reported(&checks);
        let labels = |at: usize| {
            let finding = &template.findings[at];
            let same = found.iter().filter(|it| it.finding.fingerprint == finding.fingerprint);
            same.map(|it| it.check_label().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(labels(0), ["lint@3.11,3.13,3.14", "other@3.13"]);
        assert_eq!(labels(1), ["lint@3.11,3.12", "lint@3.13,3.14", "other@3.13"]);
        let pairs = found.iter().map(|it| it.checks().count()).sum::<usize>();
        assert_eq!(pairs, checks.iter().map(|check| check.findings.len()).sum::<usize>());
    }
}
