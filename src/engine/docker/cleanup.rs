//! Removes what a run has started in the engine, within one time limit.
//!
//! All removals of a run share a [`CleanUp`]. The first command that does not answer in time ends it:
//! the engine hangs, and what is left is named in a warning and removed by a later run.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::call::{name_command, text};
use super::{DEADLINE_LABEL, Docker, OWNER_LABEL, RUN_LABEL, owner};
use crate::engine::{EngineError, started};
use crate::outcome::RawOutput;
use crate::process::{Child, Until, Waited};

/// The time for removing everything that a run has started. Removing a container takes an engine
/// under load a few seconds, and a user who presses Ctrl-C waits for all of it.
pub(crate) const LIMIT: Duration = Duration::from_secs(15);

/// The time that is left for removals, shared by all threads of a run.
pub(super) struct CleanUp {
    limit: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the commands began that have not answered yet.
    waiting: Vec<Instant>,
    /// When a run that stops or ends has to be done.
    end: Option<Instant>,
    /// The command that did not answer.
    unanswered: Option<String>,
    /// The containers and volumes that may be left.
    left: BTreeSet<String>,
}

impl CleanUp {
    /// A clean-up in which a command may take as long as in the rest of the run, but no longer than
    /// the whole clean-up.
    pub(super) fn new(answer_limit: Duration) -> Self {
        CleanUp { limit: LIMIT.min(answer_limit), state: Mutex::default() }
    }

    /// Waits for a command, unless another one did not answer. All commands that wait at the same
    /// time have one deadline, as have all that begin when the run is ending.
    pub(super) fn wait(&self, child: &mut Child, command: &str, is_ending: bool) -> Waited {
        let Some((began, deadline)) = self.begin(is_ending) else {
            return Waited::TimedOut;
        };
        let limit = deadline.saturating_duration_since(Instant::now());
        let waited = child.wait(Until { cancel: None, limit });
        let mut state = self.state();
        if let Some(place) = state.waiting.iter().position(|waiting| *waiting == began) {
            state.waiting.remove(place);
        }
        if waited != Waited::Exited {
            state.unanswered.get_or_insert_with(|| command.to_owned());
        }
        waited
    }

    /// When a command begins, and when it has to be done; none if the engine hangs.
    fn begin(&self, is_ending: bool) -> Option<(Instant, Instant)> {
        let mut state = self.state();
        if state.unanswered.is_some() {
            return None;
        }
        let now = Instant::now();
        state.waiting.push(now);
        // The first one began before all others.
        let mut deadline = state.waiting[0] + self.limit;
        if is_ending {
            deadline = deadline.min(*state.end.get_or_insert(now + self.limit));
        }
        Some((now, deadline))
    }

    /// Whether the engine hangs, so that nothing can be removed.
    pub(super) fn is_over(&self) -> bool {
        self.state().unanswered.is_some()
    }

