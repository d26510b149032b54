//! The process that keeps resources for all tests of the program `docker`.
//!
//! An engine inside a container takes a quarter of a minute to start, and images stay only while a
//! project refers to them. Each test is a process of its own, so one more process of the same
//! program keeps both: `tests/docker/keeper.rs`. It ends when its standard input does.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::attempt::{self, Ending};
use super::programs::Program;
use super::signals::Interrupted;
use super::{Selection, has_engine_tests};
use crate::failure::{Failure, Result};

/// How long it may take until the resources are there: in an empty engine all images are built.
const START_LIMIT: Duration = Duration::from_secs(900);

/// How long the process may live, which no run of the tests reaches.
const LIFE_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// How long the resources may take to be removed.
const END_LIMIT: Duration = Duration::from_secs(60);

/// The variable that names the socket of the process, to it and to the tests.
const SOCKET: &str = "CARGO_PIPE_TEST_SHARED";

/// The variable that makes a process of the program the one that keeps the resources.
const KEEPS: &str = "CARGO_PIPE_TEST_KEEPS";

/// The running process. It ends when this is dropped.
pub(crate) struct Keeper {
    folder: TempDir,
    input: Option<ChildStdin>,
    ended: Receiver<Result<Ending>>,
    kill: Interrupted,
}

impl Keeper {
    /// Starts it for the program that needs it, and waits until its resources are there.
    ///
    /// # Errors
    ///
    /// When it ends before that, takes too long, or the run is interrupted.
    pub(crate) fn start(
        program: &Program,
        selection: &Selection,
        stop: &Interrupted,
    ) -> Result<Option<Keeper>> {
        if !has_engine_tests(&program.name) {
            return Ok(None);
        }
        let unusable = |error| Failure::new(format!("cannot make a folder for a socket: {error}"));
        let folder = tempfile::tempdir().map_err(unusable)?;
        let log = folder.path().join("log");
        let output = File::create(&log).map_err(|error| Failure::file(&log, &error))?;
        let socket = folder.path().join("socket");
        let command = selection
            .variables
            .iter()
            .fold(program.command(&[]), |command, (name, value)| command.variable(name, value))
            .variable(KEEPS, "1")
            .variable(SOCKET, &socket.to_string_lossy());
        let mut child = command.start_group(Stdio::piped(), &output)?;
        let input = child.stdin.take();
        let (sender, ended) = mpsc::channel();
        let kill = Interrupted::default();
        let killed = kill.clone();
        thread::spawn(move || {
            sender.send(attempt::wait(child, Instant::now() + LIFE_LIMIT, &killed))
        });
        let keeper = Keeper { folder, input, ended, kill };
        keeper.wait_until_ready(stop).map_err(|failure| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            Failure::new(format!("{failure}\n\n{}", log.trim()))
        })?;
        Ok(Some(keeper))
    }

    /// The variable with which a test finds the process.
    pub(crate) fn variable(&self) -> (String, String) {
        (SOCKET.to_owned(), self.socket().to_string_lossy().into_owned())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn wait_until_ready(&self, stop: &Interrupted) -> Result<()> {
        let begin = Instant::now();
        while !self.socket().exists() {
            match self.ended.recv_timeout(attempt::STEP) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return Err(Failure::new("the process with the shared engine has ended")),
            }
            if stop.happened() {
                return Err(Failure::new("the tests were interrupted"));
            }
            if begin.elapsed() > START_LIMIT {
                let limit = START_LIMIT.as_secs();
                return Err(Failure::new(format!("the images were not built within {limit} s")));
            }
        }
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        if matches!(self.ended.recv_timeout(END_LIMIT), Err(RecvTimeoutError::Timeout)) {
            self.kill.interrupt();
            drop(self.ended.recv_timeout(END_LIMIT));
        }
    }
}
