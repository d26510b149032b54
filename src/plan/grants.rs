//! The grants that a step needs beyond the sandbox.

use super::Step;
use crate::check::{Grant, GrantRequest, Requester, Standing};
use crate::config::Config;

/// The requests of a step: its own, and those of the Dockerfile that its environment is built from.
pub(super) fn requests_of(
    config: &Config,
    asks: &[GrantRequest],
    step: &Step,
) -> Vec<GrantRequest> {
    let own = step.grants.iter().map(|grant| {
        let asker = Requester::Check(step.id.clone());
        let known = asks.iter().find(|ask| ask.asker == asker && ask.grant == *grant);
        known.cloned().unwrap_or_else(|| GrantRequest::new(asker, grant.clone(), String::new()))
    });
    let of_project = asks
        .iter()
        .filter(|ask| ask.asker == Requester::Project && ask.grant == Grant::Dockerfile)
        .filter(|_| step.environment.has_dockerfile(config));
    own.chain(of_project.cloned()).collect()
}

/// Whether a step may run code of the project's own on this machine without a sandbox.
pub(super) fn has_host(config: &Config, asks: &[GrantRequest], step: &Step) -> bool {
    let asker = Requester::Check(step.id.clone());
    let is_trusted = |ask: &GrantRequest| {
        ask.asker == asker && ask.grant == Grant::Host && ask.standing == Standing::Trusted
    };
    config.allow.contains(&Grant::Host) || asks.iter().any(is_trusted)
}
