//! rustfmt.

use super::adoption::{AdoptionFacts, CallFacts};
use super::cargo::{DROPPED, VALUED, exec};
use super::catalogue::{CatalogueTool, config_error};
use super::exit_status::{accepted, crashed, rejected, text};
use crate::finding::SourceFiles;
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::rustfmt_diff;

/// Formats Rust code.
pub static RUSTFMT: CatalogueTool = CatalogueTool {
    name: "rustfmt",
    about: "checks that rustfmt would leave Rust code as it is",
    notes: &[
        "`args` go to `cargo fmt`, such as `--all`; those after `--` go to rustfmt.",
        "Each finding is a hunk of rustfmt's diff, with the edits that resolve it.",
        "A file that rustfmt cannot parse is a finding too.",
    ],
    is_rust: true,
    lock: "rust",
    is_formatter: true,
    endings: &[".rs"],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["fmt", "rustfmt"],
        call: CallFacts {
            programs: &[&["cargo", "fmt"]],
            valued: VALUED,
            dropped: DROPPED,
            verbatim: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("1.70", "2"),
    check: |it| exec(it, &["cargo", "fmt"], &["--check"]),
    fix: Some(|it| exec(it, &["cargo", "fmt"], &[])),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const REJECTED: i32 = 1;
    let stderr = text(&output.stderr);
    let mut findings = rustfmt_diff::parse(&output.stdout, sources);
    findings.extend(rustfmt_diff::parse_errors(&stderr));
    let is_warning = |line: &&str| line.to_ascii_lowercase().starts_with("warning: ");
    let warnings = stderr.lines().filter(is_warning).map(str::to_owned).collect();
    let classified = match output.code {
        0 => accepted(findings),
        REJECTED if !findings.is_empty() => rejected(findings),
        _ => config_error(output, &["error: ", "Error: "])
            .unwrap_or_else(|| crashed("rustfmt", output)),
    };
    Classified { warnings, ..classified }
}
