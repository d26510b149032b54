//! The note of a run that it has started something in an engine.
//!
//! It is written into the run's folder before the first container or volume is created, and removed
//! when nothing of the run is left. The note of a dead run is how a later run that needs no engine
//! knows that there is something to remove.

use std::fs;
use std::io;
use std::path::Path;

use crate::config::EngineChoice;
use crate::env_vars::EnvVars;

/// The note's name in the folder of its run.
pub(crate) const FILE: &str = "started";

/// The variables that lead a client to an engine.
const ADDRESSES: [&str; 4] = ["DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "DOCKER_CONFIG"];

/// The engine as the note identifies it: only a run that reaches the same engine can remove
/// something there.
pub(crate) fn describe(choice: EngineChoice, variables: &EnvVars) -> String {
    let mut text = match choice {
        EngineChoice::Podman => "podman\n".to_owned(),
        _ => "docker\n".to_owned(),
    };
    for name in ADDRESSES {
        text.push_str(variables.get(name).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// Writes the note of a run.
pub(crate) fn write(folder: &Path, engine: &str) -> io::Result<()> {
    fs::write(folder.join(FILE), engine)
}

/// Removes the note of a run that has left nothing.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_file(folder.join(FILE))
}
