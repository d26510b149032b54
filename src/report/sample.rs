//! The sample report that every renderer is tested with.
//!
//! It contains each status and each kind of finding once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Report;
use super::phase::{Phase, PhaseKind};
use crate::engine_info::{EngineInfo, SandboxKind, Topology};
use crate::explanation::WorkDone;
use crate::finding::{Edit, Excerpts, Finding, Fix, Place, Severity};
use crate::fingerprint::diff::{Difference, DifferenceKind};
use crate::fingerprint::ingredients::{ConfigParts, EnvironmentParts, Ingredients, Inputs, Parts};
use crate::hash::Hash;
use crate::outcome::{CacheUse, CheckOutcome, Log, Reason, ReasonKind, Status, Verdict};

/// A run with findings, accepted findings, a cached pass, a crash, and a cancelled check.
pub(crate) fn report() -> Report {
    let checks = vec![lint(), format(), mypy(), ruff(), spelling()];
    Report {
        verdict: Verdict::over(&checks, None),
        folder: String::new(),
        platform: Some("linux/amd64".to_owned()),
        engine: Some(EngineInfo {
            kind: "docker".to_owned(),
            version: "26.1.5".to_owned(),
            topology: Some(Topology::Bind),
            sandbox: Some(SandboxKind::Container),
        }),
        warnings: vec!["the base image has no digest".to_owned()],
        duration: Duration::from_millis(9_400),
        phases: vec![build()],
        snapshots: BTreeMap::from([(
            Hash::of(b"sources"),
            BTreeMap::from([("src/main.py".to_owned(), Hash::of(b"main"))]),
        )]),
        changed_files: vec!["src/main.py".to_owned()],
        gate: None,
        review: None,
        affected: None,
        partition: None,
        checks,
    }
}

/// The same run with only these checks.
pub(crate) fn report_of(checks: Vec<CheckOutcome>) -> Report {
    Report {
        verdict: Verdict::over(&checks, None),
        checks,
        warnings: Vec::new(),
        changed_files: Vec::new(),
        ..report()
    }
}

/// A warning of pylint.
pub(crate) fn finding(path: &str, line: u32) -> Finding {
    Finding {
        place: Place {
            path: path.to_owned(),
            line,
            column: Some(1),
            end_line: Some(line),
            end_column: Some(10),
        },
        severity: Severity::Warning,
        code: "W0611".to_owned(),
        rule: "unused-import".to_owned(),
        message: "Unused import os".to_owned(),
        url: Some("https://pylint.readthedocs.io/en/stable/user_guide/messages/".to_owned()),
        gating: true,
        related: Vec::new(),
        fix: None,
        test: None,
        fingerprint: Hash::of(format!("{path}:{line}").as_bytes()),
    }
}

/// A check that passed without output.
pub(crate) fn passed(name: &str, tool: &str) -> CheckOutcome {
    CheckOutcome {
        id: name.parse().unwrap(),
        tool: tool.to_owned(),
        tool_version: Some("1.2.3".to_owned()),
        status: Status::Passed,
        reason: None,
        cache: CacheUse::Miss,
        inputs: Some(inputs(name, tool)),
        since_last: None,
        work: None,
        started: Some(Duration::from_millis(7_250)),
        duration: Duration::from_millis(812),
        score: None,
        coverage: None,
        log: Log::default(),
        findings: Vec::new(),
        excerpts: Excerpts::default(),
        warnings: Vec::new(),
        plain: None,
    }
}

/// The inputs of a check.
pub(crate) fn inputs(name: &str, tool: &str) -> Inputs {
    let versions = |names: &[&str]| -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), "1.2.3".to_owned())).collect()
    };
    Inputs {
        ingredients: Ingredients {
            environment: Hash::of(tool.as_bytes()),
            platform: Hash::of(b"linux/amd64"),
            command: Hash::of(name.as_bytes()),
            config: Hash::of(b"config"),
            sources: Hash::of(b"sources"),
        },
        parts: Parts {
            environment: EnvironmentParts {
                image: "python:3.13-slim".to_owned(),
                base: Hash::of(b"base"),
                python: Some("3.13.5".to_owned()),
                dockerfile: Some(Hash::of(b"dockerfile")),
                tool: versions(&[tool]),
                project: versions(&["requests"]),
                build: BTreeMap::new(),
                toolchain: None,
                crates: BTreeMap::new(),
            },
            platform: "linux/amd64".to_owned(),
            command: BTreeMap::from([("argument 0".to_owned(), Hash::of(name.as_bytes()))]),
            config: Some(ConfigParts {
                path: ".config/tool.toml".to_owned(),
                options: BTreeMap::from([("line-length".to_owned(), Hash::of(b"88"))]),
            }),
        },
    }
}

