//! The command `bash`, up to the engine.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn a_shell_without_a_terminal_shows_the_command_to_type() {
    let scene = Scene::with_project();
    scene.pipe("bash").ends(
        2,
        "",
        str![[r#"
error: a shell needs a terminal

hint: add a command: `cargo pipe bash -- ls -l`, or `cargo pipe bash -- sh` to run a script from standard input

"#]],
    );
    let ended = scene.pipe("bash mypy").ended();
    assert!(ended.stderr.contains("`cargo pipe bash mypy -- ls -l`"), "{}", ended.stderr);
    assert_eq!(scene.docker().calls().len(), 0);
}

#[test]
fn a_check_that_is_none_has_no_container() {
    Scene::with_project().pipe("bash lnit -- true").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `lnit`

hint: did you mean `cargo pipe lint`?

"#]],
    );
}

#[test]
fn a_shell_has_no_more_grants_than_its_check() {
    let scene =
        Scene::new().file("pipe.toml", "[checks.audit]\nrun = [\"audit\"]\nnetwork = true\n");
    let ended = scene.pipe("bash audit -- true").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: `audit` requests `network`"), "{}", ended.stderr);
    // To ask for the socket grants the socket, and nothing else.
    assert_eq!(scene.pipe("bash --docker-socket audit -- true").ended(), ended);
    assert_eq!(scene.docker().calls().len(), 0);
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let scene = Scene::with_project();
    scene.pipe("bash lint -- true").with("CARGO_PIPE_DOCKER", "/nowhere/docker").ends(
        3,
        "",
        str![[r#"
error: `/nowhere/docker` is not installed, or not on PATH

hint: install docker, or name a compatible program in CARGO_PIPE_DOCKER

"#]],
    );
}
