//! Findings of commands in common formats, from the document to the reports, with a fake docker.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cache::base_image;
use crate::container::PROOF;
use crate::scene::{Ended, Scene};

/// Runs a check whose command writes this document, in this format.
fn run(format: &str, document: &[u8], words: &str) -> (Scene, Ended) {
    let checks = ["lint", "format", "mypy", "ruff"];
    let off = checks.map(|name| format!("[checks.{name}]\nenabled = false\n")).concat();
    let own = format!("[checks.own]\nrun = [\"own\"]\nfindings = {format}\n");
    let sources =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings/sarif/app/src/main.py");
    let scene = Scene::new()
        .file("pipe.toml", &(off + &own))
        .file("src/main.py", &fs::read_to_string(sources).unwrap());
    assert_eq!(scene.pipe("init --ci none --no-lock").ended().status, Some(0));
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    let place = scene.folder("document");
    fs::write(&place, document).unwrap();
    let script = format!("{PROOF}cat {}; exit 1", place.display());
    scene.docker().on(&["run", "--name"]).script(&script).once();
    let ended = scene.pipe(words).ended();
    (scene, ended)
}

/// What a document says about each result.
fn results(sarif: &Value) -> Vec<Value> {
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap().iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        let region = &place["region"];
        let rule = rules.iter().find(|rule| rule["id"] == result["ruleId"]).unwrap();
        json!({
            "rule": result["ruleId"],
            "name": rule["name"],
            "help": rule["helpUri"],
            // The default of SARIF.
            "level": result["level"].as_str().unwrap_or("warning"),
            "message": result["message"]["text"],
            "path": place["artifactLocation"]["uri"],
            "region": [
                region["startLine"], region["startColumn"], region["endLine"], region["endColumn"],
            ],
        })
    });
    let mut results: Vec<Value> = results.collect();
    results.sort_by_key(ToString::to_string);
    results
}

#[test]
fn the_sarif_of_bandit_comes_out_as_it_went_in() {
    let place =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings/sarif/document");
    let document = fs::read(place).unwrap();
    let (scene, ended) = run("\"sarif\"", &document, "own --report sarif=../out.sarif");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let theirs: Value = serde_json::from_slice(&document).unwrap();
    let ours = fs::read_to_string(scene.project().join("../out.sarif")).unwrap();
    let ours: Value = serde_json::from_str(&ours).unwrap();
    assert_eq!(results(&ours), results(&theirs));
    assert_eq!(results(&ours).len(), 4);
}

#[test]
fn no_escape_in_a_document_reaches_the_terminal() {
    let sarif = "{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"ruleId\":\"a\\u001b[2J\",\
                 \"message\":{\"text\":\"red\\u001b[31m\\u0007\"},\"locations\":[{\"physicalLocation\":{\
                 \"artifactLocation\":{\"uri\":\"src/%1B[2J.py\"},\"region\":{\"startLine\":1}}}]}]}]}";
    let lines = "{\"path\":\"src/\\u001b[2J.py\",\"line\":1,\"message\":\"red\\u001b[31m\",\"code\":\"\\u001b[2J\"}\n";
    let gcc = "src/\u{1b}[2J.py:1:1: error: red\u{1b}[31m [\u{1b}c]\n";
    let regex =
        "{ format = \"regex\", pattern = '^(?<path>[^:]+):(?<line>[0-9]+):(?<message>.*)$' }";
    for (format, document) in [
        ("\"sarif\"", sarif),
        ("\"json-lines\"", lines),
        ("\"gcc\"", gcc),
        (regex, gcc),
        // XML cannot have them.
        (
            "\"junit\"",
            "<testsuite><testcase name=\"&#27;[2J\"><failure message=\"red\"/></testcase></testsuite>",
        ),
        (
            "\"checkstyle\"",
            "<checkstyle><file name=\"a\"><error message=\"red\u{1b}[31m\"/></file></checkstyle>",
        ),
    ] {
        let (_, ended) = run(format, document.as_bytes(), "own");
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert!(matches!(ended.status, Some(1 | 3)), "{format}: {shown}");
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{format}: {shown:?}");
        assert!(ended.status == Some(3) || shown.contains("red"), "{format}: {shown}");
    }
}
