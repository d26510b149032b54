//! Marks the tests that fail by chance, and decides whether they count.
//!
//! That depends on chance and on the history of this machine, so it is decided after the cache, like
//! the gate, and no fingerprint contains it.

use std::time::SystemTime;

use super::Context;
use crate::cache::TestJournal;
use crate::check::FlakyTests;
use crate::outcome::{CheckOutcome, Status, TestSession};

impl Context<'_> {
    /// Records the results of the tests of a check on this machine.
    pub(super) fn record_tests(&self, outcome: &mut CheckOutcome, session: &TestSession) {
        let Some(fingerprint) = outcome.fingerprint() else { return };
        if !self.config.cache.keeps() {
            return;
        }
        let (project, now) = (self.project.id(), SystemTime::now());
        let mut journal = TestJournal::read(self.cache, &project, &outcome.id, now);
        journal.add(fingerprint, session, now);
        if let Err(error) = journal.write(self.cache, &project, &outcome.id) {
            outcome.warnings.push(format!("cannot write the journal of tests: {error}"));
        }
    }

    /// Marks the findings about flaky tests. If these do not count, a check without any others has
    /// passed.
    pub(super) fn mark_flaky(&self, outcome: &mut CheckOutcome) {
        // Most outcomes are about no test, and read nothing.
        if outcome.findings.iter().all(|finding| finding.test.is_none()) {
            return;
        }
        let journal =
            TestJournal::read(self.cache, &self.project.id(), &outcome.id, SystemTime::now());
        let check = self.config.find_check(&outcome.id);
        let counts = check.is_none_or(|check| check.flaky == FlakyTests::Fail);
        for finding in &mut outcome.findings {
            let Some(test) = &mut finding.test else { continue };
            test.flaky |= journal.is_flaky(&test.name);
            finding.gating &= counts || !test.flaky;
        }
        if outcome.status == Status::Findings && !outcome.findings.iter().any(|it| it.gating) {
            outcome.status = Status::Passed;
        }
    }
}
