//! The command line from the outside: what is typed, what is printed, how it ends.
//!
//! Every test has a [`scene::Scene`] of its own: a home and a project that exist for it alone, an
//! environment without anything of this machine, and a fake docker.

#![expect(clippy::unwrap_used, reason = "a harness that does not work is a test that fails")]

mod base_image;
mod cache;
mod check;
mod ci;
mod completions;
mod configuration;
mod container;
mod doctor;
mod engine;
mod fake_docker;
mod fixing;
mod help;
mod init;
mod json;
mod list;
mod reports;
mod scene;
#[expect(dead_code, reason = "a shell's terminal is tested with a real engine")]
#[path = "../pty/session.rs"]
mod session;
mod shell;
#[path = "../harness/start.rs"]
mod start;
mod streams;
mod subcommand;
mod sync;
mod trust;
mod update;
mod usage_errors;
