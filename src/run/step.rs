//! Runs one step of a plan, from the files it sees to its outcome.

mod folder;
mod memory;
mod per_file;
mod secrets;

use std::path::Path;
use std::time::Instant;

use memory::refuse_memory;
use per_file::PerFile;
pub(super) use per_file::find_accepted_files;
pub(super) use secrets::find_missing_secret;

use super::environments::Preparation;
use super::snapshot::Snapshot;
use super::{Context, incremental, outcome};
use crate::cache::{Key, LockResult, ResultCache};
use crate::engine::{Access, Engine, Job, PreparedEnvironment, RunError, launcher};
use crate::environment::ResolvedEnvironment;
use crate::event::Event;
use crate::finding::{self, Excerpts};
use crate::fingerprint::ingredients::Inputs;
use crate::fingerprint::{self, Facts};
use crate::hash::Hash;
use crate::outcome::{
    CacheUse, CheckOutcome, Classified, RawOutput, Reason, ReasonKind, Status, ToolStatus,
};
use crate::plan::{COMMAND, Shell, ShellFiles, Step};
use crate::process::Stop;
use crate::read::{self, ReadError, SizeLimit};
use crate::secrets::SecretVariables;
use crate::snapshot::{self, Tree};
use crate::tools::{self, SourceFiles};

/// A step with everything that it needs to run.
pub(super) struct ReadyStep<'a> {
    context: Context<'a>,
    engine: &'a dyn Engine,
    step: &'a Step,
    environment: &'a PreparedEnvironment,
    snapshot: &'a Snapshot,
    app: Tree,
    config: Option<Tree>,
    control: Tree,
    inputs: Inputs,
    secrets: SecretVariables,
    host_reason: Option<String>,
    /// The reason that the memory of the tool is neither used nor saved.
    refused_memory: Option<String>,
    /// The results for single files, if it has them.
    per_file: Option<PerFile>,
    /// The name of its job in this run.
    name: String,
}

/// The resources from which a step is made ready.
pub(super) struct StepResources<'a, 's> {
    pub(super) context: Context<'a>,
    pub(super) engine: &'a dyn Engine,
    pub(super) environment: Option<&'a Preparation>,
    pub(super) snapshot: Option<&'a Result<Snapshot, Reason>>,
    /// A folder for this step alone.
    pub(super) folder: &'s Path,
    /// The cache with the memory of an incremental tool; none for a step that is not cached.
    pub(super) store: Option<&'s ResultCache>,
}

