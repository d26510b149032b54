//! Completion scripts.

use crate::scene::Scene;
use crate::start;

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

/// The words that bash offers after these, with these lines before the script is loaded.
fn offered_by_bash(before: &str, words: &[&str]) -> Vec<String> {
    offered_in(&Scene::new(), before, words)
}

fn offered_in(scene: &Scene, before: &str, words: &[&str]) -> Vec<String> {
    // As bash calls the function of a program: with the program, the last word and the one before.
    const ASK: &str = r#"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
# It is one line, in which no space is around these characters.
COMP_LINE=${COMP_LINE// : /:} COMP_LINE=${COMP_LINE// @ /@} COMP_LINE=${COMP_LINE/% :/:}
[[ $(complete -p "$1") =~ \ -F\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;
    let script = scene.pipe("completions bash").ended().stdout;
    let text = format!("{before}\n{script}\n{ASK}");
    let output = start::command("bash").args(["-c", &text, "bash"]).args(words).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_the_program_and_cargo_pipe_alike() {
    for (words, offered) in [
        (&["li"][..], &["list", "lint"][..]),
        (&["run-all", "--fail"], &["--fail-fast"]),
        (&["lint", "--message-format", "sho"], &["short"]),
        (&["--engine", "ven"], &["venv"]),
    ] {
        for program in [&["cargo-pipe"][..], &["cargo", "pipe"]] {
            assert_eq!(offered_by_bash("", &[program, words].concat()), offered, "{words:?}");
        }
    }
}

#[test]
fn bash_completes_the_parts_of_a_step() {
    let settings = "[python]\nversions = ['3.11', '3.13']\n[packages.core]\n[packages.api]\n\
                    [packages.api.checks.own]\nrun = ['own']\n";
    let scene = Scene::new().file("pipe.toml", settings);
    // Bash splits words at these characters, and replaces what is behind the last of them.
    for (words, offered) in [
        (&["run", "core", ":", "f"][..], &["format"][..]),
        (&["run", "core", ":", "mypy", "@", "3.1"], &["3.11", "3.13"]),
        (&["core", ":", "li"], &["lint@3.11", "lint@3.13"]),
        (&["ow"], &["own"]),
        (&["core", ":", "format", "--fail"], &["--fail-fast"]),
    ] {
        for program in [&["cargo-pipe"][..], &["cargo", "pipe"]] {
            let words = [program, words].concat();
            assert_eq!(offered_in(&scene, "", &words), offered, "{words:?}");
        }
    }
}

#[test]
fn bash_completes_other_commands_of_cargo_as_before() {
    let before = "of_cargo() { COMPREPLY=(\"$1 $2 $3\"); }; complete -F of_cargo cargo";
    assert_eq!(offered_by_bash(before, &["cargo", "bui"]), ["cargo bui cargo"]);
    assert_eq!(offered_by_bash(before, &["cargo", "pipe", "li"]), ["list", "lint"]);
    // Loaded when it is asked for the first time, as bash-completion does.
    let lazy = format!("__load_completion() {{ {before}; }}");
    assert_eq!(offered_by_bash(&lazy, &["cargo", "bui"]), ["cargo bui cargo"]);
    assert_eq!(offered_by_bash(&lazy, &["cargo", "pipe", "li"]), ["list", "lint"]);
}
