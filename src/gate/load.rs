//! Reads a gate: the baseline's file, and from git the lines that changed.
//!
//! Owns every look at the world that a gate needs. Must not decide what counts; the
//! [`Gate`] does.

use std::io::ErrorKind;
use std::path::Path;

use super::baseline::Baseline;
use super::changed::{self, ChangedError};
use super::{BaselineFile, Gate, GateSpec, Since};
use crate::config::load::EnvVars;
use crate::outcome::{Reason, ReasonKind};
use crate::process::{Cancel, Emitter};
use crate::project::{ProjectPath, discover};

/// What a gate is read from.
#[derive(Clone, Copy)]
pub struct GitContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// The variables of the process, of which a job's name the commit to compare with.
    pub variables: &'a EnvVars,
    /// The run's off switch.
    pub cancel: &'a Cancel,
    /// Whoever watches.
    pub emitter: &'a Emitter<'a>,
}

/// Reads what is wanted. `sources` are the files and folders whose lines are of interest.
///
/// # Errors
///
/// When the baseline cannot be read, or git cannot say what changed.
pub fn load(
    site: GitContext<'_>,
    wanted: &GateSpec,
    sources: &[ProjectPath],
) -> Result<Gate, Reason> {
    let baseline = match &wanted.baseline {
        Some(file) => read(site.root, file)?.map(|baseline| (file.path.clone(), baseline)),
        None => None,
    };
    let changed = match &wanted.changed {
        Some(since) => Some(lines(site, since, sources)?),
        None => None,
    };
    Ok(Gate { baseline, changed })
}

fn read(root: &Path, file: &BaselineFile) -> Result<Option<Baseline>, Reason> {
    let path = &file.path;
    let config = |message: String, hint: &str| {
        Reason::new(ReasonKind::Config, message).with_hint(hint.to_owned())
    };
    let again = "`cargo pipe baseline` writes it anew, with what the checks find now";
    let place = discover::inside(root, path)
        .map_err(|outside| config(outside.to_string(), "keep the baseline inside the project"))?;
    let content = match discover::read(&place) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound && !file.named => return Ok(None),
        Err(error) => {
            return Err(config(format!("cannot read the baseline `{path}`: {error}"), again));
        }
    };
    let text = String::from_utf8(content)
        .map_err(|_| config(format!("the baseline `{path}` is not UTF-8"), again))?;
    Baseline::parse(&text)
        .map(Some)
        .map_err(|error| config(format!("{path}:{}: {}", error.line, error.message), again))
}

fn lines(
    site: GitContext<'_>,
    since: &Since,
    sources: &[ProjectPath],
) -> Result<(super::CompareBase, super::lines::ChangedLines), Reason> {
    changed::since(site, since, sources).map_err(|error| {
        let kind = match &error {
            ChangedError::Git(_) => ReasonKind::Environment,
            ChangedError::Stopped => ReasonKind::Stopped,
            _ => ReasonKind::Config,
        };
        Reason::new(kind, error.to_string()).with_hint(error.hint())
    })
}
