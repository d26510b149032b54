//! Runs of the program that get signals while they go on.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::Scene;
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::test::attempt::{self, Attempt, Ending};

impl Scene<'_> {
    /// Runs a command, sends it signals, and judges its end, which has to come soon after the last
    /// one: by this signal or with one of these statuses.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(in super::super) fn run_with_signals(
        &mut self,
        command: &Command,
        send: &dyn Fn(&Scene<'_>, Pid),
        limit: Duration,
        signal: Signal,
        allowed: &[i32],
    ) -> Result<()> {
        self.is_settled = false;
        let output = self.folder("output");
        let file = File::create(&output).map_err(|error| Failure::file(&output, &error))?;
        let child = command.start_group(Stdio::null(), &file)?;
        send(self, Pid::from_child(&child));
        let begin = Instant::now();
        let ending = attempt::wait(child, begin + limit, self.stop)?;
        let is_killed = matches!(ending, Ending::Exit(it) if it.signal() == Some(signal.as_raw()));
        if !is_killed {
            let output = fs::read(&output).unwrap_or_default();
            let output = String::from_utf8_lossy(&output).into_owned();
            let attempt = Attempt { ending, took: begin.elapsed(), output };
            self.judge_end(command, attempt, allowed);
        }
        Ok(())
    }
}
