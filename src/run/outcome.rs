//! The ways in which a check can end: cached, run, failed, cancelled.
//!
//! An outcome is cached if another run of the same inputs would give the same one.

use super::{Context, missing_packages, unseen_imports};
use crate::cache::{CachedOutcome, Key, OutcomeOrigin, ResultCache};
use crate::check::CachePolicy;
use crate::config::Work;
use crate::engine::RunError;
use crate::event::Event;
use crate::fingerprint::ingredients::Inputs;
use crate::outcome::{CacheUse, CheckOutcome, Log, RawOutput, Reason, ReasonKind, Status};
use crate::plan::Step;
use crate::process::Stop;
use crate::snapshot::Inventory;

/// The number of bytes of each stream that a log keeps; the middle of a longer one is left out.
const LOG_LIMIT: usize = 256 * 1024;

/// Looks up the cached outcome that a step may use.
pub(super) fn lookup_cached(store: &ResultCache, step: &Step, key: &Key) -> Option<CachedOutcome> {
    match step.cache {
        CachePolicy::Never => None,
        CachePolicy::Always => store.lookup(key),
        CachePolicy::Passed => store.lookup(key).filter(|cached| cached.status == Status::Passed),
    }
}

/// The use that a step makes of the cache if its outcome has to be computed.
pub(super) fn cache_use_of_miss(store: &ResultCache, step: &Step) -> CacheUse {
    if store.mode().replays() && step.cache != CachePolicy::Never {
        CacheUse::Miss
    } else {
        CacheUse::Off
    }
}

/// Turns a cached outcome into the outcome of a step.
pub(super) fn from_cache(step: &Step, cached: CachedOutcome, inputs: Inputs) -> CheckOutcome {
    let CachedOutcome { status, score, coverage, log, findings, excerpts, warnings } = cached;
    CheckOutcome {
        status,
        cache: CacheUse::Hit,
        inputs: Some(inputs),
        score,
        coverage,
        log,
        findings,
        excerpts,
        warnings,
        ..CheckOutcome::passed(step.id.clone(), step.tool.clone())
    }
}

/// Turns an outcome into an error if the files that it is about could not be fixed.
pub(super) fn fail_if_unfixed(outcome: &mut CheckOutcome, unfixed: Option<&Reason>) {
    if let (Status::Passed | Status::Findings, Some(reason)) = (outcome.status, unfixed) {
        outcome.status = Status::Error;
        outcome.reason = Some(reason.clone());
    }
}

/// Caches a reproducible outcome. A failure to write the cache is only a warning.
pub(super) fn save_to_cache(store: &ResultCache, step: &Step, outcome: &mut CheckOutcome) {
    let is_cached = match step.cache {
        CachePolicy::Always => matches!(outcome.status, Status::Passed | Status::Findings),
        CachePolicy::Passed => outcome.status == Status::Passed,
        CachePolicy::Never => false,
    };
    let Some(inputs) = outcome.inputs.clone().filter(|_| is_cached) else {
        return;
    };
    let key = Key::from_fingerprint(&inputs.ingredients.fingerprint());
    let origin = OutcomeOrigin { check: outcome.id.to_string(), inputs };
    if let Err(error) = store.save(&key, &origin, &CachedOutcome::from(outcome.clone())) {
        outcome.warnings.push(format!("cannot write to the result cache: {error}"));
    }
}

