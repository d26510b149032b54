//! Fixers at work, before anything is checked.
//!
//! Owns the order of things: each fixer runs on the copy that the one before left, those run again
//! whose files were changed behind them, and what is written back is what they agree on. It must
//! not know how a file gets into the project, which is [`crate::run::fix::write_back`]'s. What could not be
//! fixed as it should be ends the check in question as an error, so that nothing passes silently.

mod working_copy;
pub mod write_back;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::{Context, Directory, Preparation, Snapshot, snapshot_reason, step};
use crate::check::CheckName;
use crate::engine::{Access, Engine, RunError};
use crate::event::Event;
use crate::outcome::{RawOutput, Reason, ReasonKind};
use crate::plan::{COMMAND, Effect, EnvironmentSpec, FileSet, FixStep, Fixes};
use crate::project::ProjectPath;
use crate::report::diff;
use crate::snapshot::{Changes, SnapshotError};
use working_copy::WorkingCopy;

/// How often fixers are given the chance to agree.
const ROUNDS: usize = 3;

/// How many files a message names.
const NAMED: usize = 5;

/// From this exit status on it is not the fixer that speaks: it was killed, or never began.
const NOT_ITS_OWN: i32 = 125;

/// What fixes came to.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// The files that were changed, or would be.
    pub(super) changed: Vec<String>,
    /// The same as a unified diff, if it is only shown.
    pub(super) patch: Vec<u8>,
    /// Checks whose files were not fixed as they should be.
    pub(super) unfixed: BTreeMap<CheckName, Reason>,
    /// What a person should know.
    pub(super) warnings: Vec<String>,
}

/// What fixers need.
#[derive(Clone, Copy)]
pub(super) struct FixContext<'s, 'w> {
    pub(super) context: Context<'w>,
    pub(super) engine: &'s dyn Engine,
    pub(super) environments: &'s BTreeMap<EnvironmentSpec, Preparation>,
    pub(super) directory: &'s Directory,
}

/// Runs the fixers of a plan, and writes back or shows what they changed.
pub(super) fn run(site: FixContext<'_, '_>, fixes: &Fixes) -> Fixed {
    let file_sets: BTreeSet<&FileSet> = fixes.steps.iter().map(|fix| &fix.step.file_set).collect();
    let folder = site.directory.path().join("fix");
    let root = &site.context.project.root;
    let bench =
        match WorkingCopy::set_up(root, &folder.join("copy"), &file_sets, site.context.cancel) {
            Ok(bench) => bench,
            Err(error) => {
                let reason = snapshot_reason(&error);
                let checks = fixes.steps.iter().map(|fix| (fix.step.check.clone(), reason.clone()));
                return Fixed { unfixed: checks.collect(), ..Fixed::default() };
            }
        };
    let mut work =
        Work { site, effect: fixes.effect, folder, bench, runs: 0, fixed: Fixed::default() };
    work.settle(&fixes.steps);
    match fixes.effect {
        Effect::Write => work.write(),
        Effect::Show => work.show(),
    }
}

/// Fixers at work.
struct Work<'s, 'w> {
    site: FixContext<'s, 'w>,
    effect: Effect,
    folder: PathBuf,
    bench: WorkingCopy,
    /// How many containers were started.
    runs: usize,
    fixed: Fixed,
}

/// Which checks' fixers changed a file in a round.
type Changers = BTreeMap<ProjectPath, BTreeSet<CheckName>>;

impl Work<'_, '_> {
    /// Runs the fixers until no file is changed any more, or it is clear that this will not happen.
    fn settle(&mut self, fixes: &[FixStep]) {
        // How many changes a fixer has seen, its own included, when it ended the last time.
        let mut seen: Vec<Option<usize>> = vec![None; fixes.len()];
        let mut changes = 0;
        let mut first = None;
        let mut fighting = Changers::new();
        for _ in 0..ROUNDS {
            let before = self.bench.checkpoint();
            let mut changers = Changers::new();
            for (fix, seen) in fixes.iter().zip(&mut seen) {
                let is_unfixed = self.fixed.unfixed.contains_key(&fix.step.check);
                if *seen == Some(changes) || is_unfixed || self.is_stopped() {
                    continue;
                }
                let changed = self.fix(fix);
                changes += usize::from(!changed.is_empty());
                *seen = Some(changes);
                for path in changed {
                    changers.entry(path).or_default().insert(fix.step.check.clone());
                }
            }
            if changers.is_empty() {
                return;
            }
            let after = self.bench.checkpoint();
            fighting = changers;
            if before == after {
                break;
            }
            first.get_or_insert(after);
        }
        self.fixed.warnings.extend(conflicts(&fighting));
        // What nobody can settle is left as if each had run once, the formatter last.
        if let Some(first) = first {
            self.bench.go_back(first);
        }
    }

