//! `mcp`: serves editors and agents until they close standard input.

use super::run;
use crate::cli::exit::Failure;
use crate::cli::mcp;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;
use crate::outcome::Verdict;
use crate::process::Cancel;

/// Serves a client.
pub(super) fn mcp(place: ProjectLocation, term: &mut Term) -> Result<Verdict, Failure> {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        term.hint("editors and agents start this command; `cargo pipe help agents` shows how");
    }
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let ended = mcp::serve(place, &cancel);
    drop(interrupts);
    ended
}
