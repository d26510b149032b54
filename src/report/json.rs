//! JSON for other programs: frozen, versioned copies of what cargo pipe knows.
//!
//! This module has the report of a finished run, `cargo-pipe/report/1`; [`plan`], [`why`] and
//! [`comparison`] have the other formats. The types of a format only gain members. The schema
//! that `cargo xtask codegen` generates from them, `templates/schema/report-1.json` and its
//! neighbours, is the contract. Structs are always copies of the internal ones; enums of plain
//! words, such as [`Status`], are shared, and the schema tests notice when one of them changes.

pub mod comparison;
mod finding;
mod into_report;
mod phase;
mod plain;
pub mod plan;
mod text;
pub mod why;

pub use finding::{JsonEdit, JsonFinding, JsonFix, JsonPlace};
pub use phase::JsonPhase;
pub use plain::{JsonOtherwise, JsonPlain};
pub use text::{compact, pretty};

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::next::{self, NextCommand, Purpose};
use super::review::ReviewFile;
use crate::engine_info::EngineInfo;
use crate::finding::{Finding, Severity};
use crate::fingerprint::ingredients::Ingredients;
use crate::fingerprint::ingredients::Parts;
use crate::gate::baseline::BaselineEntry;
use crate::gate::{CompareBase, Gated};
use crate::hash::Hash;
use crate::outcome::{CacheUse, CheckOutcome, Coverage, Reason, Status, Verdict};
use crate::plan::{Affected, Partition};
use why::{JsonDifference, JsonWorkDone};

/// The name of this version of the format.
pub const SCHEMA: &str = "cargo-pipe/report/1";

/// Renders the report as pretty JSON with a line feed at the end. Equal reports give equal bytes.
#[must_use]
pub fn to_json(report: &super::Report) -> String {
    text::pretty(&JsonReport::from(report))
}

/// Parses a report. Fields of newer versions are ignored.
///
/// # Errors
///
/// When the text is not JSON, or not a report of this version of the format.
pub fn from_json(text: &str) -> Result<JsonReport, serde_json::Error> {
    serde_json::from_str(text)
}

/// The JSON schema of the format.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of::<JsonReport>(SCHEMA, "A report of cargo pipe")
}

/// The JSON schema of a type that is serialised.
#[cfg(feature = "schema")]
fn schema_of<T: schemars::JsonSchema>(id: &str, title: &str) -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), id.into());
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonReport {
    /// `cargo-pipe/report/1`.
    pub schema: ReportSchema,
    /// The version of cargo pipe that wrote the report.
    pub version: String,
    /// How the run ended.
    pub verdict: Verdict,
    /// The exit status that belongs to the verdict.
    pub exit_code: u8,
    /// Of the whole run: its checks' names and fingerprints.
    pub fingerprint: Hash,
    /// What the checks ran on, such as `linux/amd64`; null if nothing was started.
    pub platform: Option<String>,
    /// What ran the checks; null if nothing was started.
    pub engine: Option<EngineInfo>,
    /// Warnings, without duplicates.
    pub warnings: Vec<String>,
    /// The duration of the run, in milliseconds; null in reports of older versions.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// The pulls, builds and fixers before the checks, in the order of their ends.
    #[serde(default)]
    pub phases: Vec<JsonPhase>,
    /// The files of each snapshot and their hashes, under the snapshot's hash.
    pub snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    /// The files that a fix changed.
    pub changed_files: Vec<String>,
    /// Which findings count; null if all that their tools do not accept.
    pub gate: Option<JsonGate>,
    /// The changed files that decide what checks report; null if no commit to compare with is known,
    /// and in reports of older versions.
    #[serde(default)]
    pub review: Option<JsonReview>,
    /// The checks that a change reaches, and those that did not run because it does not; null unless
    /// that was asked for, and in reports of older versions.
    #[serde(default)]
    pub affected: Option<Affected>,
    /// The part of a run that this is; null for a whole run, and in reports of older versions.
    #[serde(default)]
    pub partition: Option<Partition>,
    /// The path of the project within its repository, with `/`; empty at the root, and in reports of
    /// older versions.
    #[serde(default)]
    pub folder: String,
    /// The checks, in plan order.
    pub checks: Vec<JsonCheck>,
    /// The commands to run next; empty if every check passed, and in reports of older versions.
    #[serde(default)]
    pub next: Vec<JsonNext>,
}

