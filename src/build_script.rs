//! Checks a project's Python while cargo builds the crate beside it.
//!
//! Owns when a build script checks at all, how long that may take, and that nothing that goes wrong
//! on the way breaks a build: the most it does without being asked is a warning. Must not know how
//! a check runs; [`crate::pipeline`] does. What cargo reads is written
//! to standard output in one piece.
//!
//! ```no_run
//! // build.rs
//! cargo_pipe::build_script::Pipe::from_env().checks(["mypy"]).run();
//! ```

mod lines;
mod mode;
mod watch;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::CacheMode;
use crate::config::layer::{Layer, Value};
use crate::config::load::EnvVars;
use crate::error::Error;
use crate::event::Silent;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, Request};
use crate::project::discover;
use crate::run::Cancel;
use crate::scaffold;
use lines::Lines;
use mode::BuildMode;

/// How long a build may wait for its checks, unless the build script says otherwise.
const LIMIT: Duration = Duration::from_secs(120);

/// How long checks may take to stop once their time is up.
const GRACE: Duration = Duration::from_secs(10);

/// What a build script has checked.
#[derive(Clone, Debug)]
#[must_use = "nothing is checked until `run`"]
pub struct Pipe {
    variables: EnvVars,
    checks: Vec<String>,
    generated_files: bool,
    mode: BuildMode,
    limit: Duration,
}

impl Pipe {
    /// Every check of the project that the crate belongs to, in the variables of this process.
    pub fn from_env() -> Self {
        Pipe {
            variables: EnvVars::of_process(),
            checks: Vec::new(),
            generated_files: false,
            mode: BuildMode::Warn,
            limit: LIMIT,
        }
    }

    /// Only these checks, and those named before.
    pub fn checks<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.checks.extend(names.into_iter().map(Into::into));
        self
    }

    /// Whether the files that cargo pipe generated are as `pipe.toml` says, which starts no
    /// program. Checks run besides only if some are named.
    pub fn generated_files(mut self) -> Self {
        self.generated_files = true;
        self
    }

    /// Findings fail the build, unless `CARGO_PIPE_BUILD` says otherwise.
    pub fn deny(mut self) -> Self {
        self.mode = BuildMode::Deny;
        self
    }

    /// How long the build may wait for all checks together, in place of two minutes.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Checks, and tells cargo what was found and what to watch.
    ///
    /// Nothing is built, downloaded, or written outside of `OUT_DIR`. This returns whatever
    /// happens: where a check could not be done, a warning says why.
    pub fn run(self) {
        let lines = self.lines();
        // Where cargo does not listen, nobody does.
        drop(io::stdout().lock().write_all(lines.text().as_bytes()));
    }

    fn lines(self) -> Lines {
        let (mode, slip) = match mode::of(&self.variables, self.mode) {
            Ok(mode) => (mode, None),
            Err(slip) => (self.mode, Some(slip)),
        };
        let mut lines = Lines::new(mode);
        mode::VARIABLES.iter().for_each(|name| lines.watch_variable(name));
        if mode == BuildMode::Off {
            return lines;
        }
        if let Some(slip) = slip {
            lines.warn(&slip);
        }
        let folder = |name| self.variables.get(name).map(PathBuf::from);
        let (Some(manifest), Some(out)) = (folder("CARGO_MANIFEST_DIR"), folder("OUT_DIR")) else {
            lines.warn("this is no build script that cargo runs, so nothing is checked");
            return lines;
        };
        lines.watch(&manifest.join("Cargo.toml"));
        if mode::is_copy(&manifest) {
            return lines;
        }
        self.in_time(lines, Place { manifest, out })
    }

    /// Does the work in a thread of its own, because a build goes on even if that hangs.
    fn in_time(self, lines: Lines, place: Place) -> Lines {
        let (limit, cancel) = (self.limit, Cancel::default());
        let (send, receive) = channel();
        let mut latest = lines.clone();
        let switch = cancel.clone();
        let work = move || self.work(&place, &switch, lines, &send);
        if let Err(error) = thread::Builder::new().name("cargo-pipe".to_owned()).spawn(work) {
            latest.warn(&format!("cannot start a thread, so nothing is checked: {error}"));
            return latest;
        }
        let mut end = Instant::now() + limit;
        loop {
            match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Stage::Begun(lines)) => latest = lines,
                Ok(Stage::Done(lines)) if cancel.stopped().is_none() => return lines,
                Err(RecvTimeoutError::Timeout) if cancel.stopped().is_none() => {
                    cancel.interrupt();
                    end = Instant::now() + GRACE;
                }
                _ => break,
            }
        }
        latest.warn(&match cancel.stopped() {
            Some(_) => format!(
                "the checks were stopped after {}; `cargo pipe run-all` gives them all the time \
                 that they may take",
                humantime::format_duration(limit)
            ),
            None => "the checks ended in a panic, which is a bug of cargo pipe".to_owned(),
        });
        latest
    }

    /// Sends what is known as soon as it is: first what has to be watched, then everything.
    fn work(&self, place: &Place, cancel: &Cancel, mut lines: Lines, send: &Sender<Stage>) {
        match self.begin(place, &mut lines) {
            Err(error) => lines.failed(&error),
            Ok(None) => {}
            Ok(Some((pipeline, plan))) => {
                // Whoever does not wait any more needs no answer.
                drop(send.send(Stage::Begun(lines.clone())));
                lines.report(&pipeline.run(&plan, cancel, &mut Silent));
            }
        }
        drop(send.send(Stage::Done(lines)));
    }

    /// Finds out what is to be done, and what has to be watched for it to be done again.
    fn begin(&self, place: &Place, lines: &mut Lines) -> Result<Option<(Pipeline, Plan)>, Error> {
        let project = match discover::find(&place.manifest) {
            Ok(project) => project,
            Err(error) => {
                // A crate that is taken out of its project is no reason to fail its build.
                lines.warn(&error.to_string());
                return Ok(None);
            }
        };
        if let Some(manifest) = &project.manifest {
            lines.watch(&project.root.join(manifest.file_name()));
        }
        let flags = Layer {
            // Cargo may be offline, and a build that takes minutes is not what anybody asked for.
            offline: Some(Value::named("a build script", true)),
            ..Layer::default()
        };
        let mut pipeline = Pipeline::discover(&project.root, self.variables.clone(), flags)?;
        lines.offer(pipeline.config.ci.install.program());
        pipeline.scratch = place.out.join("cargo-pipe");
        if self.generated_files {
            watch::generated(&pipeline, lines);
            match scaffold::drift(&project) {
                Ok(drifts) => lines.drifted(&drifts),
                Err(error) => lines.warn(&error.to_string()),
            }
            if self.checks.is_empty() {
                return Ok(None);
            }
        }
        // What is known is believed, but nothing is written to the user's cache.
        let cache = Some(CacheMode::ReadOnly);
        let request = Request { checks: self.checks.clone(), cache, ..Request::default() };
        let plan = pipeline.plan(&request)?;
        watch::checked(&pipeline, &plan, place, lines);
        Ok(Some((pipeline, plan)))
    }
}

/// Where a build script runs.
#[derive(Clone, Debug)]
struct Place {
    /// The folder of the crate.
    manifest: PathBuf,
    /// The only folder that it may write to.
    out: PathBuf,
}

/// How far the work is.
#[derive(Debug)]
enum Stage {
    /// It is known what has to be watched.
    Begun(Lines),
    /// All is known.
    Done(Lines),
}
