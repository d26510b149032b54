//! ruff's formatter.
//!
//! Its exit status is the same for a file that it cannot format and for an error of its own.
//! [`RuffFormat`] tells them apart by standard error, which names the files.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::black::{SYNTAX, UNREADABLE, unprocessed_file};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::ruff::{FORCE_EXCLUDE, Ruff, found_no_files, parse_warnings, usage_error};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::finding::{Finding, Place};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::Command;
use crate::tools::parse::unified_diff;

/// In a file of ruff's own, and in one that it shares with other tools.
const FORMATTER_SECTIONS: &[OwnConfig] = &[
    OwnConfig::toml(".ruff.toml", "format"),
    OwnConfig::toml("ruff.toml", "format"),
    OwnConfig::toml("pyproject.toml", "tool.ruff.format"),
];

/// `ruff format --help` of 0.17.6.
const CALL: CallFacts = CallFacts {
    programs: &[&["ruff", "format"]],
    hook_args: &[],
    valued: "--cache-dir --color --config --exclude --extension --line-length --output-format \
             --range --stdin-filename --target-version",
    config: "--config",
    dropped: "--cache-dir --check --color --diff --exit-non-zero-on-format --no-cache \
              --output-format --quiet --verbose -n -q -s -v",
    ..CallFacts::NONE
};

/// Formats.
#[derive(Clone, Copy, Debug)]
pub struct RuffFormat;

impl Tool for RuffFormat {
    fn name(&self) -> &'static str {
        "ruff-format"
    }

    fn about(&self) -> &'static str {
        "checks that ruff would leave the formatting as it is"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "Each finding is a hunk of ruff's diff, with the edits that resolve it.",
            "A file that ruff cannot parse is a finding too.",
            "It shares the configuration and the environment of the linter.",
            "It does not agree with black on every file: use one of them, not both.",
        ]
    }

    fn lock(&self) -> &'static str {
        Ruff.lock()
    }

    fn lock_template(&self) -> &'static str {
        Ruff.lock_template()
    }

    fn config_file(&self) -> Option<&'static str> {
        Ruff.config_file()
    }

    fn config_template(&self) -> Option<&'static str> {
        Ruff.config_template()
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        Ruff.own_configs()
    }

    fn reads_nested_configs(&self) -> bool {
        true
    }

    fn path_options(&self) -> &'static [&'static str] {
        Ruff.path_options()
    }

    fn endings(&self) -> &'static [&'static str] {
        Ruff.endings()
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("format"),
            hooks: &["ruff-format"],
            call: CALL,
            formatter_sections: FORMATTER_SECTIONS,
        }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Ruff.allow_list()
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("0.1.2", "0.18")
    }

    fn refused(&self) -> &'static [Refused] {
        Ruff.refused()
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        invocation.exec(&["ruff", "format"], "--config", &["--diff", "--no-cache", FORCE_EXCLUDE])
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        Some(invocation.exec(&["ruff", "format"], "--config", &["--no-cache", FORCE_EXCLUDE]))
    }

    fn is_formatter(&self) -> bool {
        true
    }

    fn classify(&self, output: &RawOutput, _: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        let parsed = unified_diff::parse(&output.stdout);
        if !parsed.unread.is_empty() {
            return unreadable(self.name(), parsed.unread, parsed.findings);
        }
        let mut findings = parsed.findings;
        let mut classified = match output.code {
            0 if found_no_files(output) => nothing_to_check(self.name()),
            0 => accepted(findings),
            1 if !findings.is_empty() => rejected(findings),
            2 => match unformatted_files(&text(&output.stderr)) {
                Ok(unformatted) if unformatted.is_empty() => usage_error(self.name(), output),
                Ok(unformatted) => {
                    findings.extend(unformatted);
                    rejected(findings)
                }
                Err(message) => Classified { findings, ..failed(ReasonKind::Tool, message) },
            },
            _ => crashed(self.name(), output),
        };
        classified.warnings.extend(parse_warnings(output));
        classified
    }
}

/// The files that ruff cannot format, or the error of ruff itself.
fn unformatted_files(stderr: &str) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for line in stderr.lines() {
        if let Some(rest) = line.strip_prefix("error: Failed to parse ") {
            findings.extend(parse_unparsable(rest));
        } else if let Some((path, why)) =
            line.strip_prefix("error: Failed to read ").and_then(|rest| rest.split_once(": "))
        {
            findings.push(unprocessed_file(Place::line(path, 1), UNREADABLE, why.to_owned()));
        } else if let Some((path, _)) = line
            .strip_prefix("error: Failed to format ")
            .and_then(|rest| rest.split_once(": source contains syntax errors: "))
        {
            // ruff before 0.2 names no place in the file.
            let message = "the file has a syntax error".to_owned();
            findings.push(unprocessed_file(Place::line(path, 1), SYNTAX, message));
        } else if let Some(rest) = line.strip_prefix("error: Failed to format ") {
            return Err(format!("ruff could not format {rest}"));
        }
    }
    Ok(findings)
}

/// Reads `src/main.py:4:18: message`, both numbers from 1.
fn parse_unparsable(rest: &str) -> Option<Finding> {
    let (at, place) = rest.match_indices(": ").find_map(|(at, _)| {
        let (place, column) = rest[..at].rsplit_once(':')?;
        let (path, line) = place.rsplit_once(':')?;
        let place =
            Place { column: Some(column.parse().ok()?), ..Place::line(path, line.parse().ok()?) };
        Some((at, place))
    })?;
    Some(unprocessed_file(place, SYNTAX, rest[at + 2..].to_owned()))
}
