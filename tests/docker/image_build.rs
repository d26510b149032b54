//! Builds of images: several at once, and after one that was killed.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::package_index::{Index, Wheel};
use crate::project::{Ended, Project, docker};

tests![
    ten_runs_at_once_need_one_image,
    a_run_after_a_killed_build_succeeds,
    an_image_on_another_base_is_built_again_by_the_engine_itself,
    a_client_that_sees_no_file_of_ours_builds,
    a_home_that_is_read_only_is_named_with_a_remedy
];

/// A project with a check that needs a package which no engine has ever seen.
fn needing(wheel: &Wheel, index: &Index) -> Project {
    let project = Project::scaffolded().with("PIP_INDEX_URL", &index.url(""));
    project.write(".docker/requirements/project.txt", wheel.locked());
    let code = format!("import {}", wheel.name);
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    project
}

fn ten_runs_at_once_need_one_image() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel, &index);
    let run = ["imports", "--message-format", "json"];
    let start = || project.command(&run).stdout(Stdio::piped()).spawn().unwrap();
    let runs: Vec<_> = std::iter::repeat_with(start).take(10).collect();
    let ended: Vec<Ended> =
        runs.into_iter().map(|run| Ended::of(run.wait_with_output().unwrap())).collect();
    assert!(ended.iter().all(|ended| ended.status == Some(0)), "{ended:?}");
    // BuildKit does once what several builds ask for at the same time.
    let fetched = index.asked().iter().filter(|path| path.starts_with("/files/")).count();
    assert_eq!(fetched, 1, "{:?}", index.asked());
    assert_eq!(project.leftovers(), [""; 0]);
    project.pipe(&["remove"]);
}

fn a_run_after_a_killed_build_succeeds() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel, &index);
    let mut run = project.command(&["build", "imports"]).spawn().unwrap();
    // It is asked for while the image is made.
    while index.asked().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it ended without a build");
    }
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    run.wait().unwrap();
    let report = project.report(&["run", "imports"]);
    assert_eq!(report.outcome("imports"), "passed", "{report:#?}");
    assert_eq!(project.leftovers(), [""; 0]);
    project.pipe(&["remove"]);
}

fn an_image_on_another_base_is_built_again_by_the_engine_itself() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel, &index);
    let built = project.pipe(&["build", "imports"]).stdout;
    let tag = built.trim().rsplit(' ').next().unwrap();
    // An empty archive makes an image that has no layer of the base.
    let empty = project.root.join("empty.tar");
    std::fs::write(&empty, [0; 1024]).unwrap();
    let imported = docker(&["import", empty.to_str().unwrap(), tag]);
    assert_eq!(imported.status, Some(0), "{imported:?}");
    std::fs::remove_file(&empty).unwrap();
    let project = project
        .with("BUILDX_BUILDER", "missing")
        .with("DOCKER_DEFAULT_PLATFORM", "linux/s390x")
        .with("DOCKER_API_VERSION", "1.12")
        .with("DOCKER_CONTENT_TRUST", "1");
    let report = project.report(&["run", "imports", "--no-cache"]);
    assert_eq!(report.outcome("imports"), "passed", "{report:#?}");
    project.pipe(&["remove"]);
}

/// As docker of the snap, which sees no hidden folder of a home.
fn a_client_that_sees_no_file_of_ours_builds() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel, &index);
    let project = behind_mounts(project, "mount -t tmpfs -o ro none \"$HOME/.cache\"");
    let report = project.report(&["run", "imports"]);
    assert_eq!(report.outcome("imports"), "passed", "{report:#?}");
    let doctor = project.pipe(&["doctor"]);
    assert_eq!(doctor.status, Some(0), "{doctor:?}");
    project.pipe(&["remove"]);
}

fn a_home_that_is_read_only_is_named_with_a_remedy() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let project = needing(&wheel, &index);
    let mounts = "mount --bind \"$HOME\" \"$HOME\" && mount -o remount,bind,ro \"$HOME\"";
    let project = behind_mounts(project, mounts);
    for args in [&["run", "imports"][..], &["doctor"]] {
        let ended = project.pipe(args);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let message = "docker cannot store its build state: mkdir";
        assert!(ended.stdout.contains(message), "{ended:?}");
        assert!(ended.stdout.contains("hint: set BUILDX_CONFIG to a folder"), "{ended:?}");
    }
    let state = project.root.join("../state").display().to_string();
    let project = project.with("BUILDX_CONFIG", &state);
    for args in [&["run", "imports"][..], &["doctor"]] {
        assert_eq!(project.pipe(args).status, Some(0), "{args:?}");
    }
    project.pipe(&["remove"]);
}

/// A docker whose client runs behind mounts of its own.
fn behind_mounts(project: Project, mounts: &str) -> Project {
    let script =
        format!("exec unshare --mount sh -c '{mounts} && exec docker \"$@\"' docker \"$@\"\n");
    project.with_docker(&script)
}
