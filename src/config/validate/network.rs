//! Validation of the network settings.
//!
//! Credentials may come only from the variables of the user who runs cargo pipe, never from a
//! committed file. A proxy or CA bundle from a committed file is never used with them, because both
//! together can read encrypted traffic.

use std::path::PathBuf;

use super::super::ConfigError;
use super::super::layer::{NetworkLayer, Private, Text, Texts, Value, WrittenAt};
use super::terms::Terms;
use crate::network::{Address, CaBundle, Network};

/// Validates the network settings of all layers.
pub(super) fn validate(terms: &mut Terms<'_>, layer: NetworkLayer) -> Result<Network, ConfigError> {
    let index = |text: &Value<Private>| address(terms, text, Kind::Index);
    let proxy = |text: &Option<Value<Private>>| {
        text.as_ref().map(|text| address(terms, text, Kind::Proxy)).transpose()
    };
    let extra = layer.extra_index.iter().flat_map(|list| &list.value);
    let network = Network {
        index: layer.index.as_ref().map(index).transpose()?,
        extra_indexes: extra.map(index).collect::<Result<_, _>>()?,
        http_proxy: proxy(&layer.http_proxy)?,
        https_proxy: proxy(&layer.https_proxy)?,
        no_proxy: no_proxy(terms, layer.no_proxy.as_ref())?,
        ca_bundle: ca_bundle(terms, layer.ca_bundle.as_ref())?,
    };
    reject_interception(terms, &layer, &network)?;
    Ok(network)
}

#[derive(Clone, Copy)]
enum Kind {
    Index,
    Proxy,
}

fn address(terms: &Terms<'_>, text: &Value<Private>, kind: Kind) -> Result<Address, ConfigError> {
    let (what, variable, example) = match kind {
        Kind::Index => ("an index", "PIP_INDEX_URL", "https://packages.example/simple"),
        Kind::Proxy => ("a proxy", "HTTPS_PROXY", "http://proxy.example:3128"),
    };
    let read = match kind {
        Kind::Index => Address::of_index(&text.value.0),
        Kind::Proxy => Address::of_proxy(&text.value.0),
    };
    let address = read.map_err(|_| {
        let message = format!("invalid URL of {what}");
        terms
            .private_error(text, message)
            .with_hint(format!("expected a URL such as \"{example}\""))
    })?;
    if address.has_credentials() && is_committed(text) {
        let message = format!("the URL of {what} contains credentials, and this file is committed");
        return Err(terms.private_error(text, message).with_hint(format!(
            "remove them, set the whole URL in the variable `{variable}`, and revoke credentials that \
             were committed"
        )));
    }
    Ok(address)
}

fn no_proxy(terms: &Terms<'_>, hosts: Option<&Texts>) -> Result<Option<String>, ConfigError> {
    let hosts = terms.items(hosts);
    for host in &hosts {
        let unfit = |c: char| c == ',' || c.is_whitespace() || c.is_control();
        if host.value.is_empty() || host.value.contains(unfit) {
            let message = format!("invalid host: `{}`", host.value.escape_debug());
            return Err(terms.error(host, message).with_hint(
                "write each host as an item of the list, such as [\"localhost\", \".example\"]",
            ));
        }
    }
    let hosts: Vec<String> = hosts.into_iter().map(|host| host.value).collect();
    Ok((!hosts.is_empty()).then(|| hosts.join(",")))
}

/// A path from `pipe.toml` is in the project; a path from a variable is on the machine.
fn ca_bundle(terms: &mut Terms<'_>, path: Option<&Text>) -> Result<Option<CaBundle>, ConfigError> {
    path.map(|path| match path.place {
        WrittenAt::Name(variable) => {
            Ok(CaBundle::OfMachine { variable, path: PathBuf::from(&path.value) })
        }
        WrittenAt::Bytes(_) => terms.project_path(path).map(CaBundle::OfProject),
    })
    .transpose()
}

/// Rejects a proxy or CA bundle from the project for an index that the user has credentials for.
/// Anyone can propose a change to the project, and a proxy with its own certificates can read what is
/// encrypted.
fn reject_interception(
    terms: &Terms<'_>,
    layer: &NetworkLayer,
    network: &Network,
) -> Result<(), ConfigError> {
    let indexes = network.index.iter().chain(&network.extra_indexes);
    if !indexes.into_iter().any(Address::has_credentials) {
        return Ok(());
    }
    let explain = |error: ConfigError, variable: &str| {
        error.with_hint(format!(
            "set the variable `{variable}` as well: your credentials are sent only through proxies and \
             with certificates that your variables name"
        ))
    };
    let message = |what: &str| {
        format!(
            "the {what} of this project cannot be used with an index whose credentials come from your \
             variables"
        )
    };
    let proxies = [(&layer.https_proxy, "HTTPS_PROXY"), (&layer.http_proxy, "HTTP_PROXY")];
    for (proxy, variable) in proxies {
        if let Some(proxy) = proxy.as_ref().filter(|proxy| is_committed(proxy)) {
            return Err(explain(terms.error(proxy, message("proxy")), variable));
        }
    }
    match layer.ca_bundle.as_ref().filter(|path| is_committed(path)) {
        Some(path) => Err(explain(terms.error(path, message("CA bundle")), "SSL_CERT_FILE")),
        None => Ok(()),
    }
}

fn is_committed<T>(value: &Value<T>) -> bool {
    matches!(value.place, WrittenAt::Bytes(_))
}
