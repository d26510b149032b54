//! One job, from what it sees to what it said.
//!
//! Owns how a job is started: in the sandbox, with its folders at the paths of a container, or on the
//! machine as it is, guarded, and then only with code that may run there. What an exit status means
//! is the catalogue's; which environments there are is [`super`]'s.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::bubblewrap::{self, Sandbox};
use super::room::{Folder, Room};
use super::{Parts, Venv};
use crate::check::Grant;
use crate::container::{APP, CONFIG, CONTROL, PROJECT};
use crate::engine::launcher::{self, Way};
use crate::engine::{Access, EngineError, Job, RunError, docker};
use crate::outcome::RawOutput;
use crate::process::{Child, Invocation, Stdin, Until, Waited};
use crate::snapshot::{SnapshotError, Tree};

/// Starts what has no sandbox, and leaves nothing of it behind.
const GUARD: &str = include_str!("../../../templates/guard.py");

/// Where the environment of a tool appears, as in an image.
const TOOL: &str = "/opt/tool";

/// Where programs of the system are.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Who is in a job's room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guest {
    /// The check's tool, whose output is captured.
    Tool,
    /// Somebody at our own streams.
    Visitor,
}

impl Venv<'_> {
    /// What a job sees, and the variables it gets.
    fn room(&self, job: &Job<'_>) -> Result<(Room, BTreeMap<String, String>), RunError> {
        let parts = self.held().get(&job.environment.id).cloned();
        let Some(Parts { tool, project }) = parts else {
            let unknown = format!("no environment `{}`", job.environment.id);
            return Err(RunError::Engine(EngineError::Store(unknown)));
        };
        let mut room = Room::default();
        let mut add = |outside: &Path, inside, access| {
            room.folders.push(Folder { outside: outside.to_owned(), inside, access });
        };
        add(&job.app.folder, APP, job.access);
        let trees = [(job.config, CONFIG), (Some(job.control), CONTROL)];
        for (tree, inside) in trees {
            if let Some(Tree { folder, .. }) = tree {
                add(folder, inside, Access::Read);
            }
        }
        for (part, inside) in [(&tool, TOOL), (&project, PROJECT)] {
            if let Some(part) = part {
                add(&part.folder, inside, Access::Read);
            }
        }
        let first = if tool.is_some() { TOOL } else { PROJECT };
        let mut variables =
            BTreeMap::from([("PATH".to_owned(), format!("{first}/bin:{SYSTEM_PATH}"))]);
        variables.extend(job.step.env.clone());
        Ok((room, variables))
    }

    /// How words are started as a job.
    pub(super) fn invocation(
        &self,
        job: &Job<'_>,
        words: &[String],
        guest: Guest,
    ) -> Result<(Invocation, Room), RunError> {
        let (mut room, variables) = self.room(job)?;
        let grants = &job.step.grants;
        if let Some(program) = &self.bubblewrap {
            let socket = grants.contains(&Grant::DockerSocket);
            let sandbox = Sandbox {
                network: grants.contains(&Grant::Network),
                socket: socket.then_some(Path::new(docker::argv::SOCKET)),
                terminal: guest == Guest::Visitor,
                ..self.sandbox(&room)
            };
            let mut args = bubblewrap::arguments(&sandbox, &self.roots);
            args.extend(words.iter().map(OsString::from));
            let variables =
                variables.into_iter().map(|(name, value)| (name, value.into())).collect();
            let invocation = Invocation {
                only: Some(variables),
                processors: self.settings.cpus,
                ..Invocation::new(program, args)
            };
            return Ok((invocation, room));
        }
        if let Some(why) = job.own_code.filter(|_| !grants.contains(&Grant::Host)) {
            return Err(RunError::Engine(EngineError::HostNotGranted { why: why.to_owned() }));
        }
        let temporary = fence(&self.settings.folder, job.name)?;
        room.folders.push(Folder { outside: temporary, inside: "/tmp", access: Access::Write });
        let mut outside: BTreeMap<String, OsString> =
            variables.iter().map(|(name, value)| (name.clone(), room.outward(value))).collect();
        outside.entry("TMPDIR".to_owned()).or_insert_with(|| room.outward("/tmp"));
        let path = outside.get("PATH").cloned().unwrap_or_default();
        let mut words: Vec<OsString> = words.iter().map(|word| room.outward(word)).collect();
        if let Some(program) = words.first_mut() {
            // The guard starts a program by its place.
            let found = which::which_in(&*program, Some(&path), &job.app.folder);
            *program = found.map_or_else(|_| program.clone(), PathBuf::into_os_string);
        }
        let program = &self.interpreter.executable;
        let invocation = match guest {
            Guest::Visitor => Invocation::new(words.remove(0), words),
            Guest::Tool => {
                let guard = ["-I", "-S", "-c", GUARD].map(OsString::from);
                let guarded = Invocation::new(program, guard.into_iter().chain(words));
                Invocation { stdin: Stdin::Held, ..guarded }
            }
        };
        let invocation = Invocation {
            only: Some(outside),
            folder: Some(job.app.folder.clone()),
            processors: self.settings.cpus,
            ..invocation
        };
        Ok((invocation, room))
    }

    /// Runs a job's command to its end; nothing of it goes on afterwards.
    pub(super) fn finish(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        let (invocation, room) =
            self.invocation(job, &launcher::command(job, Way::Piped), Guest::Tool)?;
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        let mut child = Child::spawn(&invocation, self.emitter).map_err(EngineError::from)?;
        let waited = child.wait(Until { cancel: Some(self.cancel), limit: job.step.timeout });
        if waited != Waited::Exited {
            child.end();
        }
        let mut output = child.output();
        if self.bubblewrap.is_none() {
            output.stdout = room.inward(output.stdout);
            output.stderr = room.inward(output.stderr);
        }
        match waited {
            Waited::Exited => Ok(output),
            Waited::Stopped => Err(RunError::Stopped),
            Waited::TimedOut => {
                launcher::take_proof(&mut output.stderr);
                Err(RunError::TimedOut { output })
            }
        }
    }
}

/// A folder for what a job without a sandbox writes, and the end of what it looks for upwards: tools
/// that find their own configuration would else find that of the user's home.
fn fence(folder: &Path, job: &str) -> Result<PathBuf, RunError> {
    let temporary = folder.join(format!("tmp-{job}"));
    let files = [temporary.clone(), folder.join(".hg")];
    let made = files.iter().try_for_each(std::fs::create_dir_all);
    let made = made.and_then(|()| std::fs::write(folder.join("ruff.toml"), ""));
    made.map_err(SnapshotError::io("write", folder)).map_err(EngineError::from)?;
    Ok(temporary)
}
