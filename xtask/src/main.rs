//! Tasks for contributors: `cargo xtask TASK`.
//!
//! - [`flags`] defines the command line.
//! - [`dist`] builds what is published, [`pipelines`] runs the generated pipelines with it.
//! - [`page`] reads the HTML report in a browser.
//! - [`docker`] and [`fixtures`] prepare a machine, [`demo`] shows the program at work on it.
//! - [`ci`] is the gate; [`tidy`], [`codegen`] and [`soak`] are steps of it.
//! - [`mod@bench`] measures, [`torture`] attacks, [`green`] compares verdicts on public projects.
//! - [`process`] alone starts programs; [`failure`] and [`workspace`] serve all tasks.

mod bench;
mod ci;
mod codegen;
mod demo;
mod deny;
mod dist;
mod docker;
mod failure;
mod fixtures;
mod flags;
mod fuzz;
mod green;
mod page;
mod pipelines;
mod process;
mod soak;
mod test;
mod tidy;
mod torture;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    let task = match flags::parse(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(error) => {
            // Help goes to standard output and everything else to standard error. If neither can be
            // written, there is nothing left to write to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match task.run() {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
