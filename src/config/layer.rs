//! A layer of a configuration: the defaults, a file, the environment or the flags.
//!
//! Every value of a [`Layer`] is optional. [`super::merge`] merges layers, and [`super::validate`]
//! validates the result. The doc comments of the fields are the descriptions in the JSON schema of
//! `pipe.toml`, which editors show.

mod duration;
mod findings;
mod size;
mod testing;
mod text;
mod value;

pub use duration::{Age, Timeout};
pub use findings::{FindingsLayer, FindingsTable};
pub use testing::{CoverageLayer, CoverageTable, Percent, WorkersSetting};
pub(crate) use text::{check_syntax, translate};
pub use text::{parse, place_in_cargo_toml};
pub use value::{CacheSetting, OneOrMany, OwnFile, Private, Switch, Value, WrittenAt};

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{CacheMode, CiBuilder, CiJobs, EngineChoice, TopologyChoice};
use crate::check::{FlakyTests, Grant};
use crate::limits::ByteSize;

/// A text, and where it was written.
pub type Text = Value<String>;
/// A list of texts, and where the list and each item were written.
pub type Texts = Value<Vec<Text>>;

/// The values that one layer sets.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(title = "pipe.toml", description = "Settings of cargo pipe for one project.")
)]
#[non_exhaustive]
pub struct Layer {
    /// The files and folders that are checked.
    pub source: Option<OneOrMany>,
    /// The folder of the tools' configuration files.
    pub config: Option<Text>,
    /// Where checks run.
    pub engine: Option<Value<EngineChoice>>,
    /// How the files of a check reach a container.
    pub topology: Option<Value<TopologyChoice>>,
    /// Globs of files that no check sees.
    pub exclude: Option<Texts>,
    /// Globs of files that are ignored by git, and that checks see nevertheless.
    pub include: Option<Texts>,
    /// The platform to force, such as `linux/amd64`.
    pub platform: Option<Text>,
    /// The number of checks that run at once; the number of processors, but at least 4, if absent. Of more
    /// checks, those that took longest when they last ran start first.
    pub jobs: Option<Value<i64>>,
    /// The number of processors that each check gets; all if absent.
    pub cpus: Option<Value<i64>>,
    /// Never access the network.
    pub offline: Option<Value<bool>>,
    /// The file of accepted findings; `false` for none. If absent, `baseline.jsonl` in the config
    /// folder, if it exists.
    pub baseline: Option<Value<OwnFile>>,
    /// Codes and rules of findings that no baseline accepts, such as `E0602` or `undefined-variable`.
    pub never_accept: Option<Texts>,
    /// How long a check may take: `90s`, `5m`, `1h 30m`, or whole seconds.
    pub timeout: Option<Value<Timeout>>,
    /// The memory that a check may use: `4 GiB`, `512 MiB`.
    pub memory: Option<Value<ByteSize>>,
    /// The size that a check's writable copy of the project may reach.
    pub disk: Option<Value<ByteSize>>,
    /// The size that a check's output may reach, both streams together.
    pub output: Option<Value<ByteSize>>,
    /// The Python that the tools run on.
    pub python: PythonLayer,
    /// The Rust toolchain that checks of Rust code run with.
    pub rust: RustLayer,
    /// How images are built.
    pub image: ImageLayer,
    /// The index, proxies and certificates that environments are built with.
    pub network: NetworkLayer,
    /// The checks: changes to the built-in ones, and the project's own.
    pub checks: BTreeMap<Text, CheckLayer>,
    /// The packages of a project that consists of several. Each runs the checks for itself.
    pub packages: BTreeMap<Text, PackageLayer>,
    /// The pipelines that are generated.
    pub ci: CiLayer,
    /// The user's grants. No file of a project can set them.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub allow: Vec<Grant>,
    /// How the user's result cache is used. No file of a project can set it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub cache: Option<CacheMode>,
    /// The size limit of the user's result cache, in bytes. No file of a project can set it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub cache_size: Option<u64>,
    /// The time in which docker has to answer. No file of a project can set it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub answer_limit: Option<Timeout>,
}

