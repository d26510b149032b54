//! Help and manual pages.

use snapbox::{assert_data_eq, file, str};

use crate::scene::Scene;

/// The help of each command, in a file of its own.
#[test]
fn each_command_explains_itself() {
    let scene = Scene::new();
    for command in [
        "init",
        "sync",
        "run-all",
        "run",
        "watch",
        "baseline",
        "list",
        "build",
        "bash",
        "trust",
        "hook",
        "hook install",
        "hook uninstall",
        "hook run",
        "why",
        "compare",
        "doctor",
        "update",
        "remove",
        "completions",
        "help",
        "man",
    ] {
        let ended = scene.pipe(command).arg("--help").ended();
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{command}");
        let name = command.replace(' ', "-");
        let path = format!("{}/tests/cli/help/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_data_eq!(ended.stdout, snapbox::Data::read_from(path.as_ref(), None).raw());
    }
}

#[test]
fn cargo_pipe_explains_itself() {
    let scene = Scene::new();
    scene.pipe("-h").ends(0, file!["help/short.txt"].raw(), "");
    scene.pipe("--help").ends(0, file!["help/long.txt"].raw(), "");
    scene.pipe("help").ends(0, file!["help/long.txt"].raw(), "");
}

#[test]
fn a_topic_is_a_chapter_of_the_guide() {
    let scene = Scene::new();
    let chapter = scene.pipe("help sandbox").ended();
    assert_eq!((chapter.status, chapter.stderr.as_str()), (Some(0), ""));
    assert!(chapter.stdout.starts_with("The sandbox\n\nEvery check runs as your user, "));
    assert!(chapter.stdout.contains("`network`        reach any machine that this one reaches\n"));
    assert!(chapter.stdout.contains("\n    cargo pipe trust\n"), "{}", chapter.stdout);
    assert!(chapter.stdout.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(chapter, scene.pipe("help -k sandbox").ended());
    assert_eq!(chapter, scene.pipe("--color never help sandbox").ended());
    let colored = scene.pipe("--color always help sandbox").ended();
    assert!(colored.stdout.starts_with("\u{1b}[1mThe sandbox\u{1b}[0m\n"), "{}", colored.stdout);
}

#[test]
fn a_check_comes_before_a_topic_of_its_name() {
    let scene = Scene::new().file(
        "pipe.toml",
        "[checks.sandbox]\nrun = [\"castle\"]\n[checks.lint]\nenabled = false\n",
    );
    let check = scene.pipe("help sandbox").ended();
    assert!(check.stdout.contains("Usage: cargo pipe sandbox"), "{}", check.stdout);
    let topic = scene.pipe("help -k sandbox").ended();
    assert!(topic.stdout.starts_with("The sandbox\n"), "{}", topic.stdout);
}

#[test]
fn a_command_comes_before_everything() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("help run-all").ended(), scene.pipe("run-all --help").ended());
    assert_eq!(scene.pipe("help help").ended(), scene.pipe("help --help").ended());
}

#[test]
fn an_unknown_topic_is_an_error_with_a_suggestion() {
    let scene = Scene::new();
    scene.pipe("help sandbx").ends(
        2,
        "",
        str![[r#"
error: `sandbx` is not a command, a check or a topic

hint: did you mean `cargo pipe help sandbox`?

"#]],
    );
    scene.pipe("help deploy").ends(
        2,
        "",
        str![[r#"
error: `deploy` is not a command, a check or a topic

hint: `cargo pipe help` lists the commands and topics

"#]],
    );
    scene.pipe("help -k sandbx").ends(
        2,
        "",
        str![[r#"
error: unknown topic `sandbx`

hint: did you mean `cargo pipe help -k sandbox`?

"#]],
    );
    scene.pipe("help -k run-all").ends(2, "", str![[r#"
error: unknown topic `run-all`

hint: topics are quick-start, checks, packages, pythons, rust, fixing, watching, hooks, editors, agents, old-code, ci, many-machines, reports, caching, pylint, incremental-mypy, sandbox, engines, environments, network, cargo, configuration, variables, commands, exit-status, performance, security, limits, architecture, extending, contributing

"#]]);
}

#[test]
fn without_a_command_the_help_is_an_error() {
    let scene = Scene::new();
    scene.pipe("").ends(2, "", file!["help/short.txt"].raw());
}

#[test]
fn the_version_is_the_package_s() {
    Scene::new().pipe("--version").ends(0, "cargo-pipe [VERSION]\n", "");
}

#[test]
fn a_manual_page_is_made_from_the_help() {
    let scene = Scene::new();
    let page = scene.pipe("man").ended();
    assert_eq!(page.status, Some(0));
    assert!(page.stdout.contains(".TH cargo-pipe 1"), "{}", page.stdout);
    let page = scene.pipe("man run-all").ended();
    assert!(page.stdout.contains(r"\-\-fail\-fast"), "{}", page.stdout);
    scene.pipe("man doktor").ends(
        2,
        "",
        str![[r#"
error: no manual page for `doktor`

hint: did you mean `doctor`?

"#]],
    );
}
