//! Resolves the base image of environments.
//!
//! The base is the image that the configured name leads to, unless the project's lock of the base
//! records another one, which is then pulled by its digest. `cargo pipe update` records the base
//! with [`Docker::record`].

use std::time::Instant;

use super::Docker;
use super::call::{BUILD_LIMIT, last_line, quote, text};
use super::image_info::{self, ImageInfo};
use crate::engine::EngineError;
use crate::environment::{BaseLock, LockedBase, python};
use crate::event::Event;

/// An image that environments are based on.
pub(super) struct BaseImage {
    pub(super) inspected: ImageInfo,
    /// The name by which docker builds on it.
    pub(super) reference: String,
    pub(super) existed: bool,
}

impl Docker<'_> {
    /// Resolves the base image, and pulls it if it is missing.
    pub(super) fn resolve_base(&self, image: &str) -> Result<BaseImage, EngineError> {
        let here = self.inspect_fitting(image)?;
        if let Some(locked) = self.locked_base(image, here.as_ref())? {
            return Ok(locked);
        }
        let reference = image.to_owned();
        if let Some(inspected) = here {
            return Ok(BaseImage { inspected, reference, existed: true });
        }
        Ok(BaseImage { inspected: self.pull(image)?, reference, existed: false })
    }

    /// The image with the digest of the project's lock, if the name leads to another image or to
    /// none. None if that digest cannot be pulled.
    fn locked_base(
        &self,
        image: &str,
        here: Option<&ImageInfo>,
    ) -> Result<Option<BaseImage>, EngineError> {
        let lock = BaseLock::read(&self.settings.root, &self.settings.base_lock)?;
        if lock.base.is_empty() {
            return Ok(None);
        }
        let platform = match here {
            Some(here) => here.platform(),
            None => self.platform()?,
        };
        let Some(recorded) = lock.find(image, &platform) else {
            return Ok(None);
        };
        let is_it = |image: &ImageInfo| image.content() == recorded.layers;
        let Some(digest) = recorded.digest.as_ref().filter(|_| !here.is_some_and(is_it)) else {
            return Ok(None);
        };
        let reference = format!("{}@{digest}", image_info::repository(image));
        if let Some(inspected) = self.inspect_fitting(&reference)?.filter(is_it) {
            return Ok(Some(BaseImage { inspected, reference, existed: true }));
        }
        match self.pull(&reference) {
            Ok(inspected) if is_it(&inspected) => {
                Ok(Some(BaseImage { inspected, reference, existed: false }))
            }
            // The image of that name is used then, with a warning.
            Ok(_) | Err(EngineError::ImageMissing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Inspects a local image, if it has the wanted platform.
    fn inspect_fitting(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        let forced = self.settings.platform.as_ref();
        let fits = |it: &ImageInfo| forced.is_none_or(|platform| *platform == it.platform());
        Ok(self.inspect(image)?.filter(fits))
    }

    /// The platform of pulled images.
    fn platform(&self) -> Result<String, EngineError> {
        if let Some(forced) = &self.settings.platform {
            return Ok(forced.clone());
        }
        let output = self.call(["version", "--format", self.dialect.platform()])?;
        Ok(text(&output.stdout))
    }

    fn pull(&self, image: &str) -> Result<ImageInfo, EngineError> {
        let missing =
            |message: String| EngineError::ImageMissing { image: image.to_owned(), message };
        if self.settings.offline {
            return Err(missing("offline".to_owned()));
        }
        self.emitter.emit(&Event::PullStarted { image });
        let started = Instant::now();
        let platform = self.settings.platform.as_deref();
        let mut args = vec!["pull", "--quiet"];
        args.extend(platform.into_iter().flat_map(|platform| ["--platform", platform]));
        args.extend(["--", image]);
        let output = self.follow(&self.docker(args), BUILD_LIMIT, |_| {})?;
        if output.code != 0 {
            return Err(missing(last_line(&output.stderr, "no message")));
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::PullFinished { image, duration });
        let inspected = self.inspect_fitting(image)?;
        inspected.ok_or_else(|| missing("the pulled image has another platform".to_owned()))
    }

    /// Describes the newest base image and its Python for the lock. An image without a registry
    /// digest is not pulled again.
    pub(in crate::engine) fn record(&self, image: &str) -> Result<LockedBase, EngineError> {
        let inspected = match self.inspect_fitting(image)? {
            Some(here) if here.digest(image).is_none() => here,
            Some(here) => self.pull(image).or_else(|error| match error {
                EngineError::ImageMissing { message: error, .. } => {
                    let message = format!(
                        "cannot pull a newer `{image}`, so the local one is recorded: {error}"
                    );
                    self.emitter.emit(&Event::Warning { message: &message });
                    Ok(here)
                }
                error => Err(error),
            })?,
            None => self.pull(image)?,
        };
        self.describe_base(image, &inspected)
    }

    /// Describes the local base image and its Python for the lock; none if the image is missing.
    pub(in crate::engine) fn record_local(
        &self,
        image: &str,
    ) -> Result<Option<LockedBase>, EngineError> {
        let local = self.inspect_fitting(image)?;
        local.map(|inspected| self.describe_base(image, &inspected)).transpose()
    }

    fn describe_base(&self, image: &str, inspected: &ImageInfo) -> Result<LockedBase, EngineError> {
        self.note_start()?;
        let mut args = vec!["run", "--rm", "--pull", "never", "--network", "none", "--read-only"];
        let labels: Vec<String> =
            self.labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
        args.extend(labels.iter().flat_map(|label| ["--label", label]));
        args.extend(["--cap-drop", "ALL", "--entrypoint", "python3", &inspected.id]);
        args.extend(["-I", "-S", "-c", python::PROBE_SCRIPT]);
        let output = self
            .succeed(&self.docker(args))
            // Its client ended before the container did.
            .inspect_err(|_| self.mark_untidy())?;
        let answer: python::ProbeOutput = serde_json::from_slice(&output.stdout)
            .map_err(|error| unreadable(&error, &text(&output.stdout)))?;
        Ok(LockedBase {
            image: image.to_owned(),
            platform: inspected.platform(),
            digest: inspected.digest(image),
            layers: inspected.content(),
            python: answer.probe,
        })
    }

    /// The version of Python in a base: from the project's lock if it records this base, otherwise
    /// from the image itself. A base that differs from the lock is reported as a warning.
    pub(super) fn python(
        &self,
        image: &str,
        base: &ImageInfo,
    ) -> Result<Option<String>, EngineError> {
        let lock = BaseLock::read(&self.settings.root, &self.settings.base_lock)?;
        match lock.find(image, &base.platform()) {
            Some(recorded) if recorded.layers == base.content() => {
                return Ok(Some(recorded.python.version.clone()));
            }
            Some(_) => {
                let message = format!(
                    "the base image `{image}` differs from the one in pipe.lock, so fingerprints differ \
                     from those of machines with that one; `cargo pipe update base` records this one"
                );
                self.note(message);
            }
            None => {}
        }
        Ok(base.python())
    }

    /// Inspects a local image; none if it is missing.
    pub(super) fn inspect(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        let output = self.call(["image", "inspect", "--format", "{{json .}}", "--", image])?;
        let answer = text(&output.stdout);
        if output.code != 0 || answer.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&answer).map(Some).map_err(|error| unreadable(&error, &answer))
    }
}

fn unreadable(error: &serde_json::Error, answer: &str) -> EngineError {
    EngineError::Answer(format!("{error}: {}", quote(answer)))
}
