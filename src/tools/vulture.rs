//! vulture.
//!
//! It writes files that it cannot parse to standard error, and continues.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles};
use super::black::SYNTAX;
use super::catalogue::{CatalogueTool, config_error, judge, traceback_error};
use super::exit_status::rejected;
use super::own_config::OwnConfig;
use crate::check::FindingsFormat;
use crate::finding::{Severity, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report;

/// A line such as `src/a.py:4: unused variable 'y' (60% confidence)`.
const UNUSED: &str =
    r"^(?<path>.+?):(?<line>\d+): (?<message>(?:unused|unreachable|unsatisfiable|redundant) .+)$";

/// A line such as `src/a.py:1: invalid syntax at "def f(:"`.
const INVALID: &str = r"^(?<path>.+?):(?<line>\d+): (?<message>.+)$";

const OPTIONS: &str = "exclude ignore-decorators ignore-names min-confidence";

const ALLOWED: AllowList = AllowList {
    flags: &["sort-by-size verbose -v"],
    options: &[OPTIONS],
    keys: &[OPTIONS, "paths sort-by-size verbose"],
    layout: ConfigLayout {
        table: "tool.vulture",
        nesting: Nesting::Flat,
        toml: TomlFiles::All,
        reads_section: |_, _| true,
    },
    search: ConfigSearch::Root,
    ..AllowList::NOTHING
};

/// Finds code that nothing uses.
pub static VULTURE: CatalogueTool = CatalogueTool {
    name: "vulture",
    about: "finds unused code with vulture",
    notes: &[
        "Add a file of names that are used elsewhere to `source`.",
        "The sources of the check replace `paths` in its configuration.",
        "It cannot fix anything.",
    ],
    lock: "vulture",
    lock_template: include_str!("../../templates/requirements/vulture.txt"),
    own_configs: &[OwnConfig::toml("pyproject.toml", "tool.vulture")],
    endings: &[".py"],
    adoption: AdoptionFacts {
        hooks: &["vulture"],
        call: CallFacts {
            programs: &[&["vulture"]],
            valued: "--config --exclude --ignore-decorators --ignore-names --min-confidence",
            config: "--config",
            dropped: "--sort-by-size --verbose -v",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("2.7", "3"),
    parses_with_python: true,
    check: |it| it.exec(&["vulture"], "--config", &[]),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const UNUSED_CODE: i32 = 3;
    const BAD_ARGUMENT: i32 = 2;
    let error = traceback_error(output, &["make_config"]).or_else(|| {
        (output.code == BAD_ARGUMENT).then(|| config_error(output, &["vulture: error: ", ""]))?
    });
    if let Some(classified) = error {
        return classified;
    }
    let parse = |pattern: &str, stream: &[u8]| {
        report::parse(&FindingsFormat::Regex(pattern.to_owned()), stream, sources)
    };
    let mut invalid = parse(INVALID, &output.stderr).unwrap_or_default();
    for finding in &mut invalid {
        finding.set_code(SYNTAX);
        finding.severity = Severity::Error;
    }
    let found = parse(UNUSED, &output.stdout).map(|mut unused| {
        for finding in &mut unused {
            // `unused-import` for the message "unused import 'os' (90% confidence)".
            let words: Vec<&str> = finding.message.splitn(3, ' ').take(2).collect();
            finding.set_code(&words.join("-"));
        }
        unused
    });
    match found {
        Ok(found) if !invalid.is_empty() && [1, UNUSED_CODE].contains(&output.code) => {
            rejected([found, invalid].concat())
        }
        found => judge("vulture", output, found, &[UNUSED_CODE]),
    }
}
