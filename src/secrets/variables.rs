//! The variables of the caller that a check gets: their values, and what a fingerprint has of them.

use std::collections::BTreeMap;
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};

use super::Secrets;
use super::visible::{Escapes, Visible};
use crate::check::SecretName;
use crate::hash::{Hash, HashBuilder};

/// The number of visible characters that one line of a value has at least. A shorter text cannot be
/// masked, because it is a part of other texts as well.
pub const MIN_LENGTH: usize = 8;

/// The number of bytes that a value has at most, which is that of GitHub.
const MAX_LENGTH: usize = 48 * 1024;

/// The memory in KiB and the passes of a digest: the first choice of OWASP's cheat sheet for passwords
/// (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).
const COST: (u32, u32) = (19 * 1024, 2);

/// The reason why a variable cannot be the secret of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set, or is empty.
    #[error("is not set, or is empty")]
    Missing,
    /// Its value cannot be masked.
    #[error("is too short to be masked: it needs a line of at least {MIN_LENGTH} characters")]
    Short,
    /// Its value is not masked in a bounded time.
    #[error("is longer than {} KiB", MAX_LENGTH / 1024)]
    Long,
}

impl SecretError {
    /// Advice on what to do next.
    #[must_use]
    pub fn hint(self, name: &SecretName) -> String {
        match self {
            SecretError::Missing => format!(
                "set it where cargo pipe runs; a CI job gets it from a variable or secret named \
                 `{name}`, which a merge request from a fork does not have"
            ),
            SecretError::Short => "use a longer value, such as a generated token".to_owned(),
            SecretError::Long => "pass a shorter value, such as the key to a longer one".to_owned(),
        }
    }
}

/// Validates the value of a secret.
///
/// # Errors
///
/// When it is missing, or cannot be masked.
pub fn validate(value: Option<&str>) -> Result<&str, SecretError> {
    let value = value.ok_or(SecretError::Missing)?;
    if value.len() > MAX_LENGTH {
        return Err(SecretError::Long);
    }
    let length = |line: &str| Visible::of(line, Escapes::Shown).text().chars().count();
    match value.lines().any(|line| length(line) >= MIN_LENGTH) {
        true => Ok(value),
        false => Err(SecretError::Short),
    }
}

/// The part of a fingerprint that stands for a value: Argon2id over it, with its name as the salt.
///
/// Two machines with the same value must have the same fingerprint, so that the key cannot be a secret
/// of one of them. Instead, each guess of a value takes as long as the digest itself.
#[must_use]
pub fn digest(name: &SecretName, value: &str) -> Hash {
    let salt = HashBuilder::new("secret").with(name.as_str()).hash();
    let mut key = [0; 32];
    let (memory, passes) = COST;
    let params = Params::new(memory, passes, 1, Some(key.len()));
    params
        .and_then(|params| {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_into(value.as_bytes(), salt.as_ref(), &mut key)
        })
        .unwrap_or_else(|error| unreachable!("the cost and the lengths are constants: {error}"));
    HashBuilder::new("secret value").with(key).hash()
}

/// The variables of the caller that one check gets, with their values.
#[derive(Clone, Default)]
pub struct SecretVariables {
    values: BTreeMap<String, String>,
    secrets: Secrets,
}

impl SecretVariables {
    /// The variables with these names and values.
    #[must_use]
    pub fn new(values: BTreeMap<String, String>) -> SecretVariables {
        let secrets = match values.is_empty() {
            true => Secrets::default(),
            false => Secrets::of_values(values.values().map(String::as_str)),
        };
        SecretVariables { values, secrets }
    }

    /// The names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Masks the values.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// Shows only the names.
impl fmt::Debug for SecretVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}
