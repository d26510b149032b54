//! The list of the files that cargo pipe writes into a project, and of who maintains them.

use std::sync::LazyLock;

use super::{GitlabFile, Values, pipelines, render, seal};
use crate::project::{FileLocation, ProjectPath, ProjectPlacement};
use crate::tools::TOOLS;

/// A file that cargo pipe writes into a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The folder of the file.
    pub home: Home,
    /// Its path in that folder.
    pub path: String,
    /// The projects that need it.
    pub need: Need,
    /// Who maintains it once it exists.
    pub keep: Ownership,
    /// The mode of a new file, before the umask.
    pub mode: u32,
    /// The sentence about its maintenance in its first line.
    note: &'static str,
    source: &'static str,
}

/// The folder of a generated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The project's root.
    Project,
    /// The folder of the tools' configuration files.
    Config,
    /// The root of the repository, where GitLab and GitHub read it.
    Repository,
}

/// The projects that need a generated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A project that is configured by a `pipe.toml`.
    NewConfig,
    /// A project that builds its environments from this Dockerfile.
    Dockerfile,
    /// A project with a check whose tool is installed from this lock.
    Lock(&'static str),
    /// A project with a check whose tool reads this file of the config folder.
    ToolConfig(&'static str),
    /// A project without any Python.
    Example,
    /// A project with a pipeline in GitLab, of this kind.
    Gitlab(GitlabFile),
    /// A project with a pipeline in GitLab, in a folder of a repository that has none.
    GitlabRoot,
    /// A project with a workflow for GitHub.
    Github,
    /// A project whose `pipe.toml` names its schema.
    Schema,
}

/// Who maintains a generated file once it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// `sync`, which updates it to match `pipe.toml` and reports edits.
    Synced,
    /// `sync`, until a user edits it.
    UntilEdited,
    /// The user: it is written only where it is missing.
    Once,
}

const YOURS: &str = "You can edit it.";
const SYNCED: &str = "`cargo pipe sync` updates it.";
const CHECKED: &str = "A line without a hash for each installed file is rejected.";
const READ_BY_EDITORS: &str = "Editors read it; `cargo pipe sync` updates it.";
const COMPARED: &str = "An edited version needs `--allow dockerfile`.";

/// The path of the generated Dockerfile.
pub const DOCKERFILE: &str = ".docker/Dockerfile";
/// The path of the generated Dockerfile in a project that has its own one at [`DOCKERFILE`].
pub const PIPE_DOCKERFILE: &str = ".docker/pipe.Dockerfile";
/// The pipeline in GitLab.
pub const GITLAB_CI: &str = ".gitlab-ci.yml";
/// The file for a pipeline in GitLab that is the project's own, which includes it.
pub const GITLAB_INCLUDED: &str = ".gitlab/pipe.yml";

/// The name of the schema of `pipe.toml` in the config folder.
pub const SCHEMA_FILE: &str = "pipe.schema.json";
/// The JSON schema of `pipe.toml`.
pub const SCHEMA: &str = include_str!("../../templates/schema/pipe.json");

/// The part of a pipeline in GitLab that has no job.
pub(super) const GITLAB_ROOT: &str = include_str!("../../templates/pipelines/gitlab-root.yml");

/// The workflow in GitHub.
pub const GITHUB_WORKFLOW: &str = ".github/workflows/pipe.yml";

/// Every file that cargo pipe writes into a project.
pub static GENERATED: LazyLock<Vec<Generated>> = LazyLock::new(|| {
    let mut files = vec![
        once("pipe.toml", Need::NewConfig, include_str!("../../templates/pipe.toml")),
        own_dockerfile(DOCKERFILE),
        own_dockerfile(PIPE_DOCKERFILE),
    ];
    files.extend(locks());
    files.extend(tool_configs());
    files.extend([
        Generated {
            home: Home::Config,
            path: SCHEMA_FILE.to_owned(),
            need: Need::Schema,
            keep: Ownership::Synced,
            mode: 0o644,
            note: READ_BY_EDITORS,
            source: SCHEMA,
        },
        once("src/main.py", Need::Example, include_str!("../../templates/src/main.py")),
        pipeline(
            GITLAB_CI,
            Need::Gitlab(GitlabFile::Own),
            include_str!("../../templates/pipelines/gitlab.yml"),
        ),
        Generated {
            keep: Ownership::Once,
            note: YOURS,
            ..pipeline(GITLAB_CI, Need::GitlabRoot, GITLAB_ROOT)
        },
        pipeline(
            GITLAB_INCLUDED,
            Need::Gitlab(GitlabFile::Included),
            include_str!("../../templates/pipelines/gitlab.yml"),
        ),
        pipeline(
            GITHUB_WORKFLOW,
            Need::Github,
            include_str!("../../templates/pipelines/github.yml"),
        ),
    ]);
    files
});

