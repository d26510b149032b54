//! Completion scripts.

use crate::scene::Scene;

#[test]
fn a_script_completes_commands_and_checks() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = scene.pipe("completions").arg(shell).ended();
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["run-all", "completions", "lint", "fail-fast"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_script_completes_topics() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = scene.pipe("completions").arg(shell).ended().stdout;
        assert!(script.contains("exit-status"), "{shell}: {script}");
    }
}
