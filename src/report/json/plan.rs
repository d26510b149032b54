//! The JSON of `--dry-run`: a frozen copy of a plan, `cargo-pipe/plan/1`.

mod command;
mod environment;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::check::{CachePolicy, FindingsSpec, Grant};
use crate::config::CacheMode;
use crate::gate::Since;
use crate::plan::{Affected, Effect, FixStep, Partition, Plan, Step};
use crate::project::ProjectPath;

pub use command::{JsonCommand, JsonCommandKind};
pub use environment::{JsonEnvironment, JsonEnvironmentKind};

/// A plan as pretty JSON with a line feed at the end.
#[must_use]
pub fn to_json(plan: &Plan) -> String {
    super::pretty(&JsonPlan::from(plan))
}

/// The JSON schema of the format.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    super::schema_of::<JsonPlan>("cargo-pipe/plan/1", "A plan of cargo pipe")
}

/// A run that has not started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPlan {
    /// `cargo-pipe/plan/1`.
    pub schema: PlanSchema,
    /// The version of cargo pipe that wrote the plan.
    pub version: String,
    /// Whether the first check that does not pass cancels the others.
    pub fail_fast: bool,
    /// The number of checks that run at once.
    pub jobs: usize,
    /// How the result cache is used.
    pub cache: CacheMode,
    /// The findings that will count.
    pub gate: JsonPlannedGate,
    /// Remarks about what the plan leaves out.
    pub notes: Vec<String>,
    /// What is fixed before the checks run; null if nothing is.
    pub fixes: Option<JsonFixes>,
    /// The checks that a change reaches, and those that will not run because it does not; null unless
    /// that was asked for.
    pub affected: Option<Affected>,
    /// The part of a run that this is; null for a whole run.
    pub partition: Option<Partition>,
    /// The names of the checks in the order in which they start: the longest first, by their last durations
    /// on this machine; null if the order was not determined.
    pub starts: Option<Vec<String>>,
    /// The checks, in the order of the report; empty if fixes are only shown.
    pub checks: Vec<JsonPlannedCheck>,
}

/// The name of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PlanSchema {
    /// This version.
    #[default]
    #[serde(rename = "cargo-pipe/plan/1")]
    Plan1,
}

/// The findings that will count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPlannedGate {
    /// The file of accepted findings; null if none is read.
    pub baseline: Option<JsonBaselineFile>,
    /// The lines that count; null if all do.
    pub changed: Option<JsonChangedSince>,
}

/// The file of accepted findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonBaselineFile {
    /// Relative to the project, with `/`.
    pub path: String,
    /// Whether an option or a setting names it. Then it is an error if the file does not exist.
    pub named: bool,
}

/// The commit since which lines must have changed to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonChangedSince {
    /// The name of the commit, such as `main`; null for the target branch of the CI job, or else
    /// the default branch.
    #[serde(rename = "ref")]
    pub name: Option<String>,
}

/// What is fixed before the checks run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFixes {
    /// What happens to the changed files.
    pub effect: Effect,
    /// Why files are fixed.
    pub reason: String,
    /// The fixers, in the order they run, one after the other.
    pub fixers: Vec<JsonFixer>,
}

/// The fixer of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFixer {
    /// Its check, with the command that fixes.
    #[serde(flatten)]
    pub check: JsonPlannedCheck,
    /// Why it has its place in the order.
    pub reason: String,
}

/// A check that will run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPlannedCheck {
    /// The identity of its step, spelled `package:check@python`; the package and the Python are left
    /// out where the project has only one.
    pub name: String,
    /// The package that it is for; null where the project has only one.
    pub package: Option<String>,
    /// The version of Python that it is for; null where the project has only one.
    pub python: Option<String>,
    /// The tool behind it, or `command` for a check of the user's own.
    pub tool: String,
    /// The files and folders that it is about, relative to the project, with `/`.
    pub source: Vec<String>,
    /// The endings of the files that it is about; empty for any.
    pub endings: Vec<String>,
    /// The files that it sees, and that its fingerprint covers.
    pub files: JsonFileSet,
    /// The configuration file of the tool; null if it has none, or finds its own.
    pub config: Option<JsonConfigFile>,
    /// The environment that it runs in.
    pub environment: JsonEnvironment,
    /// The command inside the container.
    pub command: JsonCommand,
    /// The variables inside the container.
    pub env: BTreeMap<String, String>,
    /// The exit statuses that mean findings; empty for a tool that cargo pipe knows.
    pub findings_exit: Vec<i32>,
    /// The format of its findings; null for a tool that cargo pipe knows, and for a command whose
    /// output is not read.
    pub findings: Option<JsonFindingsFormat>,
    /// Whether it can write to its files, which are a private copy then.
    pub writable: bool,
    /// Whether it has a result for each file, so that it checks only the files that changed.
    pub per_file: bool,
    /// What it is granted beyond the sandbox.
    pub grants: BTreeSet<Grant>,
    /// Its time limit, in milliseconds.
    pub timeout_ms: u64,
    /// The limit of the memory of all its processes, in bytes.
    pub memory_bytes: u64,
    /// The limit of its writable copy of the project, in bytes.
    pub disk_bytes: u64,
    /// The limit of its output, in bytes.
    pub output_bytes: u64,
    /// Which of its results may be cached.
    pub cache: CachePolicy,
}

