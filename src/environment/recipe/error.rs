//! The errors in the files that an environment is built from, each with a hint.

use std::io;

use crate::check::CheckName;
use crate::discover::OutsideError;
use crate::lock::LockError;
use crate::project::{PathError, ProjectPath};

/// An error in the files that describe an environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// A file of the environment is missing.
    #[error("`{0}` does not exist")]
    Missing(ProjectPath),
    /// The lock does not exist yet.
    #[error("the lock of `{name}` is missing: `{path}` does not exist")]
    Unlocked {
        /// The name of the lock.
        name: String,
        /// The path of the missing file.
        path: ProjectPath,
        /// Whether `init` has the lock.
        bundled: bool,
    },
    /// The lock does not have what the configuration says.
    #[error(
        "`{path}` does not satisfy `{required}` of `[checks.{check}]`: it has {}",
        .locked.as_deref().unwrap_or("no such package")
    )]
    Unsatisfied {
        /// The lock.
        path: ProjectPath,
        /// The name of the lock.
        name: String,
        /// The package that is locked, if it is, as in `black 24.4.2`.
        locked: Option<String>,
        /// The first check that uses the lock.
        check: CheckName,
        /// The requirement, such as `black==24.4.2`.
        required: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: ProjectPath,
        /// The error of the system.
        source: io::Error,
    },
    /// A path leads out of the project.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file lies outside the project once its links are followed.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// A lock contains a line that locks must not have.
    #[error("{path}:{}:1: {error}", .error.line)]
    Lock {
        /// The lock.
        path: ProjectPath,
        /// The invalid line.
        error: LockError,
    },
    /// The base image is not the official one, and the grant is missing.
    #[error("`{0}` is not an official Python image; building on it needs the grant `dockerfile`")]
    BaseNotGranted(String),
    /// No file names the Rust toolchain.
    #[error("the release of the Rust toolchain is not chosen")]
    NoToolchain,
    /// The toolchain file names several releases, or none.
    #[error("`{path}` does not choose one release of Rust: `{}`", .channel.escape_debug())]
    ManyReleases {
        /// The toolchain file.
        path: ProjectPath,
        /// The channel that it names.
        channel: String,
    },
    /// A Rust project has no lock.
    #[error("`Cargo.lock` not found in `{0}` or above")]
    NoCargoLock(ProjectPath),
    /// The lock of a Rust project is invalid, or has a package that cannot be downloaded.
    #[error("cannot use `{path}`: {message}")]
    CargoLock {
        /// The lock.
        path: ProjectPath,
        /// The reason.
        message: String,
    },
    /// The image with the toolchain is not the official one, and the grant is missing.
    #[error("`{0}` is not an official Rust image; building on it needs the grant `dockerfile`")]
    RustNotGranted(String),
    /// The project's Dockerfile was generated from other settings.
    #[error("`{0}` is out of date")]
    Stale(ProjectPath),
    /// The project's own Dockerfile installs the same dependencies for every package.
    #[error("`{0}` installs the dependencies of the project, not those of one package")]
    OneProject(ProjectPath),
    /// The project's Dockerfile is not the generated one, and the grant is missing.
    #[error("`{0}` is not the generated Dockerfile; building it needs the grant `dockerfile`")]
    DockerfileNotGranted(ProjectPath),
}

impl RecipeError {
    /// A hint about what to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            RecipeError::Missing(_) => {
                Some("`cargo pipe init` creates the missing files".to_owned())
            }
            RecipeError::Unlocked { bundled: true, .. } => {
                Some("`cargo pipe init` creates the missing files".to_owned())
            }
            RecipeError::Unlocked { name, .. } => {
                Some(format!("run `cargo pipe update {name}` to create it"))
            }
            RecipeError::Unsatisfied { name, .. } => {
                Some(format!("run `cargo pipe update {name}` to lock what it requires"))
            }
            RecipeError::Stale(_) => {
                Some("run `cargo pipe sync` to bring generated files up to date".to_owned())
            }
            RecipeError::DockerfileNotGranted(_) => Some(
                "if you trust it, run again with `--allow dockerfile`; otherwise delete it and run \
                 `cargo pipe init`"
                    .to_owned(),
            ),
            RecipeError::OneProject(_) => Some(
                "write `ARG PROJECT=project` and `requirements/${PROJECT}.txt` in its stage `project`"
                    .to_owned(),
            ),
            RecipeError::NoToolchain | RecipeError::ManyReleases { .. } => Some(
                "write it in pipe.toml, such as toolchain = \"1.95.0\" in [rust], so that everybody has \
                 the same"
                    .to_owned(),
            ),
            RecipeError::NoCargoLock(_) => {
                Some("run `cargo generate-lockfile`, so that everybody has the same packages".to_owned())
            }
            RecipeError::CargoLock { .. } => Some(
                "checks of Rust code need the packages of Cargo.lock from crates.io; turn them off with \
                 `enabled = false`"
                    .to_owned(),
            ),
            RecipeError::RustNotGranted(_) | RecipeError::BaseNotGranted(_) => Some(
                "its programs run, with network access, while images are built; if you trust it, run \
                 again with `--allow dockerfile`"
                    .to_owned(),
            ),
            RecipeError::Lock { .. } => {
                Some("every line must have the form `name==1.2.3 --hash=sha256:…`".to_owned())
            }
            _ => None,
        }
    }
}
