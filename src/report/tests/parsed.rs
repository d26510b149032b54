//! Arbitrary findings, which every format must give back.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::Value;

use super::*;
use crate::finding::{Edit, Finding, Fix, Place, Severity};
use crate::outcome::{CheckOutcome, Status};

/// Any text, with what formats trip over more often than chance would have it.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "",
        "::error::x",
        "##[add-mask]x",
        "]]>",
        "<b>&amp;",
        "|\\|`*_[x](y)@me",
        "\u{1b}[31m",
        "\u{0}",
        "\u{fffe}\u{ffff}",
        "a\r\nb",
        "é😀\u{202e}",
        "%0A,:",
        "https://x.y",
        "\t",
        "www.x.y",
    ]);
    vec(prop_oneof![any::<String>(), odd.prop_map(str::to_owned)], 0..4)
        .prop_map(|parts| parts.concat())
}

/// A path as the snapshot lets it be: without control characters.
fn path() -> impl Strategy<Value = String> {
    let name = "[^/\\p{C}]{1,8}";
    vec(name, 0..3).prop_map(|names| names.join("/"))
}

fn place() -> impl Strategy<Value = Place> {
    let number = || prop_oneof![1..99u32, Just(u32::MAX)];
    let column = || prop::option::of(number());
    (path(), number(), column(), column(), column()).prop_map(
        |(path, line, column, end_line, end_column)| Place {
            path,
            line,
            column,
            end_line: end_line.map(|end| end.max(line)),
            end_column,
        },
    )
}

fn finding() -> impl Strategy<Value = Finding> {
    let severity = prop::sample::select(vec![Severity::Error, Severity::Warning, Severity::Info]);
    let fix = prop::option::of((text(), text()));
    (place(), severity, text(), text(), text(), any::<bool>(), vec(place(), 0..2), fix).prop_map(
        |(place, severity, code, rule, message, gating, related, fix)| Finding {
            fix: fix.map(|(message, content)| Fix {
                message,
                safe: gating,
                edits: vec![Edit { line: 1, column: 1, end_line: 2, end_column: 1, content }],
            }),
            place,
            severity,
            code,
            rule,
            message,
            gating,
            related,
            ..sample::finding("", 1)
        },
    )
}

fn report() -> impl Strategy<Value = Report> {
    vec(finding(), 0..6).prop_map(|mut findings| {
        for (number, finding) in findings.iter_mut().enumerate() {
            finding.fingerprint = crate::hash::Hash::of(number.to_string().as_bytes());
        }
        crate::finding::sort(&mut findings);
        let outcome = match findings.iter().any(|finding| finding.gating) {
            true => Status::Findings,
            false => Status::Passed,
        };
        let lint = CheckOutcome { status: outcome, findings, ..sample::passed("lint", "pylint") };
        sample::report_of(vec![lint, sample::passed("format", "black")])
    })
}

fn findings(report: &Report) -> &[Finding] {
    &report.checks[0].findings
}

fn strings(value: &Value, pointer: &str) -> Vec<String> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect()
}

