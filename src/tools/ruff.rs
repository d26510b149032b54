//! ruff, the linter.
//!
//! Owns its commands and the meaning of its exit status, which [`super::ruff_format`] shares as
//! far as ruff's refusals go. Must not know the format of its diagnostics, which is
//! [`ruff_json`]'s. What it makes of them goes to the run.

use super::adoption::AdoptionFacts;
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::Command;
use crate::tools::parse::ruff_json;

/// What ruff says, and exits 0, when there was nothing to do.
const IDLE: &str = "No Python files found";

/// The nearest of them above a source holds for it; those below it in one folder say nothing.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::toml(".ruff.toml", ""),
    OwnConfig::toml("ruff.toml", ""),
    OwnConfig::toml("pyproject.toml", "tool.ruff"),
];

/// Tried with 0.17.6, which reads no configuration that has one of them.
const REFUSED: &[Refused] = &[
    gone("emit-syntax-errors"),
    gone("jupyter"),
    gone("line-width"),
    gone("show-source"),
    gone("tab-size"),
    gone("update-check"),
    Refused {
        option: "format",
        values: &["text", "concise", "full", "json", "github", "gitlab", "grouped", "pylint"],
        fate: "ruff calls it `output-format`, and `format` is the formatter's section",
        source: "ruff 0.17.6 says `expected struct FormatOptions`",
    },
    Refused {
        option: "output-format",
        values: &["text"],
        fate: "ruff calls that format `concise`",
        source: "ruff 0.17.6 says `unknown variant`",
    },
];

const fn gone(option: &'static str) -> Refused {
    let source = "ruff 0.17.6 says `unknown field`";
    Refused { option, values: &[], fate: "ruff knows it no more", source }
}

/// Lints.
#[derive(Clone, Copy, Debug)]
pub struct Ruff;

impl Tool for Ruff {
    fn name(&self) -> &'static str {
        "ruff"
    }

    fn about(&self) -> &'static str {
        "looks for mistakes and bad style with ruff"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It gets the source folders, so that its own `extend-exclude` holds.",
            "A finding that ruff can resolve carries the edits; `--fix` makes those that ruff is \
             sure of.",
            "Its own cache is off, because it can answer wrongly.",
        ]
    }

    fn lock(&self) -> &'static str {
        "ruff"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/ruff.txt")
    }

    fn config_file(&self) -> Option<&'static str> {
        Some("pyproject.toml")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/ruff.toml"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn reads_nested_configs(&self) -> bool {
        true
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("ruff"),
            hooks: &["ruff", "ruff-check"],
            ..AdoptionFacts::default()
        }
    }

    fn own_code(&self, _: &str, _: &Command) -> Option<String> {
        None
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let canonical = ["--output-format=json", "--no-fix", "--no-fix-only", "--no-cache"];
        invocation.exec(&["ruff", "check"], "--config", &canonical)
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        // What is left to find is for the check to say.
        Some(invocation.exec(&["ruff", "check"], "--config", &["--fix-only", "--no-cache"]))
    }

    fn classify(&self, output: &RawOutput, _: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        if output.code == 2 {
            return refused(self.name(), output);
        }
        let Some(parsed) = ruff_json::parse(&output.stdout) else {
            return crashed(self.name(), output);
        };
        if !parsed.unread.is_empty() {
            return unreadable(self.name(), parsed.unread, parsed.findings);
        }
        let findings = parsed.findings;
        let not_done = findings.iter().find(|finding| is_not_done(finding));
        if let Some(finding) = not_done {
            let message = format!("ruff: {}: {}", finding.place.path, finding.message);
            return Classified { findings, ..failed(ReasonKind::Tool, message) };
        }
        let mut classified = match output.code {
            0 | 1 if findings.is_empty() && is_idle(output) => nothing_to_check(self.name()),
            0 => accepted(findings),
            1 if !findings.is_empty() => rejected(findings),
            _ => crashed(self.name(), output),
        };
        classified.warnings.extend(warnings(output));
        classified
    }
}

/// A source that is not there, or one that ruff itself fails on.
fn is_not_done(finding: &Finding) -> bool {
    let is_missing = finding.code == "E902" && finding.message.contains("No such file");
    is_missing || finding.code == "panic"
}

/// Whether ruff says that there was nothing to do.
pub(super) fn is_idle(output: &RawOutput) -> bool {
    text(&output.stderr).contains(IDLE)
}

/// What ruff complains of besides, a paragraph each.
pub(super) fn warnings(output: &RawOutput) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in text(&output.stderr).lines() {
        if let Some(warning) = line.strip_prefix("warning: ") {
            if warning.starts_with(IDLE) {
                continue;
            }
            warnings.push(warning.to_owned());
            is_inside = true;
        } else if is_inside && line.starts_with(' ') {
            if let Some(last) = warnings.last_mut() {
                last.push('\n');
                last.push_str(line);
            }
        } else {
            is_inside = false;
        }
    }
    warnings
}

/// Ruff did not do its work: because of how it was told to, or because it could not.
pub(super) fn refused(tool: &str, output: &RawOutput) -> Classified {
    let stderr = text(&output.stderr);
    let is_usage = stderr.contains("try '--help'");
    let about_config = ["configuration", ".toml`", "Unknown rule", "Required version"];
    let is_config = stderr.starts_with("ruff failed")
        && about_config.iter().any(|words| stderr.contains(words));
    if !is_usage && !is_config {
        return crashed(tool, output);
    }
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| *line != "ruff failed" && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: ").trim_start_matches("  Cause: "))
        .collect();
    failed(ReasonKind::Config, lines.join("\n").trim().to_owned())
}
