//! Validation of the Python that checks run on, and of the versions that a single check names.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::layer::{Age, CheckLayer, PythonLayer, Text, Texts, Value};
use super::super::python::{VERSION, minor};
use super::super::{Check, CommandPlace, ConfigError, DependencySettings, Python, Work};
use super::checks::Scope;
use super::terms::Terms;
use crate::check::StepId;
use crate::project::ProjectPath;
use crate::tools;

/// Validates the settings in `[python]`.
pub(super) fn validate(terms: &mut Terms<'_>, python: PythonLayer) -> Result<Python, ConfigError> {
    let versions = match &python.versions {
        None => None,
        Some(texts) => Some((texts, versions(terms, texts)?)),
    };
    let newest = versions.as_ref().and_then(|(texts, _)| {
        let texts = texts.value.iter();
        texts.max_by_key(|version| minor(&version.value))
    });
    let version = terms.required("python.version", python.version.as_ref().or(newest))?;
    check_version(terms, version)?;
    let versions = match versions {
        None => vec![version.value.clone()],
        Some((_, versions)) if versions.contains(&version.value) => versions,
        Some((texts, _)) => {
            let message = format!("`versions` does not contain `version`, {}", version.value);
            return Err(terms
                .error(texts, message)
                .with_hint("add it, or remove `version` to use the newest of `versions`"));
        }
    };
    let images = match &python.image {
        None => format!("python:{VERSION}-slim"),
        Some(image) => {
            same_version(terms, version, image)?;
            terms.image(&image.with(image.value.replace(VERSION, &version.value)))?;
            image.value.clone()
        }
    };
    let dependencies = dependencies(
        terms,
        python.requirements.as_ref(),
        python.groups.as_ref(),
        python.extras.as_ref(),
    )?;
    let validated = Python {
        image: images.replace(VERSION, &version.value),
        images,
        version: version.value.clone(),
        versions,
        dependencies,
        from_source: terms.names(python.from_source.as_ref(), "package")?,
        minimum_age: python.minimum_age.map(|age| age_in_range(terms, &age)).transpose()?,
        project_version: match &python.project_version {
            None => UNKNOWN_VERSION.to_owned(),
            Some(version) => exact_version(terms, version)?,
        },
    };
    if let Some(texts) = &python.versions {
        has_images(terms, &validated, texts)?;
    }
    Ok(validated)
}

/// The same check on each version of Python that it runs on.
pub(super) fn on_each(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
    scope: &Scope<'_>,
    check: &Check,
) -> Result<Vec<Check>, ConfigError> {
    let versions = of_check(terms, scope, layer, &check.work)?;
    let has_several = versions.len() > 1;
    let on_each = versions.into_iter().map(|python| {
        let shown = has_several.then_some(python.as_str());
        let id = StepId::new(check.id.package(), check.name.clone(), shown)
            .map_err(|wrong| terms.error(name, wrong.to_string()))?;
        Ok(Check { id, runs_on: python.clone(), python, ..check.clone() })
    });
    on_each.collect()
}

/// The versions of Python on which a check runs: its own, or those of its package or project if its
/// findings depend on them.
fn of_check(
    terms: &Terms<'_>,
    scope: &Scope<'_>,
    layer: &CheckLayer,
    work: &Work,
) -> Result<Vec<String>, ConfigError> {
    let Some(own) = layer.python.as_ref().map(|own| &own.0) else {
        return Ok(match depends_on_python(work) {
            true => scope.pythons.clone(),
            false => vec![scope.python.clone()],
        });
    };
    if let Work::Command { place: CommandPlace::Image(_), .. } = work {
        return Err(terms
            .error(own, "`python` and `image` cannot be used together")
            .with_hint("remove `python`: the check runs on what its image contains"));
    }
    with_images(terms, scope.images, own)
}

/// Validates the versions that a package or a check names; there is a base image for each.
pub(super) fn with_images(
    terms: &Terms<'_>,
    python: &Python,
    texts: &Texts,
) -> Result<Vec<String>, ConfigError> {
    let versions = versions(terms, texts)?;
    has_images(terms, python, texts)?;
    Ok(versions)
}

/// Whether a check imports the project or its dependencies, so that it reports what differs between
/// versions of Python.
fn depends_on_python(work: &Work) -> bool {
    match work {
        Work::Rust { .. } => false,
        Work::Tool { tool, .. } => tools::find(tool).is_some_and(|tool| tool.sees_project()),
        Work::Command { place, .. } => *place == CommandPlace::Base,
    }
}

