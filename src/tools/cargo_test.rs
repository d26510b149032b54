//! cargo test.

use super::adoption::{AdoptionFacts, CallFacts};
use super::cargo::{DROPPED, FAILED, VALUED, cargo_error, classify_compilation, compile};
use super::catalogue::CatalogueTool;
use super::exit_status::rejected;
use crate::finding::{Finding, Severity, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::libtest;

/// Runs the tests of Rust code.
pub static CARGO_TEST: CatalogueTool = CatalogueTool {
    name: "cargo-test",
    about: "runs the tests of Rust code with cargo test",
    notes: &[
        "It runs the project's own code on a private copy that it can write to.",
        "`args` go to `cargo test`; those after `--` go to the test programs.",
        "Each finding is a failed test, at the place of its panic.",
    ],
    is_rust: true,
    lock: "rust",
    runs_project: true,
    endings: &[".rs"],
    default_source: &["."],
    adoption: AdoptionFacts {
        call: CallFacts {
            programs: &[&["cargo", "test"]],
            valued: VALUED,
            dropped: DROPPED,
            verdictless: "--no-run",
            verbatim: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("1.70", "2"),
    check: |it| compile(it, &["cargo", "test"], &["--no-fail-fast", "--message-format=json"]),
    compile: Some(|it| compile(it, &["cargo", "test"], &["--no-run", "--message-format=json"])),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    let compiled = classify_compilation("cargo test", output, sources);
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    if output.code != FAILED || compiled.findings.iter().any(is_error) {
        return compiled;
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let failed = libtest::parse(&stdout, &stderr, sources);
    if failed.is_empty() {
        return Classified { findings: compiled.findings, ..cargo_error("cargo test", output) };
    }
    rejected(compiled.findings.into_iter().chain(failed).collect())
}
