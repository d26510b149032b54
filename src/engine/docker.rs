//! The engine behind the docker CLI.
//!
//! Owns the life of a container: named and labelled before it is started, its mounts proved before
//! its exit status is believed, and gone when its job ends, however that is. It builds on
//! [`super::argv`] for flags and [`crate::process`] for programs; it knows no tool.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::argv::{self, Access, Container, Mount, Network, Source};
use super::owner::{self, Owner};
use super::topology::Placement;
use super::{Blueprint, Engine, EngineError, EngineInfo, Job, Prepared, RunError, Topology};
use crate::check::Grant;
use crate::config::TopologyChoice;
use crate::outcome::RawOutput;
use crate::plan::{APP, CONFIG, CONTROL, Command};
use crate::process::{self, Cancel, Child, Emitter, Invocation, Until, Waited};
use crate::snapshot::{PROOF, Tree};

/// Says which run a container or volume belongs to.
pub(super) const RUN_LABEL: &str = "dev.cargo-pipe.run";
/// Says which project a container or volume belongs to.
pub(super) const PROJECT_LABEL: &str = "dev.cargo-pipe.project";
/// Says which process started a container or volume.
const OWNER_LABEL: &str = "dev.cargo-pipe.owner";
/// Says when a container or volume may be taken away, in seconds since 1970.
const DEADLINE_LABEL: &str = "dev.cargo-pipe.deadline";

/// What the launcher says when there is no such program.
const NOT_STARTED: &[u8] = b"cargo-pipe: cannot start ";

/// How long a docker command may take that moves no data.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a container that was removed may take to be gone before it is removed again.
const REMOVAL: Duration = Duration::from_secs(2);

/// How often a container is removed before its client is killed.
const REMOVALS: usize = 5;

/// How long after its run a container or volume may be taken for left behind.
const EXTRA_TIME: Duration = Duration::from_secs(3600);

/// What an engine is started with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The docker program, by name or path.
    pub program: String,
    /// The project's id, as in labels and tags.
    pub project: String,
    /// The run's id, unique.
    pub run: String,
    /// A folder for this run alone.
    pub folder: PathBuf,
    /// How snapshots get into containers.
    pub topology: TopologyChoice,
    /// The platform that is forced.
    pub platform: Option<String>,
    /// Never ask a registry.
    pub offline: bool,
    /// The longest that a job of this run may take.
    pub longest: Duration,
}

/// The engine behind the docker CLI.
pub struct Docker<'a> {
    pub(super) settings: Settings,
    pub(super) emitter: &'a Emitter<'a>,
    pub(super) placement: Placement,
    program: PathBuf,
    version: String,
    cancel: &'a Cancel,
    labels: BTreeMap<String, String>,
    /// Whether something may be left that only a look at the labels finds.
    untidy: AtomicBool,
}

impl<'a> Docker<'a> {
    /// Finds the docker CLI and asks its engine whether it is there.
    ///
    /// # Errors
    ///
    /// When there is no such program, or no engine answers it.
    pub fn connect(
        settings: Settings,
        cancel: &'a Cancel,
        emitter: &'a Emitter<'a>,
    ) -> Result<Self, EngineError> {
        let program = which::which(&settings.program)
            .map_err(|_| EngineError::NotInstalled(settings.program.clone()))?;
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let deadline = (seconds + settings.longest + EXTRA_TIME).as_secs();
        let mut labels = BTreeMap::from([
            (RUN_LABEL.to_owned(), settings.run.clone()),
            (PROJECT_LABEL.to_owned(), settings.project.clone()),
            (DEADLINE_LABEL.to_owned(), deadline.to_string()),
        ]);
        if let Some(owner) = Owner::this_process() {
            labels.insert(OWNER_LABEL.to_owned(), owner.label());
        }
        let placement = Placement::new(settings.topology);
        let mut docker = Docker {
            settings,
            emitter,
            placement,
            program,
            version: String::new(),
            cancel,
            labels,
            untidy: AtomicBool::new(false),
        };
        let output = docker.call(["version", "--format", "{{.Server.Version}}"])?;
        if output.code != 0 {
            return Err(unavailable(&output));
        }
        docker.version = text(&output.stdout);
        Ok(docker)
    }

