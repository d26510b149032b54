//! What a folder has already, and what cargo pipe makes of it.
//!
//! Owns the decision of `init`: from a [`FolderSurvey`], which the scaffold makes, to an [`Adoption`],
//! which says what the new `pipe.toml` says and why. Pure: it is given names and texts, and what a
//! person owns is read here and never changed. The settings go to [`crate::template`], the notes to
//! whoever typed `init`.

mod configs;
mod formatter;
pub mod pins;
mod pre_commit;
pub mod refused;
mod sources;
mod testing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::config::{Ci, GitlabJobs, Install};
use crate::dependencies::{Dependencies, DependencyKind};
use crate::lock::Lock;
use crate::project::ProjectPath;
use crate::template::{
    DOCKERFILE, FileOrigin, GITHUB_WORKFLOW, GITLAB_CI, GITLAB_INCLUDED, GitlabFile, NewConfig,
    PIPE_DOCKERFILE, origin,
};
use crate::tools::own_config::OwnConfig;
use crate::tools::{self, TOOLS, Tool};

/// The config folder of a new project.
pub const CONFIG_FOLDER: &str = ".config";
/// The pins of another way to run the tools.
pub const PRE_COMMIT: &str = ".pre-commit-config.yaml";
/// What the articles' projects have.
const DAGGER: &str = "dagger.json";

/// What is in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderSurvey {
    /// Every file that a check could see: nothing hidden, ignored or installed.
    pub files: BTreeSet<ProjectPath>,
    /// The texts of files that say how tools are run, wherever they are, hidden ones included.
    pub texts: BTreeMap<ProjectPath, String>,
    /// The addresses that the repository is pushed to.
    pub remotes: Vec<String>,
}

/// What is asked for besides what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionRequest {
    /// Whether there is to be a pipeline in GitLab; decided by what is there if nobody says.
    pub gitlab: Option<bool>,
    /// How jobs in GitLab reach an engine; the usual way if nobody says.
    pub jobs: Option<GitlabJobs>,
    /// Whether there is to be a workflow for GitHub.
    pub github: Option<bool>,
    /// Whether jobs run the workspace's own task runner.
    pub xtask: bool,
}

/// What is made of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adoption {
    /// What its `pipe.toml` says.
    pub settings: NewConfig,
    /// Why, for a person.
    pub notes: Vec<Note>,
}

/// Something that was found, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// What was found.
    pub found: String,
    /// What follows.
    pub so: String,
}

impl Note {
    fn new(found: impl Into<String>, so: impl Into<String>) -> Self {
        Note { found: found.into(), so: so.into() }
    }

    /// What follows from a wish for pipelines where they are configured already; nothing if the
    /// wish is fulfilled.
    #[must_use]
    pub fn of_wish(wish: &AdoptionRequest, ci: &Ci, manifest: &str) -> Option<Self> {
        let mut lines = Vec::new();
        let has_jobs = |gitlab| match wish.jobs {
            Some(jobs) => ci.gitlab == Some(jobs),
            None => ci.gitlab.is_some() == gitlab,
        };
        match wish.gitlab {
            Some(true) if !has_jobs(true) => {
                let jobs = wish.jobs.unwrap_or_default().name();
                lines.push(format!("`gitlab = \"{jobs}\"`"));
            }
            Some(false) if !has_jobs(false) => lines.push("`gitlab = false`".to_owned()),
            _ => {}
        }
        let github = wish.github.filter(|github| *github != ci.github);
        lines.extend(github.map(|github| format!("`github = {github}`")));
        if wish.xtask && ci.install != Install::Xtask {
            lines.push("`install = \"xtask\"`".to_owned());
        }
        let found = format!("`[ci]` in `{manifest}`, where pipelines are configured");
        let so = format!(
            "nothing of them is changed here: write {} there, then `cargo pipe sync`",
            lines.join(" and ")
        );
        (!lines.is_empty()).then(|| Note::new(found, so))
    }

    /// What follows from what a project depends on.
    #[must_use]
    pub fn of_dependencies(dependencies: &Dependencies) -> Self {
        let so = match dependencies.kind {
            DependencyKind::Locked(_) => "pylint, mypy and checks of your own see what it locks",
            DependencyKind::Declared(_) => {
                "pylint, mypy and checks of your own see what is named there once \
                 `cargo pipe update project` has locked it"
            }
        };
        Note::new(dependencies.file_names(), so)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "found {}, so {}", self.found, self.so)
    }
}

