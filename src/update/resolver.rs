//! Resolution of versions with uv.
//!
//! Uses the uv on PATH, or installs the pinned release into the user's cache.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::UpdateError;
use crate::check::Grant;
use crate::engine::EngineError;
use crate::lock::Lock;
use crate::network::ALONE;
use crate::outcome::RawOutput;
use crate::process::{self, Invocation, ProcessError, Until};
use crate::run::{Context, Directory};

/// The requirements file of the pinned uv.
const PINNED: &str = include_str!("../../templates/uv.txt");

/// The time limit of a resolution, and of installing uv.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// uv, and a folder for its input files.
pub(super) struct Resolver {
    program: PathBuf,
    folder: Directory,
    /// The time after which releases are ignored.
    newest: Option<SystemTime>,
    limit: TimeLimit,
}

/// The packages to resolve.
#[derive(Clone, Copy)]
pub(super) struct Wish<'w> {
    /// The name of their lock.
    pub(super) name: &'w str,
    pub(super) requirements: &'w [String],
    /// The time after which releases are ignored.
    pub(super) until: Option<SystemTime>,
    /// The oldest Python that they are for.
    pub(super) python: &'w str,
}

impl Wish<'_> {
    fn unresolved(&self, message: String) -> UpdateError {
        UpdateError::Unresolved { name: self.name.to_owned(), message }
    }
}

/// The time that uv may take.
#[derive(Clone, Copy, Debug)]
struct TimeLimit(Option<Instant>);

impl TimeLimit {
    /// The time that is left for one program.
    fn remaining(self) -> Duration {
        match self.0 {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()).min(LIMIT),
            None => LIMIT,
        }
    }
}

