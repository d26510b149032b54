//! The addresses of package indexes and proxies, which may contain passwords.

use std::borrow::Cow;
use std::fmt;

use fluent_uri::Uri;
use fluent_uri::pct_enc::encoder::Userinfo;
use fluent_uri::pct_enc::{EStr, EString};

use crate::secrets::HIDDEN;

/// The shortest password that is searched for by itself. A shorter one may be a part of any word;
/// it is hidden where it stands in an address.
const TELLING: usize = 6;

/// The URL of an index or a proxy. Displayed without its credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Uri<String>);

/// An invalid [`Address`]. Does not contain the text, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid URL")]
pub struct AddressError;

impl Address {
    /// Parses the URL of an index: `https://host/simple`.
    ///
    /// # Errors
    ///
    /// When it is not a URL over http or https.
    pub fn of_index(text: &str) -> Result<Address, AddressError> {
        Address::read(text, &["http", "https"])
    }

    /// Parses the URL of a proxy: `http://host:3128` or `host:3128`.
    ///
    /// # Errors
    ///
    /// When it is not the URL of a proxy.
    pub fn of_proxy(text: &str) -> Result<Address, AddressError> {
        let whole = match text.contains("://") {
            true => Cow::Borrowed(text),
            false => Cow::Owned(format!("http://{text}")),
        };
        Address::read(&whole, &["http", "https", "socks4", "socks5", "socks5h"])
    }

    fn read(text: &str, schemes: &[&str]) -> Result<Address, AddressError> {
        let uri = Uri::parse(encode_credentials(text.trim())).map_err(|_| AddressError)?;
        let has_host = uri.authority().is_some_and(|authority| !authority.host().is_empty());
        let address = Address(uri);
        match has_host && address.is_over(schemes) {
            true => Ok(address),
            false => Err(AddressError),
        }
    }

    pub(super) fn is_over(&self, schemes: &[&str]) -> bool {
        schemes.iter().any(|scheme| self.0.scheme().as_str().eq_ignore_ascii_case(scheme))
    }

    /// The host, with its port if it has one.
    pub(super) fn host(&self) -> Option<&str> {
        let authority = self.0.authority()?.as_str();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Some(host.trim_end_matches(':'))
    }

    /// The name and the password, percent-encoded.
    fn credentials(&self) -> (&EStr<Userinfo>, Option<&EStr<Userinfo>>) {
        let info = self.0.authority().and_then(|authority| authority.userinfo());
        let info = info.unwrap_or(EStr::EMPTY);
        info.split_once(':').map_or((info, None), |(name, password)| (name, Some(password)))
    }

    /// The URL with its credentials. Only for the environment of an installer.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it contains a user name or a password.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.credentials() != (EStr::EMPTY, None)
    }

    /// The password, or a user name without one, which is a token: as written, and decoded.
    pub(super) fn add_secrets(&self, secrets: &mut Vec<String>) {
        let (name, password) = self.credentials();
        let (secret, written) = match password {
            Some(password) => (password, format!(":{password}@")),
            None => (name, format!("{name}@")),
        };
        if secret.is_empty() {
            return;
        }
        let encoded = secret.as_str().to_owned();
        let decoded = secret.decode().to_string_lossy().into_owned();
        secrets.push(written);
        secrets.extend([encoded, decoded].into_iter().filter(|it| it.len() >= TELLING));
    }
}

/// Percent-encodes what may not stand in the name and password of an address, because people write
/// passwords there as they are. Name and password end at the last `@`, as for pip. An octet that is
/// encoded already stays.
fn encode_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some((info, host)) = authority.rsplit_once('@') else { return text.to_owned() };
    let parts = info.split('%').map(|part| {
        let mut encoded = EString::<Userinfo>::new();
        encoded.encode_str::<Userinfo>(part);
        encoded.into_string()
    });
    let info = parts.collect::<Vec<String>>().join("%");
    format!("{scheme}://{info}@{host}{path}")
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.as_str();
        match whole.split_once("://") {
            Some((scheme, rest)) if self.has_credentials() => {
                let (_, host) = rest.split_once('@').unwrap_or(("", rest));
                write!(formatter, "{scheme}://{HIDDEN}@{host}")
            }
            _ => formatter.write_str(whole),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
