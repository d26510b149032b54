//! Runs at the same time, and checks that fail fast.

use std::process::Stdio;

use crate::project::{Ended, Project, without_the_colon};

tests![
    two_runs_at_once_do_not_disturb_each_other,
    fail_fast_cancels_the_rest,
    a_report_is_written_where_it_was_asked_for
];

fn two_runs_at_once_do_not_disturb_each_other() {
    let project = Project::scaffolded();
    project.write("src/bad.py", without_the_colon());
    let args = ["run-all", "--message-format", "json"];
    let runs: Vec<_> =
        (0..2).map(|_| project.command(&args).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let ended: Vec<Ended> =
        runs.into_iter().map(|run| Ended::of(run.wait_with_output().unwrap())).collect();
    for one in &ended {
        assert_eq!(one.status, Some(1), "{one:?}");
    }
    let fingerprint = |ended: &Ended| {
        serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["fingerprint"].clone()
    };
    assert_eq!(fingerprint(&ended[0]), fingerprint(&ended[1]));
    assert_eq!(project.leftovers(), [""; 0]);
}

fn fail_fast_cancels_the_rest() {
    let project = Project::scaffolded();
    project.write(
        "pipe.toml",
        "[checks.quick]\nrun = [\"false\"]\n\n[checks.slow]\nrun = [\"sleep\", \"1000\"]\n",
    );
    let report = project.report(&["run", "quick", "slow", "--fail-fast"]);
    assert_eq!(report.status, 1, "{report:#?}");
    assert_eq!(report.outcome("quick"), "findings");
    assert_eq!(report.outcome("slow"), "cancelled");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_report_is_written_where_it_was_asked_for() {
    let project = Project::scaffolded();
    let ended = project.pipe(&["run-all", "--report", "json=report.json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let text = std::fs::read_to_string(project.root.join("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["schema"], "cargo-pipe/report/1");
    assert_eq!(json["verdict"], "passed");
}
