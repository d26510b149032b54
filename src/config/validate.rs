//! Validation of the merged layers into a [`Config`].
//!
//! Every rule about which values are valid, and which can be combined, is here or in a submodule.
//! Nothing here reads a disk: the paths that have to be inside the project are returned with the
//! `Config`, and [`crate::configure`] checks them.

mod check;
mod checks;
mod findings;
mod network;
mod packages;
mod python;
mod requests;
mod rust;
mod terms;
mod testing;

use std::time::Duration;

pub use terms::{ValidationContext, is_canonical};

use super::layer::{CiLayer, ImageLayer, Layer, OwnFile, Switch, Text, Texts, Value, WrittenAt};
use super::merge::OVER_DEFAULTS;
use super::{
    Ci, Config, ConfigError, EngineChoice, EngineSource, GitlabJobs, ImageSettings, Install, Work,
};
use crate::gate::BaselineFile;
use crate::limits::{LimitKind, Limits};
use crate::project::ProjectPath;
use terms::Terms;

/// A valid configuration, and the paths that are left to check on disk.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Valid {
    /// The configuration.
    pub config: Config,
    /// The paths in it that must not leave the project through a link, with where they were written.
    pub paths: Vec<Value<ProjectPath>>,
}

/// The default size limit of the result cache, in bytes.
const CACHE_SIZE: u64 = 1 << 30;

/// The default time in which docker has to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The allowed values of `jobs`.
const JOBS: std::ops::RangeInclusive<i64> = 1..=512;

/// The default name of the baseline in the config folder.
const BASELINE: &str = "baseline.jsonl";

/// Validates the merged layers and fills in what is derived.
///
/// # Errors
///
/// When a value is invalid, or two values contradict each other.
pub fn validate(layer: Layer, context: &ValidationContext<'_>) -> Result<Valid, ConfigError> {
    let mut terms = Terms::new(context);
    let source = terms.sources("source", layer.source.as_ref())?;
    let config = terms.path("config", layer.config.as_ref())?;
    let exclude = terms.globs(layer.exclude.as_ref())?;
    let include = terms.globs(layer.include.as_ref())?;
    let timeout = terms.timeout(layer.timeout.as_ref())?;
    let limits = Limits {
        memory: terms.size(LimitKind::Memory, terms.required("memory", layer.memory.as_ref())?)?,
        disk: terms.size(LimitKind::Disk, terms.required("disk", layer.disk.as_ref())?)?,
        output: terms.size(LimitKind::Output, terms.required("output", layer.output.as_ref())?)?,
    };
    let python = python::validate(&mut terms, layer.python)?;
    let rust = rust::validate(&mut terms, layer.rust)?;
    let packages = packages::validate(&mut terms, &layer.packages)?;
    let scope = checks::Scope {
        source: layer.source.as_ref(),
        exclude: exclude.clone(),
        include: include.clone(),
        timeout,
        limits,
        images: &python,
        python: python.version.clone(),
        pythons: python.versions.clone(),
    };
    let checks = checks::validate(&mut terms, layer.checks, &packages, &scope)?;
    let gitlab = layer.ci.gitlab.clone();
    let ci = ci(&terms, layer.ci)?;
    let baseline = baseline(&mut terms, &config, layer.baseline, layer.never_accept)?;
    let engine_source = engine_source(layer.engine.as_ref());
    let config = Config {
        config,
        engine_source,
        engine: layer.engine.map(|it| it.value).unwrap_or_default(),
        topology: layer.topology.map(|it| it.value).unwrap_or_default(),
        platform: platform(&terms, layer.platform)?,
        jobs: jobs(&terms, layer.jobs)?,
        cpus: layer.cpus.map(|it| cpus(&terms, &it)).transpose()?,
        baseline,
        offline: layer.offline.is_some_and(|it| it.value),
        cache: layer.cache.unwrap_or_default(),
        cache_size: layer.cache_size.unwrap_or(CACHE_SIZE),
        answer_limit: layer.answer_limit.map_or(ANSWER_LIMIT, |limit| limit.0),
        python,
        rust,
        image: image(&mut terms, &layer.image)?,
        network: network::validate(&mut terms, layer.network)?,
        checks,
        packages: packages.into_iter().map(|(package, _)| package).collect(),
        ci,
        allow: layer.allow.into_iter().collect(),
        manifest: context.manifest.to_owned(),
        source,
        exclude,
        include,
    };
    if let Some(gitlab) = gitlab {
        has_python_in_jobs(&terms, &config, &gitlab)?;
        has_toolchain_in_jobs(&terms, &config, &gitlab)?;
    }
    Ok(Valid { config, paths: terms.into_paths() })
}

