//! Findings in the terminal: with place, rule and fix, and in large numbers.

use super::*;

#[test]
fn findings_that_the_tool_accepts_are_explained() {
    let mut accepted = sample::finding("src/main.py", 2);
    accepted.gating = false;
    let report = sample::report_of(vec![CheckOutcome {
        score: Some(9.67),
        findings: vec![accepted],
        ..sample::passed("lint", "pylint")
    }]);
    assert_data_eq!(
        shown(&report),
        str![[r#"
src/main.py:2:1: warning: Unused import os [lint W0611 unused-import, accepted]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/

lint: pylint rates the code 9.67 of 10, which is enough: findings marked
    `accepted` do not count

check  outcome  findings   time  cache
lint   passed   1 warning  0.8s  miss

passed: 1 check  fingerprint 16b7f40bf433f159

"#]]
    );
}

#[test]
fn a_finding_cannot_steer_the_terminal() {
    let mut finding = sample::finding("src/\u{1b}]0;title\u{7}.py", 1);
    finding.message = "one\u{1b}[2J\ntwo\u{9b}2J".to_owned();
    finding.code = "X\u{1b}1".to_owned();
    let report = sample::report_of(vec![CheckOutcome {
        status: Status::Findings,
        findings: vec![finding],
        ..sample::passed("lint", "pylint")
    }]);
    let text = plain(&report, None, Detail::Full);
    assert!(text.contains("␛]0;title␇.py:1:1: warning: one␛[2J [lint X␛1"), "{text}");
    assert!(text.contains("\n    two\\u{9b}2J\n"), "{text}");
}

#[test]
fn what_plain_pylint_says_otherwise_is_told_by_file() {
    let text = |theirs: &[Finding]| {
        let check = CheckOutcome {
            status: Status::Findings,
            findings: vec![sample::finding("a.py", 1), sample::finding("b.py", 1)],
            ..sample::passed("lint", "pylint")
        };
        let there = CheckOutcome { findings: theirs.to_vec(), ..check.clone() };
        let compared = Some(Plain::of(&check, there));
        strip_str(&crate::report::human::plain::render_differences(&[CheckOutcome {
            plain: compared,
            ..check
        }]))
        .to_string()
    };
    let same = [sample::finding("a.py", 1), sample::finding("b.py", 1)];
    assert_eq!(text(&same), "plain pylint: the same\n");
    let many: Vec<Finding> = (1..6).map(|line| sample::finding("a.py", line)).collect();
    assert_data_eq!(
        text(&many),
        str![[r#"
plain pylint: different findings in 2 files, because they depend on the order
in which it reads files; they do not count
    a.py
        only there: 2: Unused import os [W0611]
        only there: 3: Unused import os [W0611]
        only there: 4: Unused import os [W0611]
        only there: 1 more
    b.py
        only here: 1: Unused import os [W0611]

"#]]
    );
}

#[test]
fn what_a_formatter_would_write_is_shown_beside_what_is_there() {
    // Blank lines at the start and end of a change are not shown.
    let content = "a = 1\n\n".into();
    let edit = Edit { line: 1, column: 1, end_line: 3, end_column: 1, content };
    let fix = Fix { message: "format these lines".to_owned(), safe: true, edits: vec![edit] };
    let finding = Finding {
        place: Place { end_line: Some(2), ..Place::line("a.py", 1) },
        message: "would be formatted differently".to_owned(),
        code: "format".to_owned(),
        rule: "format".to_owned(),
        url: None,
        fix: Some(fix),
        ..sample::finding("a.py", 1)
    };
    let mut excerpts = Excerpts::default();
    excerpts.insert("a.py", 1, "");
    excerpts.insert("a.py", 2, "a  =1");
    let report = sample::report_of(vec![CheckOutcome {
        status: Status::Findings,
        findings: vec![finding],
        excerpts,
        ..sample::passed("format", "black")
    }]);
    assert_data_eq!(
        shown(&report),
        str![[r#"
a.py:1: warning: would be formatted differently [format]
    - a  =1
    + a = 1

check   outcome   findings   time  cache
format  findings  1 warning  0.8s  miss

run again:   cargo pipe run format
fix:         cargo pipe run format --fix  (1 finding)
look inside: cargo pipe bash format

findings: 1 finding, 1 of 1 check did not pass  fingerprint 4f2cf4adfa9fb31f

"#]]
    );
}

#[test]
fn many_findings_begin_with_a_summary_and_name_where_all_are() {
    let many = |number: u32| {
        let severity = if number.is_multiple_of(40) { Severity::Error } else { Severity::Info };
        let code = format!("X{}", number % 25);
        Finding { severity, rule: code.clone(), code, url: None, ..sample::finding("a.py", number) }
    };
    let report = sample::report_of(vec![CheckOutcome {
        status: Status::Findings,
        findings: (1..=5_000).map(many).collect(),
        ..sample::passed("lint", "pylint")
    }]);
    let text = shown(&report);
    assert!(text.lines().count() < 200, "{text}");
    let head: String = text.split_inclusive('\n').take(28).collect();
    assert_data_eq!(
        head,
        str![[r#"
5000 findings of 30 rules:
  200  info     lint X1
  200  info     lint X11
  200  info     lint X12
  200  info     lint X13
  200  info     lint X14
  200  info     lint X16
  200  info     lint X17
  200  info     lint X18
  200  info     lint X19
  200  info     lint X2
  200  info     lint X21
  200  info     lint X22
  200  info     lint X23
  200  info     lint X24
  200  info     lint X3
  200  info     lint X4
  200  info     lint X6
  200  info     lint X7
  200  info     lint X8
  200  info     lint X9
  and 10 more rules with 1000 findings

the 50 most severe of 5000 follow
all: `--message-format short` on the screen, `--report json=PATH` in a file

a.py:40:1: error: Unused import os [lint X15]


"#]]
    );
    assert_eq!(text.matches("a.py:").count(), 50);
    assert_eq!(text.matches(": error:").count(), 50);
    let reports = ["out/all.json".to_owned()];
    let text = with(&report, |options| Options { reports: &reports, ..options });
    assert!(text.contains("all: `out/all.json`\n"), "{text}");
}

#[test]
fn no_rule_hides_another_that_is_as_severe() {
    let of_rule = |number: u32, code: &str| Finding {
        severity: Severity::Error,
        code: code.to_owned(),
        ..sample::finding("a.py", number)
    };
    let mut findings: Vec<Finding> = (1..=60).map(|number| of_rule(number, "A")).collect();
    findings.extend((61..=63).map(|number| of_rule(number, "B")));
    let report = sample::report_of(vec![CheckOutcome {
        status: Status::Findings,
        findings,
        ..sample::passed("lint", "pylint")
    }]);
    let text = shown(&report);
    for line in [1, 47, 61, 62, 63] {
        assert!(text.contains(&format!("a.py:{line}:1: error:")), "{line}: {text}");
    }
    assert!(!text.contains("a.py:48:1:"), "{text}");
}

#[test]
fn a_terminal_that_opens_links_gets_them_behind_the_rule() {
    let report = sample::report();
    let options = Options { width: None, links: Links::Hidden, ..options() };
    let pieces = render(&report, &options);
    let [Piece::Text(text), _] = pieces.as_slice() else { panic!("{pieces:?}") };
    let link = "\u{1b}]8;;https://pylint.readthedocs.io/en/stable/user_guide/messages/\u{1b}\\";
    assert!(text.contains(link), "{text}");
    assert!(!strip_str(text).to_string().contains("https://"));
}

#[test]
fn a_suggestion_for_several_failures_is_given_once() {
    let failed = |name: &str, hint: &str| {
        let reason = Reason::new(ReasonKind::Config, format!("the lock of `{name}` is missing"));
        sample::failed(name, reason.with_hint(hint.to_owned()))
    };
    let checks = vec![failed("a", "create it"), failed("b", "create it"), failed("c", "other")];
    let text = shown(&sample::report_of(checks));
    let expected = "a: error: the lock of `a` is missing\nb: error: the lock of `b` is missing\n\n\
                    hint: create it\n\nc: error: the lock of `c` is missing\n\nhint: other\n\n";
    assert!(text.starts_with(expected), "{text}");
}
