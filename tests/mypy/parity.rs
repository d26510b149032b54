//! From nothing, the worker says what mypy's own command says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::project::Project;
use crate::python::fetched_sources;

tests![a_package_has_the_messages_of_plain_mypy, advice_on_stubs_is_given_for_each_import];

/// Path, line, column, code and message of each line.
fn messages(lines: &[String]) -> BTreeSet<String> {
    let message = |line: &String| {
        let json: Value = serde_json::from_str(line).unwrap();
        let path = json["file"].as_str().unwrap().trim_start_matches("./").to_owned();
        format!("{path}:{}:{}:{}: {}", json["line"], json["column"], json["code"], json["message"])
    };
    lines.iter().map(message).collect()
}

fn a_package_has_the_messages_of_plain_mypy() {
    let project = Project::of_package(&fetched_sources("httpx"));
    let run = project.run();
    let (plain, code) = project.plain();
    assert!(plain.len() > 10, "{plain:?}");
    assert_eq!((messages(&run.lines), run.code), (messages(&plain), code));
}

/// mypy itself gives it once, for whichever import comes first.
fn advice_on_stubs_is_given_for_each_import() {
    let project = Project::of(&[("a.py", "import yaml\n"), ("b.py", "import requests\n")]);
    let run = project.agrees();
    let advice = ["types-PyYAML", "types-requests"];
    assert_eq!(run.lines.len(), 2, "{run:?}");
    for (line, package) in run.lines.iter().zip(advice) {
        assert!(line.contains(&format!("python3 -m pip install {package}")), "{line}");
        assert!(!line.contains("readthedocs") && !line.contains("--install-types"), "{line}");
    }
}
