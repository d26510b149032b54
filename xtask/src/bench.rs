//! Benchmarks: the build of the library, and whole runs of the program.
//!
//! Nothing here passes or fails. [`runs`] and [`mod@pylint`] measure on real packages.

mod measure;
mod package;
pub(crate) mod pylint;
mod rivals;
pub(crate) mod runs;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::failure::Result;
use crate::process::{self, Command};
use crate::workspace;

/// Builds the library as a build script gets it, from nothing, and counts what that pulls in.
///
/// # Errors
///
/// When it cannot be built.
pub(crate) fn library() -> Result<()> {
    let package = "--locked --package cargo-pipe-ci --no-default-features";
    let tree =
        Command::cargo(&format!("tree {package} --edges normal --prefix none --format {{p}}"));
    let tree = tree.read()?;
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();

    let target = workspace::target()?.join("bench");
    workspace::remove_folder(&target)?;
    let folder = target.to_string_lossy().into_owned();
    let build = Command::cargo(&format!("build --quiet {package} --lib"))
        .variable("CARGO_TARGET_DIR", &folder);
    let begin = Instant::now();
    build.run()?;
    let seconds = begin.elapsed().as_secs_f64();
    workspace::remove_folder(&target)?;
    // The library itself is one of the names.
    let others = process::plural(names.len() as u64 - 1, "other package");
    println!("library without the command line: {others}, a clean build in {seconds:.1} s");
    Ok(())
}
