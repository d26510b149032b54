//! The results of tests on this machine, from which those that fail by chance are known.
//!
//! A test is flaky if it has failed and passed with one fingerprint. Each check of a project has one
//! file, with its last runs and the tests that were found to be flaky. All of it is forgotten after
//! 30 days. A file that is damaged counts as missing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::last_run::{create_folder, folder};
use super::replace;
use crate::check::StepId;
use crate::hash::Hash;
use crate::outcome::TestSession;
use crate::read::{self, SizeLimit};

/// The age at which results are forgotten.
const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The number of runs that are kept to compare later runs with.
const RUNS: usize = 32;

/// The journal of the tests of a check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestJournal {
    /// The flaky tests, each with the time of the last run that has shown it, in seconds since 1970.
    flaky: BTreeMap<String, u64>,
    /// The last runs, the oldest first.
    runs: Vec<JournalRun>,
}

/// One run of the tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct JournalRun {
    time: u64,
    fingerprint: Hash,
    /// The names of the tests that failed.
    failed: BTreeSet<String>,
    /// The first digits of the hashes of the names of those that passed; none where all did.
    passed: Option<BTreeSet<String>>,
}

impl TestJournal {
    /// Reads the journal of a check; an empty one if there is none.
    #[must_use]
    pub fn read(home: &Path, project: &str, step: &StepId, now: SystemTime) -> TestJournal {
        let text = read::read_file(&path(home, project, step), SizeLimit::Journal);
        let text = text.unwrap_or_default();
        let mut journal: TestJournal = serde_json::from_slice(&text).unwrap_or_default();
        journal.forget_old(seconds(now));
        journal
    }

    /// Whether a test has failed and passed with one fingerprint.
    #[must_use]
    pub fn is_flaky(&self, test: &str) -> bool {
        self.flaky.contains_key(test)
    }

    /// Adds a run, and finds the tests that had the other result with the same fingerprint.
    pub fn add(&mut self, fingerprint: Hash, session: &TestSession, now: SystemTime) {
        let time = seconds(now);
        let again: Vec<&String> = session.failed.intersection(&session.passed).collect();
        let mut flaky: BTreeSet<String> = again.into_iter().cloned().collect();
        for run in self.runs.iter().filter(|run| run.fingerprint == fingerprint) {
            flaky.extend(session.failed.iter().filter(|test| run.has_passed(test)).cloned());
            flaky.extend(run.failed.intersection(&session.passed).cloned());
        }
        self.flaky.extend(flaky.into_iter().map(|test| (test, time)));
        let passed: BTreeSet<String> = session.passed.iter().map(|test| digits(test)).collect();
        let passed = (!session.failed.is_empty()).then_some(passed);
        self.runs.push(JournalRun { time, fingerprint, failed: session.failed.clone(), passed });
        self.forget_old(time);
    }

    /// Writes the journal of a check.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, home: &Path, project: &str, step: &StepId) -> io::Result<()> {
        create_folder(home, project)?;
        let text = serde_json::to_vec(self)?;
        replace(&path(home, project, step), &[&text])
    }

    fn forget_old(&mut self, now: u64) {
        let oldest = now.saturating_sub(AGE.as_secs());
        self.flaky.retain(|_, time| *time >= oldest);
        self.runs.retain(|run| run.time >= oldest);
        let more = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..more);
    }
}

impl JournalRun {
    fn has_passed(&self, test: &str) -> bool {
        !self.failed.contains(test)
            && self.passed.as_ref().is_none_or(|passed| passed.contains(&digits(test)))
    }
}

fn path(home: &Path, project: &str, step: &StepId) -> PathBuf {
    folder(home, project).join(format!("{}.tests", step.to_file_name()))
}

fn digits(test: &str) -> String {
    Hash::of(test.as_bytes()).short()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn session(passed: &[&str], failed: &[&str]) -> TestSession {
        TestSession { passed: names(passed), failed: names(failed), ..TestSession::default() }
    }

    fn journal(runs: &[(&str, TestSession)]) -> TestJournal {
        let mut journal = TestJournal::default();
        for (fingerprint, session) in runs {
            journal.add(Hash::of(fingerprint.as_bytes()), session, UNIX_EPOCH + 100 * DAY);
        }
        journal
    }

    #[test]
    fn a_test_that_failed_and_passed_with_one_fingerprint_is_flaky_in_either_order() {
        for runs in [
            [("a", session(&["t"], &["u"])), ("a", session(&[], &["t", "u"]))],
            [("a", session(&[], &["t", "u"])), ("a", session(&["t"], &["u"]))],
            [("a", session(&["t", "u"], &[])), ("a", session(&["u"], &["t"]))],
            [("b", session(&[], &["u"])), ("a", session(&["t"], &["t", "u"]))],
        ] {
            let journal = journal(&runs);
            assert!(journal.is_flaky("t"), "{runs:?}");
            assert!(!journal.is_flaky("u"), "{runs:?}");
        }
    }

    #[test]
    fn a_test_that_an_edit_repairs_or_that_another_run_left_out_is_not_flaky() {
        let repaired = journal(&[("a", session(&[], &["t"])), ("b", session(&["t"], &[]))]);
        assert!(!repaired.is_flaky("t"));
        let left_out = journal(&[("a", session(&[], &["u"])), ("a", session(&[], &["t", "u"]))]);
        assert!(!left_out.is_flaky("t"));
    }

    #[test]
    fn a_flaky_test_is_forgotten_after_30_days() {
        let home = tempfile::tempdir().unwrap();
        let step: StepId = "test".parse().unwrap();
        let journal = journal(&[("a", session(&["t"], &["t"]))]);
        journal.write(home.path(), "project", &step).unwrap();
        let at = |days: u32| {
            let now = UNIX_EPOCH + days * DAY;
            TestJournal::read(home.path(), "project", &step, now).is_flaky("t")
        };
        assert_eq!([at(100), at(130), at(131)], [true, true, false]);
        std::fs::write(path(home.path(), "project", &step), "{").unwrap();
        assert!(!at(100));
    }
}
