//! A program that is taken for docker.
//!
//! It stands in a folder of its own, and everything it does is in there: it notes each call in
//! `calls`, and answers with the first reply in `replies` whose words are all in the call, in their
//! order. A call that no reply fits succeeds and says nothing. Only the standard library is used,
//! so that the test harness can compile it with nothing but `rustc`.
//!
//! A reply is a folder, read in the order of names, with any of these files:
//!
//! - `words`: one a line; each must be part of an argument, in order. Empty lines are no words.
//! - `stdout`, `stderr`: what is printed.
//! - `code`: the exit status, 0 if absent.
//! - `script`: a shell script that runs instead, with the call's arguments and in its folder; its
//!   variable `FAKE` is this program's folder.
//! - `hangs`: print, then wait until the container is stopped by its name (exit status 137), or
//!   until this process is killed.
//! - `once`: the reply serves a single call.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let folder = env::current_exe().expect("a program has a path");
    let folder = folder.parent().expect("a program is in a folder").to_owned();
    let call: Vec<String> = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    note(&folder, &call);
    stop_named(&folder, &call);
    match reply(&folder, &call) {
        Some(reply) => answer(&folder, &reply, &call),
        None => ExitCode::SUCCESS,
    }
}

/// One line a call: the arguments, escaped, with tabs between them. One write, so that calls at the
/// same time stay whole.
fn note(folder: &Path, call: &[String]) {
    let words: Vec<String> = call.iter().map(|word| word.escape_debug().to_string()).collect();
    let line = format!("{}\n", words.join("\t"));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("calls"))
        .expect("the folder can be written");
    file.write_all(line.as_bytes()).expect("the folder can be written");
}

/// A container that is stopped ends the call that hangs in it.
fn stop_named(folder: &Path, call: &[String]) {
    let verb = call.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    if matches!(verb, Some("rm" | "stop" | "kill" | "container")) {
        for name in call.iter().filter(|word| !word.starts_with('-')) {
            drop(fs::create_dir_all(folder.join("stopped")));
            drop(File::create(folder.join("stopped").join(name.replace('/', "_"))));
        }
    }
}

fn reply(folder: &Path, call: &[String]) -> Option<PathBuf> {
    let mut replies: Vec<PathBuf> = fs::read_dir(folder.join("replies"))
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    replies.sort();
    replies.into_iter().find(|reply| fits(reply, call) && free(reply))
}

fn fits(reply: &Path, call: &[String]) -> bool {
    let words = fs::read_to_string(reply.join("words")).unwrap_or_default();
    let mut arguments = call.iter();
    words
        .lines()
        .filter(|word| !word.is_empty())
        .all(|word| arguments.any(|argument| argument.contains(word)))
}

/// Whether the reply may serve; `create_new` lets exactly one of several calls have it.
fn free(reply: &Path) -> bool {
    !reply.join("once").exists() || File::create_new(reply.join("used")).is_ok()
}

fn answer(folder: &Path, reply: &Path, call: &[String]) -> ExitCode {
    let script = reply.join("script");
    if script.exists() {
        let status = Command::new("/bin/sh")
            .arg(&script)
            .args(call)
            .env("FAKE", folder)
            .status()
            .expect("there is a shell");
        return exit(status.code().unwrap_or(255));
    }
    if call.iter().any(|word| word == "-" || word.ends_with(":-")) && call[0] != "cp" {
        drop(io::stdin().read_to_end(&mut Vec::new()));
    }
    print(&reply.join("stdout"), &mut io::stdout());
    print(&reply.join("stderr"), &mut io::stderr());
    if reply.join("hangs").exists() {
        hang(folder, call);
        return exit(137);
    }
    let code = fs::read_to_string(reply.join("code")).unwrap_or_default();
    exit(code.trim().parse().unwrap_or(0))
}

fn print(file: &Path, stream: &mut dyn Write) {
    let bytes = fs::read(file).unwrap_or_default();
    drop(stream.write_all(&bytes).and_then(|()| stream.flush()));
}

fn hang(folder: &Path, call: &[String]) {
    let name = call
        .iter()
        .position(|word| word == "--name")
        .and_then(|at| call.get(at + 1).cloned())
        .or_else(|| call.iter().find_map(|word| word.strip_prefix("--name=").map(str::to_owned)))
        .or_else(|| call.last().cloned())
        .unwrap_or_default();
    let stopped = folder.join("stopped").join(name.replace('/', "_"));
    while !stopped.exists() {
        thread::sleep(Duration::from_millis(5));
    }
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}
