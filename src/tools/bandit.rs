//! bandit.
//!
//! A file that it cannot parse is in the list of its errors, and does not change its exit status.

use serde::Deserialize;

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles};
use super::black::{SYNTAX, UNREADABLE, unprocessed_file};
use super::catalogue::{CatalogueTool, config_error, judge};
use super::exit_status::rejected;
use super::own_config::OwnConfig;
use crate::finding::{Finding, Place, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::columns::Columns;
use crate::tools::parse::inside;
use crate::tools::parse::report::FindingValues;

const ALLOWED: AllowList = AllowList {
    flags: &["exit-zero ignore-nosec quiet recursive verbose -l -ll -lll -i -ii -iii -q -r -v"],
    options: &["confidence-level exclude severity-level skip tests -s -t -x"],
    keys: &["aggregate confidence exclude level number recursive skips targets tests verbose"],
    layout: ConfigLayout {
        table: "tool.bandit",
        nesting: Nesting::Flat,
        toml: TomlFiles::ByName,
        reads_section: |_, section| section == "bandit",
    },
    search: ConfigSearch::Everywhere,
    ..AllowList::NOTHING
};

/// Finds security problems.
pub static BANDIT: CatalogueTool = CatalogueTool {
    name: "bandit",
    about: "finds security problems with bandit",
    notes: &[
        "It reads a `.bandit` file by itself; to use `pyproject.toml`, set `config` to it.",
        "A finding has the severity that bandit gives it; its confidence is in the message.",
        "It cannot fix anything.",
    ],
    lock: "bandit",
    lock_template: include_str!("../../templates/requirements/bandit.txt"),
    companions: &["tomli; python_version < '3.11'"],
    own_configs: &[OwnConfig::ini(".bandit", "bandit")],
    endings: &[".py"],
    adoption: AdoptionFacts {
        hooks: &["bandit"],
        call: CallFacts {
            programs: &[&["bandit"]],
            valued: "--aggregate --baseline --configfile --confidence-level --exclude --format --ini \
                     --msg-template --number --output --profile --severity-level --skip --tests -a \
                     -b -c -f -n -o -p -s -t -x",
            config: "--configfile -c",
            dropped: "--aggregate --debug --format --number --output --quiet --recursive --verbose \
                      -a -d -f -n -o -q -r -v",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("1.8", "2"),
    parses_with_python: true,
    check: |it| it.exec(&["bandit"], "--configfile", &["--recursive", "--format=json", "--quiet"]),
    classify,
    ..CatalogueTool::USUAL
};

#[derive(Deserialize)]
struct Report {
    errors: Vec<Failure>,
    results: Vec<Issue>,
}

#[derive(Deserialize)]
struct Failure {
    filename: String,
    reason: String,
}

#[derive(Deserialize)]
struct Issue {
    filename: String,
    line_number: u32,
    col_offset: Option<i64>,
    end_col_offset: Option<i64>,
    line_range: Vec<u32>,
    issue_severity: String,
    issue_confidence: String,
    issue_text: String,
    test_id: String,
    test_name: String,
    more_info: Option<String>,
}

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    if let Some(classified) = config_error(output, &["bandit: error: ", "[main]\tERROR\t"]) {
        return classified;
    }
    let report: Result<Report, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let has_errors = report.as_ref().is_ok_and(|report| !report.errors.is_empty());
    let findings = report.map(|report| {
        let mut columns = Columns::new(sources);
        let issues = report.results.into_iter().map(|issue| issue.finding(&mut columns));
        issues.chain(report.errors.into_iter().map(Failure::finding)).collect()
    });
    match findings {
        Ok(findings) if has_errors && output.code < 2 => rejected(findings),
        findings => judge("bandit", output, findings, &[1]),
    }
}

impl Failure {
    fn finding(self) -> Finding {
        let is_syntax = self.reason.starts_with("syntax error");
        let code = if is_syntax { SYNTAX } else { UNREADABLE };
        unprocessed_file(Place::line(self.filename, 1), code, self.reason)
    }
}

impl Issue {
    fn finding(self, columns: &mut Columns<'_>) -> Finding {
        let path = inside::project_path(&self.filename).unwrap_or_default();
        let mut column = |bytes: Option<i64>| {
            let bytes = bytes.and_then(|bytes| u32::try_from(bytes).ok())?;
            Some(columns.convert_bytes(&path, self.line_number, bytes))
        };
        // bandit does not say in which line the end column is.
        let is_one_line = self.line_range.len() == 1;
        let (start, end) = (column(self.col_offset), column(self.end_col_offset));
        let confidence = self.issue_confidence.to_lowercase();
        let message = format!("{} ({confidence} confidence)", self.issue_text);
        FindingValues {
            path: &self.filename,
            line: Some(self.line_number),
            column: start,
            end_line: self.line_range.last().copied(),
            end_column: end.filter(|_| is_one_line),
            severity: Some(&self.issue_severity),
            code: &self.test_id,
            rule: &self.test_name,
            message: &message,
            url: self.more_info,
            ..FindingValues::default()
        }
        .into_finding()
    }
}
