//! Gets trees into containers.
//!
//! Folders are bound if containers prove that they see them, and that they can write to them where they
//! have to. From the first container on that cannot, the run streams its trees into volumes, which works
//! wherever the engine is and whichever users it maps. Nothing is guessed from the environment.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Docker;
use super::argv::{self, Container, Mount, Source};
use super::call::failed;
use crate::config::TopologyChoice;
use crate::container::APP;
use crate::engine::{Access, EngineError, Job, RunError};
use crate::engine_info::Topology;
use crate::process::Stdin;
use crate::snapshot::{MTIME, SnapshotError, Tree};

/// The folder of the trees in the container that fills the volumes.
const HOLD: &str = "/hold";

/// The trees of a run, and how they get into its containers.
pub(super) struct Placement {
    choice: TopologyChoice,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    trees: Vec<Tree>,
    topology: Option<Topology>,
    /// How often trees were registered: those of fixers before those of the checks.
    placed: usize,
    /// The volume of each tree, by its folder, once they are filled.
    volumes: Option<BTreeMap<PathBuf, String>>,
}

impl Placement {
    pub(super) fn new(choice: TopologyChoice) -> Self {
        Placement { choice, state: Mutex::new(State::default()) }
    }

    /// Registers the trees that will be needed.
    pub(super) fn expect(&self, mut trees: Vec<Tree>) {
        // Jobs of the same file set share a tree.
        trees.sort_by(|one, other| one.folder.cmp(&other.folder));
        trees.dedup();
        let mut state = self.state();
        state.trees = trees;
        state.placed += 1;
        state.volumes = None;
    }

    /// How trees have reached containers so far.
    pub(super) fn topology(&self) -> Option<Topology> {
        self.state().topology
    }

    /// Runs a job with the topology of this run.
    pub(super) fn run<T>(
        &self,
        attempt: impl Fn(Topology) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        let decided = self.topology();
        let first = match (self.choice, decided) {
            (_, Some(Topology::Stream)) | (TopologyChoice::Stream, _) => Topology::Stream,
            _ => Topology::Bind,
        };
        match (attempt(first), self.choice) {
            (Err(RunError::Unseen(_) | RunError::ReadOnly(_)), TopologyChoice::Auto)
                if first == Topology::Bind =>
            {
                self.decide(Topology::Stream);
                attempt(Topology::Stream)
            }
            (result, _) => {
                if result.is_ok() {
                    self.decide(first);
                }
                result
            }
        }
    }

    /// The volume that holds a tree. The first call fills the volumes of all trees.
    pub(super) fn volume(
        &self,
        docker: &Docker<'_>,
        tree: &Tree,
        image: &str,
    ) -> Result<String, EngineError> {
        let mut state = self.state();
        if state.volumes.is_none() {
            state.volumes = Some(fill(docker, &state, image)?);
        }
        let volumes = state.volumes.as_ref();
        volumes.and_then(|volumes| volumes.get(&tree.folder)).cloned().ok_or_else(|| {
            EngineError::Answer(format!("volume of `{}` not found", tree.folder.display()))
        })
    }

