//! The environment that a step runs in, as requested: its locks, and its Python.

use crate::config::{Config, PROJECT_LOCK};

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
    /// An image that cargo pipe does not build.
    Image(String),
}

impl EnvironmentSpec {
    /// The version of its Python, where that is not the project's.
    #[must_use]
    pub fn python(&self) -> Option<&str> {
        match self {
            EnvironmentSpec::Tool { python, .. } | EnvironmentSpec::Base { python, .. } => {
                python.as_deref()
            }
            EnvironmentSpec::Image(_) => None,
        }
    }

    /// Its name in messages: that of its own lock, and what tells it apart from others with that lock.
    #[must_use]
    pub fn label(&self, lock: &str) -> String {
        format!("{lock}{}", self.qualifier())
    }

    /// The package whose dependencies it has and the version of its Python, as in `.api-3.11`, where these
    /// are not the project's.
    #[must_use]
    pub fn qualifier(&self) -> String {
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
            EnvironmentSpec::Image(_) => None,
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
            EnvironmentSpec::Image(_) => false,
        }
    }

    /// Whether it is built from the project's Dockerfile: without packages it is the base itself.
    #[must_use]
    pub fn has_dockerfile(&self, config: &Config) -> bool {
        match self {
            EnvironmentSpec::Tool { .. } => true,
            EnvironmentSpec::Base { project, builds_project, .. } => {
                project.is_some() || *builds_project || !config.image.apt.is_empty()
            }
            EnvironmentSpec::Image(_) => false,
        }
    }
}
