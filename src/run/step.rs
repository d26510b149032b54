//! One step of a plan, from its trees to its outcome.
//!
//! Owns what a step needs before it can run, its fingerprint, and what every possible end of its
//! container means for the check. The run decides when; the engine decides how.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Copied, Preparation, Snapshot, World, hints, told};
use crate::catalogue::{self, Sources};
use crate::engine::{Access, Engine, Job, Prepared, RunError};
use crate::event::Event;
use crate::finding::{self, Excerpts};
use crate::fingerprint::{self, Hash, Ingredients};
use crate::gate::Gate;
use crate::outcome::{
    CacheUse, CheckOutcome, Classified, Log, Outcome, RawOutput, Reason, ReasonKind, ToolStatus,
};
use crate::parse;
use crate::plan::{COMMAND, Command, FILES, Step, Visit};
use crate::process::Stop;
use crate::project::{ProjectPath, discover};
use crate::snapshot::{self, Tree};

/// The launcher, as it is placed into every container of ours.
const LAUNCHER: &str = include_str!("../../templates/launcher.py");

/// How much of each stream is kept as a log, in bytes; the middle of a longer one is left out.
const LOG_LIMIT: usize = 256 * 1024;

/// What is made of an outcome once it is known, and never kept with it.
#[derive(Clone, Copy)]
pub(super) struct Judgement<'a> {
    /// Why the check's files are not fixed as they should be.
    pub(super) unfixed: Option<&'a Reason>,
    /// Which findings count.
    pub(super) gate: &'a Gate,
}

/// A step that can run.
pub(super) struct Ready<'a> {
    step: &'a Step,
    environment: &'a Prepared,
    snapshot: &'a Snapshot,
    app: Tree,
    config: Option<Tree>,
    control: Tree,
    inputs: Ingredients,
    own_code: Option<String>,
}

impl<'a> Ready<'a> {
    /// Gathers what a step needs.
    pub(super) fn of(
        world: World<'_>,
        step: &'a Step,
        environment: Option<&'a Preparation>,
        copied: Option<&'a Copied>,
        folder: &Path,
    ) -> Result<Ready<'a>, Reason> {
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
        let checked = snapshot.inventory.below(&step.source, &step.endings);
        if checked.is_empty() {
            return Err(nothing_to_check(step));
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
        let control = [("launcher.py", LAUNCHER.as_bytes()), (FILES, &*listed(&files))];
        let control = snapshot::write_tree(&folder.join("control"), &control).map_err(internal)?;
        let config_content = config_content(world, step)?;
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
                snapshot::copy(root, &folder.join("app"), world.cancel, again).map_err(internal)?.1
            }
            false => snapshot.tree.clone(),
        };
        let inputs = fingerprint::of_step(
            step,
            &fingerprint::Facts {
                environment: environment.hash,
                platform: &environment.platform,
                launcher: Hash::of(LAUNCHER.as_bytes()),
                config: Hash::of(config_content.as_deref().unwrap_or_default()),
                sources: snapshot.inventory.hash(),
            },
        );
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

    /// What it runs on.
    pub(super) fn platform(&self) -> &str {
        &self.environment.platform
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

    /// Runs it to its end. A check whose files were not fixed as they should be has not passed.
    pub(super) fn run(
        &self,
        world: World<'_>,
        engine: &dyn Engine,
        judgement: Judgement<'_>,
    ) -> CheckOutcome {
        let started = Instant::now();
        let mut outcome = blank(self.step);
        outcome.inputs = Some(self.inputs.clone());
        outcome.tool_version.clone_from(&self.environment.version);
        if let Some(stop) = world.cancel.stopped() {
            return finished(world, cancelled(outcome, stop));
        }
        world.emitter.emit(&Event::CheckStarted { check: &self.step.check });
        let result = engine.run(&self.job());
        outcome.duration = started.elapsed();
        let outcome = match result {
            Ok(output) => self.classified(world, outcome, &output),
            Err(RunError::Stopped) => {
                cancelled(outcome, world.cancel.stopped().unwrap_or(Stop::Interrupt))
            }
            Err(error) => {
                let state = match &error {
                    RunError::TimedOut { output } => {
                        outcome.log = log(output);
                        Outcome::TimedOut
                    }
                    _ => Outcome::Error,
                };
                ended(outcome, state, not_run(self.step, &error))
            }
        };
        let mut outcome = match (outcome.outcome, judgement.unfixed) {
            (Outcome::Passed | Outcome::Findings, Some(reason)) => {
                ended(outcome, Outcome::Error, reason.clone())
            }
            _ => outcome,
        };
        judgement.gate.apply(&mut outcome);
        finished(world, outcome)
    }

    /// Lets a visitor into a container like its own.
    pub(super) fn visit(
        &self,
        world: World<'_>,
        engine: &dyn Engine,
        visit: &Visit,
    ) -> Result<i32, Reason> {
        world.emitter.emit(&Event::Lending);
        engine.visit(&self.job(), visit).map_err(|error| not_run(self.step, &error))
    }

    /// Its container as the check gets it.
    fn job(&self) -> Job<'_> {
        let access = match self.step.writable {
            true => Access::Write,
            false => Access::Read,
        };
        self.job_as(self.step.check.as_str(), access)
    }

    fn classified(
        &self,
        world: World<'_>,
        mut outcome: CheckOutcome,
        output: &RawOutput,
    ) -> CheckOutcome {
        let Classified { status, mut findings, warnings, score } =
            match catalogue::find(&self.step.tool) {
                Some(tool) => tool.classify(output, self.snapshot),
                None => catalogue::command::classify(output, &self.step.findings_exit),
            };
        finding::sort(&mut findings);
        fingerprint::finding::identify(&self.step.tool, &mut findings, self.snapshot);
        outcome.warnings = warnings;
        outcome.warnings.extend(hints::ignored_imports(
            &world.project.root,
            &self.snapshot.inventory,
            &self.step.source,
            &findings,
        ));
        outcome.excerpts = parse::excerpts(&findings, self.snapshot);
        outcome.findings = findings;
        outcome.score = score;
        // What was understood is in the findings; the raw text is kept where it is all there is.
        if self.step.tool == COMMAND || matches!(status, ToolStatus::Failed(_)) {
            outcome.log = log(output);
        }
        match status {
            ToolStatus::Passed => outcome.outcome = Outcome::Passed,
            ToolStatus::Findings => outcome.outcome = Outcome::Findings,
            ToolStatus::Failed(reason) => return ended(outcome, Outcome::Error, reason),
        }
        outcome
    }
}

