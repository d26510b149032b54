//! Chooses the checks of a new project from the evidence of what it runs today.
//!
//! A tool that the project does not use is written down, but not switched on. Without any evidence all
//! usual tools are on, with their own defaults.

use super::configs::{self, ConfigPolicy};
use super::sources::PythonSources;
use super::{FolderSurvey, Note, formatter, is_python, join_names, locked_version};
use crate::project::ProjectPath;
use crate::requirement::{Requirement, normalize};
use crate::scaffold::evidence::{EvidenceRank, ForeignUse, ProjectEvidence, ToolUse};
use crate::template::{ConfigSetting, NewCheck, NewCommand, NewDependencies};
use crate::tools::{self, TOOLS, Tool};
use crate::version::VersionRange;

/// The reason for which tools of a new project are on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// All of them are on, with the configurations of cargo pipe.
    Ours,
    /// Those are on that the project runs.
    Uses,
    /// Those are on that the project configures.
    Configurations,
    /// All of them are on, with their own defaults.
    Nothing,
}

/// Chooses the checks, and explains them.
pub(super) fn choose_checks(
    survey: &FolderSurvey,
    evidence: &ProjectEvidence,
    is_opinionated: bool,
    found: &PythonSources,
    notes: &mut Vec<Note>,
) -> Vec<NewCheck> {
    let basis = choose_basis(survey, evidence, is_opinionated, found);
    let mut checks = Vec::new();
    for (name, usual) in all_checks() {
        let is_for_check = |used: &&ToolUse| check_of(used.tool) == Some(name);
        let uses: Vec<&ToolUse> = match basis {
            Basis::Ours => Vec::new(),
            _ => evidence.uses.iter().filter(is_for_check).collect(),
        };
        let used = uses.first().copied();
        let mut tool = used.and_then(|used| tools::find(used.tool)).unwrap_or(usual);
        if usual.is_formatter() && used.is_none() {
            let formatter = formatter::choose(survey, usual);
            tool = formatter.tool;
            if basis == Basis::Ours {
                notes.extend(formatter.note);
            }
        }
        let is_default = usual.adoption().default_check.is_some();
        let is_on = match basis {
            Basis::Ours | Basis::Nothing => is_default,
            Basis::Uses => used.is_some(),
            Basis::Configurations => is_configured(survey, tool, found),
        };
        if !is_on && !is_default {
            continue;
        }
        if !is_on {
            checks.push(unused(name, tool));
            continue;
        }
        let policy = if basis == Basis::Ours { ConfigPolicy::Write } else { ConfigPolicy::Leave };
        let choice = configs::choose(survey, tool, name, found, policy);
        let usual = choice.check;
        let mut check = usual.clone();
        let mut more = Vec::new();
        if let Some(used) = used {
            notes.push(note_of(used, name));
            apply(&mut check, used, tool, survey, notes);
            add_package(&mut check, tool, survey);
            let others = other_commands(&uses);
            for (number, other) in (2..).zip(&others) {
                let mut check = NewCheck { name: format!("{name}-{number}"), ..usual.clone() };
                notes.push(note_of(other, &check.name));
                apply(&mut check, other, tool, survey, notes);
                add_package(&mut check, tool, survey);
                more.push(check);
            }
            let is_left =
                |used: &&&ToolUse| !others.iter().any(|other| std::ptr::eq(*other, **used));
            let rest: Vec<&ToolUse> = uses.iter().filter(is_left).copied().collect();
            notes.extend(note_differences(&rest, name));
        }
        notes.extend(choice.note);
        checks.push(check);
        checks.extend(more);
    }
    let off: Vec<&str> =
        checks.iter().filter(|check| !check.enabled).map(|check| check.tool.as_str()).collect();
    if !off.is_empty() {
        let found = format!("no use of {}", join_names(&off));
        notes.push(Note::new(found, "the check is in `pipe.toml`, but not switched on"));
    }
    if basis == Basis::Nothing {
        notes.push(Note::new(
            "no evidence of any tool",
            "the usual checks are switched on, with the defaults of the tools",
        ));
    }
    checks
}

