//! Rendering of a report as instructions for cargo.
//!
//! A build shows each finding with its place, and one line for each reason why a check could not run.
//!
//! The instructions are those of <https://doc.rust-lang.org/cargo/reference/build-scripts.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::mode::BuildMode;
use crate::error::Error;
use crate::finding::{Finding, Severity};
use crate::outcome::{CheckOutcome, ReasonKind, Status, Verdict};
use crate::program::Program;
use crate::report::{Report, harmless, warnings};
use crate::scaffold::{Drift, DriftKind};

/// The number of findings of a check that are shown. Cargo repeats all of them in every build.
const SHOWN: usize = 50;

/// The instructions for cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    mode: BuildMode,
    program: Program,
    variables: BTreeSet<String>,
    watched: BTreeSet<PathBuf>,
    messages: Vec<(Level, String)>,
}

/// The severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Warning,
    Error,
}

impl Lines {
    pub(super) fn new(mode: BuildMode) -> Self {
        Lines {
            mode,
            program: Program::default(),
            variables: BTreeSet::new(),
            watched: BTreeSet::new(),
            messages: Vec::new(),
        }
    }

    /// Spells suggested commands for this program.
    pub(super) fn offer(&mut self, program: Program) {
        self.program = program;
    }

    /// Reruns the build script when a variable changes.
    pub(super) fn watch_variable(&mut self, name: &str) {
        self.variables.insert(name.to_owned());
    }

    /// Reruns the build script when a file, or anything below a folder, changes. Missing paths are not
    /// watched: cargo would rerun the script in every build.
    pub(super) fn watch(&mut self, path: &Path) {
        let can_be_told = path.to_str().is_some_and(|text| !text.contains('\n'));
        if can_be_told && path.exists() {
            self.watched.insert(path.to_owned());
        }
    }

    /// Adds a warning that never fails the build.
    pub(super) fn warn(&mut self, message: &str) {
        self.messages.push((Level::Warning, harmless::line(message)));
    }

    /// Adds an error in the project.
    fn complain(&mut self, message: &str) {
        let level = if self.mode == BuildMode::Deny { Level::Error } else { Level::Warning };
        self.messages.push((level, harmless::line(message)));
    }

    /// Adds the reason why nothing could be checked.
    pub(super) fn failed(&mut self, error: &Error) {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        let message = format!("{error}{hint}");
        match error.verdict() {
            Verdict::Config => self.complain(&message),
            _ => self.warn(&message),
        }
    }

    /// Adds the result of a run.
    pub(super) fn report(&mut self, report: &Report) {
        let mut undone: BTreeMap<(ReasonKind, String), Vec<&str>> = BTreeMap::new();
        for check in &report.checks {
            self.findings(check);
            if let (Status::Error | Status::TimedOut, Some(reason)) = (check.status, &check.reason)
            {
                undone.entry((reason.kind, reason.to_line())).or_default().push(check.id.as_str());
            }
        }
        for ((kind, message), checks) in undone {
            let message = format!("{} not checked: {message}", checks.join(", "));
            match kind {
                ReasonKind::Config => self.complain(&message),
                _ => self.warn(&message),
            }
        }
        for warning in warnings(report) {
            self.warn(&warning);
        }
    }

    /// Adds the generated files that are not up to date.
    pub(super) fn drifted(&mut self, drifts: &[Drift]) {
        for drift in drifts {
            let (is, command) = match drift.kind {
                DriftKind::Missing => ("is missing", "sync"),
                DriftKind::Unneeded => ("is no longer needed", "sync"),
                DriftKind::Outdated => ("is out of date", "sync"),
                DriftKind::Edited => ("was edited", "sync --check"),
            };
            self.complain(&format!("`{}` {is}; see `cargo pipe {command}`", drift.location));
        }
    }

    fn findings(&mut self, check: &CheckOutcome) {
        let gating = || check.findings.iter().filter(|finding| finding.gating);
        for finding in gating().take(SHOWN) {
            self.complain(&render_finding(finding, check));
        }
        let more = gating().count().saturating_sub(SHOWN);
        if more > 0 {
            let name = &check.id;
            self.complain(&format!("{more} more of {name}; `cargo pipe {name}` shows all"));
        }
    }

    /// Renders the instructions.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |kind: &str, value: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "cargo::{kind}={value}");
        };
        for name in &self.variables {
            line("rerun-if-env-changed", name);
        }
        for path in &self.watched {
            line("rerun-if-changed", &path.to_string_lossy());
        }
        for (level, message) in &self.messages {
            let message = self.program.spell(message);
            match level {
                Level::Warning => line("warning", &message),
                Level::Error => line("error", &message),
            }
        }
        text
    }
}

fn render_finding(finding: &Finding, check: &CheckOutcome) -> String {
    let Finding { place, severity, code, message, .. } = finding;
    let column = place.column.map(|column| format!(":{column}")).unwrap_or_default();
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let at = if place.path.is_empty() {
        String::new()
    } else {
        format!("{}:{}{column}: ", place.path, place.line)
    };
    format!("{at}{severity}: {message} [{} {code}]", check.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;
    use crate::report::sample;

    fn text(mode: BuildMode, report: &Report) -> String {
        let mut lines = Lines::new(mode);
        lines.report(report);
        lines.text()
    }

    #[test]
    fn a_finding_is_a_warning_with_its_place_and_an_error_where_that_is_wanted() {
        let report = sample::report_of(vec![sample::lint()]);
        let expected = "=src/main.py:2:1: warning: Unused import os [lint W0611]\n";
        assert!(text(BuildMode::Warn, &report).contains(&format!("cargo::warning{expected}")));
        assert!(text(BuildMode::Deny, &report).contains(&format!("cargo::error{expected}")));
    }

    #[test]
    fn a_check_that_could_not_be_done_fails_no_build() {
        let mut check = sample::passed("lint", "pylint");
        check.status = Status::Error;
        let reason = Reason::new(ReasonKind::Environment, "`docker` is not installed");
        check.reason = Some(reason.with_hint("install it".to_owned()));
        let also = CheckOutcome { id: "mypy".parse().unwrap(), ..check.clone() };
        assert_eq!(
            text(BuildMode::Deny, &sample::report_of(vec![check, also])),
            "cargo::warning=lint, mypy not checked: `docker` is not installed; install it\n"
        );
    }

    #[test]
    fn a_flood_of_findings_is_cut() {
        let findings = (0..60).map(|line| sample::finding("src/main.py", line)).collect();
        let check = CheckOutcome { findings, ..sample::passed("lint", "pylint") };
        let text = text(BuildMode::Warn, &sample::report_of(vec![check]));
        assert_eq!(text.lines().count(), 51);
        assert!(text.ends_with("=10 more of lint; `cargo pipe lint` shows all\n"), "{text}");
    }

    #[test]
    fn what_a_tool_says_is_one_line_and_no_instruction() {
        let mut finding = sample::finding("src/main.py", 1);
        finding.message = "bad\ncargo::error=no".to_owned();
        let check = CheckOutcome { findings: vec![finding], ..sample::passed("lint", "pylint") };
        let text = text(BuildMode::Warn, &sample::report_of(vec![check]));
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn what_is_not_there_is_not_watched() {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = Lines::new(BuildMode::Warn);
        lines.watch(&folder.path().join("missing"));
        lines.watch(folder.path());
        let path = folder.path().display();
        assert_eq!(lines.text(), format!("cargo::rerun-if-changed={path}\n"));
    }
}
