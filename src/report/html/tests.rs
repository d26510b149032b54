use snapbox::{assert_data_eq, file};

use super::*;
use crate::explanation::WorkDone;
use crate::finding::{Excerpts, Finding, Place};
use crate::fingerprint::diff::{Difference, DifferenceKind};
use crate::outcome::{CheckOutcome, Log, Reason, ReasonKind, Status};
use crate::report::harmless;
use crate::report::phase::{Phase, PhaseKind};
use crate::report::{json, sample};

/// The data in a page.
fn data_of(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

fn page_of(check: CheckOutcome) -> String {
    to_html(&sample::report_of(vec![check]))
}

#[test]
fn the_sample_as_a_page() {
    let page = to_html(&sample::report());
    let page = page.replace(STYLE, "").replace(SCRIPT, "").replace(&policy(), "");
    let version = format!("<dd>{}</dd>", env!("CARGO_PKG_VERSION"));
    assert_data_eq!(
        page.replace(&version, "<dd></dd>"),
        file!["../../../tests/fixtures/reports/sample.html": Text].raw()
    );
}

#[test]
fn the_policy_allows_the_style_and_the_script_of_the_page_alone() {
    let page = to_html(&sample::report());
    for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let (_, rest) = page.split_once(start).unwrap();
        let (content, _) = rest.split_once(end).unwrap();
        assert!(page.contains(&source_hash(content)), "{start}");
        assert_eq!(page.matches(start).count(), 1);
    }
    assert_eq!(page.matches("<script").count(), 2);
    for way in [" style=", " onclick=", "http-equiv=\"refresh\"", " src="] {
        assert!(!page.contains(way), "{way}");
    }
}

/// A text that tries to leave each context of a page.
const HOSTILE: &str = "</script><script>x()</script><!-- ]]>\" ' <b onclick=x()>&lt; {{ 7 * 7 }} \u{0}\
                       \u{1b}[31m\u{202e}\u{2028}";

/// A report in which every text is hostile.
fn hostile_report() -> Report {
    let place = Place { path: HOSTILE.to_owned(), ..sample::finding("", 1).place };
    let mut excerpts = Excerpts::default();
    excerpts.insert(HOSTILE, 1, HOSTILE);
    let finding = Finding {
        place: place.clone(),
        code: HOSTILE.to_owned(),
        rule: HOSTILE.to_owned(),
        message: HOSTILE.to_owned(),
        url: Some(format!("https://example.org/{HOSTILE}")),
        related: vec![place],
        ..sample::finding("", 1)
    };
    let found = CheckOutcome {
        status: Status::Findings,
        tool_version: Some(HOSTILE.to_owned()),
        since_last: Some(vec![Difference {
            kind: DifferenceKind::File,
            name: HOSTILE.to_owned(),
            before: None,
            now: Some(HOSTILE.to_owned()),
        }]),
        work: Some(WorkDone { cold: HOSTILE.to_owned(), ..WorkDone::default() }),
        warnings: vec![HOSTILE.to_owned()],
        findings: vec![finding],
        excerpts,
        ..sample::passed("lint", HOSTILE)
    };
    let reason = Reason::new(ReasonKind::Tool, HOSTILE).with_hint(HOSTILE.to_owned());
    let failed = CheckOutcome {
        log: Log { stdout: HOSTILE.to_owned(), stderr: HOSTILE.to_owned(), truncated: false },
        ..sample::failed("ruff", reason)
    };
    let phase =
        |kind| Phase { kind, name: HOSTILE.to_owned(), ..sample::report().phases[0].clone() };
    Report {
        folder: HOSTILE.to_owned(),
        platform: Some(HOSTILE.to_owned()),
        warnings: vec![HOSTILE.to_owned()],
        phases: vec![phase(PhaseKind::Build), phase(PhaseKind::Pull)],
        changed_files: vec![HOSTILE.to_owned()],
        ..sample::report_of(vec![found, failed])
    }
}

#[test]
fn no_text_leaves_its_place() {
    let page = to_html(&hostile_report());
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("<b "));
    assert!(page.contains("{{ 7 * 7 }}"));
    let steers = |c: char| c != '\n' && c != '\t' && harmless::steers(c);
    assert!(!page.contains(steers));
    let data = data_of(&page);
    let finding = &data["checks"][0]["findings"][0];
    let message = finding["message"].as_str().unwrap();
    assert!(message.starts_with("</script><script>x()"), "{message}");
    assert!(finding["url"].is_null(), "an address has no control characters");
}

