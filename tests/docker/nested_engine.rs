//! Another machine: its engine is reached over TLS and sees no folder of this one.
//!
//! Owns its certificates, and the images that it gets from here as there may be no registry. There is
//! one for all tests, because an engine takes seconds to start.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::container::Place;
use crate::project::{Ended, Project, docker, docker_with, left_of, lines};

/// Where the machine has the base image and those that a new project uses, as one archive.
pub(crate) const IMAGES: &str = "/images.tar";

/// Another machine.
pub(crate) struct Machine {
    pub(crate) place: Place,
    /// Where a client finds what it needs to be let in.
    pub(crate) certificates: TempDir,
}

/// The machine, while it is there.
static MACHINE: Mutex<Option<Arc<Machine>>> = Mutex::new(None);

/// The machine, started if it is not there yet.
pub(crate) fn machine() -> Arc<Machine> {
    Arc::clone(kept().get_or_insert_with(|| Arc::new(Machine::start())))
}

/// Takes the machine away.
pub(crate) fn stop() {
    drop(kept().take());
}

fn kept() -> MutexGuard<'static, Option<Arc<Machine>>> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machine {
    fn start() -> Machine {
        let certificates = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        certify(certificates.path());
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
        ];
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let images = folder.path().join("images.tar");
        save(&images);
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-pipe"));
        let files = [
            (certificates.path(), "/certificates"),
            (&images, IMAGES),
            (program, "/usr/local/bin/cargo-pipe"),
        ];
        let place = Place::start(&options, &files, &["start"]);
        place.run(&[], &["chmod", "644", IMAGES]);
        let ended = place.run(&[], &["docker", "load", "--quiet", "--input", IMAGES]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        Machine { place, certificates }
    }

    /// What tells a client of this machine.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("DOCKER_HOST", format!("tcp://{}", self.place.address("2376"))),
            ("DOCKER_TLS_VERIFY", "1".to_owned()),
            ("DOCKER_CERT_PATH", self.certificates.path().to_str().unwrap().to_owned()),
        ]
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

/// Saves the base image and those that a new project uses.
fn save(file: &Path) {
    let project = Project::scaffolded();
    assert_eq!(project.pipe(&["build"]).status, Some(0));
    let own = format!("project-{}", project.id());
    let listed = lines(&["image", "ls", "--quiet", &format!("cargo-pipe/*:{own}")]);
    let ids: Vec<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    let format = "{{range .RepoTags}}{{println .}}{{end}}";
    let tags = lines(&[&["image", "inspect", "--format", format], &ids[..]].concat());
    let kept = tags.iter().filter(|tag| !tag.is_empty() && !tag.contains(":project-"));
    let names: Vec<&str> = kept.map(String::as_str).chain(["python:3.13-slim"]).collect();
    let save = ["save", "--output", file.to_str().unwrap()];
    let ended = docker(&[&save[..], &names].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
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
