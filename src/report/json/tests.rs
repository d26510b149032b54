use super::*;
use crate::report::sample;

#[test]
fn a_report_reads_back_as_it_was_written() {
    let text = to_json(&sample::report());
    let read = from_json(&text).unwrap();
    assert_eq!(read, JsonReport::from(&sample::report()));
    assert!(text.ends_with("}\n"));
}

#[test]
fn a_report_has_the_fields_of_the_contract_in_their_order() {
    let value: serde_json::Value = serde_json::from_str(&to_json(&sample::report())).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let lint = &value["checks"][0];
    let text = to_json(&sample::report());
    let mut at = 0;
    for key in ["schema", "version", "verdict", "exit_code", "fingerprint", "platform", "engine"] {
        let found = text[at..].find(&format!("\n  \"{key}\": ")).unwrap();
        at += found + 1;
    }
    assert_eq!(keys(&value).len(), 19);
    assert_eq!(value["next"][0]["command"], "cargo pipe run lint");
    assert_eq!(keys(lint).len(), 21);
    assert_eq!(keys(&lint["findings"][0]).len(), 16);
    assert_eq!(lint["since_last"][0]["name"], "src/main.py");
    assert_eq!(value["phases"][0]["started_ms"], 120);
    assert_eq!(lint["counts"]["warning"], 1);
    assert_eq!(lint["inputs"]["sources"].as_str().unwrap().len(), 64);
}

#[test]
fn a_text_of_another_format_is_no_report() {
    let text = to_json(&sample::report()).replace("report/1", "report/2");
    assert!(from_json(&text).unwrap_err().to_string().contains("report/2"));
}

#[test]
fn what_a_newer_version_added_is_ignored() {
    let text = to_json(&sample::report()).replacen('{', "{\"added\": {\"later\": true},", 1);
    assert!(from_json(&text).is_ok());
}

#[test]
fn a_terminal_that_shows_a_report_obeys_nothing_in_it() {
    let mut report = sample::report();
    report.warnings.push("\u{1b}[2J\u{9b}2J\u{7f}\u{202e}".to_owned());
    let text = to_json(&report);
    assert!(text.contains(r"\u001b[2J\u009b2J\u007f\u202e"), "{text}");
    assert_eq!(from_json(&text).unwrap().warnings, crate::report::warnings(&report));
}

#[test]
fn a_warning_of_several_checks_is_told_once() {
    let mut report = sample::report();
    for check in &mut report.checks {
        check.warnings = vec!["the base has no digest".to_owned()];
    }
    report.warnings = vec!["once".to_owned(), "once".to_owned()];
    assert_eq!(
        crate::report::warnings(&report),
        ["once", "lint, format, mypy, ruff, spelling: the base has no digest"]
    );
}

#[cfg(feature = "schema")]
mod schema {
    use super::*;

    use snapbox::{assert_data_eq, file};

    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        let schemas = [
            (super::super::schema(), file!["../../../templates/schema/report-1.json": Text]),
            (plan::schema(), file!["../../../templates/schema/plan-1.json": Text]),
            (why::schema(), file!["../../../templates/schema/why-1.json": Text]),
            (comparison::schema(), file!["../../../templates/schema/compare-1.json": Text]),
        ];
        for (schema, file) in schemas {
            assert_data_eq!(text::pretty(&schema), file.raw());
        }
    }

    #[test]
    fn a_report_is_valid_under_the_committed_schema() {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        let committed = include_str!("../../../templates/schema/report-1.json");
        let schema = serde_json::from_str(committed).unwrap();
        compiler.add_resource("report-1.json", schema).unwrap();
        let index = compiler.compile("report-1.json", &mut schemas).unwrap();
        let mut value: serde_json::Value =
            serde_json::from_str(&to_json(&sample::report())).unwrap();
        schemas.validate(&value, index).unwrap();
        value["checks"][0]["findings"][0]["line"] = "two".into();
        assert!(schemas.validate(&value, index).is_err());
    }
}
