//! A build script that checks the Python next to its crate.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::workspace::{CHECKOUT, Ended, Workspace};

tests!(
    docker,
    [
        a_finding_is_a_warning_of_the_build_until_it_is_gone,
        every_change_of_a_python_file_is_seen,
        a_finding_fails_the_build_where_that_is_wanted,
        a_check_that_is_not_built_is_reported_with_the_command_to_type,
        nothing_is_written_to_a_tree_that_is_read_only,
        a_build_for_another_target_checks_all_the_same
    ],
    nothing,
    [
        a_build_without_an_engine_goes_on,
        generated_files_are_compared_without_an_engine,
        a_vendored_build_checks_its_own_crates_and_no_vendored_one,
        a_crate_that_is_packaged_is_not_checked,
        documentation_and_editors_check_nothing,
        a_tool_that_hangs_holds_up_no_build,
        a_crate_outside_of_a_project_is_built
    ]
);

const PYTHON: &str = "crates/fast/python/fast/__init__.py";
const WRONG: &str =
    "\n\ndef double(a: int) -> str:\n    \"\"\"Give twice the number.\"\"\"\n    return a + a\n";
const COMPLAINT: &str =
    "error: Incompatible return value type (got \"int\", expected \"str\") [mypy return-value]";

/// A project whose environments are there.
fn built() -> Workspace {
    let workspace = Workspace::mixed();
    workspace.pipe(&["build", "mypy"]).well();
    workspace
}

fn build(workspace: &Workspace) -> Ended {
    workspace.cargo("build -v -p fast")
}

/// Returns the only message of cargo.
#[track_caller]
fn only(ended: &Ended) -> String {
    let messages = ended.messages();
    assert_eq!(messages.len(), 1, "{}", ended.stderr);
    messages.concat()
}

fn a_finding_is_a_warning_of_the_build_until_it_is_gone() {
    let workspace = built();
    let clean = workspace.read(PYTHON);
    workspace.write(PYTHON, &(clean.clone() + WRONG));
    let complaint = format!("warning: {PYTHON}:11:12: {COMPLAINT}");
    let first = build(&workspace).well();
    assert_eq!(first.messages(), std::slice::from_ref(&complaint));

    let second = build(&workspace).well();
    assert!(second.found_fresh("fast"), "{}", second.stderr);
    assert_eq!(second.messages(), std::slice::from_ref(&complaint), "cargo repeats its message");

    workspace.write(PYTHON, &clean);
    let third = build(&workspace).well();
    assert!(!third.found_fresh("fast"));
    assert_eq!(third.messages(), [""; 0]);
    assert!(build(&workspace).well().found_fresh("fast"));
}

fn every_change_of_a_python_file_is_seen() {
    let workspace = built();
    assert_eq!(build(&workspace).well().messages(), [""; 0]);
    let folder = workspace.root.join("crates/fast/python/fast");
    let complaints = |name: &str| {
        let ended = build(&workspace).well();
        assert!(!ended.found_fresh("fast"), "{name}: {}", ended.stderr);
        ended.messages().iter().filter(|line| line.contains(&format!("/{name}:3:"))).count()
    };
    let module = "\"\"\"Adds.\"\"\"\n\nONE = \"1\" + 1\n";
    workspace.write("crates/fast/python/fast/more.py", module);
    assert_eq!(complaints("more.py"), 1, "added");
    fs::rename(folder.join("more.py"), folder.join("other.py")).unwrap();
    assert_eq!(complaints("other.py"), 1, "renamed");
    fs::remove_file(folder.join("other.py")).unwrap();
    assert_eq!(complaints("other.py"), 0, "deleted");
    // The Python of another package of the project.
    workspace.write("tools/src/report/__init__.py", module);
    assert_eq!(complaints("__init__.py"), 1, "edited");
    assert!(build(&workspace).well().found_fresh("fast"));
}

fn nothing_is_written_to_a_tree_that_is_read_only() {
    let workspace = Workspace::mixed_in("my work \u{e9}");
    workspace.pipe(&["build", "mypy"]).well();
    workspace.write(PYTHON, &(workspace.read(PYTHON) + WRONG));
    workspace.cargo("metadata --format-version 1").well();
    let before = workspace.files();
    let first = workspace.cargo_read_only("build -v -p fast --locked --offline").well();
    assert_eq!(first.messages(), [format!("warning: {PYTHON}:11:12: {COMPLAINT}")]);
    let second = workspace.cargo_read_only("build -v -p fast --locked --offline").well();
    assert!(second.found_fresh("fast"), "{}", second.stderr);
    assert_eq!(workspace.files(), before);
}