    /// Runs one fixer, and returns the files that it changed.
    fn fix(&mut self, fix: &FixStep) -> Vec<ProjectPath> {
        let check = &fix.step.check;
        let FixContext { context, .. } = self.site;
        context.emitter.emit(&Event::FixStarted { check });
        let changed = self.run(fix).unwrap_or_else(|reason| {
            self.fixed.unfixed.insert(check.clone(), reason);
            Vec::new()
        });
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        context.emitter.emit(&Event::FixFinished { check, changed: &names });
        changed
    }

    fn run(&mut self, fix: &FixStep) -> Result<Vec<ProjectPath>, Reason> {
        let FixContext { context, engine, environments, .. } = self.site;
        let step = &fix.step;
        self.runs += 1;
        let name = format!("fix-{}", self.runs);
        let folder = self.folder.join(&name);
        let (inventory, tree) =
            self.bench.part(&step.file_set, &folder.join("app"), context.cancel)?;
        if !inventory.has_any_below(&step.source, &step.endings) {
            // The check itself says that there is nothing to do.
            return Ok(Vec::new());
        }
        let copied = Ok(Snapshot { inventory: inventory.clone(), tree });
        let environment = environments.get(&step.environment);
        let supply =
            step::Supply { environment, copied: Some(&copied), folder: &folder, store: None };
        let ready = step::Ready::of(context, step, &supply)?;
        engine.place(ready.trees());
        let job = ready.job_as(&name, Access::Write);
        let output = match engine.run(&job) {
            Ok(output) if output.code >= NOT_ITS_OWN => return Err(ended(fix, &output)),
            Ok(output) => output,
            Err(RunError::Stopped) => return Ok(Vec::new()),
            Err(error) => return Err(not_run(fix, &error)),
        };
        let changes = engine.changes(&job, &inventory).map_err(|error| error.reason())?;
        let changed = self.accept(fix, changes).map_err(|error| snapshot_reason(&error))?;
        self.judge(fix, &output);
        Ok(changed)
    }

    /// Takes over what a fixer changed of the files that its check is about, and names the rest.
    fn accept(
        &mut self,
        fix: &FixStep,
        changes: Changes,
    ) -> Result<Vec<ProjectPath>, SnapshotError> {
        let check = &fix.step.check;
        let Changes { contents, added, lost } = changes;
        let (mut changed, mut outside) = (Vec::new(), BTreeSet::new());
        for (path, content) in contents {
            if fix.step.source.iter().any(|source| path.starts_with(source)) {
                self.bench.accept(&path, content, check)?;
                changed.push(path);
            } else {
                outside.insert(path.to_string());
            }
        }
        let lost = lost.iter().map(ToString::to_string).collect();
        for (paths, what, so) in [
            (&outside, "changed", "which is not in its `source`, so that was not taken over"),
            (&added, "made", "and new files are not taken over"),
            (&lost, "removed or replaced", "and only contents are taken over"),
        ] {
            if !paths.is_empty() {
                let warning = format!("the fixer of `{check}` {what} {}, {so}", named(paths));
                self.fixed.warnings.push(warning);
            }
        }
        Ok(changed)
    }

    /// A tool's check says itself what could not be fixed, if it comes behind. Whoever fixes with a
    /// command of his own has to be told that it failed.
    fn judge(&mut self, fix: &FixStep, output: &RawOutput) {
        let step = &fix.step;
        if output.code == 0 || step.findings_exit.contains(&output.code) {
            return;
        }
        match self.effect {
            Effect::Show => {
                self.fixed.unfixed.insert(step.check.clone(), ended(fix, output));
            }
            Effect::Write if step.tool == COMMAND => {
                let said = ended(fix, output).message;
                self.fixed.warnings.push(format!("{}: {said}", step.check));
            }
            Effect::Write => {}
        }
    }

