//! Builds the prebuilt image of CI jobs, and pushes it.
//!
//! The build context is a folder with nothing but the image's files, which
//! [`crate::engine::job_image`] lists.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::Docker;
use super::call::{BUILD_LIMIT, failed};
use super::image::{last_lines, strip_step};
use crate::engine::EngineError;
use crate::engine::job_image::{DOCKERFILE, JobImage, Shipped, Then};
use crate::event::Event;
use crate::read::{self, SizeLimit};
use crate::snapshot::SnapshotError;

/// The image's name in messages.
const NAME: &str = "jobs";

impl Docker<'_> {
    /// Builds an image for jobs, unless it exists.
    pub(in crate::engine) fn ship(
        &self,
        image: &JobImage,
        then: Then,
    ) -> Result<Shipped, EngineError> {
        let reference = image.reference.clone();
        let existed = match then {
            Then::Keep => self.inspect(&reference)?.is_some(),
            // Unlike `docker manifest`, this needs no pull.
            Then::Push => self.call(["buildx", "imagetools", "inspect", &reference])?.code == 0,
        };
        if existed {
            return Ok(Shipped { reference, existed });
        }
        if self.settings.offline {
            return Err(EngineError::Offline(NAME.to_owned()));
        }
        self.build_job_image(image)?;
        if then == Then::Push {
            let push = self.docker(["push", "--quiet", &reference]);
            let output = self.follow(&push, BUILD_LIMIT, |_| {})?;
            if output.code != 0 {
                return Err(failed(&push, &output));
            }
        }
        Ok(Shipped { reference, existed })
    }

    fn build_job_image(&self, image: &JobImage) -> Result<(), EngineError> {
        let base = self.resolve_base(&image.base)?;
        let folder = self.settings.folder.join("build/jobs");
        let create_parent = |place: &Path| {
            let parent = place.parent().unwrap_or(place);
            fs::create_dir_all(parent).map_err(SnapshotError::io("create", parent))
        };
        let program = folder.join("cargo-pipe");
        create_parent(&program)?;
        fs::copy(&image.program, &program).map_err(SnapshotError::io("copy", &image.program))?;
        for path in &image.files {
            let (from, to) =
                (path.on_disk(&self.settings.root), path.on_disk(&folder.join("project")));
            let content = read::read_project_file(&self.settings.root, path, SizeLimit::Lock)
                .map_err(|error| SnapshotError::io("read", &from)(error.into()))?;
            create_parent(&to)?;
            fs::write(&to, content).map_err(SnapshotError::io("write", &to))?;
        }
        let dockerfile = folder.join("Dockerfile");
        fs::write(&dockerfile, DOCKERFILE).map_err(SnapshotError::io("write", &dockerfile))?;
        let grants: Vec<String> = image.grants.iter().map(ToString::to_string).collect();
        let mut build = self.start_build();
        for argument in [format!("BASE={}", base.reference), format!("GRANTS={}", grants.join(","))]
        {
            build.args.extend(["--build-arg".into(), argument.into()]);
        }
        build.args.extend(["--tag".into(), image.reference.clone().into()]);
        if let Some(platform) = &self.settings.platform {
            build.args.extend(["--platform".into(), platform.into()]);
        }
        self.add_network_secrets(&mut build)?;
        build.args.extend(["--file".into(), dockerfile.into(), folder.into()]);
        self.emitter.emit(&Event::BuildStarted { environment: NAME });
        let started = Instant::now();
        let output = self.follow(&build, BUILD_LIMIT, |line| {
            self.emitter.emit(&Event::BuildProgress { environment: NAME, line: strip_step(line) });
        })?;
        if output.code != 0 {
            let (environment, message) = (NAME.to_owned(), last_lines(&output.stderr));
            return Err(EngineError::BuildFailed { environment, message });
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::BuildFinished { environment: NAME, duration });
        Ok(())
    }
}
