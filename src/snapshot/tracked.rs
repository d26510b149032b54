//! Finds files that git tracks although a `.gitignore` line ignores them.
//!
//! Such files are in every clone, but no check sees them, because only `.gitignore` decides what checks
//! see. The user gets a warning. Without git, the warning is missing.

use std::path::Path;
use std::time::Duration;

use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::project::ProjectPath;

/// How long git may take. Without its answer, only the warning is missing.
const LIMIT: Duration = Duration::from_secs(10);

/// The tracked files below `paths` that are ignored; none where git cannot answer.
#[must_use]
pub fn tracked_but_ignored(
    root: &Path,
    paths: &[ProjectPath],
    cancel: &Cancel,
    emitter: &Emitter<'_>,
) -> Vec<ProjectPath> {
    if !root.join(".git").exists() {
        return Vec::new();
    }
    let Ok(git) = which::which("git") else {
        return Vec::new();
    };
    let mut invocation = Invocation::new(git, ["-C"]);
    invocation.args.push(root.into());
    // The settings of a repository can make git start programs: a file monitor, or a transport that
    // fetches an object that a partial clone lacks.
    invocation.env.push(("GIT_NO_LAZY_FETCH", "1".to_owned()));
    invocation.env.push(("GIT_ALLOW_PROTOCOL", "none".to_owned()));
    invocation.args.extend(
        ["-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--ignored"]
            .into_iter()
            .chain(["--exclude-per-directory=.gitignore", "--"])
            .map(Into::into),
    );
    invocation.args.extend(paths.iter().map(|path| path.as_str().into()));
    let until = Until { cancel: Some(cancel), limit: LIMIT };
    let Ok(output) = process::run(&invocation, until, emitter) else {
        return Vec::new();
    };
    output
        .stdout
        .split(|byte| *byte == 0)
        .filter_map(|name| ProjectPath::new(std::str::from_utf8(name).ok()?).ok())
        .collect()
}
