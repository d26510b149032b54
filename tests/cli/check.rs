//! A check run by its name, and names of no check.

use snapbox::{assert_data_eq, file, str};

use crate::scene::Scene;

#[test]
fn the_nearest_name_is_suggested() {
    let scene = Scene::with_project();
    scene.pipe("lnit").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `lnit`

hint: did you mean `cargo pipe lint`?

"#]],
    );
    scene.pipe("runall --fail-fast").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `runall`

hint: did you mean `cargo pipe run-all`?

"#]],
    );
    scene.pipe("deploy --now").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `deploy`

hint: the checks are: lint, format, mypy, ruff; `cargo pipe help` lists the commands

"#]],
    );
}

#[test]
fn a_mistyped_command_needs_no_project() {
    Scene::new().pipe("lisst").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `lisst`

hint: did you mean `cargo pipe list`?

"#]],
    );
}

#[test]
fn without_a_project_there_is_nothing_to_run() {
    let scene = Scene::new();
    for words in ["run-all", "lint", "list"] {
        scene.pipe(words).finds_no_project();
    }
}

/// A project with one check, a command of its own.
fn with_spelling() -> Scene {
    Scene::new()
        .file(
            "pipe.toml",
            "[checks]\nlint.enabled = false\nformat.enabled = false\nmypy.enabled = false\n\
             ruff.enabled = false\nspelling.run = [\"codespell\", \"src\"]\n",
        )
        .file("src/main.py", "")
}

#[test]
fn a_check_explains_itself() {
    let scene = with_spelling();
    let explained = scene.pipe("spelling --help").ended();
    assert_eq!((explained.status, explained.stderr.as_str()), (Some(0), ""));
    assert_eq!(explained, scene.pipe("pipe spelling --help").ended());
    assert_eq!(explained, scene.pipe("help spelling").ended());
    assert_data_eq!(explained.stdout, file!["help/spelling.txt"].raw());
    scene.pipe("spelling -h").ends(0, file!["help/spelling-short.txt"].raw(), "");
}

#[test]
fn a_built_in_check_explains_itself() {
    let scene = Scene::with_project();
    scene.pipe("lint --help").ends(0, file!["help/lint.txt"].raw(), "");
}

#[test]
fn a_check_that_asks_for_more_explains_itself_ungranted() {
    let scene = Scene::new().file(
        "pipe.toml",
        "[checks.audit]\nrun = [\"audit\", \"it's\"]\nnetwork = true\ncache = false\n",
    );
    let explained = scene.pipe("audit --help").ended();
    assert_eq!(explained.status, Some(0));
    assert!(explained.stdout.contains("  runs    audit 'it'\\''s'\n"), "{}", explained.stdout);
    assert!(explained.stdout.contains("  needs   network\n"), "{}", explained.stdout);
    scene.pipe("audit").ends(
        2,
        "",
        str![[r#"
error: `audit` requests `network`, which lets it reach any machine that this one reaches

hint: if you trust this project, run it again with `--allow network`;
`cargo pipe trust` shows everything that it asks for, and grants it permanently

"#]],
    );
}

#[test]
fn an_unknown_name_is_reported_before_its_options() {
    let scene = with_spelling();
    scene.pipe("spelling --nonsense").ends(
        2,
        "",
        str![[r#"
error: unexpected argument '--nonsense' found

Usage: cargo pipe spelling [OPTIONS]

"#]],
    );
    scene.pipe("speling --nonsense").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `speling`

hint: did you mean `cargo pipe spelling`?

"#]],
    );
    scene.pipe("run speling").ends(
        2,
        "",
        str![[r#"
error: unknown command or check `speling`

hint: did you mean `cargo pipe spelling`?

"#]],
    );
}

#[test]
fn a_plan_can_be_read() {
    let scene = with_spelling();
    scene.pipe("spelling --dry-run --timeout 90s").ends(
        0,
        str![[r#"
spelling: command
  runs    codespell src
  on      src
  sees    src
  in      the project's base image
  within  1m 30s, memory 4 GiB, output 64 MiB

1 check

"#]],
        "",
    );
    let plan = scene.pipe("run-all --fail-fast --dry-run --message-format json").ended();
    assert_eq!((plan.status, plan.stderr.as_str()), (Some(0), ""));
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!((&plan["schema"], &plan["fail_fast"]), (&"cargo-pipe/plan/1".into(), &true.into()));
    assert_eq!(plan["checks"][0]["name"], "spelling");
}
