//! Images of environments.
//!
//! Owns what an image is called and when it is built: an image's tag says what it was made from,
//! so a tag that exists needs no build, and a second tag of the project keeps it from being taken
//! for nobody's. Building is BuildKit's work; where it happens is [`super`]'s.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::base::BaseImage;
use super::inspected::Inspected;
use super::{Docker, text};
use crate::engine::{EngineError, PreparedEnvironment};
use crate::environment::recipe::{Dockerfile, PROJECT, Recipe};
use crate::environment::{ResolvedBy, ResolvedEnvironment};
use crate::event::Event;
use crate::hash::HashBuilder;
use crate::plan::EnvironmentSpec;
use crate::snapshot;
use rayon::prelude::*;

/// The repository of all images; each environment is one below it.
pub(super) const REPOSITORY: &str = "cargo-pipe";
/// Says that an image is of ours.
pub(super) const IMAGE_LABEL: &str = "dev.cargo-pipe.image";

/// How long a build or a pull may take.
pub(super) const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How many lines of a failed build are told.
const TOLD_LINES: usize = 25;

/// The tag of the project that refers to an image.
pub(super) fn project_tag(project: &str) -> String {
    format!("project-{project}")
}

impl Docker<'_> {
    pub(super) fn prepare_images(
        &self,
        recipes: &[Recipe],
    ) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        // Environments share their base: it is looked up, and pulled, before any of them is built.
        let names: BTreeSet<&str> = recipes.iter().map(|recipe| &*recipe.base).collect();
        let bases: BTreeMap<&str, Result<BaseImage, Arc<EngineError>>> =
            names.into_par_iter().map(|name| (name, self.base(name).map_err(Arc::new))).collect();
        recipes
            .par_iter()
            .map(|recipe| {
                let base = bases[recipe.base.as_str()].as_ref().map_err(Arc::clone)?;
                self.prepare_image(recipe, base).map_err(Arc::new)
            })
            .collect()
    }

    fn prepare_image(
        &self,
        recipe: &Recipe,
        base: &BaseImage,
    ) -> Result<PreparedEnvironment, EngineError> {
        let BaseImage { inspected: base, existed, reference } = base;
        let python = self.python(&recipe.base, base)?;
        let mut resolved = ResolvedEnvironment::on_base(
            recipe,
            base.content(),
            python,
            base.platform(),
            ResolvedBy::Prepared,
        );
        let Some(dockerfile) = &recipe.dockerfile else {
            return Ok(PreparedEnvironment {
                name: recipe.name().to_owned(),
                id: base.id.clone(),
                reference: reference.clone(),
                version: None,
                has_launcher: !matches!(recipe.environment, EnvironmentSpec::Image(_)),
                existed: *existed,
                resolved,
            });
        };
        let repository = format!("{REPOSITORY}/{}", recipe.name());
        // An image of one processor does not serve another: its base differs in its layers.
        let key =
            HashBuilder::new("image").with(resolved.hash.to_string()).with(base.platform()).hash();
        let content_tag = format!("{repository}:{}", &key.to_string()[..32]);
        let own_tag = format!("{repository}:{}", project_tag(&self.settings.project));
        let found = self.inspect(&content_tag)?;
        let (image, existed) = match found.filter(|image| self.refer_to(image, &own_tag)) {
            Some(image) => (image, true),
            None => {
                let tags = [&content_tag, &own_tag];
                (self.build(recipe, dockerfile, reference, tags)?, false)
            }
        };
        // No lock lists what Debian's packages or foreign instructions have installed.
        if recipe.exceeds_locks() {
            self.note(format!(
                "the environment of `{}` contains more than its locks list, so it is the same \
                 elsewhere only if its image is shared",
                recipe.name()
            ));
            resolved.hash = HashBuilder::new("built")
                .with(resolved.hash.to_string())
                .with(image.content().to_string())
                .hash();
        }
        resolved.platform = image.platform();
        Ok(PreparedEnvironment {
            name: recipe.name().to_owned(),
            id: image.id.clone(),
            reference: content_tag,
            version: recipe.version().map(str::to_owned),
            has_launcher: true,
            existed,
            resolved,
        })
    }

    /// Refers to an image by the project's tag. It may be gone by now, because another project was
    /// the last to refer to it and was removed.
    fn refer_to(&self, image: &Inspected, own_tag: &str) -> bool {
        image.has_tag(own_tag) || self.succeed(&self.docker(["tag", &image.id, own_tag])).is_ok()
    }

    fn build(
        &self,
        recipe: &Recipe,
        dockerfile: &Dockerfile,
        base: &str,
        tags: [&String; 2],
    ) -> Result<Inspected, EngineError> {
        let environment = recipe.name();
        if self.settings.offline {
            return Err(EngineError::Offline(environment.to_owned()));
        }
        self.emitter.emit(&Event::BuildStarted { environment });
        let started = Instant::now();
        let invocation = self.build_invocation(recipe, dockerfile, base, tags)?;
        let build = || {
            self.follow(&invocation, BUILD_LIMIT, |line| {
                self.emitter.emit(&Event::BuildProgress { environment, line: said(line) });
            })
        };
        let mut output = build()?;
        if output.code != 0 && has_lost_a_client(&output.stderr) {
            output = build()?;
        }
        if output.code != 0 {
            let buildx = self.call(["buildx", "version"])?;
            return Err(match buildx.code {
                0 => EngineError::BuildFailed {
                    environment: environment.to_owned(),
                    said: end_of(&output.stderr),
                },
                _ => EngineError::NoBuildx,
            });
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::BuildFinished { environment, duration });
        let built = self.inspect(tags[0])?;
        built.ok_or_else(|| EngineError::Answer(format!("no image `{}` after its build", tags[0])))
    }

    fn build_invocation(
        &self,
        recipe: &Recipe,
        dockerfile: &Dockerfile,
        base: &str,
        tags: [&String; 2],
    ) -> Result<crate::process::Invocation, EngineError> {
        // In folders of one name BuildKit takes files of one size and time for the same, and ours
        // all have one time: the name has to say what is inside.
        let folder = self.settings.folder.join("build").join(tags[0].replace(['/', ':'], "-"));
        snapshot::write_tree(&folder, &[("Dockerfile", dockerfile.text.as_bytes())])?;
        let tool = recipe.lock.as_ref().map(|lock| (recipe.name(), lock));
        let project = recipe.project.as_ref().map(|lock| (PROJECT, lock));
        let locks: Vec<(String, String)> = tool
            .into_iter()
            .chain(project)
            .map(|(name, lock)| (format!("{name}.txt"), lock.text()))
            .collect();
        let files: Vec<(&str, &[u8])> =
            locks.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        snapshot::write_tree(&folder.join("requirements"), &files)?;
        let context: PathBuf = dockerfile.own_context.clone().unwrap_or_else(|| folder.clone());

        let target = match (&recipe.lock, &recipe.project) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "tool",
            (None, Some(_)) => "project",
            (None, None) => "base",
        };
        let mut invocation = self.docker(["buildx", "build", "--load", "--progress", "plain"]);
        let mut add = |flag: &str, value: String| {
            invocation.args.extend([flag.into(), value.into()]);
        };
        add("--target", target.to_owned());
        add("--build-arg", format!("BASE={base}"));
        if recipe.lock.is_some() {
            add("--build-arg", format!("LOCK={}", recipe.name()));
        }
        add("--label", format!("{IMAGE_LABEL}={}", recipe.name()));
        for tag in tags {
            add("--tag", tag.clone());
        }
        if let Some(platform) = &self.settings.platform {
            add("--platform", platform.clone());
        }
        self.supply(&mut invocation, dockerfile)?;
        invocation.args.push("--file".into());
        invocation.args.push(folder.join("Dockerfile").into());
        invocation.args.push(context.into());
        Ok(invocation)
    }
}

