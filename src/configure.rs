//! Loading of the layers of a configuration: the manifest, the environment, the flags.
//!
//! This is the only part of the configuration that reads anything: the text of the manifest, the
//! process's variables, the number of processors, and whether paths stay inside the project on disk.

mod usual;
pub(crate) mod variables;

use crate::config::layer::{self, Layer, Value};
use crate::config::merge::Layers;
use crate::config::validate::{self, Valid, ValidationContext};
use crate::config::{Config, ConfigError};
use crate::discover;
use crate::env_vars::EnvVars;
use crate::environment;
use crate::project::{Manifest, Project};
use crate::{template, tools};

/// Loads the configuration of a project, and warnings for its user.
///
/// # Errors
///
/// When a layer cannot be read, is wrong, or contradicts itself or another, and when a path in it
/// leaves the project by a link.
pub fn load_config(
    project: &Project,
    variables: &EnvVars,
    flags: Layer,
) -> Result<(Config, Vec<String>), ConfigError> {
    let text = match &project.manifest {
        Some(manifest) => discover::read_manifest(&project.root, manifest)?,
        None => String::new(),
    };
    load_config_text(project, &text, variables, flags)
}

/// Loads the configuration that a project with this text as its manifest would have.
///
/// # Errors
///
/// As [`load_config`].
pub(crate) fn load_config_text(
    project: &Project,
    text: &str,
    variables: &EnvVars,
    flags: Layer,
) -> Result<(Config, Vec<String>), ConfigError> {
    let manifest = project.manifest.clone().unwrap_or(Manifest::PipeToml);
    let (set, mut warnings) = variables::layer(variables)?;
    let (network, differing) = usual::network(variables);
    warnings.extend(differing);
    let variables = Layer { network, ..set };
    let layers = Layers {
        defaults: defaults()?,
        file: layer::parse(&manifest, text)?.unwrap_or_default(),
        variables,
        flags,
    };
    let tools: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name()).collect();
    let context = ValidationContext { manifest: manifest.file_name(), text, tools: &tools };
    let Valid { mut config, paths } = validate::validate(layers.merge(), &context)?;
    for path in paths {
        discover::inside(&project.root, &path.value).map_err(|outside| {
            context
                .error(&path, outside.to_string())
                .with_hint("put the files themselves into the project")
        })?;
    }
    environment::choose_pythons(&project.root, &mut config);
    Ok((config, warnings))
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
