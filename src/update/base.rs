//! Updates of the lock of the base image.
//!
//! A machine without a docker engine leaves the lock unchanged.

use std::time::Duration;

use crate::engine::{self, EngineError};
use crate::environment::{BaseLock, LockedBase, recipe};
use crate::event::Event;
use crate::project::ProjectPath;
use crate::run::{Context, Directory};
use crate::scaffold::{self, FileReplacement};

use super::UpdateError;

/// The name of the lock of the base, and of the environment without packages.
pub(super) const NAME: &str = "base";

/// The planned change of the lock of the base.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaseUpdate {
    /// The records, one for each version of Python.
    pub records: Vec<BaseRecord>,
    /// The file, and what it holds now and then.
    pub(super) replacement: FileReplacement,
}

/// The planned record of a base image for this platform.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaseRecord {
    /// The current record of the image, if there is one.
    pub before: Option<LockedBase>,
    /// The new record.
    pub after: LockedBase,
}

impl BaseUpdate {
    /// Whether the lock is up to date.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.replacement.before.as_deref() == Some(&*self.replacement.after)
    }
}

/// Why the base is updated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseRequest {
    /// It was named.
    Named,
    /// All locks are updated.
    Everything,
}

/// Inspects the current base images. Returns none, with a warning, if no docker engine has one of them
/// and the base was not named.
pub(super) fn look(
    context: Context<'_>,
    wish: BaseRequest,
) -> Result<Option<BaseUpdate>, UpdateError> {
    let Context { config, project, cancel, emitter, .. } = context;
    let images = config.images();
    let path = recipe::base_lock_path(config);
    let directory = Directory::create(context.scratch).map_err(EngineError::from)?;
    let mut lock = BaseLock::read(&project.root, &path).map_err(EngineError::from)?;
    let mut records = Vec::new();
    for image in &images {
        let settings = context.engine_options(&directory, Duration::ZERO);
        let after = match engine::record_base(image, settings, cancel, emitter) {
            Ok(base) => base,
            Err(error) if wish == BaseRequest::Everything && error.is_out_of_reach() => {
                emitter.emit(&Event::Warning { message: &left(&path, &error) });
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        records.push(BaseRecord { before: lock.find(image, &after.platform).cloned(), after });
    }
    // Records of other images are obsolete.
    lock.base.retain(|base| images.contains(&base.image));
    records.iter().for_each(|record| lock.record(record.after.clone()));
    let replacement = scaffold::replacement(&project.root, path, lock.text())?;
    Ok(Some(BaseUpdate { records, replacement }))
}

/// Records the base images of this machine in a project without a lock of the base. Returns the file that
/// was written; none if the project has one, or the machine has none of the images.
///
/// # Errors
///
/// When no docker engine answers, or the file cannot be written.
pub fn record_first_base(context: Context<'_>) -> Result<Option<ProjectPath>, UpdateError> {
    let Context { config, project, cancel, emitter, .. } = context;
    let path = recipe::base_lock_path(config);
    if BaseLock::exists(&project.root, &path) {
        return Ok(None);
    }
    let directory = Directory::create(context.scratch).map_err(EngineError::from)?;
    let mut lock = BaseLock::default();
    for image in config.images() {
        let settings = context.engine_options(&directory, Duration::ZERO);
        let base = engine::record_local_base(&image, settings, cancel, emitter)?;
        base.into_iter().for_each(|base| lock.record(base));
    }
    if lock.base.is_empty() {
        return Ok(None);
    }
    let replacement = scaffold::replacement(&project.root, path.clone(), lock.text())?;
    scaffold::replace_together(&project.root, &[&replacement])?;
    Ok(Some(path))
}

fn left(path: &ProjectPath, error: &EngineError) -> String {
    format!(
        "`{path}` was not updated: {error}; run `cargo pipe update {NAME}` on a machine with docker"
    )
}
