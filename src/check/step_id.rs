//! The identity of a step: a check, in a package, for a Python.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CheckName, NameError};

/// The identity of a step, spelled `package:check@python`, such as `core:lint@3.12`.
///
/// The package and the Python are left out where the project has only one, so the step of a check is
/// spelled like the check itself. Plans, reports, baselines, caches and CI jobs all use this spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct StepId {
    package: Option<String>,
    check: CheckName,
    python: Option<String>,
    spelled: String,
}

/// The reason why a text does not identify a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepIdError {
    /// The name of the check is not valid.
    #[error(transparent)]
    Check(#[from] NameError),
    /// The name of the package is not valid.
    #[error(
        "invalid package name `{0}`: it must consist of letters, digits, `.`, `_` and `-`, and begin \
         with a letter or digit"
    )]
    Package(String),
    /// The version of Python is not valid.
    #[error("invalid Python version `{0}`: it must be a version such as `3.12` or `3.13t`")]
    Python(String),
}

impl StepId {
    /// The step of a check in a package, for a Python.
    ///
    /// # Errors
    ///
    /// When the package's name has other characters than ASCII letters, digits, `.`, `_` and `-`, or
    /// does not begin with a letter or digit; when the version of Python does not begin with a digit,
    /// or has other characters than lowercase letters, digits and `.`.
    pub fn new(
        package: Option<&str>,
        check: CheckName,
        python: Option<&str>,
    ) -> Result<Self, StepIdError> {
        if let Some(package) = package
            && !StepId::is_package(package)
        {
            return Err(StepIdError::Package(package.to_owned()));
        }
        if let Some(python) = python
            && !is_python(python)
        {
            return Err(StepIdError::Python(python.to_owned()));
        }
        let mut spelled = String::new();
        if let Some(package) = package {
            spelled = format!("{package}:");
        }
        spelled.push_str(check.as_str());
        if let Some(python) = python {
            spelled = format!("{spelled}@{python}");
        }
        let [package, python] = [package, python].map(|part| part.map(str::to_owned));
        Ok(StepId { package, check, python, spelled })
    }

    /// The parts of a text like a spelling: the package, the check and the version of Python.
    pub(crate) fn split(text: &str) -> (Option<&str>, &str, Option<&str>) {
        let (package, rest) = match text.split_once(':') {
            Some((package, rest)) => (Some(package), rest),
            None => (None, text),
        };
        let (check, python) = match rest.split_once('@') {
            Some((check, python)) => (check, Some(python)),
            None => (rest, None),
        };
        (package, check, python)
    }

    /// Whether a text can be the name of a package.
    #[must_use]
    pub fn is_package(text: &str) -> bool {
        text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    }

    /// The package; none where the project has only one.
    #[must_use]
    pub fn package(&self) -> Option<&str> {
        self.package.as_deref()
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> &CheckName {
        &self.check
    }

    /// The version of Python; none where the project has only one.
    #[must_use]
    pub fn python(&self) -> Option<&str> {
        self.python.as_deref()
    }

    /// The spelling, such as `core:lint@3.12`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The spelling for names of files, containers and artifacts, which may not contain `:` or `@`:
    /// `core_lint_3.12`.
    ///
    /// Different steps have different names: a check has no `_` and does not begin with a digit, and a
    /// version has no `_` and begins with a digit.
    #[must_use]
    pub fn to_file_name(&self) -> String {
        to_file_name(&self.spelled)
    }
}

/// Replaces the characters of a step or package that names of files may not contain.
pub(crate) fn to_file_name(spelled: &str) -> String {
    spelled.replace([':', '@'], "_")
}

fn is_python(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase() || c == '.')
}

impl From<CheckName> for StepId {
    /// The step of a check in a project of one package and one Python.
    fn from(check: CheckName) -> StepId {
        let spelled = check.to_string();
        StepId { package: None, check, python: None, spelled }
    }
}

impl FromStr for StepId {
    type Err = StepIdError;

    fn from_str(text: &str) -> Result<Self, StepIdError> {
        let (package, check, python) = StepId::split(text);
        StepId::new(package, CheckName::new(check)?, python)
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.spelled)
    }
}

impl TryFrom<String> for StepId {
    type Error = StepIdError;

    fn try_from(text: String) -> Result<Self, StepIdError> {
        text.parse()
    }
}

impl From<StepId> for String {
    fn from(id: StepId) -> String {
        id.spelled
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_spelling_reads_back() {
        for (text, package, python) in [
            ("lint", None, None),
            ("core:lint", Some("core"), None),
            ("lint@3.12", None, Some("3.12")),
            ("My_Pkg.core-2:lint@3.13t", Some("My_Pkg.core-2"), Some("3.13t")),
        ] {
            let id: StepId = text.parse().unwrap();
            assert_eq!((id.package(), id.check().as_str(), id.python()), (package, "lint", python));
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<StepId>(&format!("\"{text}\"")).unwrap(), id);
        }
    }

    #[test]
    fn a_check_alone_is_spelled_like_its_name() {
        let name = CheckName::new("lint").unwrap();
        assert_eq!(StepId::from(name.clone()), "lint".parse().unwrap());
        assert_eq!(StepId::from(name.clone()).as_str(), name.as_str());
    }

    #[test]
    fn a_text_that_identifies_no_step_is_refused() {
        for text in [
            "",
            ":lint",
            "core:",
            "a b:lint",
            "-x:lint",
            "lint@",
            "lint@x",
            "lint@3.12@3.13",
            "a:b:lint",
            "core/x:lint",
            "lint@3/12",
            "run-all",
            "core:run-all",
        ] {
            assert!(text.parse::<StepId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn different_steps_have_different_names_of_files() {
        let ids = [
            "lint",
            "lint@3.12",
            "core:lint",
            "core:lint@3.12",
            "core_lint:lint",
            "a_b:lint",
            "a:lint-b",
            "a.b:lint",
            "a-b:lint",
            "core_lint_3.12:lint",
            "core:lint@3.1",
        ];
        let names: BTreeSet<String> =
            ids.iter().map(|id| id.parse::<StepId>().unwrap().to_file_name()).collect();
        assert_eq!(names.len(), ids.len());
        assert!(names.contains("core_lint_3.12"));
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(names.iter().all(|name| name.chars().all(is_allowed)), "{names:?}");
    }
}
