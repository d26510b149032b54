//! Fuzzes the reader of archives that come back from containers.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use cargo_pipe::cache::Index;
use cargo_pipe::plan::FileSet;
use cargo_pipe::process::Cancel;
use cargo_pipe::project::ProjectPath;
use cargo_pipe::snapshot::{Changes, Inventory};
use libfuzzer_sys::fuzz_target;

/// An inventory of the one file `a.py`.
static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    fs::write(folder.path().join("a.py"), "a = 1\n").expect("the file can be written");
    let path = ProjectPath::new("a.py").expect("the path is inside");
    let set = FileSet { paths: vec![path], ..FileSet::default() };
    let taken = Inventory::take(
        folder.path(),
        &set,
        &Index::read(folder.path(), "none"),
        &Cancel::default(),
    );
    taken.expect("the folder can be read")
});

fuzz_target!(|data: &[u8]| {
    let mut archive = data.to_vec();
    archive.extend([0; 1024]);
    if let Ok(changes) = Changes::in_archive(&archive, &INVENTORY) {
        let known = INVENTORY.hashes();
        assert!(changes.contents.keys().all(|path| known.contains_key(path.as_str())));
    }
});
