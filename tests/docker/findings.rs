//! Findings of the user's own commands, in every format.

use std::fs;

use serde_json::{Value, json};

use crate::project::Project;

tests![
    findings_of_commands_are_in_every_report,
    a_baseline_and_changed_lines_hold_for_findings_of_commands,
    a_document_that_is_cut_off_is_an_error_with_its_place
];

/// A check that runs `script` with Python, and reads its findings as `findings` says.
fn check(name: &str, script: &str, findings: &str) -> String {
    format!(
        "[checks.{name}]\nrun = [\"python3\", \"{script}\"]\ninputs = [\"tools\"]\nfindings = {findings}\n"
    )
}

const SARIF: &str = r#"import json, sys
region = {"startLine": 1, "startColumn": 1, "endColumn": 7}
place = {"physicalLocation": {"artifactLocation": {"uri": "file:///app/src/main.py"}, "region": region}}
result = {"ruleId": "B404", "level": "note", "message": {"text": "a"}, "locations": [place]}
run = {"tool": {"driver": {"name": "x", "rules": [{"id": "B404", "name": "blacklist"}]}}, "results": [result]}
print("this is noise")
open("/tmp/out.sarif", "w").write(json.dumps({"version": "2.1.0", "runs": [run]}))
sys.exit(1)
"#;

const GCC: &str = "import sys\nprint('noise')\nprint('/app/src/main.py:2:1: error: b [E1]', \
                   file=sys.stderr)\nsys.exit(1)\n";

const LINES: &str = "import sys\nprint('{\"path\": \"src/main.py\", \"row\": 3, \"message\": \"c\"}')\n\
                     sys.exit(1)\n";

fn project() -> Project {
    let project = Project::empty();
    project.write("src/main.py", "import os\nimport sys\nimport json\n");
    for (name, script) in [("sarif", SARIF), ("gcc", GCC), ("lines", LINES)] {
        project.write(&format!("tools/{name}.py"), script);
    }
    let builtin =
        ["lint", "format", "mypy", "ruff"].map(|name| format!("{name}.enabled = false\n"));
    let checks = [
        format!("source = [\"src\"]\n[checks]\n{}", builtin.concat()),
        check("sarif", "tools/sarif.py", "{ format = \"sarif\", from = \"file:/tmp/out.sarif\" }"),
        check("gcc", "tools/gcc.py", "{ format = \"gcc\", from = \"stderr\" }"),
        check("lines", "tools/lines.py", "{ format = \"json-lines\", line = \"row\" }"),
    ];
    project.write("pipe.toml", checks.join("\n"));
    project
}

fn findings_of_commands_are_in_every_report() {
    let project = project();
    let words = ["sarif=out.sarif", "gitlab=out.json", "junit=out.xml"];
    let mut arguments = vec!["run-all"];
    words.iter().for_each(|word| arguments.extend(["--report", word]));
    let report = project.report(&arguments);
    assert_eq!(report.status, 1, "{report:#?}");
    let expected = |name: &str, line, code: &str| {
        assert_eq!(report.found(name), [("src/main.py".to_owned(), line, code.to_owned())]);
    };
    expected("sarif", 1, "B404");
    expected("gcc", 2, "E1");
    expected("lines", 3, "finding");
    let read = |name: &str| fs::read_to_string(project.root.join(name)).unwrap();
    let sarif: Value = serde_json::from_str(&read("out.sarif")).unwrap();
    let own = &sarif["runs"][0];
    assert_eq!(own["tool"]["driver"]["name"], "sarif");
    assert_eq!(own["results"][0]["ruleId"], "B404");
    let region = &own["results"][0]["locations"][0]["physicalLocation"]["region"];
    let span = json!({"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 7});
    assert_eq!(*region, span);
    let gitlab: Value = serde_json::from_str(&read("out.json")).unwrap();
    assert_eq!(gitlab.as_array().unwrap().len(), 3, "{gitlab:#}");
    assert_eq!(read("out.xml").matches("<failure").count(), 3);
}

fn a_baseline_and_changed_lines_hold_for_findings_of_commands() {
    let project = project();
    let ended = project.pipe(&["baseline"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:#?}");
    assert_eq!(report.check("gcc")["findings"][0]["gating"], false);
}

fn a_document_that_is_cut_off_is_an_error_with_its_place() {
    let project = project();
    project.write("tools/sarif.py", SARIF.replace("json.dumps(", "'{\"runs\": [' or json.dumps("));
    let report = project.report(&["run", "sarif"]);
    assert_eq!(report.status, 3, "{report:#?}");
    let reason = &report.check("sarif")["reason"];
    let message = reason["message"].as_str().unwrap();
    assert!(message.starts_with("cannot read the findings in `file:/tmp/out.sarif`"), "{reason:#}");
    assert!(message.ends_with("at line 1 column 10"), "{reason:#}");
}
