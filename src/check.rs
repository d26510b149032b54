//! Names of checks, identities of steps, grants, cache policies and formats of findings.
//!
//! Plain values, used by the configuration, the plan and the report alike.

mod findings_spec;
mod secret_name;
mod step_id;
mod test_settings;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use findings_spec::{
    FIELDS, FORMATS, FindingsFormat, FindingsOrigin, FindingsSpec, JsonFields,
};
pub(crate) use secret_name::is_variable_name;
pub use secret_name::{SecretName, SecretNameError};
pub(crate) use step_id::to_file_name;
pub use step_id::{StepId, StepIdError};
pub use test_settings::{CoverageSettings, FlakyTests, TestSettings, TestWorkers};

/// The name of a check, which is also a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct CheckName(String);

/// The name of the tool behind a check of the user's own, in plans and reports.
pub const COMMAND: &str = "command";

/// The commands of this version.
pub const COMMANDS: &[&str] = &[
    "baseline",
    "bash",
    "build",
    "cache",
    "compare",
    "completions",
    "doctor",
    "help",
    "hook",
    "init",
    "list",
    "man",
    "mcp",
    "merge",
    "remove",
    "run",
    "run-all",
    "schema",
    "sync",
    "trust",
    "update",
    "watch",
    "why",
];

/// Whether a command has this name, so that no check can take it. `pipe` is the command itself, as in
/// `cargo pipe` and `cargo xtask pipe`.
fn is_reserved(name: &str) -> bool {
    name == "pipe" || COMMANDS.contains(&name)
}

/// The reason why a text is not a [`CheckName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is a command.
    #[error("invalid check name `{0}`: it is a command of cargo pipe")]
    Reserved(String),
    /// The name has other characters than a command.
    #[error(
        "invalid check name `{0}`: it must consist of a to z, 0 to 9 and `-`, and begin with a letter"
    )]
    Malformed(String),
}

impl CheckName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// When it is a command's, or has other characters than `a` to `z`, `0` to `9` and `-`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let fits = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits || text.len() > 64 {
            return Err(NameError::Malformed(text.to_owned()));
        }
        if is_reserved(text) {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Ok(CheckName(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for CheckName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<CheckName> for String {
    fn from(name: CheckName) -> String {
        name.0
    }
}

/// A permission beyond the sandbox that a project can ask for and only its user can give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(with = "String", extend("pattern" = GRANT_PATTERN))
)]
#[non_exhaustive]
pub enum Grant {
    /// The check reaches the network.
    Network,
    /// The check gets the docker socket, which is root on the engine's machine.
    DockerSocket,
    /// The check gets a copy of the project that it can write to; nothing is written back.
    Writable,
    /// Images are built from a Dockerfile or a base image that is not the usual one.
    Dockerfile,
    /// Code of the project's own runs on this machine without a sandbox.
    Host,
    /// The check gets the variable of this name from its caller.
    Secret(SecretName),
}

/// The start of the name of a grant for a secret.
const SECRET: &str = "secret:";

/// The names of all grants, as a regular expression.
#[cfg(feature = "schema")]
const GRANT_PATTERN: &str =
    "^(network|docker-socket|writable|dockerfile|host|secret:[A-Za-z_][A-Za-z0-9_]*)$";

impl Grant {
    /// All grants without a name of their own, in the order in which they are listed.
    pub const ALL: [Grant; 5] =
        [Grant::Network, Grant::DockerSocket, Grant::Writable, Grant::Dockerfile, Grant::Host];

    /// The name that `--allow` takes.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Grant::Network => "network",
            Grant::DockerSocket => "docker-socket",
            Grant::Writable => "writable",
            Grant::Dockerfile => "dockerfile",
            Grant::Host => "host",
            Grant::Secret(name) => return Cow::Owned(format!("{SECRET}{name}")),
        })
    }

    /// The name of the secret that it is for, if it is for one.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretName> {
        match self {
            Grant::Secret(name) => Some(name),
            _ => None,
        }
    }

    /// The meaning of the grant, in words that follow "this lets the check".
    #[must_use]
    pub fn meaning(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Grant::Network => "reach any machine that this one reaches",
            Grant::DockerSocket => "control the docker engine, which is as good as root there",
            Grant::Writable => "write to a private copy of the project",
            Grant::Dockerfile => "run any command, with the network, while images are built",
            Grant::Host => "run code of the project on this machine as you, without a sandbox",
            Grant::Secret(name) => {
                return Cow::Owned(format!("read the value of your variable `{name}`"));
            }
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(SECRET) {
            return SecretName::new(name).map(Grant::Secret).map_err(|error| error.to_string());
        }
        Grant::ALL.into_iter().find(|grant| grant.name() == text).ok_or_else(|| {
            let names = Grant::ALL.map(|grant| grant.name());
            format!("unknown grant `{text}`; expected one of {}, {SECRET}NAME", names.join(", "))
        })
    }
}

impl TryFrom<String> for Grant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> String {
        grant.name().into_owned()
    }
}

/// A request of a project for more than the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantRequest {
    /// The part of the project that asks.
    pub asker: Requester,
    /// The grant that it asks for.
    pub grant: Grant,
    /// The line of the configuration that asks, as a sentence without a period.
    pub why: String,
    /// The user's decision.
    pub standing: Standing,
}

/// The part of a project that asks for a grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Requester {
    /// A check, for itself alone.
    Check(StepId),
    /// The project, for every check whose image it describes.
    Project,
}

/// The user's earlier decision about a [`GrantRequest`], and whether it still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There was none.
    #[default]
    New,
    /// It was granted, and has not changed since.
    Trusted,
    /// It was granted, and these parts of it changed since.
    Changed(Vec<String>),
    /// The record of the decision cannot be believed, for this reason.
    Unbelieved(String),
}

impl GrantRequest {
    /// A request without a decision.
    #[must_use]
    pub fn new(asker: Requester, grant: Grant, why: String) -> Self {
        GrantRequest { asker, grant, why, standing: Standing::New }
    }

    /// Whether the user granted it: for this command, or for this content of the project.
    pub(crate) fn is_granted(&self, allowed: &BTreeSet<Grant>) -> bool {
        allowed.contains(&self.grant) || self.standing == Standing::Trusted
    }
}

impl fmt::Display for Requester {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Requester::Check(name) => write!(formatter, "`{name}`"),
            Requester::Project => formatter.write_str("the project"),
        }
    }
}

/// The outcomes of a check that may be cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CachePolicy {
    /// Both passed and findings.
    #[default]
    Always,
    /// Only passed, for a check whose failures may be flaky.
    Passed,
    /// None, for a check that depends on more than the fingerprint covers, such as the network.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_cannot_take_a_command_s_name() {
        assert_eq!(CheckName::new("run-all"), Err(NameError::Reserved("run-all".into())));
    }

    #[test]
    fn a_name_reads_like_a_command() {
        assert!(CheckName::new("spelling-2").is_ok());
        for bad in ["", "-x", "Lint", "a b", "a/b", "é", "1a"] {
            assert!(CheckName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_grant_reads_back() {
        for grant in Grant::ALL {
            assert_eq!(grant.name().parse(), Ok(grant));
        }
        let secret: Grant = "secret:API_TOKEN".parse().unwrap();
        assert_eq!(secret.name(), "secret:API_TOKEN");
        for bad in ["secret", "secret:", "secret:1", "secret:A B", "secret:A=B"] {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
        assert!("root".parse::<Grant>().unwrap_err().contains("docker-socket"));
    }
}
