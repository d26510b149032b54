//! Compares verdicts on public projects: those of their own CI, and those after `cargo pipe init` and
//! `cargo pipe run-all` and nothing else.
//!
//! The projects and the commands of their CI are in [`projects`]. [`by_hand`] runs these commands in
//! virtual environments; [`verdict`] makes the results comparable.

mod by_hand;
mod projects;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::Instant;

use projects::PublicProject;
pub(crate) use projects::names;
use verdict::ToolVerdict;

use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

/// The most differences that are shown of a tool.
const SHOWN: usize = 3;

/// A tool of a project, with both verdicts.
struct Row {
    tool: String,
    by_hand: Option<ToolVerdict>,
    ours: Option<ToolVerdict>,
}

/// Compares the verdicts on some projects, or on all if none is named, and prints a table.
///
/// # Errors
///
/// When a project cannot be fetched or a container cannot run. Differences are part of the table.
pub(crate) fn run(wanted: &[String], system: docker::System) -> Result<()> {
    let image = docker::run(system)?;
    Command::cargo("build --quiet --package cargo-pipe-ci").run()?;
    let names = if wanted.is_empty() { names() } else { wanted.to_vec() };
    let (mut projects, mut kept, mut tools, mut equal) = (0, 0, 0, 0);
    for name in &names {
        let project = projects::read(name)?;
        let begin = Instant::now();
        let rows = compare(&project, &image)?;
        println!("{name} {} ({:.0} s)", project.version, begin.elapsed().as_secs_f64());
        for row in &rows {
            let commands = project.commands.iter().filter(|command| command.tool == row.tool);
            let origins: Vec<&str> = commands.map(|command| command.origin.as_str()).collect();
            print!("{}", row.render(&origins.join(", ")));
        }
        let same = rows.iter().filter(|row| row.is_equal()).count();
        projects += 1;
        kept += usize::from(same == rows.len());
        tools += rows.len();
        equal += same;
    }
    println!(
        "\n{kept} of {projects} projects keep their verdict, {equal} of {tools} tool verdicts equal"
    );
    Ok(())
}

fn compare(project: &PublicProject, image: &str) -> Result<Vec<Row>> {
    let cache = workspace::target()?.join("green");
    let root = cache.join(&project.name);
    let hand = unpack(project, &root.join("by-hand"), image)?;
    let output = root.join("output");
    let by_hand = by_hand::run(project, &hand, &output, &cache.join("cache"), image)?;
    let folder = unpack(project, &root.join("ours"), image)?;
    let ours = run_ours(&folder, &root.join("report.json"))?;
    let mut rows: Vec<Row> = by_hand
        .into_iter()
        .map(|(tool, verdict)| Row { tool, by_hand: Some(verdict), ours: None })
        .collect();
    for (tool, verdict) in ours {
        match rows.iter_mut().find(|row| row.tool == tool) {
            Some(row) => match &mut row.ours {
                Some(known) => known.merge(verdict),
                None => row.ours = Some(verdict),
            },
            None => rows.push(Row { tool, by_hand: None, ours: Some(verdict) }),
        }
    }
    Ok(rows)
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

impl Row {
    fn is_equal(&self) -> bool {
        self.by_hand == self.ours
    }

    /// Renders a line with the places of the commands, and the first differences below it.
    fn render(&self, origins: &str) -> String {
        let side = |verdict: &Option<ToolVerdict>| match verdict {
            Some(verdict) => format!("{} {}", verdict.end.name(), verdict.findings.len()),
            None => "absent".to_owned(),
        };
        let sign = if self.is_equal() { "=" } else { "differs" };
        let mut text = format!(
            "  {:<12} by hand: {:<14} ours: {:<14} {sign:<8} {origins}\n",
            self.tool,
            side(&self.by_hand),
            side(&self.ours)
        );
        if let (Some(by_hand), Some(ours)) = (&self.by_hand, &self.ours) {
            for (label, one, other) in
                [("only ours", ours, by_hand), ("only by hand", by_hand, ours)]
            {
                for (path, line, code) in one.findings.difference(&other.findings).take(SHOWN) {
                    text += &format!("      {label}: {path}:{line} {code}\n");
                }
            }
        }
        text
    }
}
