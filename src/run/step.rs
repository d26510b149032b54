//! One step of a plan, from its trees to its outcome.
//!
//! Owns what a step needs before it can run, and that nobody else does the same meanwhile. What the
//! end of its container means is [`super::outcome`]'s to say. The run decides when; the engine decides
//! how.

use std::io;
use std::path::Path;
use std::time::Instant;

use super::inputs;
use super::{Context, Copied, Preparation, Snapshot, incremental, outcome};
use crate::cache::{Key, Memory, Reserved, ResultCache};
use crate::config::CacheMode;
use crate::container::FILES;
use crate::engine::{Access, Engine, Job, PreparedEnvironment, RunError};
use crate::event::Event;
use crate::finding;
use crate::fingerprint;
use crate::fingerprint::ingredients::{Ingredients, Inputs};
use crate::hash::Hash;
use crate::outcome::{
    CacheUse, CheckOutcome, Classified, Plain, RawOutput, Reason, ReasonKind, Status, ToolStatus,
};
use crate::plan::{COMMAND, Shell, Step};
use crate::process::Stop;
use crate::project::ProjectPath;
use crate::snapshot::{self, Tree};
use crate::tools::command::Command;
use crate::tools::parse;
use crate::tools::{self, SourceFiles};

/// A step that can run.
pub(super) struct Ready<'a> {
    step: &'a Step,
    environment: &'a PreparedEnvironment,
    snapshot: &'a Snapshot,
    app: Tree,
    config: Option<Tree>,
    control: Tree,
    inputs: Inputs,
    own_code: Option<String>,
}

/// What there is for a step.
pub(super) struct Supply<'a, 's> {
    /// Its environment.
    pub(super) environment: Option<&'a Preparation>,
    /// The files that it sees.
    pub(super) copied: Option<&'a Copied>,
    /// A folder of its own.
    pub(super) folder: &'s Path,
    /// Where its tool may have left something; none for a step whose outcome is not kept either.
    pub(super) store: Option<&'s ResultCache>,
}