impl Context<'_> {
    /// Adds warnings for imports that fail because the check does not see a file, or a package is not
    /// installed.
    pub(super) fn warn_of_unseen_imports(
        &self,
        outcome: &mut CheckOutcome,
        inventory: &Inventory,
        step: &Step,
    ) {
        let root = &self.project.root;
        let (source, findings) = (&step.source, &outcome.findings);
        let mut warnings = unseen_imports::find_unseen_imports(root, inventory, source, findings);
        if self.project.is_checkout() {
            warnings.extend(unseen_imports::find_unstaged_imports(self.project, source, findings));
        }
        outcome.warnings.extend(warnings);
        let check = self.config.find_check(&step.id);
        if let Some(check) = check {
            let findings = &outcome.findings;
            let missing =
                missing_packages::find_missing_packages(root, self.config, check, findings);
            outcome.warnings.extend(missing);
        }
    }

    /// Advises about a chosen release of a tool that ends with an error of Python: a dependency that is
    /// newer than the release may have broken it.
    pub(super) fn advise_of_dependencies(
        &self,
        step: &Step,
        reason: Reason,
        output: &RawOutput,
    ) -> Reason {
        let check = self.config.find_check(&step.id);
        let Some(Work::Tool { packages, .. }) = check.map(|check| &check.work) else {
            return reason;
        };
        let stderr = String::from_utf8_lossy(&output.stderr);
        let is_advised = packages.version.is_some()
            && packages.exclude_newer.is_none()
            && reason.hint.is_none()
            && reason.kind == ReasonKind::Tool
            && stderr.contains("Traceback (most recent call last)");
        if !is_advised {
            return reason;
        }
        let lock = &packages.lock;
        reason.with_hint(format!(
            "a dependency that is newer than this release may have broken it: set `exclude-newer` in \
             `[checks.{}]` to a day soon after the release, then run `cargo pipe update {lock}`",
            step.id.check()
        ))
    }

    /// Ends a step that could not begin.
    pub(super) fn fail_step(&self, step: &Step, reason: &Reason) -> CheckOutcome {
        let outcome = CheckOutcome::passed(step.id.clone(), step.tool.clone());
        match (reason.kind, self.cancel.stopped()) {
            (ReasonKind::Stopped, Some(stop)) => cancel(outcome, stop),
            _ => outcome.failed(Status::Error, reason.clone()),
        }
    }

    /// Passes an outcome to the observer, and returns it.
    pub(super) fn finish(&self, outcome: CheckOutcome) -> CheckOutcome {
        self.emitter.emit(&Event::CheckFinished { outcome: &outcome });
        outcome
    }
}

/// Ends a check that was stopped.
pub(super) fn cancel(outcome: CheckOutcome, stop: Stop) -> CheckOutcome {
    let message = match stop {
        Stop::FailFast => "cancelled: another check failed and `--fail-fast` is set",
        Stop::Interrupt => "the run was interrupted",
    };
    outcome.failed(Status::Cancelled, Reason::new(ReasonKind::Stopped, message))
}

/// Explains why a job has no output.
pub(super) fn explain_run_error(step: &Step, error: &RunError) -> Reason {
    match error {
        RunError::Stopped => Reason::new(ReasonKind::Stopped, "stopped"),
        RunError::TimedOut { .. } => {
            let message = format!("took longer than {}", humantime::format_duration(step.timeout));
            let hint = format!(
                "give it more time: `--timeout`, or `timeout` in `[checks.{}]`",
                step.id.check()
            );
            Reason::new(ReasonKind::Stopped, message).with_hint(hint)
        }
        RunError::Exceeded { limit, .. } => {
            let hint = limit.kind.setting().map(|setting| {
                format!("raise `{setting}` in `[checks.{}]` of pipe.toml", step.id.check())
            });
            Reason::new(ReasonKind::Limit, limit.to_string()).with_hint(hint)
        }
        RunError::EndedEarly { .. } => {
            let hint =
                "a plugin or an `init-hook` may have ended it, so its report cannot be trusted";
            Reason::new(ReasonKind::Tool, error.to_string()).with_hint(hint.to_owned())
        }
        RunError::NotInstalled { .. } => {
            let hint = format!(
                "the log has the output of its build system; `install = false` in `[checks.{}]` runs \
                 the check without it",
                step.id.check()
            );
            Reason::new(ReasonKind::Environment, error.to_string()).with_hint(hint)
        }
        RunError::Unseen(_) | RunError::ReadOnly(_) => {
            let hint = "`topology = \"stream\"` in pipe.toml copies the files in";
            Reason::new(ReasonKind::Mount, error.to_string()).with_hint(hint.to_owned())
        }
        RunError::Engine(error) => error.reason(),
    }
}

/// Turns a tool's raw output into a log.
pub(super) fn to_log(output: &RawOutput) -> Log {
    let (stdout, cut_stdout) = shorten(&output.stdout);
    let (stderr, cut_stderr) = shorten(&output.stderr);
    Log { stdout, stderr, truncated: cut_stdout || cut_stderr }
}

fn shorten(bytes: &[u8]) -> (String, bool) {
    if bytes.len() <= LOG_LIMIT {
        return (String::from_utf8_lossy(bytes).into_owned(), false);
    }
    let half = LOG_LIMIT / 2;
    let head = String::from_utf8_lossy(&bytes[..half]);
    let tail = String::from_utf8_lossy(&bytes[bytes.len() - half..]);
    let left_out = bytes.len() - 2 * half;
    (format!("{head}\n… {left_out} bytes left out …\n{tail}"), true)
}
