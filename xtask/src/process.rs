//! Starts programs: no other module does.
//!
//! [`Command`] says how a program is started, which part of its output is shown, and how its failure
//! reads.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::failure::{Failure, Result};
use crate::workspace;

/// How many of the last lines of a failed program are shown.
const SHOWN_LINES: usize = 20;

/// A program and its arguments, run from the root of the repository by default.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    words: Vec<String>,
    variables: Vec<(String, String)>,
    removed: Vec<OsString>,
    inherits: bool,
    folder: PathBuf,
    input: Vec<u8>,
}

impl Command {
    /// A program found on the `PATH`, or the one at a path.
    pub(crate) fn new<const N: usize>(program: &str, arguments: [&str; N]) -> Command {
        Command {
            words: std::iter::once(program).chain(arguments).map(str::to_owned).collect(),
            variables: Vec::new(),
            removed: Vec::new(),
            inherits: true,
            folder: workspace::root().to_owned(),
            input: Vec::new(),
        }
    }

    /// Cargo, with words separated by spaces.
    pub(crate) fn cargo(words: &str) -> Command {
        Command::new("cargo", []).arguments(words.split(' '))
    }

    /// Adds arguments.
    pub(crate) fn arguments<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Command {
        self.words.extend(words.into_iter().map(str::to_owned));
        self
    }

    /// Sets a variable for the program.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Command {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets the program inherit none of these variables.
    pub(crate) fn without(mut self, names: impl IntoIterator<Item = OsString>) -> Command {
        self.removed.extend(names);
        self
    }

    /// Lets a program that [`Command::start_group`] starts inherit no variable at all.
    pub(crate) fn alone(mut self) -> Command {
        self.inherits = false;
        self
    }

    /// Runs it from this folder.
    pub(crate) fn folder(mut self, folder: &Path) -> Command {
        self.folder = folder.to_owned();
        self
    }