    /// Removes what runs left behind whose owners are gone.
    pub fn reap(&self) {
        let format =
            format!("{{{{.Label \"{OWNER_LABEL}\"}}}} {{{{.Label \"{DEADLINE_LABEL}\"}}}}");
        let filter = format!("label={RUN_LABEL}");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let left_behind = |names: RawOutput| -> Vec<String> {
            let stdout = text(&names.stdout);
            let judged = stdout.lines().filter_map(|line| {
                let mut words = line.split(' ');
                let (name, owner, deadline) = (words.next()?, words.next()?, words.next()?);
                owner::is_left_behind(owner, deadline, now).then(|| name.to_owned())
            });
            judged.collect()
        };
        let containers = format!("{{{{.Names}}}} {format}");
        if let Ok(names) = self.call(["ps", "--all", "--filter", &filter, "--format", &containers])
        {
            self.remove_containers(&left_behind(names));
        }
        let volumes = format!("{{{{.Name}}}} {format}");
        if let Ok(names) = self.call(["volume", "ls", "--filter", &filter, "--format", &volumes]) {
            self.remove_volumes(&left_behind(names));
        }
    }

    /// Removes whatever carries a label.
    pub(super) fn sweep(&self, label: &str, value: &str) -> (Vec<String>, Vec<String>) {
        let filter = format!("label={label}={value}");
        let list = |args: &[&str]| match self.call_anyway(args.iter().copied()) {
            Ok(output) => text(&output.stdout).lines().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        };
        let containers = list(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        self.remove_containers(&containers);
        let volumes = list(&["volume", "ls", "--filter", &filter, "--format", "{{.Name}}"]);
        self.remove_volumes(&volumes);
        (containers, volumes)
    }

    pub(super) fn remove_containers(&self, names: &[String]) {
        if !names.is_empty() {
            let args = ["rm", "--force", "--volumes"].into_iter();
            // What is gone already is no failure; what remains is found by its label.
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    fn remove_volumes(&self, names: &[String]) {
        if !names.is_empty() {
            let args = ["volume", "rm", "--force"].into_iter();
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    /// Runs a docker command that ends when the run stops.
    pub(super) fn call<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        let until = Until {
            cancel: Some(self.cancel),
            limit: LIMIT,
        };
        Ok(process::run(&self.docker(args), until, self.emitter)?)
    }

    /// Runs a docker command even when the run stops, to clean up.
    pub(super) fn call_anyway<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        let until = Until {
            cancel: None,
            limit: LIMIT,
        };
        Ok(process::run(&self.docker(args), until, self.emitter)?)
    }

    /// Runs a docker command that has to succeed.
    pub(super) fn succeed(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let until = Until {
            cancel: Some(self.cancel),
            limit: LIMIT,
        };
        let output = process::run(invocation, until, self.emitter)?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a docker command that takes long, and passes on what it says.
    pub(super) fn follow(
        &self,
        invocation: &Invocation,
        limit: Duration,
        on_line: impl FnMut(&str),
    ) -> Result<RawOutput, EngineError> {
        let until = Until {
            cancel: Some(self.cancel),
            limit,
        };
        Ok(process::stream(invocation, until, self.emitter, on_line)?)
    }

    pub(super) fn docker<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation {
        Invocation::new(&self.program, args)
    }

    /// A container of this run that does nothing yet.
    pub(super) fn container(&self, name: &str, image: &str) -> Container {
        Container {
            name: format!("cargo-pipe-{}-{name}", self.settings.run),
            labels: self.labels.clone(),
            image: image.to_owned(),
            platform: self.settings.platform.clone(),
            user: (
                rustix::process::getuid().as_raw(),
                rustix::process::getgid().as_raw(),
            ),
            env: BTreeMap::new(),
            mounts: Vec::new(),
            network: Network::None,
            socket_group: None,
            command: vec!["true".to_owned()],
        }
    }

    pub(super) fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Marks that something may have to be looked for at the end.
    pub(super) fn look_at_the_end(&self) {
        self.untidy.store(true, Ordering::Relaxed);
    }

    fn attempt(&self, job: &Job<'_>, topology: Topology) -> Result<RawOutput, RunError> {
        let container = self.job_container(job, topology)?;
        match job.environment.has_launcher {
            true => self.attempt_launched(job, &container),
            false => self.attempt_foreign(job, &container),
        }
    }

    fn job_container(&self, job: &Job<'_>, topology: Topology) -> Result<Container, RunError> {
        let step = job.step;
        let image = &job.environment.image;
        let mut container = self.container(step.check.as_str(), image);
        let mut add = |tree: &Tree, target: &str, access| -> Result<(), RunError> {
            let source = match topology {
                Topology::Bind => Source::Bind(tree.folder.clone()),
                Topology::Stream => Source::Volume(self.placement.volume(self, tree, image)?),
            };
            container.mounts.push(Mount {
                source,
                target: target.to_owned(),
                access,
            });
            Ok(())
        };
        let access = match step.grants.contains(&Grant::Writable) {
            true => Access::Write,
            false => Access::Read,
        };
        add(job.app, APP, access)?;
        if let Some(config) = job.config {
            add(config, CONFIG, Access::Read)?;
        }
        if job.environment.has_launcher {
            add(job.control, CONTROL, Access::Read)?;
        }
        container.env.clone_from(&step.env);
        if step.grants.contains(&Grant::Network) {
            container.network = Network::Granted;
        }
        if step.grants.contains(&Grant::DockerSocket) {
            container.socket_group = Some(socket_group());
        }
        container.command = command(job);
        Ok(container)
    }

    /// In an image of ours the launcher reads the proof before it starts the tool.
    fn attempt_launched(
        &self,
        job: &Job<'_>,
        container: &Container,
    ) -> Result<RawOutput, RunError> {
        let mut output = self.finish(&self.docker(argv::run(container)), job, container)?;
        let trees: Vec<&Tree> = std::iter::once(job.app).chain(job.config).collect();
        match take_proof(&mut output.stderr) {
            Some(seen) if seen.len() == trees.len() => {
                let matches = |(seen, tree): (&String, &&Tree)| *seen == tree.hash.to_string();
                if !seen.iter().zip(&trees).all(matches) {
                    return Err(RunError::Unseen("it sees other files".to_owned()));
                }
                match output.stderr.starts_with(NOT_STARTED) {
                    true => Err(not_started(job, &output)),
                    false => Ok(output),
                }
            }
            _ => Err(not_started(job, &output)),
        }
    }

    /// In an image that is not ours the proof is read from outside, before the start.
    fn attempt_foreign(&self, job: &Job<'_>, container: &Container) -> Result<RawOutput, RunError> {
        let create = self.docker(argv::create(container));
        let until = Until {
            cancel: Some(self.cancel),
            limit: LIMIT,
        };
        let removal = Removal {
            docker: self,
            name: &container.name,
        };
        let created = process::run(&create, until, self.emitter).map_err(run_error)?;
        if created.code != 0 {
            return Err(not_started(job, &created));
        }
        let proof = format!("{}:{APP}/{PROOF}", container.name);
        let copied = self.call(["cp", &proof, "-"]).map_err(stopped)?;
        // The answer is a tar archive of this one small file: its content follows a 512-byte head.
        let expected = job.app.hash.to_string();
        let seen = copied.stdout.get(512..512 + expected.len());
        if copied.code != 0 || seen != Some(expected.as_bytes()) {
            return Err(RunError::Unseen(first_line(
                &copied.stderr,
                "it sees other files",
            )));
        }
        let start = self.docker(["start", "--attach", &container.name]);
        let output = self.finish(&start, job, container)?;
        drop(removal);
        match output.code {
            125..=127 => Err(not_started(job, &output)),
            _ => Ok(output),
        }
    }

    /// Waits for a started container, and removes it if it must not go on.
    fn finish(
        &self,
        invocation: &Invocation,
        job: &Job<'_>,
        container: &Container,
    ) -> Result<RawOutput, RunError> {
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let mut child = Child::spawn(invocation, self.emitter).map_err(run_error)?;
        let removal = Removal {
            docker: self,
            name: &container.name,
        };
        let until = Until {
            cancel: Some(self.cancel),
            limit: job.step.timeout,
        };
        let waited = child.wait(until);
        if waited != Waited::Exited {
            self.stop(&mut child, &container.name);
        }
        let output = child.output();
        match waited {
            Waited::Stopped => Err(RunError::Stopped),
            Waited::TimedOut => Err(RunError::TimedOut { output }),
            Waited::Exited => {
                // Up to here the client spoke for the container; a client that was killed did not.
                if output.code < 125 {
                    std::mem::forget(removal);
                }
                Ok(output)
            }
        }
    }

    /// Removes a container until its client ends. One that was just being created when it was
    /// removed for the first time is there the next time.
    fn stop(&self, child: &mut Child, name: &str) {
        self.look_at_the_end();
        for _ in 0..REMOVALS {
            self.remove_containers(&[name.to_owned()]);
            if child.wait(Until {
                cancel: None,
                limit: REMOVAL,
            }) == Waited::Exited
            {
                return;
            }
        }
        child.kill();
    }
}

impl Engine for Docker<'_> {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            kind: "docker".to_owned(),
            version: self.version.clone(),
            topology: self.placement.topology(),
        }
    }

    fn prepare(&self, blueprints: &[Blueprint]) -> Vec<Result<Prepared, Arc<EngineError>>> {
        self.prepare_images(blueprints)
    }

    fn place(&self, trees: Vec<Tree>) {
        self.placement.expect(trees);
    }

    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        self.placement.run(|topology| self.attempt(job, topology))
    }
}

