//! The memory of an incremental tool: the records of its last run, and those for its next one.
//!
//! The worker reads the memory from a file next to the launcher and prints the new one after
//! everything else that it prints. The tool itself decides whether a memory can be believed, as far as
//! that does not follow from [`key`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::cache::Memory;
use crate::config::CacheMode;
use crate::fingerprint::ingredients::Ingredients;
use crate::hash::{Hash, HashBuilder};
use crate::outcome::{RawOutput, Reason, ReasonKind};
use crate::plan::Step;
use crate::tools::command::{Command, MYPY_WORKER, PYLINT_WORKER};

/// The name of the memory's file next to the launcher.
pub(super) const FILE: &str = "state";

/// The name of the file next to the launcher with the reason that the tool may run code of the project.
pub(super) const OWN_CODE: &str = "own-code";

/// The start of the line that precedes a new memory.
const MARK: &[u8] = b"\ncargo-pipe-state: ";

/// Whether a step's tool can use the memory of its last run.
pub(super) fn is_incremental(step: &Step) -> bool {
    let Command::Module { worker: Some(worker), .. } = &step.command else { return false };
    [PYLINT_WORKER, MYPY_WORKER].contains(&worker.as_str())
}

/// The hash of everything that a memory depends on, except the files: a memory is of no use with
/// another environment, command or config.
pub(super) fn key(ingredients: &Ingredients) -> Hash {
    HashBuilder::new("state")
        .with(ingredients.environment)
        .with(ingredients.platform)
        .with(ingredients.command)
        .with(ingredients.config)
        .hash()
}

/// Drops the records from a memory that is not believed, and replaces the worker's reason. Only the
/// numbers of its summary are left.
pub(super) fn refuse(memory: &Memory, why: &str) -> Memory {
    let Counts { files, parsed } = serde_json::from_str(&memory.summary).unwrap_or_default();
    let summary = json!({"files": files, "parsed": parsed, "cold": why, "checked": {}});
    Memory { summary: summary.to_string(), content: String::new() }
}

/// The numbers of files in the worker's summary.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts {
    files: u64,
    parsed: u64,
}

/// Formats the file that the worker reads: its task, the key of the memory, and the memory.
pub(super) fn format_file(mode: CacheMode, key: &Hash, memory: Option<&Memory>) -> Vec<u8> {
    let content = memory.map(|memory| memory.content.as_str()).unwrap_or_default();
    let task = match mode {
        CacheMode::Audit => "audit",
        CacheMode::AuditPlain => "audit-plain",
        _ => "lint",
    };
    format!("{task} {key}\n{content}").into_bytes()
}

/// The worker's summary of an audit.
#[derive(Deserialize)]
struct Audit {
    /// The difference between the memory and a fresh run, by file.
    #[serde(default)]
    refuted: BTreeMap<String, String>,
}

/// Explains why a memory is wrong, if an audit found that out.
pub(super) fn explain_refuted(tool: &str, memory: &Memory) -> Option<Reason> {
    let Audit { refuted } = serde_json::from_str(&memory.summary).ok()?;
    if refuted.is_empty() {
        return None;
    }
    let lines: String = refuted.iter().map(|(file, what)| format!("\n{file}: {what}")).collect();
    let message = format!("the stored results of {tool} do not match a fresh run{lines}");
    let hint = "those results were dropped; please report this, with the files that are named";
    Some(Reason::new(ReasonKind::Internal, message).with_hint(hint.to_owned()))
}

/// The part of a worker's output that is not for the parser.
pub(super) struct Left {
    /// The memory for the next run.
    pub(super) memory: Memory,
    /// The output of the tool's own command, if the worker ran it as well.
    pub(super) plain: Option<RawOutput>,
}

/// The output of a tool's own command, as the worker prints it.
#[derive(Deserialize)]
struct Plain {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Splits the worker's own lines off a tool's output: a summary of its work, the new memory, and the
/// output of the tool's own command.
pub(super) fn split_off(stdout: &mut Vec<u8>) -> Option<Left> {
    let start = stdout.windows(MARK.len()).rposition(|window| window == MARK)?;
    let left = stdout.split_off(start);
    let text = String::from_utf8(left.get(MARK.len()..)?.to_vec()).ok()?;
    let (summary, rest) = text.split_once('\n')?;
    let (content, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let plain = serde_json::from_str(rest).ok().map(|Plain { code, stdout, stderr }| RawOutput {
        code,
        stdout: stdout.into_bytes(),
        stderr: stderr.into_bytes(),
    });
    let memory = Memory { summary: summary.to_owned(), content: content.to_owned() };
    Some(Left { memory, plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_the_last_part_of_the_output() {
        let mut stdout = b"{}\ncargo-pipe-state: no\nx\n\ncargo-pipe-state: {}\nAAAA\n".to_vec();
        let Left { memory, plain } = split_off(&mut stdout).unwrap();
        assert_eq!((&*memory.summary, &*memory.content, plain), ("{}", "AAAA", None));
        assert_eq!(stdout, b"{}\ncargo-pipe-state: no\nx\n");
    }

    #[test]
    fn the_output_of_the_tools_own_command_follows_the_memory() {
        let plain = r#"{"code": 4, "stdout": "{}\n", "stderr": ""}"#;
        let mut stdout = format!("\ncargo-pipe-state: {{}}\n\n{plain}\n").into_bytes();
        let Left { memory, plain } = split_off(&mut stdout).unwrap();
        let printed = RawOutput { code: 4, stdout: b"{}\n".to_vec(), stderr: Vec::new() };
        assert_eq!((&*memory.content, plain), ("", Some(printed)));
    }

    #[test]
    fn a_refuted_memory_names_the_files() {
        let memory = |summary: &str| Memory { summary: summary.to_owned(), content: String::new() };
        assert_eq!(explain_refuted("pylint", &memory(r#"{"files": 1, "refuted": {}}"#)), None);
        let reason =
            explain_refuted("pylint", &memory(r#"{"refuted": {"a.py": "its messages differ"}}"#))
                .unwrap();
        assert_eq!(reason.kind, ReasonKind::Internal);
        assert!(reason.message.ends_with("\na.py: its messages differ"), "{reason:?}");
        assert!(reason.hint.is_some());
    }

    #[test]
    fn a_refused_memory_keeps_only_numbers_and_the_reason() {
        let summary =
            r#"{"files": 3, "parsed": 2, "cold": "", "checked": {"a": "b"}, "hint": "x"}"#;
        let memory = Memory { summary: summary.to_owned(), content: "AAAA".to_owned() };
        let refused = refuse(&memory, "why");
        let expected = r#"{"checked":{},"cold":"why","files":3,"parsed":2}"#;
        assert_eq!((&*refused.summary, &*refused.content), (expected, ""));
        let forged = Memory { summary: "[".to_owned(), content: "AAAA".to_owned() };
        assert_eq!(refuse(&forged, "why").content, "");
    }

    #[test]
    fn the_output_of_a_tool_without_memory_is_unchanged() {
        let mut stdout = b"{}\n".to_vec();
        assert!(split_off(&mut stdout).is_none());
        assert_eq!(stdout, b"{}\n");
    }
}
