//! The layers of the configuration, and errors in them.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn a_mistake_is_shown_where_it_stands() {
    Scene::new().file("pipe.toml", "source = [\"src\"]\nengin = \"docker\"\n").pipe("list").ends(
        2,
        "",
        str![[r#"
error: unknown key `engin`
 --> pipe.toml:2:1
  |
2 | engin = "docker"
  | ^^^^^

hint: did you mean `engine`?

"#]],
    );
}

#[test]
fn a_mistake_cannot_steer_the_terminal() {
    let ended = Scene::new()
        .file("pipe.toml", "\"\u{9b}2J\" = 1 # \u{9b}0;title\u{202e}\n")
        .pipe("list")
        .ended();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
    let text = ended.stderr;
    assert!(text.starts_with("error: unknown key `\\u{9b}2J`\n"), "{text}");
    assert!(text.contains("1 | \"??2J\" = 1 # ??0;title???\n"), "{text}");
}

#[test]
fn a_mistake_in_a_flag_or_variable_names_it() {
    let scene = Scene::with_project();
    scene.pipe("list --source /etc").ends(
        2,
        "",
        str![[r#"
error: --source: `/etc` is absolute, but must be relative to the project

hint: write a path inside the project, relative to the folder of pipe.toml

"#]],
    );
    scene.pipe("list").with("CARGO_PIPE_JOBS", "many").ends(
        2,
        "",
        str![[r#"
error: CARGO_PIPE_JOBS: expected a number, got `many`

"#]],
    );
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let scene = Scene::with_project().file("a/x.py", "").file("b/x.py", "");
    let source = |words: &str, variable: &str| {
        let ended = scene.pipe(words).with("CARGO_PIPE_SOURCE", variable).ended();
        let list: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        list["checks"][0]["source"].to_string()
    };
    assert_eq!(source("list --json", ""), r#"["src"]"#);
    assert_eq!(source("list --json", "a,b"), r#"["a","b"]"#);
    assert_eq!(source("list --json --source b --source a", "src"), r#"["a","b"]"#);
}

#[test]
fn the_project_folder_can_be_given() {
    let scene = Scene::new().file("deep/pipe.toml", "").file("deep/below/x.py", "");
    assert_eq!(scene.pipe("list").ended().status, Some(2));
    assert_eq!(scene.pipe("-C deep/below list").ended().status, Some(0));
    assert_eq!(scene.pipe("list --project deep").ended().status, Some(0));
    assert_eq!(scene.pipe("-C nowhere list").ended().status, Some(2));
}
