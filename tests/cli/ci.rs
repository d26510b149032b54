//! Reports of a run as the consumers of a CI system find them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::container::{PROOF, scene};
use crate::scene::Scene;

/// Output of ruff for a source that contains commands for a CI system.
const FINDINGS: &str = r####"[
{"code":"F401","name":"unused-import","message":"\u001b[0Ksection_end:1:x\r ::add-mask::secret",
 "filename":"/app/src/main.py","location":{"row":1,"column":1},"end_location":{"row":1,"column":4},
 "url":"https://docs.astral.sh/ruff/rules/unused-import","severity":"error","fix":null,"cell":null},
{"code":"X1","name":"::error::x","message":"::error::one\n::set-env name=x::two ##[group]three",
 "filename":"/app/src/main.py","location":{"row":2,"column":1},"end_location":{"row":2,"column":1},
 "url":null,"severity":"error","fix":null,"cell":null}]"####;

/// An engine whose ruff does this.
fn ruff(then: &str) -> Scene {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{then}"));
    scene
}

fn with_findings() -> Scene {
    ruff(&format!("cat <<'END'\n{FINDINGS}\nEND\nexit 1"))
}

const REPORTS: &str = "--report json=json --report jsonl=jsonl --report junit=junit \
                       --report sarif=sarif --report gitlab=gitlab --report github=github \
                       --report markdown=markdown";

fn read(scene: &Scene, path: &str) -> String {
    fs::read_to_string(scene.project().join(path)).unwrap()
}

fn value(scene: &Scene, path: &str) -> Value {
    serde_json::from_str(&read(scene, path)).unwrap()
}

#[test]
fn every_format_lists_the_findings() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff").arg_all(REPORTS).ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(value(&scene, "json")["checks"][0]["findings"].as_array().unwrap().len(), 2);
    assert_eq!(value(&scene, "sarif")["runs"][0]["results"][1]["ruleId"], "X1");
    assert_eq!(value(&scene, "gitlab").as_array().unwrap().len(), 2);
    assert_eq!(read(&scene, "github").lines().count(), 2);
    assert!(read(&scene, "markdown").contains("unused-import"));
    let junit = quick_junit::Report::deserialize_from_str(&read(&scene, "junit")).unwrap();
    assert_eq!((junit.tests, junit.failures), (1, 1));
    let last: Value = serde_json::from_str(read(&scene, "jsonl").lines().last().unwrap()).unwrap();
    assert_eq!(last["report"], value(&scene, "json"));
}

#[test]
fn a_crash_is_in_every_report() {
    let scene = ruff("echo panicked >&2; exit 2");
    let ended = scene.pipe("run ruff").arg_all(REPORTS).ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert_eq!(value(&scene, "json")["verdict"], "error");
    let invocation = &value(&scene, "sarif")["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 3);
    assert_eq!(value(&scene, "gitlab")[0]["severity"], "blocker");
    assert!(read(&scene, "github").starts_with("::error title=ruff::"));
    let junit = quick_junit::Report::deserialize_from_str(&read(&scene, "junit")).unwrap();
    assert_eq!(junit.errors, 1);
    assert!(read(&scene, "junit").contains("panicked"));
    assert!(read(&scene, "markdown").contains("panicked"));
}

#[test]
fn an_interrupted_run_writes_its_reports() {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).hangs();
    let child = scene.pipe("run ruff").arg_all(REPORTS).start();
    while !scene.docker().calls().iter().any(|call| call[0] == "run") {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = scene.ended(child.wait_with_output().unwrap());
    assert_eq!(ended.status, Some(130), "{ended:?}");
    assert_eq!(value(&scene, "json")["exit_code"], 130);
    for path in ["junit", "sarif", "gitlab", "github", "markdown"] {
        assert!(scene.project().join(path).exists(), "{path}");
    }
}

#[test]
fn events_are_in_their_file_while_the_run_goes() {
    let scene = scene();
    let file = scene.project().join("events");
    let waits = format!("until grep -q check-started '{}'; do :; done; echo '[]'", file.display());
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{waits}"));
    let ended = scene.pipe("run ruff --timeout 30s --report jsonl=events").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let names = read(&scene, "events");
    let names: Vec<Value> = names
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(names, ["started", "check-started", "check-finished", "finished"]);
}

#[test]
fn events_can_be_printed() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff --message-format jsonl").ended();
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.starts_with("{\"event\":\"started\","), "{}", ended.stdout);
    assert_eq!(ended.stdout.lines().count(), 4);
}

