//! The end of images that no project needs any longer.

use std::fs;

use crate::package_index::{Index, Wheel};
use crate::project::{Project, docker, lines};
use crate::socket_jobs::Job;

tests![
    an_image_goes_two_weeks_after_its_last_use,
    images_that_no_lock_needs_go_at_once_when_that_is_asked_for,
    a_job_with_the_socket_removes_what_is_old_and_keeps_the_rest
];

/// A project with a check in an environment that no other project has.
fn with_lock(wheel: &Wheel, index: &Index) -> Project {
    let project = Project::scaffolded().with("PIP_INDEX_URL", &index.url(""));
    project.write(".docker/requirements/project.txt", wheel.locked());
    project.configure("checks.probe = { run = [\"true\"] }");
    project
}

/// Builds the environment of a check, and returns the name of its image.
fn build(project: &Project, check: &str) -> String {
    let built = project.pipe(&["build", check]);
    assert_eq!(built.status, Some(0), "{built:?}");
    built.stdout.trim().rsplit(' ').next().unwrap().to_owned()
}

/// The names of an image; none if it is gone.
fn names(image: &str) -> Vec<String> {
    let format = "{{range .RepoTags}}{{println .}}{{end}}";
    let names = lines(&["image", "inspect", "--format", format, image]);
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// The names of an image for the day of its last use.
fn uses(image: &str) -> Vec<String> {
    names(image).into_iter().filter(|name| name.contains(":used-")).collect()
}

/// Dates the last use of an image back.
fn age(image: &str) {
    let used = uses(image).remove(0);
    let (day_and_more, key) = used.rsplit_once('-').unwrap();
    let (repository, _) = day_and_more.rsplit_once(":used-").unwrap();
    let old = format!("{repository}:used-2001-01-01-{key}");
    for args in [&["tag", image, &old][..], &["image", "rm", &used]] {
        assert_eq!(docker(args).status, Some(0), "{args:?}");
    }
}

fn an_image_goes_two_weeks_after_its_last_use() {
    let [first, second] = ["first", "second"].map(Wheel::unheard_of);
    let index = Index::open(vec![first.clone(), second.clone()]);
    let project = with_lock(&first, &index);
    let image = build(&project, "probe");
    let today = uses(&image);
    assert_eq!(today.len(), 1, "{today:?}");
    age(&image);
    // A use today counts, and takes the place of the one before.
    assert_eq!(project.report(&["run", "probe"]).status, 0);
    assert_eq!(uses(&image), today);
    age(&image);
    project.write(".docker/requirements/project.txt", second.locked());
    assert_eq!(project.report(&["run", "probe"]).status, 0);
    assert_eq!(names(&image), [""; 0]);
    assert_ne!(names(&build(&project, "probe")), [""; 0]);
    project.pipe(&["remove"]);
}

fn images_that_no_lock_needs_go_at_once_when_that_is_asked_for() {
    let [first, second] = ["first", "second"].map(Wheel::unheard_of);
    let index = Index::open(vec![first.clone(), second.clone()]);
    let (stays, goes) = (with_lock(&first, &index), with_lock(&second, &index));
    let home = stays.root.parent().unwrap().join("home");
    let goes = goes.with("HOME", home.to_str().unwrap());
    let (kept, removed) = (build(&stays, "probe"), build(&goes, "probe"));
    fs::remove_dir_all(&goes.root).unwrap();
    // A tool that is switched off has no lock.
    let ruff = build(&stays, "ruff");
    let reference = format!("cargo-pipe/ruff:project-{}", stays.id());
    assert!(names(&ruff).contains(&reference), "{ruff}");
    fs::remove_file(stays.root.join(".docker/requirements/ruff.txt")).unwrap();
    let ended = stays.pipe(&["remove", "--unused"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for name in [&removed, &reference] {
        assert!(ended.stdout.contains(&format!("removed image {name}\n")), "{ended:?}");
        assert_eq!(names(name), [""; 0]);
    }
    assert!(!ended.stdout.contains(":used-"), "{ended:?}");
    assert_ne!(names(&kept), [""; 0]);
    stays.pipe(&["remove"]);
    assert_eq!(names(&kept), [""; 0]);
}

fn a_job_with_the_socket_removes_what_is_old_and_keeps_the_rest() {
    let wheels = ["old", "recent", "own"].map(Wheel::unheard_of);
    let index = Index::open(wheels.to_vec());
    let [old, recent, own] = wheels.each_ref().map(|wheel| with_lock(wheel, &index));
    let [old_image, recent_image] = [&old, &recent].map(|project| build(project, "probe"));
    age(&old_image);
    let job = Job::new(&own);
    let index = format!("PIP_INDEX_URL={}", index.url(""));
    for args in [&["run", "probe"][..], &["remove", "--unused"]] {
        let ended = job.pipe_with(&["--env", &index], args);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert_eq!(names(&old_image), [""; 0], "{args:?}");
        assert_ne!(names(&recent_image), [""; 0], "{args:?}");
    }
    recent.pipe(&["remove"]);
    own.pipe(&["remove"]);
}