/// Checks that the image of each job in GitLab has the Python of its checks.
fn has_python_in_jobs(
    terms: &Terms<'_>,
    config: &Config,
    gitlab: &Value<Switch>,
) -> Result<(), ConfigError> {
    let pythons = config.pythons();
    if pythons.len() == 1 || !config.shares_job_image() {
        return Ok(());
    }
    let message = format!(
        "the image of a job has one Python, but the checks run on {}",
        pythons.join(" and ")
    );
    Err(terms.error(gitlab, message).with_hint(
        "set `jobs = \"per-check\"` without `registry`, or an engine for the jobs, such as \
         `gitlab = \"dind\"`",
    ))
}

/// Checks that the jobs in GitLab have an engine for checks of Rust code: their image has no toolchain.
fn has_toolchain_in_jobs(
    terms: &Terms<'_>,
    config: &Config,
    gitlab: &Value<Switch>,
) -> Result<(), ConfigError> {
    let of_rust = config.checks.iter().find(|check| matches!(check.work, Work::Rust { .. }));
    match of_rust.filter(|_| config.ci.gitlab == Some(GitlabJobs::Image)) {
        None => Ok(()),
        Some(check) => Err(terms
            .error(gitlab, format!("the image of a job has no Rust toolchain for `{}`", check.id))
            .with_hint("set an engine for the jobs, such as `gitlab = \"dind\"`")),
    }
}

fn engine_source(engine: Option<&Value<EngineChoice>>) -> EngineSource {
    let is_projects = engine.is_some_and(|engine| {
        matches!(engine.place, WrittenAt::Bytes(_))
            && engine.covered < OVER_DEFAULTS
            && engine.value != EngineChoice::Auto
    });
    if is_projects { EngineSource::Project } else { EngineSource::User }
}

fn platform(terms: &Terms<'_>, platform: Option<Text>) -> Result<Option<String>, ConfigError> {
    let Some(platform) = platform else {
        return Ok(None);
    };
    let fits = platform.value.strip_prefix("linux/").is_some_and(|rest| {
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        rest.split('/').all(part) && rest.split('/').count() <= 2
    });
    if !fits {
        let message = format!("invalid `platform`: `{}`", platform.value);
        return Err(terms
            .error(&platform, message)
            .with_hint("use docker's notation, such as \"linux/amd64\" or \"linux/arm64\""));
    }
    Ok(Some(platform.value))
}

fn jobs(terms: &Terms<'_>, jobs: Option<Value<i64>>) -> Result<usize, ConfigError> {
    let jobs = terms.required("jobs", jobs.as_ref())?;
    usize::try_from(jobs.value).ok().filter(|_| JOBS.contains(&jobs.value)).ok_or_else(|| {
        let (least, most) = (JOBS.start(), JOBS.end());
        let message = format!("`jobs` must be between {least} and {most}, got {}", jobs.value);
        terms.error(jobs, message)
    })
}

fn cpus(terms: &Terms<'_>, cpus: &Value<i64>) -> Result<usize, ConfigError> {
    usize::try_from(cpus.value)
        .ok()
        .filter(|cpus| *cpus > 0)
        .ok_or_else(|| terms.error(cpus, format!("`cpus` must be at least 1, got {}", cpus.value)))
}