#[test]
fn a_report_that_cannot_be_written_costs_no_other_one() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff --report sarif=/dev/full --report junit=junit").ended();
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: cannot write the report `/dev/full`: "), "{ended:?}");
    assert!(ended.stdout.contains("did not pass"), "{}", ended.stdout);
    assert!(read(&scene, "junit").contains("unused-import"));
}

#[test]
fn a_report_on_standard_output_leaves_progress_on_standard_error() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff --report gitlab=-").ended();
    let issues: Value = serde_json::from_str(&ended.unredacted_stdout).unwrap();
    assert_eq!(issues.as_array().unwrap().len(), 2);
    assert!(ended.stderr.contains("1 of 1 check did not pass"), "{}", ended.stderr);
    let ended = scene.pipe("run ruff --report gitlab=- --message-format json").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: two reports would be written to standard output\n"));
}

/// Lines that the runner of GitHub obeys: it trims each, and looks for `##[` anywhere.
fn commands(text: &str) -> Vec<&str> {
    let obeyed = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
    text.split(['\n', '\r']).filter(obeyed).collect()
}

#[test]
fn output_of_a_tool_is_never_a_github_command() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff -v").with("GITHUB_ACTIONS", "true").ended();
    assert_eq!(commands(&ended.stdout), ["::group::ruff: findings", "::endgroup::"]);
    assert_eq!(commands(&ended.stderr), [""; 0]);
    let crash = ruff("printf '::add-mask::x\\n  ::error::y\\n##[group]z\\n' >&2; exit 2");
    let ended = crash.pipe("run ruff").with("GITHUB_ACTIONS", "true").ended();
    assert_eq!(commands(&ended.stdout), ["::group::ruff: error", "::endgroup::"]);
    assert!(ended.stdout.replace('\u{200b}', "").contains("##[group]z"), "{}", ended.stdout);
    let ended = scene.pipe("run ruff --message-format json").ended();
    assert_eq!(commands(&ended.stdout), [""; 0]);
}

#[test]
fn github_gets_groups_annotations_and_a_summary() {
    let scene = with_findings().file("summary", "before\n");
    let ended = scene
        .pipe("run ruff --message-format github")
        .with("GITHUB_STEP_SUMMARY", scene.project().join("summary").to_str().unwrap())
        .ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let commands = commands(&ended.stdout);
    assert_eq!(commands.len(), 4, "{commands:#?}");
    assert!(commands[2].starts_with("::error file=src/main.py,line=1,"), "{commands:#?}");
    assert!(read(&scene, "summary").starts_with("before\n### cargo pipe: findings\n"));
}

#[test]
fn gitlab_gets_a_section_for_each_check_and_no_other() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff").with("GITLAB_CI", "true").ended();
    let escapes: Vec<&str> = ended.stdout.split('\u{1b}').skip(1).collect();
    assert_eq!(escapes.len(), 4, "{escapes:#?}");
    assert!(escapes[0].starts_with("[0Ksection_start:"), "{escapes:#?}");
    assert!(escapes[0].ends_with(":cargo_pipe_ruff\r"), "{escapes:#?}");
    assert!(escapes[2].starts_with("[0Ksection_end:"), "{escapes:#?}");
}

#[test]
fn the_short_format_has_one_finding_a_line() {
    let scene = with_findings();
    let ended = scene.pipe("run ruff --message-format short").ended();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].starts_with("src/main.py:1:1: error F401 "), "{lines:#?}");
    assert!(lines[2].starts_with("findings: 2 findings, 1 of 1 check did not pass"), "{lines:#?}");
}

#[test]
fn fifty_megabytes_of_nonsense_are_an_error_and_a_short_log() {
    let scene = ruff("echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo last; exit 2");
    let ended = scene.pipe("run ruff --report json=json --report junit=junit").ended();
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    let log = &value(&scene, "json")["checks"][0]["log"];
    assert_eq!(log["truncated"], true);
    let stdout = log["stdout"].as_str().unwrap();
    assert!(stdout.starts_with("first\n") && stdout.ends_with("last\n"));
    assert!(read(&scene, "json").len() < 1_000_000);
}

