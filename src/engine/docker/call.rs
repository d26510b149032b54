//! Runs docker's client and waits for its answer.
//!
//! Every call has a time limit: an engine that hangs costs a bounded time, and its error names the
//! command that did not answer.

use std::ffi::OsString;
use std::time::Duration;

use super::Docker;
use super::podman::Dialect;
use crate::engine::{EngineError, endpoint};
use crate::limits::ByteSize;
use crate::outcome::RawOutput;
use crate::process::{self, Child, Invocation, ProcessError, Until, Waited};

/// The number of characters of an answer that an error quotes. An engine may print without an end.
const QUOTED: usize = 1000;

/// The time limit of a docker command that moves data.
const DATA_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The size of the largest archive of files that are read back from a container.
const ARCHIVE_LIMIT: ByteSize = ByteSize(256 << 20);

/// The time limit of a build or a pull.
pub(super) const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Variables that change what docker's commands do.
const MISLEADING: [&str; 4] =
    ["DOCKER_API_VERSION", "DOCKER_CONTENT_TRUST", "DOCKER_DEFAULT_PLATFORM", "SOURCE_DATE_EPOCH"];

/// The variable with the folder of buildx's state, the only one of buildx that changes no build.
const BUILDX_STATE: &str = "BUILDX_CONFIG";

/// The result of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildOutput {
    /// An image in the engine.
    Image,
    /// None, because the build is only tried.
    Nothing,
}

impl Docker<'_> {
    /// Runs a docker command that is stopped with the run.
    pub(super) fn call<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        self.await_answer(&self.docker(args), self.settings.answer_limit)
    }

    /// Runs a docker command that is stopped with the run, within a time limit of its own.
    pub(super) fn await_answer(
        &self,
        invocation: &Invocation,
        limit: Duration,
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit };
        process::run(invocation, until, self.emitter).map_err(|error| unanswered(invocation, error))
    }

    /// Runs a docker command that creates something, to its end even when the run stops: the engine
    /// would continue without its client, with an unknown result.
    pub(super) fn create(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        self.note_start()?;
        let limit = self.settings.answer_limit;
        let mut child = Child::spawn(invocation, self.emitter).map_err(EngineError::from)?;
        let mut waited = child.wait(Until { cancel: Some(self.cancel), limit });
        if waited == Waited::Stopped {
            waited = self.cleanup.wait(&mut child, &name_command(invocation), true);
        }
        if waited == Waited::Exited {
            return Ok(child.output());
        }
        child.kill();
        self.mark_untidy();
        Err(EngineError::NoAnswer { command: name_command(invocation), limit })
    }

    /// The standard output of a docker command; none if it fails.
    pub fn ask(&self, args: &[&str]) -> Option<String> {
        let output = self.call(args.iter().copied()).ok()?;
        (output.code == 0).then(|| text(&output.stdout))
    }

    /// Runs a docker command that has to succeed.
    pub(super) fn succeed(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let output = self.await_answer(invocation, self.settings.answer_limit)?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a docker command that has to succeed and moves data.
    pub(super) fn move_data(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let output = self.follow(invocation, DATA_LIMIT, |_| {})?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a docker command that prints an archive, which is held in memory. It ends as soon as the
    /// archive is too large: a check may have written files of any size.
    pub(super) fn read_archive(&self, invocation: &Invocation) -> Result<Vec<u8>, EngineError> {
        let mut child = Child::spawn_limited(invocation, ARCHIVE_LIMIT, self.emitter)?;
        let waited = child.wait(Until { cancel: Some(self.cancel), limit: DATA_LIMIT });
        if waited != Waited::Exited {
            child.kill();
        }
        let (output, too_much) = child.limited_output();
        match (waited, too_much) {
            (Waited::Stopped, _) => Err(ProcessError::Stopped.into()),
            (_, Some(_)) => Err(EngineError::ArchiveTooLarge(ARCHIVE_LIMIT)),
            (Waited::TimedOut, _) => {
                let command = name_command(invocation);
                Err(EngineError::NoAnswer { command, limit: DATA_LIMIT })
            }
            _ if output.code != 0 => Err(failed(invocation, &output)),
            _ => Ok(output.stdout),
        }
    }

    /// Runs a long docker command, and passes on the lines of its standard error.
    pub(super) fn follow(
        &self,
        invocation: &Invocation,
        limit: Duration,
        on_line: impl FnMut(&str),
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit };
        process::stream(invocation, until, self.emitter, on_line)
            .map_err(|error| unanswered(invocation, error))
    }

    /// The invocation of docker's client with these arguments.
    pub(super) fn docker<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation {
        let options = self.dialect.options().iter().map(OsString::from);
        let args = options.chain(args.into_iter().map(Into::into));
        let mut invocation = Invocation::new(&self.program, args);
        let names = self.settings.variables.names();
        invocation.removed = names.filter(|name| is_misleading(name)).cloned().collect();
        invocation
    }

    /// The start of a build in the engine itself. Another builder, which `docker buildx use` chooses,
    /// can have another image under the name of the base.
    pub(super) fn start_build(&self, output: BuildOutput) -> Invocation {
        let output = match output {
            BuildOutput::Image => "--load",
            BuildOutput::Nothing => "--output=type=cacheonly",
        };
        let mut invocation = self.docker(["buildx", "build", output, "--progress", "plain"]);
        if self.dialect == Dialect::Docker {
            let builder = endpoint::context_name(&self.settings.variables);
            invocation.args.extend(["--builder".into(), builder.into()]);
        }
        invocation
    }
}