impl<'a> Ready<'a> {
    /// Gathers what a step needs.
    pub(super) fn of(
        context: Context<'_>,
        step: &'a Step,
        supply: &Supply<'a, '_>,
    ) -> Result<Ready<'a>, Reason> {
        let Supply { environment, copied, folder, store } = *supply;
        let snapshot = match copied {
            Some(Ok(snapshot)) => snapshot,
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err(Reason::new(ReasonKind::Internal, "no snapshot was taken")),
        };
        let environment = match environment {
            Some(Ok(environment)) => environment,
            Some(Err(error)) => return Err(error.reason()),
            None => {
                return Err(Reason::new(ReasonKind::Internal, "no environment was prepared"));
            }
        };
        if !snapshot.inventory.has_any_below(&step.source, &step.endings) {
            return Err(inputs::nothing_to_check(step));
        }
        let files = match &step.command {
            Command::Module { suffixes, .. } if !suffixes.is_empty() => {
                snapshot.inventory.below(&step.source, suffixes)
            }
            Command::Module { .. } | Command::Exec(_) => Vec::new(),
        };
        let internal = |error: snapshot::SnapshotError| {
            Reason::new(ReasonKind::Environment, error.to_string())
        };
        let config_content = inputs::config(context, step)?;
        let resolved = environment.resolved.clone();
        let inputs = inputs::of(step, snapshot.tree.hash, config_content.as_deref(), resolved);
        let state = state_file(step, &inputs, snapshot, store);
        let listed = listed(&files);
        let launchers = inputs::launchers(step).into_iter();
        let control: Vec<(&str, &[u8])> = launchers
            .map(|(name, source)| (name, source.as_bytes()))
            .chain([(FILES, listed.as_slice())])
            .chain(state.as_deref().map(|content| (incremental::FILE, content)))
            .collect();
        let control = snapshot::write_tree(&folder.join("control"), &control).map_err(internal)?;
        let config = match (&step.config, &config_content) {
            (Some(file), Some(content)) if file.mounted => {
                let files = [(file.path.file_name(), content.as_slice())];
                let tree = snapshot::write_tree(&folder.join("config"), &files);
                Some(tree.map_err(internal)?)
            }
            _ => None,
        };
        let app = match step.writable {
            true => {
                let root = &snapshot.tree.folder;
                let again = || Ok(snapshot.inventory.clone());
                snapshot::copy(root, &folder.join("app"), context.cancel, again)
                    .map_err(internal)?
                    .1
            }
            false => snapshot.tree.clone(),
        };
        let own_code = own_code(step, config_content.as_deref(), snapshot);
        Ok(Ready { step, environment, snapshot, app, config, control, inputs, own_code })
    }

    /// Everything its container mounts.
    pub(super) fn trees(&self) -> Vec<Tree> {
        [Some(&self.app), self.config.as_ref(), Some(&self.control)]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// What its container is made from, under a name of the run.
    pub(super) fn job_as<'j>(&'j self, name: &'j str, access: Access) -> Job<'j> {
        Job {
            name,
            step: self.step,
            environment: self.environment,
            app: &self.app,
            access,
            config: self.config.as_ref(),
            own_code: self.own_code.as_deref(),
            control: &self.control,
        }
    }

    /// Runs it to its end, unless somebody else just did.
    pub(super) fn run(
        &self,
        context: Context<'_>,
        engine: &dyn Engine,
        store: &ResultCache,
    ) -> CheckOutcome {
        let started = Instant::now();
        let mut outcome = outcome::blank(self.step);
        outcome.inputs = Some(self.inputs.clone());
        outcome.tool_version.clone_from(&self.environment.version);
        outcome.cache = outcome::cache_use(store, self.step);
        if let Some(stop) = context.cancel.stopped() {
            return outcome::cancelled(outcome, stop);
        }
        context.emitter.emit(&Event::CheckStarted { check: &self.step.check });
        let key = Key::of(&self.inputs.ingredients.fingerprint());
        let reserved = match outcome.cache {
            CacheUse::Miss => store.reserve(&key, self.step.timeout, context.cancel),
            _ => Reserved::Not,
        };
        // What it is made from was not known for sure when it was looked for the first time.
        if let Some(kept) = outcome::replayable(store, self.step, &key) {
            let mut outcome = outcome::replayed(self.step, kept, self.inputs.clone());
            outcome.tool_version.clone_from(&self.environment.version);
            outcome::hint(context, &mut outcome, &self.snapshot.inventory, self.step);
            outcome.duration = started.elapsed();
            return outcome;
        }
        let result = engine.run(&self.job());
        outcome.duration = started.elapsed();
        let mut outcome = match result {
            Ok(mut output) => {
                let left = incremental::is_of_use(self.step)
                    .then(|| incremental::take(&mut output.stdout))
                    .flatten();
                let outcome = self.classified(outcome, &output);
                match (left, outcome.status) {
                    (Some(left), Status::Passed | Status::Findings) => {
                        let outcome = self.compared(outcome, left.plain);
                        self.remember(store, &left.state, outcome)
                    }
                    _ => outcome,
                }
            }
            Err(RunError::Stopped) => {
                outcome::cancelled(outcome, context.cancel.stopped().unwrap_or(Stop::Interrupt))
            }
            Err(error) => {
                let state = match &error {
                    RunError::TimedOut { output } => {
                        outcome.log = outcome::log(output);
                        Status::TimedOut
                    }
                    _ => Status::Error,
                };
                outcome::ended(outcome, state, outcome::not_run(self.step, &error))
            }
        };
        outcome::keep(store, self.step, &mut outcome);
        drop(reserved);
        outcome::hint(context, &mut outcome, &self.snapshot.inventory, self.step);
        outcome
    }

    /// Holds an outcome against what its tool's own command printed, where that was asked.
    fn compared(&self, mut outcome: CheckOutcome, printed: Option<RawOutput>) -> CheckOutcome {
        let there = printed.map(|printed| self.classified(outcome::blank(self.step), &printed));
        outcome.plain = there.map(|there| Plain::of(&outcome, there));
        outcome
    }

    /// Keeps what its tool left, unless that refutes what was kept before.
    fn remember(&self, store: &ResultCache, left: &Memory, outcome: CheckOutcome) -> CheckOutcome {
        let Ingredients { sources, .. } = &self.inputs.ingredients;
        let key = incremental::key(&self.inputs.ingredients);
        match incremental::refuted(left) {
            None => {
                // It only saves work the next time.
                let _ = store.save_state(&key, sources, left);
                outcome
            }
            Some(reason) => {
                let reason = match forget(store, &key) {
                    Ok(()) => reason,
                    Err(error) => Reason::new(ReasonKind::Environment, error.to_string()),
                };
                outcome::ended(outcome, Status::Error, reason)
            }
        }
    }

    /// Lets a visitor into a container like its own.
    pub(super) fn visit(
        &self,
        context: Context<'_>,
        engine: &dyn Engine,
        visit: &Shell,
    ) -> Result<i32, Reason> {
        context.emitter.emit(&Event::Lending);
        engine.visit(&self.job(), visit).map_err(|error| outcome::not_run(self.step, &error))
    }

    /// Its container as the check gets it.
    fn job(&self) -> Job<'_> {
        let access = match self.step.writable {
            true => Access::Write,
            false => Access::Read,
        };
        self.job_as(self.step.check.as_str(), access)
    }

    fn classified(&self, mut outcome: CheckOutcome, output: &RawOutput) -> CheckOutcome {
        let Classified { status, mut findings, warnings, score } =
            match tools::find(&self.step.tool) {
                Some(tool) => tool.classify(output, self.snapshot),
                None => tools::user_command::classify(output, &self.step.findings_exit),
            };
        finding::sort(&mut findings);
        fingerprint::finding::identify(&self.step.tool, &mut findings, self.snapshot);
        outcome.warnings = warnings;
        outcome.excerpts = parse::excerpts(&findings, self.snapshot);
        outcome.findings = findings;
        outcome.score = score;
        // What was understood is in the findings; the raw text is kept where it is all there is.
        if self.step.tool == COMMAND || matches!(status, ToolStatus::Failed(_)) {
            outcome.log = outcome::log(output);
        }
        match status {
            ToolStatus::Passed => outcome.status = Status::Passed,
            ToolStatus::Findings => outcome.status = Status::Findings,
            ToolStatus::Failed(reason) => return outcome::ended(outcome, Status::Error, reason),
        }
        outcome
    }
}

