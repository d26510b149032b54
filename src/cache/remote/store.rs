//! The store behind a remote cache: an HTTP server with GET and PUT such as WebDAV, or S3.
//!
//! Errors are short texts without addresses: an address can have a password in it, and that of S3 a
//! signature.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::entry::MAX_ENTRY;
use crate::cache::Key;
use crate::env_vars::{CACHE_TOKEN, EnvVars};
use crate::read::{self, SizeLimit};

/// The time in which a connection must be there.
const CONNECT: Duration = Duration::from_secs(2);

/// How long the signed address of a request is valid.
const VALIDITY: Duration = Duration::from_secs(300);

/// A store of entries.
pub(crate) struct Store {
    address: Address,
    /// A file of certificates that replace the usual ones.
    authorities: Option<PathBuf>,
    /// What makes requests, from the first one on.
    agent: OnceLock<Agent>,
}

/// Where the entries are, and what opens the door.
enum Address {
    /// Below a URL, which ends with a slash.
    Web { base: Url, authorization: Option<String> },
    /// In a bucket, below a prefix that ends with a slash if there is one.
    S3 { bucket: Box<Bucket>, prefix: String, credentials: Option<Credentials> },
}

/// A request to make.
enum Request {
    Get,
    Put,
}

impl Store {
    /// The store of an address. `authorities` is a file of certificates that replace the usual ones.
    pub(crate) fn open(
        address: &str,
        variables: &EnvVars,
        authorities: Option<PathBuf>,
    ) -> Result<Store, String> {
        let address = Address::parse(address, variables)?;
        Ok(Store { address, authorities, agent: OnceLock::new() })
    }

    /// What makes requests.
    fn agent(&self) -> Result<&Agent, String> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let agent = make_agent(self.authorities.as_deref())?;
        Ok(self.agent.get_or_init(|| agent))
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> String {
        let url = match &self.address {
            Address::Web { base, .. } => base,
            Address::S3 { bucket, .. } => bucket.base_url(),
        };
        url.host_str().unwrap_or_default().to_owned()
    }

    /// Gets an entry; none if the store does not have it.
    pub(crate) fn get(&self, key: &Key, limit: Duration) -> Result<Option<Vec<u8>>, String> {
        let (url, authorization) = self.address.request(key, &Request::Get);
        let mut request = self.agent()?.get(url.as_str());
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        let request = request.config().timeout_global(Some(limit)).build();
        let mut response = request.call().map_err(|error| describe(&error))?;
        match response.status().as_u16() {
            200 => {
                let body = response.body_mut().with_config().limit(MAX_ENTRY as u64);
                Ok(Some(body.read_to_vec().map_err(|error| describe(&error))?))
            }
            404 | 410 => Ok(None),
            status => Err(format!("it answered with status {status}")),
        }
    }

    /// Stores an entry.
    pub(crate) fn put(&self, key: &Key, entry: &[u8], limit: Duration) -> Result<(), String> {
        let (url, authorization) = self.address.request(key, &Request::Put);
        let mut request = self.agent()?.put(url.as_str());
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        let request = request.config().timeout_global(Some(limit)).build();
        let response = request.send(entry).map_err(|error| describe(&error))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(format!("it answered with status {status} to a new entry")),
        }
    }
}

impl Address {
    fn parse(text: &str, variables: &EnvVars) -> Result<Address, String> {
        let mut url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.scheme() == "s3" {
            return Address::parse_s3(&url, variables);
        }
        refuse_plain(&url)?;
        let password = url.password().map(|password| format!("{}:{password}", url.username()));
        let basic = password.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
        let token = variables.get(CACHE_TOKEN).map(|token| format!("Bearer {token}"));
        let is_set = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
        if !is_set || url.query().is_some() || url.fragment().is_some() {
            return Err("expected an address without a query".to_owned());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Address::Web { base: url, authorization: token.or(basic) })
    }

