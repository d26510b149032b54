use super::lines::FileChange;
use super::*;
use crate::finding::{Finding, Place};
use crate::outcome::{Reason, ReasonKind};
use crate::report::sample;

fn failing(findings: Vec<Finding>) -> CheckOutcome {
    CheckOutcome { status: Status::Findings, findings, ..sample::passed("lint", "pylint") }
}

fn accept_all(checks: &[CheckOutcome]) -> String {
    baseline::render(&baseline::accept_findings(checks, &BTreeSet::new()))
}

fn accepting(checks: &[CheckOutcome]) -> Gate {
    let baseline = Baseline::parse(&accept_all(checks)).unwrap();
    let file = ProjectPath::new("old.jsonl").unwrap();
    Gate { baseline: Some((file, baseline)), changed: None, strict: false }
}

fn since(path: &str, changed: std::ops::RangeInclusive<u32>) -> Gate {
    let base = CompareBase { name: "main".to_owned(), commit: "c0ffee".to_owned() };
    let mut lines = ChangedLines::default();
    lines.insert(path, FileChange::Lines(vec![changed]));
    Gate { baseline: None, changed: Some((base, lines)), strict: false }
}

fn gated(gate: &Gate, check: &CheckOutcome) -> (Status, Vec<bool>) {
    let mut check = check.clone();
    gate.apply(&mut check);
    (check.status, check.findings.iter().map(|finding| finding.gating).collect())
}

#[test]
fn what_is_accepted_fails_nowhere_and_what_is_new_does() {
    let old = failing(vec![sample::finding("a.py", 1), sample::finding("b.py", 2)]);
    let gate = accepting(std::slice::from_ref(&old));
    assert_eq!(gated(&gate, &old), (Status::Passed, vec![false, false]));

    let mut new = old;
    new.findings.insert(1, sample::finding("a.py", 7));
    assert_eq!(gated(&gate, &new), (Status::Findings, vec![false, true, false]));
    let summary = gate.summary(&[new]).unwrap().baseline.unwrap();
    assert_eq!((summary.accepted, summary.gone.len()), (2, 0));
}

#[test]
fn what_a_tool_accepts_does_not_count_because_it_is_new() {
    let accepted = Finding { gating: false, ..sample::finding("a.py", 1) };
    let check = CheckOutcome { findings: vec![accepted], ..sample::passed("lint", "pylint") };
    assert_eq!(gated(&accepting(&[]), &check), (Status::Passed, vec![false]));
}

#[test]
fn what_a_tool_accepts_today_is_in_a_baseline_for_the_day_when_it_does_not() {
    let accepted = Finding { gating: false, ..sample::finding("a.py", 1) };
    let check = CheckOutcome { findings: vec![accepted], ..sample::passed("lint", "pylint") };
    let gate = accepting(&[check]);
    let later = failing(vec![sample::finding("a.py", 1)]);
    assert_eq!(gated(&gate, &later).0, Status::Passed);
}

#[test]
fn what_could_not_be_done_stays_an_error() {
    let reason = Reason::new(ReasonKind::Tool, "crashed");
    let crashed = CheckOutcome {
        findings: vec![sample::finding("a.py", 1)],
        ..sample::failed("lint", reason)
    };
    let gate = accepting(std::slice::from_ref(&crashed));
    assert_eq!(gated(&gate, &crashed), (Status::Error, vec![true]));
    let summary = gate.summary(&[crashed]).unwrap().baseline.unwrap();
    assert_eq!((summary.accepted, summary.gone.len()), (0, 0), "obsolete entries are unknown");
}

#[test]
fn a_command_that_only_says_no_is_not_accepted() {
    assert_eq!(gated(&accepting(&[]), &failing(Vec::new())).0, Status::Findings);
}

#[test]
fn an_entry_that_nobody_finds_is_gone_once_its_check_has_looked() {
    let gate = accepting(&[failing(vec![sample::finding("a.py", 1)])]);
    let gone = |checks: &[CheckOutcome]| gate.summary(checks).unwrap().baseline.unwrap().gone.len();
    assert_eq!(gone(&[sample::passed("lint", "pylint")]), 1);
    assert_eq!(gone(&[sample::passed("mypy", "mypy")]), 0);
}

#[test]
fn only_a_strict_gate_fails_because_of_an_obsolete_entry() {
    let accepted = [failing(vec![sample::finding("a.py", 1)])];
    let passed = [sample::passed("lint", "pylint")];
    let verdict = |strict, checks: &[CheckOutcome]| {
        Gate { strict, ..accepting(&accepted) }.summary(checks).unwrap().verdict()
    };
    assert_eq!(verdict(true, &passed), Some(Verdict::Findings));
    assert_eq!(verdict(false, &passed), None);
    assert_eq!(verdict(true, &accepted), None);
}

#[test]
fn only_findings_that_touch_a_changed_line_count() {
    let gate = since("a.py", 5..=6);
    let mut spanning = sample::finding("a.py", 3);
    spanning.place.end_line = Some(5);
    let mut copied = sample::finding("b.py", 3);
    copied.related = vec![Place { end_line: Some(9), ..Place::line("a.py", 6) }];
    let whole_file = |path| Finding { place: Place::line(path, 1), ..sample::finding("a.py", 1) };
    let check = failing(vec![
        sample::finding("a.py", 4),
        spanning,
        sample::finding("a.py", 6),
        sample::finding("a.py", 7),
        copied,
        whole_file("a.py"),
        whole_file("b.py"),
        whole_file(""),
    ]);
    let expected = vec![false, true, true, false, true, true, false, true];
    assert_eq!(gated(&gate, &check), (Status::Findings, expected));
    assert_eq!(gate.summary(&[check]).unwrap().changed.unwrap().findings, 3);
}

#[test]
fn without_a_gate_there_is_nothing_to_tell() {
    let check = failing(vec![sample::finding("a.py", 1)]);
    assert_eq!(gated(&Gate::default(), &check), (Status::Findings, vec![true]));
    assert_eq!(Gate::default().summary(&[check]), None);
}
