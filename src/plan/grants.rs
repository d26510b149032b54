//! What the steps of a plan ask for beyond the sandbox.
//!
//! Owns which of a project's asks concern a step. Must not know how they were found, or who is told
//! when one is missing: the plan refuses, except for the grant that only an engine without a sandbox
//! asks for.

use super::Step;
use crate::check::{Grant, GrantRequest, Requester, Standing};
use crate::config::Config;

/// What a step asks for: for itself, and by the Dockerfile of its environment.
pub(super) fn asks_of(config: &Config, asks: &[GrantRequest], step: &Step) -> Vec<GrantRequest> {
    let own = step.grants.iter().map(|grant| {
        let asker = Requester::Check(step.check.clone());
        let known = asks.iter().find(|ask| ask.asker == asker && ask.grant == *grant);
        known.cloned().unwrap_or_else(|| GrantRequest::new(asker, *grant, String::new()))
    });
    let of_project = asks
        .iter()
        .filter(|ask| ask.asker == Requester::Project && step.environment.has_dockerfile(config));
    own.chain(of_project.cloned()).collect()
}

/// Whether a step may run code of the project's own on this machine as it is.
pub(super) fn has_host(config: &Config, asks: &[GrantRequest], step: &Step) -> bool {
    let asker = Requester::Check(step.check.clone());
    let is_trusted = |ask: &GrantRequest| {
        ask.asker == asker && ask.grant == Grant::Host && ask.standing == Standing::Trusted
    };
    config.allow.contains(&Grant::Host) || asks.iter().any(is_trusted)
}
