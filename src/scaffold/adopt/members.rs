//! Finds the packages of a monorepo: the members of a uv workspace, and the path dependencies of Poetry.
//!
//! Without a project at the root, two or more folders that are projects of their own are packages, too.
//! A package without Python files has nothing to check and is left out.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::sources::{self, PythonSources};
use super::{FolderSurvey, Note, folder_of, join_names};
use crate::check::StepId;
use crate::config::PROJECT_JOB;
use crate::dependencies::{Selection, dependencies, is_dependency_file};
use crate::project::ProjectPath;

const MANIFEST: &str = "pyproject.toml";

/// What shows that folders are packages, without a project at the root.
const OWN_PROJECTS: &str = "folders with a `pyproject.toml` of their own";

/// The most packages of one project.
const MOST_MEMBERS: usize = 200;

/// Folders whose projects are examples or data.
const EXAMPLES: &[&str] = &["docs", "doc", "examples", "example", "test", "tests", "fixtures"];

/// A package of a monorepo.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its folder; the root for the package of the root itself.
    pub(super) folder: ProjectPath,
    /// The facts about its folder alone, without those of packages in it. Paths are relative to it.
    pub(super) survey: FolderSurvey,
    /// Its sources, relative to its folder.
    pub(super) sources: PythonSources,
    /// The files that declare its dependencies, relative to its folder; empty if it shares those of the
    /// project.
    pub(super) requirements: Vec<String>,
}

/// The packages of a project; none if it is not a monorepo.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// The packages, sorted by their folders, so that one of the root is the first.
    pub(super) members: Vec<Member>,
    /// What shows that they are packages, as a noun phrase.
    found_in: &'static str,
}

impl Members {
    pub(super) fn note(&self) -> Option<Note> {
        let folders: Vec<&ProjectPath> = self.members.iter().map(|member| &member.folder).collect();
        (!folders.is_empty()).then(|| {
            Note::new(
                format!("the packages {} in {}", join_names(&folders), self.found_in),
                "`pipe.toml` lists them, and each runs the checks in its own folder",
            )
        })
    }

    /// The folders of the packages below the root.
    pub(super) fn folders(&self) -> Vec<ProjectPath> {
        let folders = self.members.iter().map(|member| &member.folder);
        folders.filter(|folder| !folder.is_root()).cloned().collect()
    }

    /// The sources that belong to no package.
    pub(super) fn find_rest(&self, survey: &FolderSurvey) -> Vec<ProjectPath> {
        if self.members.is_empty() || self.members.iter().any(|member| member.folder.is_root()) {
            return Vec::new();
        }
        let rest = sources::find_sources(&survey.without(&self.folders()));
        if rest.is_fallback { Vec::new() } else { rest.source }
    }
}

/// Finds the packages of a project, and the root among them if it has sources of its own.
pub(super) fn find_members(survey: &FolderSurvey) -> Members {
    let manifest = manifest_of(survey, &ProjectPath::root());
    let declared = [
        ("the uv workspace of `pyproject.toml`", find_in_workspace(survey, &manifest)),
        ("the path dependencies of `pyproject.toml`", find_path_dependencies(survey, &manifest)),
        (OWN_PROJECTS, find_projects(survey, &manifest)),
    ];
    let found = declared.into_iter().find(|(_, folders)| !folders.is_empty());
    let Some((found_in, mut folders)) = found else { return Members::default() };
    if is_project(&manifest) {
        folders.insert(ProjectPath::root());
    }
    let shares_dependencies = found_in != OWN_PROJECTS || has_dependencies(survey, &manifest);
    let mut members: Vec<Member> = Vec::new();
    for folder in folders.iter().take(MOST_MEMBERS) {
        let inside: Vec<ProjectPath> = folders
            .iter()
            .filter(|other| *other != folder && other.starts_with(folder))
            .cloned()
            .collect();
        let survey = survey.without(&inside).below(folder);
        let sources = sources::find_sources(&survey);
        // Only tooling at the root makes no package of it.
        let has_own = if folder.is_root() { !sources.is_fallback } else { true };
        let is_package = has_own && !sources.source.is_empty();
        if let Some(name) = choose_name(&survey, folder, &members).filter(|_| is_package) {
            let requirements =
                if shares_dependencies { Vec::new() } else { dependency_files(&survey) };
            let folder = folder.clone();
            members.push(Member { name, folder, survey, sources, requirements });
        }
    }
    if members.iter().all(|member| member.folder.is_root()) {
        return Members::default();
    }
    Members { members, found_in }
}

