//! A program on a terminal of its own, which a test types into, reads and hangs up.
//!
//! Several test programs have this as a module.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::start;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on a terminal of its own.
pub(crate) struct Session {
    child: Child,
    terminal: Option<std::fs::File>,
    /// Keeps the terminal's settings when the program has ended.
    line: std::fs::File,
    seen: Vec<u8>,
    read: usize,
}

impl Session {
    /// Starts a program as a login would: the terminal is its controlling one.
    pub(crate) fn start(command: Command) -> Session {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
        let terminal = terminal.unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        tcsetwinsize(&terminal, size(50, 200)).unwrap();
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(i32::try_from(OFlags::NOCTTY.bits()).unwrap())
            .open(std::ffi::OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        let stdio = || Stdio::from(line.try_clone().unwrap());
        // A session of its own cannot be asked for without unsafe code.
        let mut session = start::command("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        session.current_dir(command.get_current_dir().unwrap());
        let child = session.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        Session { child, terminal: Some(terminal.into()), line, seen: Vec::new(), read: 0 }
    }

    /// Gives the terminal another size; the program gets a signal.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        tcsetwinsize(self.terminal.as_ref().unwrap(), size(rows, columns)).unwrap();
    }

    /// Types text.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.terminal.as_ref().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the terminal shows a text, and returns what came since the last one up to it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let new = &self.seen[self.read..];
            let found = new.windows(text.len()).position(|window| window == text.as_bytes());
            if let Some(at) = found {
                let until = self.read + at + text.len();
                let part = String::from_utf8_lossy(&self.seen[self.read..until]).into_owned();
                self.read = until;
                return part;
            }
            let shown = String::from_utf8_lossy(new).into_owned();
            assert!(began.elapsed() < PATIENCE, "`{text}` was never shown: {shown}");
            let ended = self.child.try_wait().unwrap();
            let more = self.drain();
            assert!(more || ended.is_none(), "{ended:?} before `{text}` was shown: {shown}");
        }
    }

    /// Waits for the end of the program, and returns what came since the last text.
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        let status = loop {
            self.drain();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
        };
        while self.drain() {}
        (status, String::from_utf8_lossy(&self.seen[self.read..]).into_owned())
    }

    /// Whether the terminal collects lines, as it does for every program that asks for nothing else.
    pub(crate) fn line_is_edited(&self) -> bool {
        tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// The program.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends the program a signal.
    pub(crate) fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Takes the terminal away.
    pub(crate) fn hang_up(&mut self) {
        self.terminal = None;
    }

    /// Reads what the terminal shows, and says whether there was anything.
    fn drain(&mut self) -> bool {
        let Some(terminal) = &mut self.terminal else {
            return false;
        };
        let wait = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        let mut ready = [PollFd::new(terminal, PollFlags::IN)];
        if poll(&mut ready, Some(&wait)).unwrap() == 0 {
            return false;
        }
        let mut buffer = [0; 4096];
        let length = terminal.read(&mut buffer).unwrap_or_default();
        self.seen.extend_from_slice(&buffer[..length]);
        length > 0
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
