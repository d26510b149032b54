//! Decides what `init` makes of a folder without a project.
//!
//! From a [`FolderSurvey`] follows an [`Adoption`]: the settings of the new `pipe.toml`, and notes about
//! the reasons. Nothing is read from disk here, and no file of the user is changed. The facts about tools
//! come from [`crate::tools`].

mod checks;
mod configs;
mod formatter;
mod members;
mod packages;
pub mod pins;
mod python;
pub mod refused;
mod rust;
mod sources;
mod test_settings;
mod testing;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::config::{Ci, GitlabJobs, Install};
use crate::dependencies::{Dependencies, DependencyKind};
use crate::lock::Lock;
use crate::project::ProjectPath;
use crate::scaffold::evidence;
use crate::template::{
    DOCKERFILE, FileOrigin, GITHUB_WORKFLOW, GITLAB_CI, GITLAB_INCLUDED, NewConfig,
    PIPE_DOCKERFILE, origin,
};
use crate::tools::own_config::OwnConfig;
use crate::tools::{TOOLS, Tool};
use checks::CheckChooser;

/// The config folder of a new project.
pub const CONFIG_FOLDER: &str = ".config";
/// The configuration of pre-commit, which pins its own versions of tools.
pub const PRE_COMMIT: &str = ".pre-commit-config.yaml";
/// The configuration of Dagger.
const DAGGER: &str = "dagger.json";

/// The facts about a folder that `init` needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderSurvey {
    /// Every file that a check could see: none that is hidden, ignored or installed.
    pub files: BTreeSet<ProjectPath>,
    /// The texts of configuration files in all folders, hidden files included.
    pub texts: BTreeMap<ProjectPath, String>,
    /// The addresses of the remotes.
    pub remotes: Vec<String>,
}

/// What the user asks for in addition to what the folder suggests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionRequest {
    /// Whether to generate a pipeline for GitLab; the folder decides by default.
    pub gitlab: Option<bool>,
    /// The way in which jobs in GitLab reach an engine.
    pub jobs: Option<GitlabJobs>,
    /// Whether to generate a workflow for GitHub; the folder decides by default.
    pub github: Option<bool>,
    /// Whether jobs run the task runner of the workspace.
    pub xtask: bool,
    /// Whether all usual tools are switched on, with the configurations of cargo pipe.
    pub opinionated: bool,
}

/// The decisions about a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adoption {
    /// The settings of the new `pipe.toml`.
    pub settings: NewConfig,
    /// The reasons.
    pub notes: Vec<Note>,
}

/// Something that was found in a folder, and its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// What was found, as a noun phrase.
    pub found: String,
    /// The effect, as a clause.
    pub effect: String,
}

impl Note {
    fn new(found: impl Into<String>, effect: impl Into<String>) -> Self {
        Note { found: found.into(), effect: effect.into() }
    }

    /// The note about pipelines that the user asks for in a configured project; none if the project
    /// already has them.
    #[must_use]
    pub fn about_pipelines(request: &AdoptionRequest, ci: &Ci, manifest: &str) -> Option<Self> {
        let mut lines = Vec::new();
        let has_jobs = |gitlab| match request.jobs {
            Some(jobs) => ci.gitlab == Some(jobs),
            None => ci.gitlab.is_some() == gitlab,
        };
        match request.gitlab {
            Some(true) if !has_jobs(true) => {
                let jobs = request.jobs.unwrap_or_default().name();
                lines.push(format!("`gitlab = \"{jobs}\"`"));
            }
            Some(false) if !has_jobs(false) => lines.push("`gitlab = false`".to_owned()),
            _ => {}
        }
        let github = request.github.filter(|github| *github != ci.github);
        lines.extend(github.map(|github| format!("`github = {github}`")));
        if request.xtask && ci.install != Install::Xtask {
            lines.push("`install = \"xtask\"`".to_owned());
        }
        let found = format!("`[ci]` in `{manifest}`, which configures the pipelines");
        let effect = format!(
            "`init` does not change it; set {} there, then run `cargo pipe sync`",
            lines.join(" and ")
        );
        (!lines.is_empty()).then(|| Note::new(found, effect))
    }

