use proptest::prelude::*;

use super::*;
use crate::report::sample;

/// One source, `src/main.py`.
struct Source(String);

impl SourceFiles for Source {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        (path == "src/main.py").then(|| self.0.clone().into_bytes())
    }

    fn paths(&self) -> Vec<String> {
        vec!["src/main.py".to_owned()]
    }
}

fn at(line: u32, message: &str) -> Finding {
    Finding { message: message.to_owned(), ..sample::finding("src/main.py", line) }
}

fn hunk(line: u32, end_line: u32) -> Finding {
    let place = Place { end_line: Some(end_line), ..Place::line("src/main.py", line) };
    Finding { place, ..at(line, "would be formatted differently") }
}

fn identified(findings: &[Finding], source: &str) -> Vec<Hash> {
    let mut findings = findings.to_vec();
    identify("pylint", &mut findings, &Source(source.to_owned()));
    findings.iter().map(|finding| finding.fingerprint).collect()
}

fn one(finding: Finding, source: &str) -> Hash {
    identified(&[finding], source)[0]
}

#[test]
fn a_message_that_names_another_line_is_the_same_when_that_line_moves() {
    let before = one(at(2, "Name \"x\" already defined on line 1"), "x = 1\nx = 2\n");
    let after =
        one(at(9, "Name \"x\" already defined on line 8"), &format!("{}x = 2", "\n".repeat(8)));
    assert_eq!(before, after);
}

#[test]
fn digits_of_a_name_count_and_numbers_do_not() {
    assert_eq!(without_numbers("Too many lines (1200/1000)"), "Too many lines (0/0)");
    assert_eq!(without_numbers("'x1' and é2 and _3, 4é"), "'x1' and é2 and _3, 4é");
    assert_eq!(without_numbers(""), "");
    assert_eq!(without_numbers("3.13 > 2"), "0.0 > 0");
}

#[test]
fn every_part_of_a_problem_changes_its_fingerprint() {
    let source = "import os\nimport re\n";
    let same = one(at(1, "Unused import"), source);
    assert_eq!(one(at(1, "Unused import"), source), same);
    assert_ne!(one(at(2, "Unused import"), source), same, "the text of the line");
    assert_ne!(one(at(1, "Used import"), source), same, "the message");
    let code = Finding { code: "X".to_owned(), ..at(1, "Unused import") };
    assert_ne!(one(code, source), same, "the code");
    let elsewhere = Finding { place: Place::line("src/b.py", 1), ..at(1, "Unused import") };
    assert_ne!(one(elsewhere, source), same, "the path");
    let related = Finding { related: vec![Place::line("src/b.py", 3)], ..at(1, "Unused import") };
    assert_ne!(one(related, source), same, "what belongs to it");
    let mut other_tool = [at(1, "Unused import")];
    identify("ruff", &mut other_tool, &Source(source.to_owned()));
    assert_ne!(other_tool[0].fingerprint, same, "the tool");
}

#[test]
fn how_a_line_is_indented_and_spaced_is_no_part_of_a_problem() {
    assert_eq!(one(at(1, "m"), "x  =\t1 \n"), one(at(2, "m"), "\n    x = 1"));
}

#[test]
fn a_statement_is_the_same_when_its_later_lines_change_and_a_hunk_is_not() {
    let before = "if a:\n    b = 1\n";
    let after = "if a:\n    b = 2\n";
    let mut statement = at(1, "m");
    statement.place.end_line = Some(2);
    assert_eq!(one(statement.clone(), before), one(statement, after));
    assert_ne!(one(hunk(1, 2), before), one(hunk(1, 2), after));
}

#[test]
fn a_finding_about_a_file_does_not_depend_on_its_first_line() {
    let whole = |place| Finding { place, ..at(1, "m") };
    let empty_span = Place {
        column: Some(1),
        end_line: Some(1),
        end_column: Some(1),
        ..Place::line("src/main.py", 1)
    };
    for place in [Place::line("src/main.py", 1), empty_span] {
        let finding = whole(place);
        assert_eq!(one(finding.clone(), "import os\n"), one(finding, "# new\nimport os\n"));
    }
    assert_ne!(one(at(1, "m"), "import os\n"), one(at(1, "m"), "# new\nimport os\n"));
}

#[test]
fn equal_findings_are_told_apart_by_their_order() {
    let two = [at(1, "m"), at(2, "m")];
    let hashes = identified(&two, "x\nx\n");
    assert_ne!(hashes[0], hashes[1]);
    assert_eq!(one(at(2, "m"), "y\nx\n"), hashes[0], "the one that is left is the first");
}

#[test]
fn a_place_that_is_not_there_has_no_text() {
    let hash = one(hunk(7, u32::MAX), "x\n");
    assert_eq!(hash, one(hunk(9, 10), "x\n"));
}

proptest! {
    /// Lines of code, findings on them, and lines put in before any of them.
    #[test]
    fn lines_inserted_above_change_no_fingerprint(
        lines in proptest::collection::vec("[a-c ]{0,6}", 1..12),
        spans in proptest::collection::vec((0..12usize, 0..3usize, any::<bool>(), 0..3usize), 0..8),
        inserted in proptest::collection::vec((0..13usize, "[#é ]{0,4}"), 0..6),
    ) {
        // Where each old line is afterwards, and the new text.
        let mut new_lines = Vec::new();
        let mut moved = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let above = inserted.iter().filter(|(at, _)| *at == number);
            new_lines.extend(above.map(|(_, text)| text.clone()));
            moved.push(u32::try_from(new_lines.len() + 1).unwrap());
            new_lines.push(line.clone());
        }
        let mut before = Vec::new();
        let mut after = Vec::new();
        for (start, length, is_hunk, message) in spans {
            let start = start % lines.len();
            let end = (start + length).min(lines.len() - 1);
            let message = format!("see line {}", start + message);
            let number = |index: usize| u32::try_from(index + 1).unwrap();
            if is_hunk {
                // Lines between those of a hunk make another one of it.
                if moved[end] - moved[start] == number(end) - number(start) {
                    before.push(hunk(number(start), number(end)));
                    after.push(hunk(moved[start], moved[end]));
                }
            } else {
                before.push(at(number(start), &message));
                after.push(at(moved[start], &format!("see line {}", moved[start])));
            }
        }
        let (old, new) = (lines.join("\n"), new_lines.join("\n"));
        crate::finding::sort(&mut before);
        crate::finding::sort(&mut after);
        let old = identified(&before, &old);
        let new = identified(&after, &new);
        prop_assert_eq!(&old, &new);
        let distinct: std::collections::BTreeSet<_> = old.iter().collect();
        prop_assert_eq!(distinct.len(), old.len());
    }
}
