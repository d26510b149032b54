//! One job's container, from its flags to its exit status.
//!
//! Owns the proof that a container sees the project, read before its exit status is believed, that
//! a job which docker fails runs again, and that a container which must not go on is removed until
//! it is gone. The engine's general talk with docker is [`super`]'s; what an exit status means is
//! the catalogue's.

use std::path::Path;
use std::time::Duration;

use super::argv::{self, Container, ContainerNetwork, Mount, Source};
use super::dialect::Dialect;
use super::{Docker, failed, last_line, text};
use crate::check::Grant;
use crate::container::{APP, CONFIG, CONTROL};
use crate::engine::launcher::{self, Seen, Way};
use crate::engine::{Access, EngineError, Job, RunError};
use crate::engine_info::Topology;
use crate::outcome::RawOutput;
use crate::process::{Child, Invocation, Until, Waited};
use crate::snapshot::{PROOF, SnapshotError, Tree};

/// How long a container that was removed may take to be gone before it is removed again.
const REMOVAL: Duration = Duration::from_secs(2);

/// How often a container is removed before its client is killed.
const REMOVALS: usize = 5;

/// How often a job is run that docker does not start, or whose output does not arrive whole.
const ATTEMPTS: usize = 3;

impl<'d> Docker<'d> {
    /// Runs a job with its trees placed this way.
    pub(super) fn attempt(&self, job: &Job<'_>, topology: Topology) -> Result<RawOutput, RunError> {
        let mut container = self.job_container(job, topology)?;
        container.command = launcher::command(job, Way::Relayed);
        match job.environment.has_launcher {
            true => self.attempt_launched(job, &container),
            false => self.attempt_foreign(job, &container),
        }
    }