/// Whether a build failed with somebody else: BuildKit does once what several builds ask for, and
/// with the client that was first, and was killed, it loses the way to it.
fn has_lost_a_client(stderr: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stderr);
    let lost = ["Unavailable: connection error", "context canceled", "no active session"];
    text.lines().any(|line| line.starts_with("ERROR: ") && lost.iter().any(|it| line.contains(it)))
}

/// A builder's line without its step number and clock: `#7 3.213 Collecting x` → `Collecting x`.
pub(super) fn said(line: &str) -> &str {
    let Some(rest) = line.strip_prefix('#') else {
        return line;
    };
    let rest = rest.split_once(' ').map_or(rest, |(_, rest)| rest);
    match rest.split_once(' ') {
        Some((clock, text)) if clock.parse::<f64>().is_ok() => text,
        _ => rest,
    }
}

/// What a builder said at the end, without its own decoration.
pub(super) fn end_of(stderr: &[u8]) -> String {
    let text = text(stderr);
    let lines: Vec<&str> = text.lines().map(said).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TOLD_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_s_line_says_what_happens() {
        assert_eq!(said("#7 3.213 Collecting black"), "Collecting black");
        assert_eq!(said("#7 [tool 1/1] RUN pip"), "[tool 1/1] RUN pip");
        assert_eq!(said("ERROR: no such host"), "ERROR: no such host");
    }

    #[test]
    fn what_an_image_holds_is_its_layers_and_its_variables_in_any_order() {
        let content = |layers: &str, env: &str| {
            let json = format!(
                r#"{{"Id":"sha256:1","Os":"linux","Architecture":"amd64","RootFS":{{"Layers":{layers}}},"Config":{{"Env":{env}}}}}"#
            );
            serde_json::from_str::<Inspected>(&json).unwrap().content()
        };
        let one = content(r#"["a"]"#, r#"["X=1","PATH=/bin"]"#);
        assert_eq!(one, content(r#"["a"]"#, r#"["PATH=/bin","X=1"]"#));
        assert_ne!(one, content(r#"["b"]"#, r#"["X=1","PATH=/bin"]"#));
        assert_ne!(one, content(r#"["a"]"#, r#"["X=1","PATH=/usr/bin"]"#));
        let volume = r#"["X=1","PATH=/bin"],"Volumes":{"/data":{}}"#;
        assert_ne!(one, content(r#"["a"]"#, volume));
        assert_ne!(content("[]", "null"), content("[]", r#"["X=1"]"#));
    }

    #[test]
    fn a_platform_names_its_variant_if_it_has_one() {
        let inspected = |variant: &str| -> Inspected {
            serde_json::from_str(&format!(
                r#"{{"Id":"sha256:1","Os":"linux","Architecture":"arm","Variant":"{variant}","RootFS":{{"Layers":["a"]}}}}"#
            ))
            .unwrap()
        };
        assert_eq!(inspected("").platform(), "linux/arm");
        assert_eq!(inspected("v8").platform(), "linux/arm/v8");
        assert_eq!(inspected("v7").platform(), "linux/arm/v7");
    }
}
