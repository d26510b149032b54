//! Passes indexes, proxies and certificates to an image build.
//!
//! They are secrets of BuildKit, which exist only while a line runs that mounts them, and are in no
//! layer, history or provenance of the build. Build arguments are in the last two, even those for
//! proxies, so they must not contain a password. Docker's client adds such arguments from its own
//! settings, unless they are given.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::podman::Dialect;
use super::{Docker, argv};
use crate::engine::{EngineError, endpoint};
use crate::env_vars::EnvVars;
use crate::environment::recipe::Dockerfile;
use crate::event::Event;
use crate::network::{Address, Network};
use crate::process::Invocation;
use crate::read::{self, SizeLimit};

/// The secret with a shell script that exports each variable.
const VARIABLES: &str = "network";
/// The secret with a file of certificates.
const CA_BUNDLE: &str = "ca";
/// The path of the certificates for a line that mounts them.
const CA_BUNDLE_INSIDE: &str = "/run/secrets/ca";
/// The variable from which docker's client reads the certificates.
const CA_BUNDLE_CARRIER: &str = "CARGO_PIPE_BUILD_CA";
/// The length of the longest value of a variable, with a margin for its name: `MAX_ARG_STRLEN` of Linux
/// limits both to 128 KiB.
const LONGEST_VARIABLE: usize = 127 * 1024;
/// The variable from which docker's client reads the first secret, so that it is on no disk.
const CARRIER: &str = "CARGO_PIPE_BUILD_NETWORK";

impl Docker<'_> {
    /// Adds the network settings to a build of this Dockerfile.
    pub(super) fn add_network(
        &self,
        invocation: &mut Invocation,
        dockerfile: &Dockerfile,
    ) -> Result<(), EngineError> {
        if dockerfile.own_context.is_some() {
            invocation.secrets = self.settings.network.secrets();
            self.add_proxies(invocation);
            return Ok(());
        }
        self.add_network_secrets(invocation)
    }

    /// Adds the network settings to a build of a generated Dockerfile.
    pub(super) fn add_network_secrets(
        &self,
        invocation: &mut Invocation,
    ) -> Result<(), EngineError> {
        let network = &self.settings.network;
        invocation.secrets = network.secrets();
        self.add_proxy_arguments(invocation, &BTreeMap::new());
        let has_bundle = self.add_ca_bundle(invocation)?;
        let inside = has_bundle.then_some(CA_BUNDLE_INSIDE);
        let script: String = network
            .variables(inside)
            .into_iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(&value)))
            .collect();
        if !script.is_empty() {
            invocation.env.push((CARRIER.into(), script));
            let secret = format!("id={VARIABLES},env={CARRIER}");
            invocation.args.extend(["--secret".into(), secret.into()]);
        }
        Ok(())
    }

    /// Passes the proxies without credentials to a build of the project's own Dockerfile.
    fn add_proxies(&self, invocation: &mut Invocation) {
        let network = &self.settings.network;
        let proxies = [("HTTP_PROXY", &network.http_proxy), ("HTTPS_PROXY", &network.https_proxy)];
        let mut values = BTreeMap::new();
        for (name, proxy) in proxies {
            let Some(proxy) = proxy else { continue };
            if proxy.has_credentials() {
                let message = format!(
                    "`{name}` contains a password, so the project's own Dockerfile is built without \
                     that proxy"
                );
                self.emitter.emit(&Event::Warning { message: &message });
                continue;
            }
            values.insert(name, Address::reveal(proxy));
        }
        values.extend(network.no_proxy.as_deref().map(|hosts| ("NO_PROXY", hosts)));
        self.add_proxy_arguments(invocation, &values);
    }

    /// Adds docker's predefined arguments for proxies, with these values by their names in upper case. The
    /// others are empty, so that docker's client does not add them.
    fn add_proxy_arguments(&self, invocation: &mut Invocation, values: &BTreeMap<&str, &str>) {
        for name in argv::PROXIES {
            let value = values.get(&*name.to_uppercase()).copied();
            // Podman's builder adds none from settings of docker's client.
            if value.is_some() || self.dialect == Dialect::Docker {
                let argument = format!("{name}={}", value.unwrap_or_default());
                invocation.args.extend(["--build-arg".into(), argument.into()]);
            }
        }
    }

    /// Adds the certificates, if there are any. Docker's client gets their text, because it may not see
    /// the file, unless they are too long for a variable.
    fn add_ca_bundle(&self, invocation: &mut Invocation) -> Result<bool, EngineError> {
        let Some(path) = &self.settings.ca_bundle else {
            return Ok(false);
        };
        let text = read::read_file(path, SizeLimit::Lock)
            .map_err(|error| EngineError::CaBundle { path: path.clone(), source: error.into() })?;
        let mut value = OsString::from(format!("id={CA_BUNDLE}"));
        let text = String::from_utf8(text).ok().filter(|text| text.len() < LONGEST_VARIABLE);
        match text {
            Some(text) => {
                invocation.env.push((CA_BUNDLE_CARRIER.into(), text));
                value.push(format!(",env={CA_BUNDLE_CARRIER}"));
            }
            None => {
                let mut field = OsString::from("src=");
                field.push(path);
                argv::push_field(&mut value, OsStr::new(&field));
            }
        }
        invocation.args.extend(["--secret".into(), value]);
        Ok(true)
    }
}

/// The proxies that the settings of docker's client have for the engine in use. They reach builds and
/// containers with a network.
pub(super) fn client_proxies(variables: &EnvVars) -> Network {
    let settings = endpoint::read_settings(variables);
    let proxies = &settings["proxies"];
    let of_engine = endpoint::address(variables).and_then(|address| proxies.get(address));
    let proxies = of_engine.unwrap_or(&proxies["default"]);
    let value = |key: &str| proxies[key].as_str().filter(|value| !value.is_empty());
    let proxy = |key: &str| {
        let text = value(key).or_else(|| value("allProxy"))?;
        Address::of_proxy(text).ok()
    };
    Network {
        http_proxy: proxy("httpProxy"),
        https_proxy: proxy("httpsProxy"),
        no_proxy: value("noProxy").map(str::to_owned),
        ..Network::default()
    }
}

/// Quotes a value for a shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxies_of_the_client_are_those_for_the_engine_in_use() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_str().unwrap();
        let settings = r#"{"proxies": {
            "default": {"httpProxy": "http://me:secret@one:1", "noProxy": "near"},
            "tcp://far:1": {"allProxy": "http://two:2", "httpsProxy": "http://three:3"}}}"#;
        std::fs::write(home.path().join("config.json"), settings).unwrap();
        let proxies = |host: &str| {
            let variables = EnvVars::from([("DOCKER_CONFIG", folder), ("DOCKER_HOST", host)]);
            let network = client_proxies(&variables);
            let shown = |proxy: Option<Address>| proxy.map(|proxy| proxy.reveal().to_owned());
            (shown(network.http_proxy), shown(network.https_proxy), network.no_proxy)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(proxies(""), (text("http://me:secret@one:1"), None, text("near")));
        let far = (text("http://two:2"), text("http://three:3"), None);
        assert_eq!(proxies("tcp://far:1"), far);
    }

    #[test]
    fn a_quoted_value_survives_a_shell() {
        assert_eq!(
            quoted("https://me:$x'\"@host/ https://b/"),
            r#"'https://me:$x'\''"@host/ https://b/'"#
        );
    }
}
