//! Runs one job in a container, from its flags to its exit status.
//!
//! An exit status is believed only after the container has proved that it sees the project. A job
//! that docker fails to run is tried again. A container that must stop is removed until it is gone.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::Docker;
use super::argv::{self, Container, ContainerNetwork, Mount, SharedSocket, Source};
use super::call::{failed, last_line, name_command, text};
use super::end_cause::EndCause;
use super::podman::Dialect;
use super::proof::{self, Proof, UserMapping};
use crate::check::Grant;
use crate::container::{APP, CONFIG, CONTROL, working_directory};
use crate::engine::launcher::{self, Seen, Way};
use crate::engine::limits::{CopyWatch, exceeded_error};
use crate::engine::{Access, EngineError, Job, RunError, endpoint};
use crate::engine_info::Topology;
use crate::limits::LimitKind;
use crate::outcome::RawOutput;
use crate::process::{Child, Invocation, Until, Waited};
use crate::snapshot::{SnapshotError, Tree};

/// The time between two attempts to remove a container.
const REMOVAL: Duration = Duration::from_secs(2);

/// The number of attempts to remove a container before its client is killed.
const REMOVALS: usize = 5;

/// The number of attempts for a job that docker does not start or whose output is incomplete.
const ATTEMPTS: usize = 3;

/// The exit status of a container whose program was killed.
const KILLED: i32 = 137;

/// The exit status of a container whose program was ended by TERM, as an engine does that ends itself.
const TERMINATED: i32 = 143;

impl<'d> Docker<'d> {
    /// Runs a job with its trees placed this way.
    pub(super) fn attempt(&self, job: &Job<'_>, topology: Topology) -> Result<RawOutput, RunError> {
        let mut container = self.job_container(job, topology)?;
        container.command = launcher::build_command(job, Way::Relayed);
        match job.environment.has_launcher {
            true => self.attempt_launched(job, &container),
            false => self.attempt_foreign(job, &container),
        }
    }

    /// Describes a job's container, for its check or for a shell.
    pub(super) fn job_container(
        &self,
        job: &Job<'_>,
        topology: Topology,
    ) -> Result<Container, RunError> {
        let step = job.step;
        let image = &job.environment.id;
        let mut container = self.container(job.name, image);
        let mut add = |tree: &Tree, target: &str, access| -> Result<(), RunError> {
            let source = match topology {
                Topology::Bind => Source::Bind(tree.folder.clone()),
                Topology::Stream => Source::Volume(self.placement.volume(self, tree, image)?),
            };
            container.mounts.push(Mount { source, target: target.to_owned(), access });
            Ok(())
        };
        add(job.app, APP, job.access)?;
        if let Some(config) = job.config {
            add(config, CONFIG, Access::Read)?;
        }
        if job.environment.has_launcher {
            add(job.control, CONTROL, Access::Read)?;
        }
        container.folder = working_directory(&step.folder);
        container.env.clone_from(&step.env);
        container.passed = job.secrets.iter().map(|(name, _)| name.to_owned()).collect();
        container.memory = self.memory_limit(step.limits.memory);
        if step.grants.contains(&Grant::Network) {
            container.network = ContainerNetwork::Granted;
        }
        if step.grants.contains(&Grant::DockerSocket) {
            if self.dialect != Dialect::Docker {
                return Err(RunError::Engine(EngineError::NoSocket));
            }
            container.socket = Some(self.shared_socket()?);
        }
        Ok(container)
    }

    /// The socket of this engine.
    fn shared_socket(&self) -> Result<SharedSocket, EngineError> {
        let path = endpoint::socket(&self.settings.variables)?;
        let metadata = fs::metadata(&path).map_err(SnapshotError::io("find", &path))?;
        let group = match self.user_mapping()? {
            None => metadata.gid(),
            // That of the user who runs the engine, to whom the socket belongs.
            Some(UserMapping::Rootless) => 0,
            Some(UserMapping::Remapped) => return Err(EngineError::UnusableSocket),
        };
        Ok(SharedSocket { path, group })
    }

    /// Runs a job in an image of ours, where the launcher prints the proof before it starts the
    /// tool, and a last line after it.
    fn attempt_launched(
        &self,
        job: &Job<'_>,
        container: &Container,
    ) -> Result<RawOutput, RunError> {
        let mut result = self.run_launched(job, container);
        for _ in 1..ATTEMPTS {
            let error = match result {
                Err(RunError::Engine(error)) if is_worth_retrying(&error, job.access) => error,
                result => return result,
            };
            self.remove_containers(std::slice::from_ref(&container.name));
            result = self.run_launched(job, container);
            if result.is_ok() {
                self.note(format!("`{}` ran again: {error}", job.name));
            }
        }
        result
    }