    /// Notes names that may be left.
    fn leave(&self, names: &[String]) {
        self.state().left.extend(names.iter().cloned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Docker<'_> {
    /// Runs a docker command even when the run stops; none if it does not answer.
    pub(super) fn clean<'w>(&self, args: impl IntoIterator<Item = &'w str>) -> Option<RawOutput> {
        if self.cleanup.is_over() {
            return None;
        }
        let invocation = self.docker(args);
        let mut child = Child::spawn(&invocation, self.emitter).ok()?;
        let is_ending = self.cancel.stopped().is_some() || self.is_cleaned.load(Ordering::Relaxed);
        match self.cleanup.wait(&mut child, &name_command(&invocation), is_ending) {
            Waited::Exited => Some(child.output()),
            _ => {
                child.kill();
                None
            }
        }
    }

    /// Removes containers, running ones included; returns whether docker answered. One may be
    /// gone already.
    pub(super) fn remove_containers(&self, names: &[String]) -> bool {
        self.remove_named(self.dialect.removal(), names)
    }

    fn remove_volumes(&self, names: &[String]) -> bool {
        self.remove_named(&["volume", "rm", "--force"], names)
    }

    fn remove_named(&self, command: &[&str], names: &[String]) -> bool {
        if names.is_empty() {
            return true;
        }
        let args = command.iter().copied().chain(names.iter().map(String::as_str));
        let answer = self.clean(args);
        if answer.is_none() {
            self.cleanup.leave(names);
        }
        // What docker refuses to remove is looked for again at the end of the run.
        if answer.as_ref().is_some_and(|output| output.code != 0) {
            self.mark_untidy();
        }
        answer.is_some()
    }

    /// Removes all containers and volumes with a label. Returns them, and whether all are gone.
    pub(super) fn sweep(&self, label: &str, value: &str) -> (Vec<String>, Vec<String>, bool) {
        let filter = format!("label={label}={value}");
        let list = |args: &[&str]| {
            let output = self.clean(args.iter().copied()).filter(|output| output.code == 0)?;
            Some(text(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let containers = list(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        let mut is_clean = self.remove_containers(containers.as_deref().unwrap_or_default());
        let volumes = list(&["volume", "ls", "--filter", &filter, "--format", "{{.Name}}"]);
        is_clean &= self.remove_volumes(volumes.as_deref().unwrap_or_default());
        is_clean &= containers.is_some() && volumes.is_some();
        (containers.unwrap_or_default(), volumes.unwrap_or_default(), is_clean)
    }

    /// Removes what dead runs left: everything whose owner is gone, and everything of these runs.
    pub(in crate::engine) fn reap_dead(&self, runs: &[String]) -> Result<(), EngineError> {
        let limit = self.cleanup.limit;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let list = |args: &[&str]| -> Result<Vec<String>, EngineError> {
            let output = self.await_answer(&self.docker(args.iter().copied()), limit)?;
            let mut names = Vec::new();
            for line in text(&output.stdout).lines() {
                // A label that is missing is an empty word.
                let mut words = line.split(' ');
                let mut word = || words.next().unwrap_or_default();
                let [name, run, owner, deadline] = [word(), word(), word(), word()];
                let is_named = runs.iter().any(|dead| dead == run);
                if is_named || owner::is_left_behind(owner, deadline, now) {
                    names.push(name.to_owned());
                }
            }
            Ok(names)
        };
        let filter = format!("label={RUN_LABEL}");
        let labels = [RUN_LABEL, OWNER_LABEL, DEADLINE_LABEL];
        let of_container = labels.map(|label| format!("{{{{.Label \"{label}\"}}}}"));
        let format = format!("{{{{.Names}}}} {}", of_container.join(" "));
        let containers = list(&["ps", "--all", "--filter", &filter, "--format", &format])?;
        let mut is_clean = self.remove_containers(&containers);
        let of_volume = labels.map(|label| self.dialect.volume_label(label));
        let format = format!("{{{{.Name}}}} {}", of_volume.join(" "));
        let volumes = list(&["volume", "ls", "--filter", &filter, "--format", &format])?;
        is_clean &= self.remove_volumes(&volumes);
        if is_clean {
            return Ok(());
        }
        let command = self.cleanup.state().unanswered.clone();
        Err(EngineError::NoAnswer { command: command.unwrap_or_default(), limit })
    }

    /// Removes what is left of this run, and warns if that is not possible.
    pub(super) fn remove_left(&self) {
        if self.untidy.load(Ordering::Relaxed) || self.cleanup.is_over() {
            let (.., is_clean) = self.sweep(RUN_LABEL, &self.settings.run.clone());
            if !is_clean {
                self.warn_of_left();
                return;
            }
        }
        // Otherwise a later run starts docker and finds nothing.
        let _ = started::remove(&self.settings.folder);
        self.cancel.set_leftovers(None);
    }

    /// Warns of containers and volumes that may be left.
    fn warn_of_left(&self) {
        let state = self.cleanup.state();
        let why = match &state.unanswered {
            Some(command) => {
                let limit = humantime::format_duration(self.cleanup.limit);
                format!("`{command}` did not answer within {limit}")
            }
            None => format!("{} does not answer", self.dialect.kind()),
        };
        let names: Vec<String> = state.left.iter().map(|name| format!("`{name}`")).collect();
        let named =
            if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        self.note(format!("{why}, so {}{named}", self.describe_left()));
    }

    /// What is left when the run ends now.
    pub(super) fn describe_left(&self) -> String {
        let (program, run) = (&self.settings.docker, &self.settings.run);
        format!(
            "containers and volumes may be left, which the next run removes; \
             `{program} ps --all --filter label={RUN_LABEL}={run}` lists the containers"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_wait_at_the_same_time_share_a_deadline() {
        let cleanup = CleanUp::new(Duration::from_secs(60));
        let (began, first) = cleanup.begin(false).unwrap();
        assert_eq!(first, began + LIMIT);
        assert_eq!(cleanup.begin(false).unwrap().1, first);
        cleanup.state().waiting.clear();
        assert!(cleanup.begin(false).unwrap().1 > first);
    }

    #[test]
    fn everything_that_ends_with_the_run_shares_a_deadline() {
        let cleanup = CleanUp::new(Duration::from_secs(60));
        let (_, end) = cleanup.begin(true).unwrap();
        cleanup.state().waiting.clear();
        assert_eq!(cleanup.begin(true).unwrap().1, end);
    }

    #[test]
    fn nothing_begins_after_a_command_that_did_not_answer() {
        let cleanup = CleanUp::new(Duration::from_secs(60));
        cleanup.state().unanswered = Some("docker rm".to_owned());
        assert_eq!(cleanup.begin(false), None);
    }
}
