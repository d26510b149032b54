//! Reads the settings of git that decide how contents are checked out.

use std::path::{Path, PathBuf};

use crate::env_vars::EnvVars;
use crate::git::GitError;
use crate::git::hook_index::HookIndex;
use crate::git::line_ends::{AutoCrlf, LineEndSettings};
use crate::git::program::Git;
use crate::hash::{Hash, HashBuilder};
use crate::read::{self, SizeLimit};

/// The settings of git that decide how contents are checked out.
#[derive(Debug, Default)]
pub(super) struct CheckoutConfig {
    pub(super) settings: LineEndSettings,
    /// The file with attributes of the user, as it is configured.
    attributes: Option<String>,
    /// All of it.
    text: Vec<u8>,
}

/// Reads the settings of the repository, the user and the system.
pub(super) fn read_config(git: &Git<'_>) -> Result<CheckoutConfig, GitError> {
    let names = r"^core\.(autocrlf|eol|attributesfile)$";
    let output = git.query(["config", "-z", "--get-regexp", names])?;
    let mut config = CheckoutConfig::default();
    // Its exit status is 1 if nothing is set.
    if !matches!(output.code, 0 | 1) {
        return Err(GitError::Git("cannot read the configuration of git".to_owned()));
    }
    for entry in output.stdout.split(|byte| *byte == 0) {
        let text = String::from_utf8_lossy(entry);
        let (name, value) = text.split_once('\n').unwrap_or((&text, "true"));
        match name {
            "core.autocrlf" => {
                config.settings.auto = match value.to_ascii_lowercase().as_str() {
                    "input" => AutoCrlf::Input,
                    "true" | "yes" | "on" => AutoCrlf::On,
                    number => match number.parse() {
                        Ok(0) | Err(_) => AutoCrlf::Off,
                        Ok(1_i64..) | Ok(..0) => AutoCrlf::On,
                    },
                };
            }
            "core.eol" => config.settings.is_crlf = value.eq_ignore_ascii_case("crlf"),
            "core.attributesfile" => config.attributes = Some(value.to_owned()),
            _ => {}
        }
    }
    config.text = output.stdout;
    Ok(config)
}

/// The hash of everything but a file itself that decides how its content is checked out.
pub(super) fn hash_conversion(
    variables: &EnvVars,
    index: &HookIndex,
    config: &CheckoutConfig,
    attributes: &[(String, String)],
) -> Hash {
    let home = variables.get("HOME").unwrap_or_default();
    let users = match &config.attributes {
        Some(path) => path
            .strip_prefix("~/")
            .map_or_else(|| PathBuf::from(path), |below| Path::new(home).join(below)),
        None => variables
            .get("XDG_CONFIG_HOME")
            .map_or_else(|| Path::new(home).join(".config"), PathBuf::from)
            .join("git/attributes"),
    };
    let mut hash = HashBuilder::new("conversion").with(&config.text);
    for file in [index.common().join("info/attributes"), users] {
        hash = hash.with(read::read_file(&file, SizeLimit::Config).unwrap_or_default());
    }
    for (path, id) in attributes {
        hash = hash.with(path).with(id);
    }
    hash.hash()
}
