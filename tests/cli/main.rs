//! The command line from the outside: words in, both streams and an exit status out.
//!
//! Every test has a [`scene::Scene`] of its own: a temporary home and project, an environment without
//! anything of this machine, and a fake docker.

#![expect(clippy::unwrap_used, reason = "a harness that does not work is a test that fails")]

mod base_image;
mod cache;
mod check;
mod ci;
mod client_proxies;
mod command_findings;
mod completions;
mod configuration;
mod container;
mod docker_socket;
mod doctor;
mod editors;
mod ending;
mod engine;
mod explain;
mod fake_docker;
mod fixing;
mod flaky;
mod help;
mod hook;
mod hostile_files;
mod init;
mod init_locks;
mod json;
mod limits;
mod line_ends;
mod list;
mod memory;
mod partition;
mod planted;
mod remote;
mod removal;
mod reports;
mod review;
mod scene;
mod schema;
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
mod versions;
mod watch;
