//! Random edits of a real package, each followed by a comparison with a run from nothing.

use crate::editor::Editor;
use crate::project::Project;
use crate::python::{fetched_sources, variable};

tests![after_random_edits_of_a_package_nothing_is_stale];

/// `cargo xtask soak mypy PACKAGE --seed N --edits M` sets the variables.
#[expect(clippy::print_stdout, reason = "a soak shows the edits that were made")]
fn after_random_edits_of_a_package_nothing_is_stale() {
    let number = |name: &str| variable(name).map(|text| text.parse().unwrap());
    let seed = number("CARGO_PIPE_TEST_SEED").unwrap_or(1);
    let edits = number("CARGO_PIPE_TEST_EDITS").unwrap_or(1);
    let package = variable("CARGO_PIPE_TEST_PACKAGE").unwrap_or_else(|| "httpx".to_owned());
    let project = Project::of_package(&fetched_sources(&package));
    let mut editor = Editor::new(&project, &package, seed);
    assert_ne!(project.agrees().cold, "");
    let (mut warm, mut checked) = (0, 0);
    for at in 1..=edits {
        let edit = editor.edit();
        let run = project.agrees();
        println!("seed {seed}, edit {at}: {edit}: {}, {} files", run.cold, run.checked.len());
        if run.cold.is_empty() {
            warm += 1;
            checked += run.checked.len();
        }
    }
    println!("{warm} of {edits} edits were answered warm, by checking {checked} files");
}
