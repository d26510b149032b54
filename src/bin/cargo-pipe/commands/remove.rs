//! `remove`: what the project left on this machine.
//!
//! Owns what is told of it. It must not decide what may go; the pipeline does.

use cargo_pipe::outcome::Verdict;
use cargo_pipe::pipeline::Removed;
use cargo_pipe::report::harmless;
use cargo_pipe::run::Cancel;

use super::{pipeline, run};
use crate::exit::Failure;
use crate::settings::Place;
use crate::term::Term;

/// Takes away the project's containers, volumes, images and folders.
pub(super) fn remove(place: Place, term: &mut Term) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut watcher = term.watcher();
    let removed = pipeline.remove(&cancel, &mut watcher);
    term.watched(watcher);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    term.data(&told(&removed?));
    Ok(Verdict::Passed)
}

fn told(removed: &Removed) -> String {
    let kinds = [
        ("container", &removed.containers),
        ("volume", &removed.volumes),
        ("image", &removed.images),
    ];
    let lines: String = kinds
        .into_iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name)))
        .map(|(kind, name)| format!("removed {kind} {}\n", harmless::line(name)))
        .collect();
    if lines.is_empty() { "nothing to remove\n".to_owned() } else { lines }
}
