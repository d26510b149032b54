//! One page for a browser: the whole run, to look through, search and compare.
//!
//! The page is a single file that needs no network. Its markup, style and script are the files in
//! `templates/report`. It can be read without the script, which filters findings, and compares them with
//! those of an earlier report. Its content security policy allows that style and that script alone.
//!
//! Sources, paths and messages are not trusted. `source_line::visible` and
//! [`harmless`](super::harmless) replace what reorders text, the template escapes what is markup, and
//! `data` escapes what would end the element with the data.

mod checks;
mod data;
mod findings;
mod page;
mod timeline;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::Report;
use findings::{FindingSelection, ShownFinding};
use page::Page;

/// The files of the page.
const PAGE: &str = include_str!("../../templates/report/page.html");
const FINDING: &str = include_str!("../../templates/report/finding.html");
const STYLE: &str = include_str!("../../templates/report/page.css");
const SCRIPT: &str = include_str!("../../templates/report/page.js");

/// Renders the page. Equal reports give equal bytes.
#[must_use]
pub fn to_html(report: &Report) -> String {
    let selection = FindingSelection::of(report);
    let blank = ShownFinding::blank();
    let page = Page::of(report, &selection, &blank);
    let values = context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        data => Value::from_safe_string(data::to_json(report, &selection)),
        page => Serde(&page),
    };
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax.expect("the usual delimiters differ from each other"));
    let template = environment
        .add_template("finding.html", FINDING)
        .and_then(|()| environment.add_template("page.html", PAGE))
        .and_then(|()| environment.get_template("page.html"));
    template
        .and_then(|template| template.render(values))
        .expect("the template is rendered by the test `the_sample_as_a_page`")
}

/// The content security policy: nothing is loaded, and only our own style and script are used.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        source_hash(STYLE),
        source_hash(SCRIPT)
    )
}

/// The hash by which a policy allows an inline element (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
fn source_hash(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests;
