use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::gate::baseline::BaselineEntry;
use crate::project::ProjectPath;
use crate::report::{json, sample};

/// The report of a whole run, with a gate.
fn whole() -> Report {
    Report {
        changed_files: Vec::new(),
        phases: Vec::new(),
        gate: Some(gate(3, &["a.py", "b.py"])),
        ..sample::report()
    }
}

fn gate(accepted: usize, gone: &[&str]) -> Gated {
    let baseline = Accepted {
        file: ProjectPath::new(".config/baseline.jsonl").unwrap(),
        hash: Hash::of(b"baseline"),
        accepted,
        gone: gone.iter().map(|path| entry(path)).collect(),
        strict: false,
    };
    Gated { baseline: Some(baseline), changed: None }
}

/// An obsolete entry for a finding in the first line of a file.
fn entry(path: &str) -> BaselineEntry {
    let finding = sample::finding(path, 1);
    BaselineEntry {
        path: path.to_owned(),
        check: "lint".parse().unwrap(),
        code: finding.code,
        message: finding.message,
        fingerprint: finding.fingerprint,
    }
}

/// The reports of the parts to which the checks of a whole run are assigned.
fn parts(whole: &Report, of: usize, assigned: &[usize]) -> Vec<NamedReport> {
    let checks: Vec<StepId> = whole.checks.iter().map(|check| check.id.clone()).collect();
    let (plan, costs) = (Hash::of(b"plan"), Hash::of(b"costs"));
    let part = |part: usize| {
        let partition = Partition { part, of, plan, costs, checks: checks.clone() };
        let own = whole.checks.iter().zip(assigned).filter(|(_, to)| *to + 1 == part);
        let gate = whole.gate.as_ref().map(|_| match part {
            1 => gate(3, &["b.py"]),
            2 => gate(0, &["a.py"]),
            _ => gate(0, &[]),
        });
        let checks: Vec<CheckOutcome> = own.map(|(check, _)| check.clone()).collect();
        let verdict = Verdict::over(&checks, None);
        let report = Report { partition: Some(partition), checks, gate, verdict, ..whole.clone() };
        (format!("{part}.json"), report)
    };
    (1..=of).map(part).collect()
}

/// A report as another process reads it.
fn read_back((name, report): NamedReport) -> NamedReport {
    (name, json::from_json(&json::to_json(&report)).unwrap().into_report().unwrap())
}

#[test]
fn a_report_is_restored_from_json() {
    let report = sample::report();
    let (_, restored) = read_back((String::new(), report.clone()));
    assert_eq!(json::to_json(&restored), json::to_json(&report));
}

proptest! {
    /// Whichever part each check is in, and in which order the reports come.
    #[test]
    fn the_merged_report_is_that_of_the_whole_run(
        assigned in proptest::collection::vec(0..7_usize, 5), turn in 0..7_usize
    ) {
        let whole = whole();
        let mut parts: Vec<_> = parts(&whole, 7, &assigned).into_iter().map(read_back).collect();
        parts.rotate_left(turn);
        prop_assert_eq!(json::to_json(&merge(parts).unwrap()), json::to_json(&whole));
    }
}

#[test]
fn an_entry_of_the_baseline_is_obsolete_only_if_no_part_found_it() {
    let mut whole = whole();
    whole.checks[1].findings = vec![sample::finding("a.py", 1)];
    let merged = merge(parts(&whole, 2, &[0, 1, 0, 1, 0])).unwrap();
    assert_eq!(merged.gate, Some(gate(3, &["b.py"])));
}

#[test]
fn an_obsolete_entry_and_an_interrupted_part_decide_the_verdict_of_all() {
    let mut whole = whole();
    whole.checks.truncate(2);
    whole.checks[0] = sample::passed("lint", "pylint");
    let mut split = parts(&whole, 2, &[0, 1]);
    assert_eq!(merge(split.clone()).unwrap().verdict, Verdict::Passed);
    for (_, part) in &mut split {
        part.gate.as_mut().unwrap().baseline.as_mut().unwrap().strict = true;
    }
    assert_eq!(merge(split.clone()).unwrap().verdict, Verdict::Findings);
    split[1].1.verdict = Verdict::Interrupted;
    assert_eq!(merge(split).unwrap().verdict, Verdict::Interrupted);
}

#[test]
fn reports_that_are_not_one_whole_are_refused() {
    let whole = whole();
    let split = || parts(&whole, 3, &[0, 1, 2, 0, 1]);
    let names = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let refused = |change: fn(&mut Vec<NamedReport>)| {
        let mut reports = split();
        change(&mut reports);
        merge(reports).unwrap_err()
    };
    let (one, two) = names("1.json", "2.json");
    assert_eq!(refused(Vec::clear), MergeError::Empty);
    assert_eq!(refused(|it| drop(it.remove(1))), MergeError::MissingPart(2, 3));
    assert_eq!(refused(|it| it[1] = it[0].clone()), MergeError::SamePart(one.clone(), one.clone()));
    let not_a_part = |part: fn(&mut Option<Partition>)| {
        let mut reports = split();
        part(&mut reports[1].1.partition);
        merge(reports).unwrap_err()
    };
    assert_eq!(not_a_part(|it| *it = None), MergeError::NotAPart(two.clone()));
    for part in [0, 4, usize::MAX] {
        let mut reports = split();
        reports[1].1.partition.as_mut().unwrap().part = part;
        assert_eq!(merge(reports), Err(MergeError::NotAPart(two.clone())));
    }
    assert_eq!(
        not_a_part(|it| it.as_mut().unwrap().plan = Hash::of(b"other")),
        MergeError::OtherPlan(one.clone(), two.clone())
    );
    assert_eq!(
        not_a_part(|it| it.as_mut().unwrap().costs = Hash::of(b"other")),
        MergeError::OtherCosts(one.clone(), two.clone())
    );
    let lint: StepId = "lint".parse().unwrap();
    assert_eq!(
        refused(|it| {
            let check = it[0].1.checks[0].clone();
            it[1].1.checks.push(check);
        }),
        MergeError::Overlap(lint.clone())
    );
    assert_eq!(refused(|it| drop(it[0].1.checks.remove(0))), MergeError::MissingCheck(lint));
    assert_eq!(
        refused(|it| it[0].1.checks[0].id = "other".parse().unwrap()),
        MergeError::UnknownCheck("other".parse().unwrap(), one.clone())
    );
    assert_eq!(
        refused(|it| {
            let files = BTreeMap::from([("src/main.py".to_owned(), Hash::of(b"edited"))]);
            it[1].1.snapshots = BTreeMap::from([(Hash::of(b"other sources"), files)]);
        }),
        MergeError::OtherContent("src/main.py".to_owned())
    );
    assert_eq!(refused(|it| it[1].1.gate = None), MergeError::OtherGate(one.clone(), two.clone()));
    assert_eq!(
        refused(|it| {
            let baseline = it[1].1.gate.as_mut().unwrap().baseline.as_mut().unwrap();
            baseline.hash = Hash::of(b"other");
        }),
        MergeError::OtherGate(one, two)
    );
}
