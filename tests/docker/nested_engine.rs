//! An engine inside a container, which stands for an engine on another machine.
//!
//! It is reached over TLS and sees no folder of this machine. It gets the images from here, because
//! there may be no registry. All tests share one, because an engine takes seconds to start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::container::Container;
use crate::keeper;
use crate::project::{Ended, Project, docker, docker_with, left_of, lines};

/// Archive inside the container with the base image and the images that a new project uses.
pub(crate) const IMAGES: &str = "/images.tar";

/// Path of the socket, from the folder with all that the engine shares with this machine.
const SOCKET: &str = "sockets/docker.sock";

/// An engine inside a container.
pub(crate) struct NestedEngine {
    pub(crate) container: Container,
    /// Folder with the certificates of a client.
    pub(crate) certificates: PathBuf,
    /// The engine's socket on this machine, next to that folder.
    socket: PathBuf,
    /// Removes that folder in the process that has started the engine.
    _folder: Option<TempDir>,
}

static ENGINE: Mutex<Option<Arc<NestedEngine>>> = Mutex::new(None);

/// Returns the engine that all tests share, and starts it for the first of them.
pub(crate) fn nested_engine() -> Arc<NestedEngine> {
    let find = || match keeper::socket() {
        Some(socket) => NestedEngine::attach(&socket),
        None => NestedEngine::start(),
    };
    Arc::clone(lock().get_or_insert_with(|| Arc::new(find())))
}

/// Starts the engine in the process that keeps it for others.
pub(crate) fn start() -> Arc<NestedEngine> {
    Arc::clone(lock().get_or_insert_with(|| Arc::new(NestedEngine::start())))
}

/// Stops the engine if this process has started it.
pub(crate) fn stop() {
    drop(lock().take());
}

fn lock() -> MutexGuard<'static, Option<Arc<NestedEngine>>> {
    ENGINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NestedEngine {
    /// Uses the engine that another process keeps.
    fn attach(socket: &Path) -> NestedEngine {
        let (name, certificates) = keeper::request_engine(socket);
        let socket = certificates.with_file_name(SOCKET);
        NestedEngine { container: Container::attach(name), certificates, socket, _folder: None }
    }

    fn start() -> NestedEngine {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let certificates = folder.path().join("certificates");
        fs::create_dir(&certificates).unwrap();
        certify(&certificates);
        let images = folder.path().join("images.tar");
        save(&images, &["lint", "format", "mypy", "ruff"]);
        let socket = certificates.with_file_name(SOCKET);
        fs::create_dir(socket.parent().unwrap()).unwrap();
        let sockets = socket.parent().unwrap().display();
        let (sockets, images) =
            (format!("{sockets}:{sockets}"), format!("{}:{IMAGES}:ro", images.display()));
        let options = [
            "--privileged",
            "--publish",
            "127.0.0.1::2376",
            "--env",
            "PODMAN_IGNORE_CGROUPSV1_WARNING=1",
            "--volume",
            "/var/lib/docker",
            "--volume",
            "/var/lib/containers",
            "--volume",
            "/home/user/.local",
            "--volume",
            &sockets,
            "--volume",
            &images,
        ];
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-pipe"));
        let files =
            [(certificates.as_path(), "/certificates"), (program, "/usr/local/bin/cargo-pipe")];
        let host = format!("unix://{}", socket.display());
        let container = Container::start(&options, &files, &["start", "--host", &host]);
        let ended = container.run(&[], &["docker", "load", "--quiet", "--input", IMAGES]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        NestedEngine { container, certificates, socket, _folder: Some(folder) }
    }

    /// What tells a client of this machine.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("DOCKER_HOST", format!("tcp://{}", self.container.address("2376"))),
            ("DOCKER_TLS_VERIFY", "1".to_owned()),
            ("DOCKER_CERT_PATH", self.certificates.to_str().unwrap().to_owned()),
        ]
    }

    /// The variable that makes a client of this machine use the socket.
    pub(crate) fn socket(&self) -> (&'static str, String) {
        ("DOCKER_HOST", format!("unix://{}", self.socket.display()))
    }

    /// Runs docker with this machine's engine.
    pub(crate) fn docker(&self, args: &[&str]) -> Ended {
        docker_with(&self.variables(), args)
    }

    /// A project whose checks run on this machine.
    pub(crate) fn serve(&self, project: Project) -> Project {
        self.variables().iter().fold(project, |project, (name, value)| project.with(name, value))
    }

    /// The names of the containers and volumes that the engine has of a project.
    pub(crate) fn leftovers(&self, project: &Project) -> Vec<String> {
        left_of(project, |args| self.docker(args))
    }
}

/// Saves the base image and those that these checks of a new project use, one image a check.
pub(crate) fn save(file: &Path, checks: &[&str]) {
    let project = Project::scaffolded();
    assert_eq!(project.pipe(&[&["build"], checks].concat()).status, Some(0));
    let own = format!("project-{}", project.id());
    let listed = lines(&["image", "ls", "--quiet", &format!("cargo-pipe/*:{own}")]);
    let ids: Vec<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(ids.len(), checks.len(), "{ids:?}");
    let format = "{{range .RepoTags}}{{println .}}{{end}}";
    let tags = lines(&[&["image", "inspect", "--format", format], &ids[..]].concat());
    let kept = tags.iter().filter(|tag| !tag.is_empty() && !tag.contains(":project-"));
    let names: Vec<&str> = kept.map(String::as_str).chain(["python:3.13-slim"]).collect();
    let save = ["save", "--output", file.to_str().unwrap()];
    let ended = docker(&[&save[..], &names].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    // Without root podman reads it, too.
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

/// An authority of our own, and what server and client show of it.
pub(crate) fn certify(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(folder.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let authority = Issuer::new(params, key);
    let sides = [
        ("server.pem", "server-key.pem", ExtendedKeyUsagePurpose::ServerAuth),
        ("cert.pem", "key.pem", ExtendedKeyUsagePurpose::ClientAuth),
    ];
    for (certificate, secret, usage) in sides {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let signed = params.signed_by(&key, &authority).unwrap();
        fs::write(folder.join(certificate), signed.pem()).unwrap();
        fs::write(folder.join(secret), key.serialize_pem()).unwrap();
    }
}
