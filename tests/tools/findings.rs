//! The formats of the findings of a user's command: a document of a real tool for each, documents that are
//! cut off, and hostile ones.
//!
//! `fixtures/findings/FORMAT` has the document of a tool, the files that it is about, and what is read:
//! bandit 1.8.6 wrote SARIF, pytest 9.2.0 JUnit, shellcheck 0.11.0 Checkstyle and the form of gcc, mypy
//! 2.4.1 lines of JSON, and vulture 2.16 plain text.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use cargo_pipe::check::{FindingsFormat, JsonFields};
use cargo_pipe::finding::{Finding, sort};
use cargo_pipe::tools::parse::report;
use snapbox::{Assert, Data};

use crate::{Snapshot, describe};

const VULTURE: &str = r"^(?<path>[^:]+):(?<line>\d+): (?<message>.*) \(\d+% confidence\)$";

/// Each format, as a check with the tool of its document has it.
fn formats() -> [FindingsFormat; 6] {
    let mut fields = JsonFields::default();
    fields.path = "file".to_owned();
    [
        FindingsFormat::Sarif,
        FindingsFormat::Junit,
        FindingsFormat::Checkstyle,
        FindingsFormat::Gcc,
        FindingsFormat::JsonLines(fields),
        FindingsFormat::Regex(VULTURE.to_owned()),
    ]
}

fn folder(format: &FindingsFormat) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings").join(format.name())
}

fn read(format: &FindingsFormat, document: &[u8]) -> Result<Vec<Finding>, String> {
    report::parse(format, document, &Snapshot(folder(format).join("app")))
}

/// A document with findings about this path with this message.
fn document(format: &FindingsFormat, path: &str, message: &str, count: usize) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let (in_json, about) = (json(path), json(message));
    let (before, item, after) = match format {
        FindingsFormat::Sarif => (
            "{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"kind\":\"pass\",\
             \"message\":{\"text\":\"\"}}",
            format!(
                ",{{\"ruleId\":\"a\",\"message\":{{\"text\":{about}}},\"locations\":[{{\
                 \"physicalLocation\":{{\"artifactLocation\":{{\"uri\":{in_json}}},\"region\":{{\
                 \"startLine\":1}}}}}}]}}"
            ),
            "]}]}",
        ),
        FindingsFormat::Junit => (
            "<testsuites>",
            format!(
                "<testcase name=\"t\" file=\"{path}\" line=\"0\"><failure message=\"{message}\"/>\
                 </testcase>"
            ),
            "</testsuites>",
        ),
        FindingsFormat::Checkstyle => (
            "<checkstyle>",
            format!(
                "<file name=\"{path}\"><error line=\"1\" message=\"{message}\" source=\"a\"/></file>"
            ),
            "</checkstyle>",
        ),
        FindingsFormat::Gcc => ("", format!("{path}:1:1: error: {message} [a]\n"), ""),
        FindingsFormat::JsonLines(_) => {
            ("", format!("{{\"file\":{in_json},\"line\":1,\"message\":{about}}}\n"), "")
        }
        _ => ("", format!("{path}:1: {message} (90% confidence)\n"), ""),
    };
    format!("{before}{}{after}", item.repeat(count))
}

#[test]
fn the_document_of_a_real_tool_is_read() {
    for format in formats() {
        let document = fs::read(folder(&format).join("document")).unwrap();
        let mut findings = read(&format, &document).unwrap();
        sort(&mut findings);
        assert!(findings.len() > 1, "{}", format.name());
        let mut text = String::new();
        writeln!(text, "{} findings", findings.len()).unwrap();
        findings.iter().for_each(|finding| describe(finding, &mut text));
        let expected = Data::read_from(&folder(&format).join("expected"), None).raw();
        Assert::new().action_env("SNAPSHOTS").eq(Data::text(text).raw(), expected);
    }
}

#[test]
fn a_document_that_is_cut_off_is_an_error_or_has_fewer_findings() {
    for format in formats() {
        let document = fs::read(folder(&format).join("document")).unwrap();
        let document = document.trim_ascii_end();
        let all = read(&format, document).unwrap();
        let has_lines = !matches!(
            format,
            FindingsFormat::Sarif | FindingsFormat::Junit | FindingsFormat::Checkstyle
        );
        for end in 0..document.len() {
            match read(&format, &document[..end]) {
                Err(message) => assert!(!message.is_empty(), "{} {end}", format.name()),
                Ok(found) => {
                    assert!(has_lines && found.len() <= all.len(), "{} {end}", format.name());
                }
            }
        }
    }
}

#[test]
fn a_path_that_leaves_the_project_is_in_no_finding() {
    let paths =
        ["/etc/passwd", "../../etc/passwd", "src/../../x", "file:///etc/passwd", "/app/../x"];
    for format in formats() {
        for path in paths {
            // A path in the form of gcc has no colon.
            if path.contains(':') && !matches!(format, FindingsFormat::Sarif) {
                continue;
            }
            let found = read(&format, document(&format, path, "m", 1).as_bytes()).unwrap();
            assert_eq!(found.len(), 1, "{} {path}", format.name());
            assert_eq!(found[0].place.path, "", "{} {path}", format.name());
        }
    }
}

#[test]
fn a_huge_document_is_refused() {
    for format in formats() {
        let huge = document(&format, "src/main.py", "m", 100_001);
        let error = read(&format, huge.as_bytes()).unwrap_err();
        let is_limit = error.contains("at most 100000 are read") || error.contains("limit");
        assert!(is_limit, "{}: {error}", format.name());
    }
}

#[test]
fn a_deep_document_takes_no_stack_and_has_no_findings() {
    let nested = |start: &str, end: &str| [start.repeat(200_000), end.repeat(200_000)].concat();
    for format in formats() {
        let deep = match format {
            FindingsFormat::Sarif => format!("{{\"a\":{},\"runs\":[]}}", nested("[", "]")),
            FindingsFormat::JsonLines(_) => format!("{{\"message\":{}}}", nested("[", "]")),
            FindingsFormat::Junit => nested("<testsuites>", "</testsuites>"),
            FindingsFormat::Checkstyle => nested("<checkstyle>", "</checkstyle>"),
            _ => continue,
        };
        let found = read(&format, deep.as_bytes());
        assert!(found.as_ref().is_ok_and(Vec::is_empty) || found.is_err(), "{}", format.name());
    }
}

#[test]
fn another_encoding_is_an_error_with_its_line() {
    for format in formats() {
        let text = document(&format, "src/main.py", "caf?", 1);
        let latin: Vec<u8> =
            text.bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect();
        assert_eq!(read(&format, &latin).unwrap_err(), "line 1 is not UTF-8", "{}", format.name());
    }
}
