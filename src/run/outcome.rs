//! How a step ends.
//!
//! Owns what every possible end means for a check: of its container, of a look into the cache, of
//! what kept it from beginning. An outcome is kept if it is one that would come out again. It must
//! not know how the step ran; [`super::step`] and [`super::preflight`] do. Outcomes go into the report.

use std::time::Duration;

use super::{Context, unseen_imports};
use crate::cache::{CachedOutcome, Key, OutcomeOrigin, ResultCache};
use crate::check::CachePolicy;
use crate::engine::RunError;
use crate::event::Event;
use crate::finding::Excerpts;
use crate::fingerprint::ingredients::Inputs;
use crate::outcome::{CacheUse, CheckOutcome, Log, RawOutput, Reason, ReasonKind, Status};
use crate::plan::Step;
use crate::process::Stop;
use crate::snapshot::Inventory;

/// How much of each stream is kept as a log, in bytes; the middle of a longer one is left out.
const LOG_LIMIT: usize = 256 * 1024;

/// What the cache has under a key that may be replayed for a step.
pub(super) fn replayable(store: &ResultCache, step: &Step, key: &Key) -> Option<CachedOutcome> {
    match step.cache {
        CachePolicy::Never => None,
        CachePolicy::Always => store.lookup(key),
        CachePolicy::Passed => store.lookup(key).filter(|kept| kept.status == Status::Passed),
    }
}

/// Whether a step's outcome would be replayed if it was there.
pub(super) fn cache_use(store: &ResultCache, step: &Step) -> CacheUse {
    match store.mode().replays() && step.cache != CachePolicy::Never {
        true => CacheUse::Miss,
        false => CacheUse::Off,
    }
}

/// The outcome of a step that was kept.
pub(super) fn replayed(step: &Step, kept: CachedOutcome, inputs: Inputs) -> CheckOutcome {
    let CachedOutcome { status, score, log, findings, excerpts, warnings } = kept;
    CheckOutcome {
        status,
        cache: CacheUse::Hit,
        inputs: Some(inputs),
        score,
        log,
        findings,
        excerpts,
        warnings,
        ..blank(step)
    }
}

/// Makes an error of an outcome that speaks of files which are not fixed as they should be.
pub(super) fn unless_unfixed(outcome: &mut CheckOutcome, unfixed: Option<&Reason>) {
    if let (Status::Passed | Status::Findings, Some(reason)) = (outcome.status, unfixed) {
        outcome.status = Status::Error;
        outcome.reason = Some(reason.clone());
    }
}

/// Keeps an outcome that would come out again. What keeps it from that is only a warning.
pub(super) fn keep(store: &ResultCache, step: &Step, outcome: &mut CheckOutcome) {
    let is_kept = matches!(
        (step.cache, outcome.status),
        (CachePolicy::Always | CachePolicy::Passed, Status::Passed)
            | (CachePolicy::Always, Status::Findings)
    );
    let Some(inputs) = outcome.inputs.clone().filter(|_| is_kept) else {
        return;
    };
    let key = Key::of(&inputs.ingredients.fingerprint());
    let origin = OutcomeOrigin { check: outcome.name.to_string(), inputs };
    if let Err(error) = store.save(&key, &origin, &CachedOutcome::from(outcome.clone())) {
        outcome.warnings.push(format!("its outcome cannot be kept for the next time: {error}"));
    }
}

/// Adds what the project as it lies here has to say to findings.
pub(super) fn hint(
    context: Context<'_>,
    outcome: &mut CheckOutcome,
    inventory: &Inventory,
    step: &Step,
) {
    let root = &context.project.root;
    let hints = unseen_imports::unseen_imports(root, inventory, &step.source, &outcome.findings);
    outcome.warnings.extend(hints);
}

/// Why a job has no output, to a person.
pub(super) fn not_run(step: &Step, error: &RunError) -> Reason {
    match error {
        RunError::Stopped => Reason::new(ReasonKind::Stopped, "stopped"),
        RunError::TimedOut { .. } => {
            let message = format!("took longer than {}", humantime::format_duration(step.timeout));
            let hint = format!(
                "give it more time: `--timeout`, or `timeout` in `[checks.{}]`",
                step.check
            );
            Reason::new(ReasonKind::Stopped, message).with_hint(hint)
        }
        RunError::Unseen(said) => unseen(said),
        RunError::Engine(error) => error.reason(),
    }
}

/// The outcome of a step that could not even begin.
pub(super) fn failed(context: Context<'_>, step: &Step, reason: &Reason) -> CheckOutcome {
    let stopped = context.cancel.stopped();
    match (reason.kind, stopped) {
        (ReasonKind::Stopped, Some(stop)) => cancelled(blank(step), stop),
        _ => ended(blank(step), Status::Error, reason.clone()),
    }
}

pub(super) fn blank(step: &Step) -> CheckOutcome {
    CheckOutcome {
        name: step.check.clone(),
        tool: step.tool.clone(),
        tool_version: None,
        status: Status::Passed,
        reason: None,
        cache: CacheUse::Off,
        inputs: None,
        duration: Duration::ZERO,
        score: None,
        log: Log::default(),
        findings: Vec::new(),
        excerpts: Excerpts::default(),
        warnings: Vec::new(),
        plain: None,
    }
}

pub(super) fn finished(context: Context<'_>, outcome: CheckOutcome) -> CheckOutcome {
    context.emitter.emit(&Event::CheckFinished { outcome: &outcome });
    outcome
}

pub(super) fn ended(mut outcome: CheckOutcome, state: Status, reason: Reason) -> CheckOutcome {
    outcome.status = state;
    outcome.reason = Some(reason);
    outcome
}

pub(super) fn cancelled(outcome: CheckOutcome, stop: Stop) -> CheckOutcome {
    let message = match stop {
        Stop::FailFast => "another check did not pass, and --fail-fast was asked for",
        Stop::Interrupt => "the run was interrupted",
    };
    ended(outcome, Status::Cancelled, Reason::new(ReasonKind::Stopped, message))
}

fn unseen(said: &str) -> Reason {
    let message = format!("the container does not see the project: {said}");
    let hint = "`topology = \"stream\"` in pipe.toml copies the files in";
    Reason::new(ReasonKind::Mount, message).with_hint(hint.to_owned())
}

pub(super) fn log(output: &RawOutput) -> Log {
    let (stdout, cut_stdout) = shortened(&output.stdout);
    let (stderr, cut_stderr) = shortened(&output.stderr);
    Log { stdout, stderr, truncated: cut_stdout || cut_stderr }
}

fn shortened(bytes: &[u8]) -> (String, bool) {
    if bytes.len() <= LOG_LIMIT {
        return (String::from_utf8_lossy(bytes).into_owned(), false);
    }
    let half = LOG_LIMIT / 2;
    let head = String::from_utf8_lossy(&bytes[..half]);
    let tail = String::from_utf8_lossy(&bytes[bytes.len() - half..]);
    let left_out = bytes.len() - 2 * half;
    (format!("{head}\n… {left_out} bytes left out …\n{tail}"), true)
}
