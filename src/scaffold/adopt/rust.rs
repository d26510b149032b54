//! Chooses the checks of Rust code in a new project: those that the project runs today.

use super::uses::{note_of, other_commands};
use super::{FolderSurvey, Note, join_names};
use crate::config::rust::is_one_release;
use crate::scaffold::evidence::{EvidenceRank, ToolUse};
use crate::template::NewCheck;
use crate::tools::{self, TOOLS, Tool};

/// The release of the toolchain where the project names none.
const DEFAULT_TOOLCHAIN: &str = "1.95.0";

/// The toolchain file of rustup, and its older name.
pub(super) const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// The Rust part of a new project.
#[derive(Default)]
pub(super) struct RustChoice {
    /// The checks.
    pub(super) checks: Vec<NewCheck>,
    /// The release of the toolchain, where a check needs one that the toolchain file does not name.
    pub(super) toolchain: Option<String>,
}

/// Whether a project checks Rust code.
pub(super) fn has_checks(survey: &FolderSurvey, uses: &[ToolUse]) -> bool {
    let is_rust = |used: &ToolUse| tools::find(used.tool).is_some_and(|tool| tool.is_rust());
    has_rust(survey) && uses.iter().any(is_rust)
}

/// Whether a folder has Rust code that cargo builds.
fn has_rust(survey: &FolderSurvey) -> bool {
    survey.files.iter().any(|path| path.file_name() == "Cargo.toml")
}

/// Chooses the checks, and explains them.
pub(super) fn choose(
    survey: &FolderSurvey,
    uses: &[ToolUse],
    has_packages: bool,
    notes: &mut Vec<Note>,
) -> RustChoice {
    let mut choice = RustChoice::default();
    if !has_rust(survey) {
        return choice;
    }
    let mut unused = Vec::new();
    for tool in TOOLS.iter().filter(|tool| tool.is_rust()) {
        let is_use =
            |used: &&ToolUse| used.tool == tool.name() && used.rank != EvidenceRank::Dependency;
        let uses: Vec<&ToolUse> = uses.iter().filter(is_use).collect();
        match uses.is_empty() {
            true => unused.push(tool.name()),
            false => choice.checks.extend(adopt(*tool, &uses, has_packages, notes)),
        }
    }
    if !unused.is_empty() {
        let found = format!("`Cargo.toml`, and no use of {}", join_names(&unused));
        notes.push(Note::new(found, "not switched on; `cargo pipe help rust` shows how"));
    }
    if !choice.checks.is_empty() {
        choice.toolchain = choose_toolchain(survey, notes);
    }
    choice
}

/// The checks that run what the uses of a tool run.
fn adopt(
    tool: &dyn Tool,
    uses: &[&ToolUse],
    has_packages: bool,
    notes: &mut Vec<Note>,
) -> Vec<NewCheck> {
    let first = uses.first().copied();
    let mut checks = Vec::new();
    for (number, used) in (1..).zip(first.into_iter().chain(other_commands(uses))) {
        let mut check = NewCheck::usual(tool.name(), tool);
        if number > 1 {
            check.name = format!("{}-{number}", tool.name());
        }
        // The version of a hook is that of its repository.
        let used = &ToolUse { version: None, ..used.clone() };
        notes.push(note_of(used, &check.name));
        check.comments.push(format!("From {}.", used.origin));
        check.args = in_folder(used);
        check.runs_once = has_packages;
        checks.push(check);
    }
    checks
}

/// The arguments of a use, with the manifest of the folder in which the project runs it.
fn in_folder(used: &ToolUse) -> Vec<String> {
    let folder = used.paths.first().filter(|folder| *folder != ".");
    let manifest = folder.map(|folder| format!("--manifest-path={folder}/Cargo.toml"));
    manifest.into_iter().chain(used.args.iter().cloned()).collect()
}

/// The release of the toolchain that `pipe.toml` names; none where the toolchain file names one.
fn choose_toolchain(survey: &FolderSurvey, notes: &mut Vec<Note>) -> Option<String> {
    let named = TOOLCHAIN_FILES.iter().find_map(|file| Some((*file, survey.text(file)?)));
    let channel = named.map(|(_, text)| channel(text)).unwrap_or_default();
    if is_one_release(&channel) {
        return None;
    }
    let of_minor = format!("{channel}.0");
    if let Some((file, _)) = named.filter(|_| is_one_release(&of_minor)) {
        let found = format!("Rust {channel} in `{file}`");
        notes.push(Note::new(found, format!("checks of Rust code run with {of_minor}")));
        return Some(of_minor);
    }
    let found = "no single release of Rust";
    let effect =
        format!("checks of Rust code run with {DEFAULT_TOOLCHAIN}; see `toolchain` in [rust]");
    notes.push(Note::new(found, effect));
    Some(DEFAULT_TOOLCHAIN.to_owned())
}

/// The channel in the text of a toolchain file.
fn channel(text: &str) -> String {
    let Ok(file) = text.parse::<toml::Table>() else { return text.trim().to_owned() };
    let channel = file.get("toolchain").and_then(|table| table.get("channel")?.as_str());
    channel.unwrap_or_default().to_owned()
}
