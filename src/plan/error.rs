//! Why there is no plan.
//!
//! Owns the sentences about names that are no check's, grants that are missing and fixes that there
//! are none of, each with what to do next. It must not decide any of that; [`super::plan`] does.

use std::collections::BTreeSet;

use crate::check::{CheckName, Grant, GrantRequest, Standing};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A name is neither a command nor a check.
    #[error("`{name}` is neither a command nor a check of this project")]
    UnknownCheck {
        /// The name.
        name: String,
        /// What to do instead.
        hint: String,
    },
    /// Checks ask for what nobody granted.
    #[error("{}", missing_grants(.0))]
    GrantsMissing(Vec<GrantRequest>),
    /// Fixes are wanted of checks that have none.
    #[error("{} nothing that fixes", nothing_fixes(checks))]
    NothingFixes {
        /// The checks.
        checks: Vec<CheckName>,
        /// The checks of the project that can fix.
        fixers: Vec<CheckName>,
    },
}

impl PlanError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            PlanError::UnknownCheck { hint, .. } => hint.clone(),
            PlanError::GrantsMissing(missing) => {
                let grants: BTreeSet<Grant> = missing.iter().map(|ask| ask.grant).collect();
                let flags: Vec<String> =
                    grants.iter().map(|grant| format!("--allow {grant}")).collect();
                format!(
                    "if you trust this project, run it again with `{}`;\n`cargo pipe trust` shows \
                     all it asks for, and grants that for good",
                    flags.join(" ")
                )
            }
            PlanError::NothingFixes { fixers, .. } if fixers.is_empty() => {
                "give a check of your own a command that fixes: `fix = [\"…\"]`".to_owned()
            }
            PlanError::NothingFixes { fixers, .. } => {
                format!("these checks can fix: {}", quoted(fixers))
            }
        }
    }
}

fn missing_grants(missing: &[GrantRequest]) -> String {
    missing.iter().map(missing_grant).collect::<Vec<_>>().join("\n")
}

fn missing_grant(ask: &GrantRequest) -> String {
    let GrantRequest { asker, grant, standing, .. } = ask;
    let asks = format!("{asker} asks for `{grant}`, which lets it {}", grant.meaning());
    match standing {
        Standing::New | Standing::Trusted => asks,
        Standing::Changed(parts) => {
            format!("{asks};\nthe request changed since it was trusted: {}", parts.join(", "))
        }
        Standing::Unbelieved(why) => format!("{asks};\nit may have been trusted, but {why}"),
    }
}

fn nothing_fixes(checks: &[CheckName]) -> String {
    match checks {
        [one] => format!("`{one}` has"),
        several => format!("{} have", quoted(several)),
    }
}

fn quoted(checks: &[CheckName]) -> String {
    checks.iter().map(|check| format!("`{check}`")).collect::<Vec<_>>().join(", ")
}