/// With a target of its own, cargo keeps what it builds for the host apart, and only that.
fn a_build_for_another_target_checks_all_the_same() {
    let workspace = built();
    workspace.write(PYTHON, &(workspace.read(PYTHON) + WRONG));
    let rustc = workspace.run("rustc", &["-vV"]).well().stdout;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let expected = [format!("warning: {PYTHON}:11:12: {COMPLAINT}")];
    let words = format!("build -v -p fast --target {host}");
    let first = workspace.cargo(&words).well();
    assert_eq!(first.messages(), expected);
    assert!(first.stderr.contains(&format!("--target {host}")), "{}", first.stderr);
    assert!(workspace.cargo(&words).well().found_fresh("fast"));
    let workspace = workspace.with("CARGO_BUILD_TARGET", host);
    assert!(build(&workspace).well().found_fresh("fast"));
}

fn a_finding_fails_the_build_where_that_is_wanted() {
    let workspace = built().with("CARGO_PIPE_BUILD", "deny");
    workspace.write(PYTHON, &(workspace.read(PYTHON) + WRONG));
    let ended = build(&workspace).failed();
    assert_eq!(ended.messages(), [format!("error: {PYTHON}:11:12: {COMPLAINT}")]);
    // It is reported again until it is gone.
    build(&workspace).failed();

    let workspace = workspace.with("CARGO_PIPE_BUILD", "off");
    assert_eq!(build(&workspace).well().messages(), [""; 0]);

    let workspace = workspace.without("CARGO_PIPE_BUILD");
    workspace.edit("crates/fast/build.rs", ".run()", ".deny().run()");
    build(&workspace).failed();
}

fn a_check_that_is_not_built_is_reported_with_the_command_to_type() {
    let workspace = Workspace::mixed().with("CARGO_PIPE_BUILD", "deny");
    // No environment was ever built with this package, and none is now.
    let apt = "source = [\"tools/src\"]\nimage.apt = [\"cargo-pipe-has-no-such-package\"]";
    let source = "source = [\"crates/fast/python\", \"tools/src\"]";
    workspace.edit("Cargo.toml", source, apt);
    workspace.pipe(&["sync"]).well();
    let ended = build(&workspace).well();
    let text = only(&ended);
    assert!(text.starts_with("warning: mypy not checked: "), "{text}");
    assert!(text.contains("`cargo xtask pipe build"), "{text}");
    let again = build(&workspace).well();
    assert!(again.found_fresh("fast"), "{}", again.stderr);
}

fn a_build_without_an_engine_goes_on() {
    let workspace = Workspace::mixed()
        .with("CARGO_PIPE_BUILD", "deny")
        .with("CARGO_PIPE_ENGINE", "docker")
        .with("CARGO_PIPE_DOCKER", "/nowhere/docker");
    let ended = build(&workspace).well();
    let text = only(&ended);
    assert!(text.contains("mypy not checked: `/nowhere/docker` is not installed"), "{text}");
    // What the checks needed on the way was in `OUT_DIR`.
    assert!(!workspace.root.join("../home/.cache").exists());
}

const GENERATED: &str =
    "cargo_pipe::build_script::Pipe::from_env().generated_files().deny().run();";

fn generated_files_are_compared_without_an_engine() {
    let workspace = Workspace::alone("a crate alone", GENERATED);
    workspace.pipe(&["init"]).well();
    workspace.cargo("metadata --format-version 1").well();
    let before = workspace.files();
    // The folder is not writable, and nothing is written there.
    let folders = ["", "python", "src", ".docker"].map(|folder| workspace.root.join(folder));
    let mode = |mode| {
        let set = |path| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        folders.iter().for_each(set);
    };
    mode(0o555);
    let first = workspace.cargo("build -v --locked").well();
    let second = workspace.cargo("build -v --locked").well();
    mode(0o755);
    assert_eq!(first.messages(), [""; 0]);
    assert!(second.found_fresh("alone"), "{}", second.stderr);
    assert_eq!(workspace.files(), before);

    workspace.edit(
        "pipe.toml",
        "source = [\"python\"]",
        "source = [\"python\"]\nimage.apt = [\"make\"]",
    );
    let ended = workspace.cargo("build -v").failed();
    assert_eq!(
        ended.messages(),
        ["error: `.docker/Dockerfile` is out of date; see `cargo pipe sync`"]
    );
    workspace.pipe(&["sync"]).well();
    assert_eq!(workspace.cargo("build").well().messages(), [""; 0]);
}