/// Whether a variable changes what docker's commands do.
fn is_misleading(name: &str) -> bool {
    let is_of_builder = ["BUILDX_", "BUILDKIT_"].iter().any(|prefix| name.starts_with(prefix));
    MISLEADING.contains(&name) || is_of_builder && name != BUILDX_STATE
}

/// Names the command that did not answer, without its arguments.
fn unanswered(invocation: &Invocation, error: ProcessError) -> EngineError {
    match error {
        ProcessError::TimedOut { limit, .. } => {
            EngineError::NoAnswer { command: name_command(invocation), limit }
        }
        error => error.into(),
    }
}

/// The error of a docker command that failed.
pub(super) fn failed(invocation: &Invocation, output: &RawOutput) -> EngineError {
    EngineError::Docker {
        command: name_command(invocation),
        message: last_line(&output.stderr, &format!("exit status {}", output.code)),
    }
}

/// A docker command without its arguments, such as `docker rm`.
pub(super) fn name_command(invocation: &Invocation) -> String {
    // Options before the command apply to every command.
    let mut words = invocation.args.iter().map(|word| word.to_string_lossy());
    let word = words.find(|word| !word.starts_with("--"));
    let program = invocation.program.file_name().unwrap_or_default().to_string_lossy();
    format!("{program} {}", word.unwrap_or_default())
}

/// A stream as text, without the spaces at its end.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

/// The last line of a message, without docker's hint about its own command line.
pub(super) fn last_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    let is_message = |line: &&str| !line.is_empty() && !line.starts_with("Run 'docker");
    quote(text.lines().map(str::trim).rfind(is_message).unwrap_or(otherwise))
}

/// The part of an answer that an error quotes.
pub(super) fn quote(answer: &str) -> String {
    match answer.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &answer[..end]),
        None => answer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_docker_is_not_its_error() {
        assert_eq!(
            last_line(b"docker: no such image\n\nRun 'docker run --help'\n", ""),
            "docker: no such image"
        );
    }

    #[test]
    fn an_error_quotes_a_part_of_a_long_answer() {
        let answer = "é".repeat(QUOTED);
        assert_eq!(quote(&answer), answer);
        assert_eq!(quote(&format!("{answer}xyz")), format!("{answer}…"));
        assert_eq!(last_line(format!("{answer}xyz").as_bytes(), ""), format!("{answer}…"));
    }
}
