//! yamllint.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::catalogue::{CatalogueTool, config_error, judge};
use super::own_config::OwnConfig;
use crate::check::FindingsFormat;
use crate::finding::SourceFiles;
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report;

/// A line such as `src/a.yaml:1:6: [error] too many spaces after colon (colons)`.
const LINE: &str = r"^(?<path>.+?):(?<line>\d+):(?<column>\d+): \[(?<severity>\w+)\] (?<message>.+?)(?: \((?<code>[a-z-]+)\))?$";

/// Lints YAML.
pub static YAMLLINT: CatalogueTool = CatalogueTool {
    name: "yamllint",
    about: "finds errors and bad style in YAML files with yamllint",
    notes: &[
        "It checks the whole project, unless `source` says otherwise, with hidden files and folders \
         such as `.github`.",
        "Warnings are listed; a run with warnings alone passes, unless `args` has `--strict`.",
        "It cannot fix anything.",
    ],
    lock: "yamllint",
    lock_template: include_str!("../../templates/requirements/yamllint.txt"),
    own_configs: &[
        OwnConfig::other(".yamllint"),
        OwnConfig::other(".yamllint.yaml"),
        OwnConfig::other(".yamllint.yml"),
    ],
    endings: &[".yaml", ".yml"],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["yamllint"],
        call: CallFacts {
            programs: &[&["yamllint"]],
            valued: "--config-data --config-file --format -c -d -f",
            config: "--config-file -c",
            dropped: "--format --list-files -f",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    // A configuration in YAML is not understood, so that one needs the grant.
    allow_list: Some(AllowList { flags: &["no-warnings strict -s"], ..AllowList::NOTHING }),
    tried: ("1.26", "2"),
    sees_hidden: true,
    check: |it| it.exec(&["yamllint"], "--config-file", &["--format=parsable"]),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const STRICT: i32 = 2;
    if let Some(classified) = config_error(output, &["invalid config: ", "yamllint: error: "]) {
        return classified;
    }
    let format = FindingsFormat::Regex(LINE.to_owned());
    judge("yamllint", output, report::parse(&format, &output.stdout, sources), &[1, STRICT])
}
