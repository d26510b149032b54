//! `build`: builds environments, or the image of CI jobs, in advance.

use crate::error::Error;
use crate::outcome::Verdict;
use crate::pipeline::Then;
use crate::plan::Request;
use crate::process::{Cancel, Emitter};
use crate::report::harmless;

use super::{base_lock, pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;

/// Builds the environments of checks.
pub(super) fn build(
    place: ProjectLocation,
    checks: Vec<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let plan = pipeline.plan(&Request { checks, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let built = pipeline.context(&cancel, &Emitter::new(&mut observer)).build(&plan);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    for environment in built? {
        let how = if environment.existed { "already exists" } else { "was built" };
        let (name, image) = (&environment.environment, &environment.image);
        let line = format!("{} {how}: {}\n", harmless::line(name), harmless::line(image));
        term.data(&line);
    }
    base_lock::record_first_base(&pipeline, term)?;
    Ok(Verdict::Passed)
}

/// Builds the image of CI jobs.
pub(super) fn ship(
    place: ProjectLocation,
    then: Then,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let program = std::env::current_exe().map_err(|source| Failure::System {
        what: "cannot find the path of this program".to_owned(),
        source,
    })?;
    let image = pipeline.job_image(program)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let shipped = pipeline.context(&cancel, &Emitter::new(&mut observer)).ship(&image, then);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    let shipped = shipped.map_err(Error::from)?;
    let how = match (shipped.existed, then) {
        (true, _) => "already exists",
        (false, Then::Push) => "was built and pushed",
        (false, Then::Keep) => "was built",
    };
    term.data(&format!("{} {how}\n", harmless::line(&shipped.reference)));
    Ok(Verdict::Passed)
}
