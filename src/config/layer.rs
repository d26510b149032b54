//! A configuration whose every value may be absent.
//!
//! Owns [`Layer`], what one place (the defaults, a file, the environment, the flags) says, and the
//! schema of `pipe.toml` that editors get. Must not know which values go together or what they
//! are when nobody says: [`super::merge`] folds layers, [`super::validate`] judges the result.

mod text;
mod value;

pub(super) use text::translate;
pub use text::{parse, place_in_cargo_toml};
pub use value::{
    Age, CacheSetting, OwnFile, Private, SourcePaths, Switch, Timeout, Value, WrittenAt,
};

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{CacheMode, CiBuilder, CiJobs, EngineChoice, TopologyChoice};
use crate::check::Grant;

/// A text whose place is known.
pub type Text = Value<String>;
/// Texts whose places are known, and that of the whole list.
pub type Texts = Value<Vec<Text>>;

/// What one place (a file, the environment, the flags) says.
///
/// Settings of cargo pipe for one project. All of them are optional.
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
    pub source: Option<SourcePaths>,
    /// The folder of the tools' configuration files.
    pub config: Option<Text>,
    /// Where checks run.
    pub engine: Option<Value<EngineChoice>>,
    /// How the files of a check get into a container.
    pub topology: Option<Value<TopologyChoice>>,
    /// Globs of files that no check sees.
    pub exclude: Option<Texts>,
    /// Globs of ignored files that checks see all the same.
    pub include: Option<Texts>,
    /// The platform to force, such as `linux/amd64`.
    pub platform: Option<Text>,
    /// How many checks run at once; as many as there are processors, but at least 4, if absent.
    pub jobs: Option<Value<i64>>,
    /// How many processors each check has; all that there are if absent.
    pub cpus: Option<Value<i64>>,
    /// Never ask the network for anything.
    pub offline: Option<Value<bool>>,
    /// The file of the findings that do not count; `false` for none. If absent, `baseline.jsonl` in
    /// the config folder, where it exists.
    pub baseline: Option<Value<OwnFile>>,
    /// How long a check may take: `90s`, `5m`, `1h 30m`, or whole seconds.
    pub timeout: Option<Value<Timeout>>,
    /// The Python that the tools run on.
    pub python: PythonLayer,
    /// How images are made.
    pub image: ImageLayer,
    /// How packages are reached while environments are made.
    pub network: NetworkLayer,
    /// The checks: the built-in ones, changed, and a project's own.
    pub checks: BTreeMap<Text, CheckLayer>,
    /// The pipelines that are generated.
    pub ci: CiLayer,
    /// What the user allows beyond the sandbox. No file of a project can say it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub allow: Vec<Grant>,
    /// What the user's result cache is used for. No file of a project can say it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub cache: Option<CacheMode>,
    /// How large the user's result cache may become, in bytes. No file of a project can say it.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub cache_size: Option<u64>,
}

/// The Python that the tools run on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Python"))]
#[non_exhaustive]
pub struct PythonLayer {
    /// Major and minor version, such as `3.13`.
    pub version: Option<Text>,
    /// The base image; `python:VERSION-slim` if absent.
    pub image: Option<Text>,
    /// The files that say what the project depends on. If absent: `uv.lock`, `pylock.toml` or
    /// `poetry.lock`, or else `requirements*.txt` and `pyproject.toml`. None if empty.
    pub requirements: Option<Texts>,
    /// The groups of dependencies that count; `dev`, where there is one, if absent.
    pub groups: Option<Texts>,
    /// The extras of the project that count.
    pub extras: Option<Texts>,
    /// Packages that are built from source; of all others there has to be a wheel.
    pub from_source: Option<Texts>,
    /// How old a release has to be before `update` takes it: `3d`, `12h`.
    pub minimum_age: Option<Value<Age>>,
}

/// How images are made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Image"))]
#[non_exhaustive]
pub struct ImageLayer {
    /// The Dockerfile of the environments.
    pub dockerfile: Option<Text>,
    /// Debian packages that the environments need.
    pub apt: Option<Texts>,
    /// Where the image is that jobs in GitLab run in, such as `$CI_REGISTRY_IMAGE/pipe`: without a
    /// tag, with variables of the job.
    pub registry: Option<Text>,
}

/// How packages are reached while environments are made. Credentials are for variables alone.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Network"))]
#[non_exhaustive]
pub struct NetworkLayer {
    /// The index in place of the public one.
    pub index: Option<Value<Private>>,
    /// The indexes besides it.
    pub extra_index: Option<Value<Vec<Value<Private>>>>,
    /// The proxy for addresses that begin with `http:`.
    pub http_proxy: Option<Value<Private>>,
    /// The proxy for addresses that begin with `https:`.
    pub https_proxy: Option<Value<Private>>,
    /// Hosts that are reached without a proxy.
    pub no_proxy: Option<Texts>,
    /// The file of the certificates to believe in, in place of the usual ones.
    pub ca_bundle: Option<Text>,
}

/// One check: a tool of cargo pipe (`tool`), or a command of the project's own (`run`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Check"))]
#[non_exhaustive]
pub struct CheckLayer {
    /// `false` switches the check off.
    pub enabled: Option<Value<bool>>,
    /// The tool that checks.
    pub tool: Option<Text>,
    /// The command that checks: a program and its arguments, without a shell.
    pub run: Option<Texts>,
    /// The command that repairs, for a check with `run`.
    pub fix: Option<Texts>,
    /// What it checks, if not the `source` of the project.
    pub source: Option<SourcePaths>,
    /// Globs of files that it does not see, besides those of the project.
    pub exclude: Option<Texts>,
    /// Globs of ignored files that it sees all the same, besides those of the project.
    pub include: Option<Texts>,
    /// The tool's configuration file, if not the usual one in the config folder; `false` for those
    /// that the tool finds by itself.
    pub config: Option<Value<OwnFile>>,
    /// Further arguments of the tool.
    pub args: Option<Texts>,
    /// Files and folders that it reads besides its sources.
    pub inputs: Option<Texts>,
    /// Variables that it gets.
    pub env: Option<Value<BTreeMap<Text, Text>>>,
    /// How long it may take: `90s`, `5m`, `1h 30m`, or whole seconds.
    pub timeout: Option<Value<Timeout>>,
    /// The image that a check with `run` runs in.
    pub image: Option<Text>,
    /// The packages that a check with `run` needs, in an environment of its own.
    pub requirements: Option<Texts>,
    /// Exit statuses that mean findings, for a check with `run`; 1 if absent.
    pub findings_exit: Option<Value<Vec<Value<i64>>>>,
    /// Whether its outcome is kept; `passed` keeps no failure.
    pub cache: Option<Value<CacheSetting>>,
    /// Asks for the network, which the user has to allow.
    pub network: Option<Value<bool>>,
    /// Asks for the docker socket, which the user has to allow.
    pub docker_socket: Option<Value<bool>>,
    /// Asks for a copy of the project that it can write to, which the user has to allow.
    pub writable: Option<Value<bool>>,
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
    /// One job for all checks, or one for each.
    pub jobs: Option<Value<CiJobs>>,
    /// How the job in GitLab that makes the image of the others reaches an engine.
    pub builder: Option<Value<CiBuilder>>,
    /// How cargo-pipe gets into a job: `wheel`, `xtask` for the workspace's own `cargo xtask pipe`, or
    /// the address of a static binary for Linux with its hash behind it, as in
    /// `https://…#sha256=…`.
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
        assert!(committed == schema, "`cargo xtask codegen` writes it anew");
    }
}
