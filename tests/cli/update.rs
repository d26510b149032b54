//! The command `update`, with a fake uv.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::tools;
use snapbox::str;

use crate::scene::{Run, Scene};

const HASH: &str = "--hash=sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A project with a check and a dependency of its own, and no lock of either.
pub(crate) fn scene() -> Scene {
    let checks = ["lint", "format", "mypy", "ruff"];
    let off: String = checks.map(|name| format!("[checks.{name}]\nenabled = false\n")).concat();
    let spelling = "[checks.spelling]\nrun = [\"codespell\"]\nrequirements = [\"codespell\"]\n";
    let scene = Scene::new()
        .file("pipe.toml", &format!("{off}{spelling}"))
        .file("src/main.py", "import near\n")
        .file("requirements.txt", "near>=1\n");
    fake_uv(&scene);
    answer(&scene, "spelling", "codespell==2.4.1");
    answer(&scene, "project", "near==1.0");
    scene
}

/// Adds a uv that answers with the file of the lock's name, and keeps its arguments and requirements.
pub(crate) fn fake_uv(scene: &Scene) {
    let uv = "#!/bin/sh\nfor last; do :; done\necho \"$@\" >>\"$UV/asked\"\ncat \"$last\" >>\"$UV/asked\"\n\
              name=$(basename \"$last\" .in)\n\
              if [ -e \"$UV/$name.error\" ]; then cat \"$UV/$name.error\" >&2; exit 1; fi\n\
              exec cat \"$UV/$name\"\n";
    let folder = scene.folder("uv");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("uv"), uv).unwrap();
    fs::set_permissions(folder.join("uv"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Has docker answer that the base image is of this layer and holds this release of Python.
fn base(scene: &Scene, layer: &str, release: &str) {
    let image = format!(
        r#"{{"Id":"sha256:1","Os":"linux","Architecture":"amd64","RootFS":{{"Layers":["{layer}"]}}}}"#
    );
    let probe = format!(
        r#"{{"executable":"/p","prefix":"/","probe":{{"version":"{release}","implementation":"cpython",
        "modules":"00","missing":["tkinter"],"system":"debian 13"}}}}"#
    );
    scene.docker().on(&["image", "inspect"]).stdout(&image);
    scene.docker().on(&["run", "python3"]).stdout(&probe);
}

pub(crate) fn answer(scene: &Scene, name: &str, pins: &str) {
    let pins: String = pins.split(' ').map(|pin| format!("{pin} {HASH}\n")).collect();
    fs::write(scene.folder("uv").join(name), pins).unwrap();
}

pub(crate) fn pipe<'a>(scene: &'a Scene, words: &str) -> Run<'a> {
    let folder = scene.folder("uv").display().to_string();
    let path = EnvVars::of_process().get("PATH").unwrap_or_default().to_owned();
    scene.pipe(words).with("PATH", &format!("{folder}:{path}")).with("UV", &folder)
}