/// The format of a command's findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFindingsFormat {
    /// The name of the format.
    pub format: String,
    /// `stdout`, `stderr`, or `file:` and a path in the container.
    pub from: String,
    /// Whether an exit status that means findings may come without any.
    pub empty_ok: bool,
}

impl From<&FindingsSpec> for JsonFindingsFormat {
    fn from(spec: &FindingsSpec) -> Self {
        JsonFindingsFormat {
            format: spec.format.name().to_owned(),
            from: spec.from.to_string(),
            empty_ok: spec.empty_ok,
        }
    }
}

/// The files that a check sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFileSet {
    /// Files and folders, relative to the project, with `/`.
    pub paths: Vec<String>,
    /// Globs of the files that are left out.
    pub exclude: Vec<String>,
    /// Globs of files that are seen although git ignores them.
    pub include: Vec<String>,
    /// Endings of the hidden files that are seen.
    pub hidden: Vec<String>,
    /// Files that are seen where they exist, because building the project generates them.
    pub generated: Vec<String>,
}

/// The configuration file of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonConfigFile {
    /// Relative to the project, with `/`.
    pub path: String,
    /// Whether it is mounted on its own; otherwise it is read among the files that the check sees.
    pub mounted: bool,
}

impl From<&Plan> for JsonPlan {
    fn from(plan: &Plan) -> Self {
        let Plan {
            fixes,
            notes,
            steps,
            gate,
            fail_fast,
            jobs,
            cache,
            starts,
            affected,
            partition,
            others: _,
        } = plan;
        let baseline = gate.baseline.as_ref().map(|baseline| JsonBaselineFile {
            path: baseline.path.to_string(),
            named: baseline.named,
        });
        let changed = gate.changed.as_ref().map(|since| JsonChangedSince {
            name: match since {
                Since::Ref(name) => Some(name.clone()),
                Since::Default => None,
            },
        });
        let fixes = fixes.as_ref().map(|fixes| JsonFixes {
            effect: fixes.effect,
            reason: fixes.reason.clone(),
            fixers: fixes.steps.iter().map(JsonFixer::from).collect(),
        });
        JsonPlan {
            schema: PlanSchema::Plan1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fail_fast: *fail_fast,
            jobs: *jobs,
            cache: *cache,
            gate: JsonPlannedGate { baseline, changed },
            notes: notes.clone(),
            fixes,
            affected: affected.clone(),
            partition: partition.clone(),
            starts: starts.as_ref().map(|steps| steps.iter().map(ToString::to_string).collect()),
            checks: steps.iter().map(JsonPlannedCheck::from).collect(),
        }
    }
}

impl From<&FixStep> for JsonFixer {
    fn from(fix: &FixStep) -> Self {
        JsonFixer { check: JsonPlannedCheck::from(&fix.step), reason: fix.reason.clone() }
    }
}

impl From<&Step> for JsonPlannedCheck {
    fn from(step: &Step) -> Self {
        let files = JsonFileSet {
            paths: texts(&step.file_set.paths),
            exclude: step.file_set.exclude.clone(),
            include: step.file_set.include.clone(),
            hidden: step.file_set.hidden.clone(),
            generated: texts(&step.file_set.generated),
        };
        let config = step.config.as_ref().map(|config| JsonConfigFile {
            path: config.path.to_string(),
            mounted: config.mounted,
        });
        JsonPlannedCheck {
            name: step.id.to_string(),
            package: step.id.package().map(str::to_owned),
            python: step.id.python().map(str::to_owned),
            tool: step.tool.clone(),
            source: texts(&step.source),
            endings: step.endings.clone(),
            files,
            config,
            environment: JsonEnvironment::from(&step.environment),
            command: JsonCommand::from(&step.command),
            env: step.env.clone(),
            findings_exit: step.findings_exit.iter().copied().collect(),
            findings: step.findings.as_ref().map(JsonFindingsFormat::from),
            writable: step.writable,
            per_file: step.per_file,
            grants: step.grants.clone(),
            timeout_ms: u64::try_from(step.timeout.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: step.limits.memory.0,
            disk_bytes: step.limits.disk.0,
            output_bytes: step.limits.output.0,
            cache: step.cache,
        }
    }
}

fn texts(paths: &[ProjectPath]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}
