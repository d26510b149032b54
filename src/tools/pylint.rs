//! pylint.
//!
//! Owns its command and the meaning of its exit status, a bit mask that is 0 when the score is
//! good enough. Must not know the format of its messages, which is [`pylint_json2`]'s. What it
//! makes of them goes to the run.

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

/// The exit status of a command line or configuration that pylint cannot start with.
const USAGE: i32 = 32;

/// Messages that say that pylint did not do its work: no such module, a crash in a checker.
const NOT_DONE: &[&str] = &["F0001", "F0002"];

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

/// Tried with 4.1.4, which answers each with E0015.
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
    let source = "pylint 4.1.4 says `unrecognized-option`";
    Refused { option, values: &[], fate: "pylint knows it no more", source }
}

/// What has pylint run what it is told.
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
        "looks for mistakes and bad style with pylint"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It passes when the score reaches `fail-under` and nothing of `fail-on` was found; what \
             it accepts is listed and does not count.",
            "It gets every Python file and stub as a sorted list. They are linted each apart from \
             the others, as many at once as there are processors, and the findings are the same for \
             any number of them; its own `jobs` is of no use.",
            "An unknown option or message in its configuration is an error, which pylint itself \
             lets pass.",
            "It repairs nothing.",
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
            return refused(output);
        }
        match pylint_json2::parse(&output.stdout, sources) {
            Some(report) => judge(report, output),
            None => crashed(self.name(), output),
        }
    }
}

/// Pylint did not start.
fn refused(output: &RawOutput) -> Classified {
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

/// The score's threshold is pylint's own business, so every message of a run that it does not
/// accept counts: which of them it would have let pass alone cannot be told from outside.
fn judge(report: PylintReport, output: &RawOutput) -> Classified {
    let PylintReport { findings, mut mistakes, mut remarks, unread, score } = report;
    if output.code != 0 && findings.is_empty() && mistakes.is_empty() {
        // Only with a `fail-on` that names them.
        mistakes.append(&mut remarks);
    }
    let not_done = findings
        .iter()
        .find(|finding| NOT_DONE.contains(&finding.code.as_str()))
        .map(|finding| first_sentence(&finding.message).to_owned());
    let mut classified = if !mistakes.is_empty() {
        Classified { findings, ..failed(ReasonKind::Config, mistakes.join("\n")) }
    } else if !unread.is_empty() {
        unreadable("pylint", unread, findings)
    } else if let Some(message) = not_done {
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

/// The rest of a crash's message invites to a bug report and names a file that is gone.
fn first_sentence(message: &str) -> &str {
    message.split_once(". ").map_or(message, |(sentence, _)| sentence)
}