/// A command to run next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonNext {
    /// What it is for.
    pub purpose: Purpose,
    /// The command in the folder of the project, quoted for a shell.
    pub command: String,
    /// How many findings it fixes.
    pub fixes: usize,
}

impl From<&NextCommand> for JsonNext {
    fn from(next: &NextCommand) -> Self {
        let NextCommand { purpose, words: _, fixes } = next;
        JsonNext { purpose: *purpose, command: next.in_project(), fixes: *fixes }
    }
}

/// The changed files that decide what checks report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonReview {
    /// The commit that files are compared with.
    pub base: CompareBase,
    /// The files, sorted by path.
    pub files: Vec<ReviewFile>,
}

/// What kept findings from counting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonGate {
    /// The findings that are accepted; null if no baseline was read.
    pub baseline: Option<JsonBaseline>,
    /// The lines that count; null if all do.
    pub changed: Option<JsonChanged>,
}

/// What a baseline accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonBaseline {
    /// Its file, relative to the project, with `/`.
    pub file: String,
    /// The hash of its content.
    pub hash: Hash,
    /// How many findings of the run are in it.
    pub accepted: usize,
    /// Its entries that the checks did not find any more.
    pub gone: Vec<BaselineEntry>,
    /// Whether such an entry fails the run.
    #[serde(default)]
    pub strict: bool,
}

/// Which lines count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonChanged {
    /// What they are compared with.
    #[serde(flatten)]
    pub base: CompareBase,
    /// How many findings are in lines that did not change, those of the baseline apart.
    pub outside: usize,
}

/// The name of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ReportSchema {
    /// This version.
    #[default]
    #[serde(rename = "cargo-pipe/report/1")]
    Report1,
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonCheck {
    /// The identity of its step, spelled `package:check@python`; the package and the Python are left out
    /// where the project has only one.
    pub name: String,
    /// The package that it is for; null where the project has only one.
    #[serde(default)]
    pub package: Option<String>,
    /// The version of Python that it is for; null where the project has only one.
    #[serde(default)]
    pub python: Option<String>,
    /// The tool behind it, or `command` for a check of the user's own.
    pub tool: String,
    /// The tool's locked version; null where none is locked.
    pub tool_version: Option<String>,
    /// The state it ended in.
    pub outcome: Status,
    /// Why, where it is neither passed nor findings.
    pub reason: Option<Reason>,
    /// Whether it ran or was replayed.
    pub cache: CacheUse,
    /// The hash of everything that can change its outcome; null if it ended before that was known.
    pub fingerprint: Option<Hash>,
    /// What the fingerprint is made from.
    pub inputs: Option<Ingredients>,
    /// What the ingredients are made from, by name, with hashes for values that may be secret; null
    /// where they are not known, and in reports of older versions.
    #[serde(default)]
    pub parts: Option<Parts>,
    /// The differences to its last run in this folder; null if there was no such run, if the result was
    /// replayed, and in reports of older versions.
    #[serde(default)]
    pub since_last: Option<Vec<JsonDifference>>,
    /// The work of its incremental tool; null if the tool does not report it, if the result was replayed,
    /// and in reports of older versions.
    #[serde(default)]
    pub work: Option<JsonWorkDone>,
    /// The time from the start of the run until it began, in milliseconds; null if it did not run, and in
    /// reports of older versions.
    #[serde(default)]
    pub started_ms: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many findings of each severity it has, those that do not count included.
    pub counts: Counts,
    /// pylint's score.
    pub score: Option<f64>,
    /// The lines that the tests executed; null if that was not measured, and in reports of older
    /// versions.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// What the tool wrote.
    pub log: JsonLog,
    /// Sorted by path, line, column, code and message.
    pub findings: Vec<JsonFinding>,
    /// The differences from the output of pylint's own command; null unless cargo pipe tests itself.
    #[serde(default)]
    pub plain: Option<JsonPlain>,
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Counts {
    /// Something is wrong.
    pub error: usize,
    /// Something is likely to be wrong.
    pub warning: usize,
    /// Something could be better.
    pub info: usize,
}

impl Counts {
    /// Counts findings.
    #[must_use]
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Counts::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => counts.error += 1,
                Severity::Warning => counts.warning += 1,
                Severity::Info => counts.info += 1,
            }
        }
        counts
    }
}

