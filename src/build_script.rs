//! Checks from a build script: the Python next to a crate is checked while cargo builds it.
//!
//! Findings are warnings unless the build script or its user asks for errors, and a check that cannot
//! run never breaks a build. The instructions for cargo are written to standard output in one piece.
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
use crate::discover;
use crate::env_vars::EnvVars;
use crate::error::Error;
use crate::event::Silent;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, Request};
use crate::process::Cancel;
use crate::scaffold;
use lines::Lines;
use mode::BuildMode;

/// The default time limit of all checks in a build.
const LIMIT: Duration = Duration::from_secs(120);

/// The time that checks have to stop after the limit.
const GRACE: Duration = Duration::from_secs(10);

/// The checks that a build script runs.
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
    /// All checks of the project that the crate belongs to, with the variables of this process.
    pub fn from_env() -> Self {
        Pipe {
            variables: EnvVars::of_process(),
            checks: Vec::new(),
            generated_files: false,
            mode: BuildMode::Warn,
            limit: LIMIT,
        }
    }

    /// Runs only these checks, in addition to those named before.
    pub fn checks<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.checks.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks that the generated files are up to date with `pipe.toml`, which starts no program. Other
    /// checks run only if they are named.
    pub fn generated_files(mut self) -> Self {
        self.generated_files = true;
        self
    }

    /// Lets findings fail the build, unless `CARGO_PIPE_BUILD` overrides it.
    pub fn deny(mut self) -> Self {
        self.mode = BuildMode::Deny;
        self
    }

    /// Sets the time limit of all checks together. The default is two minutes.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the checks, and passes findings and the files to watch to cargo.
    ///
    /// Nothing is built, downloaded, or written outside of `OUT_DIR`. It always
    /// returns: a check that could not run is a warning.
    pub fn run(self) {
        let lines = self.lines();
        // If cargo does not read the output, no reader is left for an error.
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
            lines.warn("not started by cargo as a build script: nothing was checked");
            return lines;
        };
        lines.watch(&manifest.join("Cargo.toml"));
        if mode::is_copy(&manifest) {
            return lines;
        }
        self.in_time(lines, Place { manifest, out })
    }

    /// Runs the checks in a thread, so that the build continues even if they hang.
    fn in_time(self, lines: Lines, place: Place) -> Lines {
        let (limit, cancel) = (self.limit, Cancel::default());
        let (send, receive) = channel();
        let mut latest = lines.clone();
        let switch = cancel.clone();
        let work = move || self.work(&place, &switch, lines, &send);
        if let Err(error) = thread::Builder::new().name("cargo-pipe".to_owned()).spawn(work) {
            latest.warn(&format!("nothing was checked: cannot start a thread: {error}"));
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
                "the checks were stopped after {}; run `cargo pipe run-all`, which has no such limit",
                humantime::format_duration(limit)
            ),
            None => "the checks panicked, which is a bug in cargo pipe".to_owned(),
        });
        latest
    }

    /// Sends results as soon as they are known: first the files to watch, then everything.
    fn work(&self, place: &Place, cancel: &Cancel, mut lines: Lines, send: &Sender<Stage>) {
        match self.begin(place, &mut lines) {
            Err(error) => lines.failed(&error),
            Ok(None) => {}
            Ok(Some((pipeline, plan))) => {
                // The receiver may have given up waiting.
                drop(send.send(Stage::Begun(lines.clone())));
                lines.report(&pipeline.run(&plan, cancel, &mut Silent));
            }
        }
        drop(send.send(Stage::Done(lines)));
    }

    /// Plans the checks, and determines the files to watch.
    fn begin(&self, place: &Place, lines: &mut Lines) -> Result<Option<(Pipeline, Plan)>, Error> {
        let project = match discover::find(&place.manifest) {
            Ok(project) => project,
            Err(error) => {
                // A crate outside of its project must still build.
                lines.warn(&error.to_string());
                return Ok(None);
            }
        };
        if let Some(manifest) = &project.manifest {
            lines.watch(&project.root.join(manifest.file_name()));
        }
        let flags = Layer {
            // Cargo may be offline, and a build should not download anything for minutes.
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
        // Cached results are used, but nothing is written to the user's cache.
        let cache = Some(CacheMode::ReadOnly);
        let request = Request { checks: self.checks.clone(), cache, ..Request::default() };
        let plan = pipeline.plan(&request)?;
        watch::checked(&pipeline, &plan, place, lines);
        Ok(Some((pipeline, plan)))
    }
}

/// The folders of a build script.
#[derive(Clone, Debug)]
struct Place {
    /// The folder of the crate.
    manifest: PathBuf,
    /// `OUT_DIR`, the only folder that it may write to.
    out: PathBuf,
}

/// The progress of the checks.
#[derive(Debug)]
enum Stage {
    /// The files to watch are known.
    Begun(Lines),
    /// Everything is known.
    Done(Lines),
}
