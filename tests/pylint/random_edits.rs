//! Random edits of a real package, each followed by a comparison with plain pylint.

use crate::editor::Editor;
use crate::project::Project;
use crate::python::{Soak, fetched_sources};

tests![after_random_edits_of_a_package_nothing_is_stale];

#[expect(clippy::print_stdout, reason = "a soak shows the edits that were made")]
fn after_random_edits_of_a_package_nothing_is_stale() {
    let Soak { seed, edits, package } = Soak::requested();
    let project = Project::of_package(&fetched_sources(&package));
    let mut editor = Editor::new(&project, &package, seed);
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
