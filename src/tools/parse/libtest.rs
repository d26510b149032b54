//! Parses what `cargo test` prints about tests: one finding per failed test, at the place of its panic.
//!
//! Cargo names the programs on standard error, and the programs print their results on standard output.
//! The two have the same order. A program that a signal has ended is a finding too.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::inside;
use super::report::FindingValues;
use super::rustc::{CargoTarget, Files, START};
use crate::finding::{FailedTest, Finding, SourceFiles};

/// The most lines of a test's output that a message has.
const MAX_LINES: usize = 6;

/// The code of a failed test.
const CODE: &str = "test-failed";

#[derive(Deserialize)]
struct Artifact {
    executable: Option<String>,
    target: CargoTarget,
}

/// The failed tests of all programs, then the programs that ended in another way.
pub(in crate::tools) fn parse(
    stdout: &str,
    stderr: &str,
    sources: &dyn SourceFiles,
) -> Vec<Finding> {
    let mut files = Files::new(sources);
    let artifacts: Vec<Artifact> = stdout
        .lines()
        .filter(|line| line.starts_with(START))
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let source_of = |program: &str| {
        let is_program = |it: &&Artifact| {
            it.executable.as_deref().is_some_and(|it| !program.is_empty() && it.ends_with(program))
        };
        artifacts.iter().find(is_program).map_or("", |it| it.target.src_path.as_str())
    };
    let programs: Vec<&str> = stderr.lines().filter_map(program).collect();
    let mut findings = Vec::new();
    let mut tests = 0;
    let mut section: Option<(String, Vec<&str>)> = None;
    let mut root = "";
    for line in stdout.lines() {
        if line.starts_with("running ") && line.trim_end().ends_with(['t', 's']) {
            root = programs.get(tests).map_or("", |program| source_of(program));
            tests += 1;
        }
        let heading = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----"));
        let is_end = line == "failures:" || line.starts_with("test result: ");
        if heading.is_some() || is_end {
            let ended = section.take();
            findings
                .extend(ended.map(|(name, lines)| failed_test(&name, &lines, root, &mut files)));
        }
        if let Some(name) = heading {
            section = Some((name.to_owned(), Vec::new()));
        } else if let Some((_, lines)) = &mut section {
            lines.push(line);
        }
    }
    findings.extend(section.map(|(name, lines)| failed_test(&name, &lines, root, &mut files)));
    let mut ended: BTreeMap<&str, &str> = BTreeMap::new();
    for line in stderr.lines() {
        let how = line.trim().strip_prefix("process didn't exit successfully: `");
        if let Some((program, how)) = how.and_then(|how| how.split_once("` (")) {
            ended.insert(program, how.trim_end_matches(')'));
        }
    }
    for (program, how) in ended {
        let source = source_of(program.split(' ').next().unwrap_or_default());
        if !source.is_empty() && (how.starts_with("signal") || findings.is_empty()) {
            let path = files.find(source, "").unwrap_or_default();
            let message = format!("the test program ended with {how}");
            findings.push(finding(&path, None, &message));
        }
    }
    findings
}

/// The program of a line such as `Running unittests src/lib.rs (target/debug/deps/shop-5079)`; empty
/// for the tests in documentation.
fn program(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with("Doc-tests ") {
        return Some("");
    }
    line.strip_prefix("Running ")?.rsplit_once('(')?.1.strip_suffix(')')
}

fn failed_test(name: &str, lines: &[&str], root: &str, files: &mut Files<'_>) -> Finding {
    let documented = documented_place(name);
    let place = documented.or_else(|| lines.iter().find_map(|line| panic_place(line)));
    let folder = inside::project_path(root).unwrap_or_default();
    let place =
        place.and_then(|(raw, line, column)| Some((files.find(raw, &folder)?, line, column)));
    let (path, spot) = match place {
        Some((path, line, column)) => (path, Some((line, column))),
        None => (files.find(root, "").unwrap_or_else(|| "Cargo.toml".to_owned()), None),
    };
    let text: Vec<&str> = lines
        .iter()
        .map(|line| line.trim())
        .take_while(|line| *line != "stack backtrace:")
        .filter(|line| !line.is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE"))
        .filter(|line| *line != "stderr:")
        .map(without_place)
        .filter(|line| !line.is_empty())
        .take(MAX_LINES)
        .collect();
    let mut finding = finding(&path, spot, &format!("{name}: {}", text.join(" ")));
    finding.test = Some(FailedTest { name: name.to_owned(), flaky: false });
    finding
}

fn finding(path: &str, spot: Option<(u32, Option<u32>)>, message: &str) -> Finding {
    FindingValues {
        path,
        line: spot.map(|(line, _)| line),
        column: spot.and_then(|(_, column)| column),
        severity: Some("error"),
        code: CODE,
        message,
        ..FindingValues::default()
    }
    .into_finding()
}

/// The place of a test in documentation, such as `src/lib.rs - add (line 3)`.
fn documented_place(name: &str) -> Option<(&str, u32, Option<u32>)> {
    let (path, rest) = name.split_once(" - ")?;
    let line = rest.rsplit_once("(line ")?.1.split(')').next()?;
    Some((path, line.parse().ok()?, None))
}

/// The place in `thread 'x' panicked at src/lib.rs:1:5:`, and at the end of the message in releases
/// before 1.73: `text', src/lib.rs:1:5`.
fn panic_place(line: &str) -> Option<(&str, u32, Option<u32>)> {
    let place = match line.split_once(" panicked at ") {
        Some((_, after)) if !after.starts_with('\'') => after,
        _ => line.rsplit_once("', ")?.1,
    };
    let (rest, column) = place.trim_end_matches(':').rsplit_once(':')?;
    let (path, line) = rest.rsplit_once(':')?;
    Some((path, line.parse().ok()?, Some(column.parse().ok()?)))
}

/// The text of a panic's line without the place, which the finding has.
fn without_place(line: &str) -> &str {
    let Some((_, after)) = line.split_once(" panicked at ") else {
        return line.rsplit_once("', ").map_or(line, |(text, _)| text);
    };
    match after.strip_prefix('\'') {
        Some(text) => text.rsplit_once("', ").map_or(text, |(text, _)| text),
        None => "",
    }
}
