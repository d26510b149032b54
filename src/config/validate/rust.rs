//! Validation of the Rust toolchain, and of the checks that run with it.

use super::super::layer::{CheckLayer, RustLayer, Value};
use super::super::rust::{TOOLCHAIN, is_one_release};
use super::super::{ConfigError, Rust, Work};
use super::terms::Terms;
use super::testing::refuse_test_settings;
use crate::project::ProjectPath;
use crate::tools::Tool;

/// The files that a check of Rust code does not see unless it has its own `exclude`: the output of
/// cargo, and Python code, so that an edit of it compiles nothing.
const EXCLUDED: [&str; 3] = ["target/**", "**/*.py", "**/*.pyi"];

/// Validates the settings in `[rust]`.
pub(super) fn validate(terms: &mut Terms<'_>, rust: RustLayer) -> Result<Rust, ConfigError> {
    if let Some(toolchain) = rust.toolchain.as_ref().filter(|it| !is_one_release(&it.value)) {
        let message = format!("`{}` is not a release of Rust", toolchain.value.escape_debug());
        return Err(terms.error(toolchain, message).with_hint(
            "write all three numbers, such as \"1.95.0\", or a day, such as \"nightly-2026-01-31\", so \
             that everybody has the same",
        ));
    }
    let images = match &rust.image {
        None => format!("rust:{TOOLCHAIN}-slim"),
        Some(image) => {
            terms.image(&image.with(image.value.replace(TOOLCHAIN, "1.95.0")))?;
            image.value.clone()
        }
    };
    Ok(Rust { toolchain: rust.toolchain.map(|it| it.value), images })
}

/// Validates a check with a tool of the toolchain.
pub(super) fn work(
    terms: &Terms<'_>,
    tool: &dyn Tool,
    layer: &CheckLayer,
) -> Result<Work, ConfigError> {
    const RELEASE: &str = "remove it: the tool comes with the toolchain, see `toolchain` in [rust]";
    const CONFIG: &str = "remove it: the tool looks for its configuration itself";
    const PYTHON: &str = "remove it: the tool looks at Rust code";
    let tool = tool.name();
    refuse_with(terms, tool, "version", layer.version.as_ref(), RELEASE)?;
    refuse_with(terms, tool, "exclude-newer", layer.exclude_newer.as_ref(), RELEASE)?;
    refuse_with(terms, tool, "requirements", layer.requirements.as_ref(), RELEASE)?;
    refuse_with(terms, tool, "config", layer.config.as_ref(), CONFIG)?;
    refuse_with(terms, tool, "python", layer.python.as_ref().map(|own| &own.0), PYTHON)?;
    refuse_with(terms, tool, "install", layer.install.as_ref(), PYTHON)?;
    refuse_with(terms, tool, "dependencies", layer.dependencies.as_ref(), PYTHON)?;
    refuse_test_settings(terms, layer)?;
    Ok(Work::Rust { tool: tool.to_owned(), args: terms.words(layer.args.as_ref())? })
}

/// Refuses a setting that only checks of Python code have.
fn refuse_with<T>(
    terms: &Terms<'_>,
    tool: &str,
    key: &str,
    value: Option<&Value<T>>,
    hint: &str,
) -> Result<(), ConfigError> {
    value.map_or(Ok(()), |value| {
        let message = format!("`{key}` cannot be used with `{tool}`");
        Err(terms.error(value, message).with_hint(hint))
    })
}

/// The globs of files that a check of Rust code does not see, in its own folder.
pub(super) fn excluded(layer: &CheckLayer, folder: &ProjectPath) -> Vec<String> {
    if layer.exclude.is_some() {
        return Vec::new();
    }
    let below = |glob: &str| match folder.is_root() {
        true => glob.to_owned(),
        false => format!("{folder}/{glob}"),
    };
    EXCLUDED.map(below).into()
}
