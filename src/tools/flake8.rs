//! flake8, with the plugins in `requirements` of its check.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles};
use super::catalogue::{CatalogueTool, config_error, judge, traceback_error};
use super::own_config::OwnConfig;
use crate::check::FindingsFormat;
use crate::finding::{Severity, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report;

/// The options of flake8 7.5 that are data. Those of plugins are not known.
const OPTIONS: &str = "
    builtins enable-extensions exclude extend-exclude extend-ignore extend-select filename ignore
    indent-size max-complexity max-doc-length max-line-length per-file-ignores select
    stdin-display-name
";

const SWITCHES: &str = "
    benchmark count disable-noqa doctests hang-closing quiet show-source statistics verbose
";

const ALLOWED: AllowList = AllowList {
    flags: &[SWITCHES, "exit-zero no-show-source -q -v"],
    options: &[OPTIONS],
    keys: &[OPTIONS, SWITCHES],
    layout: ConfigLayout {
        table: "tool.flake8",
        nesting: Nesting::Flat,
        toml: TomlFiles::ByName,
        // `flake8:local-plugins` names code.
        reads_section: |_, section| section.starts_with("flake8"),
    },
    search: ConfigSearch::Root,
    ..AllowList::NOTHING
};

/// Lints.
pub static FLAKE8: CatalogueTool = CatalogueTool {
    name: "flake8",
    about: "finds errors and bad style with flake8",
    notes: &[
        "Name its plugins in `requirements`.",
        "It finds its configuration in `setup.cfg`, `tox.ini` or `.flake8` in the project's root.",
        "It cannot fix anything.",
    ],
    lock: "flake8",
    lock_template: include_str!("../../templates/requirements/flake8.txt"),
    own_configs: &[
        OwnConfig::ini("setup.cfg", "flake8"),
        OwnConfig::ini("tox.ini", "flake8"),
        OwnConfig::ini(".flake8", ""),
    ],
    path_options: &["paths"],
    endings: &[".py"],
    adoption: AdoptionFacts {
        hooks: &["flake8"],
        call: CallFacts {
            programs: &[&["flake8"]],
            valued: "--append-config --builtins --color --config --enable-extensions --exclude \
                     --extend-exclude --extend-ignore --extend-select --filename --format --ignore \
                     --indent-size --jobs --max-complexity --max-doc-length --max-line-length \
                     --output-file --per-file-ignores --require-plugins --select \
                     --stdin-display-name -j",
            config: "--config",
            dropped: "--benchmark --color --count --format --jobs --no-show-source --output-file \
                      --quiet --show-source --statistics --tee --verbose -j -q -v",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("5.0.0", "8"),
    parses_with_python: true,
    check: |it| {
        it.exec(&["flake8"], "--config", &["--format=default", "--no-show-source", "--color=never"])
    },
    classify,
    ..CatalogueTool::USUAL
};

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    let starts = ["There was a critical error during execution of Flake8:", "flake8: error: "];
    if let Some(classified) =
        config_error(output, &starts).or_else(|| traceback_error(output, &["parse_config"]))
    {
        return classified;
    }
    let mut findings = report::parse(&FindingsFormat::Gcc, &output.stdout, sources);
    for finding in findings.iter_mut().flatten() {
        // A file that cannot be read or parsed.
        if finding.code.starts_with("E9") {
            finding.severity = Severity::Error;
        }
    }
    judge("flake8", output, findings, &[1])
}
