//! Builds the images of environments.
//!
//! An image's tag contains a hash of everything that it is built from, so an existing tag needs no
//! build. Further tags, for each project and for the day of the last use, keep images that are still
//! needed from being removed. BuildKit builds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime};

use super::Docker;
use super::base::BaseImage;
use super::call::{BUILD_LIMIT, BuildOutput, text};
use super::image_info::ImageInfo;
use super::unused::{project_tag, use_tag};
use crate::engine::{EngineError, PreparedEnvironment};
use crate::environment::ResolvedEnvironment;
use crate::environment::recipe::{Dockerfile, RUST, Recipe};
use crate::environment::rust::Skeleton;
use crate::event::Event;
use crate::explanation::ResolvedBy;
use crate::hash::HashBuilder;
use crate::outcome::RawOutput;
use crate::plan::EnvironmentSpec;
use crate::process::Invocation;
use rayon::prelude::*;

/// The prefix of all repositories; each environment has one.
pub(super) const REPOSITORY: &str = "cargo-pipe";
/// The label of our images, with the environment's name.
pub(super) const IMAGE_LABEL: &str = "dev.cargo-pipe.image";

/// The number of lines of a failed build in its error.
const ERROR_LINES: usize = 25;

/// The environment of checks that need no lock of a tool.
pub(super) const BASE: &str = "base";

/// The names of an image.
pub(super) struct ImageNames {
    /// For its content.
    pub(super) content: String,
    /// For the project that refers to it.
    project: String,
    /// For the day of its last use.
    pub(super) used: String,
}

impl ImageNames {
    /// The names of an image for the environment of a lock, which `project` refers to. The qualifier tells
    /// apart several images of one lock.
    pub(super) fn new(lock: &str, qualifier: &str, key: &str, project: &str) -> ImageNames {
        let repository = to_repository(lock);
        let name = |tag: &str| format!("{REPOSITORY}/{repository}:{tag}");
        ImageNames {
            content: name(&key[..32]),
            project: name(&project_tag(project, qualifier)),
            used: name(&use_tag(SystemTime::now(), key)),
        }
    }

    fn all(&self) -> [&str; 3] {
        [&self.content, &self.project, &self.used]
    }
}

/// Everything that an image is built from, apart from its base.
pub(super) struct Sources<'s> {
    pub(super) recipe: &'s Recipe,
    pub(super) dockerfile: &'s Dockerfile,
    /// The project without code in which packages of Rust are compiled.
    pub(super) skeleton: Option<&'s Skeleton>,
}