/// Whether a root without a project declares dependencies, such as those of its tools.
fn has_dependencies(survey: &FolderSurvey, manifest: &Table) -> bool {
    manifest.contains_key("dependency-groups")
        || dependency_files(survey).iter().any(|name| name != MANIFEST)
}

/// The files at the top of a folder that declare dependencies: the first lock alone, or all others.
fn dependency_files(survey: &FolderSurvey) -> Vec<String> {
    let files = survey.files.iter().filter(|path| is_dependency_file(path.as_str()));
    let files: Vec<ProjectPath> = files.cloned().collect();
    let found = dependencies(&files, &survey.texts, &Selection::default());
    // Each run reports files that cannot be read.
    let names = found.map_or(files, |found| found.map(|it| it.files).unwrap_or_default());
    names.iter().map(ToString::to_string).collect()
}

/// The members of a uv workspace: the folders with a manifest that a glob matches, and no other glob
/// excludes.
fn find_in_workspace(survey: &FolderSurvey, manifest: &Table) -> BTreeSet<ProjectPath> {
    let Some(workspace) = at(manifest, &["tool", "uv", "workspace"]) else {
        return BTreeSet::new();
    };
    // As in uv, only a glob of `exclude` has a `*` that matches more than one folder.
    let members = globs_of(workspace.get("members"), true);
    let exclude = globs_of(workspace.get("exclude"), false);
    let is_member = |folder: &ProjectPath| {
        members.iter().any(|glob| glob.is_match(folder.as_str()))
            && !exclude.iter().any(|glob| glob.is_match(folder.as_str()))
    };
    folders_with_manifests(survey).filter(is_member).collect()
}

fn globs_of(list: Option<&Value>, literal_separator: bool) -> Vec<globset::GlobMatcher> {
    let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let glob = |text: &str| {
        let text = text.trim_start_matches("./").trim_end_matches('/');
        let mut builder = globset::GlobBuilder::new(text);
        Some(builder.literal_separator(literal_separator).build().ok()?.compile_matcher())
    };
    texts.filter_map(glob).collect()
}

/// The folders with a manifest on which the root depends by their path, in any group.
fn find_path_dependencies(survey: &FolderSurvey, manifest: &Table) -> BTreeSet<ProjectPath> {
    let Some(poetry) = at(manifest, &["tool", "poetry"]) else { return BTreeSet::new() };
    let groups = poetry.get("group").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let groups = groups.filter_map(|group| group.get("dependencies"));
    let lists = ["dependencies", "dev-dependencies"].into_iter().filter_map(|key| poetry.get(key));
    let dependencies = lists.chain(groups).filter_map(Value::as_table).flat_map(Table::values);
    // A dependency can have several sources, each for other platforms.
    let sources = dependencies.flat_map(|value| match value {
        Value::Array(several) => several.iter().collect(),
        one => vec![one],
    });
    let paths = sources.filter_map(|source| source.get("path")?.as_str());
    let paths: BTreeSet<ProjectPath> =
        paths.filter_map(|path| ProjectPath::new(path).ok()).collect();
    folders_with_manifests(survey).filter(|folder| paths.contains(folder)).collect()
}

/// Two or more folders that are projects, none in another, if the root is none and has no other Python.
fn find_projects(survey: &FolderSurvey, manifest: &Table) -> BTreeSet<ProjectPath> {
    let is_setup = |path: &ProjectPath| matches!(path.as_str(), "setup.py" | "setup.cfg");
    let is_workspace = at(manifest, &["tool", "uv", "workspace"]).is_some();
    if is_project(manifest) || is_workspace || survey.files.iter().any(is_setup) {
        return BTreeSet::new();
    }
    let is_example =
        |folder: &ProjectPath| folder.as_str().split('/').any(|part| EXAMPLES.contains(&part));
    let found = sources::find_sources(survey);
    let has_source =
        |folder: &ProjectPath| found.source.iter().any(|source| source.starts_with(folder));
    let projects: BTreeSet<ProjectPath> = folders_with_manifests(survey)
        .filter(|folder| has_source(folder) && !is_example(folder))
        .filter(|folder| distribution(&manifest_of(survey, folder)).is_some())
        .collect();
    let is_inside = |folder: &ProjectPath| {
        projects.iter().any(|other| other != folder && folder.starts_with(other))
    };
    let outermost: BTreeSet<ProjectPath> =
        projects.iter().filter(|folder| !is_inside(folder)).cloned().collect();
    let is_covered =
        |source: &ProjectPath| outermost.iter().any(|folder| source.starts_with(folder));
    match outermost.len() < 2 || !found.source.iter().all(is_covered) {
        true => BTreeSet::new(),
        false => outermost,
    }
}

