//! Passes indexes, proxies and certificates to an image build.
//!
//! They are secrets of BuildKit, which exist only while a line runs that mounts them, and are in no
//! layer, history or provenance of the build. Build arguments are in the last two, even those for
//! proxies, so they must not contain a password.

use std::ffi::{OsStr, OsString};

use super::{Docker, argv};
use crate::engine::EngineError;
use crate::environment::recipe::Dockerfile;
use crate::event::Event;
use crate::network::Address;
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
        let has_bundle = self.add_ca_bundle(invocation)?;
        let inside = has_bundle.then_some(CA_BUNDLE_INSIDE);
        let script: String = network
            .variables(inside)
            .into_iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(&value)))
            .collect();
        if !script.is_empty() {
            invocation.env.push((CARRIER, script));
            let secret = format!("id={VARIABLES},env={CARRIER}");
            invocation.args.extend(["--secret".into(), secret.into()]);
        }
        Ok(())
    }

    /// Adds docker's predefined proxy arguments, without credentials, to a build of the project's
    /// own Dockerfile.
    fn add_proxies(&self, invocation: &mut Invocation) {
        let network = &self.settings.network;
        let proxies = [("HTTP_PROXY", &network.http_proxy), ("HTTPS_PROXY", &network.https_proxy)];
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
            add_argument(invocation, name, Address::reveal(proxy));
        }
        if let Some(hosts) = &network.no_proxy {
            add_argument(invocation, "NO_PROXY", hosts);
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
                invocation.env.push((CA_BUNDLE_CARRIER, text));
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

/// Adds one of docker's predefined arguments, in upper and lower case.
fn add_argument(invocation: &mut Invocation, name: &str, value: &str) {
    for name in [name.to_owned(), name.to_lowercase()] {
        invocation.args.extend(["--build-arg".into(), format!("{name}={value}").into()]);
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
    fn a_quoted_value_survives_a_shell() {
        assert_eq!(
            quoted("https://me:$x'\"@host/ https://b/"),
            r#"'https://me:$x'\''"@host/ https://b/'"#
        );
    }
}
