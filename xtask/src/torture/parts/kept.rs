//! The copy of the sources that is kept between runs, after something has changed it.
//!
//! A run believes the copy only as far as it is as recorded, so that the next one must have the results
//! of the sources, and nothing outside may change where a part of the copy became a link.

use std::path::{Path, PathBuf};

use super::super::arena;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::{Failure, Result};
use crate::process::Command;

/// Changes in the folder of a copy, which has the record and the tree. `OUT` is the folder outside.
const CHANGES: &[&str] = &[
    ": > tree/src/main.py",
    "t=$(stat -c %y tree/src/main.py); sed -i 's/import os/import re/' tree/src/main.py; \
     touch -d \"$t\" tree/src/main.py",
    "rm tree/src/main.py",
    "rm -r tree/src",
    "rm -r tree",
    "echo 'import os' > tree/src/added.py",
    "mkdir tree/src/added; echo 'import os' > tree/src/added/more.py",
    "mv tree/src/main.py tree/src/moved.py",
    "mv tree/src/main.py x; mv tree/src/other.py tree/src/main.py; mv x tree/src/other.py",
    "ln -sf OUT/secret.txt tree/src/main.py",
    "rm tree/src/main.py; ln OUT/secret.txt tree/src/main.py",
    "rm -r tree/src; ln -s OUT tree/src",
    "rm -r tree; ln -s OUT tree",
    "rm tree/src/main.py; mkfifo tree/src/main.py",
    "rm tree/src/main.py; mkdir tree/src/main.py",
    "chmod 000 tree/src/main.py",
    "chmod 000 tree/src",
    "rm record",
    ": > record",
    "rm record; ln -s OUT/secret.txt record",
    "rm record; mkfifo record",
    "rm record; mkdir record",
    "dd if=/dev/urandom of=record bs=1 seek=40 count=8 conv=notrunc",
    "truncate -s 100 record",
    "truncate -s 1T record",
    "cd ..; mv COPY x; ln -s x COPY",
    "cd ..; rm -r COPY; ln -s OUT COPY",
    "cd ..; rm -r COPY; : > COPY",
];

/// Changes of the sources before the next run.
const EDITS: &[&str] =
    &[":", "echo 'import re' >> src/main.py", "rm src/other.py", "echo 'import re' > src/new.py"];

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let change = CHANGES[scene.case % CHANGES.len()];
    let edit = EDITS[scene.random.usize(..EDITS.len())];
    scene.name(format!("{change:?} in the copy, then {edit:?}"));
    scene.build()?;
    let command = scene.pipe(Machine::Bubblewrap, &["run", "--check", "ruff"]);
    scene.run(&command, LIMIT, &[1])?;
    let copies = find_copies(&scene.folder("cache"));
    if copies.is_empty() {
        return Err(Failure::new("a run has kept no copy of the sources"));
    }
    let outside = scene.folder("outside").to_string_lossy().into_owned();
    for copy in copies {
        let name = copy.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let script = change.replace("OUT", &outside).replace("COPY", &name);
        Command::new("sh", ["-c", &script]).folder(&copy).read()?;
    }
    scene.note_outside();
    // Without its result, the next run needs the copy.
    arena::remove(&scene.folder("cache/results"))?;
    Command::new("sh", ["-c", edit]).folder(&scene.folder("project")).read()?;
    scene.expect_like_uncached(Machine::Bubblewrap, &["ruff"])?;
    scene.expect_right(Machine::Bubblewrap, &["ruff"])
}

/// The folders of the copies that are kept.
fn find_copies(cache: &Path) -> Vec<PathBuf> {
    let projects = arena::list(&cache.join("projects"));
    projects.iter().flat_map(|project| arena::list(&project.join("Snapshots"))).collect()
}
