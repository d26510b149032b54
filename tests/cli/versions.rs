//! Releases and plugins of tools: their locks, and the commands that write them, with a fake uv.

use std::fs;

use snapbox::str;

use crate::cache::{base_image, report, tool_image};
use crate::container::PROOF;
use crate::scene::Scene;
use crate::update::{answer, pipe, scene};

/// A project with one check, which formats with this release of black.
fn formatting(settings: &str) -> Scene {
    scene().file(
        "pipe.toml",
        &format!(
            "[checks.lint]\nenabled = false\n[checks.mypy]\nenabled = false\n\
             [checks.ruff]\nenabled = false\n[checks.format] # the formatter\n{settings}"
        ),
    )
}

fn lock(scene: &Scene, name: &str) -> Option<String> {
    fs::read_to_string(scene.project().join(".docker/requirements").join(name)).ok()
}

fn asked(scene: &Scene) -> String {
    fs::read_to_string(scene.folder("uv").join("asked")).unwrap_or_default()
}

#[test]
fn a_release_is_locked_and_moves_only_within_what_is_written() {
    let scene = formatting("version = '>=24,<25'\n");
    answer(&scene, "black", "black==24.4.2 click==8.1");
    pipe(&scene, "update format").ends(
        0,
        "black  new, 2 packages\n",
        "...\n1 lock updated; [..]\n",
    );
    assert!(asked(&scene).ends_with("\nblack>=24,<25\n"), "{}", asked(&scene));
    answer(&scene, "black", "black==24.10.0 click==8.1");
    pipe(&scene, "update black --check").ends(
        1,
        "black    1 of 2 packages\n  black  24.4.2 → 24.10.0\n",
        "...\n1 lock can be updated: [..]\n",
    );
    pipe(&scene, "update black -q").ends(
        0,
        "black    1 of 2 packages\n  black  24.4.2 → 24.10.0\n",
        "",
    );
    pipe(&scene, "update black -q").ends(0, "black  24.10.0 is the newest of >=24,<25\n", "");
}

#[test]
fn a_release_on_the_command_line_is_written_into_the_configuration() {
    let scene = formatting("version = '23.1.0' # as in CI\n");
    answer(&scene, "black", "black==24.4.2");
    let place = scene.project().join("pipe.toml");
    let before = fs::read_to_string(&place).unwrap();
    pipe(&scene, "update black==24.4.2 --check").ends(
        1,
        "black  new, 1 package\n",
        "...\n1 lock can be updated: `cargo pipe update`\n`pipe.toml` gets the new `version`\n",
    );
    assert_eq!(fs::read_to_string(&place).unwrap(), before);
    pipe(&scene, "update black==24.4.2").ends(
        0,
        "black  new, 1 package\n",
        "...\n1 lock updated; the next run builds what they changed\n`pipe.toml` has the new `version`\n",
    );
    let written = before.replace("'23.1.0'", "\"24.4.2\"");
    assert_eq!(fs::read_to_string(&place).unwrap(), written);
    assert!(lock(&scene, "black.txt").unwrap().contains("\nblack==24.4.2 "));
    pipe(&scene, "update -q black==24.4.2").ends(0, "black  24.4.2, as pipe.toml says\n", "");
}