    /// Sets the standard input, which is empty by default.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Command {
        self.input = bytes.into();
        self
    }

    /// Runs it with its output shown.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not succeed.
    pub(crate) fn run(&self) -> Result<()> {
        match self.status()? {
            0 => Ok(()),
            status => Err(Failure::new(format!("`{self}` ended with exit status {status}"))),
        }
    }

    /// Runs it with its output shown, for the exit status.
    ///
    /// # Errors
    ///
    /// When it cannot be started or is killed.
    pub(crate) fn status(&self) -> Result<i32> {
        let output = self.expression().run().map_err(|error| self.not_started(&error))?;
        let status = output.status;
        status.code().ok_or_else(|| Failure::new(format!("`{self}` ended with {status}")))
    }

    /// Runs it silently, for the text it prints.
    ///
    /// # Errors
    ///
    /// As [`Command::read_bytes`].
    pub(crate) fn read(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.read_bytes()?).trim_end().to_owned())
    }

    /// Runs it silently, for the bytes it prints.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not succeed; the end of its output is in the failure.
    pub(crate) fn read_bytes(&self) -> Result<Vec<u8>> {
        let output = self.attempt().map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let printed = [output.stdout, output.stderr].concat();
        Err(Failure::new(format!(
            "`{self}` ended with {}\n\n{}",
            output.status,
            last_lines(&String::from_utf8_lossy(&printed))
        )))
    }

    /// Runs it silently, whether it succeeds or not.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn attempt(&self) -> io::Result<Output> {
        self.quiet().run()
    }

    /// Runs it with its output discarded, and measures time and memory.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or is killed.
    #[expect(
        clippy::disallowed_methods,
        reason = "programs are started only here, and duct does not report peak memory"
    )]
    pub(crate) fn measure(&self) -> Result<Measured> {
        let mut command = std::process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(&self.folder);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let ended = child.wait4().map_err(|error| self.not_started(&error))?;
        let wall = begin.elapsed();
        let status = ended.status.code();
        let status = status.ok_or_else(|| Failure::new(format!("`{self}` was killed")))?;
        let used = ended.rusage;
        Ok(Measured { wall, cpu: used.utime + used.stime, peak: used.maxrss, status })
    }

    /// Runs it silently; `None` if it was stopped at the time limit.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn attempt_for(&self, limit: Duration) -> io::Result<Option<Output>> {
        let running = self.quiet().start()?;
        if running.wait_timeout(limit)?.is_none() {
            running.kill()?;
            return Ok(None);
        }
        running.into_output().map(Some)
    }

    /// Starts it in a session of its own, which outlives this process, with its output in a file.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn start_apart(&self, log: &Path) -> Result<duct::Handle> {
        let apart = Command {
            words: [vec!["setsid".to_owned()], self.words.clone()].concat(),
            ..self.clone()
        };
        apart
            .expression()
            // duct applies the outermost redirection first.
            .stderr_to_stdout()
            .stdout_path(log)
            .start()
            .map_err(|error| self.not_started(&error))
    }

    /// Runs it with its standard error shown, for its standard output.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not succeed.
    pub(crate) fn read_stdout(&self) -> Result<Vec<u8>> {
        let output =
            self.expression().stdout_capture().run().map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Failure::new(format!("`{self}` ended with {}", output.status)))
    }

    /// Starts it as the leader of a process group, with both streams in one file.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    #[expect(clippy::disallowed_methods, reason = "this is the door, and duct makes no group")]
    pub(crate) fn start_group(&self, input: Stdio, output: &File) -> Result<std::process::Child> {
        let mut command = std::process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(&self.folder).process_group(0);
        if !self.inherits {
            command.env_clear();
        }
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let streams = output.try_clone().and_then(|copy| Ok((copy, output.try_clone()?)));
        let (stdout, stderr) = streams.map_err(|error| self.not_started(&error))?;
        command.stdin(input).stdout(stdout).stderr(stderr);
        command.spawn().map_err(|error| self.not_started(&error))
    }

    fn quiet(&self) -> duct::Expression {
        self.expression().stdout_capture().stderr_capture()
    }

    #[expect(clippy::disallowed_methods, reason = "programs are started only here")]
    fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(&self.words[0], &self.words[1..])
            .dir(&self.folder)
            .stdin_bytes(self.input.clone())
            .unchecked();
        for name in &self.removed {
            expression = expression.env_remove(name);
        }
        for (name, value) in &self.variables {
            expression = expression.env(name, value);
        }
        expression
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        Failure::new(format!("`{self}` cannot be started: {error}"))
    }
}

/// What a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// What it and its children used of processors; what an engine did for them is not in it.
    pub(crate) cpu: Duration,
    /// The most memory that it had at once, in bytes; what its children had is not in it.
    pub(crate) peak: u64,
    /// Its exit status.
    pub(crate) status: i32,
}

impl fmt::Display for Command {
    /// Renders it as a shell command.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables =
            self.variables.iter().map(|(name, value)| format!("{name}={}", quote(value)));
        let words = self.words.iter().map(|word| quote(word));
        formatter.write_str(&variables.chain(words).collect::<Vec<_>>().join(" "))
    }
}

/// Whether a program can be found.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new("sh", ["-c", "command -v \"$0\"", program])
        .attempt()
        .is_ok_and(|output| output.status.success())
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    Command::new("id", ["-u"]).read().is_ok_and(|user| user == "0")
}

/// The end of a program's output.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// A number with its noun: `1 test`, `2 tests`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./:,+@%|".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_command() {
        let command =
            Command::new("sh", ["-c", "echo 'a b'"]).variable("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(command.to_string(), "RUSTDOCFLAGS='-D warnings' sh -c 'echo '\\''a b'\\'''");
    }

    #[test]
    fn a_failed_program_shows_the_end_of_its_output() {
        let failure =
            Command::new("sh", ["-c", "echo no space left >&2; exit 7"]).read().unwrap_err();
        assert!(failure.to_string().contains("no space left"), "{failure}");
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let ended = Command::new("sleep", ["60"]).attempt_for(Duration::from_millis(20)).unwrap();
        assert!(ended.is_none());
    }
}
