//! A cached result equals a cold run of real tools.
//!
//! Random edits are each followed by a run with the cache and one without. The gate makes a few of them,
//! `cargo xtask soak hits` makes many, with other seeds.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::dice::Dice;
use crate::project::{Project, variable};

tests![a_cached_result_equals_a_cold_run, a_module_that_is_gone_is_third_party_to_ruff];

/// Few names and few contents, so that states come again.
const NAMES: [&str; 4] = ["a.py", "b.py", "pkg/a.py", "pkg/c.pyi"];
const CONTENTS: [&str; 4] = [
    "import os\n",
    "import a\nimport pkg\nimport sys\n\nprint(a, pkg, sys)\n",
    "x = 1\n",
    "x  =  1\n",
];

/// Does one thing to a project, and says what.
fn edit(project: &Project, dice: &mut Dice) -> String {
    let place = |name: &str| -> PathBuf { project.root.join("src").join(name) };
    let name = NAMES[dice.roll(NAMES.len())];
    let other = NAMES[dice.roll(NAMES.len())];
    let is_there = place(name).symlink_metadata().is_ok();
    match dice.roll(6) {
        0 if is_there => {
            fs::remove_file(place(name)).unwrap();
            format!("deleted {name}")
        }
        1 if is_there && name != other => {
            fs::rename(place(name), place(other)).unwrap();
            format!("renamed {name} to {other}")
        }
        2 if place(name).is_file() && !place(name).is_symlink() => {
            let mode = [0o644, 0o755][dice.roll(2)];
            fs::set_permissions(place(name), fs::Permissions::from_mode(mode)).unwrap();
            format!("mode {mode:o} for {name}")
        }
        3 if !is_there => {
            symlink(place("main.py"), place(name)).unwrap();
            format!("linked {name}")
        }
        _ => {
            let content = dice.roll(CONTENTS.len());
            if place(name).is_symlink() {
                fs::remove_file(place(name)).unwrap();
            }
            fs::write(place(name), CONTENTS[content]).unwrap();
            format!("content {content} for {name}")
        }
    }
}

#[expect(clippy::print_stderr, reason = "a soak shows the edits that were made")]
fn a_cached_result_equals_a_cold_run() {
    let (seeds, edits) = match variable("CARGO_PIPE_TEST_SOAK") {
        Some(_) => (1..=5, 60),
        None => (1..=1, 6),
    };
    for seed in seeds {
        let mut dice = Dice(seed);
        let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
        fs::create_dir(project.root.join("src/pkg")).unwrap();
        let mut hits = 0;
        for number in 0..edits {
            let what = edit(&project, &mut dice);
            let warm = project.report(&["run", "format", "ruff"]);
            // What was just computed is there now, and is what is replayed.
            let again = project.report(&["run", "format", "ruff"]);
            let cold = project.report(&["run", "format", "ruff", "--cache", "off"]);
            let place = format!("seed {seed}, edit {number}: {what}");
            assert_eq!(warm.comparable(), cold.comparable(), "{place}");
            assert_eq!(again.comparable(), cold.comparable(), "{place}");
            for check in ["format", "ruff"] {
                assert_eq!(again.check(check)["cache"], "hit", "{place}");
                hits += usize::from(warm.check(check)["cache"] == "hit");
            }
        }
        eprintln!("seed {seed}: {edits} edits, {hits} hits right after one");
    }
}

fn a_module_that_is_gone_is_third_party_to_ruff() {
    let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
    project.write("src/helper.py", "x = 1\n");
    project.write(
        "src/main.py",
        "\"\"\"Sorted.\"\"\"\n\nimport yaml\n\nimport helper\n\nprint(yaml, helper)\n",
    );
    let args = ["run", "sorted"];
    project.write(
        "pipe.toml",
        "source = [\"src\"]\n[checks.sorted]\ntool = \"ruff\"\nargs = [\"--select=I\"]\n",
    );
    let codes = |report: &crate::project::Report| report.found("sorted").len();
    let first = project.report(&args);
    assert_eq!(codes(&first), 0, "{first:#?}");
    assert_eq!(project.report(&args).check("sorted")["cache"], "hit");
    fs::remove_file(project.root.join("src/helper.py")).unwrap();
    let second = project.report(&args);
    assert_eq!(second.check("sorted")["cache"], "miss");
    assert_eq!(codes(&second), 1, "{second:#?}");
}