fn once(path: &str, need: Need, source: &'static str) -> Generated {
    Generated {
        home: Home::Project,
        path: path.to_owned(),
        need,
        keep: Ownership::Once,
        mode: 0o644,
        note: YOURS,
        source,
    }
}

fn own_dockerfile(path: &str) -> Generated {
    Generated {
        home: Home::Project,
        path: path.to_owned(),
        need: Need::Dockerfile,
        keep: Ownership::Synced,
        mode: 0o644,
        note: COMPARED,
        source: include_str!("../../templates/Dockerfile"),
    }
}

fn pipeline(path: &str, need: Need, source: &'static str) -> Generated {
    Generated {
        home: Home::Repository,
        path: path.to_owned(),
        need,
        keep: Ownership::Synced,
        mode: 0o644,
        note: SYNCED,
        source,
    }
}

/// The locks of all tools. Two tools of one package share theirs.
fn locks() -> Vec<Generated> {
    let mut locks: Vec<Generated> = Vec::new();
    for tool in TOOLS.iter().filter(|tool| !tool.is_rust()) {
        let need = Need::Lock(tool.lock());
        if locks.iter().all(|other| other.need != need) {
            locks.push(Generated {
                home: Home::Project,
                path: format!(".docker/requirements/{}.txt", tool.lock()),
                need,
                keep: Ownership::Once,
                mode: 0o644,
                note: CHECKED,
                source: tool.lock_template(),
            });
        }
    }
    locks
}

/// The configuration files of all tools that get one. Two tools may share theirs.
fn tool_configs() -> Vec<Generated> {
    let mut configs: Vec<Generated> = Vec::new();
    for tool in TOOLS {
        let (Some(path), Some(source)) = (tool.config_file(), tool.config_template()) else {
            continue;
        };
        let need = Need::ToolConfig(path);
        if configs.iter().all(|other| other.need != need) {
            configs.push(Generated {
                home: Home::Config,
                path: path.to_owned(),
                need,
                keep: Ownership::UntilEdited,
                mode: 0o644,
                note: YOURS,
                source,
            });
        }
    }
    configs
}

impl Generated {
    /// The location of the file for a project with this config folder. None if no project in such a
    /// place has it.
    #[must_use]
    pub fn locate(
        &self,
        placement: &ProjectPlacement,
        config_folder: &ProjectPath,
    ) -> Option<FileLocation> {
        let is_below = placement.folder().is_some();
        match (self.home, self.need) {
            (_, Need::Gitlab(GitlabFile::Own)) if is_below => None,
            (_, Need::GitlabRoot) if !is_below => None,
            (Home::Project, _) => Some(placement.in_project(ProjectPath::new(&self.path).ok()?)),
            (Home::Config, _) => Some(placement.in_project(config_folder.join(&self.path).ok()?)),
            (Home::Repository, need) => {
                // Every project of the repository shares this one.
                let folder = placement.folder().filter(|_| need != Need::GitlabRoot);
                let path = pipelines::path_for(folder, &self.path);
                Some(placement.in_repository(ProjectPath::new(&path).ok()?))
            }
        }
    }

    /// Renders the whole file: a first line with its origin, and the template.
    #[must_use]
    pub fn render(&self, values: &Values) -> String {
        seal(values.version, self.note, &render(self.source, values))
    }
}

/// The generated file of this path, such as [`DOCKERFILE`].
#[must_use]
pub fn generated(path: &str) -> Option<&'static Generated> {
    GENERATED.iter().find(|file| file.path == path)
}
