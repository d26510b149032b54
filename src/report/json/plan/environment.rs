//! The environment of a planned check.

use serde::Serialize;

use crate::plan::EnvironmentSpec;

/// The environment that a check runs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonEnvironment {
    /// The kind of environment.
    pub kind: JsonEnvironmentKind,
    /// The name of the lock with its packages; null if it is not a `tool`.
    pub lock: Option<String>,
    /// The version of its Python, such as `3.12`; null if it is that of the project, or an `image`.
    pub python: Option<String>,
    /// Whether the dependencies of the project are installed in it.
    pub project_dependencies: bool,
    /// Whether the build system of the project is installed in it.
    pub project_build: bool,
    /// The name of the image; null if it is not an `image`.
    pub image: Option<String>,
}

/// The kind of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JsonEnvironmentKind {
    /// The base image of the project with the packages of a lock.
    Tool,
    /// The base image of the project.
    Base,
    /// The base image of the project with the Rust toolchain and the packages of a `Cargo.lock`.
    Rust,
    /// An image that the configuration names.
    Image,
}

impl From<&EnvironmentSpec> for JsonEnvironment {
    fn from(spec: &EnvironmentSpec) -> Self {
        let (kind, lock, image) = match spec {
            EnvironmentSpec::Tool { lock, .. } => {
                (JsonEnvironmentKind::Tool, Some(lock.clone()), None)
            }
            EnvironmentSpec::Base { .. } => (JsonEnvironmentKind::Base, None, None),
            EnvironmentSpec::Rust { .. } => (JsonEnvironmentKind::Rust, None, None),
            EnvironmentSpec::Image(image) => {
                (JsonEnvironmentKind::Image, None, Some(image.clone()))
            }
        };
        let (project_dependencies, project_build) = (spec.sees_project(), spec.builds_project());
        let python = spec.python().map(str::to_owned);
        JsonEnvironment { kind, lock, python, project_dependencies, project_build, image }
    }
}
