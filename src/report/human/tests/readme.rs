//! The output in the README is what a run prints.

use super::*;
use crate::outcome::CacheUse;

/// A run with one finding, and three checks whose results are cached.
fn report() -> Report {
    let finding = sample::finding("src/app.py", 3);
    let mut excerpts = Excerpts::default();
    excerpts.insert("src/app.py", 3, "import os");
    let lint = CheckOutcome {
        status: Status::Findings,
        findings: vec![finding],
        excerpts,
        ..sample::passed("lint", "pylint")
    };
    let cached = |name, tool| CheckOutcome {
        cache: CacheUse::Hit,
        duration: std::time::Duration::from_millis(3),
        ..sample::passed(name, tool)
    };
    let checks = [("format", "black"), ("mypy", "mypy"), ("ruff", "ruff")];
    let cached = checks.map(|(name, tool)| cached(name, tool));
    sample::report_of(std::iter::once(lint).chain(cached).collect())
}

#[test]
fn the_readme_shows_what_a_run_prints() {
    let readme = include_str!("../../../../README.md");
    let block = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let (_command, block) = block.split_once('\n').unwrap();
    let printed = with(&report(), |options| Options { links: Links::Hidden, ..options });
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    assert_data_eq!(block.trim_end(), lines.join("\n").trim_end());
}