fn locks(scene: &Scene) -> Vec<Option<String>> {
    let folder = scene.project().join(".docker/requirements");
    ["spelling.txt", "project.txt"].map(|name| read(&folder.join(name))).to_vec()
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[test]
fn a_newer_version_is_shown_and_then_written() {
    let scene = scene();
    base(&scene, "a", "3.13.5");
    let table = "spelling  new, 1 package\nproject   new, 1 package\n\
                 base      new, `python:3.13-slim` with Python 3.13.5\n";
    pipe(&scene, "update --check").ends(
        1,
        table,
        str![[r#"
resolving versions with the package index …

3 locks can be updated: `cargo pipe update`

"#]],
    );
    assert_eq!(locks(&scene), [None, None]);
    pipe(&scene, "update").ends(
        0,
        table,
        str![[r#"
resolving versions with the package index …

3 locks updated; the next run builds what they changed

"#]],
    );
    let written = locks(&scene);
    assert!(written[1].as_deref().unwrap().ends_with(&format!("near==1.0 \\\n    {HASH}\n")));

    answer(&scene, "project", "far==3 near==1.1");
    pipe(&scene, "update").ends(
        0,
        str![[r#"
spelling  1 package, all the newest
project   2 of 2 packages
  far     3, new
  near    1.0 → 1.1
base      `python:3.13-slim` with Python 3.13.5, as recorded

"#]],
        "...\n1 lock updated; the next run builds what they changed\n",
    );
    assert_eq!(locks(&scene)[0], written[0]);
    pipe(&scene, "update --check -q").ends(
        0,
        "spelling  1 package, all the newest\nproject   2 packages, all the newest\n\
         base      `python:3.13-slim` with Python 3.13.5, as recorded\n",
        "",
    );
}

#[test]
fn the_base_is_recorded_for_each_platform_and_one_of_another_name_is_forgotten() {
    let scene = scene();
    base(&scene, "a", "3.13.5");
    let lock = scene.project().join(".docker/pipe.lock");
    pipe(&scene, "update base").ends(
        0,
        "base  new, `python:3.13-slim` with Python 3.13.5\n",
        "...\n1 lock updated; the next run builds what they changed\n",
    );
    let recorded = read(&lock).unwrap();
    assert!(recorded.contains("version = \"3.13.5\""), "{recorded}");
    let other = recorded.split_once("[[base]]").unwrap().1;
    let arm = format!("\n[[base]]{}", other.replace("linux/amd64", "linux/arm64"));
    let old = format!("\n[[base]]{}", other.replace("3.13-slim", "3.12-slim"));
    let older = recorded.replace("3.13.5", "3.13.4");
    fs::write(&lock, format!("{older}{arm}{old}")).unwrap();
    let check = pipe(&scene, "update base --check").ended();
    assert_eq!((check.status, &*check.stdout), (Some(1), "base  Python 3.13.4 → 3.13.5\n"));
    assert_eq!(pipe(&scene, "update base").ended().status, Some(0));
    assert_eq!(read(&lock).unwrap(), format!("{recorded}{arm}"));
    fs::write(&lock, "[[base]]\nimage = 1\n").unwrap();
    let ended = pipe(&scene, "update").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("pipe.lock: TOML parse error at line 2"), "{}", ended.stderr);
    assert_eq!(locks(&scene), [None, None]);
}

#[test]
fn where_no_docker_engine_answers_the_lock_of_the_base_stays() {
    let scene = scene();
    scene.docker().on(&["version"]).stderr("connection refused\n").code(1);
    pipe(&scene, "update").ends(
        0,
        "spelling  new, 1 package\nproject   new, 1 package\n",
        str![[r#"
resolving versions with the package index …
warning: `.docker/pipe.lock` was not updated: the docker engine does not answer: connection refused; run `cargo pipe update base` on a machine with docker

2 locks updated; the next run builds what they changed

"#]],
    );
    pipe(&scene, "update --check").ends(
        0,
        "spelling  1 package, all the newest\nproject   1 package, all the newest\n",
        "...\nevery lock is up to date\n",
    );
    pipe(&scene, "update base").ends(
        3,
        "",
        str![[r#"
resolving versions with the package index …
error: the docker engine does not answer: connection refused

hint: start it, for example with `sudo systemctl start docker`, or set DOCKER_HOST

"#]],
    );
    // A project without images gets no message about them.
    let ended = pipe(&scene, "--engine venv update").ended();
    assert!(!ended.stderr.contains("pipe.lock"), "{}", ended.stderr);
    assert!(!scene.project().join(".docker/pipe.lock").exists());
}

#[test]
fn no_lock_changes_where_one_cannot_be_resolved() {
    let scene = scene();
    fs::write(scene.folder("uv").join("project.error"), "  × No solution found: near\n").unwrap();
    pipe(&scene, "update").ends(
        2,
        "",
        str![[r#"
resolving versions with the package index …
error: the requirements of `project` cannot be resolved:
  × No solution found: near

"#]],
    );
    fs::write(scene.folder("uv").join("project.error"), "error: no route to host\n").unwrap();
    assert_eq!(pipe(&scene, "update").ended().status, Some(3));
    assert_eq!(locks(&scene), [None, None]);
}

#[test]
fn an_unparseable_lock_from_uv_is_refused() {
    let scene = scene();
    fs::write(scene.folder("uv").join("project"), "near==1.0\n").unwrap();
    let ended = pipe(&scene, "update project").ended();
    assert_eq!(ended.status, Some(3));
    assert!(ended.stderr.contains("`near==1.0` has no `--hash=sha256:…`"), "{}", ended.stderr);
    assert_eq!(locks(&scene), [None, None]);
}

#[test]
fn uv_gets_the_cutoff_date_and_the_named_packages() {
    let scene = scene();
    let place = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("[python]\nversion = \"3.12\"\nminimum-age = \"3d\"\n{text}"))
        .unwrap();
    assert_eq!(pipe(&scene, "update project").ended().status, Some(0));
    let asked = read(&scene.folder("uv").join("asked")).unwrap();
    for words in
        ["--universal", "--generate-hashes", "--only-binary=:all:", "--python-version 3.12"]
    {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    assert!(asked.contains(" --exclude-newer 20") && asked.ends_with("near>=1\n"), "{asked}");
    assert!(!asked.contains("codespell"));
}

#[test]
fn releases_that_are_too_young_are_left_alone() {
    let scene = scene();
    let place = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("[python]\nminimum-age = \"30d\"\n{text}")).unwrap();
    let too_young = scene.folder("uv").join("project.error");
    let message = "  × No solution found: near\n  hint: `near` is limited by `exclude-newer`\n";
    // There is nothing that could stay.
    fs::write(&too_young, message).unwrap();
    pipe(&scene, "update project").ends(
        2,
        "",
        str![[r#"
resolving versions with the package index …
error: the requirements of `project` cannot be resolved:
  × No solution found: near
  hint: `near` is limited by `exclude-newer`

hint: releases that are younger than `minimum-age` of pipe.toml are left out; shorten it, or choose an older release

"#]],
    );
    fs::remove_file(&too_young).unwrap();
    assert_eq!(pipe(&scene, "update").ended().status, Some(0));

    fs::write(&too_young, message).unwrap();
    answer(&scene, "spelling", "codespell==2.4.2");
    let written = locks(&scene);
    pipe(&scene, "update spelling project").ends(
        0,
        str![[r#"
spelling     1 of 1 package
  codespell  2.4.1 → 2.4.2
project      1 package, kept: other releases are younger than `minimum-age`

"#]],
        "...\n1 lock updated; the next run builds what they changed\n",
    );
    assert_eq!(locks(&scene)[1], written[1]);

    // The lock does not answer what is required now.
    fs::write(scene.project().join("requirements.txt"), "near>=2\n").unwrap();
    assert_eq!(pipe(&scene, "update project").ended().status, Some(2));
}

#[test]
fn running_a_package_built_from_source_needs_a_grant() {
    let scene = scene();
    let place = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("[python]\nfrom-source = [\"near\"]\n{text}")).unwrap();
    assert_eq!(pipe(&scene, "update project").ended().status, Some(2));
    assert_eq!(locks(&scene), [None, None]);
    assert_eq!(pipe(&scene, "update project --allow host").ended().status, Some(0));
    let asked = read(&scene.folder("uv").join("asked")).unwrap();
    assert!(asked.contains("--no-binary near"), "{asked}");
}

#[test]
fn a_name_without_a_lock_and_no_network_are_refused() {
    let scene = scene();
    pipe(&scene, "update speling").ends(
        2,
        "",
        str![[r#"
error: unknown lock `speling`

hint: did you mean `spelling`?

"#]],
    );
    pipe(&scene, "--offline update").ends(
        2,
        "",
        str![[r#"
error: `update` needs the network, but cargo pipe is offline

hint: remove `--offline`, or `offline` in pipe.toml

"#]],
    );
    assert_eq!(read(&scene.folder("uv").join("asked")), None);
}

#[test]
fn a_lock_of_the_project_is_followed_without_network() {
    let scene = scene().file("uv.lock", include_str!("../fixtures/dependencies/uv.lock"));
    let ended = pipe(&scene, "--offline update project").ended();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(locks(&scene)[1].as_deref().unwrap().contains("\nsix==1.17.0 \\\n"));
    assert_eq!(read(&scene.folder("uv").join("asked")), None);
}

#[test]
fn a_check_without_its_lock_names_the_command_that_makes_it() {
    let scene = scene();
    let ended = scene.pipe("spelling").ended();
    assert_eq!(ended.status, Some(2), "{}", ended.stdout);
    let text = format!("{}{}", ended.stdout, ended.stderr);
    assert!(text.contains("the lock of `spelling` is missing"), "{text}");
    assert!(text.contains("run `cargo pipe update spelling` to create it"), "{text}");
}

#[test]
fn versions_that_incremental_checking_was_not_tested_with_are_named() {
    let scene = scene().file("pipe.toml", "");
    let tested = tools::tested_versions(tools::find("pylint").unwrap());
    let [(_, pylint), (_, astroid)] = &tested[..] else { panic!("{tested:?}") };
    let warning = format!(
        "warning: incremental checking was tested with pylint {pylint} and astroid {astroid}, not \
         with pylint 4.99.1 and astroid 4.99.2; if the code that it relies on has changed, each run \
         checks every file\n"
    );
    let hint = "\nhint: `cargo pipe update pylint --keep-incremental` keeps the versions that it was \
                tested with\n";
    answer(&scene, "pylint", "astroid==4.99.2 pylint==4.99.1");
    pipe(&scene, "update pylint --check").ends(
        1,
        "pylint  new, 2 packages\n",
        format!(
            "resolving versions with the package index …\n{warning}\n1 lock can be updated: `cargo pipe \
             update`\n{hint}"
        ),
    );
    let ended = pipe(&scene, "update pylint").ended();
    assert_eq!(ended.status, Some(0));
    assert!(ended.stderr.contains(&warning) && ended.stderr.ends_with(hint), "{}", ended.stderr);
    let pins = format!("pylint=={pylint}\nastroid=={astroid}\n");
    assert!(!read(&scene.folder("uv").join("asked")).unwrap().contains(&pins));

    answer(&scene, "pylint", &format!("astroid=={astroid} pylint=={pylint}"));
    pipe(&scene, "update pylint --keep-incremental").ends(
        0,
        format!(
            "pylint     2 of 2 packages\n  astroid  4.99.2 → {astroid}\n  pylint   4.99.1 → {pylint}\n"
        ),
        "...\n1 lock updated; the next run builds what they changed\n",
    );
    assert!(read(&scene.folder("uv").join("asked")).unwrap().ends_with(&pins));
    pipe(&scene, "update pylint --check --keep-incremental").ends(
        0,
        format!("pylint  {pylint}, kept for incremental checking\n"),
        "...\nevery lock is up to date\n",
    );
}

#[test]
fn uv_is_installed_without_a_look_at_the_project() {
    let scene = scene().file("pip.py", "raise SystemExit(\"a module of the project\")\n");
    let folder = scene.folder("uv");
    fs::rename(folder.join("uv"), folder.join("python3")).unwrap();
    // It notes how Python is started, and where.
    fs::write(
        folder.join("python3"),
        "#!/bin/sh\necho \"$1 $PWD $TMPDIR\" >\"$UV/asked\"\nexit 1\n",
    )
    .unwrap();
    let path = folder.display().to_string();
    let ended = pipe(&scene, "update spelling").with("PATH", &path).ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    let asked = fs::read_to_string(folder.join("asked")).unwrap();
    let [first, place, temporary] = asked.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{asked}")
    };
    assert_eq!(first, "-I");
    assert!(!Path::new(place).starts_with(scene.project()), "{place}");
    assert_eq!(place, temporary);
}

#[test]
fn dependencies_are_found_where_setuptools_and_pipenv_name_them() {
    let dynamic = "[project]\nname = 'a'\ndynamic = ['dependencies']\n\
                   [tool.setuptools.dynamic]\ndependencies = {file = ['deps/run.in']}\n";
    for files in [
        vec![("setup.cfg", "[options]\ninstall_requires =\n    near>=1\n")],
        vec![("setup.py", "setup(install_requires=['near>=1'])\n")],
        vec![("Pipfile", "[packages]\nnear = '>=1'\n")],
        vec![("requirements/base.txt", "near>=1\n")],
        vec![("pyproject.toml", dynamic), ("deps/run.in", "near>=1\n")],
    ] {
        let mut scene = Scene::new()
            .file("pipe.toml", "source = ['src']\n")
            .file("src/main.py", "import near\n");
        for (name, text) in &files {
            scene = scene.file(name, text);
        }
        fake_uv(&scene);
        answer(&scene, "project", "near==1.0");
        let ended = pipe(&scene, "update project").ended();
        assert_eq!(ended.status, Some(0), "{files:?}: {ended:?}");
        let asked = fs::read_to_string(scene.folder("uv").join("asked")).unwrap();
        assert!(asked.ends_with("\nnear>=1\n"), "{files:?}: {asked}");
    }
}
