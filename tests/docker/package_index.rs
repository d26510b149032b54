//! A Python package index on this machine.
//!
//! It serves hand-made wheels where containers reach this machine, over https if it has certificates,
//! and records the requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::project::lines;

/// A package of one module, as a wheel for every Python.
#[derive(Clone)]
pub(crate) struct Wheel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) bytes: Vec<u8>,
}

impl Wheel {
    /// A package whose only module has its name and this text.
    pub(crate) fn new(name: &str, version: &str, module: &str) -> Wheel {
        Wheel::requiring(name, version, module, &[])
    }

    /// One that requires others.
    pub(crate) fn requiring(name: &str, version: &str, module: &str, others: &[&str]) -> Wheel {
        let info = format!("{name}-{version}.dist-info");
        let others: String =
            others.iter().map(|other| format!("Requires-Dist: {other}\n")).collect();
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{others}");
        let wheel =
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let record = format!("{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n");
        let bytes = zip(&[
            (format!("{name}.py"), module.to_owned()),
            (format!("{info}/METADATA"), metadata),
            (format!("{info}/WHEEL"), wheel.to_owned()),
            (format!("{info}/RECORD"), record),
        ]);
        Wheel { name: name.to_owned(), version: version.to_owned(), bytes }
    }

    /// One that no engine has ever seen: its version tells this process and call from every other.
    pub(crate) fn unheard_of(name: &str) -> Wheel {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let version = format!("1.{}.{}", std::process::id(), now.as_nanos());
        Wheel::new(name, &version, &format!("VERSION = \"{version}\"\n"))
    }

    /// The line that locks it.
    pub(crate) fn locked(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.bytes);
        let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}=={} --hash=sha256:{hash}\n", self.name, self.version)
    }

    fn file_name(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.name, self.version)
    }
}

/// How an index is reached.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// What has to be sent as `Authorization`, if anything.
    pub(crate) authorization: Option<String>,
    /// Whether it speaks https, with a certificate of its own.
    pub(crate) encrypted: bool,
}

/// An index that runs until it is dropped.
pub(crate) struct Index {
    /// Host and port, as a container reaches them.
    pub(crate) address: String,
    /// The certificate to believe in, as PEM, if it speaks https.
    pub(crate) certificate: Option<String>,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    authorization: Option<String>,
    tls: Option<Arc<ServerConfig>>,
    wheels: Mutex<Vec<Wheel>>,
    asked: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Index {
    /// An open index of these packages.
    pub(crate) fn open(wheels: Vec<Wheel>) -> Index {
        Index::start(wheels, Access::default())
    }

    pub(crate) fn start(wheels: Vec<Wheel>, access: Access) -> Index {
        let host = gateway();
        let listener = TcpListener::bind((host.as_str(), 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tls, certificate) = match access.encrypted {
            true => {
                let (config, pem) = certify(&host);
                (Some(config), Some(pem))
            }
            false => (None, None),
        };
        let shared = Arc::new(Shared {
            authorization: access.authorization,
            tls,
            wheels: Mutex::new(wheels),
            asked: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(stream));
            }
        });
        Index { address, certificate, shared, listener: Some(listener) }
    }

    /// Its address, with this in front of the host, such as `user:password@`.
    pub(crate) fn url(&self, credentials: &str) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{credentials}{}/simple/", self.address)
    }

    /// Adds a package.
    pub(crate) fn publish(&self, wheel: Wheel) {
        self.shared.wheels.lock().unwrap().push(wheel);
    }

    /// The paths that were asked for and given.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // It waits for one more client.
        drop(TcpStream::connect(&self.address));
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) {
        match &self.tls {
            None => self.converse(stream),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                self.converse(StreamOwned::new(connection, stream));
            }
        }
    }

    /// Answers one request. A client that hangs up is not an error.
    fn converse(&self, stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        let Some((path, authorization)) = question(&mut stream) else { return };
        let (status, kind, body) = self.page(&path, authorization.as_deref());
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let stream = stream.get_mut();
        let _ = stream.write_all(&[head.into_bytes(), body].concat());
        let _ = stream.flush();
    }

    fn page(&self, path: &str, authorization: Option<&str>) -> (&str, &str, Vec<u8>) {
        if self.authorization.as_deref().is_some_and(|needed| authorization != Some(needed)) {
            let status = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"index\"";
            return (status, "text/plain", Vec::new());
        }
        let wheels = self.wheels.lock().unwrap();
        let links: String = wheels
            .iter()
            .filter(|wheel| path == format!("/simple/{}/", wheel.name))
            .map(|wheel| format!("<a href=\"/files/{0}\">{0}</a>\n", wheel.file_name()))
            .collect();
        let file = wheels.iter().find(|wheel| path == format!("/files/{}", wheel.file_name()));
        let answer = match file {
            Some(wheel) => ("200 OK", "application/octet-stream", wheel.bytes.clone()),
            None if links.is_empty() => return ("404 Not Found", "text/plain", Vec::new()),
            None => ("200 OK", "text/html", format!("<!DOCTYPE html>\n{links}").into_bytes()),
        };
        self.asked.lock().unwrap().push(path.to_owned());
        answer
    }
}

/// The path that is asked for, which a proxy asks for with the host, and the credentials.
fn question(stream: &mut impl BufRead) -> Option<(String, Option<String>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let authorization = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    });
    Some((path, authorization))
}

/// Where containers and builds reach this machine; where none are, it reaches itself.
pub(crate) fn gateway() -> String {
    let format = "{{(index .IPAM.Config 0).Gateway}}";
    let answer = lines(&["network", "inspect", "bridge", "--format", format]);
    answer.into_iter().next().unwrap_or_else(|| "127.0.0.1".to_owned())
}

/// A certificate for this host that is its own authority.
fn certify(host: &str) -> (Arc<ServerConfig>, String) {
    let certified = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    (Arc::new(config), certified.cert.pem())
}

/// An archive of these files, none of them compressed.
fn zip(files: &[(String, String)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = u32::try_from(bytes.len()).unwrap();
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        let mut entry = vec![10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        entry.extend(checksum(text.as_bytes()).to_le_bytes());
        entry.extend(length);
        entry.extend(length);
        entry.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        entry.extend([0, 0]);
        bytes.extend(*b"PK\x03\x04");
        bytes.extend(&entry);
        bytes.extend(name.bytes().chain(text.bytes()));
        directory.extend(*b"PK\x01\x02\x0a\0");
        directory.extend(&entry);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend(*b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend([length, start].concat());
    bytes.extend([0, 0]);
    bytes
}

/// CRC-32 as archives have it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
        })
    };
    !bytes.iter().fold(!0, step)
}
