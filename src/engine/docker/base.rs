//! The image that environments are based on.
//!
//! Owns which image that is: the one that goes by the name, unless the project's lock of its base says
//! that it is another one, which is then had by its digest; and what of it is recorded there. It must
//! not know what is built on it; [`super::image`] does.

use std::time::Instant;

use super::image::BUILD_LIMIT;
use super::inspected::{self, Inspected};
use super::{Docker, last_line, text};
use crate::engine::EngineError;
use crate::environment::base_lock as recorded;
use crate::environment::python;
use crate::event::Event;

/// An image that others are based on.
pub(super) struct BaseImage {
    pub(super) inspected: Inspected,
    /// What docker builds on it by.
    pub(super) reference: String,
    pub(super) existed: bool,
}

impl Docker<'_> {
    /// The image that environments are based on, pulled if it is not here.
    pub(super) fn base(&self, image: &str) -> Result<BaseImage, EngineError> {
        let here = self.fitting(image)?;
        if let Some(locked) = self.locked(image, here.as_ref())? {
            return Ok(locked);
        }
        let reference = image.to_owned();
        if let Some(inspected) = here {
            return Ok(BaseImage { inspected, reference, existed: true });
        }
        Ok(BaseImage { inspected: self.pull(image)?, reference, existed: false })
    }

    /// The image that the project's lock names by its digest, where another one goes by the name, or
    /// none; none if it is not to be had either.
    fn locked(
        &self,
        image: &str,
        here: Option<&Inspected>,
    ) -> Result<Option<BaseImage>, EngineError> {
        let lock = recorded::BaseLock::read(&self.settings.base_lock)?;
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
        let is_it = |image: &Inspected| image.content() == recorded.layers;
        let Some(digest) = recorded.digest.as_ref().filter(|_| !here.is_some_and(is_it)) else {
            return Ok(None);
        };
        let reference = format!("{}@{digest}", inspected::repository(image));
        if let Some(inspected) = self.fitting(&reference)?.filter(is_it) {
            return Ok(Some(BaseImage { inspected, reference, existed: true }));
        }
        match self.pull(&reference) {
            Ok(inspected) if is_it(&inspected) => {
                Ok(Some(BaseImage { inspected, reference, existed: false }))
            }
            // What goes by the name is taken then, and told to be another one.
            Ok(_) | Err(EngineError::ImageMissing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An image that is here, for the platform that is wanted.
    fn fitting(&self, image: &str) -> Result<Option<Inspected>, EngineError> {
        let forced = self.settings.platform.as_ref();
        let fits = |it: &Inspected| forced.is_none_or(|platform| *platform == it.platform());
        Ok(self.inspect(image)?.filter(fits))
    }

    /// The platform that images would be pulled for.
    fn platform(&self) -> Result<String, EngineError> {
        if let Some(forced) = &self.settings.platform {
            return Ok(forced.clone());
        }
        let output = self.call(["version", "--format", self.dialect.platform()])?;
        Ok(text(&output.stdout))
    }

    fn pull(&self, image: &str) -> Result<Inspected, EngineError> {
        let missing = |said: String| EngineError::ImageMissing { image: image.to_owned(), said };
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
            return Err(missing(last_line(&output.stderr, "docker said nothing")));
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::PullFinished { image, duration });
        let inspected = self.fitting(image)?;
        inspected.ok_or_else(|| missing("what was pulled is for another platform".to_owned()))
    }

    /// What a base image is by now, and which Python it holds. One that came from no registry has
    /// none to ask for a newer one.
    pub(super) fn record(&self, image: &str) -> Result<recorded::LockedBase, EngineError> {
        let inspected = match self.fitting(image)? {
            Some(here) if here.digest(image).is_none() => here,
            Some(here) => self.pull(image).or_else(|error| match error {
                EngineError::ImageMissing { said, .. } => {
                    let message = format!(
                        "no registry was asked for a newer `{image}`, so the one that is here is \
                         recorded: {said}"
                    );
                    self.emitter.emit(&Event::Warning { message: &message });
                    Ok(here)
                }
                error => Err(error),
            })?,
            None => self.pull(image)?,
        };
        let mut args = vec!["run", "--rm", "--pull", "never", "--network", "none", "--read-only"];
        args.extend(["--cap-drop", "ALL", "--entrypoint", "python3", &inspected.id]);
        args.extend(["-I", "-S", "-c", python::PROBE_SCRIPT]);
        let output = self.succeed(&self.docker(args))?;
        let found: python::ProbeOutput = serde_json::from_slice(&output.stdout)
            .map_err(|error| EngineError::Answer(format!("{error}: {}", text(&output.stdout))))?;
        Ok(recorded::LockedBase {
            image: image.to_owned(),
            platform: inspected.platform(),
            digest: inspected.digest(image),
            layers: inspected.content(),
            python: found.probe,
        })
    }

    /// The version of Python in a base: what the project's lock of the base says if this is the one,
    /// else what the image says itself. That it is not the one is noted.
    pub(super) fn python(
        &self,
        image: &str,
        base: &Inspected,
    ) -> Result<Option<String>, EngineError> {
        let lock = recorded::BaseLock::read(&self.settings.base_lock)?;
        match lock.find(image, &base.platform()) {
            Some(recorded) if recorded.layers == base.content() => {
                return Ok(Some(recorded.python.version.clone()));
            }
            Some(_) => {
                let message = format!(
                    "the base image `{image}` is not the one in the project's pipe.lock, so \
                     fingerprints differ from those of machines that have that one"
                );
                self.note(message);
            }
            None => {}
        }
        Ok(base.python())
    }

    /// What docker says of an image that is here.
    pub(super) fn inspect(&self, image: &str) -> Result<Option<Inspected>, EngineError> {
        let output = self.call(["image", "inspect", "--format", "{{json .}}", "--", image])?;
        let answer = text(&output.stdout);
        if output.code != 0 || answer.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&answer)
            .map(Some)
            .map_err(|error| EngineError::Answer(format!("{error}: {answer}")))
    }
}
