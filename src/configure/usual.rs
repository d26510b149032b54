//! The variables of pip, uv, curl and other programs that configure the network.
//!
//! Decides which variables count, and which one wins where several configure the same thing. Values
//! may contain passwords, so no message here shows one.

use crate::config::layer::{NetworkLayer, Private, Value};
use crate::env_vars::EnvVars;

/// The first variable that is set counts: uv's current name, its earlier name, then pip's.
const INDEX: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];
const EXTRA_INDEX: [&str; 3] = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"];
/// A client of a web server can set `HTTP_PROXY` through a header, so the lower-case name goes
/// first, as in curl and pip.
const HTTP_PROXY: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const HTTPS_PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
const CA_BUNDLE: [&str; 4] = ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// Parses them into a layer, and returns warnings about those that contradict each other.
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
    let index =
        index.map(|(name, value)| Value::named(name, Private(strip_name(&value).to_owned())));
    let extra_index = set(&EXTRA_INDEX).into_iter().next().map(|(name, value)| {
        let address = |word: &str| Value::named(name, Private(strip_name(word).to_owned()));
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
    (layer, differing.iter().filter_map(|set| warn_of_difference(set)).collect())
}

/// Strips the name that uv allows before a URL: `company=https://host/simple`.
fn strip_name(written: &str) -> &str {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match written.split_once('=') {
        Some((name, address)) if is_name(name) => address,
        _ => written,
    }
}

/// Warns that two variables for the same thing differ, without their values.
fn warn_of_difference(set: &[(&'static str, String)]) -> Option<String> {
    let (used, value) = set.first()?;
    let (other, _) = set.iter().find(|(_, other)| strip_name(other) != strip_name(value))?;
    Some(format!("`{used}` and `{other}` name different indexes; `{used}` is used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<const N: usize>(variables: [(&str, &str); N]) -> (NetworkLayer, Vec<String>) {
        network(&EnvVars::from(variables))
    }

    fn text(value: Option<Value<Private>>) -> String {
        value.map(|value| value.value.0).unwrap_or_default()
    }

    #[test]
    fn the_variables_of_every_installer_count() {
        for name in INDEX {
            assert_eq!(text(parse([(name, "https://a/")]).0.index), "https://a/", "{name}");
        }
        for name in EXTRA_INDEX {
            let list = parse([(name, "https://a/  b=https://b/")]).0.extra_index.unwrap().value;
            let list: Vec<String> = list.into_iter().map(|one| one.value.0).collect();
            assert_eq!(list, ["https://a/", "https://b/"], "{name}");
        }
        for name in HTTP_PROXY {
            assert_eq!(text(parse([(name, "p:1")]).0.http_proxy), "p:1", "{name}");
        }
        for name in HTTPS_PROXY {
            assert_eq!(text(parse([(name, "p:1")]).0.https_proxy), "p:1", "{name}");
        }
        for name in CA_BUNDLE {
            assert_eq!(parse([(name, "/ca.pem")]).0.ca_bundle.unwrap().value, "/ca.pem", "{name}");
        }
        for name in NO_PROXY {
            let hosts = parse([(name, "a, .b,")]).0.no_proxy.unwrap().value;
            let hosts: Vec<String> = hosts.into_iter().map(|host| host.value).collect();
            assert_eq!(hosts, ["a", ".b"], "{name}");
        }
    }

    #[test]
    fn a_proxy_for_all_is_one_for_each() {
        let (layer, _) = parse([("ALL_PROXY", "p:1"), ("HTTPS_PROXY", "q:2")]);
        assert_eq!((text(layer.http_proxy), text(layer.https_proxy)), ("p:1".into(), "q:2".into()));
    }

    #[test]
    fn variables_that_differ_are_a_warning_without_their_values() {
        let (layer, warnings) =
            parse([("PIP_INDEX_URL", "https://me:pass@a/"), ("UV_DEFAULT_INDEX", "x=https://b/")]);
        assert_eq!(text(layer.index), "https://b/");
        let expected = "`UV_DEFAULT_INDEX` and `PIP_INDEX_URL` name different indexes; \
                    `UV_DEFAULT_INDEX` is used";
        assert_eq!(warnings, [expected]);
        let agreeing =
            parse([("PIP_INDEX_URL", "https://b/"), ("UV_DEFAULT_INDEX", "x=https://b/")]);
        assert!(agreeing.1.is_empty());
    }
}
