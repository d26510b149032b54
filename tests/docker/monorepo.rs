//! Packages of a monorepo in containers.

use std::fs;

use crate::project::Project;
use crate::two_packages::{
    add_settings, assert_judged, assert_own_dependencies, log, places, write_packages,
};

tests![
    each_package_is_judged_by_its_own_configuration,
    a_command_of_an_image_runs_in_the_package,
    packages_have_their_own_dependencies,
    a_dockerfile_of_the_project_says_where_the_dependencies_of_a_package_go
];

fn each_package_is_judged_by_its_own_configuration() {
    let project = Project::scaffolded();
    write_packages(&project);
    let report = project.report(&["run-all"]);
    assert_judged(&report);
    assert_eq!(places(&report, "api:lint"), [""; 0]);
    // A shell starts where the check runs.
    let shell = project.pipe(&["bash", "api:mypy", "--", "pwd"]);
    assert_eq!(shell.stdout, "/app/apps/api\n", "{shell:?}");
}

fn a_command_of_an_image_runs_in_the_package() {
    let project = Project::scaffolded();
    write_packages(&project);
    let place = "[packages.core.checks.place]\nrun = [\"pwd\"]\nimage = \"python:3.13-slim\"\n";
    add_settings(&project, place);
    let report = project.report(&["run", "core:place"]);
    assert_eq!(log(&report, "core:place"), "/app/libs/core");
}

fn packages_have_their_own_dependencies() {
    assert_own_dependencies(&Project::scaffolded(), &[]);
}

fn a_dockerfile_of_the_project_says_where_the_dependencies_of_a_package_go() {
    let project = Project::scaffolded().with("CARGO_PIPE_ALLOW", "dockerfile");
    let path = project.root.join(".docker/Dockerfile");
    let text = fs::read_to_string(&path).unwrap();
    let edited = text.lines().skip(1).collect::<Vec<_>>().join("\n") + "\nENV OWN=1\n";
    fs::write(&path, &edited).unwrap();
    assert_own_dependencies(&project, &[]);
    fs::write(&path, edited.replace("${PROJECT}", "project")).unwrap();
    let report = project.report(&["run", "old:release"]);
    let reason = report.check("old:release")["reason"].to_string();
    assert!(reason.contains("not those of one package"), "{reason}");
    assert!(reason.contains("ARG PROJECT=project"), "{reason}");
}
