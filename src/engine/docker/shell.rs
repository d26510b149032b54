//! A person in a job's container.
//!
//! Owns how our streams get into a container and its exit status out of it. The container is built
//! and proved as for a job, by [`super::job`]; what a visitor wants is the plan's to say.

use super::argv::{self, Container, ContainerStdin};
use super::{Docker, failed, text};
use crate::engine::{EngineError, Job, RunError};
use crate::engine_info::Topology;
use crate::plan::{Shell, Streams};
use crate::process;

impl Docker<'_> {
    /// Does what a visitor wants in a job's container, with its trees placed this way.
    pub(super) fn attend(
        &self,
        job: &Job<'_>,
        visit: &Shell,
        topology: Topology,
    ) -> Result<i32, RunError> {
        let stdin = match visit.streams {
            Streams::Terminal => ContainerStdin::Terminal,
            Streams::Plain => ContainerStdin::Open,
        };
        let mut container = self.job_container(job, topology)?;
        container.stdin = stdin;
        container.command.clone_from(&visit.command);
        // Taken before the start: from then on the container may do anything.
        let removal = self.create_proved(job, &container)?;
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let start = self.docker(argv::start(&container));
        let stop = || {
            self.look_at_the_end();
            self.remove_containers(&[container.name.clone()]);
        };
        let ended = process::attach(&start, self.cancel, self.emitter, stop);
        let status = ended.map_err(EngineError::from)?;
        let status = self.exit_status(&container, status);
        drop(removal);
        status
    }

    /// The exit status as the engine has it: docker's client may have been ended before the
    /// container, or have an error of its own to tell.
    fn exit_status(&self, container: &Container, client: i32) -> Result<i32, RunError> {
        let format = "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}";
        let inspect = self.docker(["container", "inspect", "--format", format, &container.name]);
        let output = self.call(inspect.args.clone())?;
        if output.code != 0 {
            return Err(RunError::Engine(failed(&inspect, &output)));
        }
        let said = text(&output.stdout);
        let mut words = said.splitn(3, ' ');
        let (state, code) = (words.next(), words.next().and_then(|code| code.parse().ok()));
        let wrong = |said: String| {
            let command = "docker start".to_owned();
            Err(RunError::Engine(EngineError::Docker { command, said }))
        };
        match (state, code, words.next().unwrap_or_default().trim()) {
            (Some("exited"), Some(code), "") => Ok(code),
            (Some("exited" | "created"), _, error) if !error.is_empty() => wrong(error.to_owned()),
            _ => wrong(format!("the client ended with {client}, and the container did not")),
        }
    }
}