impl<'a> StepResources<'a, '_> {
    /// Writes the files that a step is started with.
    pub(super) fn make_ready(&self, step: &'a Step) -> Result<ReadyStep<'a>, Reason> {
        let snapshot = match self.snapshot {
            Some(Ok(snapshot)) => snapshot,
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err(Reason::new(ReasonKind::Internal, "no snapshot was taken")),
        };
        let environment = match self.environment {
            Some(Ok(environment)) => environment,
            Some(Err(error)) => return Err(error.reason()),
            None => return Err(Reason::new(ReasonKind::Internal, "no environment was prepared")),
        };
        if !snapshot.inventory.has_any_below(&step.source, &step.endings) {
            return Err(nothing_to_check(step));
        }
        let config = self.context.read_config(step)?;
        let resolved = environment.resolved.clone();
        let inputs = inputs_of(step, resolved, snapshot.tree.hash, config.as_deref());
        let host_reason = self.find_host_reason(step, snapshot, config.as_deref());
        let refused_memory = refuse_memory(step, snapshot, config.as_deref());
        let refused = refused_memory.as_deref();
        Ok(ReadyStep {
            context: self.context,
            engine: self.engine,
            step,
            environment,
            snapshot,
            app: self.place_files(step, snapshot)?,
            config: self.write_config(step, config.as_deref())?,
            control: self.write_control(step, &inputs, snapshot, refused)?,
            per_file: self.find_per_file(step, &inputs, snapshot)?,
            inputs,
            secrets: self.context.read_secrets(step)?,
            host_reason,
            refused_memory,
            name: step.id.to_file_name(),
        })
    }

    /// The part of a step that may run code of the project, if the step has no sandbox.
    fn find_host_reason(
        &self,
        step: &Step,
        snapshot: &Snapshot,
        config: Option<&[u8]>,
    ) -> Option<String> {
        if self.engine.info().has_sandbox() {
            return None;
        }
        step.find_host_reason(&snapshot.paths(), reader(step, snapshot, config))
    }

    /// Writes what the launcher reads: itself, the files to check, and the tool's memory.
    fn write_control(
        &self,
        step: &Step,
        inputs: &Inputs,
        snapshot: &Snapshot,
        refused_memory: Option<&str>,
    ) -> Result<Tree, Reason> {
        let is_believed = refused_memory.is_none();
        let memory = self.find_memory(step, inputs, is_believed.then_some(snapshot));
        let mut control: Vec<(&str, &[u8])> = Vec::new();
        for (name, source) in launcher::files(step) {
            control.push((name, source.as_bytes()));
        }
        if let Some(content) = &memory {
            control.push((incremental::FILE, content));
        }
        if let Some(why) = refused_memory {
            control.push((incremental::OWN_CODE, why.as_bytes()));
        }
        write_tree(&self.folder.join("control"), &control)
    }

    /// Writes a config that is mounted apart from the project.
    fn write_config(&self, step: &Step, content: Option<&[u8]>) -> Result<Option<Tree>, Reason> {
        match (&step.config, content) {
            (Some(file), Some(content)) if file.mounted => {
                write_tree(&self.folder.join("config"), &[(file.path.file_name(), content)])
                    .map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The files that the step sees: a private copy if it may write, else the shared one.
    fn place_files(&self, step: &Step, snapshot: &Snapshot) -> Result<Tree, Reason> {
        if !step.writable {
            return Ok(snapshot.tree.clone());
        }
        let take_inventory = || Ok(snapshot.inventory.clone());
        let folder = self.folder.join("app");
        let cancel = self.context.cancel;
        match snapshot::copy(&snapshot.tree.folder, &folder, cancel, take_inventory) {
            Ok((_, tree)) => Ok(tree),
            Err(error) => Err(error.reason()),
        }
    }
}

impl ReadyStep<'_> {
    /// Everything that the step's container mounts.
    pub(super) fn trees(&self) -> Vec<Tree> {
        let mut trees = vec![self.app.clone()];
        trees.extend(self.per_file.as_ref().and_then(PerFile::tree).cloned());
        trees.extend(self.config.clone());
        trees.push(self.control.clone());
        trees
    }

    /// The job of this step, under a name that is unique in the run.
    pub(super) fn job_as<'j>(&'j self, name: &'j str, access: Access) -> Job<'j> {
        Job {
            name,
            step: self.step,
            environment: self.environment,
            app: &self.app,
            access,
            config: self.config.as_ref(),
            secrets: &self.secrets,
            host_reason: self.host_reason.as_deref(),
            control: &self.control,
        }
    }

    /// Runs the step to its end, unless another process computes the same outcome meanwhile.
    pub(super) fn run(&self, store: &ResultCache) -> CheckOutcome {
        let started = Instant::now();
        let mut outcome = self.begin_outcome();
        outcome.cache = outcome::cache_use_of_miss(store, self.step);
        if let Some(stop) = self.context.cancel.stopped() {
            return outcome::cancel(outcome, stop);
        }
        self.context.emitter.emit(&Event::CheckStarted { check: &self.step.id });
        outcome.started = Some(self.context.begun.elapsed());
        let key = Key::from_fingerprint(&self.inputs.ingredients.fingerprint());
        let reserved = match outcome.cache {
            CacheUse::Miss => store.lock_entry(&key, self.step.timeout, self.context.cancel),
            _ => LockResult::Unavailable,
        };
        // The fingerprint may differ from the forecast, and another process may have finished.
        if let Some(cached) = outcome::lookup_cached(store, self.step, &key) {
            let mut outcome = outcome::from_cache(self.step, cached, self.inputs.clone());
            outcome.tool_version.clone_from(&self.environment.version);
            self.context.mark_flaky(&mut outcome);
            self.warn_of_unseen_imports(&mut outcome);
            outcome.duration = started.elapsed();
            return outcome;
        }
        let mut outcome = match self.check_part(store, &outcome) {
            Some(outcome) => outcome,
            None => match self.engine.run(&self.job()) {
                Ok(output) => self.read_output(store, outcome, output),
                Err(error) => self.fail(outcome, &error),
            },
        };
        outcome.duration = started.elapsed();
        outcome::save_to_cache(store, self.step, &mut outcome);
        drop(reserved);
        self.context.mark_flaky(&mut outcome);
        self.warn_of_unseen_imports(&mut outcome);
        outcome
    }

    /// Opens a shell in a container like the step's own, and returns its exit status.
    pub(super) fn open_shell(&self, shell: &Shell) -> Result<i32, Reason> {
        self.context.emitter.emit(&Event::Lending);
        let project = Tree { folder: self.context.project.root.clone(), hash: self.app.hash };
        let job = match shell.files {
            ShellFiles::Copy => self.job(),
            ShellFiles::Project => Job { app: &project, access: Access::Read, ..self.job() },
            ShellFiles::WritableProject => {
                Job { app: &project, access: Access::Write, ..self.job() }
            }
        };
        self.engine
            .run_shell(&job, shell)
            .map_err(|error| outcome::explain_run_error(self.step, &error))
    }

    /// The step's container as the check gets it.
    fn job(&self) -> Job<'_> {
        let access = if self.step.writable { Access::Write } else { Access::Read };
        self.job_as(&self.name, access)
    }

    fn begin_outcome(&self) -> CheckOutcome {
        let Step { id, tool, .. } = self.step;
        let mut outcome = CheckOutcome::passed(id.clone(), tool.clone());
        outcome.inputs = Some(self.inputs.clone());
        outcome.tool_version.clone_from(&self.environment.version);
        outcome
    }

    fn fail(&self, mut outcome: CheckOutcome, error: &RunError) -> CheckOutcome {
        let status = match error {
            RunError::Stopped => {
                let stop = self.context.cancel.stopped().unwrap_or(Stop::Interrupt);
                return outcome::cancel(outcome, stop);
            }
            RunError::TimedOut { output } => {
                outcome.log = outcome::to_log(output);
                Status::TimedOut
            }
            RunError::Exceeded { output, .. }
            | RunError::EndedEarly { output, .. }
            | RunError::NotInstalled { output, .. } => {
                outcome.log = outcome::to_log(output);
                Status::Error
            }
            _ => Status::Error,
        };
        outcome.failed(status, outcome::explain_run_error(self.step, error))
    }

    /// Judges the output of the tool.
    fn judge(&self, output: &RawOutput) -> Classified {
        let folder = &self.step.folder;
        if folder.is_root() {
            return self.classify(output, self.snapshot);
        }
        let files = folder::FolderFiles { snapshot: self.snapshot, folder };
        let mut classified = self.classify(&folder::enter(output, folder), &files);
        folder::leave(&mut classified, folder);
        classified
    }

    fn classify(&self, output: &RawOutput, files: &dyn SourceFiles) -> Classified {
        let Step { tool, findings_exit, findings, .. } = self.step;
        match tools::find(tool) {
            Some(tool) => tool.classify(output, files),
            None => tools::user_command::classify(output, findings_exit, findings.as_ref(), files),
        }
    }

    /// Completes an outcome by what the tool says.
    fn complete(
        &self,
        mut outcome: CheckOutcome,
        classified: Classified,
        output: &RawOutput,
    ) -> CheckOutcome {
        let Classified { status, mut findings, warnings, score, session } =
            secrets::redact(self.secrets.secrets(), classified);
        finding::sort(&mut findings);
        fingerprint::finding::identify(outcome.tool_label(), &mut findings, self.snapshot);
        outcome.warnings.extend(warnings);
        outcome.excerpts = Excerpts::read(&findings, self.snapshot);
        outcome.excerpts.redact(self.secrets.secrets());
        outcome.findings = findings;
        outcome.score = score;
        if let Some(session) = session {
            self.context.record_tests(&mut outcome, &session);
            outcome.coverage = session.coverage;
        }
        // Where the output was understood, the findings say it all.
        let is_understood = self.step.tool != COMMAND || self.step.findings.is_some();
        if !is_understood || matches!(status, ToolStatus::Failed(_)) {
            outcome.log = outcome::to_log(output);
        }
        let is_config = |status: &ToolStatus| matches!(status, ToolStatus::Failed(reason) if reason.kind == ReasonKind::Config);
        if is_config(&status) && tools::find(&self.step.tool).is_some_and(|it| it.prints_data()) {
            outcome.log.stdout.clear();
        }
        match status {
            ToolStatus::Passed => outcome.status = Status::Passed,
            ToolStatus::Findings => outcome.status = Status::Findings,
            ToolStatus::Failed(reason) => {
                let reason = self.context.advise_of_dependencies(self.step, reason, output);
                return outcome.failed(Status::Error, reason);
            }
        }
        outcome
    }

    fn warn_of_unseen_imports(&self, outcome: &mut CheckOutcome) {
        self.context.warn_of_unseen_imports(outcome, &self.snapshot.inventory, self.step);
    }
}

impl Context<'_> {
    /// Reads a step's config from the project.
    pub(super) fn read_config(&self, step: &Step) -> Result<Option<Vec<u8>>, Reason> {
        let Some(file) = &step.config else {
            return Ok(None);
        };
        match read::read_project_file(&self.project.root, &file.path, SizeLimit::Config) {
            Ok(content) => Ok(Some(content)),
            Err(ReadError::Outside(error)) => {
                Err(Reason::new(ReasonKind::Config, error.to_string()))
            }
            Err(error) => {
                let message = format!("cannot read the config `{}`: {error}", file.path);
                let hint = format!(
                    "`cargo pipe init` writes it; `config` in `[checks.{}]` names another one",
                    step.id.check()
                );
                Err(Reason::new(ReasonKind::Config, message).with_hint(hint))
            }
        }
    }
}

