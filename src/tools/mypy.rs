//! mypy.
//!
//! Owns its command and the meaning of its exit status together with both streams: what mypy
//! cannot read, and what it does not like in its configuration, it says on standard error alone.
//! Must not know the format of its messages, which is [`mypy_json`]'s. What it makes of them goes
//! to the run.

use super::adoption::AdoptionFacts;
use super::black::{UNREADABLE, refusal};
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, unreadable,
};
use super::own_code::{self, ExecutingOption};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::container::PROJECT;
use crate::finding::{Finding, Place, Severity};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::command::{Command, Precedence};
use crate::tools::parse::mypy_json;

/// As in `mypy/defaults.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::ini("mypy.ini", ""),
    OwnConfig::ini(".mypy.ini", ""),
    OwnConfig::toml("pyproject.toml", "tool.mypy"),
    OwnConfig::ini("setup.cfg", "mypy"),
];

/// Tried with 2.4.1, which complains of each on standard error.
const REFUSED: &[Refused] = &[
    Refused {
        option: "python-version",
        values: &["2.7", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9"],
        fate: "mypy checks for 3.10 and newer only",
        source: "mypy 2.4.1 says `must be 3.10 or higher`",
    },
    gone("almost-silent"),
    gone("disallow-any"),
    gone("enable-incomplete-features"),
    gone("fast-parser"),
    gone("force-union-syntax"),
    gone("force-uppercase-builtins"),
    gone("new-semantic-analyzer"),
    gone("new-type-inference"),
    gone("quick-and-dirty"),
    gone("show-none-errors"),
    gone("silent-imports"),
    gone("strict-optional-whitelist"),
];

const fn gone(option: &'static str) -> Refused {
    let source = "mypy 2.4.1 says `Unrecognized option`";
    Refused { option, values: &[], fate: "mypy knows it no more", source }
}

/// What has mypy run what it is told. The interpreter of the project's locked environment is ours.
const OWN_CODE: &[ExecutingOption] = &[
    ExecutingOption::any("plugins"),
    ExecutingOption { name: "python-executable", harmless: "/opt/project/" },
];

/// Checks types.
#[derive(Clone, Copy, Debug)]
pub struct Mypy;

impl Tool for Mypy {
    fn name(&self) -> &'static str {
        "mypy"
    }

    fn about(&self) -> &'static str {
        "checks the types with mypy"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It gets the source folders, so that its own `exclude` and its rules for stubs hold.",
            "Notes, such as those of `reveal_type`, are listed; alone they do not count, as mypy \
             itself has it.",
            "An unknown option in its configuration is an error, which mypy itself lets pass.",
            "It repairs nothing.",
        ]
    }

    fn lock(&self) -> &'static str {
        "mypy"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/mypy.txt")
    }

    fn sees_project(&self) -> bool {
        true
    }

    fn config_file(&self) -> Option<&'static str> {
        Some("mypy.ini")
    }

    fn config_template(&self) -> Option<&'static str> {
        Some(include_str!("../../templates/config/mypy.ini"))
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts { default_check: Some("mypy"), hooks: &["mypy"], ..AdoptionFacts::default() }
    }

    fn own_code(&self, config: &str, command: &Command) -> Option<String> {
        own_code::find(OWN_CODE, config, command)
    }

    fn refused(&self) -> &'static [Refused] {
        REFUSED
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        // The native parser's columns are converted twice, which nobody can undo.
        let mut canonical = vec!["--output=json", "--no-native-parser", "--cache-dir=/dev/null"];
        let python = format!("--python-executable={PROJECT}/bin/python3");
        if invocation.sees_project {
            canonical.push(&python);
        }
        Command::Module {
            module: "mypy".to_owned(),
            worker: None,
            args: invocation.argv_with_source(&[], "--config-file", &canonical),
            suffixes: Vec::new(),
            // Imports are looked for by that Python; its packages are needed here for plugins.
            project: invocation.sees_project.then_some(Precedence::Last),
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
        let stdout = mypy_json::parse(&output.stdout, sources);
        let stderr = Complaints::read(output, sources);
        let mut findings = stdout.findings;
        if !stderr.mistakes.is_empty() {
            return Classified {
                findings,
                ..failed(ReasonKind::Config, stderr.mistakes.join("\n"))
            };
        }
        if stderr.is_idle {
            return nothing_to_check(self.name());
        }
        // The summary is no JSON.
        let unread: Vec<String> = stdout
            .unread
            .into_iter()
            .filter(|line| !line.starts_with("Found ") && !line.starts_with("Success: "))
            .collect();
        if !unread.is_empty() {
            return unreadable(self.name(), unread, findings);
        }
        findings.extend(stderr.unreadable);
        let has_error = |finding: &Finding| finding.severity == Severity::Error;
        let mut classified = match output.code {
            0 => accepted(findings),
            // With JSON mypy exits 1 for notes alone; without it the same run succeeds.
            1 if !findings.is_empty() && !findings.iter().any(has_error) => accepted(findings),
            1 | 2 if findings.iter().any(has_error) => rejected(findings),
            _ => Classified { findings, ..crashed(self.name(), output) },
        };
        if output.code < 2 {
            classified.warnings.extend(stderr.rest);
        }
        classified
    }
}

/// What mypy says on standard error.
#[derive(Default)]
struct Complaints {
    mistakes: Vec<String>,
    unreadable: Vec<Finding>,
    is_idle: bool,
    rest: Vec<String>,
}

impl Complaints {
    fn read(output: &RawOutput, sources: &dyn SourceFiles) -> Complaints {
        // A plugin that cannot be loaded is reported as a message about the configuration.
        let parsed = mypy_json::parse(&output.stderr, sources);
        let mut complaints = Complaints::default();
        complaints.mistakes.extend(parsed.findings.into_iter().map(|finding| {
            match finding.place.path.as_str() {
                "" => finding.message,
                path => format!("{path}: {}", finding.message),
            }
        }));
        for line in parsed.unread {
            complaints.sort_in(line);
        }
        complaints
    }

    fn sort_in(&mut self, line: String) {
        if let Some(error) = line.strip_prefix("mypy: error: ") {
            self.mistakes.push(error.to_owned());
        } else if line.starts_with("There are no .py[i] files") {
            self.is_idle = true;
        } else if let Some((path, why)) = line.split_once(": error: Cannot ") {
            let is_there = !why.contains("No such file");
            let finding = refusal(Place::line(path, 1), UNREADABLE, format!("Cannot {why}"));
            self.unreadable.extend(is_there.then_some(finding));
        } else if is_mistake(&line) || self.is_quoted(&line) {
            self.mistakes.push(line);
        } else if !line.starts_with("usage: ") && !line.starts_with("            [") {
            self.rest.push(line);
        }
    }

    /// A parser of configurations says on the next lines what it stumbled over.
    fn is_quoted(&self, line: &str) -> bool {
        !self.mistakes.is_empty() && (line.starts_with("file: ") || line.starts_with(['\'', '\t']))
    }
}

/// Whether a line is about the configuration: `mypy.ini: [mypy]: Unrecognized option: x = y`.
fn is_mistake(line: &str) -> bool {
    let known = ["Unrecognized option", "Not a boolean", "no section headers"];
    let in_file = line.split_once(": ").is_some_and(|(file, text)| {
        let is_config = [".ini", ".cfg", ".toml"].iter().any(|ending| file.ends_with(ending));
        let is_remark =
            ["note:", "warning:", "Warning:"].iter().any(|remark| text.starts_with(remark));
        is_config && !is_remark
    });
    in_file || known.iter().any(|text| line.contains(text))
}
