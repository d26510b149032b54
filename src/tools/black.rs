//! black.
//!
//! Its exit status alone does not tell a configuration error from findings, and 0 does not exclude an
//! ignored option. [`Black`] therefore reads standard error too, where black names the files that it
//! cannot format.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, anything};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::Command;
use crate::tools::parse::{inside, unified_diff};

/// The exit status of sources that black cannot format.
const CANNOT_FORMAT: i32 = 123;

const OWN_CONFIGS: &[OwnConfig] = &[OwnConfig::toml("pyproject.toml", "tool.black")];

/// Tested with 26.10.1, which lists each of them as an invalid key.
const REFUSED: &[Refused] = &[
    gone("experimental-string-processing"),
    gone("hug-parens"),
    gone("py36"),
    gone("safe"),
    gone("single-quotes"),
    gone("skip-numeric-underscore-normalization"),
];

const fn gone(option: &'static str) -> Refused {
    let source = "black 26.10.1 reports `Invalid config keys detected`";
    Refused { option, values: &[], fate: "black no longer has this option", source }
}

/// The switches of black 26.10.1 and of older releases.
const SWITCHES: &str = "
    check color diff experimental-string-processing fast ipynb no-color preview pyi quiet safe
    skip-magic-trailing-comma skip-source-first-line skip-string-normalization unstable verbose
";

/// The options with a value.
const VALUES: &str = "
    enable-unstable-feature exclude extend-exclude force-exclude include line-length
    python-cell-magics required-version target-version
";

/// black runs no code at all, but writes to its cache, and it starts as many `workers` as it is given.
const ALLOWED: AllowList = AllowList {
    variables: &[],
    flags: &[SWITCHES, "no-cache -C -S -q -v -x"],
    options: &[VALUES, "-l -t"],
    keys: &[
        SWITCHES,
        VALUES,
        "hug-parens no-cache py36 single-quotes skip-numeric-underscore-normalization",
    ],
    rules: &[],
    every_value: anything,
    layout: ConfigLayout {
        table: "tool.black",
        nesting: Nesting::Flat,
        toml: TomlFiles::All,
        reads_section: |_, _| true,
    },
    search: ConfigSearch::AboveSources,
    loads_compiled: false,
};

/// `black --help` of 26.10.1.
const CALL: CallFacts = CallFacts {
    programs: &[&["black"]],
    hook_args: &[],
    valued: "--code --config --enable-unstable-feature --exclude --extend-exclude --force-exclude \
             --include --line-length --line-ranges --python-cell-magics --required-version \
             --stdin-filename --target-version --workers -W -c -l -t",
    config: "--config",
    dropped: "--check --color --diff --no-cache --no-color --quiet --verbose --workers -W -q -v",
    ..CallFacts::NONE
};

/// Formats, and verifies that the meaning of the code is unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Black;

impl Tool for Black {
    fn name(&self) -> &'static str {
        "black"
    }

    fn about(&self) -> &'static str {
        "checks that black would leave the files as they are"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It looks for its files from the project's root, so that its own `exclude` and \
             `extend-exclude` apply; what they exclude is not fixed either.",
            "Each finding is a hunk of black's diff, with the edits that resolve it.",
            "A file that black cannot parse is a finding too.",
            "After an edit, only the files that changed are looked at.",
            "An unknown option in its configuration is an error; black itself only warns.",
        ]
    }

    fn lock(&self) -> &'static str {
        "black"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/black.txt")
    }

    fn is_per_file(&self) -> bool {
        true
    }

    fn reads_inputs(&self) -> bool {
        // It would format them.
        false
    }

    fn config_file(&self) -> Option<&'static str> {
        Some("black.toml")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/black.toml"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn parses_with_python(&self) -> bool {
        true
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("format"),
            hooks: &["black", "black-jupyter"],
            call: CALL,
            ..AdoptionFacts::default()
        }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Some(ALLOWED)
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("22.12", "27")
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let canonical = ["--check", "--diff", "--no-color", "--no-cache"];
        invocation.exec_at_root(&["black"], "--config", accepted_options(invocation, &canonical))
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        let canonical = ["--no-color", "--no-cache"];
        Some(invocation.exec_at_root(
            &["black"],
            "--config",
            accepted_options(invocation, &canonical),
        ))
    }

    fn is_formatter(&self) -> bool {
        true
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        let stderr = text(&output.stderr);
        let mut findings = unified_diff::parse(&output.stdout);
        if let Some(message) = config_error(output.code, &stderr) {
            return Classified {
                findings: findings.findings,
                ..failed(ReasonKind::Config, message)
            };
        }
        if !findings.unread.is_empty() {
            return unreadable(self.name(), findings.unread, findings.findings);
        }
        match output.code {
            0 if found_no_files(&stderr) => nothing_to_check(self.name()),
            0 => accepted(findings.findings),
            2 if stderr.contains("'SRC ...'") => failed(ReasonKind::Tool, usage_error(&stderr)),
            2 => failed(ReasonKind::Config, usage_error(&stderr)),
            1 if !findings.findings.is_empty() => rejected(findings.findings),
            CANNOT_FORMAT if !stderr.contains("INTERNAL ERROR") => {
                let unformatted = unformatted_files(&stderr, sources);
                if unformatted.is_empty() {
                    return crashed(self.name(), output);
                }
                findings.findings.extend(unformatted);
                rejected(findings.findings)
            }
            _ => Classified { findings: findings.findings, ..crashed(self.name(), output) },
        }
    }
}

