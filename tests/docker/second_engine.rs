//! A second engine on this machine, which maps the users of containers to others, or keeps images in
//! another way.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::container::Container;
use crate::nested_engine::{certify, save};
use crate::project::{Project, docker_with, left_of};

tests![mapped_users_change_no_result, the_containerd_image_store_changes_no_fingerprint];

/// An engine inside a container that sees the temporary folder of this machine at the same path.
struct SecondEngine {
    _container: Container,
    socket: PathBuf,
    _folder: TempDir,
}

impl SecondEngine {
    fn start(settings: &str) -> SecondEngine {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let (certificates, images) =
            (folder.path().join("certificates"), folder.path().join("images.tar"));
        fs::create_dir(&certificates).unwrap();
        certify(&certificates);
        save(&images, &["format", "ruff"]);
        let daemon = folder.path().join("daemon.json");
        fs::write(&daemon, settings).unwrap();
        let socket = folder.path().join("docker.sock");
        let temporary = folder.path().parent().unwrap().display();
        let shared = format!("{temporary}:{temporary}");
        let options = ["--privileged", "--volume", "/var/lib/docker", "--volume", &shared];
        let files = [
            (certificates.as_path(), "/certificates"),
            (daemon.as_path(), "/etc/docker/daemon.json"),
        ];
        let host = format!("unix://{}", socket.display());
        let command = ["start", "--host", &host];
        let container = Container::start(&options, &files, &command);
        let load = ["docker", "load", "--quiet", "--input", images.to_str().unwrap()];
        let loaded = container.run(&[], &load);
        assert_eq!(loaded.status, Some(0), "{loaded:?}");
        SecondEngine { _container: container, socket, _folder: folder }
    }

    fn variables(&self) -> [(&'static str, String); 1] {
        [("DOCKER_HOST", format!("unix://{}", self.socket.display()))]
    }

    /// A project whose checks run on this engine.
    fn serve(&self, project: Project) -> Project {
        let [(name, value)] = self.variables();
        project.with(name, &value)
    }

    /// The names of the containers and volumes that it has of a project.
    fn leftovers(&self, project: &Project) -> Vec<String> {
        left_of(project, |args| docker_with(&self.variables(), args))
    }
}

/// A new project with checks that write, in the environment of ours and in an image of the project.
fn writing() -> Project {
    let project = Project::scaffolded();
    let run = "run = [\"sh\", \"-c\", \"echo x > out.txt && echo written\"], writable = true";
    project.configure(&format!(
        "checks.ours = {{ {run} }}\nchecks.foreign = {{ {run}, image = \"python:3.13-slim\" }}"
    ));
    project
}

fn mapped_users_change_no_result() {
    let engine = SecondEngine::start(r#"{"userns-remap": "default"}"#);
    let (here, there) = (writing(), engine.serve(writing()));
    let read = there.report(&["ruff"]);
    assert_eq!(read.json["engine"]["topology"], "bind", "{read:#?}");
    for check in ["ours", "foreign"] {
        let args = ["run", check, "--allow", "writable"];
        let (one, other) = (here.report(&args), there.report(&args));
        assert_eq!((one.status, other.status), (0, 0), "{one:#?} {other:#?}");
        assert_eq!(one.json["engine"]["topology"], "bind");
        assert_eq!(other.json["engine"]["topology"], "stream");
        assert_eq!(one.comparable(), other.comparable());
        let shell = ["bash", check, "--allow", "writable", "--", "touch", "out.txt"];
        assert_eq!(there.pipe(&shell).status, Some(0), "{check}");
    }
    for args in [&["format"][..], &["run", "format", "--fix"]] {
        there.write("src/main.py", "\"\"\"Spaces.\"\"\"\n\nVALUE  =  1\n");
        let report = there.report(args);
        assert_eq!(report.status, 0, "{report:#?}");
        assert_eq!(report.json["changed_files"].to_string(), r#"["src/main.py"]"#);
        let fixed = fs::read_to_string(there.root.join("src/main.py")).unwrap();
        assert_eq!(fixed, "\"\"\"Spaces.\"\"\"\n\nVALUE = 1\n");
    }
    let doctor = there.pipe(&["doctor"]).stdout;
    assert!(doctor.contains("because containers cannot write to your folders"), "{doctor}");

    let bound = there.with("CARGO_PIPE_TOPOLOGY", "bind");
    bound.write("src/main.py", "\"\"\"Spaces.\"\"\"\n\nVALUE  =  1\n");
    let report = bound.report(&["run", "format", "--fix"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(report.check("format")["reason"]["kind"], "mount", "{report:#?}");
    assert_eq!(engine.leftovers(&bound), [""; 0]);
}

fn the_containerd_image_store_changes_no_fingerprint() {
    let engine = SecondEngine::start(r#"{"features": {"containerd-snapshotter": true}}"#);
    let driver = docker_with(&engine.variables(), &["info", "--format", "{{.DriverStatus}}"]);
    assert!(driver.stdout.contains("io.containerd.snapshotter.v1"), "{driver:?}");
    let (here, there) = (Project::scaffolded(), engine.serve(Project::scaffolded()));
    // The images of two checks are loaded, and that of `mypy` is built there.
    let checks = ["ruff", "format", "mypy"];
    let run = [&["run", "--check"], &checks[..]].concat();
    let reports = [&here, &there].map(|project| {
        let path = project.root.join("../report.json");
        let report = project.report(&run);
        assert_eq!(report.status, 0, "{report:#?}");
        fs::write(&path, report.json.to_string()).unwrap();
        path
    });
    for (project, report) in [(&here, &reports[1]), (&there, &reports[0])] {
        let ended = project.pipe(&["compare", report.to_str().unwrap()]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let same = checks.map(|check| format!("{check}: nothing differs"));
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert!(same.iter().all(|line| lines.contains(&line.as_str())), "{ended:?}");
        assert_eq!(lines.len(), checks.len(), "{ended:?}");
    }
    assert_eq!(engine.leftovers(&there), [""; 0]);
}
