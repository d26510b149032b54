//! Lists the changed files that decide what checks report, for a reviewer.
//!
//! Git is asked only if a commit to compare with was named: by `--changed`, or by the variables of a
//! merge request's job. A run on a developer's machine starts no process for this.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::discover;
use crate::environment::recipe;
use crate::gate::{CompareBase, Gate, Since};
use crate::git::{self, GitContext, GitError};
use crate::plan::{Plan, Step};
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::report::review::{Review, ReviewFile, ReviewKind};
use crate::requirement;
use crate::tools::TOOLS;
use crate::trust;

/// The variables of a job that name the commit to compare with.
const MERGE_REQUEST: [&str; 2] = ["CI_MERGE_REQUEST_DIFF_BASE_SHA", "GITHUB_BASE_REF"];

/// The places of pipelines in a repository: files, and folders with a final `/`.
const PIPELINES: [&str; 5] =
    [".gitlab-ci.yml", ".gitlab/", ".github/workflows/", ".github/actions/", "action.yml"];

/// Files with these names are code that pytest executes.
const PYTEST_CODE: &str = "conftest.py";

impl Context<'_> {
    /// Lists the changed files that decide what checks report; none if no commit to compare with was
    /// named, or git is not installed.
    ///
    /// # Errors
    ///
    /// When git cannot compare with that commit.
    pub(super) fn list_review(&self, plan: &Plan, gate: &Gate) -> Result<Option<Review>, GitError> {
        let Some(since) = self.find_review_base(gate) else { return Ok(None) };
        let root = &self.project.root;
        if self.project.is_checkout() {
            // It has no history, and what the author of a commit changed needs no review by them.
            return Ok(None);
        }
        let placement = discover::placement(root);
        let folder = placement.folder_text();
        let Context { variables, cancel, emitter, .. } = *self;
        let context = GitContext { root: placement.repository(), variables, cancel, emitter };
        let rules = ReviewRules::new(self, plan);
        let selected = git::select_changed_files(context, &since, &folders(&folder), |tracked| {
            self.select_review_files(&rules, plan, &folder, tracked)
        });
        let (mut base, files) = match selected {
            Err(GitError::NoGit | GitError::Stopped) => return Ok(None),
            selected => selected?,
        };
        if let Some((CompareBase { name, .. }, _)) = &gate.changed {
            base.name.clone_from(name);
        }
        let files = files.into_iter().map(|(path, kind)| {
            let path = relative_to(&folder, &path);
            ReviewFile { path, kind }
        });
        let mut files: Vec<ReviewFile> = files.collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Some(Review { base, files }))
    }

    /// The commit to compare with, if one was named.
    fn find_review_base(&self, gate: &Gate) -> Option<Since> {
        if let Some((base, _)) = &gate.changed {
            return Some(Since::Ref(base.commit.clone()));
        }
        let is_named = MERGE_REQUEST.iter().any(|name| self.variables.get(name).is_some());
        is_named.then_some(Since::Default)
    }

    /// The files of a repository that decide what checks report.
    fn select_review_files(
        &self,
        rules: &ReviewRules,
        plan: &Plan,
        folder: &str,
        tracked: &BTreeSet<String>,
    ) -> BTreeMap<String, ReviewKind> {
        let in_project = |path: &str| match folder {
            "" => Some(path.to_owned()),
            folder => path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
        };
        let paths: Vec<String> = tracked.iter().filter_map(|path| in_project(path)).collect();
        let code = self.find_code(plan, &paths);
        let mut selected = BTreeMap::new();
        for path in tracked {
            let own = in_project(path);
            let kind = if is_pipeline(path) {
                Some(ReviewKind::Pipeline)
            } else {
                own.and_then(|own| {
                    let kind = rules.classify(&own);
                    kind.or_else(|| is_code(&code, &own).then_some(ReviewKind::Plugin))
                })
            };
            if let Some(kind) = kind {
                selected.insert(path.clone(), kind);
            }
        }
        selected
    }

    /// The paths that configurations, arguments and commands may mean as code of the project.
    fn find_code(&self, plan: &Plan, paths: &[String]) -> BTreeSet<ProjectPath> {
        let read = |path: &str| {
            let path = ProjectPath::new(path).ok()?;
            read::read_project_file(&self.project.root, &path, SizeLimit::Config).ok()
        };
        let words: Vec<String> =
            plan.steps_of_all_parts().flat_map(|step| step.find_code_words(paths, read)).collect();
        trust::candidates(words.iter().map(String::as_str))
    }
}

/// The files that decide what checks report, by their names.
struct ReviewRules {
    /// Single files of the project.
    files: BTreeMap<String, ReviewKind>,
    /// Folders of the project.
    folders: Vec<(ProjectPath, ReviewKind)>,
    /// Names of files in any folder.
    names: BTreeMap<&'static str, ReviewKind>,
}

