//! A company's proxy: an index with a password, own certificates, no other way out.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::package_index::{Access, Index, Wheel, gateway};
use crate::project::{Project, docker, holding, lines};

tests![
    credentials_go_to_the_index_and_the_proxy_and_nowhere_else,
    a_proxy_of_dockers_client_is_used_and_its_password_is_in_no_record,
    a_wrong_password_is_not_printed,
    an_index_that_is_down_leaves_what_was_built,
    a_lock_that_differs_in_a_digit_is_another_environment,
    an_index_of_the_project_needs_no_variable,
    certificates_that_are_not_there_are_named
];

const PASSWORD: &str = "pa55-of-the-index";
const PROXY_PASSWORD: &str = "pa55-of-the-proxy";
/// `me:pa55-of-the-index` as a server gets it.
const AUTHORIZATION: &str = "Basic bWU6cGE1NS1vZi10aGUtaW5kZXg=";
/// `boss:pa55-of-the-proxy`.
const PROXY_AUTHORIZATION: &str = "Basic Ym9zczpwYTU1LW9mLXRoZS1wcm94eQ==";

/// A project with a check that needs this package, and no other check.
pub(crate) fn needing(wheel: &Wheel) -> Project {
    let project = Project::scaffolded();
    project.write(".docker/requirements/project.txt", wheel.locked());
    let code = format!("import {}", wheel.name);
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    project
}

