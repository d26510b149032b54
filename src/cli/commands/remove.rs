//! `remove`: removes the project's containers, images and caches, and optionally its generated files, or
//! the images and environments that no project needs.

use crate::error::Error;
use crate::outcome::Verdict;
use crate::pipeline::{Removal, Removed};
use crate::process::{Cancel, Emitter};
use crate::report::harmless;
use crate::scaffold::{self, FileRemoval, Taken};

use super::{pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::{GeneratedFiles, ProjectLocation};
use crate::cli::terminal::Term;

/// Removes the project's containers, volumes, images and folders, then its generated files; or unused
/// images.
pub(super) fn remove(
    place: ProjectLocation,
    removal: Removal,
    files: GeneratedFiles,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let removed = pipeline.context(&cancel, &Emitter::new(&mut observer)).remove(removal);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    // Without its manifest a project cannot be found, so containers and images are removed first.
    let removed = removed.map_err(Error::from)?;
    let removals = match files {
        GeneratedFiles::Stay => Vec::new(),
        GeneratedFiles::Go => scaffold::remove(&pipeline.project.root, &pipeline.config)?,
    };
    term.data(&render_removed(&removed, &removals));
    Ok(Verdict::Passed)
}

fn render_removed(removed: &Removed, removals: &[FileRemoval]) -> String {
    let kinds = [
        ("container", &removed.containers),
        ("volume", &removed.volumes),
        ("image", &removed.images),
        ("environment", &removed.environments),
    ];
    let lines: String = kinds
        .into_iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name)))
        .map(|(kind, name)| format!("removed {kind} {}\n", harmless::line(name)))
        .collect();
    let files: String = removals
        .iter()
        .map(|removal| match removal.taken {
            Taken::Removed => format!("removed file {}\n", removal.location),
            _ => format!("kept file {}: it was edited\n", removal.location),
        })
        .collect();
    let lines = lines + &files;
    if lines.is_empty() { "nothing to remove\n".to_owned() } else { lines }
}
