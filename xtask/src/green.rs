//! Compares verdicts on public projects: those of their own CI, and those after `cargo pipe init` and
//! `cargo pipe run-all` and nothing else.
//!
//! The projects and the commands of their CI are in [`projects`]. [`by_hand`] runs these commands in
//! virtual environments; [`output`] and [`verdict`] make the results comparable, and [`comparison`]
//! renders them.

mod by_hand;
mod comparison;
mod output;
mod projects;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use comparison::{Comparison, render_table};
use projects::PublicProject;
pub(crate) use projects::names;
use verdict::ToolVerdict;

use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

/// Compares the verdicts on some projects, or on all if none is named, and prints a table.
///
/// # Errors
///
/// When a project cannot be fetched, a container cannot run, or the differences are not those that the
/// files of the projects explain.
pub(crate) fn run(wanted: &[String], system: docker::System) -> Result<()> {
    let image = docker::run(system)?;
    Command::cargo("build --quiet --workspace --all-features --bin cargo-pipe").run()?;
    let names = if wanted.is_empty() { names() } else { wanted.to_vec() };
    let mut compared = Vec::new();
    for name in &names {
        let project = projects::read(name)?;
        let begin = Instant::now();
        let comparison = compare(&project, &image)?;
        print!("{}", comparison.render());
        println!("  {:.0} s", begin.elapsed().as_secs_f64());
        compared.push(comparison);
    }
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let day = now.split('T').next().unwrap_or_default();
    print!("\n{}", render_table(&compared, day));
    let surprises: Vec<String> = compared.iter().flat_map(Comparison::surprises).collect();
    if surprises.is_empty() {
        return Ok(());
    }
    let hint = "`[differences]` in the file of a project has the reason of each known difference";
    Err(Failure::new(surprises.join("\n")).hint(hint))
}

fn compare(project: &PublicProject, image: &str) -> Result<Comparison> {
    let cache = workspace::target()?.join("green");
    let root = cache.join(&project.name);
    let hand = unpack(project, &root.join("by-hand"), image)?;
    let output = root.join("output");
    let by_hand = by_hand::run(project, &hand, &output, &cache.join("cache"), image)?;
    let folder = unpack(project, &root.join("ours"), image)?;
    let ours = run_ours(&folder, &root.join("report.json"))?;
    Ok(Comparison::of(project, by_hand, ours))
}

/// Unpacks the source distribution into a repository, which pre-commit and some tools need.
fn unpack(project: &PublicProject, folder: &Path, image: &str) -> Result<PathBuf> {
    workspace::remove_folder(folder)?;
    workspace::create_folder(folder)?;
    let archive = fixtures::fetch_archive(&project.name, &project.requirement(), image)?;
    Command::new("tar", ["--extract", "--gzip", "--strip-components=1", "--no-same-owner"])
        .folder(folder)
        .input(archive)
        .read()?;
    let author = ["-c", "user.name=green", "-c", "user.email=green@example.org"];
    let git = |words: &[&str]| {
        Command::new("git", author).arguments(words.iter().copied()).folder(folder).read()
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "Import"])?;
    Ok(folder.to_owned())
}

/// Runs `init` and `run-all`, and reads the verdicts in the report.
fn run_ours(folder: &Path, report: &Path) -> Result<Vec<(String, ToolVerdict)>> {
    // An old report would look like one of this run.
    if report.exists() {
        std::fs::remove_file(report).map_err(|error| Failure::file(report, &error))?;
    }
    let program = workspace::target()?.join("debug/cargo-pipe").to_string_lossy().into_owned();
    let pipe = |words: &[&str]| {
        Command::new(&program, ["pipe"]).arguments(words.iter().copied()).folder(folder).attempt()
    };
    let failed = |error| Failure::file(folder, &error);
    let init = pipe(&["init", "--ci", "none"]).map_err(failed)?;
    // On a slow machine, init leaves locks to the command that it names.
    let text = String::from_utf8_lossy(&init.stderr);
    let hint = text.lines().find_map(|line| line.strip_prefix("hint: run `cargo pipe update "));
    if let Some(names) = hint.and_then(|rest| rest.split('`').next()) {
        let words: Vec<&str> = ["update"].into_iter().chain(names.split(' ')).collect();
        pipe(&words).map_err(failed)?;
    }
    let target = format!("json={}", report.display());
    pipe(&["run-all", "--engine", "docker", "--quiet", "--report", &target]).map_err(failed)?;
    let text = workspace::read(report)?;
    let report: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("report: {error}")))?;
    let checks = report["checks"].as_array().into_iter().flatten();
    Ok(checks
        .map(|check| {
            let tool = check["tool"].as_str().unwrap_or_default().to_owned();
            (tool, ToolVerdict::of_check(check))
        })
        .collect())
}
