//! Loading of the layers of a configuration: the manifest, the environment, the flags.
//!
//! This is the only part of the configuration that reads anything: the text of the manifest, the
//! process's variables, the number of processors, and whether paths stay inside the project on disk.

mod usual;
pub(crate) mod variables;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::layer::{self, Layer, Value};
use super::merge::Layers;
use super::validate::{self, Valid, ValidationContext};
use super::{Config, ConfigError};
use crate::project::{Manifest, Project, discover};
use crate::{template, tools};

/// The variables of the process that runs cargo pipe, read once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvVars(BTreeMap<String, String>);

impl EnvVars {
    /// The variables of this process. Those that are not Unicode are left out.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        EnvVars(std::env::vars_os().filter_map(unicode).collect())
    }

    /// The value of a variable; none if it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables except those that configure pip, uv or Python, so that the installed packages do
    /// not depend on the user's settings. Cache folders, timeouts and retries are kept: they change
    /// nothing that is installed.
    #[must_use]
    pub fn for_installers(&self) -> BTreeMap<String, OsString> {
        let sets_up = |name: &str| {
            ["PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_"].iter().any(|it| name.starts_with(it))
                && !["_CACHE_DIR", "_TIMEOUT", "_RETRIES"].iter().any(|it| name.ends_with(it))
        };
        let left = self.0.iter().filter(|(name, _)| !sets_up(name));
        left.map(|(name, value)| (name.clone(), value.into())).collect()
    }

    /// Whether this is a job of a CI system.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.get("CI").is_some_and(|value| value != "false" && value != "0")
    }
}

/// Shows only the names: a value can be a password.
impl std::fmt::Debug for EnvVars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for EnvVars {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        EnvVars(variables.into_iter().map(owned).collect())
    }
}

/// Loads the configuration of a project, and warnings for its user.
///
/// # Errors
///
/// When a layer cannot be read, is wrong, or contradicts itself or another, and when a path in it
/// leaves the project by a link.
pub fn configure(
    project: &Project,
    environment: &EnvVars,
    flags: Layer,
) -> Result<(Config, Vec<String>), ConfigError> {
    let text = match &project.manifest {
        Some(manifest) => read(&project.root, manifest)?,
        None => String::new(),
    };
    configure_by(project, &text, environment, flags)
}

/// Loads the configuration that a project with this text as its manifest would have.
///
/// # Errors
///
/// As [`configure`].
pub(crate) fn configure_by(
    project: &Project,
    text: &str,
    environment: &EnvVars,
    flags: Layer,
) -> Result<(Config, Vec<String>), ConfigError> {
    let manifest = project.manifest.clone().unwrap_or(Manifest::PipeToml);
    let (variables, mut warnings) = variables::layer(environment)?;
    let (network, differing) = usual::network(environment);
    warnings.extend(differing);
    let variables = Layer { network, ..variables };
    let layers = Layers {
        defaults: defaults()?,
        file: layer::parse(&manifest, text)?.unwrap_or_default(),
        variables,
        flags,
    };
    let tools: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name()).collect();
    let context = ValidationContext { manifest: manifest.file_name(), text, tools: &tools };
    let Valid { config, paths } = validate::validate(layers.merge(), &context)?;
    for path in paths {
        discover::inside(&project.root, &path.value).map_err(|outside| {
            context
                .error(&path, outside.to_string())
                .with_hint("put the files themselves into the project")
        })?;
    }
    Ok((config, warnings))
}

/// The text of a manifest.
///
/// # Errors
///
/// When it cannot be read, or is not UTF-8.
pub(crate) fn read(root: &Path, manifest: &Manifest) -> Result<String, ConfigError> {
    fs::read_to_string(root.join(manifest.file_name())).map_err(|error| ConfigError {
        origin: manifest.file_name().to_owned(),
        text: None,
        span: None,
        message: match error.kind() {
            std::io::ErrorKind::InvalidData => "the file is not UTF-8".to_owned(),
            _ => format!("cannot read the file: {error}"),
        },
        hint: None,
    })
}

/// The embedded file that documents every setting, with what only this machine knows.
fn defaults() -> Result<Layer, ConfigError> {
    let text = template::default_config();
    let mut layer = layer::parse(&Manifest::PipeToml, &text)?.unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // At least the four built-in checks: much of their time is the engine's, starting containers.
    let jobs = i64::try_from(processors.clamp(4, 512)).unwrap_or(4);
    layer.jobs = Some(Value::named("processors", jobs));
    Ok(layer)
}
