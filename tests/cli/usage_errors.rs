//! Command lines that cannot be understood, which end with exit status 2.

use snapbox::str;

use crate::scene::Scene;

#[test]
fn an_unknown_option_is_an_error() {
    Scene::new().pipe("run-all --fail-fst").ends(
        2,
        "",
        str![[r#"
error: unexpected argument '--fail-fst' found

  tip: a similar argument exists: '--fail-fast'

Usage: cargo pipe run-all --fail-fast

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_command_needs_its_arguments() {
    Scene::new().pipe("run").ends(
        2,
        "",
        str![[r#"
error: the following required arguments were not provided:
  <CHECK>...

Usage: cargo pipe run <CHECK>...

For more information, try '--help'.

"#]],
    );
}

#[test]
fn an_unknown_grant_is_refused() {
    Scene::new()
        .pipe("--allow root run-all")
        .ends(2, "", str![[r#"
error: invalid value 'root' for '--allow <GRANT>': unknown grant `root`; expected one of network, docker-socket, writable, dockerfile, host, secret:NAME

For more information, try '--help'.

"#]]);
}

#[test]
fn a_time_limit_needs_a_unit_we_know() {
    Scene::new().pipe("run-all --timeout 5parsecs").ends(
        2,
        "",
        str![[r#"
error: invalid value '5parsecs' for '--timeout <DURATION>': expected a time such as "90s", "5m", "1h 30m" or 90 for seconds

For more information, try '--help'.

"#]],
    );
}

#[test]
fn an_option_has_the_limits_of_its_setting() {
    Scene::with_project().pipe("run-all --jobs 0").ends(
        2,
        "",
        str![[r#"
error: --jobs: `jobs` must be between 1 and 512, got 0

"#]],
    );
}

#[test]
fn an_engine_is_one_of_ours() {
    Scene::new().pipe("--engine moby run-all").ends(
        2,
        "",
        str![[r#"
error: invalid value 'moby' for '--engine <ENGINE>'
  [possible values: auto, docker, podman, venv]

For more information, try '--help'.

"#]],
    );
}

#[test]
fn loud_and_quiet_exclude_each_other() {
    Scene::new().pipe("-v -q list").ends(
        2,
        "",
        str![[r#"
error: the argument '--verbose' cannot be used with '--quiet'

Usage: cargo pipe --verbose <COMMAND | CHECK>

For more information, try '--help'.

"#]],
    );
}
