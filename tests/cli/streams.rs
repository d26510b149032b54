//! Colours, and standard streams that are closed or full.

use crate::scene::Scene;

#[test]
fn colours_are_for_those_who_want_them() {
    let scene = Scene::new();
    let colourful = |words: &str, variable: &str| {
        let run = scene.pipe(words);
        let ended = if variable.is_empty() { run } else { run.with(variable, "1") }.ended();
        format!("{}{}", ended.stdout, ended.stderr).contains('\u{1b}')
    };
    assert!(!colourful("--help", ""));
    assert!(colourful("--help --color always", ""));
    assert!(colourful("--color=always run --bad", ""));
    assert!(colourful("--help", "CLICOLOR_FORCE"));
    assert!(!colourful("--help", "NO_COLOR"));
    assert!(!colourful("--help --color never", "CLICOLOR_FORCE"));
    assert!(colourful("--color always man nothing", "NO_COLOR"));
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let ended = Scene::new().pipe("man").ends_unread();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_disk_that_is_full_is_one() {
    let ended = Scene::new().pipe("man").redirected(">/dev/full");
    assert_eq!(ended.status, Some(3));
    assert!(
        ended.stderr.starts_with("error: cannot write to standard output: "),
        "{}",
        ended.stderr
    );
}
