//! `cargo pipe X`, which arrives as `cargo-pipe pipe X`, and `cargo-pipe X`.

use crate::scene::Scene;

#[test]
fn both_spellings_are_the_same() {
    let scene = Scene::new();
    for words in ["--version", "--help", "run-all --help", "man", "run"] {
        let cargo_s = scene.pipe("pipe").arg_all(words).ended();
        assert_eq!(cargo_s, scene.pipe(words).ended(), "{words}");
    }
}

#[test]
fn only_one_pipe_is_cargo_s() {
    let ended = Scene::new().pipe("pipe pipe --timeout 1").ended();
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.stderr.contains("`pipe`") || ended.stderr.contains("pipe.toml"),
        "{}",
        ended.stderr
    );
}
