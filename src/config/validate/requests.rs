//! Validation of the grants that a check requests, with the names of its secrets.

use std::collections::BTreeSet;

use super::super::ConfigError;
use super::super::layer::{CheckLayer, Text};
use super::check::tool_name;
use super::terms::{Terms, is_canonical};
use crate::check::{Grant, SecretName};
use crate::tools;

/// The grants that a check requests.
pub(super) fn requests(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
) -> Result<BTreeSet<Grant>, ConfigError> {
    let asked = [
        (&layer.network, Grant::Network),
        (&layer.docker_socket, Grant::DockerSocket),
        (&layer.writable, Grant::Writable),
    ];
    let asked = asked.into_iter().filter(|(wish, _)| wish.as_ref().is_some_and(|wish| wish.value));
    let secrets = secrets(terms, name, layer)?.into_iter().map(Grant::Secret);
    Ok(asked.map(|(_, grant)| grant).chain(secrets).collect())
}

/// The variables that a check requests as secrets. Only what runs code of the project gets any.
fn secrets(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
) -> Result<BTreeSet<SecretName>, ConfigError> {
    let mut secrets = BTreeSet::new();
    let Some(texts) = &layer.secrets else { return Ok(secrets) };
    if let Some(tool) = tool_name(name, layer).and_then(tools::find)
        && !tool.runs_project()
    {
        let message = format!("{} needs no secrets: it does not run the project", tool.name());
        return Err(terms.error(texts, message).with_hint("remove `secrets`"));
    }
    for text in &texts.value {
        // Another text may be a value.
        let secret = SecretName::new(&text.value).map_err(|_| {
            let message = "`secrets` contains a text that is not the name of a variable";
            terms.private_error(text, message).with_hint(
                "write a name, as in secrets = [\"API_TOKEN\"], and set the variable where cargo pipe runs",
            )
        })?;
        let in_env = layer.env.iter().flat_map(|env| env.value.keys());
        let is_set = in_env.into_iter().any(|other| other.value == text.value);
        let wrong = if is_canonical(&text.value) {
            "cargo pipe sets it to the same value everywhere"
        } else if is_set {
            "`env` sets it already"
        } else if secrets.contains(&secret) {
            "it is listed twice"
        } else {
            secrets.insert(secret);
            continue;
        };
        let message = format!("`{}` cannot be a secret: {wrong}", text.value);
        return Err(terms.error(text, message).with_hint("remove it from `secrets`"));
    }
    Ok(secrets)
}
