//! Random edits of a real package: after each, the worker says what plain pylint says.

use std::path::Path;

use crate::Test;
use crate::edits::Editor;
use crate::project::{Project, variable};

pub(crate) const TESTS: &[Test] = &[(
    "after_random_edits_of_a_package_nothing_is_stale",
    after_random_edits_of_a_package_nothing_is_stale,
)];

/// `cargo xtask soak pylint --seed N --edits M` sets the variables.
#[expect(clippy::print_stdout, reason = "whoever soaks sees what was tried")]
fn after_random_edits_of_a_package_nothing_is_stale() {
    let number = |name: &str| variable(name).map(|text| text.parse().unwrap());
    let seed = number("CARGO_PIPE_TEST_SEED").unwrap_or(1);
    let edits = number("CARGO_PIPE_TEST_EDITS").unwrap_or(3);
    let fixtures = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("fixtures");
    let package = fixtures.join("httpx-0.28.1/httpx");
    assert!(package.is_dir(), "`cargo xtask fixtures` fetches {}", package.display());
    let project = Project::of_package(&package);
    let mut editor = Editor::new(&project, "httpx", seed);
    assert_ne!(project.agrees().cold, "");
    let (mut linted, mut files) = (0, 0);
    for at in 1..=edits {
        let edit = editor.edit();
        println!("seed {seed}, edit {at}: {edit}");
        let run = project.agrees();
        if run.cold.is_empty() {
            linted += run.linted.len();
            files += project.sources().len();
        }
    }
    println!("{linted} of {files} files were linted");
}
