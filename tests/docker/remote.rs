//! An engine on another machine gives the report of this one.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::nested_engine::{certify, nested_engine};
use crate::network::needing;
use crate::package_index::{Index, Wheel};
use crate::project::{Project, docker_with, without_the_colon};

tests![
    an_engine_on_another_machine_gives_the_same_report,
    fixes_come_back_from_another_machine,
    a_mount_on_another_machine_is_an_error_where_it_is_forced,
    whatever_ends_a_run_leaves_nothing_there,
    an_environment_is_built_there,
    an_engine_that_is_not_the_one_it_should_be_is_an_error,
    the_granted_socket_is_that_of_the_engine_in_use
];

fn an_engine_on_another_machine_gives_the_same_report() {
    let machine = nested_engine();
    let (here, there) = (Project::scaffolded(), machine.serve(Project::scaffolded()));
    for status in [0, 1] {
        let (one, other) = (here.report(&["run-all"]), there.report(&["run-all"]));
        assert_eq!(one.json["engine"]["topology"], "bind");
        assert_eq!(other.json["engine"]["topology"], "stream", "{other:#?}");
        assert_eq!((one.status, other.status), (status, status), "{other:#?}");
        assert_eq!(one.comparable(), other.comparable());
        assert_eq!(machine.leftovers(&there), [""; 0]);
        assert_eq!(there.leftovers(), [""; 0]);
        here.write("src/bad.py", without_the_colon());
        there.write("src/bad.py", without_the_colon());
    }
}

fn fixes_come_back_from_another_machine() {
    let machine = nested_engine();
    let project = machine.serve(Project::scaffolded().owned_by(1234, 1234));
    let path = project.root.join("src/main.py");
    for args in [&["format"][..], &["run-all", "--fix"]] {
        fs::write(&path, "\"\"\"Spaces.\"\"\"\n\nVALUE  =  1\n").unwrap();
        let report = project.report(args);
        assert_eq!(report.status, 0, "{report:#?}");
        assert_eq!(report.json["engine"]["topology"], "stream");
        assert_eq!(report.json["changed_files"].to_string(), r#"["src/main.py"]"#);
        assert_eq!(fs::read_to_string(&path).unwrap(), "\"\"\"Spaces.\"\"\"\n\nVALUE = 1\n");
        let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).unwrap());
        assert_eq!(owner, 1234);
    }
    assert_eq!(machine.leftovers(&project), [""; 0]);
}

fn a_mount_on_another_machine_is_an_error_where_it_is_forced() {
    let machine = nested_engine();
    let project = machine.serve(Project::scaffolded()).with("CARGO_PIPE_TOPOLOGY", "bind");
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 3, "{report:#?}");
    for check in ["lint", "format", "mypy", "ruff"] {
        assert_eq!(report.check(check)["reason"]["kind"], "mount", "{report:#?}");
    }
    let text = project.pipe(&["ruff"]).stdout;
    assert!(text.contains("does not see the project"), "{text}");
    assert!(text.contains("topology"), "{text}");
    assert_eq!(machine.leftovers(&project), [""; 0]);
}

fn whatever_ends_a_run_leaves_nothing_there() {
    let machine = nested_engine();
    let project = machine.serve(Project::scaffolded());
    project.write("pipe.toml", "[checks.one]\nrun = [\"sleep\", \"1000\"]\n");
    let filter = format!("label=dev.cargo-pipe.project={}", project.id());
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let mut command = project.command(&["run", "one"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while machine.docker(&["ps", "--quiet", "--filter", &filter]).stdout.is_empty() {
            assert!(run.try_wait().unwrap().is_none(), "it ended before it was stopped");
        }
        kill_process(Pid::from_child(&run), signal).unwrap();
        let status = run.wait().unwrap();
        if signal == Signal::KILL {
            assert!(!machine.leftovers(&project).is_empty());
            project.write("pipe.toml", "[checks.quick]\nrun = [\"true\"]\n");
            assert_eq!(project.report(&["run", "quick"]).status, 0);
        } else {
            assert_eq!(status.code(), Some(130));
        }
        assert_eq!(machine.leftovers(&project), [""; 0]);
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

fn an_environment_is_built_there() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let machine = nested_engine();
    let project = machine.serve(needing(&wheel).with("PIP_INDEX_URL", &index.url("")));
    let report = project.report(&["run", "imports"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let filter = format!("*/*:project-{}", project.id());
    let images = || machine.docker(&["image", "ls", "--quiet", &filter]).stdout;
    assert_ne!(images(), "");
    assert_eq!(project.pipe(&["remove"]).status, Some(0));
    assert_eq!(images(), "");
}

fn an_engine_that_is_not_the_one_it_should_be_is_an_error() {
    let (machine, project) = (nested_engine(), Project::scaffolded());
    certify(&project.root);
    let certificates = project.root.to_str().unwrap().to_owned();
    let project = machine.serve(project).with("DOCKER_CERT_PATH", &certificates);
    let ended = project.pipe(&["run-all", "--engine", "docker"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("certificate signed by unknown authority"), "{ended:?}");
}

fn the_granted_socket_is_that_of_the_engine_in_use() {
    let machine = nested_engine();
    let (name, socket) = machine.socket();
    let project = Project::scaffolded().with(name, &socket);
    let ask = "import socket; docker = socket.socket(socket.AF_UNIX); \
               docker.connect('/var/run/docker.sock'); \
               docker.sendall(b'GET /info HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n'); \
               print(b''.join(iter(lambda: docker.recv(65536), b'')).decode())";
    project.write(
        "pipe.toml",
        format!(
            "[checks.probe]\nrun = ['python3', '-c', '''{ask}''']\ndocker-socket = true\ncache = false\n"
        ),
    );
    let report = project.report(&["run", "probe", "--allow", "docker-socket"]);
    let answer = report.check("probe")["log"]["stdout"].as_str().unwrap();
    let id = docker_with(&[(name, socket)], &["info", "--format", "{{.ID}}"]).stdout;
    assert!(answer.contains(&format!("\"ID\":\"{}\"", id.trim())), "{report:#?}");
    assert_eq!(machine.leftovers(&project), [""; 0]);
}
