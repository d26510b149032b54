//! The lock of the base, which moves with the locks of packages.
//!
//! Owns what is recorded anew, and that a machine without a docker engine leaves it as it is. It must
//! not know how an image is looked at; the engine does.

use std::time::Duration;

use crate::engine::{self, EngineError};
use crate::environment::{BaseLock, LockedBase, recipe};
use crate::event::Event;
use crate::project::ProjectPath;
use crate::run::{self, Context, Directory};
use crate::scaffold::{self, FileReplacement};

use super::UpdateError;

/// What the lock of the base goes by, as the environment that holds nothing else does.
pub(super) const NAME: &str = "base";

/// What becomes of the lock of the base.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaseUpdate {
    /// What is recorded of the image for this platform; none if nothing is.
    pub before: Option<LockedBase>,
    /// What it is.
    pub after: LockedBase,
    /// The file, and what it holds now and then.
    pub(super) replacement: FileReplacement,
}

impl BaseUpdate {
    /// Whether the lock is as it is to be.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.replacement.before.as_deref() == Some(&*self.replacement.after)
    }
}

/// Why the base is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseRequest {
    /// Somebody named it.
    Named,
    /// Everything is to be looked at.
    Everything,
}

/// What the base image is now; none, with a word about it, where no docker engine has it and nobody
/// named it.
pub(super) fn look(
    context: Context<'_>,
    wish: BaseRequest,
) -> Result<Option<BaseUpdate>, UpdateError> {
    let Context { config, project, cancel, emitter, .. } = context;
    let image = &config.python.image;
    let path = recipe::base_lock_path(config);
    let directory = Directory::create(context.scratch).map_err(EngineError::from)?;
    let settings = run::settings(context, &directory, Duration::ZERO);
    let mut lock = BaseLock::read(&settings.base_lock).map_err(EngineError::from)?;
    let after = match engine::record_base(image, settings, cancel, emitter) {
        Ok(base) => base,
        Err(error) if wish == BaseRequest::Everything && error.is_out_of_reach() => {
            emitter.emit(&Event::Warning { message: &left(&path, &error) });
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let before = lock.find(image, &after.platform).cloned();
    // What another image was recorded as is of no use any more.
    lock.base.retain(|base| base.image == *image);
    lock.record(after.clone());
    let replacement = scaffold::replacement(&project.root, path, lock.text())?;
    Ok(Some(BaseUpdate { before, after, replacement }))
}

fn left(path: &ProjectPath, error: &EngineError) -> String {
    format!(
        "`{path}` stays as it is: {error}; `cargo pipe update {NAME}` on a machine with docker \
         records the base image and its Python"
    )
}
