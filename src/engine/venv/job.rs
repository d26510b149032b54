//! Runs one job, in the sandbox or directly on the machine.
//!
//! In the sandbox a job's folders have the paths of a container. Without one, a guard script starts
//! the job, and code of the project runs only with the grant `host`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bubblewrap::{self, Sandbox};
use super::folders::{Folder, JobFolders};
use super::interpreter::Interpreter;
use super::prepare::RustParts;
use super::{Venv, VenvParts, guarded, sandbox, watch};
use crate::check::Grant;
use crate::container::{
    APP, BUILD, CONFIG, CONTROL, CRATES, PROJECT, RUST, TARGET, working_directory,
};
use crate::engine::launcher::{self, Way};
use crate::engine::limits::{CopyWatch, exceeded_error, total_memory};
use crate::engine::{Access, EngineError, Job, RunError, endpoint};
use crate::hash::Hash;
use crate::limits::{ByteSize, LimitKind, memory_on_machine};
use crate::outcome::RawOutput;
use crate::process::{Child, Invocation, Until, Waited};
use crate::snapshot::{SnapshotError, Tree};

/// The path of a tool's environment, as in an image.
const TOOL: &str = "/opt/tool";

/// The folders of the system's programs.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The streams of a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JobStreams {
    /// The output is captured, as for a check.
    Captured,
    /// Our own streams, as for a shell.
    Attached,
}

impl Venv<'_> {
    /// The folders that a job sees, and its variables.
    fn folders(&self, job: &Job<'_>, parts: VenvParts) -> (JobFolders, BTreeMap<String, String>) {
        let VenvParts { interpreter, tool, project, build, rust } = parts;
        let mut folders = JobFolders::default();
        let mut add = |outside: &Path, inside, access| {
            folders.folders.push(Folder { outside: outside.to_owned(), inside, access });
        };
        add(&job.app.folder, APP, job.access);
        let trees = [(job.config, CONFIG), (Some(job.control), CONTROL)];
        for (tree, inside) in trees {
            if let Some(Tree { folder, .. }) = tree {
                add(folder, inside, Access::Read);
            }
        }
        for (part, inside) in [(&tool, TOOL), (&project, PROJECT), (&build, BUILD)] {
            if let Some(part) = part {
                add(&part.folder, inside, Access::Read);
            }
        }
        if let Some(RustParts { toolchain, crates, compiled }) = &rust {
            add(toolchain, RUST, Access::Read);
            for (part, inside) in [(crates, CRATES), (compiled, TARGET)] {
                if let Some(part) = part {
                    add(&part.folder, inside, Access::Read);
                }
            }
        }
        let path = match (&tool, &rust) {
            (Some(_), _) => format!("{TOOL}/bin:{SYSTEM_PATH}"),
            (None, Some(_)) => rust_path(&interpreter),
            (None, None) => format!("{PROJECT}/bin:{SYSTEM_PATH}"),
        };
        let mut variables = BTreeMap::from([("PATH".to_owned(), path)]);
        variables.extend(job.step.env.clone());
        (folders, variables)
    }

    /// The invocation that runs a command as a job.
    pub(super) fn invocation(
        &self,
        job: &Job<'_>,
        words: &[String],
        streams: JobStreams,
    ) -> Result<(Invocation, JobFolders), RunError> {
        let parts = self.held().get(&job.environment.id).cloned().ok_or_else(|| {
            let unknown = format!("environment `{}` not found", job.environment.id);
            RunError::Engine(EngineError::Store(unknown))
        })?;
        let interpreter = Arc::clone(&parts.interpreter);
        let (mut folders, variables) = self.folders(job, parts);
        let grants = &job.step.grants;
        let socket = match grants.contains(&Grant::DockerSocket) {
            true => Some(endpoint::socket(&self.settings.variables)?),
            false => None,
        };
        if let Some(program) = &self.bubblewrap {
            let sandbox = Sandbox {
                working_directory: &working_directory(&job.step.folder),
                network: grants.contains(&Grant::Network),
                socket: socket.as_deref(),
                terminal: streams == JobStreams::Attached,
                ..sandbox(&interpreter, &folders)
            };
            let mut args = bubblewrap::arguments(&sandbox, &self.roots);
            args.extend(words.iter().map(OsString::from));
            let mut variables: BTreeMap<String, OsString> =
                variables.into_iter().map(|(name, value)| (name, value.into())).collect();
            variables.extend(secret_variables(job));
            let invocation = Invocation {
                only: Some(variables),
                secrets: job.secrets.secrets().clone(),
                processors: self.settings.cpus,
                ..Invocation::new(program, args)
            };
            return Ok((invocation, folders));
        }
        if let Some(why) = job.host_reason.filter(|_| !grants.contains(&Grant::Host)) {
            return Err(RunError::Engine(EngineError::HostNotGranted { why: why.to_owned() }));
        }
        let temporary = create_temporary(&self.settings.temporary, job.name)?;
        folders.folders.push(Folder { outside: temporary, inside: "/tmp", access: Access::Write });
        let mut outside: BTreeMap<String, OsString> = variables
            .iter()
            .map(|(name, value)| (name.clone(), folders.to_outside(value)))
            .collect();
        outside.entry("TMPDIR".to_owned()).or_insert_with(|| folders.to_outside("/tmp"));
        if let Some(socket) = socket {
            // Without a sandbox, the default path is the machine's own.
            let mut address = OsString::from("unix://");
            address.push(socket);
            outside.entry("DOCKER_HOST".to_owned()).or_insert(address);
        }
        let path = outside.get("PATH").cloned().unwrap_or_default();
        let folder = job.step.folder.on_disk(&job.app.folder);
        let mut words: Vec<OsString> = words.iter().map(|word| folders.to_outside(word)).collect();
        if let Some(program) = words.first_mut() {
            // The guard starts a program by its path.
            let found = which::which_in(&*program, Some(&path), &folder);
            *program = found.map_or_else(|_| program.clone(), PathBuf::into_os_string);
        }
        let program = &interpreter.executable;
        let invocation = match streams {
            JobStreams::Attached => Invocation::new(words.remove(0), words),
            JobStreams::Captured => guarded(program, words),
        };
        outside.extend(secret_variables(job));
        let invocation = Invocation {
            only: Some(outside),
            secrets: job.secrets.secrets().clone(),
            folder: Some(folder),
            processors: self.settings.cpus,
            ..invocation
        };
        Ok((invocation, folders))
    }

    /// Runs a job's command to its end, and ends all of its processes.
    pub(super) fn finish(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        let (invocation, folders) =
            self.invocation(job, &launcher::build_command(job, Way::Piped), JobStreams::Captured)?;
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let limits = job.step.limits;
        let memory = self.memory_limit(limits.memory);
        let mut copy = CopyWatch::new(job);
        let mut watch = |pid| {
            if copy.as_mut().is_some_and(CopyWatch::look) {
                return Some(LimitKind::Disk);
            }
            watch::find_exceeded(pid, memory)
        };
        let until = Until { cancel: Some(self.cancel), limit: job.step.timeout };
        let mut child = Child::spawn_limited(&invocation, limits.output, self.emitter)
            .map_err(EngineError::from)?;
        let waited = child.wait_watched(until, &mut watch);
        match waited {
            // A sandbox whose first process was killed while it started can leave one that holds our streams.
            Waited::Exited if self.bubblewrap.is_some() => child.kill_group(),
            Waited::Exited => {}
            // The first process of a sandbox ignores TERM. Unless it has begun, it would outlive bubblewrap
            // and never close its output.
            _ if self.bubblewrap.is_some() => child.kill(),
            _ => child.end(),
        }
        let (mut output, too_much) = child.limited_output();
        let exceeded = match waited {
            Waited::Exceeded(kind) => Some(kind),
            Waited::Exited if copy.is_some_and(|copy| copy.measure()) => Some(LimitKind::Disk),
            Waited::Exited => too_much,
            Waited::Stopped | Waited::TimedOut => None,
        };
        if self.bubblewrap.is_none() {
            output.stdout = folders.to_inside(output.stdout);
            output.stderr = folders.to_inside(output.stderr);
        }
        if let Some(kind) = exceeded {
            launcher::take_proof(&mut output.stderr);
            return Err(exceeded_error(job, kind, Some(memory), output));
        }
        match waited {
            Waited::Exited | Waited::Exceeded(_) => Ok(output),
            Waited::Stopped => Err(RunError::Stopped),
            Waited::TimedOut => {
                launcher::take_proof(&mut output.stderr);
                Err(RunError::TimedOut { output })
            }
        }
    }
}

