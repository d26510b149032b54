//! pyrefly.

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
pub static PYREFLY: CatalogueTool = CatalogueTool {
    name: "pyrefly",
    about: "checks types with pyrefly",
    notes: &[
        "It checks what its configuration includes; without `project-includes`, all sources and \
         inputs.",
        "It starts a Python to find packages, so it needs the grant `host` without a \
         sandbox.",
    ],
    lock: "pyrefly",
    lock_template: include_str!("../../templates/requirements/pyrefly.txt"),
    own_configs: &[
        OwnConfig::toml("pyrefly.toml", ""),
        OwnConfig::toml("pyproject.toml", "tool.pyrefly"),
    ],
    path_options: &["search-path"],
    adoption: AdoptionFacts {
        hooks: &["pyrefly-check"],
        call: CallFacts {
            programs: &[&["pyrefly", "check"]],
            valued: "--baseline --color --config --error --ignore --min-severity --output \
                     --output-format --project-excludes --python-interpreter-path --python-platform \
                     --python-version --search-path --site-package-path --threads --warn -c -j -o",
            config: "--config -c",
            dropped: "--color --output --output-format --python-interpreter-path \
                      --remove-unused-ignores --summary --threads --verbose -j -o -v",
            paths_are_args: true,
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    tried: ("0.46", "2"),
    sees_project: true,
    target_option: Some(TARGET),
    check: command,
    classify,
    ..CatalogueTool::USUAL
};

/// Sources on the command line would replace the scope of the configuration.
fn command(invocation: &ToolInvocation<'_>) -> Command {
    let python = format!("--python-interpreter-path={PROJECT}/bin/python3");
    let mut canonical = vec!["--output-format=json", "--color=never"];
    if invocation.sees_project {
        canonical.push(&python);
    }
    Command::Exec(invocation.argv(&["pyrefly", "check"], "--config", &canonical))
}

#[derive(Deserialize)]
struct Report {
    errors: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    path: String,
    line: u32,
    column: u32,
    stop_line: u32,
    stop_column: u32,
    name: String,
    description: String,
    severity: Option<String>,
}

fn classify(output: &RawOutput, _: &dyn SourceFiles) -> Classified {
    if let Some(classified) = config_error(output, &["ERROR ", "error: "]) {
        return classified;
    }
    if String::from_utf8_lossy(&output.stderr).contains("No Python files matched") {
        return nothing_to_check("pyrefly");
    }
    let report: Result<Report, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let findings = report.map(|report| report.errors.iter().map(Diagnostic::finding).collect());
    judge("pyrefly", output, findings, &[1])
}

impl Diagnostic {
    fn finding(&self) -> Finding {
        FindingValues {
            path: &self.path,
            line: Some(self.line),
            column: Some(self.column),
            end_line: Some(self.stop_line),
            end_column: Some(self.stop_column),
            severity: self.severity.as_deref().or(Some("error")),
            code: &self.name,
            message: &self.description,
            ..FindingValues::default()
        }
        .into_finding()
    }
}
