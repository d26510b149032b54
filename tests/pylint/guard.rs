//! The guard of the worker: with which releases of pylint and astroid it lints file by file.

use std::fs;
use std::path::Path;

use crate::project::{Project, copy_package};

tests![
    the_locked_releases_are_known,
    a_change_elsewhere_in_astroid_is_accepted,
    a_change_of_what_is_relied_on_is_refused
];

const SCOPED_NODES: &str = "astroid/nodes/scoped_nodes/scoped_nodes.py";

/// A project whose astroid is a copy in this folder.
fn project(folder: &Path) -> Project {
    copy_package("astroid", folder);
    let project = Project::of(&[("a.py", "VALUE = 1\n"), ("b.py", "import a\n\nprint(a.NO)\n")]);
    project.with("PYTHONPATH", folder.to_str().unwrap())
}

/// Each of them by itself: most runs never compute the second.
fn the_locked_releases_are_known() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let project = Project::of(&[]).with("PYTHONPATH", templates.to_str().unwrap());
    let output = project.evaluate(
        "from pylint_worker import guard\n\
         digests = {guard.digest(guard.whole), guard.digest(guard.relied_on)}\n\
         print('known' if digests == guard.KNOWN else digests)",
    );
    assert_eq!(output, "known");
}

fn a_change_elsewhere_in_astroid_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path());
    let place = folder.path().join(SCOPED_NODES);
    let source = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("{source}\n\ndef double(number):\n    return number + number\n"))
        .unwrap();
    project.agrees();
    project.write("a.py", "VALUE = NO = 1\n");
    let run = project.agrees();
    assert_eq!((&*run.cold, run.linted.len()), ("", 2), "{run:?}");
}

fn a_change_of_what_is_relied_on_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path());
    let place = folder.path().join(SCOPED_NODES);
    let source = fs::read_to_string(&place).unwrap();
    let name = "    def declared_metaclass(";
    assert_eq!(source.matches(name).count(), 1);
    for changed in [
        source.replace(name, &format!("{name}  # It is another one.")),
        format!(
            "{source}\n\n@lru_cache(maxsize=None)\ndef double(number):\n    return number * 2\n"
        ),
        format!("{source}\n\ndef mark(node):\n    node.is_marked = True\n"),
    ] {
        fs::write(&place, changed).unwrap();
        let run = project.agrees();
        assert!(run.cold.starts_with("this release of pylint or astroid differs"), "{run:?}");
        assert!(run.hint.contains("update pylint --keep-incremental"), "{run:?}");
        assert_eq!(project.left(), "");
    }
}
