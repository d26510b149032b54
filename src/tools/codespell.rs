//! codespell.
//!
//! It exits with `EX_DATAERR` of the system for misspelled words.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, path_inside};
use super::catalogue::{CatalogueTool, config_error, judge};
use super::own_config::OwnConfig;
use crate::check::FindingsFormat;
use crate::finding::SourceFiles;
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report;

/// A line such as `src/a.py:4: teh ==> the`. The line number of a misspelled file name is missing.
const LINE: &str = r"^(?<path>.+?):(?:(?<line>\d+):)? (?<message>.+ ==> .+)$";

/// The options of codespell 2.4.3 that are data or name a file with words.
const OPTIONS: &str = "
    builtin context dictionary exclude-file ignore-multiline-regex ignore-regex ignore-words
    ignore-words-list regex skip uri-ignore-words-list uri-regex
";

const SWITCHES: &str =
    "check-filenames check-hidden count disable-colors enable-colors ignore-sic summary";

const ALLOWED: AllowList = AllowList {
    variables: &[],
    flags: &[SWITCHES, "-H -c -d -f"],
    options: &[OPTIONS, "quiet-level -C -D -I -L -S -q -r -x"],
    keys: &[OPTIONS, SWITCHES, "quiet-level"],
    rules: &[
        ("dictionary", path_inside),
        ("exclude-file", path_inside),
        ("ignore-words", path_inside),
        ("-D", path_inside),
        ("-I", path_inside),
        ("-x", path_inside),
    ],
    layout: ConfigLayout {
        table: "tool.codespell",
        nesting: Nesting::Flat,
        toml: TomlFiles::ByName,
        reads_section: |_, section| section == "codespell",
    },
    search: ConfigSearch::Root,
    ..AllowList::NOTHING
};

/// Finds misspelled words.
pub static CODESPELL: CatalogueTool = CatalogueTool {
    name: "codespell",
    about: "finds misspelled words with codespell",
    notes: &[
        "It checks text files of every kind in the whole project, unless `source` says otherwise, \
         and its own `skip` applies.",
        "`--fix` corrects words for which there is only one correction.",
    ],
    lock: "codespell",
    lock_template: include_str!("../../templates/requirements/codespell.txt"),
    companions: &["tomli; python_version < '3.11'"],
    own_configs: &[
        OwnConfig::ini("setup.cfg", "codespell"),
        OwnConfig::ini(".codespellrc", ""),
        OwnConfig::toml("pyproject.toml", "tool.codespell"),
    ],
    path_options: &["dictionary", "exclude-file", "ignore-words"],
    endings: &[],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["codespell"],
        call: CallFacts {
            programs: &[&["codespell"]],
            valued: "--builtin --config --context --dictionary --exclude-file --ignore-regex \
                     --ignore-multiline-regex --ignore-words --ignore-words-list --interactive \
                     --quiet-level --regex --skip --toml --uri-ignore-words-list --uri-regex -A -B -C \
                     -D -I -L -S -i -q -r -x",
            config: "--config",
            dropped: "--count --disable-colors --enable-colors --interactive --quiet-level \
                      --summary --write-changes -c -d -i -q -s -w",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("2.2.0", "3"),
    check: |it| it.exec(&["codespell"], "--config", &["--disable-colors"]),
    fix: Some(|it| it.exec(&["codespell"], "--config", &["--disable-colors", "--write-changes"])),
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const REJECTING: i32 = 65;
    if let Some(classified) =
        config_error(output, &["codespell: error: ", "configparser.", "ERROR: "])
    {
        return classified;
    }
    let format = FindingsFormat::Regex(LINE.to_owned());
    let findings = report::parse(&format, &output.stdout, sources).map(|mut findings| {
        findings.iter_mut().for_each(|it| it.set_code("misspelling"));
        findings
    });
    judge("codespell", output, findings, &[REJECTING])
}