fn a_crate_that_is_packaged_is_not_checked() {
    let workspace = Workspace::alone("packaged", GENERATED);
    // Its files are not generated.
    workspace.cargo("build").failed();
    let workspace = workspace.patched();
    workspace.cargo("package --allow-dirty").well();
}

/// Only one registry is replaced, so that all else need not be compiled again.
const VENDORED: &str = "[registries.private]\nindex = \"https://private.invalid/index\"\n\n\
    [source.private]\nregistry = \"https://private.invalid/index\"\nreplace-with = \"vendored\"\n\n\
    [source.vendored]\ndirectory = \"vendor\"\n";

fn a_vendored_build_checks_its_own_crates_and_no_vendored_one() {
    // A crate whose author has checked it, as `cargo vendor` leaves its sources.
    let library = Workspace::alone("library", GENERATED);
    let workspace = Workspace::alone("vendored", GENERATED).patched();
    workspace.write(".cargo/config.toml", VENDORED);
    workspace.copy(&library.root, "vendor/library");
    let manifest = "vendor/library/Cargo.toml";
    workspace.edit(manifest, "\"alone\"", "\"library\"");
    let published = "registry-index = \"https://github.com/rust-lang/crates.io-index\"";
    workspace.edit(manifest, &format!("path = \"{CHECKOUT}\""), published);
    workspace.write("vendor/library/.cargo-checksum.json", "{\"files\": {}}");
    let library =
        format!("library = {{ version = \"{}\", registry = \"private\" }}", library.version());
    let manifest = workspace.read("Cargo.toml");
    workspace.write("Cargo.toml", &format!("{manifest}\n[dependencies]\n{library}\n"));

    // Its own files are not generated.
    let ended = workspace.cargo("build --offline").failed();
    assert!(ended.stderr.contains(".docker/Dockerfile` is missing"), "{}", ended.stderr);
    workspace.pipe(&["init"]).well();
    assert_eq!(workspace.cargo("build --frozen").well().messages(), [""; 0]);
}

fn documentation_and_editors_check_nothing() {
    for (name, value) in [("DOCS_RS", "1"), ("RA_RUSTC_WRAPPER", "1"), ("CARGO_PIPE_BUILD", "off")]
    {
        let workspace = Workspace::alone("off", GENERATED).with(name, value);
        assert_eq!(workspace.cargo("build").well().messages(), [""; 0], "{name}");
        let workspace = workspace.without(name);
        workspace.cargo("build").failed();
    }
}

fn a_tool_that_hangs_holds_up_no_build() {
    let workspace = Workspace::alone(
        "hanging",
        "cargo_pipe::build_script::Pipe::from_env().checks([\"mypy\"])\n        \
         .timeout(std::time::Duration::from_millis(300)).deny().run();",
    );
    workspace.pipe(&["init"]).well();
    let docker = workspace.root.join("docker");
    fs::write(&docker, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let workspace = workspace.with("CARGO_PIPE_DOCKER", docker.to_str().unwrap());
    let ended = workspace.cargo("build -v").well();
    let text = only(&ended);
    assert!(text.contains("the checks were stopped"), "{text}");
    // The files of the check are still watched.
    workspace.write("python/more.py", "");
    assert!(!workspace.cargo("build -v").well().found_fresh("alone"));
}

fn a_crate_outside_of_a_project_is_built() {
    let workspace = Workspace::alone("no-project", GENERATED);
    fs::remove_file(Path::new(&workspace.root).join("pipe.toml")).unwrap();
    let ended = workspace.cargo("build").well();
    let text = only(&ended);
    assert!(text.contains("`pipe.toml` not found"), "{text}");
}
