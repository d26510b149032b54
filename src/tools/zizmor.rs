//! zizmor.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SourceFiles;
use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::catalogue::{CatalogueTool, config_error, judge};
use super::exit_status::failed;
use super::own_config::OwnConfig;
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::parse::columns::Columns;
use crate::tools::parse::inside;
use crate::tools::parse::report::FindingValues;

/// Finds security problems in workflows.
pub static ZIZMOR: CatalogueTool = CatalogueTool {
    name: "zizmor",
    about: "finds security problems in GitHub workflows with zizmor",
    notes: &[
        "It checks `.github`, unless `source` says otherwise.",
        "It runs without network, so its audits that ask GitHub are off.",
        "A file that it cannot parse is only a warning, as in zizmor itself, unless `args` has \
         `--strict-collection`.",
    ],
    lock: "zizmor",
    lock_template: include_str!("../../templates/requirements/zizmor.txt"),
    own_configs: &[
        OwnConfig::other("zizmor.yml"),
        OwnConfig::other("zizmor.yaml"),
        OwnConfig::other(".github/zizmor.yml"),
        OwnConfig::other(".github/zizmor.yaml"),
    ],
    endings: &[".yaml", ".yml"],
    default_source: &[".github"],
    adoption: AdoptionFacts {
        hooks: &["zizmor"],
        call: CallFacts {
            programs: &[&["zizmor"]],
            valued: "--cache-dir --collect --color --config --format --gh-hostname --gh-token \
                     --min-confidence --min-severity --persona -c",
            config: "--config -c",
            dropped: "--cache-dir --color --format --gh-token --no-progress --offline --quiet \
                      --verbose -o -q -v",
            verdictless: "--no-exit-codes --format=sarif",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    // Its own configuration is not understood, so that one needs the grant.
    allow_list: Some(AllowList {
        flags: &["no-config no-ignores no-online-audits pedantic strict-collection -p"],
        options: &["min-confidence min-severity persona"],
        ..AllowList::NOTHING
    }),
    tried: ("1.8", "2"),
    check: |it| {
        let canonical = ["--offline", "--no-progress", "--format=json", "--color=never"];
        it.exec(&["zizmor"], "--config", &canonical)
    },
    classify,
    ..CatalogueTool::USUAL
};

#[derive(Deserialize)]
struct Problem {
    ident: String,
    desc: String,
    url: String,
    determinations: Determinations,
    locations: Vec<Location>,
    #[serde(default)]
    ignored: bool,
}

#[derive(Deserialize)]
struct Determinations {
    confidence: String,
    severity: String,
}

#[derive(Deserialize)]
struct Location {
    symbolic: Symbolic,
    concrete: Concrete,
}

#[derive(Deserialize)]
struct Symbolic {
    key: BTreeMap<String, Key>,
    annotation: String,
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct Key {
    #[serde(alias = "verbatim_path")]
    given_path: Option<String>,
}

#[derive(Deserialize)]
struct Concrete {
    location: Span,
}

#[derive(Deserialize)]
struct Span {
    start_point: Point,
    end_point: Point,
}

/// Both numbers count from 0, the column in bytes.
#[derive(Deserialize)]
struct Point {
    row: u32,
    column: u32,
}

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    /// By the severity of the worst problem.
    const REJECTING: [i32; 4] = [11, 12, 13, 14];
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("no inputs collected") {
        return failed(ReasonKind::Tool, "nothing to check: zizmor found no workflows");
    }
    if let Some(classified) = config_error(output, &["invalid configuration syntax\n", "error: "]) {
        return classified;
    }
    let problems: Result<Vec<Problem>, String> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let findings = problems.map(|problems| {
        let mut columns = Columns::new(sources);
        let counted = problems.iter().filter(|problem| !problem.ignored);
        counted.map(|problem| problem.finding(&mut columns)).collect()
    });
    let warnings = stderr.lines().filter_map(|line| line.split_once("failed to parse input: "));
    let warnings = warnings.map(|(_, why)| format!("zizmor cannot parse a file: {why}")).collect();
    Classified { warnings, ..judge("zizmor", output, findings, &REJECTING) }
}

impl Problem {
    fn finding(&self, columns: &mut Columns<'_>) -> Finding {
        let primary = self.locations.iter().find(|it| it.symbolic.kind == "Primary");
        let location = primary.or(self.locations.first());
        let path = location.and_then(|it| it.symbolic.key.values().next()?.given_path.as_deref());
        let path = path.unwrap_or_default();
        let relative = inside::project_path(path).unwrap_or_default();
        let mut convert = |point: &Point| {
            let line = point.row.saturating_add(1);
            (line, columns.convert_bytes(&relative, line, point.column))
        };
        let start = location.map(|it| convert(&it.concrete.location.start_point));
        let end = location.map(|it| convert(&it.concrete.location.end_point));
        let annotation = location.map(|it| it.symbolic.annotation.as_str()).unwrap_or_default();
        let confidence = self.determinations.confidence.to_lowercase();
        let message = format!("{}: {annotation} ({confidence} confidence)", self.desc);
        FindingValues {
            path,
            line: start.map(|it| it.0),
            column: start.map(|it| it.1),
            end_line: end.map(|it| it.0),
            end_column: end.map(|it| it.1),
            severity: Some(&self.determinations.severity),
            code: &self.ident,
            message: &message,
            url: Some(self.url.clone()),
            ..FindingValues::default()
        }
        .into_finding()
    }
}
