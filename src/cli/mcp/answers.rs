//! The requests and answers of the server. Each answer has a bounded size.

use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::outcome::{CacheUse, Reason, Status, Verdict};
use crate::report::json::why::JsonWhy;
use crate::report::json::{Counts, JsonFinding, JsonNext};

/// The number of findings in a page that asks for no number.
const PAGE: usize = 50;

/// A run of checks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RunRequest {
    /// The names of the checks; all if empty.
    pub(super) checks: Vec<String>,
    /// Whether the files in the index of git are checked, in place of those in the folder.
    pub(super) staged: bool,
    /// Whether only findings in lines that changed count.
    pub(super) changed: bool,
    /// The commit, branch or tag that `changed` compares with. Default: where this branch began.
    pub(super) since: Option<String>,
    /// Whether cached results are ignored.
    pub(super) no_cache: bool,
}

/// A page of findings of the last run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FindingsRequest {
    /// Only those of this check.
    pub(super) check: Option<String>,
    /// Only those in this file, or below this folder, relative to the project.
    pub(super) path: Option<String>,
    /// Only those with this code or rule, such as `F401` or `unused-import`.
    pub(super) rule: Option<String>,
    /// The number of findings to leave out at the start.
    pub(super) offset: usize,
    /// The largest number of findings to return, at most 200.
    pub(super) limit: usize,
}

impl Default for FindingsRequest {
    fn default() -> Self {
        FindingsRequest { check: None, path: None, rule: None, offset: 0, limit: PAGE }
    }
}

/// A check to explain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainRequest {
    /// The name of the check.
    pub(super) check: String,
}

/// Fixes to show or make.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FixRequest {
    /// The names of the checks; all that can fix if empty.
    pub(super) checks: Vec<String>,
    /// Whether the files are changed. Without it, nothing is changed and the patch is returned.
    pub(super) confirm: bool,
}

/// The checks of a project.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckList {
    /// The folder of the project.
    pub(super) project: String,
    /// Its checks.
    pub(super) checks: Vec<crate::cli::commands::ListedCheck>,
}

/// The result of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunAnswer {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// The exit status of the same run in a terminal.
    pub(super) exit_code: u8,
    /// The fingerprint of the run, which is the same in CI for the same files.
    pub(super) fingerprint: Hash,
    /// The checks.
    pub(super) checks: Vec<RanCheck>,
    /// Warnings and notes about the run, the first of them.
    pub(super) warnings: Vec<String>,
    /// The first findings. `findings` returns the others.
    pub(super) findings: FindingsPage,
    /// The commands that a user can run next in a terminal.
    pub(super) next: Vec<JsonNext>,
}

/// The result of a check.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RanCheck {
    /// Its name.
    pub(super) name: String,
    /// Its tool.
    pub(super) tool: String,
    /// The status in which it ended.
    pub(super) outcome: Status,
    /// The reason, with a hint, if it neither passed nor has findings.
    pub(super) reason: Option<Reason>,
    /// Whether it ran or was answered from the cache.
    pub(super) cache: CacheUse,
    /// The time that it took, in milliseconds.
    pub(super) duration_ms: u64,
    /// The number of its findings by severity.
    pub(super) counts: Counts,
    /// The last lines of the tool's output, if it failed.
    pub(super) output: Option<String>,
}

/// Some findings of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FindingsPage {
    /// The number of all findings that were asked for.
    pub(super) total: usize,
    /// The findings of this page.
    pub(super) findings: Vec<ListedFinding>,
    /// The `offset` of the next page; null if this is the last one.
    pub(super) next_offset: Option<usize>,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedFinding {
    /// The check that found it.
    pub(super) check: String,
    /// The same check on other versions of Python that found it, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) also: Vec<String>,
    /// The finding. A fix that is too large for a page is left out.
    #[serde(flatten)]
    pub(super) finding: JsonFinding,
    /// The source line, as it was checked.
    pub(super) line_text: Option<String>,
}

/// The explanation of a check.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExplainAnswer {
    /// The explanation. Each list has only its first entries.
    pub(super) why: JsonWhy,
    /// The number of entries that were left out.
    pub(super) left_out: usize,
}

/// Fixes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FixAnswer {
    /// Whether the files were changed.
    pub(super) applied: bool,
    /// The files that were or would be changed, the first of them.
    pub(super) files: Vec<String>,
    /// The number of all these files.
    pub(super) total_files: usize,
    /// The changes as a unified diff; empty if they were made.
    pub(super) patch: String,
    /// Whether the end of the patch is missing because it is too long.
    pub(super) patch_truncated: bool,
    /// Warnings, and the fixers that failed.
    pub(super) warnings: Vec<String>,
    /// The run after the changes; null if nothing was changed.
    pub(super) run: Option<RunAnswer>,
}
