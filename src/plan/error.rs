//! The errors of planning: unknown checks, missing grants, and fixes that do not exist.

use std::collections::BTreeSet;

use crate::check::{Grant, GrantRequest, Standing, StepId};

/// The reason why a request cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A name is neither a command nor a check.
    #[error("unknown command or check `{name}`")]
    UnknownCheck {
        /// The name.
        name: String,
        /// Advice on what to type instead.
        hint: String,
    },
    /// A tool that the project does not use.
    #[error("this project does not use the check `{name}`")]
    UnusedTool {
        /// The name.
        name: String,
        /// The lines that switch it on.
        hint: String,
    },
    /// Checks ask for grants that were not given.
    #[error("{}", describe_all(.0))]
    GrantsMissing(Vec<GrantRequest>),
    /// None of the requested checks can fix.
    #[error("{} cannot fix anything", quoted(checks))]
    NothingFixes {
        /// The checks.
        checks: Vec<StepId>,
        /// The checks of the project that can fix.
        fixers: Vec<StepId>,
    },
    /// A command for one check got a name that several packages have.
    #[error("`{name}` names several checks")]
    SeveralSteps {
        /// The name.
        name: String,
        /// The checks that it means.
        steps: Vec<StepId>,
    },
}

impl PlanError {
    /// Advice on what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            PlanError::UnknownCheck { hint, .. } | PlanError::UnusedTool { hint, .. } => {
                hint.clone()
            }
            PlanError::GrantsMissing(missing) => {
                let grants: BTreeSet<Grant> = missing.iter().map(|ask| ask.grant.clone()).collect();
                let flags: Vec<String> =
                    grants.iter().map(|grant| format!("--allow {grant}")).collect();
                format!(
                    "if you trust this project, run it again with `{}`;\n`cargo pipe trust` shows \
                     everything that it asks for, and grants it permanently",
                    flags.join(" ")
                )
            }
            PlanError::NothingFixes { fixers, .. } if fixers.is_empty() => {
                "add a command that fixes to a check of your own: `fix = [\"…\"]`".to_owned()
            }
            PlanError::NothingFixes { fixers, .. } => {
                format!("these checks can fix: {}", quoted(fixers))
            }
            PlanError::SeveralSteps { steps, .. } => format!("name one of them: {}", quoted(steps)),
        }
    }
}

fn describe_all(missing: &[GrantRequest]) -> String {
    missing.iter().map(describe_missing).collect::<Vec<_>>().join("\n")
}

fn describe_missing(ask: &GrantRequest) -> String {
    let GrantRequest { asker, grant, standing, .. } = ask;
    let asks = format!("{asker} requests `{grant}`, which lets it {}", grant.meaning());
    match standing {
        Standing::New | Standing::Trusted => asks,
        Standing::Changed(parts) => {
            format!("{asks};\nthe request changed since it was trusted: {}", parts.join(", "))
        }
        Standing::Unbelieved(why) => format!("{asks};\nit may have been trusted, but {why}"),
    }
}

fn quoted(checks: &[StepId]) -> String {
    checks.iter().map(|check| format!("`{check}`")).collect::<Vec<_>>().join(", ")
}
