//! Baselines, changed lines and the number of processors.

use std::collections::BTreeSet;
use std::fs;

use crate::project::{Project, Report, docker, without_the_colon};
use crate::start;

tests![
    old_code_passes_on_the_first_day_and_new_code_does_not,
    lines_above_change_no_fingerprint_of_real_findings,
    a_baseline_is_not_written_of_a_run_that_did_not_end,
    only_changed_lines_count,
    a_check_has_as_many_processors_as_it_is_given
];

/// Findings of all four tools, and two equal ones.
const OLD: &str = "import os\nimport sys\n\n\ndef f(a):\n    x = 1\n    x = 1\n    return a.b( x )\n\n\n\
                   def g() -> str:\n    return 1\n";

fn fingerprints(report: &Report) -> BTreeSet<String> {
    let checks = report.json["checks"].as_array().unwrap();
    let findings = checks.iter().flat_map(|check| check["findings"].as_array().unwrap());
    findings.map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// The findings that count, as check, path and line.
fn gating(report: &Report) -> Vec<(String, String, u64)> {
    let checks = report.json["checks"].as_array().unwrap();
    checks
        .iter()
        .flat_map(|check| {
            let findings = check["findings"].as_array().unwrap();
            findings.iter().filter(|finding| finding["gating"] == true).map(|finding| {
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                (text(&check["name"]), text(&finding["path"]), finding["line"].as_u64().unwrap())
            })
        })
        .collect()
}

fn old_code_passes_on_the_first_day_and_new_code_does_not() {
    let project = Project::scaffolded();
    project.write("src/old.py", OLD);
    assert_eq!(project.report(&["run-all"]).status, 1);
    let ended = project.pipe(&["baseline"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("findings accepted in .config/baseline.jsonl\n"), "{ended:?}");

    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let baseline = &report.json["gate"]["baseline"];
    assert_eq!(baseline["file"], ".config/baseline.jsonl");
    assert_eq!(baseline["gone"].as_array().unwrap().len(), 0);

    // One new line, of the very kind that is accepted elsewhere in the file.
    project.write("src/old.py", OLD.replace("import sys\n", "import sys\nimport json\n"));
    let report = project.report(&["run", "ruff"]);
    assert_eq!(report.status, 1);
    assert_eq!(gating(&report), [("ruff".to_owned(), "src/old.py".to_owned(), 3)]);
    let ended = project.pipe(&["ruff"]);
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stdout.contains("src/old.py:3:8: error: `json` imported but unused"),
        "{ended:?}"
    );
    assert!(!ended.stdout.contains("`os` imported but unused"), "{ended:?}");

    // What is repaired is gone from the file's point of view.
    project.write("src/old.py", OLD.replace("import sys\n", ""));
    let report = project.report(&["run", "ruff"]);
    assert_eq!(report.status, 0);
    let gone = report.json["gate"]["baseline"]["gone"].as_array().unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0]["message"], "`sys` imported but unused");
    let ended = project.pipe(&["ruff"]);
    let hint = "1 entry is obsolete; run `cargo pipe baseline --prune` to remove it";
    assert!(ended.stdout.contains(hint), "{ended:?}");
    let strict = project.pipe(&["ruff", "--strict"]);
    assert_eq!(strict.status, Some(1), "{strict:?}");
    assert!(strict.stdout.contains("1 entry is obsolete, which"), "{strict:?}");

    // Pruning accepts nothing new.
    project.write("src/old.py", OLD.replace("import sys\n", "import json\n"));
    let pruned = project.pipe(&["baseline", "--prune"]);
    assert_eq!(pruned.status, Some(0), "{pruned:?}");
    assert!(pruned.stdout.contains("entries removed from .config/baseline.jsonl"), "{pruned:?}");
    let report = project.report(&["run", "ruff", "--strict"]);
    assert_eq!(gating(&report), [("ruff".to_owned(), "src/old.py".to_owned(), 2)]);

    fs::remove_file(project.root.join(".config/baseline.jsonl")).unwrap();
    let named = project.pipe(&["ruff", "--baseline", ".config/baseline.jsonl"]);
    assert_eq!(named.status, Some(2), "{named:?}");
    assert!(named.stdout.contains("cannot read the baseline"), "{named:?}");

    // No baseline accepts what is not to be accepted.
    project.write("pipe.toml", "never-accept = [\"F401\"]\n");
    assert_eq!(project.pipe(&["baseline"]).status, Some(0));
    let report = project.report(&["run", "ruff"]);
    assert_eq!(gating(&report).len(), 2, "{report:#?}");
}

