//! The rules about the network.
//!
//! Owns what is an address here, and where credentials may come from: the variables of whoever runs
//! cargo pipe, never a file that is committed, and they travel by no way that such a file chose.
//! Must not know what reads a [`Network`].

use std::path::PathBuf;

use super::super::ConfigError;
use super::super::layer::{NetworkLayer, Private, Text, Texts, Value, WrittenAt};
use super::terms::Terms;
use crate::network::{Address, CaBundle, Network};

/// Reads what all layers say of the network.
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
    lead_astray(terms, &layer, &network)?;
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
        let message = format!("this is no address of {what}");
        terms.private_error(text, message).with_hint(format!("write it like \"{example}\""))
    })?;
    if address.has_credentials() && is_committed(text) {
        let message = format!("there are credentials in the address of {what}, in a file for all");
        return Err(terms.private_error(text, message).with_hint(format!(
            "take them out, and set the whole address in `{variable}`, where only you see it; \
             credentials that were committed are known, so have new ones made"
        )));
    }
    Ok(address)
}

fn no_proxy(terms: &Terms<'_>, hosts: Option<&Texts>) -> Result<Option<String>, ConfigError> {
    let hosts = terms.items(hosts);
    for host in &hosts {
        let unfit = |c: char| c == ',' || c.is_whitespace() || c.is_control();
        if host.value.is_empty() || host.value.contains(unfit) {
            let message = format!("`{}` is no host", host.value.escape_debug());
            return Err(terms
                .error(host, message)
                .with_hint("write each by itself: [\"localhost\", \".example\"]"));
        }
    }
    let hosts: Vec<String> = hosts.into_iter().map(|host| host.value).collect();
    Ok((!hosts.is_empty()).then(|| hosts.join(",")))
}

/// A file of the project is one that it brings; a variable names one of the machine.
fn ca_bundle(terms: &mut Terms<'_>, path: Option<&Text>) -> Result<Option<CaBundle>, ConfigError> {
    path.map(|path| match path.place {
        WrittenAt::Name(variable) => {
            Ok(CaBundle::OfMachine { variable, path: PathBuf::from(&path.value) })
        }
        WrittenAt::Bytes(_) => terms.project_path(path).map(CaBundle::OfProject),
    })
    .transpose()
}

/// A proxy and certificates together read what is encrypted. So a project, which anybody may propose
/// a change to, names neither for the credentials of whoever runs it.
fn lead_astray(
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
            "set `{variable}` as well: credentials travel only as whoever has them says"
        ))
    };
    let message = |what: &str| {
        format!(
            "this project's {what} is not used with an index that your variables have a password for"
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
