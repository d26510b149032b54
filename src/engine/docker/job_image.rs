//! Makes the image that jobs of CI run in, and pushes it.
//!
//! Owns its build, from a folder with nothing but what goes into it. It must not know what that is;
//! [`crate::engine::job_image`] does.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::image::{BUILD_LIMIT, end_of, said};
use super::{Docker, failed};
use crate::engine::EngineError;
use crate::engine::job_image::{DOCKERFILE, JobImage, Shipped, Then};
use crate::event::Event;
use crate::snapshot::SnapshotError;

/// What the image goes by in messages.
const NAME: &str = "jobs";

impl Docker<'_> {
    /// Makes an image for jobs, unless it is there already.
    pub(in crate::engine) fn ship(
        &self,
        image: &JobImage,
        then: Then,
    ) -> Result<Shipped, EngineError> {
        let reference = image.reference.clone();
        let existed = match then {
            Then::Keep => self.inspect(&reference)?.is_some(),
            // Without pulling it.
            Then::Push => self.call(["buildx", "imagetools", "inspect", &reference])?.code == 0,
        };
        if existed {
            return Ok(Shipped { reference, existed });
        }
        if self.settings.offline {
            return Err(EngineError::Offline(NAME.to_owned()));
        }
        self.build_for_jobs(image)?;
        if then == Then::Push {
            let push = self.docker(["push", "--quiet", &reference]);
            let output = self.follow(&push, BUILD_LIMIT, |_| {})?;
            if output.code != 0 {
                return Err(failed(&push, &output));
            }
        }
        Ok(Shipped { reference, existed })
    }

    fn build_for_jobs(&self, image: &JobImage) -> Result<(), EngineError> {
        let base = self.base(&image.base)?;
        let folder = self.settings.folder.join("build/jobs");
        let copy = |from: &Path, to: &Path| {
            let parent = to.parent().unwrap_or(to);
            fs::create_dir_all(parent).map_err(SnapshotError::io("create", parent))?;
            fs::copy(from, to).map_err(SnapshotError::io("copy", from)).map(drop)
        };
        copy(&image.program, &folder.join("cargo-pipe"))?;
        for path in &image.files {
            copy(&path.on_disk(&self.settings.root), &path.on_disk(&folder.join("project")))?;
        }
        let dockerfile = folder.join("Dockerfile");
        fs::write(&dockerfile, DOCKERFILE).map_err(SnapshotError::io("write", &dockerfile))?;
        let grants: Vec<String> = image.grants.iter().map(ToString::to_string).collect();
        let mut build = self.docker(["buildx", "build", "--load", "--progress", "plain"]);
        for argument in [format!("BASE={}", base.reference), format!("GRANTS={}", grants.join(","))]
        {
            build.args.extend(["--build-arg".into(), argument.into()]);
        }
        build.args.extend(["--tag".into(), image.reference.clone().into()]);
        if let Some(platform) = &self.settings.platform {
            build.args.extend(["--platform".into(), platform.into()]);
        }
        self.supply_ours(&mut build)?;
        build.args.extend(["--file".into(), dockerfile.into(), folder.into()]);
        self.emitter.emit(&Event::BuildStarted { environment: NAME });
        let started = Instant::now();
        let output = self.follow(&build, BUILD_LIMIT, |line| {
            self.emitter.emit(&Event::BuildProgress { environment: NAME, line: said(line) });
        })?;
        if output.code != 0 {
            let (environment, said) = (NAME.to_owned(), end_of(&output.stderr));
            return Err(EngineError::BuildFailed { environment, said });
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::BuildFinished { environment: NAME, duration });
        Ok(())
    }
}