/// Whether a manifest describes a project, and not only configures tools.
fn is_project(manifest: &Table) -> bool {
    manifest.contains_key("project") || at(manifest, &["tool", "poetry"]).is_some()
}

/// The folders below the root with a manifest.
fn folders_with_manifests(survey: &FolderSurvey) -> impl Iterator<Item = ProjectPath> {
    let manifests = survey.files.iter().filter(|path| path.file_name() == MANIFEST);
    manifests.map(folder_of).filter(|folder| !folder.is_root())
}

/// The name of a package: that of its distribution, or else that of its folder.
fn choose_name(survey: &FolderSurvey, folder: &ProjectPath, others: &[Member]) -> Option<String> {
    let distribution = distribution(&manifest_of(survey, &ProjectPath::root()));
    let of_folder = if folder.is_root() { "root" } else { folder.file_name() };
    let whole_path = folder.as_str().replace('/', "-");
    let names = distribution.into_iter().chain([of_folder.to_owned(), whole_path]);
    let is_free = |name: &String| others.iter().all(|other| other.name != *name);
    let is_valid = |name: &String| StepId::is_package(name) && name != PROJECT_JOB;
    names.filter(is_valid).find(is_free)
}

/// The name of the distribution that a manifest describes.
fn distribution(manifest: &Table) -> Option<String> {
    let tables = [at(manifest, &["project"]), at(manifest, &["tool", "poetry"])];
    let name = tables.into_iter().flatten().find_map(|table| table.get("name")?.as_str());
    name.map(str::to_owned)
}