/// The Python that the tools run on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Python"))]
#[non_exhaustive]
pub struct PythonLayer {
    /// Major and minor version, such as `3.13`. If absent, the newest of `versions`.
    pub version: Option<Text>,
    /// The versions on each of which the checks run that import the project or its dependencies. The
    /// other checks run on `version`, which must be one of them.
    pub versions: Option<Texts>,
    /// The base image; `python:{version}-slim` if absent. `{version}` stands for the version.
    pub image: Option<Text>,
    /// The files that declare the project's dependencies. If absent: `uv.lock`, `pylock.toml` or
    /// `poetry.lock`, otherwise `requirements*.txt`, `pyproject.toml`, `setup.cfg`, `setup.py` and
    /// `Pipfile`. An empty list means none.
    pub requirements: Option<Texts>,
    /// The dependency groups to install. If absent: `dev`, if it exists.
    pub groups: Option<Texts>,
    /// The extras of the project to install.
    pub extras: Option<Texts>,
    /// Packages that are built from source; all others must have a wheel.
    pub from_source: Option<Texts>,
    /// The age that a release must have before `update` uses it: `3d`, `12h`.
    pub minimum_age: Option<Value<Age>>,
    /// The version with which the project is installed if it comes from version control;
    /// `0+unknown` if absent.
    pub project_version: Option<Text>,
}

/// The Rust toolchain that checks of Rust code run with.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Rust"))]
#[non_exhaustive]
pub struct RustLayer {
    /// Its release, such as `1.95.0` or `nightly-2026-01-31`. If absent, that of `rust-toolchain.toml`,
    /// which must name one release.
    pub toolchain: Option<Text>,
    /// The image with the toolchain; `rust:{toolchain}-slim` if absent. `{toolchain}` stands for its
    /// release.
    pub image: Option<Text>,
}

/// How images are built.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Image"))]
#[non_exhaustive]
pub struct ImageLayer {
    /// The Dockerfile of the environments.
    pub dockerfile: Option<Text>,
    /// Debian packages that the environments need.
    pub apt: Option<Texts>,
    /// The image that GitLab jobs run in, such as `$CI_REGISTRY_IMAGE/pipe`, without a tag. It may
    /// contain variables of the job.
    pub registry: Option<Text>,
}

/// The index, proxies and certificates that environments are built with. Credentials belong in
/// variables.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Network"))]
#[non_exhaustive]
pub struct NetworkLayer {
    /// The package index that replaces the public one.
    pub index: Option<Value<Private>>,
    /// Further package indexes.
    pub extra_index: Option<Value<Vec<Value<Private>>>>,
    /// The proxy for `http:` URLs.
    pub http_proxy: Option<Value<Private>>,
    /// The proxy for `https:` URLs.
    pub https_proxy: Option<Value<Private>>,
    /// Hosts that are accessed without a proxy.
    pub no_proxy: Option<Texts>,
    /// The file of certificate authorities that replaces the system's.
    pub ca_bundle: Option<Text>,
}

/// One check: a tool from the catalogue (`tool`), or a command of the project (`run`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Check"))]
#[non_exhaustive]
pub struct CheckLayer {
    /// `false` disables the check.
    pub enabled: Option<Value<bool>>,
    /// The tool from the catalogue.
    pub tool: Option<Text>,
    /// The command: a program and its arguments, without a shell.
    pub run: Option<Texts>,
    /// The command that fixes findings, for a check with `run`.
    pub fix: Option<Texts>,
    /// The files and folders that it checks, instead of the project's `source`.
    pub source: Option<OneOrMany>,
    /// Globs of files that it does not see, in addition to the project's `exclude`.
    pub exclude: Option<Texts>,
    /// Globs of ignored files that it sees nevertheless, in addition to the project's `include`.
    pub include: Option<Texts>,
    /// The tool's configuration file, instead of the one in the config folder; `false` for the files
    /// that the tool discovers.
    pub config: Option<Value<OwnFile>>,
    /// Additional arguments of the tool.
    pub args: Option<Texts>,
    /// The release of the tool, such as `24.4.2`, or a range as in `>=24,<25`; the release that cargo
    /// pipe was tested with, and newer ones, if absent.
    pub version: Option<Text>,
    /// The day after which no release is used for the tool and what it needs, as in `2023-05-01`. It is
    /// for an old release that newer dependencies break.
    pub exclude_newer: Option<Text>,
    /// Files and folders that it reads in addition to its sources.
    pub inputs: Option<Texts>,
    /// Environment variables of the check.
    pub env: Option<Value<BTreeMap<Text, Text>>>,
    /// How long it may take: `90s`, `5m`, `1h 30m`, or whole seconds.
    pub timeout: Option<Value<Timeout>>,
    /// The memory that it may use: `4 GiB`, `512 MiB`.
    pub memory: Option<Value<ByteSize>>,
    /// The size that its writable copy of the project may reach.
    pub disk: Option<Value<ByteSize>>,
    /// The size that its output may reach, both streams together.
    pub output: Option<Value<ByteSize>>,
    /// The image that a check with `run` runs in.
    pub image: Option<Text>,
    /// The packages that a check with `run` needs, or plugins and type stubs for a tool. They are
    /// locked, and installed into an environment of their own.
    pub requirements: Option<Texts>,
    /// Whether it sees the dependencies of the project, which is the default; `false` for a tool that
    /// the project runs in an environment of its own.
    pub dependencies: Option<Value<bool>>,
    /// Whether the project itself is installed before it runs, as by `pip install --editable .`; the
    /// default is `true` for pytest, and `false` for a check with `run`.
    pub install: Option<Value<bool>>,
    /// Exit statuses that mean findings, for a check with `run`; 1 if absent.
    pub findings_exit: Option<Value<Vec<Value<i64>>>>,
    /// The format of the findings of a check with `run`: `sarif`, `junit`, `checkstyle`, `gcc`,
    /// `json-lines`, or a table.
    pub findings: Option<Value<FindingsLayer>>,
    /// Whether its result for a file of `source` depends on nothing but that file, its path, `inputs` and
    /// the files that `run` names, for a check with `run`. After an edit it then gets only the files that
    /// changed.
    pub per_file: Option<Value<bool>>,
    /// Whether its result is cached; `passed` caches only successes.
    pub cache: Option<Value<CacheSetting>>,
    /// The number of processes in which pytest-xdist runs the tests, or `auto` for one for each
    /// processor; for a check with pytest.
    pub workers: Option<Value<WorkersSetting>>,
    /// The number of times that failed tests are run again, for a check with pytest.
    pub reruns: Option<Value<i64>>,
    /// Whether a test that has failed and passed with the same inputs fails the check, for a check
    /// with pytest: `fail`, which is the default, or `report`.
    pub flaky: Option<Value<FlakyTests>>,
    /// The coverage that pytest-cov measures, for a check with pytest: `true`, the minimum in percent,
    /// or a table.
    pub coverage: Option<Value<CoverageLayer>>,
    /// Requests network access, which the user has to grant.
    pub network: Option<Value<bool>>,
    /// Requests the docker socket, which the user has to grant.
    pub docker_socket: Option<Value<bool>>,
    /// Requests a writable copy of the project, which the user has to grant.
    pub writable: Option<Value<bool>>,
    /// Requests the values of these environment variables, each of which the user has to grant; for a
    /// check with `run` or pytest.
    pub secrets: Option<Texts>,
    /// Whether each package runs it, which is the default; `false` for a check that runs once, in the
    /// folder of the project.
    pub per_package: Option<Value<bool>>,
    /// The version of Python that it runs on, or a list of versions on each of which it runs, instead of
    /// those of the project.
    pub python: Option<OneOrMany>,
}

