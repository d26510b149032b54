//! Generated blocks in the README and in the chapters of the guide.
//!
//! A block is the text between `<!-- generated: NAME -->` and `<!-- /generated -->`. It is replaced;
//! all other text is kept.

use std::path::PathBuf;

use cargo_pipe::check::Grant;
use cargo_pipe::cli;
use cargo_pipe::guide::TOPICS;
use cargo_pipe::outcome::Verdict;
use cargo_pipe::project::ProjectPath;
use cargo_pipe::tools::{TOOLS, ToolInvocation};

use super::{Generated, configuration};
use crate::failure::{Failure, Result};
use crate::flags;
use crate::workspace;

const BEGIN: &str = "<!-- generated: ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- /generated -->";

/// The width of help in the guide, in columns.
const WIDTH: usize = 100;

/// The documents with up-to-date blocks.
///
/// # Errors
///
/// When a marker is unknown or not closed, or a block cannot be generated.
pub(super) fn generate() -> Result<Vec<Generated>> {
    let chapters = TOPICS.iter().map(|topic| format!("src/guide/{}.md", topic.name));
    let paths = std::iter::once("README.md".to_owned()).chain(chapters);
    let mut documents = Vec::new();
    for path in paths {
        let old = workspace::read(&workspace::root().join(&path))?;
        let text = replace(&path, &old, block)?;
        documents.push(Generated { path: PathBuf::from(path), text });
    }
    Ok(documents)
}

fn replace(path: &str, text: &str, block: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, body) = after.split_once(BEGIN_END).ok_or_else(|| unclosed(path, after))?;
        let (_, after) = body.split_once(END).ok_or_else(|| unclosed(path, name))?;
        replaced.push_str(&[before, BEGIN, name, BEGIN_END, &block(name)?, END].concat());
        rest = after;
    }
    Ok(replaced + rest)
}

fn unclosed(path: &str, marker: &str) -> Failure {
    let name = marker.lines().next().unwrap_or_default();
    Failure::new(format!("the generated block `{name}` of `{path}` does not end"))
        .hint(format!("a block is `{BEGIN}NAME{}`, its text, `{END}`", BEGIN_END.trim_end()))
}

fn block(name: &str) -> Result<String> {
    match name {
        "catalogue" => Ok(catalogue()),
        "command-reference" => Ok(fenced(&cli::long_help(WIDTH))),
        "configuration" => configuration::tables(),
        "exit-status" => Ok(exit_status()),
        "grants" => Ok(grants()),
        "tasks" => Ok(fenced(&flags::table())),
        "topics" => Ok(topics()),
        _ => Err(Failure::new(format!("unknown generated block `{name}`")).hint(
            "blocks are `catalogue`, `command-reference`, `configuration`, `exit-status`, `grants`, \
             `tasks` and `topics`",
        )),
    }
}

/// The tools of the catalogue, with the releases whose output is understood.
fn catalogue() -> String {
    let mut table =
        "| tool | what it does | files | fixes | releases |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    let source = [ProjectPath::root()];
    let invocation = ToolInvocation {
        config: None,
        source: &source,
        scripts: &[],
        args: &[],
        sees_project: false,
        installs_project: false,
        version: None,
    };
    let mut tools = TOOLS.to_vec();
    tools.sort_by_key(|tool| tool.name());
    for tool in tools {
        let files = match tool.endings() {
            [] => "all".to_owned(),
            endings => endings.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" "),
        };
        let fixes = if tool.fix(&invocation).is_some() { "yes" } else { "" };
        let (oldest, after) = tool.tried();
        let (name, about) = (tool.name(), tool.about());
        table +=
            &format!("| `{name}` | {about} | {files} | {fixes} | {oldest} to below {after} |\n");
    }
    table
}

fn exit_status() -> String {
    let meanings = [
        (Verdict::Passed, "every check passed"),
        (Verdict::Findings, "findings, or a difference that was asked for"),
        (Verdict::Config, "usage, a configuration (of cargo pipe or of a tool), a missing grant"),
        (Verdict::Error, "an engine, build or tool failed, a time limit, or nothing to check"),
        (Verdict::Interrupted, "interrupted"),
    ];
    let rows = meanings.map(|(verdict, text)| [verdict.exit_code().to_string(), text.to_owned()]);
    table(["status", "meaning"], &rows)
}

fn grants() -> String {
    let mut rows: Vec<[String; 2]> =
        Grant::ALL.map(|grant| [format!("`{grant}`"), grant.meaning().into_owned()]).into();
    rows.push(["`secret:NAME`".to_owned(), "read the value of your variable `NAME`".to_owned()]);
    table(["grant", "lets the project"], &rows)
}

/// The topics that README links below its own heading.
const FOR_CONTRIBUTORS: [&str; 3] = ["architecture", "extending", "contributing"];

fn topics() -> String {
    let row = |topic: &cargo_pipe::guide::Topic| {
        [format!("[{0}](src/guide/{0}.md)", topic.name), topic.summary.to_owned()]
    };
    let for_users = TOPICS.iter().filter(|topic| !FOR_CONTRIBUTORS.contains(&topic.name));
    table(["topic", "about"], &for_users.map(row).collect::<Vec<_>>())
}

/// A Markdown table between empty lines.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = line(&head.map(str::to_owned));
    let rule = line(&["---"; N].map(str::to_owned));
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("\n{head}{rule}{rows}\n")
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
        let made = replace("x.md", text, |name| Ok(format!("new {name}\n"))).unwrap();
        assert_eq!(made, "a\n<!-- generated: x -->\nnew x\n<!-- /generated -->\nb\n");
        assert_eq!(replace("x.md", &made, |name| Ok(format!("new {name}\n"))).unwrap(), made);
    }

    #[test]
    fn a_block_without_end_is_named() {
        let text = "<!-- generated: x -->\nold\n";
        let failure = replace("x.md", text, |_| Ok(String::new())).unwrap_err();
        assert!(failure.to_string().contains("`x` of `x.md`"), "{failure}");
    }
}
