//! ruff's linter.
//!
//! [`super::ruff_format`] shares its lock, its configuration and the errors with which ruff refuses to
//! start.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{
    AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles, anything, path_inside,
};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_config::{OwnConfig, Refused};
use super::{NOTEBOOK_ENDING, PYTHON_ENDINGS, SourceFiles, Tool, ToolInvocation};
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::Command;
use crate::tools::parse::ruff_json;

/// The message of a run without any files, which exits 0.
const NO_FILES: &str = "No Python files found";

/// Applies the exclusions of the configuration to the sources, too, and not only below them.
pub(super) const FORCE_EXCLUDE: &str = "--force-exclude";

/// The nearest one above a file applies to it; of several in one folder, the first in this order.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::toml(".ruff.toml", ""),
    OwnConfig::toml("ruff.toml", ""),
    OwnConfig::toml("pyproject.toml", "tool.ruff"),
];

/// Tested with 0.17.6, which refuses a configuration with any of them.
const REFUSED: &[Refused] = &[
    gone("emit-syntax-errors"),
    gone("jupyter"),
    gone("line-width"),
    gone("show-source"),
    gone("tab-size"),
    gone("update-check"),
    Refused {
        option: "format",
        values: &["text", "concise", "full", "json", "github", "gitlab", "grouped", "pylint"],
        fate: "the option is `output-format` now, and `format` is the section of the formatter",
        source: "ruff 0.17.6 reports `expected struct FormatOptions`",
    },
    Refused {
        option: "output-format",
        values: &["text"],
        fate: "the format is called `concise` now",
        source: "ruff 0.17.6 reports `unknown variant`",
    },
];

const fn gone(option: &'static str) -> Refused {
    let source = "ruff 0.17.6 reports `unknown field`";
    Refused { option, values: &[], fate: "ruff no longer has this option", source }
}

/// The options at the top of a configuration, as in ruff 0.17.6; the last ones belong to older releases,
/// which had the linter's options there. ruff is one program without plugins: an option of its linter
/// or formatter is data.
const KEYS: &str = "
    analyze.* builtins cache-dir exclude extend extend-exclude extend-include extension.* fix fix-only
    force-exclude format.* include indent-width line-length lint.* namespace-packages output-format
    output-prefer-rule-codes per-file-target-version.* preview required-version respect-gitignore
    show-fixes src target-version unsafe-fixes

    allowed-confusables dummy-variable-rgx explicit-preview-rules extend-fixable extend-ignore
    extend-per-file-ignores.* extend-safe-fixes extend-select extend-unsafe-fixes external fixable
    flake8-* ignore ignore-init-module-imports isort.* logger-objects mccabe.* pep8-naming.*
    per-file-ignores.* pycodestyle.* pydoclint.* pydocstyle.* pyflakes.* pylint.* pyupgrade.* select
    show-source tab-size task-tags typing-modules unfixable
";

