mod findings;
mod readme;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anstream::adapter::strip_str;
use snapbox::{assert_data_eq, str};

use super::*;
use crate::finding::{Edit, Excerpts, Finding, Fix, Place, Severity};
use crate::outcome::{CheckOutcome, Log, Plain, Reason, ReasonKind, Status, Verdict};
use crate::report::{Preview, sample};

fn plain(report: &Report, width: Option<usize>, detail: Detail) -> String {
    with(report, |options| Options { width, detail, ..options })
}

fn options<'a>() -> Options<'a> {
    static TOLD: BTreeSet<String> = BTreeSet::new();
    static TYPED: LazyLock<[String; 2]> = LazyLock::new(|| ["cargo", "pipe"].map(str::to_owned));
    Options {
        width: Some(80),
        detail: Detail::Full,
        links: Links::Written,
        sections: Sections::None,
        shown: &TOLD,
        typed: &*TYPED,
        reports: &[],
    }
}

/// The report as it is seen where there are no colours.
fn with<'a>(report: &Report, change: impl Fn(Options<'a>) -> Options<'a>) -> String {
    let pieces = render(report, &change(options()));
    let shown = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => strip_str(text).to_string(),
        Piece::Command(line) => line.clone(),
    });
    shown.collect()
}

fn shown(report: &Report) -> String {
    plain(report, Some(80), Detail::Full)
}

