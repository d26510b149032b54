//! Diagnosis of the machine: this program, a CI job's variables, the cache, and free disk space.

use std::path::Path;

use super::{Examined, Health};
use crate::cache;
use crate::env_vars::EnvVars;
use crate::run::Context;
use crate::template::VERSION;

/// The free space that building images needs, in bytes.
const TIGHT: u64 = 2 << 30;
/// The free space that a snapshot needs, in bytes.
const FULL: u64 = 64 << 20;

pub(super) fn program(variables: &EnvVars) -> Examined {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let job = if variables.is_ci() { ", in a CI job" } else { "" };
    Examined::good("program", format!("cargo-pipe {VERSION} on {system} {processor}{job}"))
}

pub(super) fn examine(context: Context<'_>) -> Vec<Examined> {
    let mut examined = Vec::new();
    if let Err(error) = cache::refuse_planted(&context.project.root, context.variables) {
        let next = error.hint.clone();
        let found = error.to_string();
        examined.push(Examined { subject: "cache", state: Health::Project, found, next });
    }
    examined.extend(room(context.cache).map(|bytes| disk(context.cache, bytes)));
    examined
}

fn disk(cache: &Path, bytes: u64) -> Examined {
    const SUBJECT: &str = "disk";
    let found = format!("{} MiB free for `{}`", bytes >> 20, cache.display());
    let state = match bytes {
        ..FULL => Health::Machine,
        FULL..TIGHT => Health::Warning,
        TIGHT.. => return Examined::good(SUBJECT, found),
    };
    let next = "make room, or name another folder in CARGO_PIPE_CACHE_DIR; `docker system df` says \
                what images take";
    Examined::is(state, SUBJECT, found, next)
}

/// The free space on the file system of a folder, or of its nearest existing parent.
fn room(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_keeps_checks_from_running_and_a_tight_one_is_told() {
        let states = [0, FULL, TIGHT].map(|bytes| disk(Path::new("/c"), bytes).state);
        assert_eq!(states, [Health::Machine, Health::Warning, Health::Good]);
    }
}