const ALLOWED: AllowList = AllowList {
    variables: &[],
    flags: &["
        diff exit-non-zero-on-fix exit-non-zero-on-format exit-zero fix fix-only force-exclude
        ignore-noqa isolated no-cache no-fix no-force-exclude no-preview no-respect-gitignore
        no-show-fixes no-unsafe-fixes preview quiet respect-gitignore show-fixes silent statistics
        unsafe-fixes verbose -e -n -q -s -v
    "],
    options: &["
        color exclude extend-exclude extend-fixable extend-per-file-ignores extend-select extension
        fixable ignore line-length per-file-ignores select target-version unfixable
    "],
    keys: &[KEYS],
    rules: &[("extend", relative_path)],
    every_value: anything,
    layout: ConfigLayout {
        table: "tool.ruff",
        nesting: Nesting::Dotted,
        toml: TomlFiles::AllWithoutTable,
        reads_section: |_, _| true,
    },
    search: ConfigSearch::Everywhere,
    loads_compiled: false,
};

/// ruff replaces `~` and variables in it.
fn relative_path(value: &str) -> bool {
    path_inside(&value.replace("../", ""))
}

/// `ruff check --help` of 0.17.6.
const CALL: CallFacts = CallFacts {
    programs: &[&["ruff", "check"], &["ruff"]],
    hook_args: &[],
    valued: "--cache-dir --color --config --exclude --extend-exclude --extend-fixable \
             --extend-ignore --extend-per-file-ignores --extend-select --extension --fixable \
             --ignore --line-length --output-file --output-format --per-file-ignores --select \
             --stdin-filename --target-version --unfixable -o",
    config: "--config",
    dropped: "--cache-dir --color --diff --exit-non-zero-on-fix --fix --fix-only --format \
              --no-cache --no-fix --no-show-fixes --output-file --output-format --quiet \
              --show-fixes --show-source --statistics --unsafe-fixes --verbose --watch -n -o -q -s \
              -v -w",
    ..CallFacts::NONE
};

/// Lints.
#[derive(Clone, Copy, Debug)]
pub struct Ruff;

impl Tool for Ruff {
    fn name(&self) -> &'static str {
        "ruff"
    }

    fn about(&self) -> &'static str {
        "finds errors and bad style with ruff"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It runs on the sources, and its own `exclude` and `extend-exclude` apply to them; what they \
             exclude is not fixed either.",
            "A finding that ruff can fix has the edits; `--fix` applies the safe ones.",
            "The cache of ruff is off, because it can give wrong results.",
        ]
    }

    fn lock(&self) -> &'static str {
        "ruff"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/ruff.txt")
    }

    fn config_file(&self) -> Option<&'static str> {
        Some("pyproject.toml")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/ruff.toml"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn reads_nested_configs(&self) -> bool {
        true
    }

    fn path_options(&self) -> &'static [&'static str] {
        &["extend"]
    }

    fn endings(&self) -> &'static [&'static str] {
        &[PYTHON_ENDINGS[0], PYTHON_ENDINGS[1], NOTEBOOK_ENDING]
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("ruff"),
            hooks: &["ruff", "ruff-check"],
            call: CALL,
            ..AdoptionFacts::default()
        }
    }

    fn allow_list(&self) -> Option<AllowList> {
        Some(ALLOWED)
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("0.1.0", "0.18")
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let canonical =
            ["--output-format=json", "--no-fix", "--no-fix-only", "--no-cache", FORCE_EXCLUDE];
        invocation.exec(&["ruff", "check"], "--config", &canonical)
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        // The check runs afterwards and reports what is left.
        Some(invocation.exec(
            &["ruff", "check"],
            "--config",
            &["--fix-only", "--no-cache", FORCE_EXCLUDE],
        ))
    }

    fn prints_data(&self) -> bool {
        true
    }

    fn classify(&self, output: &RawOutput, _: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        if output.code == 2 {
            return usage_error(self.name(), output);
        }
        let Some(parsed) = ruff_json::parse(&output.stdout) else {
            return crashed(self.name(), output);
        };
        if !parsed.unread.is_empty() {
            return unreadable(self.name(), parsed.unread, parsed.findings);
        }
        let findings = parsed.findings;
        let failure = findings.iter().find(|finding| is_failure(finding));
        if let Some(finding) = failure {
            let message = format!("ruff: {}: {}", finding.place.path, finding.message);
            return Classified { findings, ..failed(ReasonKind::Tool, message) };
        }
        let mut classified = match output.code {
            0 | 1 if findings.is_empty() && found_no_files(output) => nothing_to_check(self.name()),
            0 => accepted(findings),
            1 if !findings.is_empty() => rejected(findings),
            _ => crashed(self.name(), output),
        };
        classified.warnings.extend(parse_warnings(output));
        classified
    }
}

/// Whether the finding is about a missing file, or a file on which ruff itself crashes.
fn is_failure(finding: &Finding) -> bool {
    let is_missing = finding.code == "E902" && finding.message.contains("No such file");
    is_missing || finding.code == "panic"
}

/// Whether ruff found no files.
pub(super) fn found_no_files(output: &RawOutput) -> bool {
    text(&output.stderr).contains(NO_FILES)
}

/// The warnings on standard error, one paragraph each.
pub(super) fn parse_warnings(output: &RawOutput) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in text(&output.stderr).lines() {
        if let Some(warning) = line.strip_prefix("warning: ") {
            if warning.starts_with(NO_FILES) {
                continue;
            }
            warnings.push(warning.to_owned());
            is_inside = true;
        } else if is_inside && line.starts_with(' ') {
            if let Some(last) = warnings.last_mut() {
                last.push('\n');
                last.push_str(line);
            }
        } else {
            is_inside = false;
        }
    }
    warnings
}

/// Judges a run that did not start: an error in the configuration or the arguments, or a crash.
pub(super) fn usage_error(tool: &str, output: &RawOutput) -> Classified {
    let stderr = text(&output.stderr);
    let is_usage = stderr.contains("try '--help'");
    let about_config = ["configuration", ".toml`", "Unknown rule", "Required version"];
    let is_config = stderr.starts_with("ruff failed")
        && about_config.iter().any(|words| stderr.contains(words));
    if !is_usage && !is_config {
        return crashed(tool, output);
    }
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| *line != "ruff failed" && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: ").trim_start_matches("  Cause: "))
        .collect();
    failed(ReasonKind::Config, lines.join("\n").trim().to_owned())
}
