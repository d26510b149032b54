//! Turns the commands that a project runs today into checks.

use super::{FolderSurvey, Note, is_python, join_names, locked_version};
use crate::project::ProjectPath;
use crate::requirement::{Requirement, normalize};
use crate::scaffold::evidence::{EvidenceRank, ToolUse, WorkspaceEvidence};
use crate::template::{ConfigSetting, NewCheck, NewCommand, NewDependencies};
use crate::tools::{self, Tool};
use crate::version::VersionRange;

/// Writes the commands that run a tool into checks: the first into that of the check's name, each other one
/// of the same weight into a further one. `package` is the package that runs them, if there is one.
pub(super) fn adopt_uses(
    usual: &NewCheck,
    tool: &dyn Tool,
    uses: &[&ToolUse],
    survey: &FolderSurvey,
    package: Option<&str>,
    notes: &mut Vec<Note>,
) -> Vec<NewCheck> {
    let Some((first, _)) = uses.split_first() else { return vec![usual.clone()] };
    let others = other_commands(uses);
    let mut checks = Vec::new();
    for (number, used) in (1..).zip(std::iter::once(first).chain(&others)) {
        let mut check = usual.clone();
        if number > 1 {
            check.name = format!("{}-{number}", usual.name);
        }
        notes.push(note_of(used, &full_name(package, &check.name)));
        apply(&mut check, used, tool, survey, notes);
        add_package(&mut check, tool, survey);
        checks.push(check);
    }
    let is_left = |used: &&&ToolUse| !others.iter().any(|other| std::ptr::eq(*other, **used));
    let rest: Vec<&ToolUse> = uses.iter().filter(is_left).copied().collect();
    notes.extend(note_differences(&rest, &full_name(package, &usual.name)));
    checks
}

/// The name of a check in messages.
fn full_name(package: Option<&str>, check: &str) -> String {
    package.map_or_else(|| check.to_owned(), |package| format!("{package}:{check}"))
}

pub(super) fn note_of(used: &ToolUse, check: &str) -> Note {
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
pub(super) fn other_commands<'a>(uses: &[&'a ToolUse]) -> Vec<&'a ToolUse> {
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
/// with the reasons. Those of packages are only noted.
pub(super) fn offer_commands(
    evidence: &WorkspaceEvidence,
    notes: &mut Vec<Note>,
) -> Vec<NewCommand> {
    let WorkspaceEvidence { project, packages } = evidence;
    let mut commands = Vec::new();
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for other in project.foreign.iter().chain(packages.iter().flat_map(|it| &it.foreign)) {
        let entry = (other.reason.as_str(), other.origin.file.as_str());
        match reasons.iter_mut().find(|(reason, file, _)| (*reason, *file) == entry) {
            Some((_, _, names)) => names.push(&other.name),
            None => reasons.push((entry.0, entry.1, vec![&other.name])),
        }
    }
    for other in &project.foreign {
        if !other.run.is_empty() {
            commands.push(NewCommand {
                name: other.name.clone(),
                comment: format!("From {}.", other.origin),
                run: other.run.clone(),
                requirements: other.requirements.clone(),
                runs_once: !packages.is_empty(),
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
