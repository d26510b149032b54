//! Runs a shell in a job's container, attached to our own streams.
//!
//! [`super::job`] creates the container and checks its proof, as for a job.

use super::Docker;
use super::argv::{self, Container, ContainerStdin};
use super::call::{failed, text};
use super::proof::Proof;
use crate::engine::{EngineError, Job, RunError};
use crate::engine_info::Topology;
use crate::event::Event;
use crate::plan::{Shell, ShellFiles, Streams};
use crate::process;

impl Docker<'_> {
    /// Runs a shell in a job's container, with its trees placed this way.
    pub(super) fn attach_shell(
        &self,
        job: &Job<'_>,
        shell: &Shell,
        topology: Topology,
    ) -> Result<i32, RunError> {
        let stdin = match shell.streams {
            Streams::Terminal => ContainerStdin::Terminal,
            Streams::Plain => ContainerStdin::Open,
        };
        let mut container = self.job_container(job, topology)?;
        container.stdin = stdin;
        container.command.clone_from(&shell.command);
        if shell.has_client {
            match self.prepare_client_image(job.environment) {
                Ok(image) => container.image = image,
                Err(error) => self.emitter.emit(&Event::Warning {
                    message: &format!("the shell has no docker client: {error}"),
                }),
            }
        }
        // The proofs are checked before the start, while nothing runs in the container.
        let mut proofs = Proof::of_trees(job);
        if shell.files != ShellFiles::Copy {
            proofs[0] = Proof::of_project(&self.settings.root, &shell.manifest)?;
        }
        let removal = self.create_proved(job, &container, &proofs)?;
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let start = self.docker(argv::start(&container));
        let stop = || {
            self.mark_untidy();
            self.remove_containers(&[container.name.clone()]);
        };
        let result = process::attach(&start, self.cancel, self.emitter, stop);
        let status = result.map_err(EngineError::from)?;
        let status = self.exit_status(&container, status);
        drop(removal);
        status
    }

    /// The exit status according to the engine: docker's client may have ended before the
    /// container, or have failed itself.
    fn exit_status(&self, container: &Container, client: i32) -> Result<i32, RunError> {
        let format = "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}";
        let inspect = self.docker(["container", "inspect", "--format", format, &container.name]);
        let output = self.call(inspect.args.clone())?;
        if output.code != 0 {
            return Err(RunError::Engine(failed(&inspect, &output)));
        }
        let answer = text(&output.stdout);
        let mut words = answer.splitn(3, ' ');
        let (state, code) = (words.next(), words.next().and_then(|code| code.parse().ok()));
        let failed = |message: String| {
            let command = "docker start".to_owned();
            Err(RunError::Engine(EngineError::Docker { command, message }))
        };
        match (state, code, words.next().unwrap_or_default().trim()) {
            (Some("exited"), Some(code), "") => Ok(code),
            (Some("exited" | "created"), _, error) if !error.is_empty() => failed(error.to_owned()),
            _ => failed(format!("the client ended with exit status {client} before the container")),
        }
    }
}
