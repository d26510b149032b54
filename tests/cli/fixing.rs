//! Flags and commands that decide whether a check writes fixes.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn a_formatter_by_its_own_name_would_write() {
    let scene = Scene::with_project();
    scene.pipe("format --dry-run").ends(
        0,
        str![[r#"
fixing writes what changes, because `format` is a formatter, and was called by its own name

format: black
  fixes   black --config=/config/black.toml --no-color --no-cache -- .
  formatters run last

format: black
  runs    black --config=/config/black.toml --check --diff --no-color --no-cache -- .
  on      *.py, *.pyi in src
  sees    src
  config  .config/black.toml
  in      the locked environment of `black`
  within  10m, memory 4 GiB, output 64 MiB

1 check

"#]],
        "",
    );
}

#[test]
fn in_ci_format_only_checks_and_gives_the_reason() {
    let scene = Scene::with_project();
    for (words, ci, why) in [
        ("format --dry-run", "true", "`CI` is set"),
        ("format --dry-run --check", "false", "`--check` was given"),
        ("format --dry-run --check", "true", "`--check` was given"),
    ] {
        let ended = scene.pipe(words).with("CI", ci).ended();
        let note = format!("`format` checks and writes nothing, because {why}");
        assert!(ended.stdout.starts_with(&note), "{ended:?}");
        assert!(!ended.stdout.contains("fixes"), "{ended:?}");
    }
    for words in ["format --dry-run --fix", "run-all --dry-run --fix"] {
        let ended = scene.pipe(words).with("CI", "true").ended();
        assert!(ended.stdout.starts_with("fixing writes what changes"), "{ended:?}");
    }
    for words in ["run-all --dry-run", "run format --dry-run", "ruff --dry-run"] {
        let ended = scene.pipe(words).ended();
        assert!(!ended.stdout.contains("fixing"), "{ended:?}");
    }
}

#[test]
fn a_check_that_cannot_fix_is_not_asked_to() {
    let scene = Scene::with_project();
    for words in ["lint --fix", "run lint --diff"] {
        scene.pipe(words).ends(
            2,
            "",
            str![[r#"
error: `lint` cannot fix anything

hint: these checks can fix: `format`, `ruff`

"#]],
        );
    }
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let scene = Scene::with_project();
    for words in [
        "run-all --fix --check",
        "run-all --fix --diff",
        "format --check --diff",
        "run-all --diff --report json=report.json",
        "format --diff --message-format json",
    ] {
        let ended = scene.pipe(words).ended();
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("cannot be used with"), "{ended:?}");
    }
}

#[test]
fn the_help_of_a_check_describes_how_it_fixes() {
    let scene = Scene::with_project();
    let help = |name: &str| scene.pipe(name).arg("--help").ended().stdout;
    assert!(help("ruff").contains("fixes   ruff check --config="));
    assert!(!help("mypy").contains("fixes   "));
}

#[test]
fn an_engine_that_is_gone_fixes_nothing() {
    let scene = Scene::with_project();
    scene.docker().on(&["version"]).stderr("no\n").code(1);
    for words in ["format", "format --diff"] {
        assert_eq!(scene.pipe(words).ended().status, Some(3), "{words}");
    }
}
