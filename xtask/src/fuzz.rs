//! Fuzzes the parsers of everything that others write, with cargo-fuzz and a nightly compiler.
//!
//! The targets are in `xtask/fuzz`, a workspace of its own. Each starts from recorded files of the
//! tests and keeps what it found in `target/fuzz`. An input that crashes one becomes a test.

use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// The targets, each with the folders of the repository that have inputs to start from.
const TARGETS: &[(&str, &[&str])] = &[
    ("archive", &[]),
    ("dependency_file", &["tests/fixtures/dependencies"]),
    ("document", &["tests/fixtures/reports"]),
    ("lock", &["templates/requirements"]),
    ("manifest", &["tests/config/bad"]),
    ("tool_output", &["tests/fixtures/tool-output"]),
];

/// Runs one target, or all of them in turn.
///
/// # Errors
///
/// When a program is missing, or an input makes a target crash, hang or exhaust its memory.
pub(crate) fn run(only: Option<&str>, time: Duration) -> Result<()> {
    if !process::is_installed("cargo-fuzz") {
        return Err(Failure::new("cargo-fuzz is not installed")
            .hint("run `cargo install --locked cargo-fuzz`; it needs a nightly compiler"));
    }
    let targets: Vec<_> =
        TARGETS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if targets.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::new(format!("unknown target `{}`", only.unwrap_or_default()))
            .hint(format!("the targets are {}", names.join(", "))));
    }
    let seconds = time.as_secs() / targets.len() as u64;
    for (name, seeds) in targets {
        fuzz(name, seeds, seconds)?;
        eprintln!("fuzz: {name} held for {seconds} s");
    }
    Ok(())
}

fn fuzz(target: &str, seeds: &[&str], seconds: u64) -> Result<()> {
    let root = workspace::root();
    let corpus = workspace::target()?.join("fuzz/corpus").join(target);
    workspace::create_folder(&corpus)?;
    let corpus = corpus.to_string_lossy();
    let folder = root.join("xtask/fuzz").to_string_lossy().into_owned();
    let build = workspace::target()?.join("fuzz/build").to_string_lossy().into_owned();
    let seeds: Vec<String> =
        seeds.iter().map(|seed| root.join(seed).to_string_lossy().into_owned()).collect();
    Command::new("cargo", ["+nightly", "fuzz", "run", "--fuzz-dir"])
        .arguments([folder.as_str(), "--target-dir", build.as_str(), target, &corpus])
        .arguments(seeds.iter().map(String::as_str))
        .arguments([
            "--",
            &format!("-max_total_time={seconds}"),
            "-timeout=10",
            "-rss_limit_mb=2048",
        ])
        .run()
}
