//! Reads the hooks of `.pre-commit-config.yaml`.
//!
//! The manifest of a hook is in the repository of the hook, which is not here. The arguments that it
//! has there are in the files of the tools; a hook that no tool knows cannot be adopted.

use super::filter::NameFilter;
use super::installs::Installed;
use super::tasks::{Call, RunScope};
use super::yaml::{self, YamlNode};
use super::{EvidenceOrigin, EvidenceRank, ForeignUse};
use crate::requirement::normalize;
use crate::tools::{TOOLS, Tool};

/// The configuration of pre-commit.
pub(super) const FILE: &str = ".pre-commit-config.yaml";

/// Packages of well-known hooks that run as a command with names of files, by the id of the hook.
const COMMANDS: &[(&str, &[&str])] = &[
    ("pydocstyle", &["pydocstyle"]),
    ("validate-pyproject", &["validate-pyproject", "pyproject.toml"]),
];

/// A hook that runs in a configuration of pre-commit.
#[derive(Clone, Debug)]
pub(super) struct PreCommitHook {
    /// The id.
    pub(super) id: String,
    /// The weight of the hook where no job runs it.
    pub(super) rank: EvidenceRank,
    /// The command, or the reason why it cannot be adopted.
    pub(super) action: HookAction,
}

/// The command of a hook, or the reason why it cannot be adopted.
#[derive(Clone, Debug)]
pub(super) enum HookAction {
    /// It runs this command.
    Runs(Box<Call>),
    /// It cannot be adopted.
    Foreign(ForeignUse),
}

/// Parses the hooks of a text. Hooks of the stage `manual` are left out.
pub(super) fn parse(text: &str) -> Vec<PreCommitHook> {
    let Some(tree) = yaml::parse(text) else { return Vec::new() };
    let everywhere = NameFilter {
        files: tree.text_of("files").map(str::to_owned).into_iter().collect(),
        exclude: tree.text_of("exclude").map(str::to_owned).into_iter().collect(),
    };
    let ci = tree.get("ci");
    let skipped = ci.map(|ci| ci.texts_of("skip")).unwrap_or_default();
    let stages = tree.texts_of("default_stages");
    let mut hooks = Vec::new();
    for repository in tree.get("repos").map(YamlNode::items).unwrap_or_default() {
        for node in repository.get("hooks").map(YamlNode::items).unwrap_or_default() {
            let Some(id) = node.text_of("id") else { continue };
            let own = node.texts_of("stages");
            let stages = if own.is_empty() { &stages } else { &own };
            if !stages.is_empty() && stages.iter().all(|stage| stage == "manual") {
                continue;
            }
            let is_job = ci.is_some() && !skipped.iter().any(|name| name == id);
            hooks.push(PreCommitHook {
                id: id.to_owned(),
                rank: if is_job { EvidenceRank::Job } else { EvidenceRank::Hook },
                action: action(text, repository, node, id, &everywhere),
            });
        }
    }
    hooks
}

/// The tool of the catalogue that a hook runs.
fn find_tool(id: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().copied().find(|tool| tool.adoption().hooks.contains(&id))
}

/// The versions of tools that a text pins, each with its tool.
pub(super) fn pinned_tools(text: &str) -> Vec<(&'static dyn Tool, String)> {
    let mut pinned = Vec::new();
    for hook in parse(text) {
        if let (Some(tool), HookAction::Runs(call)) = (find_tool(&hook.id), hook.action) {
            pinned.extend(call.scope.version.map(|version| (tool, version)));
        }
    }
    pinned
}

fn action(
    text: &str,
    repository: &YamlNode,
    node: &YamlNode,
    id: &str,
    everywhere: &NameFilter,
) -> HookAction {
    let address = repository.text_of("repo").unwrap_or_default();
    let origin = EvidenceOrigin { file: FILE.to_owned(), line: node.line };
    let version = repository.get("rev").map(|rev| version_of(text, rev)).unwrap_or_default();
    let dependencies = node.texts_of("additional_dependencies");
    let given = node.get("args").map(|_| node.texts_of("args"));
    let passes_names = node.text_of("pass_filenames") != Some("false");
    let mut names = everywhere.clone();
    names.files.extend(node.text_of("files").map(str::to_owned));
    names.exclude.extend(node.text_of("exclude").map(str::to_owned));
    let names = passes_names.then_some(names);
    let call = |words: Vec<String>, version: Option<String>, is_isolated| {
        let installs = Installed { packages: dependencies.clone(), ..Installed::default() };
        let scope = RunScope { version, is_isolated, names, is_hook: is_isolated, installs };
        HookAction::Runs(Box::new(Call { words, origin: origin.clone(), scope, ..Call::default() }))
    };
    if matches!(address, "local" | "meta") {
        let language = node.text_of("language").unwrap_or_default();
        let entry = node.text_of("entry").unwrap_or_default();
        let words = shlex::split(entry).unwrap_or_default();
        let is_command = matches!(language, "system" | "python" | "unsupported");
        if is_command && !words.is_empty() {
            let words = [words, given.unwrap_or_default()].concat();
            return call(words, None, language == "python");
        }
        let reason = match language {
            "" => "it is built into pre-commit".to_owned(),
            language => format!("it is a local hook in the language `{language}`"),
        };
        return foreign(id, &[], &[], reason, origin);
    }
    if let Some(tool) = find_tool(id) {
        let facts = tool.adoption();
        let program = facts.call.programs.first().copied().unwrap_or_default();
        let usual = facts.call.hook_args.iter().find(|(hook, _)| *hook == id);
        let usual = usual.map(|(_, args)| *args).unwrap_or_default();
        let args = given.unwrap_or_else(|| usual.iter().map(|arg| (*arg).to_owned()).collect());
        let command = facts.call.commands.iter().find(|command| **command == id);
        let words = program.iter().chain(command).map(|word| (*word).to_owned());
        let words = words.chain(args).collect();
        return call(words, version, true);
    }
    let command = COMMANDS.iter().find(|(hook, _)| *hook == id);
    let Some((name, words)) = command else {
        let reason = "its command is only in the repository of the hook".to_owned();
        return foreign(id, &[], &[], reason, origin);
    };
    let pinned = version.map_or_else(|| (*name).to_owned(), |version| format!("{name}=={version}"));
    let mut run: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    run.splice(1..1, given.unwrap_or_default());
    let requirements = [vec![pinned], dependencies].concat();
    foreign(id, &run, &requirements, "cargo pipe has no check for it".to_owned(), origin)
}

fn foreign(
    name: &str,
    run: &[String],
    requirements: &[String],
    reason: String,
    origin: EvidenceOrigin,
) -> HookAction {
    HookAction::Foreign(ForeignUse {
        name: normalize(name),
        run: run.to_vec(),
        requirements: requirements.to_vec(),
        reason,
        origin,
    })
}

/// The version of a repository: its tag, or the tag in a comment `# frozen: v1` after a commit.
fn version_of(text: &str, rev: &YamlNode) -> Option<String> {
    let line = text.lines().nth(rev.line.saturating_sub(1)).unwrap_or_default();
    let frozen = line.split_once("# frozen:").map(|(_, tag)| tag.trim());
    let tag = frozen.or(rev.text())?.trim_start_matches('v');
    tag.starts_with(|c: char| c.is_ascii_digit()).then(|| tag.to_owned()).filter(|tag| {
        // A commit can begin with a digit.
        tag.contains('.')
    })
}
