//! Network settings of installers: package indexes, proxies, certificates.
//!
//! An engine passes [`Network::variables`] to the installer, and masks [`Network::secrets`] in its
//! output. None of the settings is an ingredient of a fingerprint, because a locked file has the same
//! hash wherever it comes from.

mod address;

use std::path::{Path, PathBuf};

use crate::project::ProjectPath;
use crate::secrets::Secrets;

pub use address::{Address, AddressError};

/// Variables that make pip and uv ignore the user's settings, and make uv use the certificates of the
/// machine, as pip does.
pub const ALONE: [(&str, &str); 4] = [
    ("PIP_CONFIG_FILE", "/dev/null"),
    ("UV_NO_CONFIG", "1"),
    // The old name of the variable alone is a warning in newer releases of uv.
    ("UV_SYSTEM_CERTS", "true"),
    ("UV_NATIVE_TLS", "true"),
];

/// Network settings of installers. A setting that is none is left to the installer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Network {
    /// The package index that replaces the public one.
    pub index: Option<Address>,
    /// Further package indexes.
    pub extra_indexes: Vec<Address>,
    /// The proxy for `http:` URLs.
    pub http_proxy: Option<Address>,
    /// The proxy for `https:` URLs.
    pub https_proxy: Option<Address>,
    /// The hosts that are accessed without a proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// The certificate authorities that replace the system's.
    pub ca_bundle: Option<CaBundle>,
}

/// A file of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaBundle {
    /// A file of the project.
    OfProject(ProjectPath),
    /// A file of the machine, named by a variable.
    OfMachine {
        /// The variable.
        variable: &'static str,
        /// The file, relative to the working directory.
        path: PathBuf,
    },
}

impl CaBundle {
    /// The absolute path on this machine.
    #[must_use]
    pub fn on_disk(&self, root: &Path) -> PathBuf {
        match self {
            CaBundle::OfProject(path) => path.on_disk(root),
            CaBundle::OfMachine { path, .. } => path.clone(),
        }
    }
}