/// Why a job has no output, to a person.
pub(super) fn not_run(step: &Step, error: &RunError) -> Reason {
    match error {
        RunError::Stopped => Reason::new(ReasonKind::Stopped, "stopped"),
        RunError::TimedOut { .. } => {
            let message = format!("took longer than {}", told(step.timeout));
            let hint = format!(
                "give it more time: `--timeout`, or `timeout` in `[checks.{}]`",
                step.check
            );
            Reason::hinted(ReasonKind::Stopped, message, Some(hint))
        }
        RunError::Unseen(said) => unseen(said),
        RunError::Engine(error) => error.reason(),
    }
}

/// The outcome of a step that could not even begin.
pub(super) fn failed(world: World<'_>, step: &Step, reason: &Reason) -> CheckOutcome {
    let stopped = world.cancel.stopped();
    let outcome = match (reason.kind, stopped) {
        (ReasonKind::Stopped, Some(stop)) => cancelled(blank(step), stop),
        _ => ended(blank(step), Outcome::Error, reason.clone()),
    };
    finished(world, outcome)
}

fn blank(step: &Step) -> CheckOutcome {
    CheckOutcome {
        name: step.check.clone(),
        tool: step.tool.clone(),
        tool_version: None,
        outcome: Outcome::Passed,
        reason: None,
        cache: CacheUse::Off,
        inputs: None,
        duration: Duration::ZERO,
        score: None,
        log: Log::default(),
        findings: Vec::new(),
        excerpts: Excerpts::default(),
        warnings: Vec::new(),
    }
}

fn finished(world: World<'_>, outcome: CheckOutcome) -> CheckOutcome {
    world.emitter.emit(&Event::CheckFinished { outcome: &outcome });
    outcome
}

fn ended(mut outcome: CheckOutcome, state: Outcome, reason: Reason) -> CheckOutcome {
    outcome.outcome = state;
    outcome.reason = Some(reason);
    outcome
}

fn cancelled(outcome: CheckOutcome, stop: Stop) -> CheckOutcome {
    let message = match stop {
        Stop::FailFast => "another check did not pass, and --fail-fast was asked for",
        Stop::Interrupt => "the run was interrupted",
    };
    ended(outcome, Outcome::Cancelled, Reason::new(ReasonKind::Stopped, message))
}

fn unseen(said: &str) -> Reason {
    let message = format!("the container does not see the project: {said}");
    let hint = Some("`topology = \"stream\"` in pipe.toml copies the files in".into());
    Reason::hinted(ReasonKind::Mount, message, hint)
}

fn nothing_to_check(step: &Step) -> Reason {
    let sources: Vec<String> = step.source.iter().map(|path| format!("`{path}`")).collect();
    let what = match step.endings.is_empty() {
        true => "no files".to_owned(),
        false => format!("no files that end in {}", step.endings.join(" or ")),
    };
    Reason::hinted(
        ReasonKind::Environment,
        format!("nothing to check: {what} in {}", sources.join(", ")),
        Some(
            "ignored and hidden files are not seen; `source` and `include` in pipe.toml say what is"
                .to_owned(),
        ),
    )
}

/// The content of a step's config, read from where the project has it.
fn config_content(world: World<'_>, step: &Step) -> Result<Option<Vec<u8>>, Reason> {
    let Some(file) = &step.config else {
        return Ok(None);
    };
    let wrong = |message: String, hint: Option<String>| {
        Err(Reason::hinted(ReasonKind::Config, message, hint))
    };
    let place = match discover::inside(&world.project.root, &file.path) {
        Ok(place) => place,
        Err(error) => return wrong(error.to_string(), None),
    };
    match discover::read(&place) {
        Ok(content) => Ok(Some(content)),
        Err(error) => {
            let hint = format!(
                "`cargo pipe init` writes it; `config` in `[checks.{}]` names another one",
                step.check
            );
            wrong(format!("cannot read the config `{}`: {error}", file.path), Some(hint))
        }
    }
}

/// What has a step run code of the project's own, if anything does.
fn own_code(step: &Step, config: Option<&[u8]>, snapshot: &Snapshot) -> Option<String> {
    let Some(tool) = catalogue::find(&step.tool) else {
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

fn log(output: &RawOutput) -> Log {
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

impl Sources for Snapshot {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = ProjectPath::new(path).ok()?;
        std::fs::read(path.on_disk(&self.tree.folder)).ok()
    }

    fn paths(&self) -> Vec<String> {
        self.inventory.entries.keys().map(ToString::to_string).collect()
    }
}
