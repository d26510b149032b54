//! Proves from outside what a container sees, and whether it can change it.
//!
//! A container of ours proves it from inside, by the launcher. These proofs are for images that have no
//! launcher, for shells, and for `cargo pipe doctor`.

use std::fs;
use std::path::Path;

use super::Docker;
use super::argv::{self, Container, Mount, Source};
use super::call::{failed, text};
use super::job::RemoveOnDrop;
use super::podman::Dialect;
use crate::container::{APP, CONFIG};
use crate::engine::{Access, EngineError, Job, RunError};
use crate::read::{self, SizeLimit};
use crate::snapshot::{PROOF, SnapshotError, Tree};

/// A file that a container sees if it sees the right files.
pub(super) struct Proof {
    /// Its path in the container.
    path: String,
    content: Vec<u8>,
}

impl Proof {
    /// The proofs of the trees of a job, first that of `/app`.
    pub(super) fn of_trees(job: &Job<'_>) -> Vec<Proof> {
        let trees = std::iter::once((APP, job.app)).chain(job.config.map(|tree| (CONFIG, tree)));
        let proof = |(target, tree): (&str, &Tree)| Proof {
            path: format!("{target}/{PROOF}"),
            content: tree.hash.to_string().into_bytes(),
        };
        trees.map(proof).collect()
    }

    /// The proof of a project itself, which is its manifest.
    pub(super) fn of_project(root: &Path, manifest: &str) -> Result<Proof, EngineError> {
        let file = root.join(manifest);
        let content = read::read_file(&file, SizeLimit::Config)
            .map_err(|error| SnapshotError::io("read", &file)(error.into()))?;
        Ok(Proof { path: format!("{APP}/{manifest}"), content })
    }
}

impl<'d> Docker<'d> {
    /// Creates a container and checks from outside that it will see its trees.
    pub(super) fn create_proved<'c>(
        &'c self,
        job: &Job<'_>,
        container: &'c Container,
        proofs: &[Proof],
    ) -> Result<RemoveOnDrop<'c, 'd>, RunError> {
        if job.access == Access::Write && container.is_bound() && self.user_mapping()?.is_some() {
            return Err(RunError::ReadOnly("the engine maps users to others".to_owned()));
        }
        let removal = RemoveOnDrop { docker: self, name: &container.name };
        let created = self.create(&self.job_invocation(argv::create(container), job))?;
        if created.code != 0 {
            return Err(self.not_started(job, &created));
        }
        for Proof { path, content } in proofs {
            let copied = self.call(["cp", &format!("{}:{path}", container.name), "-"])?;
            // The answer is a tar archive of this one small file: its content follows a 512-byte
            // head.
            let seen = copied.stdout.get(512..512 + content.len());
            if copied.code != 0 || seen != Some(content.as_slice()) {
                return Err(RunError::Unseen(first_line(&copied.stderr, "it sees other files")));
            }
        }
        Ok(removal)
    }

    /// Whether a container sees the files in a folder of ours.
    ///
    /// # Errors
    ///
    /// When the image is missing, or the folder is not writable.
    pub fn sees(&self, folder: &Path, image: &str) -> Result<bool, EngineError> {
        let (file, expected) = (folder.join(PROOF), &self.settings.run);
        fs::write(&file, expected).map_err(SnapshotError::io("write", &file))?;
        let mut container = self.container("look", image);
        let source = Source::Bind(folder.to_owned());
        container.mounts.push(Mount { source, target: APP.to_owned(), access: Access::Read });
        let _removal = RemoveOnDrop { docker: self, name: &container.name };
        let create = self.docker(argv::create(&container));
        let created = self.create(&create)?;
        if created.code != 0 {
            return match is_about_mounts(&text(&created.stderr)) {
                true => Ok(false),
                false => Err(failed(&create, &created)),
            };
        }
        let copied = self.call(["cp", &format!("{}:{APP}/{PROOF}", container.name), "-"])?;
        // A tar archive: the content of its one small file follows a 512-byte head.
        let seen = copied.stdout.get(512..512 + expected.len());
        Ok(copied.code == 0 && seen == Some(expected.as_bytes()))
    }

    /// Whether a container can change the files in a folder of ours that it sees.
    ///
    /// # Errors
    ///
    /// When the image has no Python, or the folder is not writable.
    pub fn writes(&self, folder: &Path, image: &str) -> Result<bool, EngineError> {
        const WRITTEN: &str = "written";
        let file = folder.join(PROOF);
        fs::write(&file, "").map_err(SnapshotError::io("write", &file))?;
        let mut container = self.container("write", image);
        let source = Source::Bind(folder.to_owned());
        container.mounts.push(Mount { source, target: APP.to_owned(), access: Access::Write });
        let script = format!("open('{APP}/{PROOF}', 'w').write('{WRITTEN}')");
        container.command = ["python3", "-I", "-S", "-c", &script].map(str::to_owned).to_vec();
        let _removal = RemoveOnDrop { docker: self, name: &container.name };
        let run = self.docker(argv::run(&container));
        let output = self.create(&self.docker(argv::run(&container)))?;
        // Docker itself ends with these, and Python with 1.
        if output.code >= 125 {
            return Err(failed(&run, &output));
        }
        let text = read::read_file(&file, SizeLimit::Config);
        Ok(text.is_ok_and(|text| text == WRITTEN.as_bytes()))
    }

    /// The way in which the user of a container is another one outside, if it is. The files that we
    /// create then belong to none of the users of a container but perhaps its root.
    pub(super) fn user_mapping(&self) -> Result<Option<UserMapping>, EngineError> {
        if self.dialect != Dialect::Docker {
            // Its containers keep the number of the caller.
            return Ok(None);
        }
        let options = self.succeed(&self.docker(["info", "--format", "{{.SecurityOptions}}"]))?;
        let options = text(&options.stdout);
        Ok(match (options.contains("name=rootless"), options.contains("name=userns")) {
            (true, _) => Some(UserMapping::Rootless),
            (false, true) => Some(UserMapping::Remapped),
            (false, false) => None,
        })
    }
}

/// A mapping of the users of containers to others outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UserMapping {
    /// Rootless docker: the root of a container is the user who runs the engine.
    Rootless,
    /// `--userns-remap`: no user of a container is one who has files outside.
    Remapped,
}

/// Whether a bound container's changes reach this machine, by the line that the launcher has added to
/// the proof.
pub(super) fn has_come_back(job: &Job<'_>, container: &Container) -> bool {
    if job.access == Access::Read || !container.is_bound() {
        return true;
    }
    let proof = read::read_unlinked(&job.app.folder.join(PROOF), SizeLimit::Source);
    // A tool that has removed the file has changed this machine's folder as well.
    !proof.is_ok_and(|text| text == format!("{}\n", job.app.hash).as_bytes())
}

/// Whether a message of docker is about a failed mount.
pub(super) fn is_about_mounts(message: &str) -> bool {
    let about =
        ["bind source path", "invalid mount config", "Mounts denied", "not shared", "statfs "];
    about.iter().any(|words| message.contains(words))
}

fn first_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or(otherwise).to_owned()
}
