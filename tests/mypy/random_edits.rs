//! Random edits of a real package, each followed by a comparison with a run from nothing.

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
