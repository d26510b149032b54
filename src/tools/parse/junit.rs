//! Parses pytest's JUnit report in its older form, which names files.
//!
//! A failure is placed at the innermost line of the test's own file in its traceback, otherwise at one of
//! the project, otherwise at the start of the test.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;
use serde::Deserialize;

use super::{inside, xml};
use crate::finding::SourceFiles;
use crate::finding::{FailedTest, Finding, Place, Severity};
use crate::hash::Hash;
use crate::outcome::{Coverage, FileCoverage, TestSession};

/// A report of a test session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// The number of tests, including skipped ones.
    pub tests: usize,
    /// The failures, in any order.
    pub findings: Vec<Finding>,
    /// The results of the tests, those that were run again included.
    pub results: TestSession,
    /// Whether the coverage was asked for, and nothing was measured.
    pub is_unmeasured: bool,
}

/// The element around the reports of several runs, which the worker writes.
const RUNS: &str = "cargo-pipe-session";

/// Parses a report; none if the stream is not one.
#[must_use]
pub fn parse(stream: &[u8], sources: &dyn SourceFiles) -> Option<Session> {
    let document = xml::parse(std::str::from_utf8(stream).ok()?).ok()?;
    let root = document.root_element();
    let parts: Vec<Node<'_, '_>> = match root.has_tag_name(RUNS) {
        true => root.children().filter(Node::is_element).collect(),
        false => vec![root],
    };
    let first = *parts.first()?;
    let mut results = results_of(first);
    let mut findings: Vec<Finding> =
        failures(first).filter_map(|(case, it)| finding(case, it, sources)).collect();
    for again in parts.iter().filter(|part| part.has_tag_name("rerun")) {
        let again = results_of(*again);
        for test in findings.iter_mut().filter_map(|finding| finding.test.as_mut()) {
            test.flaky |= again.passed.contains(&test.name);
        }
        results.passed.extend(again.passed);
        results.failed.extend(again.failed);
    }
    let coverage = parts.iter().find(|part| part.has_tag_name("coverage"));
    results.coverage = coverage.and_then(|element| parse_coverage(*element));
    Some(Session {
        // A test that was stopped before its end has no name.
        tests: cases(first).filter(|case| case.has_attribute("name")).count(),
        findings,
        is_unmeasured: coverage.is_some() && results.coverage.is_none(),
        results,
    })
}

/// The tests of one run that passed, and those that failed.
fn results_of(run: Node<'_, '_>) -> TestSession {
    let failed: BTreeSet<String> =
        failures(run).filter_map(|(case, _)| Some(TestName::parse(case)?.to_string())).collect();
    let is_skipped = |case: &Node<'_, '_>| case.children().any(|it| it.has_tag_name("skipped"));
    let passed = cases(run).filter(|case| !is_skipped(case)).filter_map(TestName::parse);
    let passed = passed.map(|name| name.to_string()).filter(|name| !failed.contains(name));
    TestSession { passed: passed.collect(), failed, coverage: None }
}

/// The figures of pytest-cov, as the worker writes them.
#[derive(Deserialize)]
struct Figures {
    percent: f64,
    /// The share of each file, the number of its lines, and the missing ones.
    files: BTreeMap<String, (f64, u32, Vec<u32>)>,
}

fn parse_coverage(element: Node<'_, '_>) -> Option<Coverage> {
    let figures: Figures = serde_json::from_str(element.text()?).ok()?;
    let files = figures.files.into_iter().map(|(path, (percent, lines, mut missing))| {
        missing.sort_unstable();
        FileCoverage { path, percent, lines, missing }
    });
    let minimum = element.attribute("minimum").and_then(|text| text.parse().ok());
    Some(Coverage { percent: figures.percent, minimum, files: files.collect() })
}

/// The name of a test: its file, and its name below that.
struct TestName<'d> {
    file: &'d str,
    test: String,
}