fn manifest_of(survey: &FolderSurvey, folder: &ProjectPath) -> Table {
    let text = folder.child(MANIFEST).and_then(|path| survey.texts.get(&path));
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

#[cfg(test)]
mod tests {
    use super::super::tests::survey;
    use super::*;

    /// The packages of a project with these files: names, folders and sources.
    fn members(files: &[(&str, &str)]) -> Vec<String> {
        let describe = |member: &Member| {
            let source: Vec<&str> = member.sources.source.iter().map(ProjectPath::as_str).collect();
            format!("{} {} [{}]", member.name, member.folder, source.join(" "))
        };
        find_members(&survey(files)).members.iter().map(describe).collect()
    }

    const A: &[(&str, &str)] =
        &[("libs/a/pyproject.toml", "[project]\nname = 'a'"), ("libs/a/a/x.py", "")];
    const B: &[(&str, &str)] =
        &[("libs/b/pyproject.toml", "[tool.poetry]\nname = 'b'"), ("libs/b/src/x.py", "")];

    #[test]
    fn a_uv_workspace_has_the_folders_with_manifests_that_its_globs_match() {
        let deep = [("libs/x/y/pyproject.toml", "[project]\nname = 'y'"), ("libs/x/y/y.py", "")];
        for (workspace, expected) in [
            ("members = ['libs/*']", vec!["a libs/a [a]", "b libs/b [src]"]),
            ("members = ['./libs/a/', 'missing']", vec!["a libs/a [a]"]),
            (
                "members = ['libs/*', 'libs/x/*']\nexclude = ['libs/b']",
                vec!["a libs/a [a]", "y libs/x/y [.]"],
            ),
            ("members = ['libs/**']\nexclude = ['libs/x*', 'libs/b']", vec!["a libs/a [a]"]),
            ("members = ['apps/*']", vec![]),
            ("members = ['[']", vec![]),
        ] {
            let manifest = format!("[tool.uv.workspace]\n{workspace}");
            let root = [("pyproject.toml", manifest.as_str())];
            assert_eq!(members(&[A, B, &deep, &root].concat()), expected, "{workspace}");
        }
    }

    #[test]
    fn a_root_with_sources_of_its_own_is_a_package() {
        let workspace = "[tool.uv.workspace]\nmembers = ['libs/a']\n";
        let project = format!("[project]\nname = 'app'\n{workspace}");
        let source = [("src/app/x.py", ""), ("libs/a/.pylintrc", "")];
        for (manifest, files, expected) in [
            (project.as_str(), &source[..], vec!["app . [src]", "a libs/a [a]"]),
            (&project, &[("noxfile.py", "")], vec!["a libs/a [a]"]),
            (&project, &[], vec!["a libs/a [a]"]),
            (workspace, &source, vec!["a libs/a [a]"]),
        ] {
            let root = [("pyproject.toml", manifest)];
            assert_eq!(members(&[A, files, &root].concat()), expected, "{manifest} {files:?}");
        }
    }

    #[test]
    fn path_dependencies_of_poetry_are_packages_in_every_group() {
        let manifest = "[tool.poetry.dependencies]\na = { path = 'libs/a' }\nx = '^1'\n\
                        outside = { path = '../x' }\n\
                        [tool.poetry.group.dev.dependencies]\nb = [{ path = './libs/b/' }]\n";
        let root = [("pyproject.toml", manifest)];
        assert_eq!(members(&[A, B, &root].concat()), ["a libs/a [a]", "b libs/b [src]"]);
    }

    #[test]
    fn without_a_project_at_the_root_several_projects_are_packages() {
        let both = vec!["a libs/a [a]", "b libs/b [src]"];
        for (others, expected) in [
            (vec![], both.clone()),
            (vec![("pyproject.toml", "[tool.ruff]")], both.clone()),
            (vec![("pyproject.toml", "[project]\nname = 'x'")], vec![]),
            (vec![("setup.py", "")], vec![]),
            (vec![("app/x.py", "")], vec![]),
            (vec![("libs/a/tests/c/pyproject.toml", "[project]\nname = 'c'")], both),
        ] {
            assert_eq!(members(&[A, B, &others].concat()), expected, "{others:?}");
        }
        assert!(members(A).is_empty());
        let examples = [
            ("examples/c/pyproject.toml", "[project]\nname = 'c'"),
            ("examples/c/c/x.py", ""),
            ("vendor/d/pyproject.toml", "[project]\nname = 'd'"),
            ("vendor/d/d/x.py", ""),
        ];
        assert!(members(&[A, &examples].concat()).is_empty());
    }

    #[test]
    fn without_dependencies_at_the_root_each_project_has_its_own() {
        let own = [
            (
                "libs/a/uv.lock",
                "version = 1\n[[package]]\nname = 'a'\nsource = { editable = '.' }\n",
            ),
            ("libs/a/requirements.txt", "attrs"),
            ("libs/b/requirements-dev.txt", "attrs"),
        ];
        let groups = [("pyproject.toml", "[dependency-groups]\ndev = []")];
        let all = vec![vec!["uv.lock"], vec!["requirements-dev.txt"]];
        for (root, expected) in [
            (&[("pyproject.toml", "[tool.ruff]")][..], all),
            (&groups, vec![vec![], vec![]]),
            (&[("requirements.txt", "attrs")], vec![vec![], vec![]]),
        ] {
            let found = find_members(&survey(&[A, B, &own, root].concat())).members;
            let found: Vec<Vec<String>> = found.into_iter().map(|it| it.requirements).collect();
            assert_eq!(found, expected, "{root:?}");
        }
        let workspace = [("pyproject.toml", "[tool.uv.workspace]\nmembers = ['libs/*']")];
        let found = find_members(&survey(&[A, B, &own, &workspace].concat())).members;
        assert!(found.iter().all(|member| member.requirements.is_empty()));
    }

    #[test]
    fn a_name_that_is_taken_or_invalid_is_replaced_by_that_of_the_folder() {
        let root = [("pyproject.toml", "[tool.uv.workspace]\nmembers = ['*/*']")];
        let twins = [
            ("x/a/pyproject.toml", "[project]\nname = 'a'"),
            ("x/a/src/x.py", ""),
            ("y/a/pyproject.toml", "[project]\nname = 'a'"),
            ("y/a/src/x.py", ""),
            ("y/b/pyproject.toml", "[project]\nname = 'b c'"),
            ("y/b/src/x.py", ""),
            ("y/c/pyproject.toml", "[project]\nname = 'project'"),
            ("y/c/src/x.py", ""),
        ];
        let expected = ["a x/a [src]", "y-a y/a [src]", "b y/b [src]", "c y/c [src]"];
        assert_eq!(members(&[&root[..], &twins].concat()), expected);
    }

    #[test]
    fn files_of_a_package_in_a_package_are_its_own() {
        let root = [("pyproject.toml", "[tool.uv.workspace]\nmembers = ['libs/a', 'libs/a/in/*']")];
        let inner =
            [("libs/a/in/c/pyproject.toml", "[project]\nname = 'c'"), ("libs/a/in/c/c/x.py", "")];
        assert_eq!(members(&[A, &inner, &root].concat()), ["a libs/a [a]", "c libs/a/in/c [c]"]);
    }
}
