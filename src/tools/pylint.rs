//! pylint.
//!
//! Its exit status is a bit mask of the categories of its messages, but 0 where the score reaches
//! `fail-under`. A status other than 0 therefore needs messages to be believed.

use super::adoption::AdoptionFacts;
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, text, unreadable,
};
use super::own_code::{self, ExecutingOption};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::{Command, Precedence};
use crate::tools::parse::pylint_json2::{self, PylintReport};

/// The exit status of an error in the command line or the configuration.
const USAGE: i32 = 32;

/// Messages that mean that pylint did not finish: a missing module, a crash in a checker.
const FAILURES: &[&str] = &["F0001", "F0002"];

/// As in `pylint/config/find_default_config_files.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::ini("pylintrc", ""),
    OwnConfig::toml("pylintrc.toml", "tool.pylint"),
    OwnConfig::ini(".pylintrc", ""),
    OwnConfig::toml(".pylintrc.toml", "tool.pylint"),
    OwnConfig::toml("pyproject.toml", "tool.pylint"),
    OwnConfig::ini("setup.cfg", "pylint"),
    OwnConfig::ini("tox.ini", "pylint"),
];

/// Tested with 4.1.4, which reports each of them as E0015.
const REFUSED: &[Refused] = &[
    Refused {
        option: "suggestion-mode",
        values: &[],
        fate: "pylint 4.0 removed it",
        source: "https://pylint.readthedocs.io/en/stable/whatsnew/4/4.0/index.html",
    },
    gone("acquired-members"),
    gone("accept-no-param-doc"),
    gone("argument-name-hint"),
    gone("attr-name-hint"),
    gone("bad-functions"),
    gone("cache-size"),
    gone("class-attribute-name-hint"),
    gone("class-name-hint"),
    gone("const-name-hint"),
    gone("disable-report"),
    gone("enable-report"),
    gone("files-output"),
    gone("function-name-hint"),
    gone("ignore-iface-methods"),
    gone("inlinevar-name-hint"),
    gone("lambda-name-hint"),
    gone("max-inferred"),
    gone("method-name-hint"),
    gone("module-name-hint"),
    gone("no-space-check"),
    gone("optimize-ast"),
    gone("required-attributes"),
    gone("rpython-mode"),
    gone("string-quote"),
    gone("variable-name-hint"),
];

const fn gone(option: &'static str) -> Refused {
    let source = "pylint 4.1.4 reports `unrecognized-option`";
    Refused { option, values: &[], fate: "pylint no longer has this option", source }
}

/// The options that make pylint run arbitrary code.
const OWN_CODE: &[ExecutingOption] = &[
    ExecutingOption::any("init-hook"),
    ExecutingOption { name: "load-plugins", harmless: "pylint.extensions." },
    ExecutingOption::any("extension-pkg-allow-list"),
    ExecutingOption::any("extension-pkg-whitelist"),
    ExecutingOption { name: "unsafe-load-any-extension", harmless: "n" },
];

/// Lints.
#[derive(Clone, Copy, Debug)]
pub struct Pylint;

impl Tool for Pylint {
    fn name(&self) -> &'static str {
        "pylint"
    }

    fn about(&self) -> &'static str {
        "finds errors and bad style with pylint"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It passes when the score reaches `fail-under` and no message of `fail-on` was found; \
             the messages of a run that passes are listed and do not count.",
            "It runs on a sorted list of all Python files and stubs. Each file is linted separately, \
             one per processor at a time, and the findings are the same for any number of \
             processors; the option `jobs` of pylint has no effect.",
            "An unknown option or message in its configuration is an error; pylint itself only \
             warns.",
            "It cannot fix anything.",
        ]
    }

    fn lock(&self) -> &'static str {
        "pylint"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/pylint.txt")
    }

    fn incremental_packages(&self) -> &'static [&'static str] {
        &["pylint", "astroid"]
    }

    fn sees_project(&self) -> bool {
        true
    }

    fn config_file(&self) -> Option<&'static str> {
        Some(".pylintrc")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/pylintrc"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts {
            default_check: Some("lint"),
            hooks: &["pylint"],
            ..AdoptionFacts::default()
        }
    }

    fn own_code(&self, config: &str, command: &Command) -> Option<String> {
        own_code::find(OWN_CODE, config, command)
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let canonical = ["--output-format=json2", "--jobs=1", "--persistent=n"];
        Command::Module {
            module: "pylint".to_owned(),
            worker: Some("pylint_worker".to_owned()),
            args: invocation.argv(&[], "--rcfile", &canonical),
            suffixes: vec![".py".to_owned(), ".pyi".to_owned()],
            project: invocation.sees_project.then_some(Precedence::First),
            report: None,
        }
    }

    fn fix(&self, _: &ToolInvocation<'_>) -> Option<Command> {
        None
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        if output.code == USAGE {
            return usage_error(output);
        }
        match pylint_json2::parse(&output.stdout, sources) {
            Some(report) => judge(report, output),
            None => crashed(self.name(), output),
        }
    }
}

/// Judges a run that did not start.
fn usage_error(output: &RawOutput) -> Classified {
    if text(&output.stdout).contains("No files to lint") {
        return nothing_to_check("pylint");
    }
    let stderr = text(&output.stderr);
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.starts_with("usage: "))
        .map(|line| line.trim_start_matches("pylint: error: "))
        .collect();
    failed(ReasonKind::Config, lines.join("\n"))
}

/// Judges a report. In a run that fails, every message counts, because the output does not show
/// which messages alone would have kept the score above the threshold.
fn judge(report: PylintReport, output: &RawOutput) -> Classified {
    let PylintReport { findings, mut config_errors, mut remarks, unread, score } = report;
    if output.code != 0 && findings.is_empty() && config_errors.is_empty() {
        // Only with a `fail-on` that names them.
        config_errors.append(&mut remarks);
    }
    let failure = findings
        .iter()
        .find(|finding| FAILURES.contains(&finding.code.as_str()))
        .map(|finding| first_sentence(&finding.message).to_owned());
    let mut classified = if !config_errors.is_empty() {
        Classified { findings, ..failed(ReasonKind::Config, config_errors.join("\n")) }
    } else if !unread.is_empty() {
        unreadable("pylint", unread, findings)
    } else if let Some(message) = failure {
        Classified { findings, ..failed(ReasonKind::Tool, format!("pylint: {message}")) }
    } else if output.code == 0 {
        accepted(findings)
    } else if findings.is_empty() {
        crashed("pylint", output)
    } else {
        rejected(findings)
    };
    classified.warnings.append(&mut remarks);
    classified.score = score;
    classified
}

/// The first sentence of a message. The rest of a crash's message asks for a bug report and names a
/// file that no longer exists.
fn first_sentence(message: &str) -> &str {
    message.split_once(". ").map_or(message, |(sentence, _)| sentence)
}
