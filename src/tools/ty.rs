//! ty.
//!
//! Its report for GitLab has each finding with both ends of its place.

use serde::Deserialize;

use super::adoption::{AdoptionFacts, CallFacts};
use super::catalogue::{CatalogueTool, config_error, judge};
use super::command::Command;
use super::exit_status::nothing_to_check;
use super::own_config::OwnConfig;
use super::{SourceFiles, TargetOption, ToolInvocation};
use crate::container::PROJECT;
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report::FindingValues;

const TARGET: TargetOption =
    TargetOption { option: "--python-version", key: "python-version", any_older: true };

/// Checks types.
pub static TY: CatalogueTool = CatalogueTool {
    name: "ty",
    about: "checks types with ty",
    notes: &[
        "It checks what its configuration includes; without `include`, all sources and inputs.",
        "Warnings are listed; a run with warnings alone passes, as in ty itself.",
        "It needs the grant `host` without a sandbox.",
    ],
    lock: "ty",
    lock_template: include_str!("../../templates/requirements/ty.txt"),
    own_configs: &[OwnConfig::toml("ty.toml", ""), OwnConfig::toml("pyproject.toml", "tool.ty")],
    path_options: &["extra-paths", "typeshed"],
    adoption: AdoptionFacts {
        hooks: &["ty", "ty-check"],
        call: CallFacts {
            programs: &[&["ty", "check"]],
            valued: "--color --config --config-file --error --exclude --extra-search-path --ignore \
                     --output-format --project --python --python-platform --python-version --typeshed \
                     --warn -c",
            config: "--config-file",
            dropped: "--color --no-progress --output-format --python --quiet --verbose -q -v",
            paths_are_args: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("0.0.25", "0.1"),
    sees_project: true,
    target_option: Some(TARGET),
    check: command,
    classify,
    ..CatalogueTool::USUAL
};

/// Sources on the command line would replace the scope of the configuration.
fn command(invocation: &ToolInvocation<'_>) -> Command {
    let python = format!("--python={PROJECT}");
    let mut canonical = vec!["--output-format=gitlab", "--no-progress", "--color=never"];
    if invocation.sees_project {
        canonical.push(&python);
    }
    Command::Exec(invocation.argv(&["ty", "check"], "--config-file", &canonical))
}

#[derive(Deserialize)]
struct Diagnostic {
    check_name: String,
    description: String,
    severity: String,
    location: Location,
}

#[derive(Deserialize)]
struct Location {
    path: String,
    positions: Positions,
}

#[derive(Deserialize)]
struct Positions {
    begin: Position,
    end: Position,
}

#[derive(Deserialize)]
struct Position {
    line: u32,
    column: u32,
}

fn classify(output: &RawOutput, _: &dyn SourceFiles) -> Classified {
    if let Some(classified) = config_error(output, &["ty failed\n", "error: "]) {
        return classified;
    }
    if String::from_utf8_lossy(&output.stderr).to_lowercase().contains("no python files found") {
        return nothing_to_check("ty");
    }
    let diagnostics: Result<Vec<Diagnostic>, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let findings = diagnostics.map(|all| all.iter().map(Diagnostic::finding).collect());
    judge("ty", output, findings, &[1])
}

impl Diagnostic {
    fn finding(&self) -> Finding {
        let message = self.description.strip_prefix(&format!("{}: ", self.check_name));
        let severity = match self.severity.as_str() {
            // GitLab has no warnings.
            "minor" => "warning",
            "info" => "info",
            _ => "error",
        };
        let Positions { begin, end } = &self.location.positions;
        FindingValues {
            path: &self.location.path,
            line: Some(begin.line),
            column: Some(begin.column),
            end_line: Some(end.line),
            end_column: Some(end.column),
            severity: Some(severity),
            code: &self.check_name,
            message: message.unwrap_or(&self.description),
            ..FindingValues::default()
        }
        .into_finding()
    }
}
