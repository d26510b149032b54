//! A page that is read: in each state, in light and dark, by keyboard, without its script, and with many
//! findings.

use serde_json::Value;

use crate::browser::Browser;
use crate::project::{Project, finding, printing};

tests![
    many_findings_open_and_filter_at_once,
    every_state_of_a_run_has_a_page,
    texts_can_be_read_in_light_and_dark,
    a_page_is_used_by_keyboard,
    findings_are_listed_without_the_script
];

/// The findings of pylint in Django.
const MANY: usize = 14_216;

/// The number of elements that a browser lays out without delay.
const FEW: i64 = 6_000;

/// The contrast of texts that WCAG 2.2 asks for at level AA.
const CONTRAST: f64 = 4.5;

fn many_findings_open_and_filter_at_once() {
    let findings: Vec<Value> = (0..MANY)
        .map(|number| {
            let path = format!("src/package_{}/module_{}.py", number % 40, number % 700);
            let code = format!("C{:04}", number % 60);
            finding(&path, 1, &code, &format!("Missing function or method docstring {number}"))
        })
        .collect();
    let project = Project::with_findings(&findings);
    for finding in &findings[..2_800] {
        project.write(finding["path"].as_str().unwrap(), "def value(): return 1\n");
    }
    let page = project.run("many", 1);
    let mut browser = Browser::start();
    browser.open(&page);
    assert_eq!(browser.text("document.getElementById('count').textContent"), "14,216 findings");
    assert_few_elements(&mut browser);
    let opened =
        browser.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart");
    assert!(opened.as_i64().unwrap() < 5_000, "{opened} ms");
    browser.picture("many");
    browser.evaluate("document.getElementById('search').focus()");
    browser.enter("docstring 1421");
    let count = browser.text("document.getElementById('count').textContent");
    assert_eq!(count, "8 of 14,216 findings");
    for group in ["rule", "file"] {
        let took = browser.evaluate(&format!(
            "(async () => {{ const [search, group] = ['search', 'group'].map((id) => document.getElementById(id)); \
             const start = performance.now(); search.value = 'c00'; group.value = '{group}'; \
             search.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); \
             return performance.now() - start; }})()"
        ));
        assert!(took.as_f64().unwrap() < 1_000.0, "{took} ms");
        assert_few_elements(&mut browser);
    }
    assert_eq!(browser.complaints(), [""; 0]);
}

fn assert_few_elements(browser: &mut Browser) {
    let elements = browser.evaluate("document.querySelectorAll('*').length").as_i64().unwrap();
    assert!(elements < FEW, "{elements} elements");
}

fn every_state_of_a_run_has_a_page() {
    let broken = "[checks.broken]\nrun = [\"python3\", \"-c\", \"import sys; print('lost'); sys.exit(7)\"]\n";
    let project = Project::new(&format!("{}{broken}", printing("style")));
    project.set_findings("style", &[finding("src/main.py", 1, "E1", "one")]);
    let mut browser = Browser::start();
    let mut open = |name: &str, status: i32, expected: &[&str]| {
        let page = project.run(name, status);
        browser.open(&page);
        open_details(&mut browser);
        let text = browser.text("document.body.innerText");
        for expected in expected {
            assert!(text.contains(expected), "{name}: {expected}: {text}");
        }
        assert_eq!(browser.complaints(), [""; 0], "{name}");
        browser.picture(name);
    };
    let first = ["broken", "exit status 7", "ran: it had not run in this folder yet"];
    open("error", 3, &first);
    project.configure(&printing("style"));
    open("cached", 1, &["cached: nothing that can change its result differs", "hit"]);
    project.write("src/main.py", "import sys\nimport os\n");
    open("changed", 1, &["ran: its result was not cached", "file `src/main.py`: changed"]);
    project.set_findings("style", &[]);
    open("passed", 0, &["Passed", "1 check", "0 findings"]);
}

fn open_details(browser: &mut Browser) {
    browser.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })");
    browser.settle();
}

/// The lowest contrast of a text on the page, and the text.
const LOWEST: &str = "(() => {
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const back = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = { contrast: 99, text: '', seen: 0 };
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const colour = element.closest('svg') ? style.fill : style.color;
    const [one, other] = [light(colour), light(back(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    lowest.seen += 1;
    if (contrast < lowest.contrast) lowest = { ...lowest, contrast, text: `${text}: ${colour}` };
  }
  return lowest;
})()";