/// The options without `--no-cache` at their end, where the release does not have it. The cache of such
/// a release is empty, because it is in the temporary folder of the run.
fn accepted_options<'o>(invocation: &ToolInvocation<'_>, options: &'o [&'o str]) -> &'o [&'o str] {
    match options {
        [others @ .., _] if invocation.is_before("25.11") => others,
        options => options,
    }
}

fn found_no_files(stderr: &str) -> bool {
    ["No Python files are present", "No Path provided", "Nothing to do"]
        .iter()
        .any(|message| stderr.contains(message))
}

/// The complaint about the configuration. Black may continue after it.
fn config_error(code: i32, stderr: &str) -> Option<String> {
    let line = stderr.lines().find(|line| {
        line.starts_with("Invalid config keys detected")
            || (code == 1 && line.starts_with("Error: "))
            || (code == 1 && line.contains("required version"))
    })?;
    let line = line.strip_prefix("Error: ").unwrap_or(line);
    Some(line.trim_start_matches("Oh no! 💥 💔 💥 ").to_owned())
}

/// The line with the error, without the advice to read the help.
fn usage_error(stderr: &str) -> String {
    let error = stderr.lines().find_map(|line| line.strip_prefix("Error: "));
    error.unwrap_or(stderr).trim().to_owned()
}

/// The files that black cannot format.
fn unformatted_files(stderr: &str, sources: &dyn SourceFiles) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for line in stderr.lines() {
        if let Some(rest) = line.strip_prefix("error: cannot parse") {
            findings.extend(parse_unparsable(rest));
        } else if let Some(rest) = line.strip_prefix("error: cannot format ") {
            findings.push(parse_unformattable(rest, sources));
        } else if let (Some(why), Some(last)) =
            (line.strip_prefix("ParseError: "), findings.last_mut())
            && last.code == SYNTAX
        {
            last.message = format!("{}: {why}", last.message);
        }
    }
    findings
}

/// The code of a file with a syntax error, for all formatters.
pub(super) const SYNTAX: &str = "syntax-error";
/// The code of a file that cannot be read, for all tools that report it.
pub(super) const UNREADABLE: &str = "unreadable";

/// Reads `[ for target version Python 3.13]: src/main.py:4:17`, the column from 0.
fn parse_unparsable(rest: &str) -> Option<Finding> {
    let (version, place) = rest.split_once(": ")?;
    let (place, column) = place.rsplit_once(':')?;
    let (path, line) = place.rsplit_once(':')?;
    let place = Place {
        column: Some(column.parse::<u32>().ok()?.saturating_add(1)),
        ..Place::line(path, line.parse::<u32>().ok()?.max(1))
    };
    Some(unprocessed_file(place, SYNTAX, format!("cannot parse{version}")))
}

/// Reads `src/main.py: why`, where both parts may contain a colon and a space.
fn parse_unformattable(rest: &str, sources: &dyn SourceFiles) -> Finding {
    let splits = rest.match_indices(": ").map(|(at, _)| (&rest[..at], &rest[at + 2..]));
    let (path, why) = splits
        .clone()
        .find(|(path, _)| sources.read(path).is_some())
        .or_else(|| splits.clone().next())
        .unwrap_or(("", rest));
    // Older releases: `Cannot parse for target version Python 3.13: 4:17: text`.
    if let Some((what, place)) = why.split_once(": ").filter(|_| why.starts_with("Cannot parse"))
        && let Some((place, text)) = place.split_once(": ")
        && let Some(finding) = parse_unparsable(&format!(": {path}:{place}"))
    {
        let message = format!("{}: {}", what.replacen('C', "c", 1), text.trim());
        return Finding { message, ..finding };
    }
    unprocessed_file(Place::line(path, 1), UNREADABLE, why.to_owned())
}

/// The finding about a file that a formatter leaves alone.
pub(super) fn unprocessed_file(place: Place, code: &str, message: String) -> Finding {
    let path = inside::project_path(&place.path);
    let message = match path {
        Some(_) => message,
        None => format!("{}: {message}", place.path),
    };
    Finding {
        place: Place { path: path.unwrap_or_default(), ..place },
        severity: Severity::Error,
        code: code.to_owned(),
        rule: code.to_owned(),
        message,
        url: None,
        gating: true,
        related: Vec::new(),
        fix: None,
        test: None,
        fingerprint: Hash::default(),
    }
}
