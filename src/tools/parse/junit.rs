//! Reads pytest's JUnit report in its older form, which names files.
//!
//! Owns the way from a test that failed to a line: the innermost one of the test's own file, as its
//! traceback says, else of the project, else where the test begins. Must not know exit statuses.
//! Findings go to [`crate::tools::pytest`].

use roxmltree::{Document, Node};

use super::inside;
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;
use crate::tools::sources::SourceFiles;

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// How many tests there were, those included that were skipped.
    pub tests: usize,
    /// What failed, in any order.
    pub findings: Vec<Finding>,
}

/// Reads a report; none if it is none.
#[must_use]
pub fn parse(stream: &[u8], sources: &dyn SourceFiles) -> Option<Session> {
    let document = Document::parse(std::str::from_utf8(stream).ok()?).ok()?;
    let cases = || document.descendants().filter(|node| node.has_tag_name("testcase"));
    let findings = cases().flat_map(|case| {
        let failed =
            case.children().filter(|it| matches!(it.tag_name().name(), "failure" | "error"));
        failed.filter_map(move |it| finding(case, it, sources))
    });
    Some(Session {
        // One that was stopped before its end has no name.
        tests: cases().filter(|case| case.has_attribute("name")).count(),
        findings: findings.collect(),
    })
}

/// What it says of a file that could not be imported while tests were looked for: a traceback below
/// a sentence that names the file.
#[must_use]
pub fn unimportable(file: &str, traceback: &str, sources: &dyn SourceFiles) -> Finding {
    let place = place(Some(file), None, traceback, sources);
    let message = said(traceback).last().map_or("it cannot be imported", |line| *line);
    make(place, "collection", message)
}

fn finding(
    case: Node<'_, '_>,
    failure: Node<'_, '_>,
    sources: &dyn SourceFiles,
) -> Option<Finding> {
    let (class, name) = (case.attribute("classname")?, case.attribute("name")?);
    let (file, text) = (case.attribute("file"), failure.text().unwrap_or_default());
    let message = failure.attribute("message").unwrap_or_default();
    match (message, file) {
        ("internal error", None) => return None,
        ("collection failure", Some(file)) => return Some(unimportable(file, text, sources)),
        _ => {}
    }
    let start = case.attribute("line").and_then(|line| line.parse::<u32>().ok());
    let place = place(file, start, text, sources);
    let module = file.unwrap_or_default().trim_end_matches(".py").replace('/', ".");
    let class = class.strip_prefix(&module).unwrap_or_default().trim_start_matches('.');
    let test: Vec<&str> = class.split('.').chain([name]).filter(|part| !part.is_empty()).collect();
    let line = message.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("it failed and did not say why");
    let code = if failure.has_tag_name("failure") { "failed" } else { "error" };
    Some(make(place, code, &format!("{}: {line}", test.join("::"))))
}

fn make(place: Place, code: &str, message: &str) -> Finding {
    Finding {
        place,
        severity: Severity::Error,
        code: code.to_owned(),
        rule: code.to_owned(),
        message: without_addresses(&inside::strip(message)),
        url: None,
        gating: true,
        related: Vec::new(),
        fix: None,
        fingerprint: Hash::default(),
    }
}

/// Where a test failed. `start` is the 0-based line that it begins at.
fn place(file: Option<&str>, start: Option<u32>, text: &str, sources: &dyn SourceFiles) -> Place {
    let known = |(path, line): (&str, u32)| {
        let path = inside::project_path(path)?;
        let content = sources.read(&path)?;
        let length = String::from_utf8_lossy(&content).lines().count().max(1);
        (line as usize <= length).then(|| Place::line(path, line.max(1)))
    };
    let frames: Vec<Place> = text.lines().filter_map(frame).filter_map(known).collect();
    let own = file.and_then(inside::project_path);
    let in_own = frames.iter().rfind(|place| Some(&place.path) == own.as_ref());
    let found = in_own.or(frames.last()).cloned();
    let begin = || known((file?, start.unwrap_or_default().saturating_add(1)));
    found.or_else(begin).unwrap_or_else(|| Place::line("", 1))
}

/// A line of a traceback: `src/a.py:3: in test`, or of a syntax error: `E     File "a.py", line 3`.
fn frame(line: &str) -> Option<(&str, u32)> {
    if let Some(rest) = line.strip_prefix("E ") {
        let (path, rest) = rest.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        return Some((path, rest[..digits].parse().ok()?));
    }
    let (place, _) = line.split_once(": in ")?;
    let (path, number) = place.rsplit_once(':')?;
    Some((path, number.parse().ok()?))
}

/// What an exception says of itself in a traceback.
fn said(traceback: &str) -> Vec<&str> {
    let lines = traceback.lines().filter_map(|line| line.strip_prefix("E "));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// An object's address is another one in every run.
fn without_addresses(text: &str) -> String {
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

    #[test]
    fn an_address_is_no_part_of_a_message() {
        let text = "assert <a.B object at 0x7f89bbd4ef90> is <c at 0x0>";
        assert_eq!(without_addresses(text), "assert <a.B object at 0x…> is <c at 0x…>");
    }

    #[test]
    fn a_frame_is_one_in_both_forms() {
        assert_eq!(frame("src/a.py:3: in test_x"), Some(("src/a.py", 3)));
        assert_eq!(frame("E     File \"/app/a.py\", line 5"), Some(("/app/a.py", 5)));
        for line in ["    x: in y", "E   AssertionError: a:3: in b", "", "a: in b"] {
            assert_eq!(frame(line), None, "{line}");
        }
    }
}