impl Network {
    /// The variables for pip, uv and other programs that use proxies. `ca_bundle` is the path at
    /// which the program finds [`Network::ca_bundle`].
    ///
    /// They contain credentials: mask [`Network::secrets`] in the output of a program that gets them.
    #[must_use]
    pub fn variables(&self, ca_bundle: Option<&str>) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        let mut set = |names: &[&'static str], value: Option<String>| {
            let value = value.filter(|value| !value.is_empty());
            variables.extend(names.iter().filter_map(|name| Some((*name, value.clone()?))));
        };
        let reveal =
            |address: &Option<Address>| address.as_ref().map(|address| address.reveal().to_owned());
        set(&["PIP_INDEX_URL", "UV_DEFAULT_INDEX"], reveal(&self.index));
        let extra: Vec<&str> = self.extra_indexes.iter().map(Address::reveal).collect();
        set(&["PIP_EXTRA_INDEX_URL", "UV_INDEX"], Some(extra.join(" ")));
        set(&["PIP_TRUSTED_HOST"], Some(self.plain_hosts().join(" ")));
        set(&["HTTP_PROXY", "http_proxy"], reveal(&self.http_proxy));
        set(&["HTTPS_PROXY", "https_proxy"], reveal(&self.https_proxy));
        set(&["NO_PROXY", "no_proxy"], self.no_proxy.clone());
        set(&["PIP_CERT", "SSL_CERT_FILE"], ca_bundle.map(str::to_owned));
        variables
    }

    /// Adds the proxies of other settings, as far as these have none.
    pub fn add_proxies(&mut self, other: Network) {
        self.http_proxy = self.http_proxy.take().or(other.http_proxy);
        self.https_proxy = self.https_proxy.take().or(other.https_proxy);
        self.no_proxy = self.no_proxy.take().or(other.no_proxy);
    }

    /// Every credential, for masking.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Vec::new();
        self.addresses().for_each(|address| address.add_secrets(&mut secrets));
        Secrets::of_credentials(secrets)
    }

    /// The hosts of indexes without encryption. pip ignores such indexes unless their hosts are named.
    /// The hashes in the lock still protect every file.
    fn plain_hosts(&self) -> Vec<String> {
        let plain = |address: &&Address| address.is_over(&["http"]);
        let plain = self.index.iter().chain(&self.extra_indexes).filter(plain);
        plain.filter_map(Address::host).map(str::to_owned).collect()
    }

    fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.index
            .iter()
            .chain(&self.extra_indexes)
            .chain(&self.http_proxy)
            .chain(&self.https_proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "https://me:p%40ssw0rd-1@index.example/simple/";

    fn network() -> Network {
        Network {
            index: Some(Address::of_index(INDEX).unwrap()),
            extra_indexes: vec![
                Address::of_index("http://t0ken-of-mine@extra.example:8080/x").unwrap(),
                Address::of_index("https://open.example/simple").unwrap(),
            ],
            https_proxy: Some(Address::of_proxy("boss:abc@proxy.example:3128").unwrap()),
            no_proxy: Some("localhost,.example".to_owned()),
            ..Network::default()
        }
    }

    #[test]
    fn nothing_that_is_shown_has_credentials() {
        let shown = format!("{:?} {:?}", network(), network().secrets());
        for secret in ["ssw0rd", "t0ken", "abc", "boss"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("https://***@index.example/simple/"), "{shown}");
        assert!(shown.contains("https://open.example/simple"), "{shown}");
    }

    #[test]
    fn credentials_are_hidden_however_they_are_written() {
        let secrets = network().secrets();
        for (text, expected) in [
            (INDEX, "https://me:***@index.example/simple/"),
            ("user me, password p@ssw0rd-1!", "user me, password ***!"),
            ("at http://t0ken-of-mine@extra.example", "at http://***@extra.example"),
            ("http://boss:abc@proxy and abc", "http://boss:***@proxy and abc"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(secrets.redact(text), expected);
            let bytes = secrets.redact_bytes(text.as_bytes().to_vec());
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_text_stays_as_it_is_where_there_is_nothing_to_hide() {
        let bytes = vec![0xff, b'a'];
        assert_eq!(network().secrets().redact_bytes(bytes.clone()), bytes);
        assert_eq!(Secrets::default().redact_bytes(bytes.clone()), bytes);
    }

    #[test]
    fn installers_are_told_everything_in_their_own_words() {
        let variables: Vec<String> = network()
            .variables(Some("/ca.pem"))
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let extra = "http://t0ken-of-mine@extra.example:8080/x https://open.example/simple";
        let proxy = "http://boss:abc@proxy.example:3128";
        assert_eq!(
            variables,
            [
                format!("PIP_INDEX_URL={INDEX}"),
                format!("UV_DEFAULT_INDEX={INDEX}"),
                format!("PIP_EXTRA_INDEX_URL={extra}"),
                format!("UV_INDEX={extra}"),
                "PIP_TRUSTED_HOST=extra.example:8080".to_owned(),
                format!("HTTPS_PROXY={proxy}"),
                format!("https_proxy={proxy}"),
                "NO_PROXY=localhost,.example".to_owned(),
                "no_proxy=localhost,.example".to_owned(),
                "PIP_CERT=/ca.pem".to_owned(),
                "SSL_CERT_FILE=/ca.pem".to_owned(),
            ]
        );
        assert!(Network::default().variables(None).is_empty());
    }

    #[test]
    fn a_password_may_be_written_as_it_is() {
        let address = Address::of_index(" https://me:p@ss^\u{e9}|@host/simple?a=@ ").unwrap();
        assert_eq!(address.reveal(), "https://me:p%40ss%5E%C3%A9%7C@host/simple?a=@");
        assert_eq!(address.to_string(), "https://***@host/simple?a=@");
        let mut secrets = Vec::new();
        address.add_secrets(&mut secrets);
        assert!(secrets.contains(&"p@ss^\u{e9}|".to_owned()), "{secrets:?}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "pypi", "file:///srv/index", "https://", "ftp://host/", "simple index"] {
            assert_eq!(Address::of_index(bad), Err(AddressError), "{bad}");
        }
        for bad in ["", "ftp://host:1", "http://", "a b"] {
            assert_eq!(Address::of_proxy(bad), Err(AddressError), "{bad}");
        }
        for good in ["proxy:3128", "http://proxy", "socks5://proxy:1"] {
            assert!(Address::of_proxy(good).is_ok(), "{good}");
        }
    }
}