/// A check that could not run.
pub(crate) fn failed(name: &str, reason: Reason) -> CheckOutcome {
    CheckOutcome {
        status: Status::Error,
        reason: Some(reason),
        inputs: None,
        started: None,
        ..passed(name, "ruff")
    }
}

/// A check with a finding that counts and one that its tool accepts.
pub(crate) fn lint() -> CheckOutcome {
    let accepted = Finding {
        severity: Severity::Info,
        code: "C0114".to_owned(),
        rule: "missing-module-docstring".to_owned(),
        message: "Missing module docstring".to_owned(),
        gating: false,
        ..finding("src/util.py", 1)
    };
    let duplicated = Finding {
        place: Place { end_line: Some(9), ..Place::line("src/main.py", 4) },
        severity: Severity::Info,
        code: "R0801".to_owned(),
        rule: "duplicate-code".to_owned(),
        message: "Similar lines in 2 files".to_owned(),
        related: vec![Place { end_line: Some(17), ..Place::line("src/util.py", 12) }],
        ..finding("src/main.py", 4)
    };
    CheckOutcome {
        status: Status::Findings,
        since_last: Some(vec![difference()]),
        work: Some(work()),
        score: Some(6.67),
        excerpts: excerpts(&[(2, "import os"), (4, "def one():")]),
        findings: vec![finding("src/main.py", 2), duplicated, accepted],
        ..passed("lint", "pylint")
    }
}

/// A build that took longer than all checks.
fn build() -> Phase {
    Phase {
        kind: PhaseKind::Build,
        name: "pylint".to_owned(),
        started: Duration::from_millis(120),
        duration: Duration::from_millis(7_100),
    }
}

/// An edit of `src/main.py`.
fn difference() -> Difference {
    Difference {
        kind: DifferenceKind::File,
        name: "src/main.py".to_owned(),
        before: Some(Hash::of(b"before").short()),
        now: Some(Hash::of(b"main").short()),
    }
}

/// pylint checked one file of two.
fn work() -> WorkDone {
    WorkDone {
        files: 2,
        checked: BTreeMap::from([("src/main.py".to_owned(), "it changed".to_owned())]),
        ..WorkDone::default()
    }
}

/// Lines of `src/main.py`.
fn excerpts(lines: &[(u32, &str)]) -> Excerpts {
    let mut excerpts = Excerpts::default();
    lines.iter().for_each(|(line, text)| excerpts.insert("src/main.py", *line, text));
    excerpts
}

fn format() -> CheckOutcome {
    CheckOutcome {
        cache: CacheUse::Hit,
        started: None,
        duration: Duration::from_millis(3),
        ..passed("format", "black")
    }
}

fn mypy() -> CheckOutcome {
    let finding = Finding {
        place: Place { column: Some(15), end_column: Some(16), ..finding("src/main.py", 7).place },
        severity: Severity::Error,
        code: "return-value".to_owned(),
        rule: "return-value".to_owned(),
        message: "Incompatible return value type (got \"int\", expected \"str\")".to_owned(),
        fix: Some(Fix {
            message: "Return a string".to_owned(),
            safe: false,
            edits: vec![Edit {
                line: 7,
                column: 15,
                end_line: 7,
                end_column: 16,
                content: "\"1\"".to_owned(),
            }],
        }),
        ..finding("src/main.py", 7)
    };
    CheckOutcome {
        status: Status::Findings,
        duration: Duration::from_millis(2_140),
        excerpts: excerpts(&[(7, "\treturn \"é😀\", 1")]),
        findings: vec![finding],
        ..passed("mypy", "mypy")
    }
}

fn ruff() -> CheckOutcome {
    let hint = "report it to ruff with the log above".to_owned();
    let reason = Reason::new(ReasonKind::Tool, "ruff panicked (exit status 101)").with_hint(hint);
    CheckOutcome {
        log: Log {
            stdout: String::new(),
            stderr: "thread 'main' panicked\n\u{1b}[31mat src/lib.rs:1\u{1b}[0m\n".to_owned(),
            truncated: false,
        },
        ..failed("ruff", reason)
    }
}

fn spelling() -> CheckOutcome {
    CheckOutcome {
        status: Status::Cancelled,
        reason: Some(Reason::new(
            ReasonKind::Stopped,
            "`lint` did not pass, and `--fail-fast` was given",
        )),
        tool_version: None,
        duration: Duration::ZERO,
        ..failed("spelling", Reason::new(ReasonKind::Stopped, ""))
    }
}
