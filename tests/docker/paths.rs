//! The owner, the modes and the path of a project change no report.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::project::{Project, docker, without_the_colon};

tests![
    a_path_with_strange_characters_is_a_path,
    another_user_with_private_files_gets_the_same_report,
    an_ignored_module_that_is_imported_changes_nothing
];

fn a_path_with_strange_characters_is_a_path() {
    let plain = Project::scaffolded();
    let strange = Project::named("a b,c\"d'é$x").scaffold();
    for project in [&plain, &strange] {
        project.write("src/bad.py", without_the_colon());
        project.write("src/é, \"f\".py", "import os\n");
    }
    let (plain, strange) = (plain.report(&["run-all"]), strange.report(&["run-all"]));
    assert_eq!(plain.status, 1, "{plain:#?}");
    assert_eq!(plain.comparable(), strange.comparable());
    let paths: Vec<String> = strange.found("ruff").into_iter().map(|(path, ..)| path).collect();
    assert!(paths.contains(&"src/é, \"f\".py".to_owned()), "{paths:?}");
}

fn another_user_with_private_files_gets_the_same_report() {
    let ours = Project::scaffolded();
    ours.write("src/bad.py", without_the_colon());
    let theirs = Project::scaffolded();
    theirs.write("src/bad.py", without_the_colon());
    for path in ["src/bad.py", "src/main.py"] {
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(theirs.root.join(path), private).unwrap();
    }
    let socket = fs::metadata("/var/run/docker.sock").unwrap();
    let group = std::os::unix::fs::MetadataExt::gid(&socket);
    let theirs = theirs.owned_by(1234, group);
    let umask = theirs.under_umask("077", &["run-all", "--message-format", "json"]);
    assert_eq!(ours.report(&["run-all"]).comparable(), umask.comparable());
    assert_eq!(theirs.leftovers(), [""; 0]);
    assert_eq!(docker(&["version"]).status, Some(0));
}

fn an_ignored_module_that_is_imported_changes_nothing() {
    let with = Project::scaffolded();
    let without = Project::scaffolded();
    for project in [&with, &without] {
        project.write(".gitignore", "_version.py\n");
        project.write("src/pkg/__init__.py", "\"\"\"Package.\"\"\"\n");
        let main = "\"\"\"Uses a generated module.\"\"\"\n\nfrom pkg import _version\n\nprint(_version.VERSION)\n";
        project.write("src/main.py", main);
    }
    with.write("src/pkg/_version.py", "VERSION: int = 1\n");
    let (with, without) = (with.report(&["run-all"]), without.report(&["run-all"]));
    assert_eq!(with.json["fingerprint"], without.json["fingerprint"]);
    assert_eq!(with.status, 1, "{with:#?}");
    assert_eq!(with.comparable(), without.comparable());
    let hint = "`src/pkg/_version.py` exists but no check sees it";
    assert!(with.json["warnings"].to_string().contains(hint), "{:#?}", with.json["warnings"]);
    assert!(!without.json["warnings"].to_string().contains("exists but"));
}
