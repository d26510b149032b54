//! What a build is told of the network.
//!
//! Owns the way of indexes, proxies and certificates into a build: as secrets of BuildKit, which
//! exist while a line runs that mounts them and are in no layer, history, provenance or record of
//! a build. Build arguments are in the last two, those for proxies included, so they carry no
//! password. Must not know what an address is; [`crate::network`] does.

use std::ffi::{OsStr, OsString};
use std::fs::File;

use super::{Docker, argv};
use crate::engine::EngineError;
use crate::environment::recipe::Dockerfile;
use crate::event::Event;
use crate::network::Address;
use crate::process::Invocation;

/// The secret that is a shell script with an `export` for each variable.
const VARIABLES: &str = "network";
/// The secret that is a file of certificates.
const CA_BUNDLE: &str = "ca";
/// Where a line that mounts the certificates finds them.
const CA_BUNDLE_INSIDE: &str = "/run/secrets/ca";
/// The variable that docker's client reads the first secret from, so that no disk ever has it.
const CARRIER: &str = "CARGO_PIPE_BUILD_NETWORK";

impl Docker<'_> {
    /// Gives a build of this Dockerfile what it reaches packages by.
    pub(super) fn supply(
        &self,
        invocation: &mut Invocation,
        dockerfile: &Dockerfile,
    ) -> Result<(), EngineError> {
        if dockerfile.own_context.is_some() {
            invocation.secrets = self.settings.network.secrets();
            self.supply_strangers(invocation);
            return Ok(());
        }
        self.supply_ours(invocation)
    }

    /// The same for a build of a Dockerfile that is ours.
    pub(super) fn supply_ours(&self, invocation: &mut Invocation) -> Result<(), EngineError> {
        let network = &self.settings.network;
        invocation.secrets = network.secrets();
        let ca_bundle = self.ca_bundle()?;
        let inside = ca_bundle.as_ref().map(|_| CA_BUNDLE_INSIDE);
        let script: String = network
            .variables(inside)
            .into_iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(&value)))
            .collect();
        if let Some(source) = ca_bundle {
            invocation.args.extend(["--secret".into(), source]);
        }
        if !script.is_empty() {
            invocation.env.push((CARRIER, script));
            let secret = format!("id={VARIABLES},env={CARRIER}");
            invocation.args.extend(["--secret".into(), secret.into()]);
        }
        Ok(())
    }

    /// A Dockerfile of the project's own gets docker's predefined arguments for proxies, and no
    /// credentials.
    fn supply_strangers(&self, invocation: &mut Invocation) {
        let network = &self.settings.network;
        let proxies = [("HTTP_PROXY", &network.http_proxy), ("HTTPS_PROXY", &network.https_proxy)];
        for (name, proxy) in proxies {
            let Some(proxy) = proxy else { continue };
            if proxy.has_credentials() {
                let message = format!(
                    "the proxy has a password, so the project's own Dockerfile is built without it \
                     (`{name}`)"
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

    /// The certificates as a value of `--secret`.
    fn ca_bundle(&self) -> Result<Option<OsString>, EngineError> {
        let Some(path) = &self.settings.ca_bundle else {
            return Ok(None);
        };
        let readable = File::open(path).and_then(|file| file.metadata()).and_then(|it| {
            it.is_file().then_some(()).ok_or_else(|| std::io::ErrorKind::IsADirectory.into())
        });
        readable.map_err(|source| EngineError::CaBundle { path: path.clone(), source })?;
        let mut value = OsString::from(format!("id={CA_BUNDLE}"));
        let mut field = OsString::from("src=");
        field.push(path);
        argv::push_field(&mut value, OsStr::new(&field));
        Ok(Some(value))
    }
}

/// An argument that docker knows by itself, in both its spellings.
fn add_argument(invocation: &mut Invocation, name: &str, value: &str) {
    for name in [name.to_owned(), name.to_lowercase()] {
        invocation.args.extend(["--build-arg".into(), format!("{name}={value}").into()]);
    }
}

/// A value as a shell reads it back.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_is_quoted() {
        assert_eq!(
            quoted("https://me:$x'\"@host/ https://b/"),
            r#"'https://me:$x'\''"@host/ https://b/'"#
        );
    }
}