    /// The note about dependencies, whose lock has this name.
    #[must_use]
    pub fn about_dependencies(dependencies: &Dependencies, lock: &str) -> Self {
        let effect = match dependencies.kind {
            DependencyKind::Locked(_) => {
                "pylint, mypy and your own checks see the packages that it locks".to_owned()
            }
            DependencyKind::Declared(_) => format!(
                "pylint, mypy and your own checks see these packages once they are locked, as by \
                 `cargo pipe update {lock}`"
            ),
        };
        Note::new(dependencies.file_names(), effect)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "found {}: {}", self.found, self.effect)
    }
}

impl FolderSurvey {
    /// Whether the folder has any Python files.
    #[must_use]
    pub fn has_python(&self) -> bool {
        self.files.iter().any(is_python)
    }

    /// The files in all folders that this tool could find by itself.
    pub fn configs_of(&self, tool: &dyn Tool) -> impl Iterator<Item = &ProjectPath> {
        self.texts
            .keys()
            .filter(|path| tool.own_configs().iter().any(|own| own.file == path.file_name()))
    }

    /// Whether the repository has a remote on this host.
    fn has_remote_on(&self, host: &str) -> bool {
        self.remotes.iter().any(|remote| remote.contains(host))
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(&ProjectPath::new(path).ok()?).map(String::as_str)
    }

    /// The survey without what is in these folders.
    fn without(&self, folders: &[ProjectPath]) -> FolderSurvey {
        let is_outside =
            |path: &ProjectPath| !folders.iter().any(|folder| path.starts_with(folder));
        let texts = self.texts.iter().filter(|(path, _)| is_outside(path));
        FolderSurvey {
            files: self.files.iter().filter(|path| is_outside(path)).cloned().collect(),
            texts: texts.map(|(path, text)| (path.clone(), text.clone())).collect(),
            remotes: self.remotes.clone(),
        }
    }

    /// The survey of a folder, with paths that are relative to it.
    fn below(&self, folder: &ProjectPath) -> FolderSurvey {
        let files = self.files.iter().filter(|path| path.starts_with(folder));
        let texts = self.texts.iter().filter(|(path, _)| path.starts_with(folder));
        FolderSurvey {
            files: files.map(|path| path.below(folder)).collect(),
            texts: texts.map(|(path, text)| (path.below(folder), text.clone())).collect(),
            remotes: Vec::new(),
        }
    }

    /// The text of a file that cargo pipe did not write.
    pub(crate) fn foreign(&self, path: &str) -> Option<&str> {
        self.text(path).filter(|text| origin(text) == FileOrigin::Foreign)
    }
}

/// The names of the files whose texts a [`FolderSurvey`] has from all folders.
pub fn config_names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().flat_map(|tool| tool.own_configs()).map(|own| own.file)
}

/// The paths of the other files whose texts a [`FolderSurvey`] has.
pub fn config_paths() -> impl Iterator<Item = String> {
    let [toolchain, toolchain_toml] = rust::TOOLCHAIN_FILES;
    let python = python::PYTHON_VERSION;
    let others = [DOCKERFILE, DAGGER, "setup.py", python, toolchain, toolchain_toml];
    TOOLS
        .iter()
        .filter_map(|tool| Some(format!("{CONFIG_FOLDER}/{}", tool.config_file()?)))
        .chain(others.into_iter().chain(evidence::FILES.iter().copied()).map(str::to_owned))
}