impl<'d> TestName<'d> {
    fn parse(case: Node<'d, '_>) -> Option<Self> {
        let (class, name) = (case.attribute("classname")?, case.attribute("name")?);
        let file = case.attribute("file").unwrap_or_default();
        let module = file.trim_end_matches(".py").replace('/', ".");
        let class = class.strip_prefix(&module).unwrap_or_default().trim_start_matches('.');
        let parts = class.split('.').chain([name]).filter(|part| !part.is_empty());
        Some(TestName { file, test: parts.collect::<Vec<&str>>().join("::") })
    }
}

impl std::fmt::Display for TestName<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A parameter without a name can be an object with its address.
        formatter.write_str(&remove_addresses(&format!("{}::{}", self.file, self.test)))
    }
}

/// Parses the report of any tool: each failed test is a finding.
///
/// # Errors
///
/// When the text is not a report.
pub(super) fn parse_any(text: &str, sources: &dyn SourceFiles) -> Result<Vec<Finding>, String> {
    let document = xml::parse(text)?;
    let root = document.root_element().tag_name().name();
    if !["testsuites", "testsuite"].contains(&root) {
        return Err(format!("the root element is `{root}`, not `testsuites`"));
    }
    Ok(failures(document.root_element()).map(|(case, it)| any_finding(case, it, sources)).collect())
}

/// The tests of a report.
fn cases<'d, 'i>(report: Node<'d, 'i>) -> impl Iterator<Item = Node<'d, 'i>> {
    report.descendants().filter(|node| node.has_tag_name("testcase"))
}

/// The failures of a report, each with its test.
fn failures<'d, 'i>(report: Node<'d, 'i>) -> impl Iterator<Item = (Node<'d, 'i>, Node<'d, 'i>)> {
    cases(report).flat_map(|case| {
        let failed = |it: &Node<'_, '_>| matches!(it.tag_name().name(), "failure" | "error");
        case.children().filter(failed).map(move |it| (case, it))
    })
}

/// The finding about a failed test of any tool. Its file is an attribute, or in a traceback.
fn any_finding(case: Node<'_, '_>, failure: Node<'_, '_>, sources: &dyn SourceFiles) -> Finding {
    let text = failure.text().unwrap_or_default();
    let attribute = |name: &str| failure.attribute(name).or_else(|| case.attribute(name));
    let line = || attribute("line")?.parse::<u32>().ok();
    let place = match attribute("file").and_then(inside::project_path) {
        Some(path) => {
            let line = line_in_text(&path, text).or_else(line).unwrap_or(1);
            Place::line(path, line.max(1))
        }
        None => place(None, None, text, sources),
    };
    let first =
        |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let why = failure.attribute("message").and_then(first).or_else(|| first(text));
    let names = ["classname", "name"].into_iter().filter_map(|name| case.attribute(name));
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let code = failure.attribute("type").filter(|it| !it.is_empty()).unwrap_or("failed");
    let why = why.unwrap_or_else(|| "it failed without a message".to_owned());
    new_finding(place, code, &format!("{}: {why}", names.join(".")))
}

/// The line in a file that a text names last at the start of a line, as in `tests/a.py:9: AssertionError`.
/// In the report of pytest, the attribute is the line above the test.
fn line_in_text(path: &str, text: &str) -> Option<u32> {
    let number =
        |line: &str| line.strip_prefix(path)?.strip_prefix(':')?.split(':').next()?.parse().ok();
    text.lines().rev().find_map(number)
}

/// The finding about a file that could not be imported during collection. The traceback follows a
/// sentence that names the file.
#[must_use]
pub fn import_error(file: &str, traceback: &str, sources: &dyn SourceFiles) -> Finding {
    let place = place(Some(file), None, traceback, sources);
    let message = exception_lines(traceback).last().map_or("cannot import the file", |line| *line);
    new_finding(place, "collection", message)
}

fn finding(
    case: Node<'_, '_>,
    failure: Node<'_, '_>,
    sources: &dyn SourceFiles,
) -> Option<Finding> {
    let name = TestName::parse(case)?;
    let (file, text) = (case.attribute("file"), failure.text().unwrap_or_default());
    let message = failure.attribute("message").unwrap_or_default();
    match (message, file) {
        ("internal error", None) => return None,
        ("collection failure", Some(file)) => return Some(import_error(file, text, sources)),
        _ => {}
    }
    let start = case.attribute("line").and_then(|line| line.parse::<u32>().ok());
    let place = place(file, start, text, sources);
    let line = message.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("the test failed without a message");
    let code = if failure.has_tag_name("failure") { "failed" } else { "error" };
    let message = format!("{}: {line}", name.test);
    let test = FailedTest { name: name.to_string(), flaky: false };
    Some(Finding { test: Some(test), ..new_finding(place, code, &message) })
}