impl Drop for Docker<'_> {
    fn drop(&mut self) {
        if self.untidy.load(Ordering::Relaxed) || std::thread::panicking() {
            self.sweep(RUN_LABEL, &self.settings.run.clone());
        }
    }
}

/// Removes a container when dropped.
struct Removal<'r, 'd> {
    docker: &'r Docker<'d>,
    name: &'r str,
}

impl Drop for Removal<'_, '_> {
    fn drop(&mut self) {
        self.docker.remove_containers(&[self.name.to_owned()]);
    }
}

/// The command of a job as the container gets it.
fn command(job: &Job<'_>) -> Vec<String> {
    let mut command: Vec<String> = Vec::new();
    if job.environment.has_launcher {
        command.extend(["python3".to_owned(), format!("{CONTROL}/launcher.py")]);
        for target in std::iter::once(APP).chain(job.config.map(|_| CONFIG)) {
            command.extend(["--proof".to_owned(), target.to_owned()]);
        }
    }
    match &job.step.command {
        Command::Exec(argv) => {
            if job.environment.has_launcher {
                command.extend(["exec".to_owned(), "--".to_owned()]);
            }
            command.extend(argv.iter().cloned());
        }
        Command::Listed { module, args, .. } => {
            let list = format!("{CONTROL}/{}", super::FILES);
            command.extend(["listed".to_owned(), module.clone(), list, "--".to_owned()]);
            command.extend(args.iter().cloned());
        }
    }
    command
}