/// Forgets every state that rests on a key, and every outcome that may rest on one of them.
fn forget(store: &ResultCache, key: &Hash) -> io::Result<()> {
    let origins = store.origins().into_iter().map(|origin| origin.inputs.ingredients);
    let mut rests = origins.filter(|ingredients| incremental::key(ingredients) == *key);
    rests.try_for_each(|ingredients| store.forget(&Key::of(&ingredients.fingerprint())))?;
    store.forget_states(key)
}

/// What a step's tool gets of its last run.
fn state_file(
    step: &Step,
    inputs: &Inputs,
    snapshot: &Snapshot,
    store: Option<&ResultCache>,
) -> Option<Vec<u8>> {
    let store =
        store.filter(|store| store.mode() != CacheMode::Off && incremental::is_of_use(step))?;
    let key = incremental::key(&inputs.ingredients);
    let nearest = store.nearest_state(&key, &snapshot.inventory.hashes());
    Some(incremental::file(store.mode(), &key, nearest.as_ref()))
}

/// What has a step run code of the project's own, if anything does.
fn own_code(step: &Step, config: Option<&[u8]>, snapshot: &Snapshot) -> Option<String> {
    let Some(tool) = tools::find(&step.tool) else {
        return Some(format!("`{}`", step.check));
    };
    let found: Vec<u8> = match (config, &step.config) {
        (Some(content), _) => content.to_vec(),
        (None, Some(_)) => Vec::new(),
        // It finds its own.
        (None, None) => {
            let names = tool.own_configs().iter().map(|own| own.file);
            let paths = snapshot.paths();
            let is_one = |path: &&String| {
                let name = path.rsplit('/').next().unwrap_or_default();
                names.clone().any(|own| own.rsplit('/').next() == Some(name))
            };
            let contents = paths.iter().filter(is_one).filter_map(|path| snapshot.read(path));
            contents.flat_map(|content| [content, b"\n".to_vec()].concat()).collect()
        }
    };
    let option = tool.own_code(&String::from_utf8_lossy(&found), &step.command)?;
    Some(format!("{option} of `{}`", step.check))
}

/// A list of files as the launcher reads it. None of them can be taken for an option.
fn listed(files: &[&ProjectPath]) -> Vec<u8> {
    let prefix = |path: &ProjectPath| if path.as_str().starts_with('-') { "./" } else { "" };
    files.iter().map(|path| format!("{}{path}\0", prefix(path))).collect::<String>().into_bytes()
}

impl SourceFiles for Snapshot {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = ProjectPath::new(path).ok()?;
        std::fs::read(path.on_disk(&self.tree.folder)).ok()
    }

    fn paths(&self) -> Vec<String> {
        self.inventory.entries.keys().map(ToString::to_string).collect()
    }
}
