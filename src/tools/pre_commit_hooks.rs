//! The hooks of the package pre-commit-hooks that depend on the contents of files alone.
//!
//! A worker passes the names of files to each hook. Hooks that fix run on a copy, and what differs is a
//! finding. Those that ask git, such as `no-commit-to-branch`, are not here.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::catalogue::{CatalogueTool, config_error, judge};
use super::command::{Command, NAMES_WORKER};
use super::{SourceFiles, ToolInvocation};
use crate::check::{FindingsFormat, JsonFields};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::report;

/// The hooks and their options, which are data.
const WORDS: &str = "
    allow-missing-credentials allow-multiple-documents assume-in-merge autofix no-ensure-ascii
    no-sort-keys
";

/// The hooks that the worker knows.
const HOOKS: &[&str] = &[
    "check-ast",
    "check-builtin-literals",
    "check-json",
    "check-merge-conflict",
    "check-toml",
    "check-xml",
    "check-yaml",
    "debug-statements",
    "detect-private-key",
    "double-quote-string-fixer",
    "end-of-file-fixer",
    "fix-byte-order-marker",
    "mixed-line-ending",
    "pretty-format-json",
    "requirements-txt-fixer",
    "trailing-whitespace",
];

/// Runs hooks.
pub static PRE_COMMIT_HOOKS: CatalogueTool = CatalogueTool {
    name: "pre-commit-hooks",
    about: "finds white space, conflict marks, broken data files and more with pre-commit-hooks",
    notes: &[
        "It checks the whole project, unless `source` says otherwise.",
        "Name hooks in `args`, each with its own options behind it, such as args = \
         [\"trailing-whitespace\", \"--markdown-linebreak-ext=md\", \"check-yaml\"]. Without any, it \
         runs check-ast, check-json, check-merge-conflict, check-toml, check-xml, check-yaml, \
         debug-statements, detect-private-key, end-of-file-fixer, fix-byte-order-marker, \
         mixed-line-ending and trailing-whitespace.",
        "What a hook would change is a finding; `--fix` changes it.",
    ],
    lock: "pre-commit-hooks",
    lock_template: include_str!("../../templates/requirements/pre-commit-hooks.txt"),
    endings: &[],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: HOOKS,
        call: CallFacts {
            programs: &[&["pre-commit-hooks"]],
            commands: HOOKS,
            valued: "--fix --indent --markdown-linebreak-ext --top-keys",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(AllowList {
        flags: &[WORDS],
        options: &["fix indent markdown-linebreak-ext top-keys"],
        ..AllowList::NOTHING
    }),
    tried: ("4.4", "7"),
    check: |it| names_command("pre-commit-hooks", it, &["--cargo-pipe=check"]),
    fix: Some(|it| names_command("pre-commit-hooks", it, &["--cargo-pipe=fix"])),
    classify: |output, sources| classify("pre-commit-hooks", output, sources),
    ..CatalogueTool::USUAL
};

/// The command of a program that takes names of files.
pub(super) fn names_command(
    module: &str,
    invocation: &ToolInvocation<'_>,
    canonical: &[&str],
) -> Command {
    Command::Module {
        module: module.to_owned(),
        keeps_own: true,
        worker: Some(NAMES_WORKER.to_owned()),
        args: invocation.argv_with_source(&[], "--config", canonical),
        project: None,
        report: None,
    }
}

/// Judges what the worker printed about hooks.
pub(super) fn classify(tool: &str, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    if let Some(classified) = config_error(output, &["cargo-pipe: error: "]) {
        return classified;
    }
    let format = FindingsFormat::JsonLines(JsonFields::default());
    judge(tool, output, report::parse(&format, &output.stdout, sources), &[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_knows_the_same_hooks() {
        let worker = include_str!("../../templates/names_worker/__init__.py");
        let (_, table) = worker.split_once("\nHOOKS: ").unwrap();
        let (table, _) = table.split_once("\n}\n").unwrap();
        let names: Vec<&str> = table
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
            .collect();
        assert_eq!(names, HOOKS);
    }
}