    /// `s3://bucket/prefix`, with the variables that the programs of AWS use.
    fn parse_s3(url: &Url, variables: &EnvVars) -> Result<Address, String> {
        let first = |names: &[&str]| names.iter().find_map(|name| variables.get(name));
        let region = first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or("us-east-1").to_owned();
        let name = url.host_str().ok_or("expected `s3://BUCKET/PREFIX`")?.to_owned();
        let (endpoint, style) = match first(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
            Some(endpoint) => (endpoint.to_owned(), UrlStyle::Path),
            None => (format!("https://s3.{region}.amazonaws.com"), UrlStyle::VirtualHost),
        };
        let endpoint = Url::parse(&endpoint).map_err(|error| format!("the endpoint: {error}"))?;
        refuse_plain(&endpoint)?;
        let bucket =
            Bucket::new(endpoint, style, name, region).map_err(|error| error.to_string())?;
        let keys = [first(&["AWS_ACCESS_KEY_ID"]), first(&["AWS_SECRET_ACCESS_KEY"])];
        let credentials = match (keys, first(&["AWS_SESSION_TOKEN"])) {
            ([Some(id), Some(secret)], Some(token)) => {
                Some(Credentials::new_with_token(id, secret, token))
            }
            ([Some(id), Some(secret)], None) => Some(Credentials::new(id, secret)),
            _ => None,
        };
        let prefix = url.path().trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Address::S3 { bucket: Box::new(bucket), prefix, credentials })
    }

    /// The URL of an entry for a request, and the value of its header `Authorization`.
    fn request(&self, key: &Key, request: &Request) -> (Url, Option<&str>) {
        match self {
            Address::Web { base, authorization } => {
                let mut url = base.clone();
                url.set_path(&format!("{}{key}", base.path()));
                (url, authorization.as_deref())
            }
            Address::S3 { bucket, prefix, credentials } => {
                let (object, credentials) = (format!("{prefix}{key}"), credentials.as_ref());
                let url = match request {
                    Request::Get => bucket.get_object(credentials, &object).sign(VALIDITY),
                    Request::Put => bucket.put_object(credentials, &object).sign(VALIDITY),
                };
                (url, None)
            }
        }
    }
}

/// Makes what makes requests. It follows no redirect.
fn make_agent(authorities: Option<&Path>) -> Result<Agent, String> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = authorities {
        let pem = read::read_named_text(path, SizeLimit::Config);
        let pem = pem.map_err(|error| format!("its certificates: {error}"))?;
        let certificates = parse_pem(pem.as_bytes()).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
    }
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT))
        .user_agent(concat!("cargo-pipe/", env!("CARGO_PKG_VERSION")));
    Ok(config.build().new_agent())
}

/// Refuses an address without encryption, except on this machine: it would show passwords and results.
fn refuse_plain(url: &Url) -> Result<(), String> {
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        _ => Err("expected an address that begins with `https://` or `s3://`".to_owned()),
    }
}

/// Describes an error without the address.
fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "it refused the connection".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => "an entry is too large".to_owned(),
        ureq::Error::Io(error) => error.kind().to_string(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            "its certificate is not accepted".to_owned()
        }
        _ => "it does not speak HTTP as expected".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    /// What a request for an entry looks like, with `KEY` for the key.
    fn shown(address: &str, variables: EnvVars) -> Result<(String, Option<String>), String> {
        let key = Key::from_fingerprint(&Hash::of(b"one"));
        let address = Address::parse(address, &variables)?;
        let (url, authorization) = address.request(&key, &Request::Get);
        let (url, key) = (url.to_string(), key.to_string());
        Ok((url.replace(&key, "KEY"), authorization.map(str::to_owned)))
    }

    #[test]
    fn an_entry_is_below_the_address_and_a_password_is_in_a_header() {
        let plain = |text: &str| (text.to_owned(), None);
        let none = EnvVars::default;
        assert_eq!(shown("https://h/a", none()), Ok(plain("https://h/a/KEY")));
        assert_eq!(shown("https://h", none()), Ok(plain("https://h/KEY")));
        assert_eq!(
            shown("http://127.0.0.1:5000/a/", none()),
            Ok(plain("http://127.0.0.1:5000/a/KEY"))
        );
        let (url, authorization) = shown("https://u:p@h/a", none()).unwrap();
        assert_eq!(
            (url.as_str(), authorization.as_deref()),
            ("https://h/a/KEY", Some("Basic dTpw"))
        );
        let token = EnvVars::from([(CACHE_TOKEN, "t")]);
        assert_eq!(shown("https://h/a", token).unwrap().1.as_deref(), Some("Bearer t"));
    }

    #[test]
    fn an_address_of_s3_is_a_bucket_and_a_prefix() {
        let variables = EnvVars::from([
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "correct-horse"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        let (url, _) = shown("s3://team/pipe/", variables).unwrap();
        let expected = "https://team.s3.eu-central-1.amazonaws.com/pipe/KEY?X-Amz-Algorithm=";
        assert!(url.starts_with(expected) && !url.contains("correct-horse"), "{url}");
        let endpoint = EnvVars::from([("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")]);
        let (url, _) = shown("s3://team", endpoint).unwrap();
        assert_eq!(url, "http://127.0.0.1:5000/team/KEY");
    }

    #[test]
    fn an_address_without_encryption_is_refused_except_here() {
        for address in ["http://h/a", "ftp://h", "h", "", "file:///etc", "https://h/?a=b"] {
            assert!(shown(address, EnvVars::default()).is_err(), "{address}");
        }
        let endpoint = EnvVars::from([("AWS_ENDPOINT_URL", "http://example.org")]);
        assert!(shown("s3://team", endpoint).is_err());
    }
}