/// Reads the files of a step: its config as it is mounted, all others from the snapshot.
fn reader<'a>(
    step: &'a Step,
    snapshot: &'a Snapshot,
    config: Option<&'a [u8]>,
) -> impl Fn(&str) -> Option<Vec<u8>> + 'a {
    move |path| match (&step.config, config) {
        (Some(file), Some(content)) if file.path.as_str() == path => Some(content.to_owned()),
        _ => snapshot.read(path),
    }
}

/// The inputs of a step in this environment, for files and a config with these contents.
pub(super) fn inputs_of(
    step: &Step,
    environment: ResolvedEnvironment,
    sources: Hash,
    config: Option<&[u8]>,
) -> Inputs {
    let facts = Facts {
        environment: environment.hash,
        platform: &environment.platform,
        launcher: launcher::hash(step),
        config: Hash::of(config.unwrap_or_default()),
        sources,
    };
    fingerprint::inputs(step, &facts, environment.parts, config)
}

/// The reason of a step that covers no files.
pub(super) fn nothing_to_check(step: &Step) -> Reason {
    let sources: Vec<String> = step.source.iter().map(|path| format!("`{path}`")).collect();
    let what = if step.endings.is_empty() {
        "no files".to_owned()
    } else {
        format!("no files that end in {}", step.endings.join(" or "))
    };
    let message = format!("nothing to check: {what} in {}", sources.join(", "));
    let hint =
        "ignored and hidden files are not checked; change `source` or `include` in pipe.toml";
    Reason::new(ReasonKind::Environment, message).with_hint(hint.to_owned())
}

fn write_tree(folder: &Path, files: &[(&str, &[u8])]) -> Result<Tree, Reason> {
    snapshot::write_tree(folder, files).map_err(|error| error.reason())
}