impl Docker<'_> {
    pub(super) fn prepare_images(
        &self,
        recipes: &[Recipe],
    ) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        self.remember_folders();
        // Environments share their base, which is inspected or pulled before any of them is built.
        let names: BTreeSet<&str> = recipes.iter().map(|recipe| &*recipe.base).collect();
        let bases: BTreeMap<&str, Result<BaseImage, Arc<EngineError>>> = names
            .into_par_iter()
            .map(|name| (name, self.resolve_base(name).map_err(Arc::new)))
            .collect();
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
                name: recipe.label(),
                id: base.id.clone(),
                reference: reference.clone(),
                version: None,
                has_launcher: !matches!(recipe.environment, EnvironmentSpec::Image(_)),
                existed: *existed,
                resolved,
            });
        };
        // An image is for one platform, because the base's layers differ.
        let packages = recipe.rust.as_ref().and_then(|rust| rust.packages.as_ref());
        let skeleton = packages.map(|packages| Skeleton::read(&self.settings.root, packages));
        let skeleton = skeleton.transpose()?;
        let mut key =
            HashBuilder::new("image").with(resolved.hash.to_string()).with(base.platform());
        if let Some(skeleton) = &skeleton {
            key.add(skeleton.hash());
        }
        let key = key.hash();
        let qualifier = recipe.environment.qualifier();
        let (lock, project) = (recipe.name(), &self.settings.project);
        let names = ImageNames::new(lock, &qualifier, &key.to_string(), project);
        // The hash of the content of a foreign image is part of the environment's.
        let fits = |image: &ImageInfo| recipe.exceeds_locks() || image.is_built_on(base);
        let found = self.inspect(&names.content)?.filter(fits);
        let (image, existed) = match found.filter(|image| self.refer_to(image, &names)) {
            Some(image) => (image, true),
            None => {
                let sources = Sources { recipe, dockerfile, skeleton: skeleton.as_ref() };
                (self.build(&sources, reference, &names)?, false)
            }
        };
        if !fits(&image) {
            return Err(self.reject(&names.all(), &recipe.base));
        }
        // No lock lists what Debian's packages or foreign instructions have installed.
        if recipe.exceeds_locks() {
            self.note(format!(
                "the environment of `{}` contains more than its locks list, so it is the same \
                 elsewhere only if its image is shared",
                recipe.label()
            ));
            resolved.hash = HashBuilder::new("built")
                .with(resolved.hash.to_string())
                .with(image.content().to_string())
                .hash();
        }
        resolved.platform = image.platform();
        Ok(PreparedEnvironment {
            name: recipe.label(),
            id: image.id.clone(),
            reference: names.content,
            version: recipe.version().map(str::to_owned),
            has_launcher: true,
            existed,
            resolved,
        })
    }

    /// Adds the project's tag and that of today to an image. Fails if the image is gone because the
    /// last project that referred to it was removed in the meantime.
    fn refer_to(&self, image: &ImageInfo, names: &ImageNames) -> bool {
        self.add_tag(image, &names.project) && self.mark_use(image, names)
    }

    /// Adds the tag of today to an image. Fails if the image is gone.
    pub(super) fn mark_use(&self, image: &ImageInfo, names: &ImageNames) -> bool {
        if !image.has_tag(&names.used) {
            self.has_marked_use.store(true, Ordering::Relaxed);
        }
        self.add_tag(image, &names.used)
    }

    fn add_tag(&self, image: &ImageInfo, name: &str) -> bool {
        image.has_tag(name) || self.succeed(&self.docker(["tag", &image.id, name])).is_ok()
    }

    fn build(
        &self,
        sources: &Sources<'_>,
        base: &str,
        names: &ImageNames,
    ) -> Result<ImageInfo, EngineError> {
        let environment = sources.recipe.label();
        if self.settings.offline {
            return Err(EngineError::Offline(environment));
        }
        self.run_build(&environment, &self.build_invocation(sources, base, names)?)?;
        self.has_marked_use.store(true, Ordering::Relaxed);
        self.inspect_built(&names.content)
    }

    /// Runs a build and reports its progress.
    pub(super) fn run_build(
        &self,
        environment: &str,
        invocation: &Invocation,
    ) -> Result<(), EngineError> {
        self.emitter.emit(&Event::BuildStarted { environment });
        let started = Instant::now();
        let build = || {
            self.follow(invocation, BUILD_LIMIT, |line| {
                self.emitter.emit(&Event::BuildProgress { environment, line: strip_step(line) });
            })
        };
        let mut output = build()?;
        if output.code != 0 && has_lost_client(&output.stderr) {
            output = build()?;
        }
        if output.code != 0 {
            let buildx = self.call(["buildx", "version"])?;
            return Err(match buildx.code {
                0 => build_error(environment, &output),
                _ => EngineError::NoBuildx,
            });
        }
        let duration = started.elapsed();
        self.emitter.emit(&Event::BuildFinished { environment, duration });
        Ok(())
    }

    /// Inspects an image that was just built.
    pub(super) fn inspect_built(&self, tag: &str) -> Result<ImageInfo, EngineError> {
        let built = self.inspect(tag)?;
        built.ok_or_else(|| EngineError::Answer(format!("`{tag}` not found after its build")))
    }

    /// Removes an image that was built on another base than the one that was inspected, by its tags.
    pub(super) fn reject(&self, tags: &[&str], base: &str) -> EngineError {
        // The next run removes or replaces what is left.
        let _ = self.call(["image", "rm", "--force"].iter().chain(tags).copied());
        EngineError::OtherBase { image: tags[0].to_owned(), base: base.to_owned() }
    }

    fn build_invocation(
        &self,
        sources: &Sources<'_>,
        base: &str,
        names: &ImageNames,
    ) -> Result<Invocation, EngineError> {
        let Sources { recipe, dockerfile, .. } = *sources;
        let stage = match (&recipe.lock, &recipe.project) {
            _ if recipe.rust.as_ref().is_some_and(|rust| rust.packages.is_some()) => "compiled",
            _ if recipe.rust.is_some() => RUST,
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "tool",
            (None, Some(_)) => "project",
            (None, None) => "base",
        };
        let mut invocation = self.start_build(BuildOutput::Image);
        let mut add = |flag: &str, value: String| {
            invocation.args.extend([flag.into(), value.into()]);
        };
        match recipe.build {
            None => add("--target", stage.to_owned()),
            Some(_) => {
                add("--target", "installing".to_owned());
                add("--build-arg", format!("STAGE={stage}"));
            }
        }
        add("--build-arg", format!("BASE={base}"));
        if recipe.lock.is_some() {
            add("--build-arg", format!("LOCK={}", recipe.name()));
        }
        if let Some(project) = recipe.environment.project() {
            add("--build-arg", format!("PROJECT={project}"));
        }
        if let Some(rust) = &recipe.rust {
            add("--build-arg", format!("RUST={}", rust.image));
            add("--build-arg", format!("TOOLCHAIN={}", rust.toolchain));
        }
        add("--label", format!("{IMAGE_LABEL}={}", recipe.label()));
        for name in names.all() {
            add("--tag", name.to_owned());
        }
        if let Some(platform) = &self.settings.platform {
            add("--platform", platform.clone());
        }
        self.add_network(&mut invocation, dockerfile)?;
        self.add_context(&mut invocation, sources, &names.content)?;
        Ok(invocation)
    }
}

