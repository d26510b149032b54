//! The blocks of the README that say what the program itself says.
//!
//! Owns the markers: what stands between `<!-- generated: NAME -->` and `<!-- /generated -->` is
//! replaced, all else is the author's. Must not know the prose around them. The whole text goes
//! to the one place that compares and writes.

use std::path::PathBuf;

use cargo_pipe::outcome::Verdict;

use super::Generated;
use crate::failure::{Failure, Result};
use crate::flags;
use crate::process::Command;
use crate::workspace;

const BEGIN: &str = "<!-- generated: ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- /generated -->";

/// The README with each of its blocks made anew.
///
/// # Errors
///
/// When a marker is unknown or never closed, or a block cannot be made.
pub(super) fn generate() -> Result<Generated> {
    let path = PathBuf::from("README.md");
    let text = replace(&workspace::read(&workspace::root().join(&path))?, block)?;
    Ok(Generated { path, text })
}

fn replace(text: &str, block: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, body) = after.split_once(BEGIN_END).ok_or_else(|| unclosed(after))?;
        let (_, after) = body.split_once(END).ok_or_else(|| unclosed(name))?;
        replaced.push_str(&[before, BEGIN, name, BEGIN_END, &block(name)?, END].concat());
        rest = after;
    }
    Ok(replaced + rest)
}

fn unclosed(marker: &str) -> Failure {
    let name = marker.lines().next().unwrap_or_default();
    Failure::new(format!("the generated block `{name}` of `README.md` does not end"))
        .hint(format!("a block is `{BEGIN}NAME{}`, its text, `{END}`", BEGIN_END.trim_end()))
}

fn block(name: &str) -> Result<String> {
    match name {
        "command-reference" => Ok(fenced(&help()?)),
        "exit-status" => Ok(exit_status()),
        "tasks" => Ok(fenced(&flags::table())),
        _ => Err(Failure::new(format!("nothing generates the block `{name}` of `README.md`"))
            .hint("blocks are `command-reference`, `exit-status` and `tasks`")),
    }
}

/// What the program says of itself, at a width that a page shows whole.
fn help() -> Result<String> {
    // With the features that this task was built with, its library need not be built again.
    Command::cargo("run --quiet --package cargo-pipe-ci --features schema -- --help")
        .variable("COLUMNS", "100")
        .variable("NO_COLOR", "1")
        .read()
}

fn exit_status() -> String {
    let meanings = [
        (Verdict::Passed, "every check passed"),
        (Verdict::Findings, "findings, drift, or a difference"),
        (Verdict::Config, "usage, a configuration (ours or a tool's), or a grant that is missing"),
        (
            Verdict::Error,
            "the work could not be done: engine, build, crash, timeout, nothing to check",
        ),
        (Verdict::Interrupted, "interrupted"),
    ];
    let rows = meanings
        .iter()
        .map(|(verdict, meaning)| format!("| {} | {meaning} |\n", verdict.exit_code()))
        .collect::<String>();
    format!("\n| status | means |\n| --- | --- |\n{rows}\n")
}

fn fenced(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    format!("\n```text\n{lines}```\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_markers_is_replaced() {
        let text = "a\n<!-- generated: x -->\nold\n<!-- /generated -->\nb\n";
        let made = replace(text, |name| Ok(format!("new {name}\n"))).unwrap();
        assert_eq!(made, "a\n<!-- generated: x -->\nnew x\n<!-- /generated -->\nb\n");
        assert_eq!(replace(&made, |name| Ok(format!("new {name}\n"))).unwrap(), made);
    }

    #[test]
    fn a_block_without_end_is_named() {
        let failure = replace("<!-- generated: x -->\nold\n", |_| Ok(String::new())).unwrap_err();
        assert!(failure.to_string().contains("`x`"), "{failure}");
    }
}