    /// Brings the changes to the project.
    fn write(mut self) -> Fixed {
        let root = &self.site.context.project.root;
        let amendments = self.bench.amendments();
        let mut observe =
            |_: write_back::WriteBackStep<'_>| match self.site.context.cancel.stopped() {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            };
        if self.is_stopped() {
            return self.finish();
        }
        let written = write_back::sweep(root, &self.bench.folders())
            .and_then(|()| write_back::write(root, &amendments, &mut observe));
        match written {
            Ok(written) => {
                self.fixed.changed = written.changed.iter().map(ToString::to_string).collect();
                for (path, left_alone) in &written.left_alone {
                    let hint = match left_alone {
                        write_back::LeftAlone::Edited(_) => Some("run it again".to_owned()),
                        _ => None,
                    };
                    self.leave(path, &left_alone.to_string(), hint);
                }
            }
            Err(error) => amendments.iter().for_each(|it| self.fail(&it.path, &error)),
        }
        self.finish()
    }

    fn fail(&mut self, path: &ProjectPath, error: &io::Error) {
        self.leave(path, &format!("`{path}` could not be replaced: {error}"), None);
    }

    /// Notes for everyone who wanted to change a file why it was not changed.
    fn leave(&mut self, path: &ProjectPath, why: &str, hint: Option<String>) {
        self.fixed.warnings.push(why.to_owned());
        for check in self.bench.touched_by(path) {
            let reason = Reason::new(ReasonKind::Environment, why).with_hint(hint.clone());
            self.fixed.unfixed.entry(check).or_insert(reason);
        }
    }

    /// Shows the changes.
    fn show(mut self) -> Fixed {
        for (path, before, after) in self.bench.differences() {
            self.fixed.changed.push(path.to_string());
            self.fixed.patch.extend(diff::unified(path.as_str(), before, after));
        }
        self.finish()
    }

    fn finish(mut self) -> Fixed {
        let mut told = BTreeSet::new();
        self.fixed.warnings.retain(|warning| told.insert(warning.clone()));
        self.fixed
    }

    fn is_stopped(&self) -> bool {
        self.site.context.cancel.stopped().is_some()
    }
}

/// Files that somebody changes back whenever somebody else has changed them.
fn conflicts(changers: &Changers) -> Vec<String> {
    let mut by_checks: BTreeMap<&BTreeSet<CheckName>, BTreeSet<String>> = BTreeMap::new();
    for (path, checks) in changers {
        by_checks.entry(checks).or_default().insert(path.to_string());
    }
    let conflict = |(checks, paths): (&BTreeSet<CheckName>, BTreeSet<String>)| {
        let checks: Vec<String> = checks.iter().map(|check| format!("`{check}`")).collect();
        match checks.as_slice() {
            [one] => format!("the fixer of {one} changes {} each time it runs", named(&paths)),
            several => format!(
                "the fixers of {} change {} back and forth: no text satisfies all of them",
                several.join(" and "),
                named(&paths)
            ),
        }
    };
    by_checks.into_iter().map(conflict).collect()
}

/// The first few of some files.
fn named(paths: &BTreeSet<String>) -> String {
    let first: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A fixer that could not work.
fn not_run(fix: &FixStep, error: &RunError) -> Reason {
    let reason = super::outcome::not_run(&fix.step, error);
    Reason { message: format!("its fixer: {}", reason.message), ..reason }
}

/// A fixer that ended as it should not.
fn ended(fix: &FixStep, output: &RawOutput) -> Reason {
    let tool = match fix.step.tool.as_str() {
        COMMAND => "the command that fixes",
        tool => tool,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(str::trim).find(|line| !line.is_empty());
    let said = said.map(|line| format!(": {line}")).unwrap_or_default();
    Reason::new(ReasonKind::Tool, format!("{tool} ended with exit status {}{said}", output.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<CheckName> {
        names.iter().map(|name| CheckName::new(name).unwrap()).collect()
    }

    #[test]
    fn a_conflict_names_checks_and_files() {
        let path = |text: &str| ProjectPath::new(text).unwrap();
        let changers = Changers::from([
            (path("b.py"), set(&["format", "style"])),
            (path("a.py"), set(&["format", "style"])),
            (path("c.py"), set(&["dates"])),
        ]);
        assert_eq!(
            conflicts(&changers),
            [
                "the fixer of `dates` changes `c.py` each time it runs",
                "the fixers of `format` and `style` change `a.py`, `b.py` back and forth: no text \
                 satisfies all of them",
            ]
        );
    }

    #[test]
    fn a_message_names_a_few_files_and_counts_the_others() {
        let paths = (1..=7).map(|number| number.to_string()).collect();
        assert_eq!(named(&paths), "`1`, `2`, `3`, `4`, `5` and 2 more");
    }
}
