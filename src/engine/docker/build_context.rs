//! Writes build contexts: the archives that builds read from their standard input.
//!
//! Docker's client needs no path of ours for them. Some clients do not see our files, such as that of a
//! snap, for which the hidden folders of a home do not exist.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::Docker;
use super::call::{BuildOutput, failed};
use super::image::{Sources, find_state_error};
use crate::engine::EngineError;
use crate::environment::recipe::BUILD;
use crate::environment::rust::DOWNLOADER;
use crate::process::{Invocation, Stdin};
use crate::snapshot::{self, MTIME, SnapshotError};

/// The name of the Dockerfile in a context, which docker's client expects.
pub(super) const DOCKERFILE: &str = "Dockerfile";

impl Docker<'_> {
    /// Adds the build context of an environment, and its Dockerfile.
    pub(super) fn add_context(
        &self,
        invocation: &mut Invocation,
        sources: &Sources<'_>,
        tag: &str,
    ) -> Result<(), EngineError> {
        let Sources { recipe, dockerfile, skeleton } = *sources;
        let file = self.settings.folder.join("build").join(tag.replace(['/', ':'], "-"));
        if let Some(context) = &dockerfile.own_context {
            snapshot::write_tree(&file, &[(DOCKERFILE, dockerfile.text.as_bytes())])?;
            invocation.stdin = Stdin::File(file.join(DOCKERFILE));
            invocation.args.extend(["--file".into(), "-".into(), context.into()]);
            return Ok(());
        }
        let tool = recipe.lock.as_ref().map(|lock| (recipe.name(), lock));
        let project = recipe.environment.project().zip(recipe.project.as_ref());
        let build = recipe.build.as_ref().map(|lock| (BUILD, lock));
        let locks = tool.into_iter().chain(project).chain(build);
        let locks = locks
            .map(|(name, lock)| (format!("requirements/{name}.txt"), lock.text().into_bytes()));
        // Buildah 1.39 does not expand arguments in the source of a mount.
        let project = recipe.environment.project().unwrap_or_default();
        let text = dockerfile.text.replace("${LOCK}", recipe.name()).replace("${PROJECT}", project);
        let crates = recipe.rust.iter().flat_map(|rust| {
            let downloader = ("crates.py".to_owned(), DOWNLOADER.as_bytes().to_vec());
            [downloader, ("crates.txt".to_owned(), rust.list().into_bytes())]
        });
        let compiled = skeleton.into_iter().flat_map(|skeleton| {
            let script = ("compile.sh".to_owned(), skeleton.script.clone().into_bytes());
            let files = skeleton.files.iter();
            let files = files.map(|(path, text)| (format!("skeleton/{path}"), text.clone()));
            files.chain([script])
        });
        let dockerfile = (DOCKERFILE.to_owned(), text.into_bytes());
        let files: Vec<(String, Vec<u8>)> =
            std::iter::once(dockerfile).chain(locks).chain(crates).chain(compiled).collect();
        write(&file, &files)?;
        invocation.stdin = Stdin::File(file);
        invocation.args.push("-".into());
        Ok(())
    }

    /// Tries whether the engine builds from a context of ours, without a network and an image.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn try_build(&self) -> Result<(), EngineError> {
        let file = self.settings.folder.join("build/try");
        let text = b"FROM scratch\nCOPY Dockerfile /\n".to_vec();
        write(&file, &[(DOCKERFILE.to_owned(), text)])?;
        let mut invocation = self.start_build(BuildOutput::Nothing);
        invocation.stdin = Stdin::File(file);
        invocation.args.push("-".into());
        let output = self.await_answer(&invocation, self.settings.answer_limit)?;
        match output.code {
            0 => Ok(()),
            _ => Err(match find_state_error(&output.stderr) {
                Some(message) => EngineError::BuilderState(message),
                None => failed(&invocation, &output),
            }),
        }
    }
}

/// Writes an archive of these files, each with its path in the context.
pub(super) fn write(archive: &Path, files: &[(String, Vec<u8>)]) -> Result<(), SnapshotError> {
    let parent = archive.parent().unwrap_or(archive);
    fs::create_dir_all(parent).map_err(SnapshotError::io("create", parent))?;
    pack(archive, files).map_err(SnapshotError::io("write", archive))
}

fn pack(archive: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let mut builder = tar::Builder::new(io::BufWriter::new(fs::File::create(archive)?));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(MTIME);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content.as_slice())?;
    }
    builder.into_inner()?.flush()
}
