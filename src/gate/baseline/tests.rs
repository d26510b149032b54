use proptest::prelude::*;

use super::*;
use crate::outcome::Status;
use crate::report::sample;

fn check(name: &str, findings: Vec<Finding>) -> CheckOutcome {
    CheckOutcome { status: Status::Findings, findings, ..sample::passed(name, "pylint") }
}

fn accept_all(checks: &[CheckOutcome]) -> String {
    render(&accept_findings(checks, &BTreeSet::new()))
}

fn error(text: &str) -> String {
    Baseline::parse(text).unwrap_err().to_string()
}

#[test]
fn a_file_is_sorted_and_has_no_line_numbers() {
    let findings = vec![sample::finding("b.py", 7), sample::finding("a.py", 9)];
    let text = accept_all(&[check("lint", findings)]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], HEADER);
    assert!(lines[1].starts_with(
        r#"{"path":"a.py","check":"lint","code":"W0611","message":"Unused import os","fingerprint":""#
    ));
    assert!(lines[2].starts_with(r#"{"path":"b.py""#));
}

#[test]
fn an_unfinished_merge_is_found_with_its_place() {
    let text = accept_all(&[check("lint", vec![sample::finding("a.py", 1)])]);
    assert_eq!(error(&format!("{text}<<<<<<< HEAD\n")), "line 3: unresolved merge conflict");
    assert_eq!(error("<<<<<<< HEAD\n"), "line 1: unresolved merge conflict");
}

#[test]
fn what_is_no_baseline_is_refused() {
    assert!(error("[]\n").starts_with("line 1: the file does not begin with"));
    assert!(error(&format!("{HEADER}\n{{}}\n")).starts_with("line 2: invalid entry: missing"));
    let stranger = r#"{"path":"a","check":"lint","code":"c","message":"m","print":"x"}"#;
    assert!(error(&format!("{HEADER}\n\n{stranger}\n")).starts_with("line 3: invalid entry"));
}

#[test]
fn an_empty_file_accepts_nothing() {
    assert!(Baseline::parse("").unwrap().entries.is_empty());
}

#[test]
fn a_union_of_two_branches_accepts_what_either_does() {
    let text = |path| accept_all(&[check("lint", vec![sample::finding(path, 1)])]);
    let both = Baseline::parse(&format!("{}{}", text("b.py"), &text("a.py")[HEADER.len() + 1..]));
    let both = both.unwrap();
    assert!(["a.py", "b.py"].iter().all(|path| both.accepts(&sample::finding(path, 1))));
}

#[test]
fn codes_that_are_never_accepted_get_no_entry_and_count_with_one() {
    let codes = |code: &str| BTreeSet::from([code.to_owned()]);
    let checks = [check("lint", vec![sample::finding("a.py", 1)])];
    let baseline = || Baseline::parse(&accept_all(&checks)).unwrap();
    for (code, is_refused) in [("W0611", true), ("unused-import", true), ("E0602", false)] {
        assert_eq!(accept_findings(&checks, &codes(code)).is_empty(), is_refused, "{code}");
        assert_eq!(count_refused(&checks, &codes(code)), usize::from(is_refused), "{code}");
        let accepts = baseline().never_accepting(codes(code)).accepts(&checks[0].findings[0]);
        assert_eq!(accepts, !is_refused, "{code}");
    }
}

#[test]
fn pruning_removes_what_is_gone_and_checks_that_no_longer_exist() {
    let found = |name, path| check(name, vec![sample::finding(path, 1)]);
    let old = [found("lint", "a.py"), found("lint", "b.py"), found("removed", "c.py")];
    let baseline = Baseline::parse(&accept_all(&old)).unwrap();
    let gone = vec![baseline.entries[0].clone()];
    let needed = prune(&baseline, &[found("lint", "b.py")], &gone);
    let paths: Vec<&str> = needed.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["b.py"]);
}

proptest! {
    #[test]
    fn every_finding_is_found_again(
        findings in proptest::collection::vec(("[a-c]\\PC{0,3}", 1..99u32, "(?s).{0,9}"), 0..9),
    ) {
        let findings: Vec<Finding> = findings
            .into_iter()
            .map(|(path, line, message)| Finding { message, ..sample::finding(&path, line) })
            .collect();
        let text = accept_all(&[check("lint", findings.clone())]);
        let baseline = Baseline::parse(&text).unwrap();
        prop_assert!(findings.iter().all(|finding| baseline.accepts(finding)));
        prop_assert!(!baseline.accepts(&sample::finding("z.py", 1)));
        let mut shuffled = findings;
        shuffled.reverse();
        prop_assert_eq!(accept_all(&[check("lint", shuffled)]), text);
    }
}
