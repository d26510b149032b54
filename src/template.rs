//! Templates of the files that cargo pipe writes into a project.
//!
//! The sources are embedded in the program and rendered with [`Values`]. [`GENERATED`] lists all of them,
//! the locks and configurations of the tools included. The texts go to [`crate::scaffold`], which writes
//! them, and to the engines.

mod generated;
mod pipelines;
mod seal;
mod settings;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::config::Config;

use generated::GITLAB_ROOT;

pub use generated::{
    DOCKERFILE, GENERATED, GITHUB_WORKFLOW, GITLAB_CI, GITLAB_INCLUDED, Generated, Home, Need,
    Ownership, PIPE_DOCKERFILE, SCHEMA, SCHEMA_FILE, generated,
};
pub use pipelines::{CiValues, JobGrants, JobsIn, can_name};
pub(crate) use seal::seal;
pub use seal::{FileOrigin, body, origin};
pub use settings::{
    ConfigSetting, GitlabFile, NewCheck, NewCommand, NewConfig, NewDependencies, NewPackage,
    NewPackageCheck, NewTestSettings,
};

/// The version of cargo pipe.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Python of a project that does not set one.
pub const DEFAULT_PYTHON: &str = "3.13";

/// The arguments of pip before a lock: install only wheels, and only with the hashes of the lock.
pub const INSTALL: &[&str] = &[
    "install",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
];

/// The same arguments, with these packages built from source.
#[must_use]
pub fn install(from_source: &[String]) -> Vec<String> {
    let usual = INSTALL.iter().map(|word| (*word).to_owned());
    usual.chain(from_source.iter().map(|name| format!("--no-binary={name}"))).collect()
}

/// The names that templates may use. Any other name is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// The oldest version of Python, such as `3.13`.
    pub python: String,
    /// The same without a dot, such as `313`.
    pub python_nodot: String,
    /// Whether checks run on several versions of Python.
    pub has_several_pythons: bool,
    /// The version of cargo pipe.
    pub version: &'static str,
    /// The image that environments are built on.
    pub base_image: String,
    /// The Debian packages that they need.
    pub apt: Vec<String>,
    /// The arguments of pip for a lock.
    pub install: String,
    /// The settings of a new `pipe.toml`.
    pub settings: NewConfig,
    /// The values of pipelines; none for a project without a configuration.
    pub ci: Option<CiValues>,
}

impl Values {
    /// The values of a configured project.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Values {
            base_image: config.python.image.clone(),
            apt: config.image.apt.clone(),
            ci: Some(CiValues::of(config, &JobGrants::default())),
            install: install(&config.python.from_source).join(" "),
            has_several_pythons: config.pythons().len() > 1,
            ..Self::for_python(config.oldest_python())
        }
    }

    /// The values of a project that only sets its Python.
    #[must_use]
    pub fn for_python(version: &str) -> Self {
        Values {
            python: version.to_owned(),
            python_nodot: version.replace('.', ""),
            has_several_pythons: false,
            version: VERSION,
            base_image: format!("python:{version}-slim"),
            apt: Vec::new(),
            install: install(&[]).join(" "),
            settings: NewConfig::default(),
            ci: None,
        }
    }
}

/// The Dockerfile of a configured project.
#[must_use]
pub fn dockerfile(config: &Config) -> String {
    let file = generated(DOCKERFILE).expect("the list of generated files has it");
    file.render(&Values::of(config))
}

/// The Dockerfile of the environments with the Rust toolchain. No project has it as a file.
#[must_use]
pub fn rust_dockerfile(config: &Config) -> String {
    render(include_str!("../templates/rust.Dockerfile"), &Values::of(config))
}

/// The default configuration: the text of the lowest layer.
#[must_use]
pub fn default_config() -> String {
    render(include_str!("../templates/pipe.toml"), &Values::for_python(DEFAULT_PYTHON))
}

fn render(source: &str, values: &Values) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax());
    environment.add_filter("yaml", to_yaml);
    environment
        .add_template("gitlab-root.yml", GITLAB_ROOT)
        .expect("every template is rendered by the test `no_template_uses_an_unknown_name`");
    environment
        .render_str(source, Serde(values))
        .expect("every template is rendered by the test `no_template_uses_an_unknown_name`")
}

/// A text as a value or a key of YAML: plain if it has no character with a meaning there, otherwise
/// quoted as in JSON, which YAML contains.
fn to_yaml(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '$';
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "$-_./:@".contains(c);
    // Other parsers take these words for booleans or for nothing.
    let is_word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if text.starts_with(is_letter) && text.chars().all(is_plain) && !text.ends_with(':') && !is_word
    {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// Delimiters without a meaning in TOML, YAML, Dockerfiles, INI files and Python.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .variable_delimiters("@{{", "}}")
        .block_delimiters("@{%", "%}")
        .comment_delimiters("@{#", "#}")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the marks differ from each other, which every rendering test shows")
}

#[cfg(test)]
mod tests;