fn baseline(
    terms: &mut Terms<'_>,
    folder: &ProjectPath,
    file: Option<Value<OwnFile>>,
    never_accept: Option<Texts>,
) -> Result<Option<BaselineFile>, ConfigError> {
    let codes = never_accept.into_iter().flat_map(|codes| codes.value);
    let never_accept = codes.map(|code| code.value).collect();
    match file {
        Some(Value { value: OwnFile(None), .. }) => Ok(None),
        Some(ref file @ Value { value: OwnFile(Some(ref path)), .. }) => {
            let path = terms.project_path(&file.with(path.clone()))?;
            Ok(Some(BaselineFile { path, named: true, never_accept }))
        }
        None => {
            let path = folder.join(BASELINE).ok();
            Ok(path.map(|path| BaselineFile { path, named: false, never_accept }))
        }
    }
}

fn image(terms: &mut Terms<'_>, image: &ImageLayer) -> Result<ImageSettings, ConfigError> {
    let dockerfile = terms.path("image.dockerfile", image.dockerfile.as_ref())?;
    let mut apt = Vec::new();
    for package in terms.items(image.apt.as_ref()) {
        let name = &package.value;
        let fits = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))
            && !name.ends_with('-');
        if !fits {
            let message = format!("invalid Debian package name: `{}`", name.escape_debug());
            return Err(terms
                .error(&package, message)
                .with_hint("write only the name, such as \"libpq5\""));
        }
        apt.push(package.value);
    }
    let registry = image.registry.as_ref().map(|it| registry(terms, it)).transpose()?;
    Ok(ImageSettings { dockerfile, apt, registry })
}

/// Validates the name of an image without a tag. The job expands the variables in it.
fn registry(terms: &Terms<'_>, registry: &Text) -> Result<String, ConfigError> {
    let text = registry.value.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/${}".contains(c);
    let last = text.rsplit('/').next().unwrap_or_default();
    if text.chars().all(is_plain) && !last.is_empty() && !last.contains(':') {
        return Ok(text.to_owned());
    }
    let message = format!("invalid image name: `{}`", text.escape_debug());
    Err(terms.error(registry, message).with_hint(
        "write it without a tag, such as \"$CI_REGISTRY_IMAGE/pipe\" or \
         \"registry.example/team/pipe\"",
    ))
}

fn ci(terms: &Terms<'_>, ci: CiLayer) -> Result<Ci, ConfigError> {
    Ok(Ci {
        gitlab: ci.gitlab.and_then(|it| it.value.0),
        github: ci.github.is_some_and(|it| it.value),
        jobs: ci.jobs.map(|it| it.value).unwrap_or_default(),
        builder: ci.builder.map(|it| it.value).unwrap_or_default(),
        install: ci.install.map(|it| install(terms, &it)).transpose()?.unwrap_or_default(),
    })
}

fn install(terms: &Terms<'_>, install: &Text) -> Result<Install, ConfigError> {
    let text = install.value.as_str();
    match text {
        "wheel" => return Ok(Install::Wheel),
        "xtask" => return Ok(Install::Xtask),
        _ => {}
    }
    // The URL is quoted in a shell script.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?&=%+@,".contains(c);
    let binary = text.split_once("#sha256=").filter(|(url, sha256)| {
        let is_hash = sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit());
        url.starts_with("https://") && url.chars().all(is_plain) && is_hash
    });
    let Some((url, sha256)) = binary else {
        let message = format!("invalid `install`: `{}`", text.escape_debug());
        return Err(terms.error(install, message).with_hint(
            "expected \"wheel\", \"xtask\" for `cargo xtask pipe`, or the URL of a static binary with \
             its hash, as in \"https://example.org/cargo-pipe#sha256=<64 hexadecimal digits>\"",
        ));
    };
    Ok(Install::Binary { url: url.to_owned(), sha256: sha256.to_lowercase() })
}

#[cfg(test)]
mod tests;