    fn run_launched(&self, job: &Job<'_>, container: &Container) -> Result<RawOutput, RunError> {
        let (mut output, _removal) =
            self.finish(&self.job_invocation(argv::run(container), job), job, container)?;
        self.note_preamble(&mut output);
        let end = launcher::take_end(&mut output);
        // A launcher that is killed, by the kernel or with its container, writes no last line.
        let is_killed = !end.is_marked && matches!(output.code, KILLED | TERMINATED);
        let exceeded = match end.exceeded {
            None if is_killed => match self.find_end_cause(container)? {
                EndCause::OutOfMemory => Some(LimitKind::Memory),
                EndCause::Engine | EndCause::Itself => return Err(self.stopped(&output)),
            },
            exceeded => exceeded,
        };
        if let Some(kind) = exceeded {
            launcher::take_proof(&mut output.stderr);
            return Err(exceeded_error(job, kind, container.memory, output));
        }
        let is_whole = end.is_marked || output.code > 128;
        match launcher::check_proof(job, &mut output) {
            Seen::Tool if is_whole => match proof::has_come_back(job, container) {
                true => Ok(output),
                false => {
                    Err(RunError::ReadOnly("its changes do not reach this machine".to_owned()))
                }
            },
            Seen::Tool => Err(RunError::Engine(EngineError::OutputLost)),
            // Without a message, neither docker nor the launcher failed: the output was lost.
            Seen::Nothing if output.code < 125 && output.stderr.is_empty() => {
                Err(RunError::Engine(EngineError::OutputLost))
            }
            Seen::NoProgram => Err(RunError::Engine(no_program(job, &output))),
            Seen::EndedEarly => Err(launcher::ended_early(job, output)),
            Seen::ReadOnly => Err(launcher::read_only(&output)),
            Seen::NotInstalled => Err(launcher::not_installed(output)),
            Seen::OtherFiles => Err(RunError::Unseen("it sees other files".to_owned())),
            Seen::Nothing => Err(self.not_started(job, &output)),
        }
    }

    /// Runs a job in an image that is not ours, where the proof is read from outside, before the
    /// start.
    fn attempt_foreign(&self, job: &Job<'_>, container: &Container) -> Result<RawOutput, RunError> {
        let removal = self.create_proved(job, container, &Proof::of_trees(job))?;
        let start = self.job_invocation(argv::start(container), job);
        let (output, started) = self.finish(&start, job, container)?;
        let cause = self.find_end_cause_of_existing(container, &output);
        drop((started, removal));
        match cause? {
            EndCause::OutOfMemory => {
                return Err(exceeded_error(job, LimitKind::Memory, container.memory, output));
            }
            EndCause::Engine => return Err(self.stopped(&output)),
            EndCause::Itself => {}
        }
        match output.code {
            // Only docker exits with 125; the output belongs to the command itself.
            125 => Err(RunError::Engine(failed(&start, &output))),
            126 | 127 => Err(RunError::Engine(no_program(job, &output))),
            _ => Ok(output),
        }
    }

    /// The invocation of docker that creates or runs a job. Its client has the secrets of the job as
    /// variables, so that no argument contains them. A container with a network gets the proxies of
    /// docker's client. None of these values must be in the output of a check.
    pub(super) fn job_invocation(&self, args: Vec<OsString>, job: &Job<'_>) -> Invocation {
        let mut invocation = self.docker(args);
        invocation.secrets = job.secrets.secrets().clone();
        for (name, value) in job.secrets.iter() {
            invocation.removed.retain(|removed| removed != name);
            invocation.env.push((name.to_owned().into(), value.to_owned()));
        }
        if job.step.grants.contains(&Grant::Network) {
            invocation.secrets =
                invocation.secrets.with_credentials(self.settings.network.secrets());
        }
        invocation
    }

    /// The error for a check whose container was stopped.
    fn stopped(&self, output: &RawOutput) -> RunError {
        let engine = self.dialect.kind();
        RunError::Engine(EngineError::Stopped { engine, code: output.code })
    }

