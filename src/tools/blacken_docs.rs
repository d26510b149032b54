//! blacken-docs, which formats the Python in documents. A worker passes it the names of files.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::catalogue::CatalogueTool;
use super::pre_commit_hooks::{classify, names_command};

/// Formats.
pub static BLACKEN_DOCS: CatalogueTool = CatalogueTool {
    name: "blacken-docs",
    about: "checks that black would leave the Python in documents as it is",
    notes: &[
        "It checks Markdown, reStructuredText, LaTeX and docstrings in the whole project, unless \
         `source` says otherwise.",
        "What it would change is a finding; `--fix` changes it. Code that black cannot parse is a \
         finding, too.",
        "It reads no configuration: write the options of black in `args`.",
    ],
    lock: "blacken-docs",
    lock_template: include_str!("../../templates/requirements/blacken-docs.txt"),
    endings: &[".md", ".py", ".pyi", ".rst", ".tex"],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["blacken-docs"],
        call: CallFacts { valued: "--line-length --target-version -l -t", ..CallFacts::NONE },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(AllowList {
        flags: &["preview pyi rst-literal-blocks skip-errors skip-string-normalization -E -S"],
        options: &["line-length target-version -l -t"],
        ..AllowList::NOTHING
    }),
    tried: ("1.14", "2"),
    parses_with_python: true,
    check: |it| names_command("blacken-docs", it, &["--cargo-pipe=check"]),
    fix: Some(|it| names_command("blacken-docs", it, &["--cargo-pipe=fix"])),
    classify: |output, sources| classify("blacken-docs", output, sources),
    ..CatalogueTool::USUAL
};
