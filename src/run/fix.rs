//! Runs the fixers of a plan on a private copy of the project, and writes their changes back.
//!
//! Each fixer works on what the one before it left. A fixer runs again if another one changed its
//! files afterwards, and only a text that all of them accept is written. A check whose files could not
//! be fixed ends as an error, so that nothing passes silently.

mod messages;
mod working_copy;
pub mod write_back;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::Context;
use super::resources::Resources;
use super::snapshot::Snapshot;
use super::step::{self, StepResources};
use crate::cache::ResultCache;
use crate::check::StepId;
use crate::engine::{Access, EngineError, RunError};
use crate::event::Event;
use crate::outcome::{RawOutput, Reason, ReasonKind};
use crate::plan::{COMMAND, Effect, FileSet, FixStep, Plan, Step};
use crate::project::ProjectPath;
use crate::report::diff;
use crate::snapshot::{self, Changes, Inventory, SnapshotError};
use messages::{describe_conflicts, explain_exit, explain_fixer_error, name_files};
use working_copy::WorkingCopy;

/// The number of rounds in which fixers may agree on a text.
const ROUNDS: usize = 3;

/// The lowest exit status that does not come from the fixer itself: it was killed, or never began.
const NOT_ITS_OWN: i32 = 125;

/// The result of fixing.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// The files that were changed, or would be.
    pub(super) changed: Vec<String>,
    /// The changes as a unified diff, if they are only shown.
    pub(super) patch: Vec<u8>,
    /// The checks whose files could not be fixed.
    pub(super) unfixed: BTreeMap<StepId, Reason>,
    /// Warnings for the user.
    pub(super) warnings: Vec<String>,
}

/// Runs the fixers of a plan, if it has any, and writes or shows what they changed.
pub(super) fn run(resources: &mut Resources<'_>, plan: &Plan) -> Result<Fixed, EngineError> {
    let Some(fixes) = &plan.fixes else {
        return Ok(Fixed::default());
    };
    let environments = fixes.steps.iter().map(|fix| &fix.step.environment).collect();
    resources.prepare(&environments)?;
    let context = resources.context;
    let file_sets: BTreeSet<&FileSet> = fixes.steps.iter().map(|fix| &fix.step.file_set).collect();
    let folder = resources.directory.path().join("fix");
    let root = &context.project.root;
    let working_copy =
        match WorkingCopy::set_up(root, &folder.join("copy"), &file_sets, context.cancel) {
            Ok(working_copy) => working_copy,
            Err(error) => {
                let mut fixed = Fixed::default();
                for fix in &fixes.steps {
                    fixed.unfixed.insert(fix.step.id.clone(), error.reason());
                }
                return Ok(fixed);
            }
        };
    let mut fixers = Fixers {
        context,
        resources,
        checks: &plan.steps,
        store: context.open_cache(plan.cache),
        effect: fixes.effect,
        folder,
        working_copy,
        runs: 0,
        fixed: Fixed::default(),
    };
    fixers.run_until_settled(&fixes.steps);
    Ok(match fixes.effect {
        Effect::Write => fixers.write(),
        Effect::Show => fixers.show(),
    })
}

/// The fixers of a plan and the copy that they work on.
struct Fixers<'r> {
    context: Context<'r>,
    resources: &'r Resources<'r>,
    /// The checks of the fixers, and the cache with what is known of their files.
    checks: &'r [Step],
    store: ResultCache,
    effect: Effect,
    folder: PathBuf,
    working_copy: WorkingCopy,
    /// The number of containers that were started.
    runs: usize,
    fixed: Fixed,
}

/// The checks whose fixers changed a file in a round.
type Changers = BTreeMap<ProjectPath, BTreeSet<StepId>>;

