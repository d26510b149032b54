//! What a new `pipe.toml` says, where that differs from project to project.
//!
//! Owns [`NewConfig`] and their notation in TOML. Must not know why a project has them, which is
//! decided in [`crate::scaffold::adopt`]. The template of `pipe.toml` takes them from here.

use serde::{Serialize, Serializer};

use super::DOCKERFILE;
use crate::config::{GitlabJobs, Install};
use crate::tools::{self, Tool};

/// What a new `pipe.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewConfig {
    /// What is checked.
    #[serde(serialize_with = "list")]
    pub source: Vec<String>,
    /// What no check sees.
    #[serde(serialize_with = "list")]
    pub exclude: Vec<String>,
    /// What an example of a check that runs tests names as its sources.
    #[serde(serialize_with = "list")]
    pub tests: Vec<String>,
    /// What it names as that which they import.
    #[serde(serialize_with = "list")]
    pub tested: Vec<String>,
    /// The Dockerfile of the environments.
    #[serde(serialize_with = "text")]
    pub dockerfile: String,
    /// How jobs in GitLab reach an engine; none for no pipeline there.
    #[serde(serialize_with = "gitlab")]
    pub gitlab: Option<GitlabJobs>,
    /// Whether there is a workflow for GitHub.
    #[serde(serialize_with = "switch")]
    pub github: bool,
    /// Which of GitLab's files is made.
    pub gitlab_file: GitlabFile,
    /// The stage of jobs in GitLab.
    pub gitlab_stage: String,
    /// How cargo-pipe gets into a job.
    #[serde(serialize_with = "install")]
    pub install: Install,
    /// The built-in checks, in their order.
    #[serde(serialize_with = "check_tables")]
    pub checks: Vec<NewCheck>,
}

/// How the job gets into a project's pipeline in GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitlabFile {
    /// The pipeline is all ours.
    Own,
    /// The project's own pipeline includes it.
    Included,
    /// The same, and that pipeline has rules for when it runs.
    IncludedWithWorkflow,
}

/// The settings of a built-in check in a new `pipe.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCheck {
    /// The name of the check.
    pub name: &'static str,
    /// The tool that checks.
    pub tool: String,
    /// Where its configuration comes from.
    pub config: ConfigSetting,
    /// What it reads besides its sources.
    pub inputs: Vec<String>,
}

/// What is said of a tool's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSetting {
    /// Nothing: it is the usual file of the config folder.
    Usual,
    /// This file.
    File(String),
    /// The tool finds its own.
    Found,
}

impl NewCheck {
    /// A check whose tool has its usual configuration.
    #[must_use]
    pub fn usual(name: &'static str, tool: &dyn Tool) -> Self {
        NewCheck {
            name,
            tool: tool.name().to_owned(),
            config: ConfigSetting::Usual,
            inputs: Vec::new(),
        }
    }
}

impl Default for NewConfig {
    /// What holds where a project says nothing.
    fn default() -> Self {
        NewConfig {
            source: vec!["src".to_owned()],
            exclude: Vec::new(),
            tests: vec!["tests".to_owned()],
            tested: vec!["src".to_owned()],
            dockerfile: DOCKERFILE.to_owned(),
            gitlab: None,
            github: false,
            gitlab_file: GitlabFile::Own,
            gitlab_stage: "test".to_owned(),
            install: Install::Wheel,
            checks: tools::default_checks()
                .into_iter()
                .map(|(name, tool)| NewCheck::usual(name, tool))
                .collect(),
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn listed(texts: &[String]) -> String {
    let items: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", items.join(", "))
}

fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&quoted(text))
}

fn list<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&listed(texts))
}

#[expect(clippy::ref_option, reason = "serde hands out references")]
fn gitlab<S: Serializer>(jobs: &Option<GitlabJobs>, serializer: S) -> Result<S::Ok, S::Error> {
    match jobs {
        Some(jobs) => serializer.serialize_str(&format!("\"{}\"", jobs.name())),
        None => serializer.serialize_str("false"),
    }
}

fn install<S: Serializer>(install: &Install, serializer: S) -> Result<S::Ok, S::Error> {
    text(&install.words(), serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn switch<S: Serializer>(switch: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    // The templates' own notation is Python's.
    serializer.serialize_str(if *switch { "true" } else { "false" })
}

/// A table of `pipe.toml`: its name, and its lines.
#[derive(Serialize)]
struct CheckTable<'a> {
    name: &'a str,
    lines: Vec<String>,
}

fn check_tables<S: Serializer>(checks: &[NewCheck], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(checks.iter().map(check_table))
}

fn check_table(check: &NewCheck) -> CheckTable<'_> {
    let mut lines = vec![format!("tool = {}", quoted(&check.tool))];
    match &check.config {
        ConfigSetting::Usual => {}
        ConfigSetting::File(path) => lines.push(format!("config = {}", quoted(path))),
        ConfigSetting::Found => lines.push("config = false".to_owned()),
    }
    if !check.inputs.is_empty() {
        lines.push(format!("inputs = {}", listed(&check.inputs)));
    }
    CheckTable { name: check.name, lines }
}
