//! Shows long text in the user's pager.
//!
//! The pager is the command in `PAGER`, or `less -FRX`. It reads a temporary file as its standard
//! input and has the terminal to itself: a Ctrl-C is its own business until it exits.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::env_vars::EnvVars;
use crate::event::Silent;
use crate::process::{self, Cancel, Emitter, Invocation, Stdin};

use super::interrupt::Interrupts;

/// What `less` does unless `LESS` says otherwise: quit if the text fits on one screen, pass on
/// colors, leave the text on the screen.
const LESS: &str = "FRX";

/// A pager that exists.
#[derive(Debug)]
pub(crate) struct Pager {
    program: PathBuf,
    args: Vec<String>,
    sets_less: bool,
}

impl Pager {
    /// The user's pager. `None` if `PAGER` is `cat`, the terminal is dumb, or the program is missing.
    pub(crate) fn find(variables: &EnvVars) -> Option<Pager> {
        if variables.get("TERM") == Some("dumb") {
            return None;
        }
        let words = match variables.get("PAGER") {
            Some(command) => shlex::split(command)?,
            None => vec!["less".to_owned()],
        };
        let (name, args) = words.split_first()?;
        if name == "cat" {
            return None;
        }
        let program = which::which(name).ok()?;
        let sets_less = variables.get("LESS").is_none();
        Some(Pager { program, args: args.to_vec(), sets_less })
    }

    /// Shows a text and waits until the user has left the pager.
    ///
    /// # Errors
    ///
    /// When the pager cannot be started or the text cannot be written for it.
    pub(crate) fn show(&self, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;
        let mut invocation = Invocation::new(&self.program, &self.args);
        invocation.stdin = Stdin::File(file.path().to_owned());
        if self.sets_less {
            invocation.env.push(("LESS".into(), LESS.to_owned()));
        }
        // This process outlives a Ctrl-C that is meant for the pager, which may outlive it, too.
        let _interrupts = Interrupts::listen(Cancel::default())?;
        let mut silent = Silent;
        let shown =
            process::attach(&invocation, &Cancel::default(), &Emitter::new(&mut silent), || {});
        shown.map(drop).map_err(io::Error::other)
    }
}