    /// A job's container, whatever is to run in it: a check, or what its visitor wants.
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
        container.env.clone_from(&step.env);
        if step.grants.contains(&Grant::Network) {
            container.network = ContainerNetwork::Granted;
        }
        if step.grants.contains(&Grant::DockerSocket) {
            if self.dialect != Dialect::Docker {
                return Err(RunError::Engine(EngineError::NoSocket));
            }
            container.socket_group = Some(socket_group());
        }
        Ok(container)
    }

    /// In an image of ours the launcher reads the proof before it starts the tool, and tells its
    /// end.
    fn attempt_launched(
        &self,
        job: &Job<'_>,
        container: &Container,
    ) -> Result<RawOutput, RunError> {
        let mut ended = self.launched(job, container);
        for _ in 1..ATTEMPTS {
            let error = match ended {
                Err(RunError::Engine(error)) if is_worth_another(&error, job.access) => error,
                ended => return ended,
            };
            self.remove_containers(std::slice::from_ref(&container.name));
            ended = self.launched(job, container);
            if ended.is_ok() {
                self.note(format!("`{}` ran again: {error}", job.name));
            }
        }
        ended
    }

    fn launched(&self, job: &Job<'_>, container: &Container) -> Result<RawOutput, RunError> {
        let mut output = self.finish(&self.docker(argv::run(container)), job, container)?;
        self.note_preamble(&mut output);
        let is_whole = launcher::take_end(&mut output);
        match launcher::judge(job, &mut output) {
            Seen::Tool if is_whole => Ok(output),
            Seen::Tool => Err(RunError::Engine(EngineError::OutputLost)),
            // Docker has words for whatever it cannot do, and so has the launcher.
            Seen::Nothing if output.code < 125 && output.stderr.is_empty() => {
                Err(RunError::Engine(EngineError::OutputLost))
            }
            Seen::NoProgram => Err(RunError::Engine(no_program(job, &output))),
            Seen::OtherFiles => Err(RunError::Unseen("it sees other files".to_owned())),
            Seen::Nothing => Err(self.not_started(job, &output)),
        }
    }

    /// In an image that is not ours the proof is read from outside, before the start.
    fn attempt_foreign(&self, job: &Job<'_>, container: &Container) -> Result<RawOutput, RunError> {
        let removal = self.create_proved(job, container)?;
        let start = self.docker(argv::start(container));
        let output = self.finish(&start, job, container)?;
        drop(removal);
        match output.code {
            // Only docker says 125; the words of the command itself are not for us to read.
            125 => Err(RunError::Engine(failed(&start, &output))),
            126 | 127 => Err(RunError::Engine(no_program(job, &output))),
            _ => Ok(output),
        }
    }

    /// Creates a container and reads from outside that it will see its trees.
    pub(super) fn create_proved<'c>(
        &'c self,
        job: &Job<'_>,
        container: &'c Container,
    ) -> Result<RemoveOnDrop<'c, 'd>, RunError> {
        let removal = RemoveOnDrop { docker: self, name: &container.name };
        // Not ended by an interrupt: the engine would go on, and nobody knew whether it had.
        let created = self.call_anyway(argv::create(container))?;
        if created.code != 0 {
            return Err(self.not_started(job, &created));
        }
        let trees = std::iter::once((APP, job.app)).chain(job.config.map(|tree| (CONFIG, tree)));
        for (target, tree) in trees {
            let proof = format!("{}:{target}/{PROOF}", container.name);
            let copied = self.call(["cp", &proof, "-"])?;
            // The answer is a tar archive of this one small file: its content follows a 512-byte
            // head.
            let expected = tree.hash.to_string();
            let seen = copied.stdout.get(512..512 + expected.len());
            if copied.code != 0 || seen != Some(expected.as_bytes()) {
                return Err(RunError::Unseen(first_line(&copied.stderr, "it sees other files")));
            }
        }
        Ok(removal)
    }

    /// What it means that a container of ours ended before its launcher, or was not created.
    fn not_started(&self, job: &Job<'_>, output: &RawOutput) -> RunError {
        let said = text(&output.stderr);
        let about_mounts = is_about_mounts(&said) || said.contains("launcher.py");
        let reason = last_line(&output.stderr, "it said nothing");
        if about_mounts {
            return RunError::Unseen(reason);
        }
        RunError::Engine(match output.code {
            126 | 127 => no_program(job, output),
            code => EngineError::Docker {
                command: format!("{} run", self.dialect.kind()),
                said: format!("{reason} (exit status {code})"),
            },
        })
    }

    /// Whether a container sees what is in a folder of ours.
    ///
    /// # Errors
    ///
    /// When there is no such image, or nothing can be written in the folder.
    pub fn sees(&self, folder: &Path, image: &str) -> Result<bool, EngineError> {
        let (file, expected) = (folder.join(PROOF), &self.settings.run);
        std::fs::write(&file, expected).map_err(SnapshotError::io("write", &file))?;
        let mut container = self.container("look", image);
        let source = Source::Bind(folder.to_owned());
        container.mounts.push(Mount { source, target: APP.to_owned(), access: Access::Read });
        let _removal = RemoveOnDrop { docker: self, name: &container.name };
        // Not ended by an interrupt: the engine would go on, and nobody knew whether it had.
        let create = self.docker(argv::create(&container));
        let created = self.call_anyway(create.args.iter())?;
        if created.code != 0 {
            return match is_about_mounts(&text(&created.stderr)) {
                true => Ok(false),
                false => Err(failed(&create, &created)),
            };
        }
        let copied = self.call(["cp", &format!("{}:{APP}/{PROOF}", container.name), "-"])?;
        // A tar archive: the content of its one small file follows a 512-byte head.
        let seen = copied.stdout.get(512..512 + expected.len());
        Ok(copied.code == 0 && seen == Some(expected.as_bytes()))
    }

    /// Notes what the engine said before the launcher spoke: it is not the tool's.
    fn note_preamble(&self, output: &mut RawOutput) {
        if let Some(said) = launcher::take_preamble(&mut output.stderr) {
            self.note(format!("{} says: {said}", self.dialect.kind()));
        }
    }

    /// Waits for a started container, and removes it if it must not go on.
    fn finish(
        &self,
        invocation: &Invocation,
        job: &Job<'_>,
        container: &Container,
    ) -> Result<RawOutput, RunError> {
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let mut child = Child::spawn(invocation, self.emitter).map_err(EngineError::from)?;
        let removal = RemoveOnDrop { docker: self, name: &container.name };
        let until = Until { cancel: Some(self.cancel), limit: job.step.timeout };
        let waited = child.wait(until);
        if waited != Waited::Exited {
            self.stop(&mut child, &container.name);
        }
        let mut output = child.output();
        match waited {
            Waited::Stopped => Err(RunError::Stopped),
            Waited::TimedOut => {
                self.note_preamble(&mut output);
                launcher::take_proof(&mut output.stderr);
                Err(RunError::TimedOut { output })
            }
            Waited::Exited => {
                // Up to here the client spoke for the container; a client that was killed did not.
                if output.code < 125 {
                    std::mem::forget(removal);
                }
                Ok(output)
            }
        }
    }

    /// Removes a container until its client ends. One that was just being created when it was
    /// removed for the first time is there the next time.
    fn stop(&self, child: &mut Child, name: &str) {
        self.look_at_the_end();
        for _ in 0..REMOVALS {
            self.remove_containers(&[name.to_owned()]);
            if child.wait(Until { cancel: None, limit: REMOVAL }) == Waited::Exited {
                return;
            }
        }
        child.kill();
    }
}

/// Removes a container when dropped.
pub(super) struct RemoveOnDrop<'r, 'd> {
    docker: &'r Docker<'d>,
    name: &'r str,
}

impl Drop for RemoveOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.docker.remove_containers(&[self.name.to_owned()]);
    }
}

/// Whether a job that ended with this error may end otherwise the next time. One that writes would
/// find what it wrote itself.
fn is_worth_another(error: &EngineError, access: Access) -> bool {
    access == Access::Read && matches!(error, EngineError::Docker { .. } | EngineError::OutputLost)
}

/// Whether docker says that it cannot mount what it was told to.
fn is_about_mounts(said: &str) -> bool {
    let about =
        ["bind source path", "invalid mount config", "Mounts denied", "not shared", "statfs "];
    about.iter().any(|words| said.contains(words))
}

fn no_program(job: &Job<'_>, output: &RawOutput) -> EngineError {
    launcher::no_program(job, last_line(&output.stderr, "it said nothing"))
}

/// The group that the docker socket belongs to, as far as this machine can tell.
fn socket_group() -> u32 {
    use std::os::unix::fs::MetadataExt;

    std::fs::metadata(argv::SOCKET).map_or(0, |socket| socket.gid())
}

fn first_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or(otherwise).to_owned()
}
