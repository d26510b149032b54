//! Downloads and compiles the packages of Rust.
//!
//! They are compiled in the sandbox, without a network and without code of the project. Without a sandbox
//! each check compiles them for itself, where it may run at all.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::bubblewrap;
use super::folders::{Folder, JobFolders};
use super::install::{Installer, last_lines};
use super::interpreter::Interpreter;
use super::{Venv, sandbox};
use crate::container::{APP, CRATES, RUST, TARGET};
use crate::engine::{Access, EngineError};
use crate::environment::rust::{DOWNLOADER, RustRecipe, Skeleton};
use crate::event::Event;
use crate::process::{self, Invocation, Until};
use crate::snapshot::{self, SnapshotError};

/// The time limit of a compilation.
const LIMIT: Duration = Duration::from_secs(60 * 60);

impl Installer<'_, '_> {
    /// Downloads packages of Rust into an empty folder, as a directory source of cargo.
    pub(super) fn download(
        &self,
        environment: &str,
        rust: &RustRecipe,
        folder: &Path,
    ) -> Result<(), EngineError> {
        let temporary = &self.settings.folder;
        let list = tempfile::NamedTempFile::new_in(temporary)
            .and_then(|list| fs::write(list.path(), rust.list()).map(|()| list))
            .map_err(SnapshotError::io("write", temporary))?;
        let download = self
            .invocation(&self.interpreter.executable, &["-I", "-c", DOWNLOADER])
            .with([list.path().as_os_str(), folder.as_os_str()]);
        let failed =
            |message| EngineError::InstallFailed { environment: environment.to_owned(), message };
        self.follow(environment, &download)?.map_err(failed)
    }
}

impl Venv<'_> {
    /// Compiles packages of Rust into an empty folder, in the sandbox.
    pub(super) fn compile(
        &self,
        interpreter: &Interpreter,
        environment: &str,
        skeleton: &Skeleton,
        folders: &CompiledFrom<'_>,
    ) -> Result<(), EngineError> {
        let Some(bubblewrap) = &self.bubblewrap else { return Ok(()) };
        let place = tempfile::tempdir_in(&self.settings.folder)
            .map_err(SnapshotError::io("create", &self.settings.folder))?;
        let files = skeleton.files.iter().map(|(path, text)| (path.as_str(), text.as_slice()));
        snapshot::write_tree(place.path(), &files.collect::<Vec<_>>())?;
        let CompiledFrom { toolchain, crates, target } = folders;
        let folder =
            |outside: &Path, inside, access| Folder { outside: outside.to_owned(), inside, access };
        let folders = JobFolders {
            folders: vec![
                folder(place.path(), APP, Access::Write),
                folder(toolchain, RUST, Access::Read),
                folder(crates, CRATES, Access::Read),
                folder(target, TARGET, Access::Write),
            ],
        };
        let mut args = bubblewrap::arguments(&sandbox(interpreter, &folders), &self.roots);
        args.extend(["sh", "-e", "-c", &skeleton.script].map(OsString::from));
        let path = super::job::rust_path(interpreter);
        let invocation = Invocation {
            only: Some([("PATH".to_owned(), path.into())].into()),
            processors: self.settings.cpus,
            ..Invocation::new(bubblewrap, args)
        };
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        let output = process::stream(&invocation, until, self.emitter, |line| {
            self.emitter.emit(&Event::BuildProgress { environment, line });
        })?;
        match output.code {
            0 => Ok(()),
            _ => Err(EngineError::InstallFailed {
                environment: environment.to_owned(),
                message: last_lines(&output),
            }),
        }
    }
}

/// The folders that a compilation needs.
pub(super) struct CompiledFrom<'f> {
    pub(super) toolchain: &'f Path,
    /// The downloaded packages.
    pub(super) crates: &'f Path,
    /// The empty folder for the result.
    pub(super) target: &'f Path,
}