impl FolderSurvey {
    /// Whether there is any Python that somebody wrote here.
    #[must_use]
    pub fn has_python(&self) -> bool {
        self.files.iter().any(is_python)
    }

    /// The files that this tool could find by itself, wherever they are.
    pub fn configs_of(&self, tool: &dyn Tool) -> impl Iterator<Item = &ProjectPath> {
        self.texts
            .keys()
            .filter(|path| tool.own_configs().iter().any(|own| own.file == path.file_name()))
    }

    /// Whether the project's own pipeline in GitLab includes ours.
    #[must_use]
    pub fn is_included(&self) -> bool {
        self.foreign(GITLAB_CI).is_some_and(|text| text.contains(GITLAB_INCLUDED))
    }

    /// Whether a remote of the repository is there.
    fn is_in(&self, host: &str) -> bool {
        self.remotes.iter().any(|remote| remote.contains(host))
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(&ProjectPath::new(path).ok()?).map(String::as_str)
    }

    /// The text of a file that cargo pipe did not write.
    pub(crate) fn foreign(&self, path: &str) -> Option<&str> {
        self.text(path).filter(|text| origin(text) == FileOrigin::Foreign)
    }
}

/// The names of the files whose texts a [`FolderSurvey`] has, in whatever folder they are.
pub fn telling_names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().flat_map(|tool| tool.own_configs()).map(|own| own.file)
}

/// The files whose texts a [`FolderSurvey`] has besides.
pub fn telling_files() -> impl Iterator<Item = String> {
    let others = [PRE_COMMIT, DOCKERFILE, GITLAB_CI, DAGGER];
    TOOLS
        .iter()
        .filter_map(|tool| Some(format!("{CONFIG_FOLDER}/{}", tool.config_file()?)))
        .chain(others.map(str::to_owned))
}

/// Decides what to make of a folder that is no project yet.
#[must_use]
pub fn adopt(survey: &FolderSurvey, wish: AdoptionRequest) -> Adoption {
    let mut notes = Vec::new();
    let found = sources::sources(survey);
    notes.extend(found.notes());
    let places: Vec<String> = found.source.iter().map(ToString::to_string).collect();
    let hooks = survey.text(PRE_COMMIT).map(pre_commit::hooks).unwrap_or_default();

    let mut checks = Vec::new();
    for (name, usual) in tools::default_checks() {
        let mut tool = usual;
        if usual.is_formatter() {
            let formatter = formatter::choose(survey, &hooks, usual);
            notes.extend(formatter.note);
            tool = formatter.tool;
        }
        let choice = configs::choose(survey, tool, name, &found);
        notes.extend(choice.note);
        checks.push(choice.check);
    }
    notes.extend(pre_commit::second_pins(&hooks));

    let tests = testing::tests(survey, &found);
    notes.extend(tests.note());

    let dockerfile = match survey.foreign(DOCKERFILE) {
        Some(_) => {
            notes.push(Note::new(
                format!("a `{DOCKERFILE}` of your own"),
                format!("environments are built from `{PIPE_DOCKERFILE}`"),
            ));
            PIPE_DOCKERFILE
        }
        None => DOCKERFILE,
    };
    let gitlab = gitlab(survey, wish, &mut notes);
    let github = github(survey, wish, &mut notes);
    if survey.text(DAGGER).is_some() {
        notes.push(Note::new(
            format!("`{DAGGER}`"),
            "`cargo pipe run-all` stands for `dagger call run-all` from now on; nothing of it is \
             touched",
        ));
    }
    let usual = NewConfig::default();
    let told = |paths: &[ProjectPath]| paths.iter().map(ToString::to_string).collect();
    let (tests, tested) = match tests.places.as_slice() {
        [] => (usual.tests, usual.tested),
        places => (told(places), told(&tests.inputs)),
    };
    let beside = beside(survey.foreign(GITLAB_CI));
    let settings = NewConfig {
        tests,
        tested,
        source: if places.is_empty() { NewConfig::default().source } else { places },
        exclude: found.exclude_globs(),
        dockerfile: dockerfile.to_owned(),
        gitlab,
        github,
        gitlab_file: beside.gitlab_file,
        gitlab_stage: beside.gitlab_stage,
        install: if wish.xtask { Install::Xtask } else { Install::Wheel },
        checks,
    };
    Adoption { settings, notes }
}