fn new_finding(place: Place, code: &str, message: &str) -> Finding {
    Finding {
        place,
        severity: Severity::Error,
        code: code.to_owned(),
        rule: code.to_owned(),
        message: remove_addresses(&inside::strip(message)),
        url: None,
        gating: true,
        related: Vec::new(),
        fix: None,
        test: None,
        fingerprint: Hash::default(),
    }
}

/// The place of a failure. `start` is the 0-based line on which the test starts.
fn place(file: Option<&str>, start: Option<u32>, text: &str, sources: &dyn SourceFiles) -> Place {
    let known = |(path, line): (&str, u32)| {
        let path = inside::project_path(path)?;
        let content = sources.read(&path)?;
        let length = String::from_utf8_lossy(&content).lines().count().max(1);
        (line as usize <= length).then(|| Place::line(path, line.max(1)))
    };
    let frames: Vec<Place> = text.lines().filter_map(parse_frame).filter_map(known).collect();
    let own = file.and_then(inside::project_path);
    let in_own = frames.iter().rfind(|place| Some(&place.path) == own.as_ref());
    let innermost = in_own.or(frames.last()).cloned();
    let begin = || known((file?, start.unwrap_or_default().saturating_add(1)));
    innermost.or_else(begin).unwrap_or_else(|| Place::line("", 1))
}

/// A line of a traceback: `src/a.py:3: in test`, or of a syntax error: `E     File "a.py", line 3`.
fn parse_frame(line: &str) -> Option<(&str, u32)> {
    if let Some(rest) = line.strip_prefix("E ") {
        let (path, rest) = rest.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        return Some((path, rest[..digits].parse().ok()?));
    }
    let (place, _) = line.split_once(": in ")?;
    let (path, number) = place.rsplit_once(':')?;
    Some((path, number.parse().ok()?))
}

/// The lines of the exception in a traceback.
fn exception_lines(traceback: &str) -> Vec<&str> {
    let lines = traceback.lines().filter_map(|line| line.strip_prefix("E "));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Removes the addresses of objects, which differ in every run.
fn remove_addresses(text: &str) -> String {
    let mut parts = text.split(" at 0x");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
        kept.push_str(" at 0x…");
        kept.push_str(&part[digits..]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::NoSources;

    #[test]
    fn a_report_of_another_tool_needs_no_file() {
        let text = r#"<testsuite><testcase name="ok"/><testcase classname="a" name="b" file="src/a.py"
            line="4"><failure type="E1">
            not good
            at all</failure></testcase><testcase name="c"><error message="m"/></testcase></testsuite>"#;
        let found = parse_any(text, &NoSources).unwrap();
        assert_eq!(found[0].place, Place::line("src/a.py", 4));
        assert_eq!((found[0].code.as_str(), found[0].message.as_str()), ("E1", "a.b: not good"));
        assert_eq!((found[1].place.path.as_str(), found[1].message.as_str()), ("", "c: m"));
        assert!(parse_any("<html/>", &NoSources).is_err());
    }

    #[test]
    fn addresses_are_removed_from_a_message() {
        let text = "assert <a.B object at 0x7f89bbd4ef90> is <c at 0x0>";
        assert_eq!(remove_addresses(text), "assert <a.B object at 0x…> is <c at 0x…>");
    }

    #[test]
    fn a_frame_is_parsed_in_both_forms() {
        assert_eq!(parse_frame("src/a.py:3: in test_x"), Some(("src/a.py", 3)));
        assert_eq!(parse_frame("E     File \"/app/a.py\", line 5"), Some(("/app/a.py", 5)));
        for line in ["    x: in y", "E   AssertionError: a:3: in b", "", "a: in b"] {
            assert_eq!(parse_frame(line), None, "{line}");
        }
    }
}
