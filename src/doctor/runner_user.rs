//! The user of a GitLab runner, and whether that user may use docker's socket.
//!
//! A runner for the whole machine is started by root and runs the jobs of its executor `shell` as
//! `gitlab-runner`, as its packages set it up. Any other runner does everything as the owner of its
//! configuration (<https://docs.gitlab.com/runner/configuration/init/>).

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::engine::group;
use crate::env_vars::EnvVars;
use crate::process::{self, Cancel, Emitter, Invocation, Until};

/// The user of the jobs of a runner that root has started.
const USUAL: &str = "gitlab-runner";

/// The time limit of `id`, which may ask a directory service.
const LIMIT: Duration = Duration::from_secs(10);

/// The bit that lets the group of a file write to it.
const GROUP_WRITES: u32 = 0o020;

/// The user of a runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerUser {
    /// The name, or a number.
    pub name: String,
    /// Whether it is root who has started the runner.
    pub is_started_by_root: bool,
    /// The groups; none if this machine does not know the user.
    pub groups: Option<Vec<u32>>,
}

/// Whether a user may use docker's socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SocketAccess {
    /// The user may.
    Granted,
    /// The user may not: the socket belongs to this group.
    Denied(String),
    /// This cannot be seen here, for this reason.
    Unknown(String),
}

impl RunnerUser {
    /// The user of the runner with this configuration.
    ///
    /// # Errors
    ///
    /// When the file is not there.
    pub fn of_config(
        file: &Path,
        variables: &EnvVars,
        cancel: &Cancel,
        emitter: &Emitter<'_>,
    ) -> io::Result<RunnerUser> {
        let owner = fs::metadata(file)?.uid();
        let program = which::which_in("id", variables.get("PATH"), "/").ok();
        let ask = |args: &[&str]| {
            let until = Until { cancel: Some(cancel), limit: LIMIT };
            let invocation = Invocation::new(program.as_ref()?, args);
            let answer = process::run(&invocation, until, emitter).ok()?;
            let text = String::from_utf8(answer.stdout).ok()?;
            (answer.code == 0).then(|| text.trim().to_owned())
        };
        let number = owner.to_string();
        let name = match owner {
            0 => USUAL.to_owned(),
            _ => ask(&["-nu", &number]).unwrap_or(number),
        };
        let groups = ask(&["-G", &name]);
        let groups =
            groups.map(|text| text.split(' ').filter_map(|number| number.parse().ok()).collect());
        Ok(RunnerUser { name, is_started_by_root: owner == 0, groups })
    }

    /// Whether the user may use this socket.
    #[must_use]
    pub fn find_access(&self, socket: &Path) -> SocketAccess {
        let Some(groups) = &self.groups else {
            return SocketAccess::Unknown(format!("this machine has no user `{}`", self.name));
        };
        let metadata = fs::metadata(socket).ok().filter(|it| it.file_type().is_socket());
        let Some(metadata) = metadata else {
            return SocketAccess::Unknown(format!("`{}` is not there", socket.display()));
        };
        let (owner, mode) = (metadata.gid(), metadata.mode());
        match groups.contains(&owner) && mode & GROUP_WRITES != 0 {
            true => SocketAccess::Granted,
            false => SocketAccess::Denied(group(owner)),
        }
    }
}
