//! The command `init`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use snapbox::str;

use crate::scene::Scene;

/// All files of a project that starts in an empty folder.
const ALL: &[&str] = &[
    "pipe.toml",
    ".docker/Dockerfile",
    ".docker/requirements/pylint.txt",
    ".docker/requirements/black.txt",
    ".docker/requirements/mypy.txt",
    ".docker/requirements/ruff.txt",
    ".config/.pylintrc",
    ".config/black.toml",
    ".config/mypy.ini",
    ".config/pyproject.toml",
    ".config/pipe.schema.json",
    "src/main.py",
];

/// The files that a project with configurations of its own gets.
const ADOPTED: &[&str] = &[
    "pipe.toml",
    ".docker/Dockerfile",
    ".docker/requirements/pylint.txt",
    ".docker/requirements/mypy.txt",
    ".docker/requirements/ruff.txt",
    ".config/pipe.schema.json",
    ".gitlab/pipe.yml",
];

/// Lines of the output for files in one state.
fn listed(state: &str, files: &[&str]) -> String {
    files.iter().map(|file| format!("{state:<10}{file}\n")).collect()
}

#[test]
fn an_empty_folder_becomes_a_project() {
    let scene = Scene::new();
    scene.pipe("init demo --dry-run").ends(
        0,
        listed("missing", ALL),
        str![[r#"

12 files would be written

"#]],
    );
    assert!(!scene.project().join("demo").exists());
    scene.pipe("init demo").ends(
        0,
        listed("written", ALL),
        str![[r#"

12 files written

hint: run `cargo pipe -C demo run-all` to run the checks

"#]],
    );
    assert_eq!(scene.pipe("-C demo list").ended().status, Some(0));
}

#[test]
fn a_second_time_writes_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.pipe("init").ends(
        0,
        listed("unchanged", &ALL[..ALL.len() - 1]),
        str![[r#"

0 files written

hint: run `cargo pipe run-all` to run the checks

"#]],
    );
}

#[test]
fn existing_setup_is_listed_before_written_files() {
    let scene = Scene::new()
        .file("greeter/words.py", "")
        .file("setup.py", "")
        .file(".pylintrc", "[MAIN]\njobs=0\nsuggestion-mode=yes\n")
        .file("pyproject.toml", "[tool.ruff]\n[tool.mypy]\n")
        .file(".gitlab-ci.yml", "test:\n  script: [make]\n");
    scene.pipe("init --dry-run --fix-configs").ends(0, listed("missing", ADOPTED) + "fixable   .pylintrc\n", str![[r#"
found Python in `greeter`: it is checked
found tooling or documentation in `setup.py`: it is not checked; add it to `source` in `pipe.toml` to check it
found `.pylintrc`: `lint` uses it where it is
found `[tool.mypy]` in `pyproject.toml`: `mypy` uses it where it is
found `[tool.ruff]` in `pyproject.toml`: `ruff` uses it where it is
found no use of `ruff-format`: the check is in `pipe.toml`, but not switched on
found your own `.gitlab-ci.yml`: it can include `.gitlab/pipe.yml`, which has the job


.pylintrc:3: pylint 4.1.4 rejects `suggestion-mode`: pylint 4.0 removed it; it would be commented out

7 files would be written

hint: add this to your `.gitlab-ci.yml` to run the checks:

    include:
      - local: .gitlab/pipe.yml

"#]]);
    scene.pipe("init").ends(0, listed("written", ADOPTED), str![[r#"
found Python in `greeter`: it is checked
found tooling or documentation in `setup.py`: it is not checked; add it to `source` in `pipe.toml` to check it
found `.pylintrc`: `lint` uses it where it is
found `[tool.mypy]` in `pyproject.toml`: `mypy` uses it where it is
found `[tool.ruff]` in `pyproject.toml`: `ruff` uses it where it is
found no use of `ruff-format`: the check is in `pipe.toml`, but not switched on
found your own `.gitlab-ci.yml`: it can include `.gitlab/pipe.yml`, which has the job


warning: .pylintrc:3: pylint 4.1.4 rejects `suggestion-mode`: pylint 4.0 removed it

7 files written

hint: these checks fail with exit status 2 until the options are removed; run `cargo pipe init --fix-configs` to comment them out

hint: add this to your `.gitlab-ci.yml` to run the checks:

    include:
      - local: .gitlab/pipe.yml

hint: run `cargo pipe run-all` to run the checks

"#]]);
    scene.pipe("init --fix-configs").ends(
        0,
        listed("unchanged", ADOPTED) + "fixed     .pylintrc\n",
        str![[r#"

.pylintrc:3: pylint 4.1.4 rejects `suggestion-mode`: pylint 4.0 removed it; commented out

0 files written

hint: add this to your `.gitlab-ci.yml` to run the checks:

    include:
      - local: .gitlab/pipe.yml

hint: run `cargo pipe run-all` to run the checks

"#]],
    );
}

#[test]
fn remove_takes_the_files_away_and_names_those_that_were_edited() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init --ci gitlab").ended().status, Some(0));
    let scene = scene.file(".config/mypy.ini", "# Made by cargo pipe 0.1.0. Mine [x]\n");
    scene.pipe("remove --files").ends(
        0,
        str![[r#"
removed file .gitlab-ci.yml
removed file src/main.py
removed file .config/pipe.schema.json
removed file .config/pyproject.toml
kept file .config/mypy.ini: it was edited
removed file .config/black.toml
removed file .config/.pylintrc
removed file .docker/requirements/ruff.txt
removed file .docker/requirements/mypy.txt
removed file .docker/requirements/black.txt
removed file .docker/requirements/pylint.txt
removed file .docker/Dockerfile
removed file pipe.toml

"#]],
        str![[""]],
    );
    scene.pipe("remove --files").finds_no_project();
}

#[test]
fn init_warns_about_adopted_configurations_that_conflict() {
    let configs = "[tool.black]\nline-length = 120\n[tool.pylint.format]\nmax-line-length = 90\n";
    let scene = Scene::new().file("pyproject.toml", configs).file("src/main.py", "x = 1\n");
    let ended = scene.pipe("init").ended();
    assert_eq!(ended.status, Some(0));
    let warning = "warning: `format` (black) makes lines of up to 120 characters \
                   (pyproject.toml:2), and `lint` (pylint) refuses those over 90 \
                   (pyproject.toml:4)\nhint: give both the same line length\n";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    // Running checks is silent about it.
    let plan = scene.pipe("run-all --dry-run").ended();
    assert!(!plan.stderr.contains("characters"), "{plan:?}");
}

#[test]
fn pipelines_can_be_added_to_a_project_later() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let before = std::fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let ended = scene.pipe("init --ci gitlab,github").ended();
    assert!(ended.stdout.starts_with("extended  pipe.toml\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("written   .gitlab-ci.yml\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("written   .github/workflows/pipe.yml\n"), "{}", ended.stdout);
    let after = before
        .replace("\ngitlab = false\n", "\ngitlab = \"image\"\n")
        .replace("\ngithub = false\n", "\ngithub = true\n");
    assert_eq!(std::fs::read_to_string(scene.project().join("pipe.toml")).unwrap(), after);
    assert_eq!(scene.pipe("sync --check").ended().status, Some(0));
}

#[test]
fn no_pipeline_and_one_is_a_contradiction() {
    Scene::new().pipe("init --ci gitlab,none").ends(
        2,
        str![[""]],
        str![[r#"
error: `--ci none` cannot be combined with other values

"#]],
    );
}

#[test]
fn cargo_is_asked_about_a_workspace_outside_of_it() {
    let scene = Scene::new()
        .file("Cargo.toml", "[workspace]\nmembers = []\n")
        .file("rust-toolchain.toml", "[toolchain]\npath = \"/evil\"\n");
    let folder = scene.folder("programs");
    fs::create_dir(&folder).unwrap();
    let place = folder.join("place");
    // It notes where it is started, as rustup reads a toolchain's name there.
    let cargo = format!("#!/bin/sh\npwd >'{}'\nexit 1\n", place.display());
    fs::write(folder.join("cargo"), cargo).unwrap();
    fs::set_permissions(folder.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let ended =
        scene.pipe("init --xtask").with("CARGO", folder.join("cargo").to_str().unwrap()).ended();
    assert_ne!(ended.status, Some(0), "{ended:?}");
    assert_eq!(fs::read_to_string(place).unwrap(), "/\n");
}

#[test]
fn the_tools_are_those_that_the_project_runs() {
    let hooks = "repos:\n- repo: https://github.com/psf/black-pre-commit-mirror\n  rev: 24.1.0\n  \
                 hooks:\n  - id: black\n    args: [--line-length, '79']\n";
    let scene = Scene::new()
        .file(".pre-commit-config.yaml", hooks)
        .file("pyproject.toml", "[project]\nrequires-python = '>=3.9,<3.12'\n")
        .file("shop/cart.py", "x = 1\n");
    let ended = scene.pipe("init --no-lock").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let hint = "run `cargo pipe update black` to lock what the checks need, then";
    assert!(ended.stderr.contains(hint), "{}", ended.stderr);
    let settings = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let check = "\
# From .pre-commit-config.yaml:5.
# pre-commit passes names of files; these are their folders.
[checks.format]
tool = \"black\"
config = false
version = \"24.1.0\"
args = [\"--line-length\", \"79\"]
source = [\".\"]
";
    assert!(settings.contains(check), "{settings}");
    assert!(settings.contains("\nversion = \"3.11\"\n"), "{settings}");
    let configs = fs::read_dir(scene.project().join(".config")).unwrap();
    let configs: Vec<_> = configs.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(configs, ["pipe.schema.json"]);
    scene.pipe("lint").ends(
        2,
        str![[""]],
        str![[r#"
error: this project does not use the check `lint`

hint: delete `enabled = false` in `[checks.lint]` of `pipe.toml` to switch it on

"#]],
    );
}

#[test]
fn a_manifest_that_cannot_be_parsed_is_an_error_with_its_place() {
    let scene = Scene::new().file("pyproject.toml", "[tool.ruff]\nselect = [\"E\"\n");
    let ended = scene.pipe("init").ended();
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("pyproject.toml:"), "{ended:?}");
    assert!(ended.stderr.contains("`init` takes the tools and dependencies from it"), "{ended:?}");
    assert!(!scene.project().join("pipe.toml").exists());
}