fn credentials_go_to_the_index_and_the_proxy_and_nowhere_else() {
    let wheel = Wheel::unheard_of("handmade");
    let access = Access { authorization: Some(AUTHORIZATION.to_owned()), encrypted: true };
    let index = Index::start(vec![wheel.clone()], access);
    let proxy = Proxy::start();
    let project = needing(&wheel);
    let bundle = project.root.join("../company, and \"sons\".pem");
    fs::write(&bundle, index.certificate.as_ref().unwrap()).unwrap();
    let project = project
        .with("PIP_INDEX_URL", &index.url(&format!("me:{PASSWORD}@")))
        .with("SSL_CERT_FILE", bundle.to_str().unwrap())
        .with("HTTPS_PROXY", &format!("http://boss:{PROXY_PASSWORD}@{}", proxy.address));
    let ended = project.pipe(&["run", "imports", "--verbose", "--message-format", "json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(proxy.asked(), vec![(index.address.clone(), PROXY_AUTHORIZATION.to_owned()); 2]);
    assert_eq!(index.asked().len(), 2, "{:?}", index.asked());

    let secrets = [PASSWORD, PROXY_PASSWORD];
    let tag = format!("cargo-pipe/base:project-{}", project.id());
    let archive = project.root.join("../image.tar");
    assert_eq!(docker(&["save", "--output", archive.to_str().unwrap(), &tag]).status, Some(0));
    let history = docker(&["history", "--no-trunc", &tag]).stdout;
    assert!(history.contains("/run/secrets/network"), "{history}");
    for text in [format!("{ended:?}"), history, docker(&["inspect", &tag]).stdout] {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    // The exported image is next to the project and its home.
    let parent = project.root.parent().unwrap();
    let records = records_of_builds();
    assert_eq!(holding(&secrets, &[parent, &records[0], &records[1]]), [""; 0].map(PathBuf::from));
    let archive = archive.canonicalize().unwrap();
    assert!(holding(&[&wheel.version], &[parent]).contains(&archive), "the image was looked at");

    // A machine without such a network gets the same environment.
    let fingerprint = |json: &str| -> String {
        let report: serde_json::Value = serde_json::from_str(json).unwrap();
        report["checks"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    let project = ["PIP_INDEX_URL", "SSL_CERT_FILE", "HTTPS_PROXY"]
        .into_iter()
        .fold(project, |project, name| project.with(name, ""));
    let again = project.pipe(&["run", "imports", "--message-format", "json"]);
    assert_eq!(fingerprint(&again.stdout), fingerprint(&ended.stdout));
    project.pipe(&["remove"]);
}

/// What BuildKit keeps of builds, where it is on this machine and may be read.
fn records_of_builds() -> [PathBuf; 2] {
    let root = lines(&["info", "--format", "{{.DockerRootDir}}"]).remove(0);
    ["history.db", "content"].map(|name| Path::new(&root).join("buildkit").join(name))
}

fn a_proxy_of_dockers_client_is_used_and_its_password_is_in_no_record() {
    let password = format!("pa55-{}", Wheel::unheard_of("handmade").version);
    let wheel = Wheel::unheard_of("handmade");
    let access = Access { authorization: None, encrypted: true };
    let index = Index::start(vec![wheel.clone()], access);
    let proxy = Proxy::start();
    let project = needing(&wheel);
    let settings = format!(
        r#"{{"proxies": {{"default": {{"httpsProxy": "http://boss:{password}@{}"}}}}}}"#,
        proxy.address
    );
    project.write("../settings/config.json", settings);
    project.write("../company.pem", index.certificate.as_ref().unwrap());
    let path = |name: &str| project.root.join(name).canonicalize().unwrap().display().to_string();
    let (settings, bundle) = (path("../settings"), path("../company.pem"));
    let project = project
        .with("DOCKER_CONFIG", &settings)
        .with("PIP_INDEX_URL", &index.url(""))
        .with("SSL_CERT_FILE", &bundle);
    let ended = project.pipe(&["run", "imports", "--verbose"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!proxy.asked().is_empty());
    let tag = format!("cargo-pipe/base:project-{}", project.id());
    let history = docker(&["history", "--no-trunc", &tag]).stdout;
    for text in [format!("{ended:?}"), history, docker(&["inspect", &tag]).stdout] {
        assert!(!text.contains(&password), "{text}");
    }
    let records = records_of_builds();
    assert_eq!(holding(&[&password], &[&records[0], &records[1]]), [""; 0].map(PathBuf::from));

    let print = "checks.prints = { run = [\"env\"], network = true, cache = false }";
    project.configure(print);
    let ended = project.pipe(&["run", "prints", "--allow", "network", "--message-format", "json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("https_proxy=http://boss:***@"), "{ended:?}");
    assert!(!format!("{ended:?}").contains(&password), "{ended:?}");
    project.pipe(&["remove"]);
}

fn a_wrong_password_is_not_printed() {
    let wheel = Wheel::unheard_of("handmade");
    let access = Access { authorization: Some("Basic other".to_owned()), encrypted: false };
    let index = Index::start(vec![wheel.clone()], access);
    let project = needing(&wheel).with("PIP_INDEX_URL", &index.url("me:wr0ng-pa55word@"));
    for args in [
        &["imports"][..],
        &["imports", "-v"],
        &["build", "imports"],
        &["imports", "--message-format=json"],
    ] {
        let ended = project.pipe(args);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains("cannot be built"), "{text}");
        assert!(!text.contains("wr0ng-pa55word"), "{text}");
    }
}

fn an_index_that_is_down_leaves_what_was_built() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let url = index.url("");
    let project = needing(&wheel).with("PIP_INDEX_URL", &url).with("PIP_RETRIES", "0");
    assert_eq!(project.report(&["run", "imports"]).outcome("imports"), "passed");
    drop(index);
    let lock = project.root.join(".docker/requirements/project.txt");
    let newer = Wheel::unheard_of("handmade");
    fs::write(&lock, newer.locked()).unwrap();
    let ended = project.pipe(&["imports"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("cannot be built"), "{ended:?}");
    assert!(ended.stdout.contains("Connection refused"), "{ended:?}");
    fs::write(&lock, wheel.locked()).unwrap();
    assert_eq!(project.report(&["run", "imports"]).outcome("imports"), "passed");
    project.pipe(&["remove"]);
}

/// BuildKit takes a file of the same size and time in a folder of the same name for the same file.
fn a_lock_that_differs_in_a_digit_is_another_environment() {
    let wheels = [Wheel::unheard_of("handmade"), Wheel::unheard_of("handmade")];
    let index = Index::open(wheels.to_vec());
    let project = needing(&wheels[0]).with("PIP_INDEX_URL", &index.url(""));
    for wheel in &wheels {
        project.write(".docker/requirements/project.txt", wheel.locked());
        let program = "import handmade; print(handmade.VERSION)";
        let ended = project.pipe(&["bash", "imports", "--", "python3", "-c", program]);
        assert_eq!(ended.stdout.trim(), wheel.version, "{ended:?}");
    }
    project.pipe(&["remove"]);
}

fn an_index_of_the_project_needs_no_variable() {
    let (wheel, other) = (Wheel::unheard_of("handmade"), Wheel::unheard_of("other"));
    let (first, second) = (Index::open(vec![other.clone()]), Index::open(vec![wheel.clone()]));
    let project = needing(&wheel);
    let lock = [wheel.locked(), other.locked()].concat();
    project.write(".docker/requirements/project.txt", lock);
    let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let network = format!(
        "[network]\nindex = \"{}\"\nextra-index = [\"{}\"]\n",
        first.url(""),
        second.url("")
    );
    project.write("pipe.toml", settings.replace("[network]\n", &network));
    assert_eq!(project.report(&["run", "imports"]).outcome("imports"), "passed");
    assert!(first.asked().iter().any(|path| path.contains("/files/other-")));
    assert!(second.asked().iter().any(|path| path.contains("/files/handmade-")));
    project.pipe(&["remove"]);
}

fn certificates_that_are_not_there_are_named() {
    let project = needing(&Wheel::unheard_of("handmade")).with("SSL_CERT_FILE", "/nowhere/ca.pem");
    let ended = project.pipe(&["imports"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("cannot read the CA bundle `/nowhere/ca.pem`"), "{ended:?}");
    assert!(ended.stdout.contains("SSL_CERT_FILE"), "{ended:?}");
}

/// A proxy that tunnels to wherever it is asked to, and remembers it.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Proxy {
    /// Its thread ends with the process.
    fn start() -> Proxy {
        let listener = TcpListener::bind((gateway(), 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let remembered = Arc::clone(&remembered);
                std::thread::spawn(move || tunnel(stream, &remembered));
            }
        });
        Proxy { address, asked }
    }

    /// The hosts that tunnels went to, with the credentials that were sent.
    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

/// A client that hangs up is not an error.
fn tunnel(stream: TcpStream, asked: &Mutex<Vec<(String, String)>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut target, mut authorization) = (None, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            target = rest.split(' ').next().map(str::to_owned);
        }
        if let Some(sent) = line.strip_prefix("Proxy-Authorization: ") {
            sent.trim().clone_into(&mut authorization);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let target = target?;
    let far = TcpStream::connect(&target).ok()?;
    asked.lock().unwrap().push((target, authorization));
    let mut near = stream;
    near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut near_out, mut far_in) = (near.try_clone().ok()?, far.try_clone().ok()?);
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut far_in, &mut near_out);
        let _ = near_out.shutdown(Shutdown::Write);
    });
    let mut far_out = far;
    let _ = std::io::copy(&mut reader.by_ref(), &mut far_out);
    let _ = far_out.shutdown(Shutdown::Write);
    back.join().ok()
}