/// The text as it is shown.
fn harmless_line(text: &str) -> String {
    harmless::line(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_gives_every_finding_back(report in report()) {
        in_json(&report)?;
    }

    #[test]
    fn sarif_gives_every_finding_back(report in report()) {
        in_sarif(&report)?;
    }

    #[test]
    fn code_quality_gives_every_finding_back(report in report()) {
        in_code_quality(&report)?;
    }

    #[test]
    fn junit_gives_every_finding_back(report in report()) {
        in_junit(&report)?;
    }

    #[test]
    fn annotations_give_the_message_back(report in report()) {
        in_annotations(&report)?;
    }

    #[test]
    fn short_lines_are_one_for_each_finding(report in report()) {
        in_short_lines(&report)?;
    }

    #[test]
    fn markdown_is_one_row_for_each_finding_and_no_markup(report in report()) {
        in_markdown(&report)?;
    }

    #[test]
    fn a_page_gives_every_finding_back(report in report()) {
        in_page(&report)?;
    }

    #[test]
    fn a_person_sees_every_finding_and_nothing_is_obeyed(report in report()) {
        in_a_person(&report)?;
    }
}

/// A message of a megabyte, at the longest path that a system has.
#[test]
fn what_is_huge_is_given_back() {
    let names: Vec<String> = (0..400).map(|number| format!("é 😀 {number:03}")).collect();
    let message = format!("first\n{}\n\tlast", "| <b>é😀</b> `::x::` ".repeat(50_000));
    assert!(message.len() > 1_000_000);
    let finding = Finding {
        place: Place { path: names.join("/"), ..sample::finding("", 1).place },
        message: message.clone(),
        ..sample::finding("", 1)
    };
    let small = sample::finding("z.py", 2);
    let findings = vec![finding, small];
    let lint =
        CheckOutcome { status: Status::Findings, findings, ..sample::passed("lint", "pylint") };
    let report = sample::report_of(vec![lint, sample::passed("format", "black")]);
    for held in
        [in_json, in_sarif, in_code_quality, in_junit, in_annotations, in_short_lines, in_a_person]
    {
        held(&report).unwrap();
    }
    // A page and a comment hold less than that, and yet what else there is.
    let page = html::to_html(&report);
    assert!(page.len() < 80_000 && page.contains("z.py"), "{}", page.len());
    let text = markdown::to_markdown(&report);
    assert!(text.len() < 20_000 && text.contains("…") && text.contains("z.py"), "{}", text.len());
}

fn in_json(report: &Report) -> TestCaseResult {
    let read = json::from_json(&json::to_json(report)).unwrap();
    prop_assert_eq!(read, json::JsonReport::from(report));
    let line = jsonl::of_report(report);
    prop_assert_eq!(line.trim_end().lines().count(), 1);
    let value: Value = serde_json::from_str(&line).unwrap();
    let read: json::JsonReport = serde_json::from_value(value["report"].clone()).unwrap();
    prop_assert_eq!(read, json::JsonReport::from(report));
    prop_assert!(!line.contains("##["));
    Ok(())
}

fn in_sarif(report: &Report) -> TestCaseResult {
    let value: Value = serde_json::from_str(&sarif::to_sarif(report)).unwrap();
    let results = &value["runs"][0]["results"];
    let messages: Vec<&String> = findings(report).iter().map(|found| &found.message).collect();
    let read = strings(results, "/message/text");
    prop_assert_eq!(read.iter().collect::<Vec<_>>(), messages);
    for (result, finding) in results.as_array().unwrap().iter().zip(findings(report)) {
        let rule = &value["runs"][0]["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().unwrap() as usize];
        prop_assert_eq!(rule["id"].as_str(), Some(finding.code.as_str()));
        prop_assert_eq!(result["suppressions"].is_null(), finding.gating);
        let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri");
        let uri = uri.and_then(Value::as_str).unwrap_or_default();
        prop_assert!(uri.is_ascii() && !uri.contains(' '));
        prop_assert_eq!(decoded(uri), finding.place.path.clone());
    }
    Ok(())
}

fn in_code_quality(report: &Report) -> TestCaseResult {
    let value: Value = serde_json::from_str(&gitlab::to_gitlab(report)).unwrap();
    let messages: Vec<&String> = findings(report).iter().map(|found| &found.message).collect();
    let read = strings(&value, "/description");
    prop_assert_eq!(read.iter().collect::<Vec<_>>(), messages);
    let fingerprints: BTreeSet<String> = strings(&value, "/fingerprint").into_iter().collect();
    prop_assert_eq!(fingerprints.len(), findings(report).len());
    Ok(())
}

fn in_junit(report: &Report) -> TestCaseResult {
    let text = junit::to_junit(report);
    let read = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let suite = &read.test_suites[0];
    let names: BTreeSet<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    prop_assert_eq!(names.len(), suite.test_cases.len());
    let counting = findings(report).iter().filter(|finding| finding.gating);
    let files: BTreeSet<&str> = counting.map(|finding| finding.place.path.as_str()).collect();
    prop_assert_eq!(suite.failures, files.len());
    let shown: String = suite
        .test_cases
        .iter()
        .map(|case| {
            let out = case.system_out.as_ref().map(|text| text.as_str()).unwrap_or_default();
            match &case.status {
                quick_junit::TestCaseStatus::NonSuccess { description, .. } => {
                    format!(
                        "{out}\n{}",
                        description.as_ref().map(|text| text.as_str()).unwrap_or_default()
                    )
                }
                _ => out.to_owned(),
            }
        })
        .collect();
    let words = |text: &str| {
        harmless_line(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
    };
    let shown = words(&shown);
    for finding in findings(report) {
        prop_assert!(
            shown.contains(&words(&finding.message)),
            "{:?} in {shown:?}",
            finding.message
        );
    }
    Ok(())
}

fn in_annotations(report: &Report) -> TestCaseResult {
    let text = github::to_github(report);
    let mut read: Vec<String> = text
        .lines()
        .map(|line| {
            let (_, data) = line[2..].split_once("::").unwrap();
            data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        })
        .collect();
    let mut messages: Vec<String> =
        findings(report).iter().map(|finding| finding.message.clone()).collect();
    read.sort();
    messages.sort();
    prop_assert_eq!(read, messages);
    Ok(())
}

fn in_short_lines(report: &Report) -> TestCaseResult {
    let text = short::to_short(report);
    prop_assert_eq!(text.lines().count(), findings(report).len());
    for finding in findings(report) {
        prop_assert!(text.contains(&harmless_line(&finding.message)));
    }
    Ok(())
}

fn in_markdown(report: &Report) -> TestCaseResult {
    let text = markdown::to_markdown(report);
    let rows = text.split("| --- | --- | --- | --- |\n").nth(1).unwrap_or_default();
    prop_assert_eq!(rows.lines().count(), findings(report).len());
    for (row, finding) in rows.lines().zip(sorted(findings(report))) {
        let cells: Vec<&str> = row[2..row.len() - 2].split(" | ").collect();
        prop_assert_eq!(cells.len(), 4, "{}", row);
        prop_assert_eq!(unescaped(cells[2]), harmless_line(&finding.message));
    }
    Ok(())
}

fn in_page(report: &Report) -> TestCaseResult {
    let page = html::to_html(report);
    prop_assert_eq!(page.matches("</script").count(), 2);
    prop_assert!(!page.contains(|c: char| harmless::steers(c) && c != '\n' && c != '\t'));
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let mut messages = strings(&data["checks"][0]["findings"], "/message");
    let shown = |finding: &Finding| harmless::text(finding.message.trim()).into_owned();
    let mut expected: Vec<String> = findings(report).iter().map(shown).collect();
    messages.sort();
    expected.sort();
    prop_assert_eq!(messages, expected);
    Ok(())
}

fn in_a_person(report: &Report) -> TestCaseResult {
    let typed = [String::new()];
    let shown = BTreeSet::new();
    let options = human::Options {
        width: Some(80),
        detail: human::Detail::Full,
        links: human::Links::Hidden,
        sections: human::Sections::None,
        shown: &shown,
        typed: &typed,
        reports: &[],
    };
    let text: String = human::render(report, &options)
        .iter()
        .map(|piece| match piece {
            human::Piece::Text(text) => anstream::adapter::strip_str(text).to_string(),
            human::Piece::Command(line) => line.clone(),
        })
        .collect();
    prop_assert!(!text.contains(|c: char| harmless::steers(c) && c != '\n' && c != '\t'));
    let words = harmless_line(&text);
    let lines = findings(report).iter().flat_map(|finding| finding.message.lines());
    for line in lines.map(harmless_line) {
        prop_assert!(words.contains(&line), "{line:?} in {words:?}");
    }
    Ok(())
}

/// As the comment lists them.
fn sorted(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (!finding.gating, finding.severity, &finding.place));
    sorted
}

fn decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        let hex: Vec<u8> = if byte == b'%' { rest.by_ref().take(2).collect() } else { Vec::new() };
        bytes.push(match std::str::from_utf8(&hex).unwrap() {
            "" => byte,
            hex => u8::from_str_radix(hex, 16).unwrap(),
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn unescaped(cell: &str) -> String {
    let code = cell.strip_prefix("<code>").and_then(|cell| cell.strip_suffix("</code>"));
    let mut text = String::new();
    let mut rest = code.unwrap_or_default();
    assert!(!rest.contains(['<', '>', '|', '`', '*', '@', '[', '\\']), "{cell}");
    while let Some((before, after)) = rest.split_once("&#") {
        let (number, after) = after.split_once(';').unwrap();
        text += before;
        text.extend(char::from_u32(number.parse().unwrap()));
        rest = after;
    }
    text + rest
}
