//! The name of a variable that a check requests as a secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an environment variable of the caller whose value a check gets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// A text that is not the name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid variable name: `{}`", .0.escape_debug())]
pub struct SecretNameError(String);

impl SecretName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// When it has other characters than letters, digits and `_`, begins with a digit, or is longer
    /// than 128 characters.
    pub fn new(text: &str) -> Result<Self, SecretNameError> {
        match is_variable_name(text) && text.len() <= 128 {
            true => Ok(SecretName(text.to_owned())),
            false => Err(SecretNameError(text.to_owned())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text can name an environment variable in every shell.
pub(crate) fn is_variable_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl fmt::Display for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for SecretName {
    type Error = SecretNameError;

    fn try_from(text: String) -> Result<Self, SecretNameError> {
        Self::new(&text)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> String {
        name.0
    }
}