fn choose_basis(
    survey: &FolderSurvey,
    evidence: &ProjectEvidence,
    is_opinionated: bool,
    found: &PythonSources,
) -> Basis {
    let is_check = |used: &ToolUse| check_of(used.tool).is_some();
    let is_configured = |tool: &&dyn Tool| {
        tool.adoption().default_check.is_some() && is_configured(survey, *tool, found)
    };
    if is_opinionated || !survey.has_python() {
        Basis::Ours
    } else if evidence.uses.iter().any(is_check) {
        Basis::Uses
    } else if TOOLS.iter().any(is_configured) {
        Basis::Configurations
    } else {
        Basis::Nothing
    }
}

/// The usual checks, then those of the tools that are only on where a project uses them.
fn all_checks() -> Vec<(&'static str, &'static dyn Tool)> {
    let mut checks = tools::default_checks();
    for tool in TOOLS {
        if tool.adoption().default_check.is_none() && !tool.runs_project() {
            checks.push((tool.name(), *tool));
        }
    }
    checks
}

/// The check that runs a tool. Tests run code of the project, so that no check of them is adopted.
fn check_of(tool: &str) -> Option<&'static str> {
    let tool = tools::find(tool).filter(|tool| !tool.runs_project())?;
    tool.adoption().default_check.or(Some(tool.name()))
}

fn is_configured(survey: &FolderSurvey, tool: &dyn Tool, found: &PythonSources) -> bool {
    if tool.is_formatter() {
        return formatter::formats_with(survey, tool);
    }
    configs::is_configured(survey, tool, found)
}

fn unused(name: &'static str, tool: &dyn Tool) -> NewCheck {
    NewCheck {
        config: ConfigSetting::Found,
        enabled: false,
        comments: vec![format!(
            "This project does not use {}. Delete `enabled = false` to switch it on.",
            tool.name()
        )],
        ..NewCheck::usual(name, tool)
    }
}

fn note_of(used: &ToolUse, check: &str) -> Note {
    let version = used.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let how = match used.rank {
        EvidenceRank::Job => "your CI runs it",
        EvidenceRank::Task => "a task runs it",
        EvidenceRank::Hook => "a hook runs it",
        EvidenceRank::Dependency => "it is a development dependency",
    };
    let found = format!("{}{version} in `{}`, where {how}", used.tool, used.origin);
    Note::new(found, format!("`{check}` runs it"))
}

/// The most checks of one tool in addition to the first.
const MOST_OTHERS: usize = 4;

/// The other commands that run the same tool with the same weight: each of them has a verdict.
fn other_commands<'a>(uses: &[&'a ToolUse]) -> Vec<&'a ToolUse> {
    let Some((first, rest)) = uses.split_first() else { return Vec::new() };
    // A dependency names the package and not a command.
    if first.rank == EvidenceRank::Dependency {
        return Vec::new();
    }
    let is_other = |other: &&&ToolUse| other.tool == first.tool && other.rank == first.rank;
    rest.iter().filter(is_other).copied().take(MOST_OTHERS).collect()
}

/// The dependencies that the adopted commands install, for the checks that see those of the project.
pub(super) fn choose_dependencies(
    survey: &FolderSurvey,
    uses: &[ToolUse],
    checks: &[NewCheck],
) -> NewDependencies {
    let sees_project = |used: &&ToolUse| {
        let is_on =
            |check: &NewCheck| check.tool == used.tool && check.enabled && check.dependencies;
        let tool = tools::find(used.tool);
        !used.is_isolated
            && tool.is_some_and(|tool| tool.sees_project())
            && checks.iter().any(is_on)
    };
    let uses: Vec<&ToolUse> = uses.iter().filter(sees_project).collect();
    let collect = |list: fn(&ToolUse) -> &Vec<String>| {
        let mut names: Vec<String> = Vec::new();
        for name in uses.iter().flat_map(|used| list(used)) {
            if !names.contains(name) && !name.contains(['$', '{']) {
                names.push(name.clone());
            }
        }
        names
    };
    let some = |names: Vec<String>| (!names.is_empty()).then_some(names);
    let mut files = collect(|used| &used.files);
    files.retain(|path| exists(survey, path));
    if !files.is_empty() && exists(survey, "pyproject.toml") {
        files.push("pyproject.toml".to_owned());
    }
    let manifest = survey.text("pyproject.toml").unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let has = |path: &[&str], name: &String| {
        let table = path.iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table());
        table.is_some_and(|table| table.keys().any(|key| normalize(key) == normalize(name)))
    };
    let mut groups = collect(|used| &used.groups);
    groups.retain(|name| has(&["dependency-groups"], name));
    let mut extras = collect(|used| &used.extras);
    extras.retain(|name| has(&["project", "optional-dependencies"], name));
    NewDependencies { requirements: some(files), groups: some(groups), extras: some(extras) }
}