/// What a schema, whose path may be relative to this repository, has against a text.
pub(crate) fn complaints(schema: &str, text: &str) -> String {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(schema);
    let schema = fs::read_to_string(schema).unwrap();
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("schema.json", serde_json::from_str(&schema).unwrap()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let value = serde_json::from_str(text).unwrap();
    schemas.validate(&value, index).err().map(|error| format!("{error:#}")).unwrap_or_default()
}

#[test]
fn more_than_a_thousand_findings_are_valid_in_every_format() {
    const MANY: usize = 1_200;
    let results: Vec<Value> = (1..=MANY)
        .map(|row| {
            let message = format!("{row} of \u{1f600}é <b>&amp; ]]> | `x`\n::error::no");
            serde_json::json!({
                "code": format!("X{}", row % 40), "name": "rule", "message": message,
                "filename": "/app/src/main.py", "location": {"row": row, "column": 1},
                "end_location": {"row": row, "column": 2}, "url": null, "severity": "error",
                "fix": null, "cell": null,
            })
        })
        .collect();
    let results = serde_json::to_string(&results).unwrap();
    let scene = ruff(&format!("cat <<'END'\n{results}\nEND\nexit 1"));
    let ended = scene.pipe("run ruff").arg_all(REPORTS).ended();
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);

    let json = read(&scene, "json");
    assert_eq!(complaints("templates/schema/report-1.json", &json), "");
    let found = value(&scene, "json")["checks"][0]["findings"].as_array().unwrap().len();
    assert_eq!(found, MANY);
    let sarif = read(&scene, "sarif");
    assert_eq!(complaints("tests/fixtures/schemas/sarif-2.1.0.json", &sarif), "");
    assert_eq!(value(&scene, "sarif")["runs"][0]["results"].as_array().unwrap().len(), MANY);
    let junit = quick_junit::Report::deserialize_from_str(&read(&scene, "junit")).unwrap();
    assert_eq!((junit.tests, junit.failures), (1, 1));
    let case = format!("{:?}", junit.test_suites[0].test_cases[0]);
    (1..=MANY).for_each(|row| assert!(case.contains(&format!("main.py:{row}:1")), "{row}"));
    assert_code_quality(&value(&scene, "gitlab"), MANY);
    assert_eq!(read(&scene, "github").lines().count(), 10);
    assert!(read(&scene, "markdown").len() < 65_536);
    let lines: Vec<String> = read(&scene, "jsonl").lines().map(str::to_owned).collect();
    lines.iter().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
    // The terminal shows the rules, the worst findings, and where the rest is.
    assert!(ended.stdout.starts_with("1200 findings of 40 rules:\n"), "{}", ended.stdout);
    assert!(ended.stdout.lines().count() < 250, "{}", ended.stdout);
}

/// What GitLab requires of each entry, by its documentation:
/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
#[track_caller]
fn assert_code_quality(report: &Value, number: usize) {
    let entries = report.as_array().unwrap();
    assert_eq!(entries.len(), number);
    let mut fingerprints = BTreeSet::new();
    for entry in entries {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap();
        assert!(!text("/description").is_empty() && !text("/check_name").is_empty(), "{entry}");
        assert!(fingerprints.insert(text("/fingerprint")), "{entry}");
        let severities = ["info", "minor", "major", "critical", "blocker"];
        assert!(severities.contains(&text("/severity")), "{entry}");
        let path = text("/location/path");
        assert!(!path.starts_with(['/', '.']) && !path.contains('\\'), "{entry}");
        assert!(entry.pointer("/location/lines/begin").unwrap().as_u64() > Some(0), "{entry}");
    }
}

#[test]
fn an_unparseable_report_is_kept_whole_in_the_log() {
    let half = &FINDINGS[..FINDINGS.len() / 2];
    for (name, then) in [
        ("half", format!("cat <<'END'\n{half}\nEND\nexit 1")),
        ("words before", format!("echo warning: x; cat <<'END'\n{FINDINGS}\nEND\nexit 1")),
        ("both streams", "echo oops >&2; echo '[{]'; echo oops >&2; exit 1".to_owned()),
        ("nothing", "exit 1".to_owned()),
    ] {
        let scene = ruff(&then);
        let ended = scene.pipe("run ruff").arg_all(REPORTS).ended();
        assert_eq!(ended.status, Some(3), "{name}: {}", ended.stderr);
        let check = &value(&scene, "json")["checks"][0];
        assert_eq!(check["outcome"], "error", "{name}");
        let text = format!("{}{}", check["log"]["stdout"], check["log"]["stderr"]);
        let expected: &[&str] = match name {
            "half" => &["unused-import"],
            "words before" => &["warning: x", "set-env", "three"],
            "both streams" => &["[{]", "oops\\noops"],
            _ => &[],
        };
        expected.iter().for_each(|words| assert!(text.contains(words), "{name}: {text}"));
    }
}
