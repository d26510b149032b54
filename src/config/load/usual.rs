//! The variables that installers and other programs have for the network.
//!
//! Owns which of them count and which goes first where several say one thing. Must not judge an
//! address: [`super::super::validate`] does, and a layer goes there. Values may hold passwords, so
//! nothing here tells one.

use super::super::layer::{NetworkLayer, Private, Value};
use super::EnvVars;

/// In the order in which the first that is set counts: the name that uv has today, the one it had
/// before, and pip's.
const INDEX: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];
const EXTRA_INDEX: [&str; 3] = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"];
/// `HTTP_PROXY` in capitals can be a header of a web server's client, so the small one goes first,
/// as it does in curl and pip.
const HTTP_PROXY: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const HTTPS_PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
const CA_BUNDLE: [&str; 4] = ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// What they say, and warnings about those that contradict each other.
pub(super) fn network(environment: &EnvVars) -> (NetworkLayer, Vec<String>) {
    let set = |names: &[&'static str]| -> Vec<(&'static str, String)> {
        let value = |name: &&'static str| Some((*name, environment.get(name)?.to_owned()));
        names.iter().filter_map(value).collect()
    };
    let private = |names: &[&'static str]| {
        let (name, value) = set(names).into_iter().next()?;
        Some(Value::named(name, Private(value)))
    };
    let index = set(&INDEX).into_iter().next();
    let index = index.map(|(name, value)| Value::named(name, Private(nameless(&value).to_owned())));
    let extra_index = set(&EXTRA_INDEX).into_iter().next().map(|(name, value)| {
        let address = |word: &str| Value::named(name, Private(nameless(word).to_owned()));
        Value::named(name, value.split_whitespace().map(address).collect())
    });
    let no_proxy = set(&NO_PROXY).into_iter().next().map(|(name, value)| {
        let hosts = value.split(',').map(str::trim).filter(|host| !host.is_empty());
        Value::named(name, hosts.map(|host| Value::named(name, host.to_owned())).collect())
    });
    let ca_bundle = set(&CA_BUNDLE).into_iter().next();
    let layer = NetworkLayer {
        index,
        extra_index,
        http_proxy: private(&HTTP_PROXY),
        https_proxy: private(&HTTPS_PROXY),
        no_proxy,
        ca_bundle: ca_bundle.map(|(name, path)| Value::named(name, path)),
    };
    let differing = [set(&INDEX), set(&EXTRA_INDEX)];
    (layer, differing.iter().filter_map(|set| warning(set)).collect())
}

/// uv allows a name before an address: `company=https://host/simple`.
fn nameless(written: &str) -> &str {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match written.split_once('=') {
        Some((name, address)) if is_name(name) => address,
        _ => written,
    }
}

/// That two variables for one thing differ, without what they say.
fn warning(set: &[(&'static str, String)]) -> Option<String> {
    let (used, value) = set.first()?;
    let (other, _) = set.iter().find(|(_, other)| nameless(other) != nameless(value))?;
    Some(format!("`{used}` and `{other}` name different indexes; `{used}` is used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<const N: usize>(variables: [(&str, &str); N]) -> (NetworkLayer, Vec<String>) {
        network(&EnvVars::from(variables))
    }

    fn text(value: Option<Value<Private>>) -> String {
        value.map(|value| value.value.0).unwrap_or_default()
    }

    #[test]
    fn the_variables_of_every_installer_count() {
        for name in INDEX {
            assert_eq!(text(said([(name, "https://a/")]).0.index), "https://a/", "{name}");
        }
        for name in EXTRA_INDEX {
            let list = said([(name, "https://a/  b=https://b/")]).0.extra_index.unwrap().value;
            let list: Vec<String> = list.into_iter().map(|one| one.value.0).collect();
            assert_eq!(list, ["https://a/", "https://b/"], "{name}");
        }
        for name in HTTP_PROXY {
            assert_eq!(text(said([(name, "p:1")]).0.http_proxy), "p:1", "{name}");
        }
        for name in HTTPS_PROXY {
            assert_eq!(text(said([(name, "p:1")]).0.https_proxy), "p:1", "{name}");
        }
        for name in CA_BUNDLE {
            assert_eq!(said([(name, "/ca.pem")]).0.ca_bundle.unwrap().value, "/ca.pem", "{name}");
        }
        for name in NO_PROXY {
            let hosts = said([(name, "a, .b,")]).0.no_proxy.unwrap().value;
            let hosts: Vec<String> = hosts.into_iter().map(|host| host.value).collect();
            assert_eq!(hosts, ["a", ".b"], "{name}");
        }
    }

    #[test]
    fn a_proxy_for_all_is_one_for_each() {
        let (layer, _) = said([("ALL_PROXY", "p:1"), ("HTTPS_PROXY", "q:2")]);
        assert_eq!((text(layer.http_proxy), text(layer.https_proxy)), ("p:1".into(), "q:2".into()));
    }

    #[test]
    fn installers_that_are_told_different_things_are_a_warning_without_them() {
        let (layer, warnings) =
            said([("PIP_INDEX_URL", "https://me:pass@a/"), ("UV_DEFAULT_INDEX", "x=https://b/")]);
        assert_eq!(text(layer.index), "https://b/");
        let told = "`UV_DEFAULT_INDEX` and `PIP_INDEX_URL` name different indexes; \
                    `UV_DEFAULT_INDEX` is used";
        assert_eq!(warnings, [told]);
        let agreeing =
            said([("PIP_INDEX_URL", "https://b/"), ("UV_DEFAULT_INDEX", "x=https://b/")]);
        assert!(agreeing.1.is_empty());
    }
}