impl ReviewRules {
    fn new(context: &Context<'_>, plan: &Plan) -> Self {
        use ReviewKind::{Configuration, Environment, Plugin};
        let config = context.config;
        let mut files = BTreeMap::from([
            (config.manifest.clone(), Configuration),
            (config.image.dockerfile.to_string(), Environment),
            (recipe::base_lock_path(config).to_string(), Environment),
        ]);
        let configs = plan.steps_of_all_parts().filter_map(|step: &Step| step.config.as_ref());
        files.extend(configs.map(|config| (config.path.to_string(), Configuration)));
        files.extend(plan.gate.baseline.iter().map(|it| (it.path.to_string(), Configuration)));
        let requirements = config.dependency_sets().into_iter();
        let requirements = requirements.flat_map(|set| set.settings.requirements.iter().flatten());
        files.extend(requirements.map(|path| (path.to_string(), Environment)));
        let locks = config.image.dockerfile.beside("requirements");
        let mut folders = vec![(locks, Environment)];
        if !config.config.is_root() {
            folders.push((config.config.clone(), Configuration));
        }
        let own_configs = TOOLS.iter().flat_map(|tool| tool.own_configs());
        let mut names: BTreeMap<_, _> = own_configs.map(|own| (own.file, Configuration)).collect();
        names.insert(".gitignore", Configuration);
        names.insert(PYTEST_CODE, Plugin);
        for name in ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "setup.py"] {
            names.insert(name, Environment);
        }
        ReviewRules { files, folders, names }
    }

    /// The kind of a file of the project, if it is known by its name.
    fn classify(&self, path: &str) -> Option<ReviewKind> {
        if let Some(kind) = self.files.get(path) {
            return Some(*kind);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(kind) = self.names.get(name) {
            return Some(*kind);
        }
        let is_pylock = name.starts_with("pylock") && name.ends_with(".toml");
        if is_pylock || requirement::is_requirements_file(name) {
            return Some(ReviewKind::Environment);
        }
        let path = ProjectPath::new(path).ok()?;
        let folder = self.folders.iter().find(|(folder, _)| path.starts_with(folder));
        folder.map(|(_, kind)| *kind)
    }
}

/// Whether a file of a repository is a pipeline, or a part of one.
pub(super) fn is_pipeline(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".gitlab-ci.yml")
        || PIPELINES.iter().any(|place| match place.strip_suffix('/') {
            Some(_) => path.starts_with(place),
            None => path == *place,
        })
}

/// Whether a file is one of these. A module is named from any folder that Python searches.
fn is_code(code: &BTreeSet<ProjectPath>, path: &str) -> bool {
    let mut ends = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    ends.any(|start| ProjectPath::new(&path[start..]).is_ok_and(|end| code.contains(&end)))
}

/// The folders of a repository in which such files can be.
pub(super) fn folders(project: &str) -> Vec<ProjectPath> {
    let places = PIPELINES.iter().map(|place| place.trim_end_matches('/')).chain([project]);
    match project {
        "" => Vec::new(),
        _ => places.filter_map(|place| ProjectPath::new(place).ok()).collect(),
    }
}

/// A path of the repository, relative to the project in this folder.
pub(super) fn relative_to(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        return path.to_owned();
    }
    match path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(own) => own.to_owned(),
        None => format!("{}{path}", "../".repeat(folder.split('/').count())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_known_by_their_places() {
        for path in [
            ".gitlab-ci.yml",
            ".gitlab/jobs.yml",
            ".github/workflows/pipe.yml",
            ".github/actions/setup/action.yml",
            "ci/build.gitlab-ci.yml",
        ] {
            assert!(is_pipeline(path), "{path}");
        }
        for path in [".github/CODEOWNERS", "src/gitlab-ci.yml", "docs/.gitlab/jobs.yml"] {
            assert!(!is_pipeline(path), "{path}");
        }
    }

    #[test]
    fn a_module_is_found_in_any_folder() {
        let code = trust::candidates(["pylint_plugins.names, tools/hook.py"]);
        assert!(is_code(&code, "src/pylint_plugins/names.py"));
        assert!(is_code(&code, "tools/hook.py"));
        assert!(!is_code(&code, "src/names.py"));
        assert!(!is_code(&code, "src/my_pylint_plugins/names.py"));
    }

    #[test]
    fn a_path_above_the_project_goes_up() {
        assert_eq!(relative_to("", ".gitlab-ci.yml"), ".gitlab-ci.yml");
        assert_eq!(relative_to("a/b", "a/b/pipe.toml"), "pipe.toml");
        assert_eq!(relative_to("a/b", ".gitlab-ci.yml"), "../../.gitlab-ci.yml");
    }
}
