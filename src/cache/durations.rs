//! The time that each check took when it last ran on this machine, from which the order follows in which
//! checks start.
//!
//! All checks of a project share one file. A file that is damaged counts as missing.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::last_run::{create_folder, folder};
use super::replace;
use crate::check::StepId;
use crate::read::{self, SizeLimit};

/// The name of the file in its project's folder, which no check can have.
const DURATIONS: &str = "Durations";

/// The duration of the last run of each check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(BTreeMap<StepId, Duration>);

impl Durations {
    /// Reads the durations of a project's checks.
    #[must_use]
    pub fn read(home: &Path, project: &str) -> Durations {
        let path = folder(home, project).join(DURATIONS);
        let text = read::read_file(&path, SizeLimit::Journal).unwrap_or_default();
        let durations: BTreeMap<StepId, u64> = serde_json::from_slice(&text).unwrap_or_default();
        let to_duration = |(step, ms)| (step, Duration::from_millis(ms));
        Durations(durations.into_iter().map(to_duration).collect())
    }

    /// Adds the durations of checks that ran to those of a project.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn record<'s>(
        home: &Path,
        project: &str,
        ran: impl IntoIterator<Item = (&'s StepId, Duration)>,
    ) -> io::Result<()> {
        let mut ran = ran.into_iter().peekable();
        if ran.peek().is_none() {
            return Ok(());
        }
        let Durations(mut durations) = Durations::read(home, project);
        durations.extend(ran.map(|(step, duration)| (step.clone(), duration)));
        let in_ms: BTreeMap<&StepId, u64> = durations
            .iter()
            .map(|(step, it)| (step, u64::try_from(it.as_millis()).unwrap_or(u64::MAX)))
            .collect();
        let path = create_folder(home, project)?.join(DURATIONS);
        replace(&path, &[&serde_json::to_vec(&in_ms)?])
    }

    /// Sorts checks by the order in which they start: first those whose duration is not known, then the
    /// longest. The time of a run then depends least on what is left at its end.
    pub fn sort<T>(&self, checks: &mut [T], id: impl Fn(&T) -> &StepId) {
        let duration = |check: &T| self.0.get(id(check)).copied().unwrap_or(Duration::MAX);
        checks.sort_by_key(|check| std::cmp::Reverse(duration(check)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str) -> StepId {
        name.parse().unwrap()
    }

    #[test]
    fn the_longest_comes_first_after_those_that_never_ran() {
        let home = tempfile::tempdir().unwrap();
        let record = |name: &str, ms| {
            let ran = [(&step(name), Duration::from_millis(ms))];
            Durations::record(home.path(), "p", ran).unwrap();
        };
        for (name, ms) in [("lint", 5), ("mypy@3.11", 30), ("core:lint", 20), ("lint", 25)] {
            record(name, ms);
        }
        let mut steps = ["core:lint", "new", "lint", "mypy@3.11", "newer"].map(step);
        Durations::read(home.path(), "p").sort(&mut steps, |step| step);
        assert_eq!(steps, ["new", "newer", "mypy@3.11", "lint", "core:lint"].map(step));
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = create_folder(home.path(), "p").unwrap().join(DURATIONS);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Durations::read(home.path(), "p"), Durations::default());
        let ran = [(&step("lint"), Duration::from_millis(1))];
        Durations::record(home.path(), "p", ran).unwrap();
        assert_ne!(Durations::read(home.path(), "p"), Durations::default());
        Durations::record(home.path(), "q", []).unwrap();
        assert!(!folder(home.path(), "q").exists());
    }
}