/// Takes the launcher's first line out of a tool's standard error, and returns what it saw.
fn take_proof(stderr: &mut Vec<u8>) -> Option<Vec<String>> {
    const PREFIX: &[u8] = b"cargo-pipe-proof: ";
    // Docker itself may have warned before.
    let start = match stderr.starts_with(PREFIX) {
        true => 0,
        false => {
            stderr.windows(PREFIX.len() + 1).position(|window| {
                window
                    .split_first()
                    .is_some_and(|(first, rest)| *first == b'\n' && rest == PREFIX)
            })? + 1
        }
    };
    let end = start + stderr[start..].iter().position(|byte| *byte == b'\n')?;
    let seen = String::from_utf8_lossy(&stderr[start + PREFIX.len()..end]).into_owned();
    stderr.drain(start..=end);
    Some(seen.split(' ').map(str::to_owned).collect())
}

/// What it means that a container ended before its tool could start.
fn not_started(job: &Job<'_>, output: &RawOutput) -> RunError {
    let said = text(&output.stderr);
    let about_mounts = [
        "bind source path",
        "invalid mount config",
        "Mounts denied",
        "not shared",
    ]
    .iter()
    .any(|words| said.contains(words))
        || said.contains("launcher.py");
    if about_mounts {
        return RunError::Unseen(last_line(&output.stderr, "a mount failed"));
    }
    let reason = last_line(&output.stderr, "it said nothing");
    RunError::Engine(match output.code {
        126 | 127 => EngineError::NoProgram {
            program: match &job.step.command {
                Command::Exec(argv) => argv.first().cloned().unwrap_or_default(),
                Command::Listed { module, .. } => module.clone(),
            },
            image: job.environment.reference.clone(),
            said: reason,
        },
        code => EngineError::Docker {
            command: "docker run".to_owned(),
            said: format!("{reason} (exit status {code})"),
        },
    })
}

