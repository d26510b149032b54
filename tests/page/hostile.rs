//! Sources, paths and messages that try to leave their place on the page.

use std::fs;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::project::{Project, finding};

tests![hostile_texts_stay_texts, a_hostile_earlier_report_stays_text];

/// Texts that would be markup, end a script, or reorder what is seen.
const TEXTS: &[&str] = &[
    "</script><script>window.taken = 1</script>",
    "<!--<script>",
    "]]><img src=x onerror=\"window.taken = 1\">",
    "\" onmouseover=\"window.taken = 1",
    "{{ 7 * 7 }}{% raw %}",
    "line\u{2028}window.taken = 1\u{2029}",
    "abc\u{202e}cba\u{2066}x",
    "\u{0}\u{1b}[31m\u{7f}",
    "javascript:window.taken = 1",
];

/// The path of a file, which cannot have a `/`.
const PATH: &str = "src/<img src=x onerror='window.taken = 1'>.py";

/// Findings with each text as a message and a code, on a line of the source that has it, too.
fn project() -> Project {
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    for (number, text) in (1..).zip(TEXTS) {
        lines.push(text.replace(['\0', '\u{2028}', '\u{2029}'], ""));
        findings.push(finding(PATH, number, text, &format!("{text} of {number}")));
    }
    let long = "long ".repeat(200_000);
    findings.push(finding(PATH, 1, "long", &long));
    let project = Project::with_findings(&findings);
    project.write(PATH, &format!("{}\n", lines.join("\n")));
    project
}

/// Asserts that nothing on the page was read as markup or script.
fn assert_harmless(browser: &mut Browser) {
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.evaluate("typeof window.taken"), "undefined");
    assert_eq!(browser.evaluate("document.scripts.length"), 2);
    assert_eq!(browser.evaluate("document.querySelectorAll('img, iframe, object').length"), 0);
    assert_eq!(browser.evaluate("document.querySelectorAll('a[href^=javascript]').length"), 0);
}

fn hostile_texts_stay_texts() {
    let project = project();
    let page = project.run("hostile", 1);
    let bytes = fs::read_to_string(&page).unwrap();
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    assert!(
        !bytes.contains(|c: char| c != '\n' && c != '\t' && (c.is_control() || c == '\u{202e}'))
    );
    let mut browser = Browser::start();
    for scripts in [true, false] {
        browser.run_scripts(scripts);
        browser.open(&page);
        browser.run_scripts(true);
        assert_harmless(&mut browser);
        let shown = browser.text("document.getElementById('list').textContent");
        for text in &TEXTS[..5] {
            assert!(shown.contains(&format!("{text} of ")), "{text}: {shown}");
        }
        assert!(shown.contains("abc\\u{202e}cba"), "{shown}");
        assert!(shown.contains(PATH), "{shown}");
        let source = "document.querySelector('.source').textContent";
        assert_eq!(browser.text(source), TEXTS[0]);
    }
    browser.picture("hostile");
}

fn a_hostile_earlier_report_stays_text() {
    let project = Project::with_findings(&[finding("src/main.py", 1, "E1", "one")]);
    let page = project.run("now", 1);
    let mut findings = Vec::new();
    for text in TEXTS {
        let mut finding = finding(text, 1, text, text);
        for (name, value) in [
            ("url", json!(format!("javascript:{text}"))),
            ("rule", json!(text)),
            ("gating", json!(true)),
            ("fingerprint", json!(text)),
            ("source", json!([text, text, text])),
            ("fix", json!(text)),
        ] {
            finding[name] = value;
        }
        findings.push(finding);
    }
    let checks: Vec<Value> = TEXTS
        .iter()
        .map(|text| json!({"name": text, "outcome": text, "findings": findings}))
        .collect();
    let earlier = project.path("earlier.json");
    let report = json!({"schema": "cargo-pipe/report/1", "checks": checks});
    fs::write(&earlier, report.to_string()).unwrap();
    let mut browser = Browser::start();
    browser.open(&page);
    browser.choose_file("#file", &earlier);
    browser.wait_for("document.querySelector('#comparison table')");
    browser.evaluate("document.getElementById('since').value = 'gone'");
    browser.evaluate(
        "document.getElementById('search').dispatchEvent(new Event('input', { bubbles: true }))",
    );
    browser.settle();
    assert_harmless(&mut browser);
    let shown = browser.text("document.getElementById('list').textContent");
    assert!(shown.contains(TEXTS[0]) && !shown.contains('\u{202e}'), "{shown}");
}