/// Decides how to set up a project in a folder.
#[must_use]
pub fn adopt(survey: &FolderSurvey, request: AdoptionRequest) -> Adoption {
    let mut notes = Vec::new();
    let found = sources::find_sources(survey);
    let members = members::find_members(survey);
    notes.extend(found.notes(&members.find_rest(survey)));
    notes.extend(members.note());
    let places: Vec<String> = match members.members.as_slice() {
        [] => found.source.iter().map(ToString::to_string).collect(),
        members => packages::common_source(members),
    };
    let evidence = evidence::read_evidence(&survey.texts, &members.folders());
    let (python, python_note) = python::choose(survey);
    notes.extend(python_note);
    notes.extend(python::note_others(survey, &python));
    let chooser = CheckChooser {
        survey,
        outside: survey.without(&members.folders()),
        evidence: &evidence,
        found: &found,
        members: &members.members,
        is_opinionated: request.opinionated,
    };
    let chosen = chooser.choose(&mut notes);
    let has_packages = !members.members.is_empty();
    let rust = rust::choose(survey, &evidence.project.uses, has_packages, &mut notes);
    let dependencies = uses::choose_dependencies(survey, &evidence.project.uses, &chosen.checks);
    let commands = uses::offer_commands(&evidence, &mut notes);

    let tests = testing::find_tests(survey, &found);
    notes.extend(tests.note());
    let tests = match members.members.as_slice() {
        [] => tests,
        members => packages::common_tests(members),
    };

    let mut dockerfile = DOCKERFILE;
    if survey.foreign(DOCKERFILE).is_some() {
        dockerfile = PIPE_DOCKERFILE;
        notes.push(Note::new(
            format!("your own `{DOCKERFILE}`"),
            format!("environments are built from `{PIPE_DOCKERFILE}`"),
        ));
    }
    let has_rust = !rust.checks.is_empty();
    let gitlab = choose_gitlab(survey, request, has_rust, &mut notes);
    let github = choose_github(survey, request, &mut notes);
    if survey.text(DAGGER).is_some() {
        notes.push(Note::new(
            format!("`{DAGGER}`"),
            "`cargo pipe run-all` replaces `dagger call run-all`; the files of Dagger are not \
             changed",
        ));
    }
    let usual = NewConfig::default();
    let list = |paths: &[ProjectPath]| paths.iter().map(ToString::to_string).collect();
    let (tests, tested) = match tests.places.as_slice() {
        [] => (usual.tests.clone(), usual.tested.clone()),
        places => (list(places), list(&tests.inputs)),
    };
    let settings = NewConfig {
        tests,
        tested,
        test_lines: test_settings::find_test_settings(survey, &evidence.project.uses),
        source: if places.is_empty() { usual.source.clone() } else { places.clone() },
        exclude: found.exclude_globs(),
        dockerfile: dockerfile.to_owned(),
        gitlab,
        github,
        install: if request.xtask { Install::Xtask } else { Install::Wheel },
        python,
        dependencies,
        packages: packages::describe(&members.members, &places, chosen.of_packages),
        checks: chosen.checks.into_iter().chain(rust.checks).collect(),
        toolchain: rust.toolchain,
        commands,
        ..usual
    };
    Adoption { settings, notes }
}

/// Chooses a pipeline for GitLab if the user asks for one, or if the project is in GitLab.
fn choose_gitlab(
    survey: &FolderSurvey,
    request: AdoptionRequest,
    has_rust: bool,
    notes: &mut Vec<Note>,
) -> Option<GitlabJobs> {
    let own = survey.foreign(GITLAB_CI).is_some();
    if !request.gitlab.unwrap_or(own || survey.has_remote_on("gitlab")) {
        return None;
    }
    if own {
        notes.push(Note::new(
            format!("your own `{GITLAB_CI}`"),
            format!("it can include `{GITLAB_INCLUDED}`, which has the job"),
        ));
    } else if request.gitlab.is_none() {
        notes.push(Note::new(
            "a remote on GitLab",
            format!("`{GITLAB_CI}` runs the checks there; `--ci none` omits it"),
        ));
    }
    // The image of a job has no Rust toolchain.
    let usual = if has_rust { GitlabJobs::Dind } else { GitlabJobs::default() };
    Some(request.jobs.unwrap_or(usual))
}

/// Chooses a workflow for GitHub if the user asks for one, or if the project is in GitHub.
fn choose_github(survey: &FolderSurvey, request: AdoptionRequest, notes: &mut Vec<Note>) -> bool {
    if request.github.is_none() && survey.has_remote_on("github") {
        notes.push(Note::new(
            "a remote on GitHub",
            format!("`{GITHUB_WORKFLOW}` runs the checks there; `--ci none` omits it"),
        ));
    }
    request.github.unwrap_or(survey.has_remote_on("github"))
}

/// The version of a tool in a new project.
#[must_use]
pub fn locked_version(tool: &dyn Tool) -> Option<String> {
    Lock::parse(tool.lock_template()).ok()?.version(tool.lock()).map(str::to_owned)
}

fn is_python(path: &ProjectPath) -> bool {
    [".py", ".pyi"].iter().any(|ending| path.as_str().ends_with(ending))
}

/// The folder of a file.
fn folder_of(path: &ProjectPath) -> ProjectPath {
    path.as_str()
        .rsplit_once('/')
        .and_then(|(folder, _)| ProjectPath::new(folder).ok())
        .unwrap_or_else(ProjectPath::root)
}

/// Joins names in a sentence: `a`, `b` and `c`.
fn join_names<T: fmt::Display>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Whether a file with this text configures its tool.
fn is_configuration(own: &OwnConfig, text: &str) -> bool {
    own.section.is_empty() || refused::has_section(own, text)
}

#[cfg(test)]
mod tests;