/// Validates a list of versions.
fn versions(terms: &Terms<'_>, texts: &Texts) -> Result<Vec<String>, ConfigError> {
    let mut seen = BTreeSet::new();
    for text in terms.items(Some(texts)) {
        check_version(terms, &text)?;
        if !seen.insert(text.value.clone()) {
            return Err(terms
                .error(&text, format!("Python {} is listed twice", text.value))
                .with_hint("remove one of them"));
        }
    }
    if seen.is_empty() {
        return Err(terms
            .error(texts, "the list of Python versions is empty")
            .with_hint("name at least one version, such as \"3.13\""));
    }
    let mut versions: Vec<String> = seen.into_iter().collect();
    versions.sort_by_key(|version| minor(version));
    Ok(versions)
}

fn check_version(terms: &Terms<'_>, version: &Text) -> Result<(), ConfigError> {
    if minor(&version.value).is_some() {
        return Ok(());
    }
    let message = format!("invalid Python version: `{}`", version.value.escape_debug());
    Err(terms
        .error(version, message)
        .with_hint("write the major and minor version, such as \"3.13\""))
}

/// Checks that there is a base image for each of these versions.
fn has_images(terms: &Terms<'_>, python: &Python, texts: &Texts) -> Result<(), ConfigError> {
    let others = |version: &&Text| version.value != python.version;
    if python.has_every_image() {
        return Ok(());
    }
    let items = terms.items(Some(texts));
    items.iter().find(others).map_or(Ok(()), |version| {
        let message = format!("`{}` is not an image of Python {}", python.images, version.value);
        Err(terms.error(version, message).with_hint(format!(
            "write `{VERSION}` in `image` of `[python]` for the version, as in \
             \"python:{VERSION}-slim\""
        )))
    })
}

/// The version of a project that only version control knows, as versioneer calls it. It is the same in
/// every commit, so that a commit changes no fingerprint.
const UNKNOWN_VERSION: &str = "0+unknown";

fn exact_version(terms: &Terms<'_>, version: &Text) -> Result<String, ConfigError> {
    match version.value.parse::<pep440_rs::Version>() {
        Ok(parsed) => Ok(parsed.to_string()),
        Err(_) => {
            let message = format!("invalid version: `{}`", version.value.escape_debug());
            Err(terms.error(version, message).with_hint("write a version, such as \"1.2.3\""))
        }
    }
}

/// Validates the settings of dependencies.
pub(super) fn dependencies(
    terms: &mut Terms<'_>,
    files: Option<&Texts>,
    groups: Option<&Texts>,
    extras: Option<&Texts>,
) -> Result<DependencySettings, ConfigError> {
    Ok(DependencySettings {
        requirements: requirements(terms, files)?,
        groups: groups.map(|names| terms.names(Some(names), "group")).transpose()?,
        extras: terms.names(extras, "extra")?,
    })
}

/// Validates the files that declare dependencies.
fn requirements(
    terms: &mut Terms<'_>,
    files: Option<&Texts>,
) -> Result<Option<Vec<ProjectPath>>, ConfigError> {
    let Some(files) = files else { return Ok(None) };
    for file in terms.items(Some(files)) {
        let name = file.value.rsplit('/').next().unwrap_or_default();
        let is_known = name.ends_with(".txt")
            || ["pyproject.toml", "uv.lock", "pylock.toml", "poetry.lock"].contains(&name);
        if !is_known {
            let message = format!("unsupported dependency file: `{}`", file.value.escape_debug());
            return Err(terms.error(&file, message).with_hint(
                "expected a requirements file that ends in `.txt`, `pyproject.toml`, `uv.lock`, \
                 `pylock.toml` or `poetry.lock`",
            ));
        }
    }
    terms.paths(Some(files)).map(Some)
}

/// The ages that `minimum-age` can ask for. Above a year `update` would find nothing; below an hour
/// is `3m`, which was meant as months.
const AGES: RangeInclusive<Duration> =
    Duration::from_secs(60 * 60)..=Duration::from_secs(365 * 24 * 60 * 60);

fn age_in_range(terms: &Terms<'_>, age: &Value<Age>) -> Result<Duration, ConfigError> {
    let Age(duration) = age.value;
    if duration.is_zero() || AGES.contains(&duration) {
        return Ok(duration);
    }
    let message = "`minimum-age` must be between 1 hour and 365 days";
    Err(terms.error(age, message).with_hint(format!("write {}", Age::NOTATION)))
}

/// Checks that the tag of an official image agrees with `version`.
fn same_version(terms: &Terms<'_>, version: &Text, image: &Text) -> Result<(), ConfigError> {
    let name = image.value.rsplit('/').next().unwrap_or_default();
    let Some(tag) = name.strip_prefix("python:3.") else {
        return Ok(());
    };
    let minor: String = tag.chars().take_while(char::is_ascii_digit).collect();
    if version.value == format!("3.{minor}") {
        return Ok(());
    }
    let message = format!("the image has Python 3.{minor}, but `version` is {}", version.value);
    Err(terms.error(image, message).with_hint("remove `image`: its default follows `version`"))
}