/// Notes other uses for the same check that could give other results.
fn note_differences(uses: &[&ToolUse], check: &str) -> Option<Note> {
    let first = uses.first()?;
    let other = uses.iter().skip(1).find(|other| {
        other.tool != first.tool
            || (other.version.is_some() && other.version != first.version)
            || other.args != first.args
            || other.paths != first.paths
    })?;
    let why = if other.rank == first.rank {
        "because it comes first"
    } else {
        match first.rank {
            EvidenceRank::Job => "because your CI runs that",
            _ => "because that is run more often",
        }
    };
    let version = other.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let found = format!("{}{version} in `{}` as well", other.tool, other.origin);
    Some(Note::new(
        found,
        format!("`{check}` follows `{}`, {why}; add a check to run both", first.origin),
    ))
}

/// Writes the use of a tool into its check.
fn apply(
    check: &mut NewCheck,
    used: &ToolUse,
    tool: &dyn Tool,
    survey: &FolderSurvey,
    notes: &mut Vec<Note>,
) {
    check.comments.push(format!("From {}.", used.origin));
    check.args.clone_from(&used.args);
    check.dependencies = !(used.is_isolated && tool.sees_project());
    let is_valid = |text: &&String| {
        let requirement = Requirement::parse(text);
        !text.contains(char::is_control) && requirement.is_some_and(|it| it.is_well_formed())
    };
    check.requirements = used.requirements.iter().filter(is_valid).cloned().collect();
    match &used.version {
        Some(version) if VersionRange::parse(version).is_none() => {
            let version = version.escape_debug();
            check.comments.push(format!("It pins {version}, which is not a version."));
        }
        Some(version) if locked_version(tool).as_ref() != Some(version) => {
            check.version = Some(version.clone());
        }
        Some(_) => {}
        None if used.rank == EvidenceRank::Job && is_project(survey, tool) => {
            check.comments.push(format!(
                "Your CI runs the {} of this project; here it has the version of the lock.",
                tool.lock()
            ));
        }
        None if used.rank == EvidenceRank::Job => {
            check.comments.push(format!(
                "Your CI takes the newest {}; here it has the version of the lock.",
                tool.lock()
            ));
        }
        None => {}
    }
    if let Some(path) = used.config.as_ref().filter(|path| exists(survey, path)) {
        check.config = ConfigSetting::File(path.trim_start_matches("./").to_owned());
    }
    let mut source: Vec<String> = Vec::new();
    let mut missing: Vec<&String> = Vec::new();
    for path in &used.paths {
        match expand_path(path, survey) {
            Some(paths) => source.extend(paths),
            None => missing.push(path),
        }
    }
    if !missing.is_empty() {
        let found = format!("{} in `{}`", join_names(&missing), used.origin);
        notes.push(Note::new(found, "no such path exists, so it is left out"));
    }
    if tool.adoption().call.paths_are_args && source.iter().any(|path| path != ".") {
        check.args.append(&mut source);
    }
    if let Some(names) = used.names.as_ref().filter(|_| source.is_empty()) {
        check
            .comments
            .push("pre-commit passes names of files; these are their folders.".to_owned());
        let sources = names.sources(&survey.files);
        let left_out = if sources.is_some() { None } else { names.complement_globs(&survey.files) };
        match (sources, &left_out) {
            (Some(paths), _) => source = paths,
            (None, Some(_)) => {}
            (None, None) => notes.push(Note::new(
                format!("{} in `{}`", join_names(&names.files), used.origin),
                format!("`source` cannot express it; set `source` of `{}` yourself", check.name),
            )),
        }
        let (mut globs, lost) = names.exclude_globs(&survey.files);
        globs.extend(left_out.into_iter().flatten());
        globs.sort();
        globs.dedup();
        check.exclude = globs;
        if !lost.is_empty() {
            notes.push(Note::new(
                format!("{} in `{}`", join_names(&lost), used.origin),
                format!("`exclude` cannot express it; set `exclude` of `{}` yourself", check.name),
            ));
        }
    }
    if source.is_empty() && missing.is_empty() && used.rank != EvidenceRank::Dependency {
        // The tool itself, or its configuration, decides.
        source.push(".".to_owned());
    }
    source.dedup();
    if source == ["."] && !tool.default_source().is_empty() {
        // These are the files that the tool looks at in the whole project, such as `.github`.
        source.clear();
    }
    check.source = source;
}