fn texts_can_be_read_in_light_and_dark() {
    let severities = ["error", "warning", "info"];
    let findings: Vec<Value> = severities
        .iter()
        .map(|severity| {
            let mut finding = finding("src/main.py", 1, "E1", severity);
            finding["severity"] = (*severity).into();
            finding
        })
        .collect();
    let broken = "[checks.broken]\nrun = [\"python3\", \"-c\", \"print('lost'); exit(7)\"]\n";
    let project = Project::new(&format!("{}{broken}", printing("style")));
    project.set_findings("style", &findings);
    let page = project.run("colours", 3);
    let mut browser = Browser::start();
    let mut backs = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for width in [1280, 360] {
            browser.resize(width, 900);
            browser.open(&page);
            open_details(&mut browser);
            let lowest = browser.evaluate(LOWEST);
            assert!(lowest["contrast"].as_f64().unwrap() >= CONTRAST, "{scheme}: {lowest}");
            assert!(lowest["seen"].as_i64().unwrap() > 50, "{lowest}");
            let overflow = "document.documentElement.scrollWidth - window.innerWidth";
            assert!(browser.evaluate(overflow).as_i64().unwrap() <= 0, "{width}");
            browser.picture(&format!("{scheme}-{width}"));
        }
        backs.push(browser.text("getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(backs[0], backs[1]);
    assert_eq!(browser.complaints(), [""; 0]);
}

/// What has the focus: its id, its text or its kind.
const FOCUS: &str = "(() => { const { id, value, tagName, textContent } = document.activeElement; \
                     return id || value || (tagName === 'SUMMARY' ? textContent : tagName); })()";

fn a_page_is_used_by_keyboard() {
    let findings: Vec<Value> = (0..150)
        .map(|number| finding("src/main.py", 1, "E1", &format!("finding {number}")))
        .chain([finding("src/other.py", 1, "E2", "the other one")])
        .collect();
    let project = Project::with_findings(&findings);
    project.write("src/other.py", "import os\n");
    let page = project.run("keys", 1);
    let mut browser = Browser::start();
    browser.open(&page);
    let mut order = Vec::new();
    for _ in 0..12 {
        browser.press("Tab");
        order.push(browser.text(FOCUS));
    }
    let expected = ["file", "search", "check", "group", "error", "warning", "info"];
    let start = order.iter().position(|name| name == "file").unwrap_or_else(|| panic!("{order:?}"));
    assert_eq!(order[start..start + expected.len()], expected, "{order:?}");
    assert!(order[start + expected.len()].starts_with("src/main.py"), "{order:?}");
    assert_eq!(order[0], "A", "the link to the findings comes first: {order:?}");

    browser.evaluate("document.getElementById('search').focus()");
    browser.enter("OTHER one");
    let count = "document.getElementById('count').textContent";
    assert_eq!(browser.text(count), "1 of 151 findings");
    browser.evaluate("document.querySelector('[value=warning]').focus()");
    browser.press(" ");
    assert_eq!(browser.text(count), "0 of 151 findings");
    browser.press(" ");
    browser.evaluate("document.getElementById('search').value = ''");
    browser.evaluate("document.getElementById('group').focus()");
    browser.press("ArrowDown");
    assert_eq!(browser.text("document.getElementById('group').value"), "rule");
    assert_eq!(browser.text(count), "151 findings");
    let groups =
        "[...document.querySelectorAll('.group > summary')].map((it) => it.textContent).join()";
    assert_eq!(browser.text(groups), "style E1150,style E21");

    browser.evaluate("document.querySelector('.group > summary').focus()");
    let shown = "document.querySelectorAll('.finding').length";
    assert_eq!(browser.evaluate(shown), 100);
    browser.press("Enter");
    assert_eq!(browser.evaluate("document.querySelector('.group').open"), false);
    browser.press("Enter");
    browser.press("Tab");
    assert_eq!(browser.text("document.activeElement.textContent"), "Show 50 findings of 50 more");
    browser.press("Enter");
    assert_eq!(browser.evaluate(shown), 150);
    let focused = "[...document.querySelectorAll('.finding')].indexOf(document.activeElement)";
    assert_eq!(browser.evaluate(focused), 100, "the first of the added findings");
    assert_eq!(browser.complaints(), [""; 0]);
}

fn findings_are_listed_without_the_script() {
    let findings: Vec<Value> = (0..1_100)
        .map(|number| finding("src/main.py", 1, "E1", &format!("finding {number:04};")))
        .collect();
    let project = Project::with_findings(&findings);
    let page = project.run("plain", 1);
    let mut browser = Browser::start();
    browser.run_scripts(false);
    browser.open(&page);
    browser.run_scripts(true);
    let text = browser.text("document.querySelector('main').textContent");
    for expected in
        ["1,100 findings", "leaves out 100", "finding 0000;", "finding 0999;", "import os"]
    {
        assert!(text.contains(expected), "{expected}");
    }
    assert!(!text.contains("finding 1000;"), "{text}");
    assert_eq!(browser.evaluate("document.querySelector('form').checkVisibility()"), false);
    assert_eq!(browser.evaluate("document.querySelectorAll('#list .finding').length"), 1_000);
    assert_eq!(browser.complaints(), [""; 0]);
    browser.picture("plain");
}
