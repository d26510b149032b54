//! The JSON of `--dry-run`, `why` and `compare` follows the committed schemas.

use std::fs;

use serde_json::{Value, json};

use crate::cache::ready;
use crate::ci::complaints;
use crate::scene::Scene;

/// What a command prints, after it was validated with a schema.
fn output(scene: &Scene, words: &str, name: &str) -> Value {
    let printed = scene.pipe(words).ended().unredacted_stdout;
    let schema = format!("templates/schema/{name}-1.json");
    assert_eq!(complaints(&schema, &printed), "", "{words}");
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(value["schema"], format!("cargo-pipe/{name}/1"));
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    value
}

#[test]
fn a_plan_follows_its_schema() {
    let checks = "[checks.spelling]\nrun = [\"codespell\", \"src\"]\nfix = [\"codespell\", \"-w\"]\n\
                  findings-exit = [65]\ntimeout = \"90s\"\n\
                  [checks.far]\nrun = [\"true\"]\nimage = \"debian:13\"\n";
    let scene = ready();
    let settings = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    fs::write(scene.project().join("pipe.toml"), format!("{settings}\n{checks}")).unwrap();
    let plan =
        |words: &str| output(&scene, &format!("{words} --dry-run --message-format json"), "plan");
    let all = plan("run-all --fix --changed main --baseline known.jsonl");
    assert_eq!(
        all["gate"],
        json!({"baseline": {"path": "known.jsonl", "named": true}, "changed": {"ref": "main"}})
    );
    assert_eq!(all["fixes"]["effect"], "write");
    let fixers = all["fixes"]["fixers"].as_array().unwrap();
    let fixer = fixers.iter().find(|fixer| fixer["name"] == "spelling").unwrap();
    assert_eq!(fixer["command"]["args"], json!(["-w"]));
    assert!(fixer["reason"].is_string());
    let check = |name: &str| {
        let mut checks = all["checks"].as_array().unwrap().iter();
        checks.find(|check| check["name"] == name).unwrap()
    };
    let spelling = check("spelling");
    assert_eq!((&spelling["package"], &spelling["python"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&spelling["timeout_ms"], &spelling["findings_exit"]),
        (&90000.into(), &json!([65]))
    );
    assert_eq!(spelling["command"]["program"], "codespell");
    assert_eq!(spelling["command"]["args"], json!(["src"]));
    let far = json!({"kind": "image", "lock": null, "python": null, "project_build": false, "project_dependencies": false, "image": "debian:13"});
    assert_eq!(check("far")["environment"], far);
    let lint = check("lint");
    assert_eq!(
        (&lint["command"]["kind"], &lint["command"]["program"]),
        (&"module".into(), &"pylint".into())
    );
    assert_eq!(lint["environment"]["lock"], "pylint");
    assert_eq!(lint["config"], json!({"path": ".config/.pylintrc", "mounted": true}));
    assert_eq!(plan("ruff --changed")["gate"]["changed"], json!({"ref": null}));
    assert_eq!(plan("ruff")["fixes"], Value::Null);
}

#[test]
fn an_answer_of_why_follows_its_schema() {
    let scene = ready();
    let why = || output(&scene, "why ruff --json", "why");
    let first = why();
    assert_eq!((&first["name"], &first["since_last"]), (&"ruff".into(), &Value::Null));
    scene.pipe("ruff").ended();
    let cached = why();
    assert_eq!((&cached["expected"], &cached["since_last"]), (&"hit".into(), &json!([])));
    assert_eq!(cached["fingerprint"].as_str().unwrap().len(), 64);
    fs::write(scene.project().join("src/new.py"), "").unwrap();
    let changed = why();
    assert_eq!(changed["expected"], "miss");
    let difference = &changed["since_last"][0];
    assert_eq!((&difference["kind"], &difference["name"]), (&"file".into(), &"src/new.py".into()));
    assert_eq!(difference["before"], Value::Null);
}

#[test]
fn a_comparison_follows_its_schema() {
    let scene = ready();
    scene.pipe("ruff --report json=report.json").ended();
    let compare = || {
        let comparison = output(&scene, "compare report.json --json", "compare");
        assert_eq!(comparison["report_version"], env!("CARGO_PKG_VERSION"));
        comparison["checks"][0].clone()
    };
    let expected = |result: &str| {
        json!({"name": "ruff", "package": null, "python": null, "result": result,
               "differences": [], "reason": null})
    };
    assert_eq!(compare(), expected("same"));
    fs::write(scene.project().join("src/new.py"), "").unwrap();
    let different = compare();
    assert_eq!((&different["result"], &different["reason"]), (&"different".into(), &Value::Null));
    assert_eq!(different["differences"][0]["name"], "src/new.py");
    fs::remove_file(scene.project().join("src/new.py")).unwrap();
    let path = scene.project().join("report.json");
    let report = fs::read_to_string(&path).unwrap();
    let change = |alter: &dyn Fn(&mut Value)| {
        let mut report: Value = serde_json::from_str(&report).unwrap();
        alter(&mut report["checks"][0]);
        fs::write(&path, report.to_string()).unwrap();
    };
    change(&|check| check["findings"] = json!([]));
    assert_eq!(compare(), expected("different-outcome"));
    change(&|check| {
        check["inputs"] = Value::Null;
        check["fingerprint"] = Value::Null;
    });
    let unknown = compare();
    assert_eq!((&unknown["result"], unknown["reason"].is_string()), (&"unknown".into(), true));
    let mut more: Value = serde_json::from_str(&report).unwrap();
    let mut other = more["checks"][0].clone();
    other["name"] = "other".into();
    more["checks"].as_array_mut().unwrap().insert(0, other);
    fs::write(&path, more.to_string()).unwrap();
    assert_eq!(compare()["result"], "only-in-report");
}
