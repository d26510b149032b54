//! interrogate.
//!
//! It prints a table of everything that can have a docstring, below the folder that all files share.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles};
use super::catalogue::{CatalogueTool, config_error, judge};
use super::exit_status::nothing_to_check;
use super::own_config::OwnConfig;
use crate::finding::{Finding, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report::FindingValues;

const SWITCHES: &str = "
    color ignore-init-method ignore-init-module ignore-magic ignore-module ignore-nested-classes
    ignore-nested-functions ignore-overloaded-functions ignore-private
    ignore-property-decorators ignore-semiprivate ignore-setters omit-covered-files
";

const OPTIONS: &str = "exclude ext fail-under ignore-regex style whitelist-regex";

const ALLOWED: AllowList = AllowList {
    flags: &[SWITCHES, "no-color verbose -C -I -M -O -P -S -i -m -n -p -s -v -vv"],
    options: &[OPTIONS, "-e -f -r -w"],
    keys: &[SWITCHES, OPTIONS, "docstring-style quiet verbose"],
    layout: ConfigLayout {
        table: "tool.interrogate",
        nesting: Nesting::Flat,
        toml: TomlFiles::ByName,
        reads_section: |_, section| section == "tool:interrogate",
    },
    search: ConfigSearch::Root,
    ..AllowList::NOTHING
};

/// Finds code without docstrings.
pub static INTERROGATE: CatalogueTool = CatalogueTool {
    name: "interrogate",
    about: "finds modules, classes and functions without docstrings with interrogate",
    notes: &[
        "Findings are listed, but fail nothing while the share of docstrings is above `fail-under`.",
        "A source with a syntax error is an error of the check, because interrogate stops there.",
        "It cannot fix anything.",
    ],
    lock: "interrogate",
    lock_template: include_str!("../../templates/requirements/interrogate.txt"),
    own_configs: &[
        OwnConfig::toml("pyproject.toml", "tool.interrogate"),
        OwnConfig::ini("setup.cfg", "tool:interrogate"),
    ],
    endings: &[".py"],
    adoption: AdoptionFacts {
        hooks: &["interrogate"],
        call: CallFacts {
            programs: &[&["interrogate"]],
            valued: "--badge-format --badge-style --config --exclude --ext --fail-under \
                     --generate-badge --ignore-regex --output --style --whitelist-regex -c -e -f -g \
                     -o -r -w",
            config: "--config -c",
            dropped: "--badge-format --badge-style --color --generate-badge --no-color --output \
                      --quiet --verbose -g -o -q -v -vv",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("1.5", "2"),
    parses_with_python: true,
    check: |it| it.exec(&["interrogate"], "--config", &["--verbose", "--verbose", "--no-color"]),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, _: &dyn SourceFiles) -> Classified {
    if String::from_utf8_lossy(&output.stderr).starts_with("E: No Python") {
        return nothing_to_check("interrogate");
    }
    if let Some(classified) = config_error(output, &["Error: "]) {
        return classified;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    judge("interrogate", output, Ok(find_missing(&text)), &[1])
}

/// Reads lines such as `| src/a.py (module) | MISSED |` and `| A.method (L12) | MISSED |`.
fn find_missing(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut folder = "";
    let mut path = String::new();
    for line in text.lines() {
        let heading = line.trim_matches(['=', ' ']);
        if let Some(named) = heading.strip_prefix("Coverage for ") {
            folder = named;
        }
        let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        let Some((thing, status)) = cells.and_then(|cells| cells.split_once('|')) else { continue };
        let Some((name, place)) = thing.trim().rsplit_once(" (") else { continue };
        if place == "module)" {
            path = format!("{folder}{name}");
        }
        if status.trim() != "MISSED" {
            continue;
        }
        let line = place.strip_prefix('L').and_then(|it| it.strip_suffix(')')?.parse().ok());
        let what = if line.is_some() { format!("`{name}`") } else { "the module".to_owned() };
        let values = FindingValues {
            path: &path,
            line,
            code: "missing-docstring",
            message: &format!("{what} has no docstring"),
            ..FindingValues::default()
        };
        findings.push(values.into_finding());
    }
    findings
}
