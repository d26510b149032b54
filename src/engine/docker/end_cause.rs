//! Asks the engine what has ended a container.
//!
//! A program ends in the same way when it fails and when its container is stopped, so that its exit status
//! does not tell. Some programs even exit with 0 when they are asked to end.

use serde_json::Value;

use super::Docker;
use super::argv::Container;
use super::call::{failed, last_line, text};
use super::podman::Dialect;
use crate::engine::EngineError;
use crate::outcome::RawOutput;

/// The cause of the end of a container, as far as the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndCause {
    /// Its program has ended by itself, or the engine does not know.
    Itself,
    /// A process was killed because memory ran out.
    OutOfMemory,
    /// The engine has stopped it, for another program or because the engine itself has ended.
    Engine,
}

impl Docker<'_> {
    /// Asks for the cause of the end of a container, which may be gone already.
    pub(super) fn find_end_cause(&self, container: &Container) -> Result<EndCause, EngineError> {
        if self.dialect != Dialect::Docker {
            // Podman records no such events, and has no engine that could end.
            return Ok(EndCause::Itself);
        }
        let filter = format!("container={}", container.name);
        // Without an end, the command would wait for further events.
        let args = ["events", "--since", "24h", "--until", "0s", "--filter", &filter];
        let wanted = ["--filter", "event=oom", "--filter", "event=kill"];
        let answer = self.call(args.into_iter().chain(wanted).chain(["--format", "{{json .}}"]))?;
        if answer.code != 0 {
            return Err(EngineError::NotRunning(last_line(&answer.stderr, "no message")));
        }
        let actions: Vec<Value> = text(&answer.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let has = |action: &str| actions.iter().any(|event| event["Action"] == action);
        Ok(match (has("oom"), has("kill")) {
            (true, _) => EndCause::OutOfMemory,
            (false, true) => EndCause::Engine,
            (false, false) => EndCause::Itself,
        })
    }

    /// The same for a container that still exists, whose client has ended with this output.
    pub(super) fn find_end_cause_of_existing(
        &self,
        container: &Container,
        output: &RawOutput,
    ) -> Result<EndCause, EngineError> {
        let format = "{{.State.ExitCode}} {{.State.OOMKilled}}";
        let inspect = self.docker(["container", "inspect", "--format", format, &container.name]);
        let answer = self.call(inspect.args.clone())?;
        if answer.code != 0 {
            return Err(EngineError::NotRunning(last_line(&answer.stderr, "no message")));
        }
        let answer = text(&answer.stdout);
        let (code, out_of_memory) = answer.split_once(' ').unwrap_or_default();
        if out_of_memory == "true" {
            return Ok(EndCause::OutOfMemory);
        }
        if code != output.code.to_string() {
            // The client has lost its engine, or has failed itself.
            let start = self.docker(["start"]);
            return Err(failed(&start, output));
        }
        self.find_end_cause(container)
    }
}