/// A tool's raw output as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonLog {
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Whether a part in the middle was left out.
    pub truncated: bool,
}

impl From<&super::Report> for JsonReport {
    fn from(report: &super::Report) -> Self {
        JsonReport {
            schema: ReportSchema::Report1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: report.verdict,
            exit_code: report.verdict.exit_code(),
            fingerprint: report.fingerprint(),
            platform: report.platform.clone(),
            engine: report.engine.clone(),
            warnings: super::warnings(report),
            duration_ms: Some(milliseconds(report.duration)),
            phases: report.phases.iter().map(JsonPhase::from).collect(),
            snapshots: report.snapshots.clone(),
            changed_files: report.changed_files.clone(),
            gate: report.gate.as_ref().map(JsonGate::from),
            review: report.review.as_ref().map(|review| JsonReview {
                base: review.base.clone(),
                files: review.files.clone(),
            }),
            affected: report.affected.clone(),
            partition: report.partition.clone(),
            folder: report.folder.clone(),
            checks: report.checks.iter().map(JsonCheck::from).collect(),
            next: next::commands(&report.checks).iter().map(JsonNext::from).collect(),
        }
    }
}

impl From<&Gated> for JsonGate {
    fn from(gate: &Gated) -> Self {
        JsonGate {
            baseline: gate.baseline.as_ref().map(|baseline| JsonBaseline {
                file: baseline.file.to_string(),
                hash: baseline.hash,
                accepted: baseline.accepted,
                gone: baseline.gone.clone(),
                strict: baseline.strict,
            }),
            changed: gate.changed.as_ref().map(|changed| JsonChanged {
                base: changed.base.clone(),
                outside: changed.findings,
            }),
        }
    }
}

impl From<&CheckOutcome> for JsonCheck {
    fn from(check: &CheckOutcome) -> Self {
        JsonCheck {
            name: check.id.to_string(),
            package: check.id.package().map(str::to_owned),
            python: check.id.python().map(str::to_owned),
            tool: check.tool.clone(),
            tool_version: check.tool_version.clone(),
            outcome: check.status,
            reason: check.reason.clone(),
            cache: check.cache,
            fingerprint: check.fingerprint(),
            inputs: check.inputs.as_ref().map(|inputs| inputs.ingredients.clone()),
            parts: check.inputs.as_ref().map(|inputs| inputs.parts.clone()),
            since_last: check.since_last.as_deref().map(why::differences),
            work: check.work.as_ref().map(JsonWorkDone::from),
            started_ms: check.started.map(milliseconds),
            duration_ms: milliseconds(check.duration),
            counts: Counts::of(&check.findings),
            score: check.score,
            coverage: check.coverage.clone(),
            log: JsonLog {
                stdout: check.log.stdout.clone(),
                stderr: check.log.stderr.clone(),
                truncated: check.log.truncated,
            },
            findings: check.findings.iter().map(JsonFinding::from).collect(),
            plain: check.plain.as_ref().map(JsonPlain::from),
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