impl Venv<'_> {
    /// The limit of a job's memory: that of its check, or less on a small machine.
    fn memory_limit(&self, wanted: ByteSize) -> ByteSize {
        let Some(total) = total_memory() else {
            return wanted;
        };
        let (limit, warning) = memory_on_machine(wanted, total);
        if let Some(warning) = warning {
            self.note(warning);
        }
        limit
    }
}

/// The search path of jobs with the Rust toolchain. Build scripts look for Python, and the launcher needs
/// it.
pub(super) fn rust_path(interpreter: &Interpreter) -> String {
    format!("{RUST}/bin:{}/bin:{SYSTEM_PATH}", interpreter.prefix.display())
}

/// The secrets of a job, as variables. Their values are passed as they are: none is a path of the job.
fn secret_variables(job: &Job<'_>) -> impl Iterator<Item = (String, OsString)> {
    job.secrets.iter().map(|(name, value)| (name.to_owned(), value.into()))
}

/// Creates a job's temporary folder, for a job without a sandbox. The files next to it stop tools
/// that search parent folders for a configuration, which would find the one in the user's home.
fn create_temporary(folder: &Path, job: &str) -> Result<PathBuf, RunError> {
    // The path of a socket has little room, and the name of a check may be long.
    let name = Hash::of(job.as_bytes()).short();
    let temporary = folder.join(format!("t-{}", &name[..8]));
    let files = [temporary.clone(), folder.join(".hg")];
    let made = files.iter().try_for_each(std::fs::create_dir_all);
    let made = made.and_then(|()| std::fs::write(folder.join("ruff.toml"), ""));
    made.map_err(SnapshotError::io("write", folder)).map_err(EngineError::from)?;
    Ok(temporary)
}
