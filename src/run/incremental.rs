//! What a tool gets of its last run, and leaves for its next.
//!
//! Owns the way in, a file beside the launcher, and the way out, behind everything that the tool
//! prints. It must not know what a state holds; whether one is believed is for the tool to say, as
//! far as it does not rest on what is named here. The cache keeps it between runs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cache::Memory;
use crate::config::CacheMode;
use crate::fingerprint::ingredients::Ingredients;
use crate::hash::{Hash, HashBuilder};
use crate::outcome::{RawOutput, Reason, ReasonKind};
use crate::plan::Step;
use crate::tools::command::Command;

/// The file's name beside the launcher.
pub(super) const FILE: &str = "state";

/// How the line begins that stands before what is left.
const LEFT: &[u8] = b"\ncargo-pipe-state: ";

/// Whether a step's tool has a use for what its last run left.
pub(super) fn is_of_use(step: &Step) -> bool {
    matches!(step.command, Command::Module { worker: Some(_), .. })
}

/// All that a state rests on but the files: with another environment, command or config there is
/// nothing to go on from.
pub(super) fn key(ingredients: &Ingredients) -> Hash {
    HashBuilder::new("state")
        .with(ingredients.environment)
        .with(ingredients.platform)
        .with(ingredients.command)
        .with(ingredients.config)
        .hash()
}

/// The file as the tool gets it: what to do, what the state rests on, and the state.
pub(super) fn file(mode: CacheMode, key: &Hash, state: Option<&Memory>) -> Vec<u8> {
    let content = state.map(|state| state.content.as_str()).unwrap_or_default();
    let task = match mode {
        CacheMode::Audit => "audit",
        CacheMode::AuditPlain => "audit-plain",
        _ => "lint",
    };
    format!("{task} {key}\n{content}").into_bytes()
}

/// What a tool says of its audit.
#[derive(Deserialize)]
struct Audit {
    /// What is otherwise than was remembered, by file.
    #[serde(default)]
    refuted: BTreeMap<String, String>,
}

/// Why nothing of what was remembered can be believed, where a tool found that out.
pub(super) fn refuted(state: &Memory) -> Option<Reason> {
    let Audit { refuted } = serde_json::from_str(&state.summary).ok()?;
    if refuted.is_empty() {
        return None;
    }
    let lines: String = refuted.iter().map(|(file, what)| format!("\n{file}: {what}")).collect();
    let message = format!("what was remembered of an earlier run is not what is found now{lines}");
    let hint = "that and all that rests on it is dropped; please report this, with the files that it names";
    Some(Reason::new(ReasonKind::Internal, message).with_hint(hint.to_owned()))
}

/// What a tool left.
pub(super) struct Left {
    /// For its next run.
    pub(super) state: Memory,
    /// What its own command printed, where that was asked.
    pub(super) plain: Option<RawOutput>,
}

/// What a tool's own command printed, as the worker tells it.
#[derive(Deserialize)]
struct Plain {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Takes what a tool left out of what it printed: a line each for what it did, for its next run, and
/// for what its own command printed.
pub(super) fn take(stdout: &mut Vec<u8>) -> Option<Left> {
    let start = stdout.windows(LEFT.len()).rposition(|window| window == LEFT)?;
    let left = stdout.split_off(start);
    let text = String::from_utf8(left.get(LEFT.len()..)?.to_vec()).ok()?;
    let (summary, rest) = text.split_once('\n')?;
    let (content, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let plain = serde_json::from_str(rest).ok().map(|Plain { code, stdout, stderr }| RawOutput {
        code,
        stdout: stdout.into_bytes(),
        stderr: stderr.into_bytes(),
    });
    let state = Memory { summary: summary.to_owned(), content: content.to_owned() };
    Some(Left { state, plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_what_stands_last() {
        let mut stdout = b"{}\ncargo-pipe-state: no\nx\n\ncargo-pipe-state: {}\nAAAA\n".to_vec();
        let Left { state, plain } = take(&mut stdout).unwrap();
        assert_eq!((&*state.summary, &*state.content, plain), ("{}", "AAAA", None));
        assert_eq!(stdout, b"{}\ncargo-pipe-state: no\nx\n");
    }

    #[test]
    fn what_a_tools_own_command_printed_stands_behind_it() {
        let plain = r#"{"code": 4, "stdout": "{}\n", "stderr": ""}"#;
        let mut stdout = format!("\ncargo-pipe-state: {{}}\n\n{plain}\n").into_bytes();
        let Left { state, plain } = take(&mut stdout).unwrap();
        let printed = RawOutput { code: 4, stdout: b"{}\n".to_vec(), stderr: Vec::new() };
        assert_eq!((&*state.content, plain), ("", Some(printed)));
    }

    #[test]
    fn what_an_audit_refutes_is_named() {
        let state = |summary: &str| Memory { summary: summary.to_owned(), content: String::new() };
        assert_eq!(refuted(&state(r#"{"files": 1, "refuted": {}}"#)), None);
        let reason =
            refuted(&state(r#"{"refuted": {"a.py": "its messages are others"}}"#)).unwrap();
        assert_eq!(reason.kind, ReasonKind::Internal);
        assert!(reason.message.ends_with("\na.py: its messages are others"), "{reason:?}");
        assert!(reason.hint.is_some());
    }

    #[test]
    fn what_was_printed_stays_where_no_state_was_left() {
        let mut stdout = b"{}\n".to_vec();
        assert!(take(&mut stdout).is_none());
        assert_eq!(stdout, b"{}\n");
    }
}