    /// The error for a container that was not created, or ended before its launcher started.
    pub(super) fn not_started(&self, job: &Job<'_>, output: &RawOutput) -> RunError {
        let stderr = text(&output.stderr);
        let about_mounts = proof::is_about_mounts(&stderr) || stderr.contains("launcher.py");
        let reason = last_line(&output.stderr, "no message");
        if about_mounts {
            return RunError::Unseen(reason);
        }
        RunError::Engine(match output.code {
            126 | 127 => no_program(job, output),
            code => EngineError::Docker {
                command: format!("{} run", self.dialect.kind()),
                message: format!("{reason} (exit status {code})"),
            },
        })
    }

    /// Reports the text before the launcher's first line as a warning: it was written by the
    /// engine.
    fn note_preamble(&self, output: &mut RawOutput) {
        if let Some(warning) = launcher::take_preamble(&mut output.stderr) {
            self.note(format!("{}: {warning}", self.dialect.kind()));
        }
    }

    /// Waits for a started container, and removes it when it must stop. If the container may be there
    /// still, it is removed with the second value.
    fn finish<'c>(
        &'c self,
        invocation: &Invocation,
        job: &Job<'_>,
        container: &'c Container,
    ) -> Result<(RawOutput, Option<RemoveOnDrop<'c, 'd>>), RunError> {
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        self.note_start()?;
        let mut child = Child::spawn_limited(invocation, job.step.limits.output, self.emitter)
            .map_err(EngineError::from)?;
        let removal = RemoveOnDrop { docker: self, name: &container.name };
        let until = Until { cancel: Some(self.cancel), limit: job.step.timeout };
        // A volume is on the engine's machine, where nothing can measure it.
        let mut copy = CopyWatch::new(job).filter(|_| container.is_bound());
        let waited = match &mut copy {
            Some(copy) => {
                child.wait_watched(until, &mut |_| copy.look().then_some(LimitKind::Disk))
            }
            None => child.wait(until),
        };
        if waited != Waited::Exited {
            self.stop(&mut child, &container.name);
        }
        let (mut output, too_much) = child.limited_output();
        let exceeded = match waited {
            Waited::Exceeded(kind) => Some(kind),
            Waited::Exited if copy.is_some_and(|copy| copy.measure()) => Some(LimitKind::Disk),
            Waited::Exited => too_much,
            Waited::Stopped | Waited::TimedOut => None,
        };
        if let Some(kind) = exceeded {
            self.note_preamble(&mut output);
            launcher::take_proof(&mut output.stderr);
            launcher::take_end(&mut output);
            return Err(exceeded_error(job, kind, container.memory, output));
        }
        match waited {
            Waited::Stopped => Err(RunError::Stopped),
            Waited::TimedOut => {
                self.note_preamble(&mut output);
                let has_begun = launcher::take_proof(&mut output.stderr).is_some();
                // The launcher prints its proof at once, so docker has not even started it.
                if job.environment.has_launcher && !has_begun {
                    let limit = humantime::format_duration(job.step.timeout);
                    let command = name_command(invocation);
                    self.note(format!("`{command}` did not start `{}` within {limit}", job.name));
                }
                Err(RunError::TimedOut { output })
            }
            Waited::Exited | Waited::Exceeded(_) => {
                // A client that exits normally has waited for the container; a killed one has not.
                if output.code < 125 {
                    std::mem::forget(removal);
                    return Ok((output, None));
                }
                Ok((output, Some(removal)))
            }
        }
    }

    /// Removes a container until its client ends. The first attempt may come before the container
    /// was created.
    fn stop(&self, child: &mut Child, name: &str) {
        self.mark_untidy();
        for _ in 0..REMOVALS {
            if !self.remove_containers(&[name.to_owned()]) {
                break;
            }
            if child.wait(Until { cancel: None, limit: REMOVAL }) == Waited::Exited {
                return;
            }
        }
        child.kill();
    }
}

/// Removes a container when dropped.
pub(super) struct RemoveOnDrop<'r, 'd> {
    pub(super) docker: &'r Docker<'d>,
    pub(super) name: &'r str,
}

impl Drop for RemoveOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.docker.remove_containers(&[self.name.to_owned()]);
    }
}

/// Whether a job may succeed at another attempt after this error. A job that writes would find its
/// own changes.
fn is_worth_retrying(error: &EngineError, access: Access) -> bool {
    access == Access::Read && matches!(error, EngineError::Docker { .. } | EngineError::OutputLost)
}

fn no_program(job: &Job<'_>, output: &RawOutput) -> EngineError {
    launcher::no_program(job, last_line(&output.stderr, "no message"))
}
