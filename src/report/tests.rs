//! One sample through every format, and what must hold of each.

#![cfg(feature = "cli")]

use std::collections::BTreeSet;

use snapbox::assert_data_eq;

use super::*;
use crate::finding::Severity;

mod parsed;
mod schemas;

/// The sample in a folder of its repository, so that both kinds of path are seen.
fn sample() -> Report {
    Report { folder: "services/api é".to_owned(), ..sample::report() }
}

#[test]
fn the_sample_as_json() {
    assert_data_eq!(
        json::to_json(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample.json": Text].raw()
    );
}

#[test]
fn the_sample_as_events() {
    let report = sample();
    let events = report
        .checks
        .iter()
        .filter_map(|outcome| jsonl::of_event(&crate::event::Event::CheckFinished { outcome }));
    let lines: String = events.chain([jsonl::of_report(&report)]).collect();
    assert_data_eq!(lines, snapbox::file!["../../tests/fixtures/reports/sample.jsonl": Text].raw());
}

#[test]
fn the_sample_as_junit() {
    assert_data_eq!(
        junit::to_junit(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample.xml": Text].raw()
    );
}

#[test]
fn the_sample_as_sarif() {
    assert_data_eq!(
        sarif::to_sarif(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample.sarif": Text].raw()
    );
}

#[test]
fn the_sample_as_code_quality() {
    assert_data_eq!(
        gitlab::to_gitlab(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample-gitlab.json": Text].raw()
    );
}

#[test]
fn the_sample_as_annotations() {
    assert_data_eq!(
        github::to_github(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample-github.txt": Text].raw()
    );
}

#[test]
fn the_sample_as_markdown() {
    assert_data_eq!(
        markdown::to_markdown(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample.md": Text].raw()
    );
}

#[test]
fn the_sample_as_short_lines() {
    assert_data_eq!(
        short::to_short(&sample()),
        snapbox::file!["../../tests/fixtures/reports/sample-short.txt": Text].raw()
    );
}

#[test]
fn every_report_names_the_step_of_a_check() {
    let id: crate::check::StepId = "core:lint@3.12".parse().expect("it is spelled like one");
    let check = crate::outcome::CheckOutcome { id, ..sample::lint() };
    let report = sample::report_of(vec![check]);
    let entries = crate::gate::baseline::accept_findings(&report.checks, &BTreeSet::new());
    let baseline = crate::gate::baseline::render(&entries);
    let json: serde_json::Value =
        serde_json::from_str(&json::to_json(&report)).expect("a report is JSON");
    let check = &json["checks"][0];
    assert_eq!(
        [&check["name"], &check["package"], &check["python"]],
        ["core:lint@3.12", "core", "3.12"]
    );
    for (format, text, expected) in [
        ("junit", junit::to_junit(&report), "<testsuite name=\"core:lint@3.12\""),
        ("sarif", sarif::to_sarif(&report), "\"id\": \"cargo-pipe/core:lint@3.12/\""),
        ("gitlab", gitlab::to_gitlab(&report), "\"check_name\": \"core:lint@3.12 W0611"),
        ("github", github::to_github(&report), "title=core%3Alint@3.12 W0611"),
        ("markdown", markdown::to_markdown(&report), "core&#58;lint&#64;3.12"),
        ("html", html::to_html(&report), ">core:lint@3.12 W0611"),
        ("jsonl", jsonl::of_report(&report), "\"name\":\"core:lint@3.12\""),
        ("baseline", baseline, "\"check\":\"core:lint@3.12\""),
    ] {
        assert!(text.contains(expected), "{format}: {text}");
    }
}

#[test]
fn steps_of_one_check_have_fingerprints_of_their_own() {
    let run = |id: &str| {
        let id = id.parse().expect("it is spelled like one");
        let check = crate::outcome::CheckOutcome { id, ..sample::lint() };
        sample::report_of(vec![check])
    };
    let (one, other) = (run("core:lint"), run("web:lint"));
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_ne!(gitlab::to_gitlab(&one), gitlab::to_gitlab(&other));
}

#[test]
fn no_text_is_a_workflow_command() {
    let text = " \u{a0}::set-env name=x::y\r::a::b\nplain ::c::d\n##[add-mask]e x##[f]";
    let inert = github::inert(text);
    assert!(!inert.contains("##["));
    assert!(inert.split(['\n', '\r']).all(|line| !line.trim_start().starts_with("::")), "{inert}");
    assert_eq!(inert.replace('\u{200b}', ""), text);
    assert!(matches!(github::inert("::"), std::borrow::Cow::Owned(_)));
    assert!(matches!(github::inert("a ::b::c"), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn github_gets_the_most_severe_within_its_limits() {
    let many = |line| {
        let severity =
            if u32::is_multiple_of(line, 2) { Severity::Error } else { Severity::Warning };
        crate::finding::Finding { severity, ..sample::finding("a.py", line) }
    };
    let check = crate::outcome::CheckOutcome {
        findings: (1..=100).map(many).collect(),
        ..sample::passed("lint", "pylint")
    };
    let text = github::to_github(&sample::report_of(vec![check]));
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert_eq!(text.lines().filter(|line| line.starts_with("::warning ")).count(), 10);
    assert!(text.starts_with("::error "));
}

#[test]
fn a_comment_is_no_longer_than_it_may_be() {
    let check = crate::outcome::CheckOutcome {
        findings: (1..=5_000).map(|line| sample::finding("a.py", line)).collect(),
        ..sample::passed("lint", "pylint")
    };
    let text = markdown::to_markdown(&sample::report_of(vec![check]));
    assert!(text.len() < 61_000 && text.ends_with(" that did not fit here\n"), "{}", text.len());
}