/// A package of the project: a folder with its own sources and configurations. Paths and globs are
/// relative to it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Package"))]
#[non_exhaustive]
pub struct PackageLayer {
    /// Its folder; that of its name if absent.
    pub path: Option<Text>,
    /// The files and folders that are checked; those of the project, within its folder, if absent.
    pub source: Option<OneOrMany>,
    /// Globs of files that no check of the package sees, in addition to those of the project.
    pub exclude: Option<Texts>,
    /// Globs of ignored files that checks see nevertheless, in addition to those of the project.
    pub include: Option<Texts>,
    /// The packages that it imports. If absent, those among the dependencies in its `pyproject.toml`.
    pub depends_on: Option<Texts>,
    /// The files that declare its dependencies, if it does not share those of the project. With `groups` or
    /// `extras` alone, those in its folder.
    pub requirements: Option<Texts>,
    /// The dependency groups to install, for a package with its own dependencies.
    pub groups: Option<Texts>,
    /// Its extras to install, for a package with its own dependencies.
    pub extras: Option<Texts>,
    /// The version of Python of its checks, or a list of versions, instead of those of the project.
    pub python: Option<OneOrMany>,
    /// Changes to the checks of the project for this package, and checks of its own.
    pub checks: BTreeMap<Text, CheckLayer>,
}

/// The pipelines that are generated.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Ci"))]
#[non_exhaustive]
pub struct CiLayer {
    /// How jobs in GitLab reach an engine; `false` for no pipeline there.
    pub gitlab: Option<Value<Switch>>,
    /// Whether there is a workflow for GitHub.
    pub github: Option<Value<bool>>,
    /// One job for all checks, one for each check, or one for each package.
    pub jobs: Option<Value<CiJobs>>,
    /// How the GitLab job that builds the image of the other jobs reaches an engine.
    pub builder: Option<Value<CiBuilder>>,
    /// How a job installs cargo-pipe: `wheel`, `xtask` for the workspace's own `cargo xtask pipe`, or
    /// the URL of a static Linux binary with its hash, as in `https://…#sha256=…`.
    pub install: Option<Text>,
}

/// The JSON schema of `pipe.toml`, for editors.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Layer).to_value()
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_the_repository_is_that_of_the_types() {
        let committed = include_str!("../../templates/schema/pipe.json");
        let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(committed == schema, "run `cargo xtask codegen`");
    }
}