#[test]
fn a_person_reads_findings_then_failures_then_the_verdict() {
    assert_data_eq!(
        shown(&sample::report()),
        str![[r#"
changed 1 file:
    src/main.py

src/main.py:2:1: warning: Unused import os [lint W0611 unused-import]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
2 | import os
  | ^^^^^^^^^

src/main.py:4: info: Similar lines in 2 files [lint R0801 duplicate-code]
    also at src/util.py:12-17
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
4 | def one():

src/main.py:7:15: error: Incompatible return value type (got "int", expected
    "str") [mypy return-value]
    fix: Return a string (may change behaviour)
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
7 |     return "é😀", 1
  |                   ^

src/util.py:1:1: info: Missing module docstring [lint C0114
    missing-module-docstring, accepted]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/

lint: pylint rates the code 6.67 of 10; findings marked `accepted` do not count

warning: the base image has no digest

spelling: cancelled: `lint` did not pass, and `--fail-fast` was given

ruff wrote to standard error:
    thread 'main' panicked
    at src/lib.rs:1

ruff: error: ruff panicked (exit status 101)

hint: report it to ruff with the log above

check     outcome    findings           time  cache
lint      findings   1 warning, 2 info  0.8s  miss
format    passed                        3ms   hit
mypy      findings   1 error            2.1s  miss
ruff      error                         0.8s  miss
spelling  cancelled                           miss

run again:   cargo pipe run lint
             cargo pipe run mypy
look inside: cargo pipe bash lint (or mypy)

error: 1 of 5 checks could not run, 1 file changed

"#]]
    );
}

#[test]
fn a_narrow_terminal_loses_columns_and_no_finding() {
    assert_data_eq!(
        plain(&sample::report(), Some(40), Detail::Full),
        str![[r#"
changed 1 file:
    src/main.py

src/main.py:2:1: warning: Unused import
    os [lint W0611 unused-import]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
2 | import os
  | ^^^^^^^^^

src/main.py:4: info: Similar lines in 2
    files [lint R0801 duplicate-code]
    also at src/util.py:12-17
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
4 | def one():

src/main.py:7:15: error: Incompatible
    return value type (got "int",
    expected "str") [mypy return-value]
    fix: Return a string (may change behaviour)
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
7 |     return "é😀", 1
  |                   ^

src/util.py:1:1: info: Missing module
    docstring [lint C0114
    missing-module-docstring, accepted]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/

lint: pylint rates the code 6.67 of 10;
    findings marked `accepted` do not
    count

warning: the base image has no digest

spelling: cancelled: `lint` did not
    pass, and `--fail-fast` was given

ruff wrote to standard error:
    thread 'main' panicked
    at src/lib.rs:1

ruff: error: ruff panicked (exit status
    101)

hint: report it to ruff with the log
    above

check     outcome    findings
lint      findings   1 warning, 2 info
format    passed
mypy      findings   1 error
ruff      error
spelling  cancelled

run again:   cargo pipe run lint
             cargo pipe run mypy
look inside: cargo pipe bash lint (or mypy)

error: 1 of 5 checks could not run, 1 file changed

"#]]
    );
}

#[test]
fn a_wide_terminal_breaks_no_finding() {
    assert_data_eq!(
        plain(&sample::report(), Some(200), Detail::Full),
        str![[r#"
changed 1 file:
    src/main.py

src/main.py:2:1: warning: Unused import os [lint W0611 unused-import]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
2 | import os
  | ^^^^^^^^^

src/main.py:4: info: Similar lines in 2 files [lint R0801 duplicate-code]
    also at src/util.py:12-17
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
4 | def one():

src/main.py:7:15: error: Incompatible return value type (got "int", expected "str") [mypy return-value]
    fix: Return a string (may change behaviour)
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
7 |     return "é😀", 1
  |                   ^

src/util.py:1:1: info: Missing module docstring [lint C0114 missing-module-docstring, accepted]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/

lint: pylint rates the code 6.67 of 10; findings marked `accepted` do not count

warning: the base image has no digest

spelling: cancelled: `lint` did not pass, and `--fail-fast` was given

ruff wrote to standard error:
    thread 'main' panicked
    at src/lib.rs:1

ruff: error: ruff panicked (exit status 101)

hint: report it to ruff with the log above

check     outcome    findings           time  cache
lint      findings   1 warning, 2 info  0.8s  miss
format    passed                        3ms   hit
mypy      findings   1 error            2.1s  miss
ruff      error                         0.8s  miss
spelling  cancelled                           miss

run again:   cargo pipe run lint
             cargo pipe run mypy
look inside: cargo pipe bash lint (or mypy)

error: 1 of 5 checks could not run, 1 file changed

"#]]
    );
}

#[test]
fn a_pipe_gets_each_finding_on_one_line() {
    let report = sample::report();
    let text = plain(&report, None, Detail::Full);
    assert!(text.contains(
        "src/main.py:7:15: error: Incompatible return value type (got \"int\", expected \"str\") [mypy return-value]\n"
    ));
}

#[test]
fn a_run_that_passed_says_so_with_its_fingerprint() {
    let report = sample::report_of(vec![
        sample::passed("lint", "pylint"),
        sample::passed("format", "black"),
    ]);
    assert_data_eq!(
        shown(&report),
        str![[r#"
check   outcome  findings  time  cache
lint    passed             0.8s  miss
format  passed             0.8s  miss

passed: 2 checks  fingerprint 8209a19e3842fbec

"#]]
    );
    assert_data_eq!(
        plain(&report, Some(40), Detail::Verdict),
        str![[r#"
passed: 2 checks
fingerprint 8209a19e3842fbec

"#]]
    );
}

#[test]
fn one_reason_of_several_checks_is_told_once() {
    let reason = || {
        let hint = "start it with `sudo systemctl start docker`".to_owned();
        Reason::new(ReasonKind::Environment, "docker is not running").with_hint(hint)
    };
    let report = sample::report_of(
        ["lint", "format", "mypy", "ruff"].map(|name| sample::failed(name, reason())).to_vec(),
    );
    assert_data_eq!(
        shown(&report),
        str![[r#"
lint, format, mypy, ruff: error: docker is not running

hint: start it with `sudo systemctl start docker`

check   outcome  findings  time  cache
lint    error              0.8s  miss
format  error              0.8s  miss
mypy    error              0.8s  miss
ruff    error              0.8s  miss

error: 4 of 4 checks could not run

"#]]
    );
}

#[test]
fn a_warning_that_was_read_already_is_not_told_again() {
    let report = sample::report();
    let warnings = BTreeSet::from(["the base image has no digest".to_owned()]);
    assert!(shown(&report).contains("no digest"));
    let text = with(&report, |options| Options { shown: &warnings, ..options });
    assert!(!text.contains("no digest"));
}

#[test]
fn a_command_whose_words_are_no_findings_is_quoted() {
    let report = sample::report_of(vec![CheckOutcome {
        status: Status::Findings,
        log: Log {
            stdout: "src/main.py:1: teh ==> the\n".to_owned(),
            stderr: String::new(),
            truncated: false,
        },
        ..sample::passed("spelling", "command")
    }]);
    assert_data_eq!(
        shown(&report),
        str![[r#"
spelling wrote to standard output:
    src/main.py:1: teh ==> the

check     outcome   findings  time  cache
spelling  findings            0.8s  miss

run again:   cargo pipe run spelling
look inside: cargo pipe bash spelling

findings: 1 of 1 check did not pass  fingerprint d7d456bba8595c62

"#]]
    );
}

#[test]
fn of_a_long_log_the_last_lines_are_shown() {
    let lines = |last: usize| (1..=last).map(|line| format!("line {line}\n")).collect::<String>();
    let text = |stdout: String| {
        shown(&sample::report_of(vec![CheckOutcome {
            status: Status::Findings,
            log: Log { stdout, stderr: String::new(), truncated: false },
            ..sample::passed("spelling", "command")
        }]))
    };
    let long = text(lines(1_000));
    let head = "    (800 lines left out; `--report json=PATH` writes more of them)\n    line 801\n";
    assert!(long.contains(head) && long.contains("    line 1000\n"), "{long}");
    assert!(!long.contains("line 800\n"));
    assert!(!text(lines(200)).contains("left out"));
    let wide = text("x".repeat(100_000));
    assert!(wide.len() < 3_000 && wide.contains("x…\n"), "{}", wide.len());
}

#[test]
fn what_was_changed_comes_first_and_is_counted_in_the_verdict() {
    let mut report = sample::report_of(vec![sample::passed("format", "black")]);
    report.changed_files = vec!["src/a.py".to_owned(), "src/\u{1b}[2J.py".to_owned()];
    let text = shown(&report);
    assert!(text.starts_with("changed 2 files:\n    src/a.py\n    src/␛[2J.py\n\n"), "{text}");
    let verdict = plain(&report, Some(80), Detail::Verdict);
    assert!(verdict.starts_with("passed: 1 check, 2 files changed  fingerprint "), "{verdict}");
}

#[test]
fn a_preview_ends_with_what_would_be_changed() {
    let mut preview = Preview {
        verdict: Verdict::Findings,
        files: vec!["src/a.py".to_owned()],
        patch: Vec::new(),
        warnings: vec!["read".to_owned(), "unread".to_owned()],
        failures: BTreeMap::new(),
    };
    let shown = BTreeSet::from(["read".to_owned()]);
    let text = |it: &Preview| strip_str(&super::preview(it, &shown, Some(80))).to_string();
    assert_eq!(text(&preview), "warning: unread\nfindings: 1 file would be changed\n");

    preview.verdict = Verdict::Error;
    let reason = Reason::new(ReasonKind::Tool, "black ended with exit status 123");
    preview.failures.insert("format".parse().unwrap(), reason);
    let shown = "format: error: black ended with exit status 123\n\
                error: 1 fixer failed, 1 file would be changed\n";
    assert!(text(&preview).ends_with(shown), "{}", text(&preview));
}

#[test]
fn a_ci_job_gets_the_part_of_each_check_in_a_section() {
    let report = sample::report();
    let sections = Sections::Gitlab { ended: 1_700_000_002 };
    let text = with(&report, |options| Options { sections, ..options });
    assert_data_eq!(
        text.replace('\u{1b}', "ESC").replace('\r', "CR"),
        str![[r#"
changed 1 file:
    src/main.py

warning: the base image has no digest
ESC[0Ksection_start:1700000002:cargo_pipe_lintCRESC[0Klint: findings
src/main.py:2:1: warning: Unused import os [lint W0611 unused-import]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
2 | import os
  | ^^^^^^^^^

src/main.py:4: info: Similar lines in 2 files [lint R0801 duplicate-code]
    also at src/util.py:12-17
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
4 | def one():

src/util.py:1:1: info: Missing module docstring [lint C0114
    missing-module-docstring, accepted]
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/

lint: pylint rates the code 6.67 of 10; findings marked `accepted` do not count
ESC[0Ksection_end:1700000002:cargo_pipe_lintCRESC[0K
ESC[0Ksection_start:1700000000:cargo_pipe_mypyCRESC[0Kmypy: findings
src/main.py:7:15: error: Incompatible return value type (got "int", expected
    "str") [mypy return-value]
    fix: Return a string (may change behaviour)
    see: https://pylint.readthedocs.io/en/stable/user_guide/messages/
7 |     return "é😀", 1
  |                   ^
ESC[0Ksection_end:1700000002:cargo_pipe_mypyCRESC[0K
ESC[0Ksection_start:1700000002:cargo_pipe_ruffCRESC[0Kruff: error
ruff wrote to standard error:
    thread 'main' panicked
    at src/lib.rs:1

ruff: error: ruff panicked (exit status 101)

hint: report it to ruff with the log above
ESC[0Ksection_end:1700000002:cargo_pipe_ruffCRESC[0K
ESC[0Ksection_start:1700000002:cargo_pipe_spellingCRESC[0Kspelling: cancelled
spelling: cancelled: `lint` did not pass, and `--fail-fast` was given
ESC[0Ksection_end:1700000002:cargo_pipe_spellingCRESC[0K
check     outcome    findings           time  cache
lint      findings   1 warning, 2 info  0.8s  miss
format    passed                        3ms   hit
mypy      findings   1 error            2.1s  miss
ruff      error                         0.8s  miss
spelling  cancelled                           miss

run again:   cargo pipe run lint
             cargo pipe run mypy
look inside: cargo pipe bash lint (or mypy)

error: 1 of 5 checks could not run, 1 file changed

"#]]
    );
    let text = with(&report, |options| Options { sections: Sections::Github, ..options });
    assert!(text.contains("\n::group::mypy: findings\nsrc/main.py:7:15:"), "{text}");
    assert_eq!(text.matches("::group::").count(), text.matches("::endgroup::\n").count());
}
