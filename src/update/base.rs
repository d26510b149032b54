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
    /// The current record of the image for this platform, if there is one.
    pub before: Option<LockedBase>,
    /// The new record.
    pub after: LockedBase,
    /// The file, and what it holds now and then.
    pub(super) replacement: FileReplacement,
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

/// Inspects the current base image. Returns none, with a warning, if no docker engine has it and it
/// was not named.
pub(super) fn look(
    context: Context<'_>,
    wish: BaseRequest,
) -> Result<Option<BaseUpdate>, UpdateError> {
    let Context { config, project, cancel, emitter, .. } = context;
    let image = &config.python.image;
    let path = recipe::base_lock_path(config);
    let directory = Directory::create(context.scratch).map_err(EngineError::from)?;
    let settings = context.engine_options(&directory, Duration::ZERO);
    let mut lock = BaseLock::read(&project.root, &path).map_err(EngineError::from)?;
    let after = match engine::record_base(image, settings, cancel, emitter) {
        Ok(base) => base,
        Err(error) if wish == BaseRequest::Everything && error.is_out_of_reach() => {
            emitter.emit(&Event::Warning { message: &left(&path, &error) });
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let before = lock.find(image, &after.platform).cloned();
    // Records of other images are obsolete.
    lock.base.retain(|base| base.image == *image);
    lock.record(after.clone());
    let replacement = scaffold::replacement(&project.root, path, lock.text())?;
    Ok(Some(BaseUpdate { before, after, replacement }))
}

/// Records the base image of this machine in a project without a lock of the base. Returns the file that
/// was written; none if the project has one, or the machine does not have the image.
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
    let settings = context.engine_options(&directory, Duration::ZERO);
    let image = &config.python.image;
    let Some(base) = engine::record_local_base(image, settings, cancel, emitter)? else {
        return Ok(None);
    };
    let mut lock = BaseLock::default();
    lock.record(base);
    let replacement = scaffold::replacement(&project.root, path.clone(), lock.text())?;
    scaffold::replace_together(&project.root, &[&replacement])?;
    Ok(Some(path))
}

fn left(path: &ProjectPath, error: &EngineError) -> String {
    format!(
        "`{path}` was not updated: {error}; run `cargo pipe update {NAME}` on a machine with docker"
    )
}