fn lines_above_change_no_fingerprint_of_real_findings() {
    let project = Project::scaffolded();
    project.write("src/old.py", OLD);
    let before = project.report(&["run-all"]);
    let moved =
        format!("# One.\n# Two.\n{}", OLD.replace("    x = 1\n    x", "    # é\n    x = 1\n    x"));
    project.write("src/old.py", moved);
    let after = project.report(&["run-all"]);
    assert_ne!(before.json["fingerprint"], after.json["fingerprint"]);
    assert!(fingerprints(&before).len() > 8, "{before:#?}");
    assert_eq!(fingerprints(&before), fingerprints(&after), "{before:#?} {after:#?}");
}

fn a_baseline_is_not_written_of_a_run_that_did_not_end() {
    let project = Project::scaffolded();
    project.write("src/old.py", OLD);
    project.write("pipe.toml", "[checks.broken]\nrun = [\"no-such-program\"]\n");
    let ended = project.pipe(&["baseline"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(!project.root.join(".config/baseline.jsonl").exists());
    assert!(ended.stderr.contains("was not written"), "{ended:?}");
    assert!(!ended.stdout.contains("\n\n\n"), "{ended:?}");
}

fn only_changed_lines_count() {
    let project = Project::scaffolded();
    project.write("src/old.py", OLD);
    let git = |words: &str| {
        let status = start::command("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(words.split(' '))
            .current_dir(&project.root)
            .status()
            .unwrap();
        assert!(status.success());
    };
    git("init --quiet --initial-branch main");
    git("add --all");
    git("commit --quiet --message old");
    let unchanged = project.report(&["run", "ruff", "--changed"]);
    assert_eq!(unchanged.status, 0, "{unchanged:#?}");
    assert_eq!(unchanged.json["gate"]["changed"]["ref"], "main");
    assert_eq!(unchanged.json["gate"]["changed"]["outside"], unchanged.found("ruff").len());

    project.write("src/old.py", OLD.replace("import sys\n", "import sys\nimport json\n"));
    project.write("src/bad.py", without_the_colon());
    let report = project.report(&["run", "ruff", "--changed"]);
    assert_eq!(report.status, 1);
    let lines = gating(&report);
    assert!(lines.iter().any(|(_, path, _)| path == "src/bad.py"), "{lines:?}");
    assert!(lines.contains(&("ruff".to_owned(), "src/old.py".to_owned(), 3)), "{lines:?}");
    assert!(!lines.contains(&("ruff".to_owned(), "src/old.py".to_owned(), 1)), "{lines:?}");

    let missing = project.pipe(&["ruff", "--changed", "nowhere"]);
    assert_eq!(missing.status, Some(2), "{missing:?}");
    assert!(missing.stdout.contains("no commit `nowhere`"), "{missing:?}");
}

fn a_check_has_as_many_processors_as_it_is_given() {
    let project = Project::scaffolded();
    project.write("pipe.toml", "[checks.count]\nrun = [\"nproc\"]\n");
    let all = docker(&["info", "--format", "{{.NCPU}}"]).stdout;
    let count = |args: &[&str]| {
        let report = project.report(&[&["run", "count"], args].concat());
        let log = report.check("count")["log"]["stdout"].as_str().unwrap().to_owned();
        (log, report.json["fingerprint"].clone())
    };
    let (unset, fingerprint) = count(&[]);
    assert_eq!(unset, all);
    assert_eq!(count(&["--cpus", "1"]), ("1\n".to_owned(), fingerprint.clone()));
    assert_eq!(count(&["--cpus", "4096"]), (all, fingerprint));
}