impl Resolver {
    /// Finds uv on PATH, or installs our own.
    pub(super) fn find(
        context: Context<'_>,
        deadline: Option<Instant>,
    ) -> Result<Resolver, UpdateError> {
        if context.config.offline {
            return Err(UpdateError::Offline);
        }
        let is_granted = context.config.allow.contains(&Grant::Host);
        if !context.config.python.from_source.is_empty() && !is_granted {
            return Err(UpdateError::FromSource);
        }
        let limit = TimeLimit(deadline);
        let program = match on_path(context, "uv") {
            Some(uv) => uv,
            None => install(context, limit)?,
        };
        let folder = Directory::create(context.scratch).map_err(EngineError::from)?;
        let newest = context
            .config
            .python
            .minimum_age
            .map(|age| SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH));
        Ok(Resolver { program, folder, newest, limit })
    }

    /// Whether releases are ignored because of their age.
    pub(super) fn leaves_out_young(&self) -> bool {
        self.newest.is_some()
    }

    /// Resolves requirements to the newest versions, for every platform.
    pub(super) fn resolve(
        &self,
        context: Context<'_>,
        wish: &Wish<'_>,
    ) -> Result<Lock, UpdateError> {
        let text = self.compile(context, wish, "in", &["--generate-hashes"])?;
        Lock::parse(&text).map_err(|error| wish.unresolved(error.to_string()))
    }

    /// Lists the files of requirements without their dependencies, as PEP 751 describes.
    pub(super) fn list(
        &self,
        context: Context<'_>,
        wish: &Wish<'_>,
    ) -> Result<String, UpdateError> {
        self.compile(context, wish, "list.in", &["--no-deps", "--format", "pylock.toml"])
    }

    /// The answer of uv.
    fn compile(
        &self,
        context: Context<'_>,
        wish: &Wish<'_>,
        ending: &str,
        options: &[&str],
    ) -> Result<String, UpdateError> {
        let Wish { name, requirements, until, python } = *wish;
        let asked = self.folder.path().join(format!("{name}.{ending}"));
        let text: String = requirements.iter().map(|it| format!("{it}\n")).collect();
        fs::write(&asked, text).map_err(|error| wish.unresolved(error.to_string()))?;
        let mut uv = Invocation::new(&self.program, ["pip", "compile", "--universal"]);
        let mut add = |words: &[&str]| uv.args.extend(words.iter().map(Into::into));
        add(options);
        add(&["--no-header", "--no-annotate", "--quiet", "--color=never"]);
        // uv resolves for a Python that this machine does not have; downloading it takes minutes.
        add(&["--no-python-downloads"]);
        add(&["--no-sources", "--no-strip-extras", "--python-version"]);
        add(&[python, "--only-binary=:all:"]);
        for package in &context.config.python.from_source {
            add(&["--no-binary", package]);
        }
        if let Some(newest) = self.newest.into_iter().chain(until).min() {
            add(&["--exclude-newer", &humantime::format_rfc3339_seconds(newest).to_string()]);
        }
        // Not in the project's folder: a `uv.toml` there could name an index.
        uv.folder = Some(self.folder.path().to_owned());
        uv.args.push(asked.into());
        let output = run(context, uv, self.limit)?;
        if output.code != 0 {
            return Err(wish.unresolved(error_text(&output)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Installs the pinned uv into the user's cache, for later updates too.
fn install(context: Context<'_>, limit: TimeLimit) -> Result<PathBuf, UpdateError> {
    let refused = |error: io::Error| UpdateError::NoResolver(error.to_string());
    let version = PINNED.lines().find_map(|line| line.strip_prefix("uv==")).unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or_default();
    let cache = context.cache;
    let place = cache.join(format!("uv-{version}"));
    let program = place.join("bin/uv");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(cache).map_err(refused)?;
    // On the file system of the cache, so that it can be renamed.
    let folder = Directory::create(cache).map_err(EngineError::from)?;
    let pins = folder.path().join("uv.txt");
    fs::write(&pins, PINNED).map_err(refused)?;
    let target = folder.path().join("uv");
    let python = on_path(context, "python3")
        .ok_or_else(|| UpdateError::NoResolver("python3 is not on PATH either".to_owned()))?;
    // Isolated, because Python would otherwise find a module `pip` of the project first.
    let mut pip = Invocation::new(python, ["-I", "-m", "pip", "install", "--quiet", "--no-input"]);
    pip.folder = Some(folder.path().to_owned());
    let flags = ["--disable-pip-version-check", "--require-hashes", "--no-deps", "--target"];
    pip.args.extend(flags.map(Into::into));
    pip.args.push(target.clone().into());
    pip.args.extend(["--only-binary=:all:".into(), "--requirement".into(), pins.into()]);
    let output = match run(context, pip, limit) {
        Ok(output) => output,
        Err(UpdateError::Process(
            error @ (ProcessError::Stopped | ProcessError::TimedOut { .. }),
        )) => {
            return Err(error.into());
        }
        Err(error) => return Err(UpdateError::NoResolver(error.to_string())),
    };
    if output.code != 0 {
        return Err(UpdateError::NoResolver(error_text(&output)));
    }
    match fs::rename(&target, &place) {
        Ok(()) => Ok(program),
        // Another update has installed it meanwhile.
        Err(_) if program.is_file() => Ok(program),
        Err(error) => Err(refused(error)),
    }
}

fn on_path(context: Context<'_>, program: &str) -> Option<PathBuf> {
    which::which_in(program, context.variables.get("PATH"), "/").ok()
}

fn run(
    context: Context<'_>,
    mut invocation: Invocation,
    limit: TimeLimit,
) -> Result<RawOutput, UpdateError> {
    let network = &context.config.network;
    let bundle = network.ca_bundle.as_ref().map(|it| it.on_disk(&context.project.root));
    let bundle = bundle.map(|path| path.display().to_string());
    let ours = network.variables(bundle.as_deref()).into_iter();
    let ours = ours.chain(ALONE.map(|(name, value)| (name, value.to_owned())));
    invocation.env = ours.map(|(name, value)| (name.into(), value)).collect();
    let mut only = context.variables.for_installers(&context.requested_secrets());
    if let Some(folder) = &invocation.folder {
        // What a killed installer leaves goes with this folder.
        only.insert("TMPDIR".to_owned(), folder.clone().into());
    }
    invocation.only = Some(only);
    invocation.secrets = network.secrets();
    let until = Until { cancel: Some(context.cancel), limit: limit.remaining() };
    Ok(process::run(&invocation, until, context.emitter)?)
}

/// The error message of a program, without warnings about the program itself.
fn error_text(output: &RawOutput) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines = stderr.lines().filter(|line| !line.starts_with("WARNING: ") && !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}
