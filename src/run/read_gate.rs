//! Reads the gate of a run: the baseline file, and the changed lines from git.
//!
//! Whether a finding counts is decided by [`Gate`].

use std::path::Path;

use crate::gate::baseline::Baseline;
use crate::gate::lines::ChangedLines;
use crate::gate::{BaselineFile, CompareBase, Gate, GateSpec, Since};
use crate::git::{self, GitContext, GitError};
use crate::outcome::{Reason, ReasonKind};
use crate::project::ProjectPath;
use crate::read::{self, ReadError, SizeLimit};

/// Reads a gate. Only lines below `sources` are of interest.
///
/// # Errors
///
/// When the baseline cannot be read, or git cannot say what changed.
pub fn read_gate(
    context: GitContext<'_>,
    wanted: &GateSpec,
    sources: &[ProjectPath],
) -> Result<Gate, Reason> {
    let baseline = match &wanted.baseline {
        Some(file) => {
            read_baseline(context.root, file)?.map(|baseline| (file.path.clone(), baseline))
        }
        None => None,
    };
    let changed = match &wanted.changed {
        Some(since) => Some(read_changed_lines(context, since, sources)?),
        None => None,
    };
    Ok(Gate { baseline, changed, strict: wanted.strict })
}

/// Reads a baseline; none if it does not exist and was not named.
///
/// # Errors
///
/// When it cannot be read, or is invalid.
pub fn read_baseline(root: &Path, file: &BaselineFile) -> Result<Option<Baseline>, Reason> {
    let path = &file.path;
    let config = |message: String, hint: &str| {
        Reason::new(ReasonKind::Config, message).with_hint(hint.to_owned())
    };
    let again = "`cargo pipe baseline` writes it again, with the current findings";
    let text = match read::read_project_text(root, path, SizeLimit::Report) {
        Ok(text) => text,
        Err(error) if error.is_missing() && !file.named => return Ok(None),
        Err(ReadError::Outside(outside)) => {
            return Err(config(outside.to_string(), "keep the baseline inside the project"));
        }
        Err(ReadError::NotUtf8) => {
            return Err(config(format!("the baseline `{path}` is not UTF-8"), again));
        }
        Err(error) => {
            return Err(config(format!("cannot read the baseline `{path}`: {error}"), again));
        }
    };
    Baseline::parse(&text)
        .map(|baseline| Some(baseline.never_accepting(file.never_accept.clone())))
        .map_err(|error| config(format!("{path}:{}: {}", error.line, error.message), again))
}

fn read_changed_lines(
    context: GitContext<'_>,
    since: &Since,
    sources: &[ProjectPath],
) -> Result<(CompareBase, ChangedLines), Reason> {
    git::read_changed_lines(context, since, sources).map_err(|error| {
        let kind = match &error {
            GitError::Git(_) | GitError::Limit(_) => ReasonKind::Environment,
            GitError::Stopped => ReasonKind::Stopped,
            _ => ReasonKind::Config,
        };
        Reason::new(kind, error.to_string()).with_hint(error.hint())
    })
}
