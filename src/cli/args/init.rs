//! Arguments of the commands that write or remove project files: `init`, `sync`, `update`, `remove`.

use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// Folder to set up; created if missing
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Pipelines to generate; repeatable
    ///
    /// Without this option, a pipeline is generated for GitLab or GitHub if a remote of the
    /// repository is there, and for GitLab if `.gitlab-ci.yml` exists. An existing `.gitlab-ci.yml`
    /// is not changed: the pipeline is written to a file that it can include.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) ci: Vec<CiArg>,

    /// Where GitLab jobs run their checks
    #[arg(long, value_name = "KIND")]
    pub(crate) gitlab: Option<GitlabArg>,

    /// Add the task `cargo xtask pipe` to the Cargo workspace
    ///
    /// An existing xtask package gets the dependency, and the call for its `main` is printed.
    #[arg(long)]
    pub(crate) xtask: bool,

    /// Switch on the usual checks with the stricter settings of cargo pipe
    ///
    /// Without this option, a project with Python gets the tools that it uses today, as its pipeline,
    /// its tasks and its hooks run them. A tool without a configuration has its own defaults.
    #[arg(long)]
    pub(crate) opinionated: bool,

    /// Comment out options of tool configs that the locked tools reject
    #[arg(long)]
    pub(crate) fix_configs: bool,

    /// Do not lock the releases, dependencies and base image that the project uses
    ///
    /// Without this option, `init` resolves versions that differ from those of cargo pipe, and the
    /// project's dependencies, for at most 20 seconds. In a new project it also records the base image
    /// if docker has it, except in CI. `cargo pipe update` does the same later.
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CiArg {
    /// `.gitlab-ci.yml`
    Gitlab,
    /// `.github/workflows/pipe.yml`
    Github,
    /// No pipeline
    None,
}

/// Where GitLab jobs run their checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GitlabArg {
    /// In the job itself, which uses a Python image and needs no docker
    Image,
    /// In containers of the runner's docker engine, through its mounted socket
    Socket,
    /// In containers of a docker-in-docker service, on a privileged runner
    Dind,
}

/// Arguments of `sync`.
#[derive(Debug, clap::Args)]
pub(crate) struct SyncArgs {
    /// Write nothing; print differences and exit with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,

    /// Overwrite generated files that were edited
    #[arg(long, conflicts_with = "check")]
    pub(crate) force: bool,
}

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// The locks to update: tools or checks by name, `project`, or `base`; `black==24.4.2` sets a release
    /// [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// Write nothing; list newer versions and exit with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,

    /// Keep pylint and mypy at the versions that incremental checking was tested with
    #[arg(long)]
    pub(crate) keep_incremental: bool,
}

/// Arguments of `remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Also remove the generated files that were not edited
    #[arg(long)]
    pub(crate) files: bool,

    /// Keep this project, and remove only the images and environments that no project needs
    #[arg(long, conflicts_with = "files")]
    pub(crate) unused: bool,
}