/// What it means that the engine's version is not to be had.
fn unavailable(output: &RawOutput) -> EngineError {
    let said = text(&output.stderr);
    let line = last_line(&output.stderr, "it said nothing");
    match said.contains("permission denied") {
        true => EngineError::NoPermission(line),
        false => EngineError::NotRunning(line),
    }
}

pub(super) fn failed(invocation: &Invocation, output: &RawOutput) -> EngineError {
    let word = invocation
        .args
        .first()
        .map(|word| word.to_string_lossy().into_owned());
    EngineError::Docker {
        command: format!("docker {}", word.unwrap_or_default()),
        said: last_line(&output.stderr, &format!("it ended with {}", output.code)),
    }
}

fn stopped(error: EngineError) -> RunError {
    match error {
        EngineError::Process(error) => run_error(error),
        error => RunError::Engine(error),
    }
}

fn run_error(error: process::ProcessError) -> RunError {
    match error {
        process::ProcessError::Stopped => RunError::Stopped,
        error => RunError::Engine(error.into()),
    }
}

/// The group that the docker socket belongs to, as far as this machine can tell.
fn socket_group() -> u32 {
    use std::os::unix::fs::MetadataExt;

    std::fs::metadata(argv::SOCKET).map_or(0, |socket| socket.gid())
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn first_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or(otherwise).to_owned()
}

pub(super) fn last_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    // Docker ends its errors with an advice that helps nobody here.
    let told = |line: &&str| !line.is_empty() && !line.starts_with("Run 'docker");
    text.lines()
        .map(str::trim)
        .rfind(told)
        .unwrap_or(otherwise)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_first_line_of_its_kind_and_leaves_the_rest_alone() {
        let mut stderr = b"WARNING: docker\ncargo-pipe-proof: aa bb\nrest\n".to_vec();
        assert_eq!(
            take_proof(&mut stderr),
            Some(vec!["aa".to_owned(), "bb".to_owned()])
        );
        assert_eq!(stderr, b"WARNING: docker\nrest\n");
        assert_eq!(take_proof(&mut stderr), None);
    }

    #[test]
    fn words_inside_a_line_prove_nothing() {
        let mut stderr = b"error: cargo-pipe-proof: aa\n".to_vec();
        assert_eq!(take_proof(&mut stderr), None);
    }

    #[test]
    fn dockers_advice_is_not_what_went_wrong() {
        assert_eq!(
            last_line(b"docker: no such image\n\nRun 'docker run --help'\n", ""),
            "docker: no such image"
        );
    }
}
