//! `build`: environments ahead of time.
//!
//! Owns what is told of them. It must not know how an image is made; the pipeline makes it.

use cargo_pipe::outcome::Verdict;
use cargo_pipe::plan::Request;
use cargo_pipe::report::harmless;
use cargo_pipe::run::Cancel;

use super::{pipeline, run};
use crate::exit::Failure;
use crate::settings::Place;
use crate::term::Term;

/// Makes the environments of checks available.
pub(super) fn build(
    place: Place,
    checks: Vec<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let plan = pipeline.plan(&Request { checks, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut watcher = term.watcher();
    let built = pipeline.build(&plan, &cancel, &mut watcher);
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
