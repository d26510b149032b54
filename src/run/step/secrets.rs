//! The secrets of a step: read from the variables of the caller, and masked in what its tool says.
//!
//! The output of a job is masked as soon as it is captured. What is parsed from it is masked again,
//! because a parser decodes text.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix};
use crate::outcome::{Classified, Coverage, Reason, ReasonKind, TestSession, ToolStatus};
use crate::plan::Step;
use crate::run::Context;
use crate::secrets::{SecretVariables, Secrets};

/// Fails for a step that lacks the value of a secret.
pub(in crate::run) fn find_missing_secret(step: &Step) -> Result<(), Reason> {
    for (name, digest) in &step.secrets {
        if let Err(error) = digest {
            let message = format!("the secret `{name}` {error}");
            return Err(Reason::new(ReasonKind::Config, message).with_hint(error.hint(name)));
        }
    }
    Ok(())
}

impl Context<'_> {
    /// Reads the values of a step's secrets.
    pub(super) fn read_secrets(&self, step: &Step) -> Result<SecretVariables, Reason> {
        find_missing_secret(step)?;
        let mut values = BTreeMap::new();
        for name in step.secrets.keys() {
            let value = self.variables.get(name.as_str()).unwrap_or_default();
            values.insert(name.to_string(), value.to_owned());
        }
        Ok(SecretVariables::new(values))
    }
}

/// Masks secrets in everything that the output of a tool means.
pub(super) fn redact(secrets: &Secrets, mut classified: Classified) -> Classified {
    if secrets.is_empty() {
        return classified;
    }
    let Classified { status, findings, warnings, score: _, session } = &mut classified;
    if let ToolStatus::Failed(reason) = status {
        secrets.redact_in(&mut reason.message);
        reason.hint.iter_mut().for_each(|hint| secrets.redact_in(hint));
    }
    findings.iter_mut().for_each(|finding| redact_finding(secrets, finding));
    warnings.iter_mut().for_each(|warning| secrets.redact_in(warning));
    session.iter_mut().for_each(|session| redact_session(secrets, session));
    classified
}

fn redact_finding(secrets: &Secrets, finding: &mut Finding) {
    let Finding { place, code, rule, message, url, related, fix, test, .. } = finding;
    for text in [code, rule, message].into_iter().chain(url) {
        secrets.redact_in(text);
    }
    for place in std::iter::once(place).chain(related) {
        secrets.redact_in(&mut place.path);
    }
    if let Some(Fix { message, edits, .. }) = fix {
        secrets.redact_in(message);
        edits.iter_mut().for_each(|edit| secrets.redact_in(&mut edit.content));
    }
    test.iter_mut().for_each(|test| secrets.redact_in(&mut test.name));
}

fn redact_session(secrets: &Secrets, session: &mut TestSession) {
    let TestSession { passed, failed, coverage } = session;
    for names in [passed, failed] {
        let redacted: BTreeSet<String> =
            names.iter().map(|name| secrets.redact(name).into_owned()).collect();
        *names = redacted;
    }
    if let Some(Coverage { files, .. }) = coverage {
        files.iter_mut().for_each(|file| secrets.redact_in(&mut file.path));
    }
}
