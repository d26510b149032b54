//! An earlier report, chosen in the page.

use crate::browser::Browser;
use crate::project::{Project, finding, json_of};

tests![
    an_earlier_report_shows_what_is_new_and_gone,
    an_earlier_page_is_an_earlier_report,
    another_file_is_named_as_such
];

/// A project that was run twice: one finding has moved, one has gone, one is new.
fn run_twice() -> (Project, std::path::PathBuf, std::path::PathBuf) {
    let [stays, gone, new] = [("stays", 1), ("gone", 2), ("new", 2)]
        .map(|(message, line)| finding("src/main.py", line, "E1", message));
    let project = Project::with_findings(&[stays.clone(), gone]);
    let before = project.run("before", 1);
    project.write("src/main.py", "\n\nimport os\nimport sys\n");
    let mut moved = stays;
    moved["line"] = 3.into();
    project.set_findings("style", &[moved, new]);
    let now = project.run("now", 1);
    (project, before, now)
}

fn compared(browser: &mut Browser) -> String {
    browser.wait_for("document.querySelector('#comparison').textContent");
    browser.text("document.querySelector('#comparison').textContent")
}

/// The messages of the findings that are shown.
fn messages(browser: &mut Browser) -> String {
    browser.settle();
    browser.text("[...document.querySelectorAll('.finding .message bdi')].map((it) => it.textContent).join()")
}

/// Chooses `all`, `new` or `gone`.
fn select(browser: &mut Browser, value: &str) {
    browser.evaluate(&format!(
        "(() => {{ const since = document.getElementById('since'); since.value = '{value}'; \
         since.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
    ));
}

fn an_earlier_report_shows_what_is_new_and_gone() {
    let (_project, before, now) = run_twice();
    let mut browser = Browser::start();
    browser.open(&now);
    browser.choose_file("#file", &json_of(&before));
    let text = compared(&mut browser);
    assert!(text.contains("Compared with before.json: 1 new, 1 gone, 1 in both."), "{text}");
    assert!(text.contains("stylefindingsfindingssources"), "{text}");
    assert_eq!(messages(&mut browser), "new");
    for (value, expected) in [("gone", "gone"), ("all", "new,stays")] {
        select(&mut browser, value);
        assert_eq!(messages(&mut browser), expected);
    }
    assert_eq!(browser.complaints(), [""; 0]);
    browser.picture("comparison");
}

fn an_earlier_page_is_an_earlier_report() {
    let (_project, before, now) = run_twice();
    let mut browser = Browser::start();
    browser.open(&now);
    browser.choose_file("#file", &before);
    let text = compared(&mut browser);
    assert!(text.contains("Compared with before.html: 1 new, 1 gone, 1 in both."), "{text}");
    assert_eq!(messages(&mut browser), "new");
}

fn another_file_is_named_as_such() {
    let (project, _, now) = run_twice();
    let mut browser = Browser::start();
    for (name, content) in
        [("a.json", "{\"schema\": \"x\"}"), ("b.json", "<html>"), ("c.json", "[")]
    {
        project.write(name, content);
        browser.open(&now);
        browser.choose_file("#file", &project.path(name));
        let text = compared(&mut browser);
        assert!(text.contains(&format!("{name} is not a report of cargo pipe")), "{text}");
        assert_eq!(messages(&mut browser), "new,stays");
        assert_eq!(browser.complaints(), [""; 0]);
    }
}