#[test]
fn the_data_has_the_members_of_a_report() {
    let report = sample::report();
    let data = data_of(&to_html(&report));
    let full: serde_json::Value = serde_json::from_str(&json::to_json(&report)).unwrap();
    for name in ["schema", "verdict", "fingerprint"] {
        assert_eq!(data[name], full[name]);
    }
    for (check, full) in
        data["checks"].as_array().unwrap().iter().zip(full["checks"].as_array().unwrap())
    {
        for name in ["name", "package", "outcome", "fingerprint", "inputs"] {
            assert_eq!(check[name], full[name]);
        }
        let findings = check["findings"].as_array().unwrap();
        assert_eq!(findings.len(), full["findings"].as_array().unwrap().len());
        for finding in findings {
            let is_same = |full: &&serde_json::Value| {
                full["fingerprint"] == finding["fingerprint"] && full["code"] == finding["code"]
            };
            let full = full["findings"].as_array().unwrap().iter().find(is_same).unwrap();
            for name in
                ["path", "line", "column", "severity", "code", "rule", "message", "gating", "url"]
            {
                assert_eq!(finding[name], full[name]);
            }
        }
    }
}

#[test]
fn only_web_pages_are_linked() {
    for (url, is_linked) in [
        ("https://example.org/a", true),
        ("HTTP://example.org", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("//example.org", false),
        ("https:/\u{202e}/example.org", false),
    ] {
        let finding = Finding { url: Some(url.to_owned()), ..sample::finding("a.py", 1) };
        let page =
            page_of(CheckOutcome { findings: vec![finding], ..sample::passed("lint", "pylint") });
        let data = data_of(&page);
        assert_eq!(!data["checks"][0]["findings"][0]["url"].is_null(), is_linked, "{url}");
        assert_eq!(page.matches("<a class=\"url\"").count(), 1 + usize::from(is_linked), "{url}");
    }
}

#[test]
fn a_source_line_is_split_by_its_span_and_cut() {
    let line = format!("{}é = 😀{}", "a".repeat(500), "b".repeat(500));
    let mut excerpts = Excerpts::default();
    excerpts.insert("a.py", 1, &line);
    let place =
        Place { column: Some(501), end_column: Some(506), ..sample::finding("a.py", 1).place };
    let finding = Finding { place, ..sample::finding("a.py", 1) };
    let check =
        CheckOutcome { findings: vec![finding], excerpts, ..sample::passed("lint", "pylint") };
    let page = page_of(check);
    let source = &data_of(&page)["checks"][0]["findings"][0]["source"];
    assert_eq!(source[0], format!("…{}", "a".repeat(160)));
    assert_eq!(source[1], "é = 😀");
    assert_eq!(source[2], format!("{}…", "b".repeat(160)));
    assert!(page.contains("<mark>é = 😀</mark>"));
}

#[test]
fn a_page_says_what_it_has_no_room_for() {
    let message = "x".repeat(2_000);
    let findings: Vec<Finding> = (1..=20_000)
        .map(|line| Finding { message: message.clone(), ..sample::finding("a.py", line) })
        .collect();
    let check =
        CheckOutcome { status: Status::Findings, findings, ..sample::passed("lint", "pylint") };
    let page = page_of(check);
    assert!(page.len() < 20_000_000, "{}", page.len());
    let data = data_of(&page);
    let left_out = data["left_out"].as_u64().unwrap();
    let shown = data["checks"][0]["findings"].as_array().unwrap().len() as u64;
    assert!(left_out > 0);
    assert_eq!(shown + left_out, 20_000);
    let grouped = timeline::group_digits(usize::try_from(left_out).unwrap());
    assert!(page.contains(&format!("no room for {grouped} of them")));
    assert!(page.contains("20,000 findings"));
    assert_eq!(page.matches("<li class=\"finding ").count(), 1_001);
}

#[test]
fn a_check_says_why_it_ran() {
    let explained = |check: CheckOutcome| page_of(check);
    let file = Difference {
        kind: DifferenceKind::File,
        name: "a.py".to_owned(),
        before: None,
        now: Some("0".to_owned()),
    };
    let ran = sample::passed("lint", "pylint");
    let changed = CheckOutcome { since_last: Some(vec![file; 25]), ..ran.clone() };
    let checked = (0..3).map(|number| (format!("{number}.py"), "it changed".to_owned())).collect();
    let worked = WorkDone { files: 9, checked, ..WorkDone::default() };
    for (check, expected) in [
        (ran.clone(), vec!["ran: it had not run in this folder yet"]),
        (
            CheckOutcome { since_last: Some(Vec::new()), ..ran.clone() },
            vec!["nothing differs from its last run in this folder, whose result is not cached"],
        ),
        (changed, vec!["its result was not cached", "file `a.py`: added", "and 5 more"]),
        (
            CheckOutcome { work: Some(worked), ..ran },
            vec!["3 of 9 files again:", "2.py: it changed"],
        ),
    ] {
        let page = explained(check);
        for text in expected {
            assert!(page.contains(text), "{text}");
        }
    }
}