/// A name as a part of that of an image: lowercase, with single characters between letters and digits.
fn to_repository(name: &str) -> String {
    let mut repository = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            repository.push(c.to_ascii_lowercase());
        } else if repository.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            repository.push(c);
        }
    }
    repository.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// Whether a build failed because another run's build was killed: BuildKit shares the work of
/// several builds, and loses it with the client that asked first.
fn has_lost_client(stderr: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stderr);
    let lost = ["Unavailable: connection error", "context canceled", "no active session"];
    text.lines().any(|line| line.starts_with("ERROR: ") && lost.iter().any(|it| line.contains(it)))
}

/// The error of a build that failed.
fn build_error(environment: &str, output: &RawOutput) -> EngineError {
    match find_state_error(&output.stderr) {
        Some(message) => EngineError::BuilderState(message),
        None => EngineError::BuildFailed {
            environment: environment.to_owned(),
            message: last_lines(&output.stderr),
        },
    }
}

/// The message of docker's client if it cannot write the files that it keeps about builds.
pub(super) fn find_state_error(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let has = |line: &str, words: [&str; 2]| words.iter().any(|word| line.contains(word));
    let mut errors = text.lines().filter_map(|line| line.strip_prefix("ERROR: "));
    let found = errors.find(|line| {
        has(line, [".docker", "buildx"])
            && has(line, ["read-only file system", "permission denied"])
    });
    found.map(str::to_owned)
}

/// Removes the step number and clock of a builder's line: `#7 3.213 Collecting x` → `Collecting x`.
fn strip_step(line: &str) -> &str {
    let Some(rest) = line.strip_prefix('#') else {
        return line;
    };
    let rest = rest.split_once(' ').map_or(rest, |(_, rest)| rest);
    match rest.split_once(' ') {
        Some((clock, text)) if clock.parse::<f64>().is_ok() => text,
        _ => rest,
    }
}

/// The last lines of a builder, without step numbers and clocks.
fn last_lines(stderr: &[u8]) -> String {
    let text = text(stderr);
    let lines: Vec<&str> =
        text.lines().map(strip_step).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(ERROR_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_environment_is_one_of_an_image() {
        for (name, repository) in
            [("mypy", "mypy"), ("mypy.My__Api.-lint", "mypy.my_api.lint"), ("a.b-", "a.b")]
        {
            assert_eq!(to_repository(name), repository);
        }
    }

    #[test]
    fn a_builders_line_loses_its_step_and_clock() {
        assert_eq!(strip_step("#7 3.213 Collecting black"), "Collecting black");
        assert_eq!(strip_step("#7 [tool 1/1] RUN pip"), "[tool 1/1] RUN pip");
        assert_eq!(strip_step("ERROR: no such host"), "ERROR: no such host");
    }

    #[test]
    fn only_an_error_about_the_state_of_builds_is_one() {
        let refused = "mkdir /home/me/.docker: read-only file system";
        for (text, found) in [
            (format!("#1 CACHED\nERROR: {refused}\n"), Some(refused)),
            (format!("#7 1.2 {refused}\nERROR: failed to solve: exit code: 1\n"), None),
            ("ERROR: permission denied while connecting to docker.sock\n".to_owned(), None),
        ] {
            assert_eq!(find_state_error(text.as_bytes()).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn the_content_of_an_image_is_its_layers_and_variables_in_any_order() {
        let content = |layers: &str, env: &str| {
            let json = format!(
                r#"{{"Id":"sha256:1","Os":"linux","Architecture":"amd64","RootFS":{{"Layers":{layers}}},"Config":{{"Env":{env}}}}}"#
            );
            serde_json::from_str::<ImageInfo>(&json).unwrap().content()
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
        let inspected = |variant: &str| -> ImageInfo {
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
