//! Builds the prebuilt image of CI jobs, and pushes it.
//!
//! The build context has nothing but the image's files, which [`crate::engine::job_image`] lists.

use super::Docker;
use super::build_context;
use super::call::{BUILD_LIMIT, BuildOutput, failed};
use crate::engine::EngineError;
use crate::engine::job_image::{DOCKERFILE, JobImage, Shipped, Then};
use crate::process::Stdin;
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
            Then::Keep => self.has_job_image(image)?,
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

    /// Whether this engine has the image, on the base that it has.
    fn has_job_image(&self, image: &JobImage) -> Result<bool, EngineError> {
        let Some(found) = self.inspect(&image.reference)? else {
            return Ok(false);
        };
        match self.resolve_base(&image.base) {
            Ok(base) => Ok(found.is_built_on(&base.inspected)),
            Err(EngineError::ImageMissing { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn build_job_image(&self, image: &JobImage) -> Result<(), EngineError> {
        let base = self.resolve_base(&image.base)?;
        let program = read::read_file(&image.program, SizeLimit::Source)
            .map_err(|error| SnapshotError::io("read", &image.program)(error.into()))?;
        let mut files = vec![
            (build_context::DOCKERFILE.to_owned(), DOCKERFILE.as_bytes().to_vec()),
            ("cargo-pipe".to_owned(), program),
        ];
        for path in &image.files {
            let content = read::read_project_file(&self.settings.root, path, SizeLimit::Lock);
            let content = content.map_err(|error| {
                SnapshotError::io("read", &path.on_disk(&self.settings.root))(error.into())
            })?;
            files.push((format!("project/{path}"), content));
        }
        let context = self.settings.folder.join("build/jobs");
        build_context::write(&context, &files)?;
        let grants: Vec<String> = image.grants.iter().map(ToString::to_string).collect();
        let mut build = self.start_build(BuildOutput::Image);
        for argument in [format!("BASE={}", base.reference), format!("GRANTS={}", grants.join(","))]
        {
            build.args.extend(["--build-arg".into(), argument.into()]);
        }
        build.args.extend(["--tag".into(), image.reference.clone().into()]);
        if let Some(platform) = &self.settings.platform {
            build.args.extend(["--platform".into(), platform.into()]);
        }
        self.add_network_secrets(&mut build)?;
        build.stdin = Stdin::File(context);
        build.args.push("-".into());
        self.run_build(NAME, &build)?;
        let built = self.inspect_built(&image.reference)?;
        match built.is_built_on(&base.inspected) {
            true => Ok(()),
            false => Err(self.reject(&[&image.reference], &image.base)),
        }
    }
}
