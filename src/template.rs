//! The files that cargo pipe writes, as templates.
//!
//! Owns the embedded sources, their rendering, and the list of what a project gets. Must not know
//! what is on a disk: texts go to [`crate::scaffold`], which writes them, and to the engines.

mod pipelines;
mod seal;
mod settings;

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::config::Config;
use crate::project::ProjectPath;
use crate::tools::TOOLS;

pub use pipelines::{CiValues, JobGrants, JobsIn};
pub(crate) use seal::seal;
pub use seal::{FileOrigin, body, origin};
pub use settings::{ConfigSetting, GitlabFile, NewCheck, NewConfig};

/// The version of cargo pipe.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Python that a project without a wish gets.
pub const DEFAULT_PYTHON: &str = "3.13";

/// What pip is told before it is told a lock: install wheels that have the hashes which the lock
/// says, and nothing else.
pub const INSTALL: &[&str] = &[
    "install",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
];

/// The same where these packages are built from source.
#[must_use]
pub fn install(from_source: &[String]) -> Vec<String> {
    let usual = INSTALL.iter().map(|word| (*word).to_owned());
    usual.chain(from_source.iter().map(|name| format!("--no-binary={name}"))).collect()
}

/// The names that templates may use. A name that is not here is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Python's version, such as `3.13`.
    pub python: String,
    /// The same without a dot, such as `313`.
    pub python_nodot: String,
    /// The version of cargo pipe.
    pub version: &'static str,
    /// The image that environments are built on.
    pub base_image: String,
    /// The Debian packages that they need.
    pub apt: Vec<String>,
    /// How pip installs a lock.
    pub install: String,
    /// What a new `pipe.toml` says.
    pub settings: NewConfig,
    /// What pipelines say; nothing for a project that is not configured yet.
    pub ci: Option<CiValues>,
}

impl Values {
    /// The values of a configured project.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Values {
            base_image: config.python.image.clone(),
            apt: config.image.apt.clone(),
            ci: Some(CiValues::of(config, &JobGrants::default())),
            install: install(&config.python.from_source).join(" "),
            ..Self::for_python(&config.python.version)
        }
    }

    /// The values of a project that names nothing but its Python.
    #[must_use]
    pub fn for_python(version: &str) -> Self {
        Values {
            python: version.to_owned(),
            python_nodot: version.replace('.', ""),
            version: VERSION,
            base_image: format!("python:{version}-slim"),
            apt: Vec::new(),
            install: install(&[]).join(" "),
            settings: NewConfig::default(),
            ci: None,
        }
    }
}

/// A file that cargo pipe writes into a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The folder that it is in.
    pub home: Home,
    /// Its path in that folder.
    pub path: String,
    /// Who needs it.
    pub need: Need,
    /// Who looks after it once it is there.
    pub keep: Ownership,
    /// The mode it is created with, before the user's mask.
    pub mode: u32,
    /// What becomes of it, as a sentence for its first line.
    note: &'static str,
    source: &'static str,
}

/// The folder that a generated file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The project's root.
    Project,
    /// The folder of the tools' configuration files.
    Config,
}

/// Who needs a generated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A project that is configured by a `pipe.toml`.
    NewConfig,
    /// A project that builds its environments from our Dockerfile, if that is where it is.
    Dockerfile,
    /// Checks with a tool that is installed from this lock.
    Lock(&'static str),
    /// Checks with a tool that reads this file of the config folder.
    ToolConfig(&'static str),
    /// A project that has no Python yet.
    Example,
    /// A project with a pipeline in GitLab, of this kind.
    Gitlab(GitlabFile),
    /// A project with a workflow for GitHub.
    Github,
}

/// Who looks after a generated file once it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// `sync`: it always says what follows from `pipe.toml`, or somebody took it over.
    Synced,
    /// `sync`, until somebody edits it.
    UntilEdited,
    /// Not `sync`: it is written where it is missing.
    Once,
}

const YOURS: &str = "It is yours to edit.";
const SYNCED: &str = "`cargo pipe sync` writes it again when `pipe.toml` changes.";
const CHECKED: &str = "Without a hash for each file that is installed, a line is refused.";
const COMPARED: &str = "Once edited, it is used only where `--allow dockerfile` is given.";

/// Where our Dockerfile is.
pub const DOCKERFILE: &str = ".docker/Dockerfile";
/// Where it is in a project that has one of its own there.
pub const PIPE_DOCKERFILE: &str = ".docker/pipe.Dockerfile";
/// The pipeline of a project in GitLab.
pub const GITLAB_CI: &str = ".gitlab-ci.yml";
/// What it includes, if it is the project's own.
pub const GITLAB_INCLUDED: &str = ".gitlab/pipe.yml";

/// The workflow of a project in GitHub.
pub const GITHUB_WORKFLOW: &str = ".github/workflows/pipe.yml";

/// Every file that cargo pipe writes into a project.
pub static GENERATED: LazyLock<Vec<Generated>> = LazyLock::new(|| {
    let mut files = vec![
        once("pipe.toml", Need::NewConfig, include_str!("../templates/pipe.toml")),
        own_dockerfile(DOCKERFILE),
        own_dockerfile(PIPE_DOCKERFILE),
    ];
    files.extend(locks());
    files.extend(tool_configs());
    files.extend([
        once("src/main.py", Need::Example, include_str!("../templates/src/main.py")),
        pipeline(
            GITLAB_CI,
            Need::Gitlab(GitlabFile::Own),
            include_str!("../templates/gitlab-ci.yml"),
        ),
        pipeline(
            GITLAB_INCLUDED,
            Need::Gitlab(GitlabFile::Included),
            include_str!("../templates/gitlab-ci.yml"),
        ),
        pipeline(GITHUB_WORKFLOW, Need::Github, include_str!("../templates/github-pipe.yml")),
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
        source: include_str!("../templates/Dockerfile"),
    }
}

fn pipeline(path: &str, need: Need, source: &'static str) -> Generated {
    Generated {
        home: Home::Project,
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
    for tool in TOOLS {
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
    /// Where the file is in a project whose tools' configs are in this folder.
    #[must_use]
    pub fn path_in(&self, config_folder: &ProjectPath) -> Option<ProjectPath> {
        match self.home {
            Home::Project => ProjectPath::new(&self.path).ok(),
            Home::Config => config_folder.join(&self.path).ok(),
        }
    }

    /// The whole text: a line that says where it comes from, and the template.
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

/// Whether a lock of this name comes with cargo pipe.
#[must_use]
pub fn has_lock(name: &str) -> bool {
    GENERATED.iter().any(|file| matches!(file.need, Need::Lock(own) if own == name))
}

/// The Dockerfile of a configured project.
#[must_use]
pub fn dockerfile(config: &Config) -> String {
    let file = generated(DOCKERFILE).expect("the list of generated files has it");
    file.render(&Values::of(config))
}

/// What holds where a project says nothing: the text of the lowest layer.
#[must_use]
pub fn default_config() -> String {
    render(include_str!("../templates/pipe.toml"), &Values::for_python(DEFAULT_PYTHON))
}

fn render(source: &str, values: &Values) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax());
    environment
        .render_str(source, Serde(values))
        .expect("every template is rendered by the test `no_template_uses_an_unknown_name`")
}

/// Marks that mean nothing in TOML, YAML, a Dockerfile, an INI file or Python.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .variable_delimiters("@{{", "}}")
        .block_delimiters("@{%", "%}")
        .comment_delimiters("@{#", "#}")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the marks differ from each other, which every rendering test shows")
}

#[cfg(test)]
mod tests;
