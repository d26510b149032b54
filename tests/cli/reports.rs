//! Reports that cannot be written are refused before anything runs.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn a_report_needs_a_format_and_a_path() {
    let scene = Scene::new();
    scene
        .pipe("run-all --report report.json")
        .ends(2, "", str![[r#"
error: invalid value 'report.json' for '--report <FORMAT=PATH>': expected FORMAT=PATH; formats: json, jsonl, junit, sarif, gitlab, github, markdown, html

For more information, try '--help'.

"#]]);
    scene
        .pipe("run-all --report toml=report.toml")
        .ends(2, "", str![[r#"
error: invalid value 'toml=report.toml' for '--report <FORMAT=PATH>': unknown format `toml`; formats: json, jsonl, junit, sarif, gitlab, github, markdown, html

For more information, try '--help'.

"#]]);
}

#[test]
fn the_folder_of_a_report_must_exist() {
    Scene::new().pipe("run-all --report json=out/report.json").ends(
        2,
        "",
        str![[r#"
error: the folder of the report `out/report.json` does not exist

hint: make it with `mkdir -p out`

"#]],
    );
}

#[test]
fn a_report_cannot_be_a_folder() {
    let scene = Scene::new().file("out/x", "");
    scene.pipe("run-all --report json=out").ends(
        2,
        "",
        str![[r#"
error: the report `out` cannot be written: it is a folder

"#]],
    );
}

#[test]
fn two_reports_are_two_files() {
    Scene::new().pipe("run-all --report json=a --report json=a").ends(
        2,
        "",
        str![[r#"
error: two reports would be written to `a`

"#]],
    );
}

#[test]
fn short_lines_come_with_the_warnings_of_the_run() {
    let scene = Scene::new().file("pipe.toml", "").file("src/a.py", "");
    let scene = scene.file("requirements.txt", "attrs\n");
    let run = scene.pipe("-q init --no-lock").ended();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    scene.pipe("run lint --message-format short").with("CARGO_PIPE_DOCKER", "/nowhere/docker").ends(
        3,
        str![[r#"
lint: error: `/nowhere/docker` is not installed, or not on PATH; install docker, or name a compatible program in CARGO_PIPE_DOCKER
error: 1 of 1 check could not run

"#]],
        str![[r#"
lint: error: `/nowhere/docker` is not installed, or not on PATH
warning: the dependencies in `requirements.txt` are not locked yet, so checks do not see them; run `cargo pipe update project`

"#]],
    );
}
