//! Settings, files and releases with which nothing, or not everything, can be believed.

use std::fs;
use std::path::Path;

use crate::project::{PYTHON, Project};
use crate::python::package_folder;

tests![
    a_leaf_is_checked_alone,
    settings_that_the_rules_do_not_cover_run_mypys_own_command,
    a_new_file_keeps_what_is_known_of_the_environment,
    a_file_that_mypy_reads_changes_everything,
    nothing_is_kept_of_a_project_with_links,
    a_wrong_configuration_is_reported_once,
    a_release_is_known_by_the_sources_that_are_relied_on,
    another_release_runs_mypys_own_command,
    nothing_to_check_is_said_as_by_mypy
];

fn project() -> Project {
    Project::of(&[
        ("p/__init__.py", ""),
        ("p/a.py", "import json\nx: int = json.dumps(1)\n"),
        ("p/b.py", "from p.a import x\ny: str = x\n"),
    ])
}

fn a_leaf_is_checked_alone() {
    let project = project();
    let first = project.agrees();
    assert_eq!((&*first.cold, first.lines.len()), ("no results of an earlier run", 2));
    let none = project.agrees();
    assert_eq!((&*none.cold, none.files()), ("", vec![]));
    project.write("p/b.py", "from p.a import x\ny: int = x\n");
    let leaf = project.agrees();
    assert_eq!((&*leaf.cold, leaf.files(), leaf.lines.len()), ("", vec!["p/b.py"], 1));
    assert_eq!(leaf.checked["p/b.py"], "it changed");
    project.write("p/a.py", "x: str = ''\n");
    let run = project.agrees();
    assert!(run.cold.starts_with("the imports of a file changed, and other modules"), "{run:?}");
    project.write("p/a.py", "x: int = 0\n");
    let root = project.agrees();
    assert_eq!(root.files(), ["p/a.py", "p/b.py"]);
    assert_eq!(root.checked["p/b.py"], "a module that it reaches has another interface");
}

fn settings_that_the_rules_do_not_cover_run_mypys_own_command() {
    for (setting, reason) in [
        ("plugins = plug.py", "a plugin may read anything"),
        ("follow_imports = error", "`follow_imports = error` says once what is imported"),
        ("local_partial_types = False", "`local_partial_types` is off"),
        ("many_errors_threshold = 1", "`many_errors_threshold` counts over the run"),
        ("cache_fine_grained = True", "`cache_fine_grained` is on"),
        ("skip_cache_mtime_checks = True", "`skip_cache_mtime_checks` is on"),
        ("fixed_format_cache = False", "`fixed_format_cache` is off"),
        (
            "[mypy-p.*]\nfollow_imports = error",
            "`follow_imports = error` says once what is imported",
        ),
    ] {
        let project = project();
        let plugin = "from mypy.plugin import Plugin\ndef plugin(v: str) -> type: return Plugin\n";
        project.write("plug.py", plugin);
        project.write("mypy.ini", &format!("[mypy]\npython_version = 3.13\n{setting}\n"));
        let run = project.run();
        assert_eq!((&*run.cold, &*project.left()), (reason, ""), "{setting}");
        if setting.starts_with("plugins") {
            let (plain, code) = project.plain();
            let messages = run.lines.iter().filter(|line| line.starts_with('{')).count();
            assert_eq!((messages, run.code), (plain.len(), code), "{run:?}");
        }
    }
    let project = project();
    project.write("p/a.py", "# mypy: no-local-partial-types\nx = 1\n");
    assert_eq!(project.run().cold, "`local-partial-types` is set in p/a.py");
}

fn a_new_file_keeps_what_is_known_of_the_environment() {
    let project = project();
    project.agrees();
    project.write("p/c.py", "import json\nz: int = json.loads('')\n");
    let run = project.agrees();
    assert_eq!((&*run.cold, run.files()), ("a file or folder is new or gone", vec![]));
    // A module of the project takes the place of one of the standard library.
    project.write("json.py", "def dumps(x: object) -> int: return 1\n");
    let run = project.agrees();
    assert!(run.cold.starts_with("a file or folder is new or gone, and "), "{run:?}");
}

fn a_file_that_mypy_reads_changes_everything() {
    let project = project();
    project.agrees();
    project.write("p/notes.txt", "Nothing that mypy reads.\n");
    assert_eq!(project.agrees().cold, "");
    project.write("p/py.typed", "");
    assert_eq!(project.agrees().cold, "a file other than a source that mypy reads changed");
    // A folder is a package, whatever is in it.
    project.write("p/a.py", "import extra\nx: int = 1\n");
    project.agrees();
    project.write("extra/notes.txt", "");
    assert_eq!(project.agrees().cold, "a file or folder is new or gone");
}

fn nothing_is_kept_of_a_project_with_links() {
    let project = project();
    std::os::unix::fs::symlink("p", project.root().join("q")).unwrap();
    let run = project.agrees();
    assert_eq!((&*run.cold, &*project.left()), ("q is a symbolic link", ""));
}

fn a_wrong_configuration_is_reported_once() {
    let project = project();
    project.write("mypy.ini", "[mypy]\npython_version = 3.13\nno_such_option = 1\n");
    let run = project.agrees();
    assert_eq!(run.complaints.matches("no_such_option").count(), 1, "{run:?}");
    assert_eq!(project.left(), "");
}

/// Only the sources decide: the compiled modules are made of them.
fn a_release_is_known_by_the_sources_that_are_relied_on() {
    let folder = tempfile::tempdir().unwrap();
    let installed = package_folder(&PYTHON, "mypy");
    fs::create_dir(folder.path().join("mypy")).unwrap();
    for name in ["__init__", "build", "errors", "metastore", "typestate"] {
        let name = format!("{name}.py");
        fs::copy(installed.join(&name), folder.path().join("mypy").join(&name)).unwrap();
    }
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let path = format!("{}:{}", folder.path().display(), templates.display());
    let project = Project::of(&[]).with("PYTHONPATH", &path);
    let known = || {
        project.evaluate("from mypy_worker import guard\nprint(guard.is_known(), guard.digest())")
    };
    assert!(known().starts_with("True "), "{}", known());
    let place = folder.path().join("mypy/build.py");
    let source = fs::read_to_string(&place).unwrap();
    fs::write(&place, source.replacen("fresh", "Fresh", 1)).unwrap();
    assert!(known().starts_with("False "), "{}", known());
    fs::remove_file(&place).unwrap();
    let missing = project.evaluate("from mypy_worker import guard\nprint(guard.is_known())");
    assert_eq!(missing, "False");
}

fn another_release_runs_mypys_own_command() {
    let project = project().with_other_release();
    let run = project.run();
    let reason = "this release of mypy differs where incremental checking relies on it";
    assert_eq!((&*run.cold, &*project.left(), run.code), (reason, "", Some(1)));
    assert!(run.hint.contains("update mypy --keep-incremental"), "{run:?}");
    assert_eq!(run.lines.iter().filter(|line| line.starts_with('{')).count(), 2);
}

fn nothing_to_check_is_said_as_by_mypy() {
    let project = Project::of(&[]);
    let run = project.agrees();
    assert!(run.complaints.contains("There are no .py[i] files"), "{run:?}");
    assert_eq!(run.code, Some(2));
}
