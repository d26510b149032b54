//! The commands `why` and `compare`, which explain a fingerprint.

use std::fs;
use std::path::Path;

use snapbox::str;

use crate::cache::{FINDING, base_image, lock_base, main_file, ready, report, scene};
use crate::container::PROOF;
use crate::scene::Scene;

#[test]
fn why_names_what_changed() {
    let scene = ready();
    let why = || scene.pipe("why ruff").ended().stdout;
    assert!(why().contains("has not run in this folder yet"), "{}", why());
    report(&scene, "ruff");
    let calls = scene.docker().calls().len();
    assert_eq!(
        why(),
        "ruff would not run: its result is cached\n\n\
         nothing differs from its last run in this folder\n"
    );
    let differs = |what: &str| {
        let text = why();
        let expected = format!("different from its last run in this folder:\n  {what}\n");
        assert!(text.contains(&expected), "{expected}{text}");
        assert!(text.starts_with("ruff would run: its result is not cached"), "{text}");
    };
    let file = main_file(&scene);
    let text = fs::read(&file).unwrap();
    fs::write(&file, "import os\n").unwrap();
    differs("file `src/main.py`: changed");
    fs::write(&file, &text).unwrap();
    fs::write(scene.project().join("src/new.py"), "").unwrap();
    differs("file `src/new.py`: added");
    fs::rename(scene.project().join("src/new.py"), scene.project().join("new.py")).unwrap();
    assert!(why().contains("nothing differs"), "{}", why());
    edit(&scene.project().join(".config/pyproject.toml"), "line-length = 120", "line-length = 99");
    differs("option `tool.ruff.line-length`: changed");
    edit(&scene.project().join(".config/pyproject.toml"), "line-length = 99", "line-length = 120");
    edit(&scene.project().join(".docker/requirements/ruff.txt"), "ruff==0.", "ruff==9.");
    let text = why();
    assert!(text.starts_with("ruff would run: its environment was not prepared"), "{text}");
    assert!(text.contains("last run in this folder:\n  package `ruff` of the tool: 0."), "{text}");
    assert_eq!(scene.docker().calls().len(), calls, "it calls no docker");
}

#[test]
fn a_report_says_when_and_why_each_check_ran() {
    let scene = ready();
    assert_eq!(report(&scene, "ruff").checks[0].since_last, None, "it never ran");
    let cached = &report(&scene, "ruff").checks[0];
    assert_eq!((&cached.since_last, cached.started_ms), (&None, None));
    fs::write(main_file(&scene), "import os\n").unwrap();
    let report = report(&scene, "ruff");
    let changed = &report.checks[0];
    let names: Vec<&str> =
        changed.since_last.iter().flatten().map(|difference| difference.name.as_str()).collect();
    assert_eq!(names, ["src/main.py"]);
    let end = changed.started_ms.unwrap() + changed.duration_ms;
    assert!(end <= report.duration_ms.unwrap(), "{report:?}");
}

#[test]
fn why_names_a_predicted_environment() {
    let scene = ready();
    let report = report(&scene, "ruff");
    let predicted = "\nits environment is predicted from `.docker/pipe.lock`\n";
    let why = scene.pipe("why ruff").ended().stdout;
    assert!(!why.contains(predicted), "{why}");
    lock_base(&scene, &report);
    let home = scene.folder("empty");
    let explain = |arguments: &str| {
        let command = scene.pipe(arguments).with("CARGO_PIPE_CACHE_DIR", home.to_str().unwrap());
        command.ended().stdout
    };
    let why = explain("why ruff");
    assert!(why.contains(predicted), "{why}");
    let json: serde_json::Value = serde_json::from_str(&explain("why ruff --json")).unwrap();
    assert_eq!(json["environment"], "predicted");
}

/// Two places that differ in one thing: what `compare` says of it there.
fn compared(plant: impl FnOnce(&Scene)) -> (Option<i32>, String) {
    let (here, there) = (ready(), ready());
    plant(&there);
    let ended = there.pipe("ruff --report json=report.json").ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    fs::copy(there.project().join("report.json"), here.project().join("report.json")).unwrap();
    let ended = here.pipe("compare report.json").ended();
    (ended.status, ended.stdout)
}

#[test]
fn compare_names_the_one_thing_that_differs() {
    let differs = |what: &str| (Some(1), format!("ruff: different inputs:\n  {what}\n"));
    assert_eq!(compared(|_| {}), (Some(0), "ruff: nothing differs\n".to_owned()));
    assert_eq!(
        compared(|there| fs::write(main_file(there), "import os\n").unwrap()),
        differs("file `src/main.py`: changed")
    );
    assert_eq!(
        compared(|there| fs::write(there.project().join("src/extra.py"), "").unwrap()),
        differs("file `src/extra.py`: removed")
    );
    assert_eq!(
        compared(|there| {
            let config = there.project().join(".config/pyproject.toml");
            edit(&config, "line-length = 120", "line-length = 99");
        }),
        differs("option `tool.ruff.line-length`: changed")
    );
    let (status, text) = compared(|there| {
        let lock = there.project().join(".docker/requirements/ruff.txt");
        let text = fs::read_to_string(&lock).unwrap();
        let version = text.split("ruff==").nth(1).unwrap().split_whitespace().next().unwrap();
        fs::write(&lock, text.replace(version, "0.0.1")).unwrap();
    });
    assert_eq!(status, Some(1));
    assert!(text.contains("\n  package `ruff` of the tool: 0.0.1 → "), "{text}");
}

#[test]
fn a_missing_report_is_an_error_with_the_command_that_writes_one() {
    Scene::new().pipe("compare nosuch.json").ends(
        2,
        "",
        str![[r#"
error: cannot read the report `nosuch.json`: No such file or directory (os error 2)

hint: run `cargo pipe run-all --report json=FILE` to write one

"#]],
    );
}

#[test]
fn compare_needs_no_cache() {
    let scene = ready();
    scene.pipe("ruff --report json=report.json").ended();
    for cache in ["off", "read-only"] {
        let compare = scene.pipe("compare report.json").with("CARGO_PIPE_CACHE", cache);
        let home = scene.folder(cache);
        let ended = compare.with("CARGO_PIPE_CACHE_DIR", home.to_str().unwrap()).ended();
        assert_eq!(ended.stdout, "ruff: nothing differs\n", "{ended:?}");
    }
}

#[test]
fn compare_names_another_python() {
    let (here, there) = (ready(), scene());
    there.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base2", "3.13.6"));
    there.docker().on(&["run", "--name"]).script(&format!("{PROOF}{FINDING}"));
    there.pipe("ruff --report json=report.json").ended();
    fs::copy(there.project().join("report.json"), here.project().join("report.json")).unwrap();
    let ended = here.pipe("compare report.json").ended();
    assert_eq!(ended.stdout, "ruff: different inputs:\n  Python: 3.13.6 → 3.13.5\n");
}

#[test]
fn compare_calls_another_verdict_of_the_same_inputs_a_bug() {
    let scene = ready();
    scene.pipe("ruff --report json=report.json").ended();
    let path = scene.project().join("report.json");
    edit(&path, "\"message\": \"unused\"", "\"message\": \"used\"");
    let text = fs::read_to_string(&path).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    report["checks"][0]["findings"] = serde_json::json!([]);
    fs::write(&path, report.to_string()).unwrap();
    let ended = scene.pipe("compare report.json").ended();
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("which is a bug in cargo pipe"), "{}", ended.stdout);
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}\n{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}
