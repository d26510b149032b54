use super::*;
use crate::finding::{Severity, SourceFiles};

struct OneFile;

impl SourceFiles for OneFile {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        (path == "src/a b.py").then(|| "x = '\u{1f600}' + y\n".into())
    }

    fn paths(&self) -> Vec<String> {
        vec!["src/a b.py".to_owned()]
    }
}

fn parsed(text: &str) -> Result<Vec<Finding>, String> {
    parse(text, &mut Columns::new(&OneFile))
}

fn one(result: &str) -> Finding {
    let text = format!(
        r#"{{"version": "2.1.0", "runs": [{{"columnKind": "utf16CodeUnits",
            "originalUriBaseIds": {{"ROOT": {{"uri": "file:///app/"}}}},
            "tool": {{"driver": {{"name": "t", "rules": [{{"id": "B1", "name": "rule",
              "helpUri": "https://example.org/b1", "defaultConfiguration": {{"level": "error"}},
              "messageStrings": {{"default": {{"text": "bad {{0}}"}}}}}}]}}}},
            "results": [{result}]}}]}}"#
    );
    let mut found = parsed(&text).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

const PLACE: &str = r#""locations": [{"physicalLocation": {"artifactLocation":
    {"uri": "src/a%20b.py", "uriBaseId": "ROOT"}, "region": {"startLine": 1, "startColumn": 8,
    "endColumn": 9}}}]"#;

#[test]
fn the_rule_gives_what_the_result_leaves_out() {
    let found = one(&format!(
        r#"{{"ruleIndex": 0, "message": {{"id": "default", "arguments": ["name"]}}, {PLACE}}}"#
    ));
    assert_eq!((found.code.as_str(), found.rule.as_str()), ("B1", "rule"));
    assert_eq!((found.severity, found.message.as_str()), (Severity::Error, "bad name"));
    assert_eq!(found.url.as_deref(), Some("https://example.org/b1"));
    // The smiley has two code units and is one code point.
    let place = &found.place;
    assert_eq!((place.path.as_str(), place.line), ("src/a b.py", 1));
    assert_eq!((place.column, place.end_line, place.end_column), (Some(7), Some(1), Some(8)));
}

#[test]
fn a_fix_and_a_suppression_are_read() {
    let found = one(&format!(
        r#"{{"ruleId": "X", "level": "note", "message": {{"text": "m"}}, {PLACE},
            "suppressions": [{{"kind": "inSource"}}],
            "fixes": [{{"description": {{"text": "remove it"}}, "artifactChanges": [{{
              "artifactLocation": {{"uri": "file:///app/src/a%20b.py"}}, "replacements": [{{
                "deletedRegion": {{"startLine": 1, "startColumn": 1, "endColumn": 2}},
                "insertedContent": {{"text": "z"}}}}]}}]}}]}}"#
    ));
    assert!(!found.gating);
    assert_eq!(found.severity, Severity::Info);
    let fix = found.fix.unwrap();
    assert_eq!((fix.message.as_str(), fix.safe, fix.edits.len()), ("remove it", false, 1));
    assert_eq!((fix.edits[0].column, fix.edits[0].end_column), (1, 2));
    assert_eq!(fix.edits[0].content, "z");
}

#[test]
fn only_failures_are_findings() {
    let text = r#"{"runs": [{"tool": {"driver": {"name": "t"}}, "results": [
        {"kind": "pass", "message": {"text": "fine"}}]}, {"tool": {"driver": {"name": "u"}}}]}"#;
    assert_eq!(parsed(text), Ok(Vec::new()));
}

#[test]
fn a_result_without_a_place_is_about_the_project() {
    let found = one(r#"{"message": {"text": "m"}}"#);
    assert_eq!((found.place, found.code.as_str()), (Place::line("", 1), "finding"));
}

#[test]
fn a_path_that_leaves_the_project_is_not_followed() {
    let found =
        one(r#"{"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation":
            {"uri": "file:///etc/%70asswd"}}}]}"#);
    assert_eq!((found.place.path.as_str(), found.message.as_str()), ("", "/etc/passwd: m"));
}

#[test]
fn what_is_not_sarif_is_an_error_with_its_place() {
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\"runs\": [", "EOF while parsing a list at line 1 column 10"),
        ("{}", "missing field `runs` at line 1 column 2"),
    ] {
        assert_eq!(parsed(text).unwrap_err(), expected);
    }
    let deep = "[".repeat(100_000);
    assert!(parsed(&deep).is_err());
}
