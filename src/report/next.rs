//! The commands to run next after checks that did not pass: run them again, fix findings, and open a
//! shell in a container.

use serde::{Deserialize, Serialize};

use super::harmless;
use crate::check::StepId;
use crate::outcome::{CheckOutcome, ReasonKind, Status};

/// The words that start cargo pipe without further options.
const CARGO_PIPE: [&str; 2] = ["cargo", "pipe"];

/// A command to run next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NextCommand {
    /// What it is for.
    pub purpose: Purpose,
    /// The words after those that start cargo pipe.
    pub words: Vec<String>,
    /// The number of findings that it fixes.
    pub fixes: usize,
}

/// The purpose of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Purpose {
    /// It runs one check again.
    RunAgain,
    /// It applies the fixes that tools are sure of.
    Fix,
    /// It opens a shell in the container of a check.
    LookInside,
}

impl NextCommand {
    /// The command line, quoted for a shell. `typed` starts cargo pipe in the same place.
    #[must_use]
    pub fn render(&self, typed: &[String]) -> String {
        let words = typed.iter().chain(&self.words);
        words.map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The command line in the folder of the project.
    #[must_use]
    pub fn in_project(&self) -> String {
        self.render(&CARGO_PIPE.map(str::to_owned))
    }
}

/// The commands to run next, in the order in which they are useful.
#[must_use]
pub fn commands(checks: &[CheckOutcome]) -> Vec<NextCommand> {
    let command = |purpose, words: &[&str], fixes| NextCommand {
        purpose,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        fixes,
    };
    let again = checks.iter().filter(|check| did_not_pass(check));
    let mut commands: Vec<NextCommand> =
        again.map(|check| command(Purpose::RunAgain, &["run", check.id.as_str()], 0)).collect();
    let fixable: Vec<(&StepId, usize)> = checks
        .iter()
        .map(|check| (&check.id, fixable(check)))
        .filter(|(_, fixes)| *fixes > 0)
        .collect();
    if !fixable.is_empty() {
        let names = fixable.iter().map(|(id, _)| id.as_str());
        let words: Vec<&str> = ["run"].into_iter().chain(names).chain(["--fix"]).collect();
        commands.push(command(Purpose::Fix, &words, fixable.iter().map(|(_, fixes)| fixes).sum()));
    }
    let inside = checks.iter().filter(|check| has_an_inside(check));
    commands
        .extend(inside.map(|check| command(Purpose::LookInside, &["bash", check.id.as_str()], 0)));
    commands
}

/// Whether a check ran and did not pass. One that did not start has its own hint.
fn did_not_pass(check: &CheckOutcome) -> bool {
    check.inputs.is_some()
        && matches!(check.status, Status::Findings | Status::Error | Status::TimedOut)
}

/// The number of findings with a fix that the tool is sure of.
fn fixable(check: &CheckOutcome) -> usize {
    let fixes = check.findings.iter().filter_map(|finding| finding.fix.as_ref());
    fixes.filter(|fix| fix.safe).count()
}

/// Whether the check ran in a container, and a shell there can explain its result.
fn has_an_inside(check: &CheckOutcome) -> bool {
    let kind = check.reason.as_ref().map(|reason| reason.kind);
    check.inputs.is_some()
        && match check.status {
            Status::Findings | Status::TimedOut => true,
            Status::Error => matches!(kind, Some(ReasonKind::Tool | ReasonKind::Config)),
            _ => false,
        }
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let word = harmless::line(word);
    shlex::try_quote(&word).map_or_else(|_| word.clone(), |quoted| quoted.to_string())
}
