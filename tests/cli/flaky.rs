//! Tests that fail by chance, and the settings of a check with pytest, with a fake docker.

use std::fs;

use cargo_pipe::outcome::{CacheUse, Status};
use cargo_pipe::report::json::JsonReport;

use serde_json::{Value, json};

use crate::cache::{base_image, report, tool_image};
use crate::container::PROOF;
use crate::scene::Scene;

const FAILED: &str = "echo '<testsuites><testcase classname=\"tests.test_a\" name=\"test_x\" \
                      file=\"tests/test_a.py\" line=\"0\"><failure message=\"no\">tests/test_a.py:2: \
                      in test_x</failure></testcase></testsuites>'; exit 1";

const PASSED: &str = "echo '<testsuites><testcase classname=\"tests.test_a\" name=\"test_x\" \
                      file=\"tests/test_a.py\" line=\"0\"/></testsuites>'";

/// A project with tests, and an engine that has the image of pytest.
fn scene(settings: &str) -> Scene {
    let checks = ["lint", "format", "mypy", "ruff"];
    let off = checks.map(|name| format!("[checks.{name}]\nenabled = false\n")).concat();
    let test = format!("[checks.test]\ntool = \"pytest\"\nsource = [\"tests\"]\n{settings}");
    let scene = Scene::new()
        .file("pipe.toml", &(off + &test))
        .file("tests/test_a.py", "def test_x():\n    assert chance()\n");
    assert_eq!(scene.pipe("init --ci none --no-lock").ended().status, Some(0));
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    let pytest = tool_image("pytest", "3.13.5");
    scene.docker().on(&["image", "inspect", "cargo-pipe/pytest:"]).stdout(&pytest);
    scene.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    scene
}

/// Runs the tests, which end like this.
fn run(scene: &Scene, words: &str, ending: &str) -> JsonReport {
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{ending}")).once();
    report(scene, words)
}

fn edit(scene: &Scene, comment: &str) {
    let file = scene.project().join("tests/test_a.py");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, format!("{text}# {comment}\n")).unwrap();
}

#[test]
fn a_test_that_failed_and_passed_with_one_fingerprint_is_flaky_from_then_on() {
    let scene = scene("");
    let first = run(&scene, "test", FAILED);
    let finding = &first.checks[0].findings[0];
    assert_eq!(finding.test.as_deref(), Some("tests/test_a.py::test_x"));
    assert!(!finding.flaky);
    let second = run(&scene, "test", PASSED);
    assert_eq!((second.exit_code, second.fingerprint), (0, first.fingerprint));
    edit(&scene, "another fingerprint");
    let third = run(&scene, "test", FAILED);
    assert_ne!(third.fingerprint, first.fingerprint);
    let finding = &third.checks[0].findings[0];
    assert!(finding.flaky && finding.gating, "{finding:?}");
    assert_eq!(third.exit_code, 1);
}

#[test]
fn a_test_that_an_edit_repairs_is_not_flaky() {
    let scene = scene("");
    run(&scene, "test", FAILED);
    edit(&scene, "repaired");
    assert_eq!(run(&scene, "test", PASSED).exit_code, 0);
    edit(&scene, "broken again");
    let report = run(&scene, "test", FAILED);
    assert!(!report.checks[0].findings[0].flaky, "{report:?}");
}

#[test]
fn a_flaky_test_that_is_only_reported_passes_and_is_not_cached() {
    let scene = scene("flaky = \"report\"\n");
    assert_eq!(run(&scene, "test", FAILED).exit_code, 1);
    assert_eq!(run(&scene, "test", PASSED).exit_code, 0);
    edit(&scene, "another fingerprint");
    for _ in 0..2 {
        let report = run(&scene, "test", FAILED);
        assert_eq!((report.exit_code, report.checks[0].outcome), (0, Status::Passed));
        assert_eq!(report.checks[0].cache, CacheUse::Miss);
        let finding = &report.checks[0].findings[0];
        assert!(finding.flaky && !finding.gating, "{finding:?}");
    }
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{FAILED}")).once();
    let ended = scene.pipe("test --report sarif=../results.sarif").ended();
    assert!(ended.stdout.contains("[test failed flaky, accepted]"), "{ended:?}");
    let sarif = fs::read_to_string(scene.project().join("../results.sarif")).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let properties = &sarif["runs"][0]["results"][0]["properties"];
    assert_eq!(*properties, json!({ "test": "tests/test_a.py::test_x", "flaky": true }));
}

#[test]
fn the_journal_of_flaky_tests_changes_no_fingerprint_and_needs_a_cache() {
    let scene = scene("");
    let first = run(&scene, "test", FAILED);
    let file = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "flaky = \"report\"\n").unwrap();
    assert_eq!(run(&scene, "test", PASSED).fingerprint, first.fingerprint);

    let off = self::scene("");
    let silent = |ending: &str| {
        off.docker().on(&["run", "--name"]).script(&format!("{PROOF}{ending}")).once();
        let run = off.pipe("test --message-format json").with("CARGO_PIPE_CACHE", "off");
        cargo_pipe::report::json::from_json(&run.ended().unredacted_stdout).unwrap()
    };
    let results = [FAILED, PASSED, FAILED].map(silent);
    assert!(!results[2].checks[0].findings[0].flaky);
}

#[test]
fn a_setting_without_its_plugin_names_what_to_lock() {
    let scene = scene("workers = \"auto\"\n");
    let usage = "echo 'ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: \
                 --numprocesses=auto' >&2; exit 4";
    let report = run(&scene, "test", usage);
    assert_eq!(report.exit_code, 2);
    let reason = report.checks[0].reason.clone().unwrap();
    assert_eq!(reason.message, "`workers` needs pytest-xdist, which is not locked");
    let hint = "write requirements = [\"pytest-xdist\"] for the check, then run `cargo pipe update pytest`";
    assert_eq!(reason.hint.as_deref(), Some(hint));
}

#[test]
fn a_coverage_below_the_minimum_is_a_finding_and_its_figures_are_in_the_report() {
    let scene = scene("coverage = 80\n");
    let covering = |percent: &str| {
        let figures =
            format!(r#"{{"percent": {percent}, "files": {{"src/a.py": [50.0, 2, [2]]}}}}"#);
        let tests = PASSED.trim_start_matches("echo '").trim_end_matches('\'');
        format!(
            "echo '<cargo-pipe-session>{tests}<coverage minimum=\"80\">{figures}</coverage></cargo-pipe-session>'"
        )
    };
    let low = run(&scene, "test", &covering("79.999"));
    assert_eq!(low.exit_code, 1);
    let check = &low.checks[0];
    assert_eq!(check.findings[0].code, "coverage");
    assert_eq!(check.findings[0].message, "the tests cover 79.99% of the lines, less than 80%");
    let coverage = check.coverage.as_ref().unwrap();
    assert_eq!((coverage.minimum, &*coverage.files[0].missing), (Some(80.0), &[2][..]));
    let enough = run(&scene, "test", &covering("80.0"));
    assert_eq!(enough.exit_code, 0);
    let cached = report(&scene, "test");
    assert_eq!(cached.checks[0].cache, CacheUse::Hit);
    assert_eq!(cached.checks[0].coverage, enough.checks[0].coverage);
    let ended = scene.pipe("test").ended();
    assert!(ended.stdout.contains("the tests cover 80% of the lines"), "{ended:?}");
    let none = run(&scene, "test --no-cache", &covering("80").replace("percent", "nothing"));
    assert_eq!(none.checks[0].reason.as_ref().unwrap().message, "pytest-cov has measured no file");
}
