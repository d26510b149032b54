//! The messages about fixers: their conflicts, the files that they changed, and why they failed.

use std::collections::{BTreeMap, BTreeSet};

use super::Changers;
use crate::check::StepId;
use crate::engine::RunError;
use crate::outcome::{RawOutput, Reason, ReasonKind};
use crate::plan::{COMMAND, FixStep};
use crate::run::outcome::explain_run_error;

/// The number of files that a message names.
const NAMED: usize = 5;

/// Describes the files that one fixer changes back whenever another one has changed them.
pub(super) fn describe_conflicts(changers: &Changers) -> Vec<String> {
    let mut by_checks: BTreeMap<&BTreeSet<StepId>, BTreeSet<String>> = BTreeMap::new();
    for (path, checks) in changers {
        by_checks.entry(checks).or_default().insert(path.to_string());
    }
    let mut conflicts = Vec::new();
    for (checks, paths) in by_checks {
        let checks: Vec<String> = checks.iter().map(|check| format!("`{check}`")).collect();
        let files = name_files(&paths);
        conflicts.push(match checks.as_slice() {
            [one] => format!("the fixer of {one} changes {files} each time it runs"),
            several => format!(
                "the fixers of {} change {files} back and forth: no text satisfies all of them",
                several.join(" and "),
            ),
        });
    }
    conflicts
}

/// Names the first few of some files, and counts the others.
pub(super) fn name_files(paths: &BTreeSet<String>) -> String {
    let first: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Explains why a fixer could not run.
pub(super) fn explain_fixer_error(fix: &FixStep, error: &RunError) -> Reason {
    let reason = explain_run_error(&fix.step, error);
    Reason { message: format!("its fixer: {}", reason.message), ..reason }
}

/// Explains the exit status of a fixer by the first line of its standard error.
pub(super) fn explain_exit(fix: &FixStep, output: &RawOutput) -> Reason {
    let tool = match fix.step.tool.as_str() {
        COMMAND => "the command that fixes",
        tool => tool,
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut message = format!("{tool} ended with exit status {}", output.code);
    if let Some(line) = stderr.lines().map(str::trim).find(|line| !line.is_empty()) {
        message = format!("{message}: {line}");
    }
    Reason::new(ReasonKind::Tool, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ProjectPath;

    fn set(names: &[&str]) -> BTreeSet<StepId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_conflict_names_checks_and_files() {
        let path = |text: &str| ProjectPath::new(text).unwrap();
        let changers = Changers::from([
            (path("b.py"), set(&["format", "style"])),
            (path("a.py"), set(&["format", "style"])),
            (path("c.py"), set(&["dates"])),
        ]);
        assert_eq!(
            describe_conflicts(&changers),
            [
                "the fixer of `dates` changes `c.py` each time it runs",
                "the fixers of `format` and `style` change `a.py`, `b.py` back and forth: no text \
                 satisfies all of them",
            ]
        );
    }

    #[test]
    fn a_message_names_a_few_files_and_counts_the_others() {
        let paths = (1..=7).map(|number| number.to_string()).collect();
        assert_eq!(name_files(&paths), "`1`, `2`, `3`, `4`, `5` and 2 more");
    }
}