    fn decide(&self, topology: Topology) {
        let mut state = self.state();
        // Once one container needed a stream, all of the run's do.
        if state.topology != Some(Topology::Stream) {
            state.topology = Some(topology);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Docker<'_> {
    /// A streamed job's files as an archive, through a container that never starts.
    pub(super) fn fetch(&self, job: &Job<'_>) -> Result<Vec<u8>, EngineError> {
        let image = &job.environment.id;
        let volume = self.placement.volume(self, job.app, image)?;
        let mut container = self.container(&format!("fetch-{}", job.name), image);
        let source = Source::Volume(volume);
        container.mounts.push(Mount { source, target: APP.to_owned(), access: Access::Write });
        let fetched = self.create_holder(&container).and_then(|()| {
            let copy = self.docker(["cp", &format!("{}:{APP}", container.name), "-"]);
            self.read_archive(&copy)
        });
        self.remove_containers(&[container.name]);
        fetched
    }

    /// Creates a container that never starts, and its volumes.
    fn create_holder(&self, container: &Container) -> Result<(), EngineError> {
        if !self.dialect.labels_mounts() {
            self.create_volumes(container)?;
        }
        let created = self.docker(argv::hold(container));
        let output = self.create(&self.docker(argv::hold(container)))?;
        if output.code == 0 { Ok(()) } else { Err(failed(&created, &output)) }
    }

    /// Creates the missing volumes of a container.
    fn create_volumes(&self, container: &Container) -> Result<(), EngineError> {
        for mount in &container.mounts {
            let Source::Volume(name) = &mount.source else { continue };
            let mut args = vec!["volume".to_owned(), "create".to_owned(), "--ignore".to_owned()];
            for (label, value) in &container.labels {
                args.extend(["--label".to_owned(), format!("{label}={value}")]);
            }
            args.push(name.clone());
            let output = self.create(&self.docker(args.iter()))?;
            if output.code != 0 {
                return Err(failed(&self.docker(args.iter()), &output));
            }
        }
        Ok(())
    }
}

/// Copies trees into new volumes, through a container that never starts.
fn fill(
    docker: &Docker<'_>,
    state: &State,
    image: &str,
) -> Result<BTreeMap<PathBuf, String>, EngineError> {
    docker.mark_untidy();
    let mut container = docker.container(&format!("hold-{}", state.placed), image);
    let mut volumes = BTreeMap::new();
    // In an archive of all trees, each has its name in the container.
    let (mut all, mut each) = (Vec::new(), Vec::new());
    for (number, tree) in state.trees.iter().enumerate() {
        let volume = format!("{}-{number}", container.name);
        let target = format!("{HOLD}/{number}");
        all.push((tree, PathBuf::from(number.to_string())));
        each.push((target.clone(), vec![(tree, PathBuf::from("."))]));
        let source = Source::Volume(volume.clone());
        container.mounts.push(Mount { source, target, access: Access::Write });
        volumes.insert(tree.folder.clone(), volume);
    }
    let archives = match docker.dialect.fills_at_once() {
        true => vec![(HOLD.to_owned(), all)],
        false => each,
    };
    let filled = docker.create_holder(&container).and_then(|()| {
        archives.iter().try_for_each(|(target, trees)| {
            let file = docker.settings.folder.join("hold.tar");
            pack(&file, trees, container.user)?;
            let mut copy = docker.docker(["cp", "-", &format!("{}:{target}", container.name)]);
            copy.stdin = Stdin::File(file);
            docker.move_data(&copy).map(|_| ())
        })
    });
    docker.remove_containers(&[container.name]);
    filled.map(|()| volumes)
}

/// Writes an archive of trees under these names.
fn pack(file: &Path, trees: &[(&Tree, PathBuf)], owner: (u32, u32)) -> Result<(), SnapshotError> {
    let written = std::fs::File::create(file).map_err(SnapshotError::io("create", file))?;
    let mut archive = tar::Builder::new(io::BufWriter::new(written));
    for (tree, name) in trees {
        append(&mut archive, &tree.folder, name, owner)
            .map_err(SnapshotError::io("archive", &tree.folder))?;
    }
    let flushed = archive.into_inner().and_then(|mut file| file.flush());
    flushed.map_err(SnapshotError::io("write", file))
}

/// Adds a folder to an archive, each of its folders sorted by name and with fixed times.
fn append(
    archive: &mut tar::Builder<impl Write>,
    folder: &Path,
    name: &Path,
    owner: (u32, u32),
) -> io::Result<()> {
    let header = |kind, mode, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner.0.into());
        header.set_gid(owner.1.into());
        header.set_size(size);
        header.set_mtime(MTIME);
        header
    };
    let mut folders = vec![(folder.to_owned(), name.to_owned())];
    while let Some((folder, name)) = folders.pop() {
        let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        archive.append_data(
            &mut header(tar::EntryType::Directory, 0o755, 0),
            &name,
            io::empty(),
        )?;
        for entry in entries {
            let (path, name) = (entry.path(), name.join(entry.file_name()));
            let metadata = std::fs::symlink_metadata(&path)?;
            if metadata.is_dir() {
                folders.push((path, name));
            } else if metadata.is_symlink() {
                let target = std::fs::read_link(&path)?;
                archive.append_link(
                    &mut header(tar::EntryType::Symlink, 0o777, 0),
                    name,
                    target,
                )?;
            } else {
                let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
                let mut header = header(tar::EntryType::Regular, mode & 0o777, metadata.len());
                archive.append_data(&mut header, name, std::fs::File::open(&path)?)?;
            }
        }
    }
    Ok(())
}
