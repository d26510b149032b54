//! The command line of cargo pipe.
//!
//! Owns nothing but the way from arguments to an exit status: what was typed becomes settings, a
//! command does its work, its verdict becomes the status. What the words mean is known elsewhere.

mod args;
mod commands;
mod exit;
mod interrupt;
mod settings;
mod term;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::load::Environment;

/// Does what a process is asked for with these arguments, its own name included, and says how it
/// ends.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_process();
    let mut term = term::Term::default();
    let verdict = args::parse(arguments)
        .and_then(|args| settings::settings(args, environment))
        .and_then(|settings| commands::dispatch(settings, &mut term));
    exit::code(verdict, term)
}