/// The settings beside this pipeline of the project's own, if it has one: which of GitLab's files is
/// ours, and a stage that is there.
#[must_use]
pub fn beside(own: Option<&str>) -> NewConfig {
    let usual = NewConfig::default();
    let Some(text) = own else { return usual };
    let gitlab_file = match text.lines().any(|line| line.starts_with("workflow:")) {
        true => GitlabFile::IncludedWithWorkflow,
        false => GitlabFile::Included,
    };
    let stages = stages(text);
    let first = stages.first().filter(|_| !stages.contains(&usual.gitlab_stage.as_str()));
    let gitlab_stage = first.map_or_else(|| usual.gitlab_stage.clone(), ToString::to_string);
    NewConfig { gitlab_file, gitlab_stage, ..usual }
}

/// The stages that a pipeline names, in either of the usual notations.
fn stages(pipeline: &str) -> Vec<&str> {
    let code = |line| str::split(line, '#').next().unwrap_or_default().trim_end();
    let mut lines = pipeline.lines().map(code).skip_while(|line| !line.starts_with("stages:"));
    let listed = lines.next().and_then(|line| line.strip_prefix("stages:")).unwrap_or_default();
    let listed = listed.trim().trim_matches(['[', ']']).split(',');
    let below = lines.map_while(|line| match line.trim_start().strip_prefix('-') {
        None if line.is_empty() => Some(""),
        item => item,
    });
    let all = listed.chain(below).map(|name| name.trim().trim_matches(['"', '\'']));
    all.filter(|name| !name.is_empty()).collect()
}

/// There is a pipeline where somebody asks for one, and where the project is in GitLab already.
fn gitlab(
    survey: &FolderSurvey,
    wish: AdoptionRequest,
    notes: &mut Vec<Note>,
) -> Option<GitlabJobs> {
    let own = survey.foreign(GITLAB_CI).is_some();
    if !wish.gitlab.unwrap_or(own || survey.is_in("gitlab")) {
        return None;
    }
    if own {
        notes.push(Note::new(
            format!("a `{GITLAB_CI}` of your own"),
            format!("the job is in `{GITLAB_INCLUDED}`, which it can include"),
        ));
    } else if wish.gitlab.is_none() {
        notes.push(Note::new(
            "a remote in GitLab",
            format!("`{GITLAB_CI}` runs the checks there; `--ci none` leaves it out"),
        ));
    }
    Some(wish.jobs.unwrap_or_default())
}

/// There is a workflow where somebody asks for one, and where the project is in GitHub already.
fn github(survey: &FolderSurvey, wish: AdoptionRequest, notes: &mut Vec<Note>) -> bool {
    if wish.github.is_none() && survey.is_in("github") {
        notes.push(Note::new(
            "a remote in GitHub",
            format!("`{GITHUB_WORKFLOW}` runs the checks there; `--ci none` leaves it out"),
        ));
    }
    wish.github.unwrap_or(survey.is_in("github"))
}

/// The version of a tool that a new project gets.
#[must_use]
pub fn locked_version(tool: &dyn Tool) -> Option<String> {
    Lock::parse(tool.lock_template()).ok()?.version(tool.lock()).map(str::to_owned)
}

fn is_python(path: &ProjectPath) -> bool {
    [".py", ".pyi"].iter().any(|ending| path.as_str().ends_with(ending))
}

/// The folder that a file is in.
fn folder_of(path: &ProjectPath) -> ProjectPath {
    path.as_str()
        .rsplit_once('/')
        .and_then(|(folder, _)| ProjectPath::new(folder).ok())
        .unwrap_or_else(ProjectPath::root)
}

/// Names in a sentence: `a`, `b` and `c`.
fn names<T: fmt::Display>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Whether a text of this kind says something to its tool.
fn says_something(own: &OwnConfig, text: &str) -> bool {
    own.section.is_empty() || refused::has_section(own, text)
}

#[cfg(test)]
mod tests;
