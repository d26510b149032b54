//! Checks of Rust code in containers with the toolchain of the official image.

use crate::project::Project;
use crate::rust_project::{assert_reported, write_project};

tests![the_tools_of_the_toolchain_report_what_they_say_by_hand];

fn the_tools_of_the_toolchain_report_what_they_say_by_hand() {
    let project = write_project(Project::scaffolded().with("CARGO_PIPE_CACHE", "on"));
    assert_reported(&project, &["--engine", "docker"]);
}