impl Fixers<'_> {
    /// Runs the fixers until none of them changes a file, or until it is clear that this will not
    /// happen.
    fn run_until_settled(&mut self, fixes: &[FixStep]) {
        // The number of changes that a fixer has seen, its own included, when it last ended.
        let mut seen: Vec<Option<usize>> = vec![None; fixes.len()];
        let mut changes = 0;
        let mut first = None;
        let mut fighting = Changers::new();
        for _ in 0..ROUNDS {
            let before = self.working_copy.checkpoint();
            let mut changers = Changers::new();
            for (fix, seen) in fixes.iter().zip(&mut seen) {
                let is_unfixed = self.fixed.unfixed.contains_key(&fix.step.id);
                if *seen == Some(changes) || is_unfixed || self.context.is_stopped() {
                    continue;
                }
                let changed = self.fix(fix);
                changes += usize::from(!changed.is_empty());
                *seen = Some(changes);
                for path in changed {
                    changers.entry(path).or_default().insert(fix.step.id.clone());
                }
            }
            if changers.is_empty() {
                return;
            }
            let after = self.working_copy.checkpoint();
            fighting = changers;
            if before == after {
                break;
            }
            first.get_or_insert(after);
        }
        self.fixed.warnings.extend(describe_conflicts(&fighting));
        // A conflict is left as if each fixer had run once, the formatter last.
        if let Some(first) = first {
            self.working_copy.restore(first);
        }
    }

    /// Runs one fixer, and returns the files that it changed.
    fn fix(&mut self, fix: &FixStep) -> Vec<ProjectPath> {
        let check = &fix.step.id;
        self.context.emitter.emit(&Event::FixStarted { check });
        let changed = self.run_fixer(fix).unwrap_or_else(|reason| {
            self.fixed.unfixed.insert(check.clone(), reason);
            Vec::new()
        });
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        self.context.emitter.emit(&Event::FixFinished { check, changed: &names });
        changed
    }

    fn run_fixer(&mut self, fix: &FixStep) -> Result<Vec<ProjectPath>, Reason> {
        let (context, resources, step) = (self.context, self.resources, &fix.step);
        self.runs += 1;
        let name = format!("fix-{}", self.runs);
        let folder = self.folder.join(&name);
        let (mut inventory, mut tree) =
            self.working_copy.copy_part(&step.file_set, &folder.join("app"), context.cancel)?;
        let accepted = self.find_accepted_files(step, &inventory)?;
        if !accepted.is_empty() {
            let files: BTreeSet<ProjectPath> =
                inventory.entries.keys().filter(|path| !accepted.contains(path)).cloned().collect();
            let part = folder.join("part");
            tree = snapshot::copy_part(&tree, &inventory, &files, &part, context.cancel)
                .map_err(|error| error.reason())?;
            inventory = inventory.only(&files);
        }
        if !inventory.has_any_below(&step.source, &step.endings) {
            // The check itself reports that it covers no files.
            return Ok(Vec::new());
        }
        let snapshot = Ok(Snapshot { inventory: inventory.clone(), tree, kept: None });
        let engine = resources.engine();
        let ready = StepResources {
            context,
            engine,
            environment: resources.environments.get(&step.environment),
            snapshot: Some(&snapshot),
            folder: &folder,
            store: None,
        }
        .make_ready(step)?;
        engine.place(ready.trees());
        let job = ready.job_as(&name, Access::Write);
        let output = match engine.run(&job) {
            Ok(output) if output.code >= NOT_ITS_OWN => return Err(explain_exit(fix, &output)),
            Ok(output) => output,
            Err(RunError::Stopped) => return Ok(Vec::new()),
            Err(error) => return Err(explain_fixer_error(fix, &error)),
        };
        let changes = engine.changes(&job, &inventory).map_err(|error| error.reason())?;
        let changed = self.accept_changes(fix, changes).map_err(|error| error.reason())?;
        self.judge_exit(fix, &output);
        Ok(changed)
    }

    /// The files that a fixer would leave as they are, because its check is known to accept them.
    fn find_accepted_files(
        &self,
        fixer: &Step,
        inventory: &Inventory,
    ) -> Result<BTreeSet<ProjectPath>, Reason> {
        // The commands of a check of the user's own need not agree.
        let is_one_tool = fixer.tool != COMMAND;
        let check = self.checks.iter().find(|check| is_one_tool && check.id == fixer.id);
        match (check, self.resources.environments.get(&fixer.environment)) {
            (Some(check), Some(Ok(environment))) => {
                step::find_accepted_files(self.context, check, environment, &self.store, inventory)
            }
            _ => Ok(BTreeSet::new()),
        }
    }

    /// Accepts a fixer's changes to the files that its check is about, and names the others.
    fn accept_changes(
        &mut self,
        fix: &FixStep,
        changes: Changes,
    ) -> Result<Vec<ProjectPath>, SnapshotError> {
        let check = &fix.step.id;
        let Changes { contents, added, lost } = changes;
        let (mut changed, mut outside) = (Vec::new(), BTreeSet::new());
        for (path, content) in contents {
            if fix.step.source.iter().any(|source| path.starts_with(source)) {
                self.working_copy.accept(&path, content, check)?;
                changed.push(path);
            } else {
                outside.insert(path.to_string());
            }
        }
        let lost = lost.iter().map(ToString::to_string).collect();
        for (paths, what, so) in [
            (&outside, "changed", "which is not in its `source`, so that change is ignored"),
            (&added, "created", "but new files are ignored"),
            (&lost, "removed or replaced", "but only changes of contents are written back"),
        ] {
            if !paths.is_empty() {
                let warning = format!("the fixer of `{check}` {what} {}, {so}", name_files(paths));
                self.fixed.warnings.push(warning);
            }
        }
        Ok(changed)
    }

    /// Reports a fixer that failed. A tool's own check, which follows, reports what could not be
    /// fixed; a user's command has no such check.
    fn judge_exit(&mut self, fix: &FixStep, output: &RawOutput) {
        let step = &fix.step;
        if output.code == 0 || step.findings_exit.contains(&output.code) {
            return;
        }
        match self.effect {
            Effect::Show => {
                self.fixed.unfixed.insert(step.id.clone(), explain_exit(fix, output));
            }
            Effect::Write if step.tool == COMMAND => {
                let message = explain_exit(fix, output).message;
                self.fixed.warnings.push(format!("{}: {message}", step.id));
            }
            Effect::Write => {}
        }
    }

    /// Writes the changes to the project.
    fn write(mut self) -> Fixed {
        if self.context.is_stopped() {
            return self.finish();
        }
        let context = self.context;
        let root = &context.project.root;
        let amendments = self.working_copy.amendments();
        let mut observe = |_: write_back::WriteBackStep<'_>| {
            if context.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let written = write_back::sweep(root, &self.working_copy.folders())
            .and_then(|()| write_back::write(root, &amendments, &mut observe));
        match written {
            Ok(written) => {
                self.fixed.changed = written.changed.iter().map(ToString::to_string).collect();
                for (path, left_alone) in &written.left_alone {
                    let hint = match left_alone {
                        write_back::LeftAlone::Edited(_) => Some("run it again".to_owned()),
                        _ => None,
                    };
                    self.report_unchanged(path, &left_alone.to_string(), hint);
                }
            }
            Err(error) => {
                for amendment in &amendments {
                    self.report_unwritable(&amendment.path, &error);
                }
            }
        }
        self.finish()
    }

    fn report_unwritable(&mut self, path: &ProjectPath, error: &io::Error) {
        self.report_unchanged(path, &format!("`{path}` could not be replaced: {error}"), None);
    }

    /// Fails every check whose fixer wanted to change a file that was not changed.
    fn report_unchanged(&mut self, path: &ProjectPath, why: &str, hint: Option<String>) {
        self.fixed.warnings.push(why.to_owned());
        for check in self.working_copy.touched_by(path) {
            let reason = Reason::new(ReasonKind::Environment, why).with_hint(hint.clone());
            self.fixed.unfixed.entry(check).or_insert(reason);
        }
    }

    /// Shows the changes as a patch.
    fn show(mut self) -> Fixed {
        for (path, before, after) in self.working_copy.differences() {
            self.fixed.changed.push(path.to_string());
            self.fixed.patch.extend(diff::unified(path.as_str(), before, after));
        }
        self.finish()
    }

    fn finish(mut self) -> Fixed {
        let mut seen = BTreeSet::new();
        self.fixed.warnings.retain(|warning| seen.insert(warning.clone()));
        self.fixed
    }
}