/// Adds the package of the project to the inputs of a check that looks at other files only, such as
/// tests: the project is installed where its own command runs.
fn add_package(check: &mut NewCheck, tool: &dyn Tool, survey: &FolderSurvey) {
    let is_installed = check.dependencies && tool.sees_project() && !tool.runs_project();
    if !is_installed || check.source.is_empty() {
        return;
    }
    let is_package = |path: &ProjectPath| is_python(path) && path.as_str().starts_with("src/");
    let has_package = survey.files.iter().any(is_package) && !exists(survey, "src/__init__.py");
    let is_seen = check.source.iter().any(|path| path == "." || path == "src");
    if has_package && !is_seen {
        check.inputs.push("src".to_owned());
    }
}

/// Whether a tool is the project itself.
fn is_project(survey: &FolderSurvey, tool: &dyn Tool) -> bool {
    let manifest = survey.text("pyproject.toml").unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let name = manifest.get("project").and_then(|project| project.get("name")?.as_str());
    name.is_some_and(|name| normalize(name) == tool.lock())
}

fn exists(survey: &FolderSurvey, path: &str) -> bool {
    let Ok(path) = ProjectPath::new(path.trim_start_matches("./")) else { return false };
    survey.texts.contains_key(&path) || survey.files.contains(&path)
}

/// The files and folders that a word of a command stands for; none if nothing is there.
fn expand_path(word: &str, survey: &FolderSurvey) -> Option<Vec<String>> {
    let trimmed = word.trim_start_matches("./").trim_end_matches('/');
    if matches!(trimmed, "" | ".") {
        return Some(vec![".".to_owned()]);
    }
    if trimmed.contains(['*', '?']) {
        let glob = globset::GlobBuilder::new(trimmed).literal_separator(true).build().ok()?;
        let matcher = glob.compile_matcher();
        let files = survey.files.iter().map(ProjectPath::as_str);
        let mut matched: Vec<String> = Vec::new();
        for path in files {
            let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
            let whole = ends.map(|end| &path[..end]).find(|part| matcher.is_match(part));
            if let Some(part) = whole.filter(|part| matched.iter().all(|other| other != part)) {
                matched.push(part.to_owned());
            }
        }
        return (!matched.is_empty() && matched.len() <= 20).then_some(matched);
    }
    let path = ProjectPath::new(trimmed).ok()?;
    survey.files.iter().any(|file| file.starts_with(&path)).then(|| vec![path.to_string()])
}

/// The programs that are not adopted: those that can run as commands of the project's own, and notes
/// with the reasons.
pub(super) fn offer_commands(foreign: &[ForeignUse], notes: &mut Vec<Note>) -> Vec<NewCommand> {
    let mut commands = Vec::new();
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for other in foreign {
        let entry = (other.reason.as_str(), other.origin.file.as_str());
        match reasons.iter_mut().find(|(reason, file, _)| (*reason, *file) == entry) {
            Some((_, _, names)) => names.push(&other.name),
            None => reasons.push((entry.0, entry.1, vec![&other.name])),
        }
        if !other.run.is_empty() {
            commands.push(NewCommand {
                name: other.name.clone(),
                comment: format!("From {}.", other.origin),
                run: other.run.clone(),
                requirements: other.requirements.clone(),
            });
        }
    }
    for (reason, file, names) in reasons {
        let found = format!("{} in `{file}`", join_names(&names));
        notes.push(Note::new(found, format!("not adopted, because {reason}")));
    }
    if !commands.is_empty() {
        let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
        notes.push(Note::new(
            format!("commands for {}", join_names(&names)),
            "uncomment them at the end of `pipe.toml` to run them as checks of your own",
        ));
    }
    commands
}
