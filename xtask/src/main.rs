//! What a contributor runs: `cargo xtask TASK`.
//!
//! Owns nothing but the way in: words become a [`Task`](flags::Task), the task runs, its failure
//! is shown. Tasks know each other only where one is a step of another ([`ci`], [`demo`]).
//!
//! - [`flags`] is the table of contents.
//! - [`dist`] makes what is published, [`pipelines`] runs what is generated with it.
//! - [`docker`] and [`fixtures`] make a machine ready, [`demo`] shows what for.
//! - [`ci`] is the gate; [`tidy`], [`codegen`] and [`soak`] are steps of it.
//! - [`mod@bench`] measures.
//! - [`process`] alone starts programs; [`failure`] and [`workspace`] are used by all.

mod bench;
mod ci;
mod codegen;
mod demo;
mod dist;
mod docker;
mod failure;
mod fixtures;
mod flags;
mod pipelines;
mod process;
mod soak;
mod tidy;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match flags::parse(std::env::args().skip(1)).and_then(|task| task.run()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}
