//! Packages of a monorepo in containers.

use crate::project::Project;
use crate::two_packages::{add_settings, assert_judged, log, places, write_packages};

tests![each_package_is_judged_by_its_own_configuration, a_command_of_an_image_runs_in_the_package];

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
