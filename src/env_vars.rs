//! Environment variables of the process, read once.
//!
//! No other module reads the environment, so that a test or a library user can pass any variables.
//! The constants are the names of the `CARGO_PIPE_*` variables.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use crate::check::SecretName;

/// The prefix of all our variables.
pub(crate) const PREFIX: &str = "CARGO_PIPE_";
/// Files and folders to check, separated by commas, like `--source`.
pub(crate) const SOURCE: &str = "CARGO_PIPE_SOURCE";
/// The folder of the tools' configs, like `--config`.
pub(crate) const CONFIG: &str = "CARGO_PIPE_CONFIG";
/// The engine, like `--engine`.
pub(crate) const ENGINE: &str = "CARGO_PIPE_ENGINE";
/// The way in which snapshots reach containers: `auto`, `bind` or `stream`.
pub(crate) const TOPOLOGY: &str = "CARGO_PIPE_TOPOLOGY";
/// The number of checks that run at once, like `--jobs`.
pub(crate) const JOBS: &str = "CARGO_PIPE_JOBS";
/// The number of processors of each check, like `--cpus`.
pub(crate) const CPUS: &str = "CARGO_PIPE_CPUS";
/// The file of accepted findings, like `--baseline`.
pub(crate) const BASELINE: &str = "CARGO_PIPE_BASELINE";
/// Whether the network is never accessed, like `--offline`.
pub(crate) const OFFLINE: &str = "CARGO_PIPE_OFFLINE";
/// The time limit of every check, like `--timeout`.
pub(crate) const TIMEOUT: &str = "CARGO_PIPE_TIMEOUT";
/// Grants, separated by commas, like `--allow`.
pub(crate) const ALLOW: &str = "CARGO_PIPE_ALLOW";
/// How the result cache is used: `on`, `read-only`, `refresh`, `audit` or `off`.
pub(crate) const CACHE: &str = "CARGO_PIPE_CACHE";
/// The size limit of the result cache, such as `500M` or `2G`.
pub(crate) const CACHE_SIZE: &str = "CARGO_PIPE_CACHE_SIZE";
/// The address of a cache that several machines share.
pub(crate) const CACHE_REMOTE: &str = "CARGO_PIPE_CACHE_REMOTE";
/// The public keys whose entries in that cache are believed, separated by commas.
pub(crate) const CACHE_KEYS: &str = "CARGO_PIPE_CACHE_KEYS";
/// The private key that signs new entries for that cache, or a file with it.
pub(crate) const CACHE_SIGNING_KEY: &str = "CARGO_PIPE_CACHE_SIGNING_KEY";
/// The token that opens that cache.
pub(crate) const CACHE_TOKEN: &str = "CARGO_PIPE_CACHE_TOKEN";
/// The variables of a shared cache that no program gets which is started.
pub(crate) const PRIVATE: [&str; 2] = [CACHE_SIGNING_KEY, CACHE_TOKEN];
/// The effect of findings in a build script: `off`, `warn` or `deny`.
pub(crate) const BUILD: &str = "CARGO_PIPE_BUILD";
/// The folder of the result cache.
pub(crate) const CACHE_DIR: &str = "CARGO_PIPE_CACHE_DIR";
/// The docker program, or one with the same command line, by name or path.
pub(crate) const DOCKER: &str = "CARGO_PIPE_DOCKER";
/// The time in which a docker command that moves no data has to answer.
pub(crate) const DOCKER_TIMEOUT: &str = "CARGO_PIPE_DOCKER_TIMEOUT";
/// Set in the image of CI jobs: the folder of the environments in that image.
pub(crate) const ENVIRONMENTS: &str = "CARGO_PIPE_ENVIRONMENTS";

/// All our variables.
pub(crate) const NAMES: &[&str] = &[
    SOURCE,
    CONFIG,
    ENGINE,
    TOPOLOGY,
    JOBS,
    CPUS,
    BASELINE,
    OFFLINE,
    TIMEOUT,
    ALLOW,
    CACHE,
    CACHE_SIZE,
    CACHE_REMOTE,
    CACHE_KEYS,
    CACHE_SIGNING_KEY,
    CACHE_TOKEN,
    BUILD,
    CACHE_DIR,
    DOCKER,
    DOCKER_TIMEOUT,
    ENVIRONMENTS,
];

/// The variables of the process that runs cargo pipe, read once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvVars(BTreeMap<String, String>);

impl EnvVars {
    /// The variables of this process. Those that are not Unicode are left out.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn of_process() -> Self {
        let unicode = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        EnvVars(std::env::vars_os().filter_map(unicode).collect())
    }

    /// The value of a variable; none if it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// All variables except these secrets, those of a shared cache, and those that configure pip, uv or Python, so that the
    /// installed packages do not depend on the user's settings. Cache folders, timeouts and retries are
    /// kept: they change nothing that is installed.
    #[must_use]
    pub fn for_installers(&self, secrets: &BTreeSet<SecretName>) -> BTreeMap<String, OsString> {
        let sets_up = |name: &str| {
            ["PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_"].iter().any(|it| name.starts_with(it))
                && !["_CACHE_DIR", "_TIMEOUT", "_RETRIES"].iter().any(|it| name.ends_with(it))
        };
        let is_secret = |name: &str| {
            PRIVATE.contains(&name) || secrets.iter().any(|secret| secret.as_str() == name)
        };
        let left = self.0.iter().filter(|(name, _)| !sets_up(name) && !is_secret(name));
        left.map(|(name, value)| (name.clone(), value.into())).collect()
    }

    /// Whether this is a job of a CI system.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.get("CI").is_some_and(|value| value != "false" && value != "0")
    }
}

/// Shows only the names: a value can be a password.
impl std::fmt::Debug for EnvVars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for EnvVars {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        EnvVars(variables.into_iter().map(owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installer_gets_no_secret_of_a_check() {
        let variables = EnvVars::from([
            ("API_TOKEN", "x"),
            ("CARGO_PIPE_CACHE_SIGNING_KEY", "x"),
            ("PIP_NO_DEPS", "1"),
            ("HOME", "/h"),
        ]);
        let secrets = BTreeSet::from([SecretName::new("API_TOKEN").unwrap()]);
        let names: Vec<String> = variables.for_installers(&secrets).into_keys().collect();
        assert_eq!(names, ["HOME"]);
        assert!(variables.for_installers(&BTreeSet::new()).contains_key("API_TOKEN"));
    }
}
