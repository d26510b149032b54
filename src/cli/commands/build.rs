//! `build`: environments ahead of time.
//!
//! Owns what is told of them. It must not know how an image is made; the pipeline makes it.

use crate::error::Error;
use crate::outcome::Verdict;
use crate::pipeline::Then;
use crate::plan::Request;
use crate::process::{Cancel, Emitter};
use crate::report::harmless;

use super::{pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;

/// Makes the environments of checks available.
pub(super) fn build(
    place: ProjectLocation,
    checks: Vec<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let plan = pipeline.plan(&Request { checks, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut watcher = term.watcher();
    let built = pipeline.context(&cancel, &Emitter::new(&mut watcher)).build(&plan);
    term.watched(watcher);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    for environment in built? {
        let how = if environment.existed { "is there already" } else { "is built" };
        let (name, image) = (&environment.environment, &environment.image);
        let line = format!("{} {how}: {}\n", harmless::line(name), harmless::line(image));
        term.data(&line);
    }
    Ok(Verdict::Passed)
}

/// Makes the image that jobs of CI run in.
pub(super) fn ship(
    place: ProjectLocation,
    then: Then,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let program = std::env::current_exe().map_err(|source| Failure::System {
        what: "cannot tell which program this is".to_owned(),
        source,
    })?;
    let image = pipeline.job_image(program)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut watcher = term.watcher();
    let shipped = pipeline.context(&cancel, &Emitter::new(&mut watcher)).ship(&image, then);
    term.watched(watcher);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    let shipped = shipped.map_err(Error::from)?;
    let how = match (shipped.existed, then) {
        (true, _) => "is there already",
        (false, Then::Push) => "is built and pushed",
        (false, Then::Keep) => "is built",
    };
    term.data(&format!("{} {how}\n", harmless::line(&shipped.reference)));
    Ok(Verdict::Passed)
}
