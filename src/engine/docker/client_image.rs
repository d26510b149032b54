//! Builds the image of a shell that controls the engine: the image of its check, and docker's client.
//!
//! No check runs in it, so it is part of no fingerprint.

use super::Docker;
use super::build_context;
use super::call::BuildOutput;
use super::image::{IMAGE_LABEL, ImageNames};
use crate::engine::{EngineError, PreparedEnvironment};
use crate::hash::HashBuilder;
use crate::process::{Invocation, Stdin};

/// Debian's package of docker's client, which is also the name of the image.
const NAME: &str = "docker-cli";

/// The Dockerfile of the image.
const DOCKERFILE: &str = include_str!("../../../templates/shell.Dockerfile");

impl Docker<'_> {
    /// The id of the image with docker's client on an environment. It is built if it is missing.
    pub(super) fn prepare_client_image(
        &self,
        environment: &PreparedEnvironment,
    ) -> Result<String, EngineError> {
        let PreparedEnvironment { id, reference, .. } = environment;
        let missing = || EngineError::Answer(format!("`{reference}` not found"));
        let base = self.inspect(id)?.ok_or_else(missing)?;
        let content = base.content().to_string();
        let key = HashBuilder::new("client").with(DOCKERFILE).with(content).with(base.platform());
        let names = ImageNames::new(NAME, "", &key.hash().to_string(), &self.settings.project);
        let found = self.inspect(&names.content)?.filter(|image| image.is_built_on(&base));
        if let Some(image) = found.filter(|image| self.mark_use(image, &names)) {
            return Ok(image.id);
        }
        if self.settings.offline {
            return Err(EngineError::Offline(NAME.to_owned()));
        }
        self.run_build(NAME, &self.client_build(reference, &names)?)?;
        let built = self.inspect_built(&names.content)?;
        match built.is_built_on(&base) {
            true => Ok(built.id),
            false => Err(self.reject(&[&names.content, &names.used], reference)),
        }
    }

    fn client_build(&self, base: &str, names: &ImageNames) -> Result<Invocation, EngineError> {
        let context = self.settings.folder.join("build").join(NAME);
        let dockerfile = DOCKERFILE.as_bytes().to_vec();
        build_context::write(&context, &[(build_context::DOCKERFILE.to_owned(), dockerfile)])?;
        let mut build = self.start_build(BuildOutput::Image);
        let mut add = |flag: &str, value: String| {
            build.args.extend([flag.into(), value.into()]);
        };
        add("--build-arg", format!("BASE={base}"));
        add("--label", format!("{IMAGE_LABEL}={NAME}"));
        // No project refers to it: it goes two weeks after its last use.
        add("--tag", names.content.clone());
        add("--tag", names.used.clone());
        if let Some(platform) = &self.settings.platform {
            add("--platform", platform.clone());
        }
        self.add_network_secrets(&mut build)?;
        build.stdin = Stdin::File(context);
        build.args.push("-".into());
        Ok(build)
    }
}
