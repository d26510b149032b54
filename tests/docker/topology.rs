//! Binding and streaming a snapshot into a container give one report.

use std::fs;
use std::path::Path;

use cargo_pipe::snapshot::PROOF;

use crate::project::{GOOD, Project, without_the_colon};

tests![
    bind_and_stream_give_one_report,
    an_engine_that_sees_other_folders_is_streamed_to,
    a_mount_that_proves_wrong_is_never_a_pass
];

fn bind_and_stream_give_one_report() {
    let project = Project::scaffolded();
    project.write("src/bad.py", without_the_colon());
    project.write("src/pkg/__init__.py", "import os\n");
    fs::create_dir(project.root.join("src/data")).unwrap();
    project.write("src/data/é, \"x\".txt", "…");
    std::os::unix::fs::symlink("pkg", project.root.join("src/alias")).unwrap();
    let bind = project.report(&["run-all"]);
    let project = project.with("CARGO_PIPE_TOPOLOGY", "stream");
    let stream = project.report(&["run-all"]);
    assert_eq!(bind.json["engine"]["topology"], "bind");
    assert_eq!(stream.json["engine"]["topology"], "stream");
    assert_eq!(bind.status, 1);
    assert_eq!(bind.comparable(), stream.comparable());
    assert_eq!(project.leftovers(), [""; 0]);
}

/// A docker whose engine finds an empty folder where the run's folder is, as in a job that shares
/// the socket but not the files.
pub(crate) fn elsewhere(project: Project) -> Project {
    let empty = project.root.join("../empty");
    fs::create_dir(&empty).unwrap();
    finding(project, &empty)
}

/// A docker whose engine finds this folder there.
fn finding(project: Project, folder: &Path) -> Project {
    let script = "set -e\nfor arg; do shift\n  case $arg in\n    type=bind,source=*/runs/*) arg=\"type=bind,source=FOLDER,${arg#*,*,}\" ;;\n  esac\n  set -- \"$@\" \"$arg\"\ndone\nexec docker \"$@\"\n";
    project.with_docker(&script.replace("FOLDER", folder.to_str().unwrap()))
}

fn an_engine_that_sees_other_folders_is_streamed_to() {
    let project = Project::scaffolded();
    project.write("src/bad.py", without_the_colon());
    let here = project.report(&["run-all"]);
    let project = elsewhere(project);
    let there = project.report(&["run-all"]);
    assert_eq!(there.json["engine"]["topology"], "stream", "{there:#?}");
    assert_eq!(here.comparable(), there.comparable());
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_mount_that_proves_wrong_is_never_a_pass() {
    // Nothing is there, or a launcher and sources in which nothing is to be found.
    let launcher = include_str!("../../templates/launcher.py");
    let other = "0".repeat(64) + "\n";
    let stale = [(PROOF, other.as_str()), ("launcher.py", launcher), ("src/main.py", GOOD)];
    for files in [&[][..], &stale] {
        let project = Project::scaffolded();
        project.write("src/bad.py", without_the_colon());
        let folder = project.root.join("../other");
        fs::create_dir(&folder).unwrap();
        files.iter().for_each(|(path, text)| project.write(&format!("../other/{path}"), text));
        let project = finding(project, &folder);
        let streamed = project.report(&["run-all"]);
        assert_eq!(streamed.json["engine"]["topology"], "stream", "{streamed:#?}");
        assert_eq!(streamed.status, 1, "{streamed:#?}");
        let project = project.with("CARGO_PIPE_TOPOLOGY", "bind");
        let report = project.report(&["run-all"]);
        assert_eq!(report.status, 3, "{report:#?}");
        for check in ["lint", "format", "mypy", "ruff"] {
            assert_eq!(report.check(check)["reason"]["kind"], "mount", "{report:#?}");
            let text = report.check(check)["reason"]["message"].as_str().unwrap();
            assert!(text.contains("does not see the project"), "{text}");
        }
        // The same in an image that has no launcher.
        project.write("pipe.toml", "[checks.x]\nrun = [\"true\"]\nimage = \"python:3.13-slim\"\n");
        let report = project.report(&["run", "x"]);
        assert_eq!(report.status, 3, "{report:#?}");
        assert_eq!(report.check("x")["reason"]["kind"], "mount");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}