#[test]
fn a_release_of_something_else_than_a_tool_and_a_malformed_one_are_refused() {
    let scene = scene();
    pipe(&scene, "update spelling==2").ends(
        2,
        "",
        str![[r#"
error: `spelling` is not a tool of a check, so its release cannot be set

hint: set the versions of a command in `requirements` of its check

"#]],
    );
    let scene = formatting("");
    pipe(&scene, "update black==").ends(
        2,
        "",
        str![[r#"
error: invalid release: `black==`

hint: write a tool and a release, such as `black==24.4.2`

"#]],
    );
    assert_eq!(asked(&scene), "");
}

#[test]
fn nothing_is_written_where_a_release_cannot_be_resolved() {
    let scene = formatting("");
    let before = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let error = "  × No solution found: black==99\n";
    fs::write(scene.folder("uv").join("black.error"), error).unwrap();
    assert_eq!(pipe(&scene, "update black==99").ended().status, Some(2));
    assert_eq!(fs::read_to_string(scene.project().join("pipe.toml")).unwrap(), before);
    assert_eq!(lock(&scene, "black.txt"), None);
}

#[test]
fn a_lock_without_what_the_configuration_says_is_an_error_before_anything_starts() {
    let scene = formatting("version = '24.4.2'\nrequirements = ['plugin==2.6', 'stubs']\n");
    let run = |wanted: &str| {
        let ended = pipe(&scene, "format --check").ended();
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.status, Some(2), "{text}");
        assert!(text.contains(wanted), "{wanted}: {text}");
        assert!(text.contains("cargo pipe update black"), "{text}");
    };
    run("the lock of `black` is missing");
    let place = scene.project().join(".docker/requirements/black.txt");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let of = "of `[checks.format]`: it has";
    for (pins, wanted) in [
        ("black==26.10.1 plugin==2.6 stubs==1", format!("`black==24.4.2` {of} black 26.10.1")),
        ("black==24.4.2 stubs==1", format!("`plugin==2.6` {of} no such package")),
        ("black==24.4.2 Plugin==2.7 stubs==1", format!("`plugin==2.6` {of} Plugin 2.7")),
    ] {
        answer(&scene, "written", pins);
        fs::copy(scene.folder("uv").join("written"), &place).unwrap();
        run(&wanted);
    }
    assert!(scene.docker().calls().is_empty());
    answer(&scene, "written", "black==24.4.2 Plugin==2.6.0 stubs==1");
    fs::copy(scene.folder("uv").join("written"), &place).unwrap();
    let ended = pipe(&scene, "format --check").ended();
    assert!(!format!("{ended:?}").contains("does not satisfy"), "{ended:?}");
}

#[test]
fn two_checks_with_one_tool_and_other_releases_have_two_locks() {
    let scene = formatting("").file("pipe.toml", "");
    let text = "[checks.lint]\nenabled = false\n[checks.mypy]\nenabled = false\n\
                [checks.ruff]\nenabled = false\n\
                [checks.old]\ntool = 'black'\nversion = '23.1.0'\n";
    let scene = scene.file("pipe.toml", text);
    answer(&scene, "black", "black==26.10.1");
    answer(&scene, "old", "black==23.1.0");
    pipe(&scene, "update black -q").ends(0, "black  new, 1 package\nold    new, 1 package\n", "");
    assert!(lock(&scene, "old.txt").unwrap().contains("\nblack==23.1.0 "));
    pipe(&scene, "update old -q").ends(0, "old  23.1.0, as pipe.toml says\n", "");
}

#[test]
fn a_lock_that_no_check_uses_is_removed_unless_it_was_edited() {
    let scene = formatting("");
    answer(&scene, "black", "black==26.10.1");
    pipe(&scene, "update black -q").ended();
    let folder = scene.project().join(".docker/requirements");
    let text = lock(&scene, "black.txt").unwrap();
    fs::write(folder.join("unused.txt"), &text).unwrap();
    fs::write(folder.join("edited.txt"), format!("{text}# mine\n")).unwrap();
    fs::write(folder.join("own.txt"), "six==1\n").unwrap();
    let ended = pipe(&scene, "sync --check").ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    pipe(&scene, "sync").ended();
    let left =
        ["black.txt", "unused.txt", "edited.txt", "own.txt"].map(|it| folder.join(it).exists());
    assert_eq!(left, [true, false, true, true]);
}

#[test]
fn a_day_limits_the_releases_of_a_tool_and_of_what_it_needs() {
    let scene = formatting("version = '22.1.0'\nexclude-newer = '2022-02-01'\n");
    answer(&scene, "black", "black==22.1.0 click==8.0");
    pipe(&scene, "update format -q").ends(0, "black  new, 2 packages\n", "");
    assert!(asked(&scene).contains(" --exclude-newer 2022-02-02T00:00:00Z "), "{}", asked(&scene));
    let written = lock(&scene, "black.txt").unwrap();
    assert!(written.contains("from `black==22.1.0`, releases until 2022-02-01 ("), "{written}");

    // Another day is another lock, although its packages are the same.
    let place = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text.replace("2022-02-01", "2022-03-01")).unwrap();
    pipe(&scene, "update format -q").ended();
    assert!(lock(&scene, "black.txt").unwrap().contains("releases until 2022-03-01 ("));
}

#[test]
fn a_release_that_a_newer_dependency_breaks_names_the_setting_for_it() {
    let scene = formatting("version = '22.1.0'\n");
    answer(&scene, "black", "black==22.1.0 click==8.1");
    assert_eq!(scene.pipe("init --ci none --no-lock").ended().status, Some(0));
    assert_eq!(pipe(&scene, "update format").ended().status, Some(0));
    let docker = scene.docker();
    docker.on(&["version"]).stdout("27.0.0\n");
    docker.on(&["image", "inspect", "cargo-pipe/black:"]).stdout(&tool_image("black", "3.13.5"));
    docker.on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    let broken =
        "echo 'Traceback (most recent call last):\nImportError: cannot import name' >&2; exit 1";
    docker.on(&["run", "--name"]).script(&format!("{PROOF}{broken}"));
    let reason = report(&scene, "run format").checks[0].reason.clone().unwrap();
    let hint = reason.hint.unwrap_or_default();
    assert!(
        hint.contains("set `exclude-newer` in `[checks.format]`"),
        "{}: {hint}",
        reason.message
    );
    assert!(hint.ends_with("run `cargo pipe update black`"), "{hint}");
}
