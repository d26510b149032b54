//! The environment that a step runs in, as requested: its locks, and its Python.

use std::collections::BTreeMap;

use crate::check::CheckName;
use crate::config::{Config, PROJECT_LOCK};
use crate::project::ProjectPath;

/// The environment that a step runs in, as requested.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EnvironmentSpec {
    /// The base with locked packages: those of a tool of the catalogue, or of a check of the user's
    /// own that requires some.
    Tool {
        /// The lock's name.
        lock: String,
        /// The version of its Python, where that is not the project's.
        python: Option<String>,
        /// The lock of the project's dependencies, if it contains them, too.
        project: Option<String>,
        /// Whether it contains the project's build system.
        builds_project: bool,
    },
    /// The base without a tool.
    Base {
        /// The version of its Python, where that is not the project's.
        python: Option<String>,
        /// The lock of the project's dependencies, if it contains them.
        project: Option<String>,
        /// Whether it contains the project's build system.
        builds_project: bool,
    },
    /// The base with the Rust toolchain and the packages of a `Cargo.lock`.
    Rust {
        /// The folder whose code is checked; the lock is there, or in one above.
        folder: ProjectPath,
        /// The name of the check, whose command decides what is compiled.
        check: CheckName,
        /// The compilation of its packages; none for a check that compiles nothing.
        compilation: Option<RustCompilation>,
    },
    /// An image that cargo pipe does not build.
    Image(String),
}

/// The compilation of the packages that Rust code depends on, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct RustCompilation {
    /// The folder in which the command runs.
    pub folder: ProjectPath,
    /// The command.
    pub command: Vec<String>,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// Globs of files that the check does not see.
    pub exclude: Vec<String>,
}

impl EnvironmentSpec {
    /// The version of its Python, where that is not the project's.
    #[must_use]
    pub fn python(&self) -> Option<&str> {
        match self {
            EnvironmentSpec::Tool { python, .. } | EnvironmentSpec::Base { python, .. } => {
                python.as_deref()
            }
            EnvironmentSpec::Rust { .. } | EnvironmentSpec::Image(_) => None,
        }
    }

    /// Its name in messages: that of its own lock, and what tells it apart from others with that lock.
    #[must_use]
    pub fn label(&self, lock: &str) -> String {
        format!("{lock}{}", self.qualifier())
    }

    /// The package whose dependencies it has and the version of its Python, as in `.api-3.11`, where these
    /// are not the project's; the folder and the check of Rust code.
    #[must_use]
    pub fn qualifier(&self) -> String {
        if let EnvironmentSpec::Rust { folder, check, .. } = self {
            return match folder.is_root() {
                true => format!(".{check}"),
                false => format!(".{}.{check}", folder.as_str().replace('/', "--")),
            };
        }
        let package = self.project().and_then(|it| it.strip_prefix(PROJECT_LOCK));
        self.with_python(package.unwrap_or_default())
    }

    /// The name of one of its locks in messages, with the version of its Python where that is not the
    /// project's.
    #[must_use]
    pub fn with_python(&self, lock: &str) -> String {
        match self.python() {
            Some(python) => format!("{lock}-{python}"),
            None => lock.to_owned(),
        }
    }

    /// The lock of the project's dependencies, if it contains them.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match self {
            EnvironmentSpec::Tool { project, .. } | EnvironmentSpec::Base { project, .. } => {
                project.as_deref()
            }
            EnvironmentSpec::Rust { .. } | EnvironmentSpec::Image(_) => None,
        }
    }

    /// Whether it contains the project's dependencies.
    #[must_use]
    pub fn sees_project(&self) -> bool {
        self.project().is_some()
    }

    /// Whether it contains the project's build system.
    #[must_use]
    pub fn builds_project(&self) -> bool {
        match self {
            EnvironmentSpec::Tool { builds_project, .. }
            | EnvironmentSpec::Base { builds_project, .. } => *builds_project,
            EnvironmentSpec::Rust { .. } | EnvironmentSpec::Image(_) => false,
        }
    }

    /// Whether it is built from the project's Dockerfile: without packages it is the base itself, and that
    /// of Rust has a Dockerfile of its own.
    #[must_use]
    pub fn has_dockerfile(&self, config: &Config) -> bool {
        match self {
            EnvironmentSpec::Tool { .. } => true,
            EnvironmentSpec::Base { project, builds_project, .. } => {
                project.is_some() || *builds_project || !config.image.apt.is_empty()
            }
            EnvironmentSpec::Rust { .. } | EnvironmentSpec::Image(_) => false,
        }
    }
}
