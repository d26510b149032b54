//! The settings of a new `pipe.toml`, and their notation in TOML.
//!
//! [`crate::scaffold::adopt`] decides them.

mod packages;
mod testing;

use serde::{Serialize, Serializer};

use super::DEFAULT_PYTHON;
use super::DOCKERFILE;
use crate::config::{GitlabJobs, Install};
use crate::tools::{self, Tool};
use packages::package_tables;
pub use packages::{NewPackage, NewPackageCheck};
pub use testing::NewTestSettings;
use testing::test_lines;

/// The settings of a new `pipe.toml` that differ between projects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewConfig {
    /// The files and folders that are checked.
    #[serde(serialize_with = "list")]
    pub source: Vec<String>,
    /// Globs of files that no check sees.
    #[serde(serialize_with = "list")]
    pub exclude: Vec<String>,
    /// The sources of the example of a check that runs tests.
    #[serde(serialize_with = "list")]
    pub tests: Vec<String>,
    /// The inputs of that example: what the tests import.
    #[serde(serialize_with = "list")]
    pub tested: Vec<String>,
    /// Its settings about processes, coverage and reruns.
    #[serde(serialize_with = "test_lines")]
    pub test_lines: NewTestSettings,
    /// The Dockerfile of the environments.
    #[serde(serialize_with = "text")]
    pub dockerfile: String,
    /// The way in which jobs in GitLab reach an engine; none without a pipeline in GitLab.
    #[serde(serialize_with = "gitlab")]
    pub gitlab: Option<GitlabJobs>,
    /// Whether GitHub gets a workflow.
    #[serde(serialize_with = "switch")]
    pub github: bool,
    /// The generated file for GitLab.
    pub gitlab_file: GitlabFile,
    /// The stage of jobs in GitLab.
    pub gitlab_stage: String,
    /// The way in which cargo-pipe is installed in a job.
    #[serde(serialize_with = "install")]
    pub install: Install,
    /// The version of Python.
    pub python: String,
    /// The lines about the dependencies of the project, below its comments.
    #[serde(serialize_with = "dependency_lines")]
    pub dependencies: NewDependencies,
    /// The release of the Rust toolchain; none for that of the toolchain file.
    #[serde(serialize_with = "toolchain_line")]
    pub toolchain: Option<String>,
    /// The built-in checks, in their order.
    #[serde(serialize_with = "check_tables")]
    pub checks: Vec<NewCheck>,
    /// The packages, and the checks that they do not share.
    #[serde(serialize_with = "package_tables")]
    pub packages: Vec<NewPackage>,
    /// Commands that could be checks of the project's own, commented out.
    #[serde(serialize_with = "command_tables")]
    pub commands: Vec<NewCommand>,
}

/// The place of the jobs in a project's pipeline in GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitlabFile {
    /// The whole pipeline is generated.
    Own,
    /// The project's own pipeline includes the generated file.
    Included,
    /// The same, and that pipeline has rules about when it runs.
    IncludedWithWorkflow,
}

/// The settings of a built-in check in a new `pipe.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCheck {
    /// The name of the check.
    pub name: String,
    /// The tool.
    pub tool: String,
    /// The configuration of the tool.
    pub config: ConfigSetting,
    /// The files that it reads in addition to its sources.
    pub inputs: Vec<String>,
    /// Sentences about the check, each on a line of its own.
    pub comments: Vec<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The version of the tool; none for that of the lock.
    pub version: Option<String>,
    /// The plugins and stubs that the tool needs.
    pub requirements: Vec<String>,
    /// Whether it sees the dependencies of the project.
    pub dependencies: bool,
    /// The arguments of the tool.
    pub args: Vec<String>,
    /// Its own sources; empty for those of the project.
    pub source: Vec<String>,
    /// Globs of files that it does not see.
    pub exclude: Vec<String>,
    /// Whether it runs once in a project with packages.
    pub runs_once: bool,
}

/// The dependencies that the checks of a new project see; none for the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDependencies {
    /// The files that declare them.
    pub requirements: Option<Vec<String>>,
    /// The dependency groups.
    pub groups: Option<Vec<String>>,
    /// The extras.
    pub extras: Option<Vec<String>>,
}

/// A command that could be a check of the project's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommand {
    /// The name of the check.
    pub name: String,
    /// A sentence about its origin.
    pub comment: String,
    /// The command.
    pub run: Vec<String>,
    /// The packages that it needs.
    pub requirements: Vec<String>,
    /// Whether it runs once in a project with packages.
    pub runs_once: bool,
}

/// The setting for the configuration of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSetting {
    /// No setting: the usual file of the config folder.
    Usual,
    /// This file.
    File(String),
    /// The tool searches for its own.
    Found,
}

impl NewCheck {
    /// Removes what a command of the project says, so that the check has the usual settings.
    pub fn forget_arguments(&mut self) {
        self.args.clear();
        self.source.clear();
        self.exclude.clear();
        self.requirements.clear();
    }

    /// A check whose tool has its usual configuration.
    #[must_use]
    pub fn usual(name: &str, tool: &dyn Tool) -> Self {
        NewCheck {
            name: name.to_owned(),
            tool: tool.name().to_owned(),
            config: ConfigSetting::Usual,
            inputs: Vec::new(),
            comments: Vec::new(),
            enabled: true,
            version: None,
            requirements: Vec::new(),
            dependencies: true,
            args: Vec::new(),
            source: Vec::new(),
            exclude: Vec::new(),
            runs_once: false,
        }
    }
}

impl Default for NewConfig {
    /// The settings of a project without any code.
    fn default() -> Self {
        NewConfig {
            source: vec!["src".to_owned()],
            exclude: Vec::new(),
            tests: vec!["tests".to_owned()],
            tested: vec!["src".to_owned()],
            test_lines: NewTestSettings::default(),
            dockerfile: DOCKERFILE.to_owned(),
            gitlab: None,
            github: false,
            gitlab_file: GitlabFile::Own,
            gitlab_stage: "test".to_owned(),
            install: Install::Wheel,
            python: DEFAULT_PYTHON.to_owned(),
            dependencies: NewDependencies::default(),
            toolchain: None,
            commands: Vec::new(),
            packages: Vec::new(),
            checks: tools::default_checks()
                .into_iter()
                .map(|(name, tool)| NewCheck::usual(name, tool))
                .collect(),
        }
    }
}

/// A text in the notation of TOML, on one line: in a comment, a second line would become a setting.
fn quoted(text: &str) -> String {
    if text.contains(char::is_control) {
        return serde_json::Value::from(text.replace('\u{7f}', "")).to_string();
    }
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

#[expect(clippy::ref_option, reason = "serde hands out references")]
fn toolchain_line<S: Serializer>(
    toolchain: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let line = match toolchain {
        Some(toolchain) => format!("toolchain = {}", quoted(toolchain)),
        None => "#toolchain = \"1.95.0\"".to_owned(),
    };
    serializer.serialize_str(&line)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn switch<S: Serializer>(switch: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    // The templates themselves would write `True`, as Python does.
    serializer.serialize_str(if *switch { "true" } else { "false" })
}

fn dependency_lines<S: Serializer>(
    dependencies: &NewDependencies,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let NewDependencies { requirements, groups, extras } = dependencies;
    let settings = [("requirements", requirements), ("groups", groups), ("extras", extras)];
    serializer.collect_map(settings.into_iter().map(|(key, values)| {
        (key, values.as_ref().map(|values| format!("{key} = {}", listed(values))))
    }))
}

/// A table of `pipe.toml`: comments above it, its name, and its lines.
#[derive(Serialize)]
struct CheckTable {
    comments: Vec<String>,
    name: String,
    lines: Vec<String>,
}

fn check_tables<S: Serializer>(checks: &[NewCheck], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(checks.iter().map(check_table))
}

fn check_table(check: &NewCheck) -> CheckTable {
    let lines = check_lines(check);
    CheckTable { comments: comments(&check.comments), name: check.name.clone(), lines }
}

/// The settings of a check, of which the first is its tool.
fn check_lines(check: &NewCheck) -> Vec<String> {
    let mut lines = vec![format!("tool = {}", quoted(&check.tool))];
    if !check.enabled {
        lines.push("enabled = false".to_owned());
    }
    match &check.config {
        ConfigSetting::Usual => {}
        ConfigSetting::File(path) => lines.push(format!("config = {}", quoted(path))),
        ConfigSetting::Found => lines.push("config = false".to_owned()),
    }
    lines.extend(package_lines(check));
    for (key, values) in [
        ("args", &check.args),
        ("source", &check.source),
        ("exclude", &check.exclude),
        ("inputs", &check.inputs),
    ] {
        if !values.is_empty() {
            lines.push(format!("{key} = {}", listed(values)));
        }
    }
    if check.runs_once {
        lines.push(RUNS_ONCE.to_owned());
    }
    lines
}

/// The setting of a check that runs once in a project with packages.
const RUNS_ONCE: &str = "per-package = false";

/// The lines about the packages of a check.
fn package_lines(check: &NewCheck) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(version) = &check.version {
        lines.push(format!("version = {}", quoted(version)));
    }
    if !check.requirements.is_empty() {
        lines.push(format!("requirements = {}", listed(&check.requirements)));
    }
    if !check.dependencies {
        lines.push("dependencies = false".to_owned());
    }
    lines
}

/// Texts as comments. Names of files are in them, so that none may begin a line of its own.
fn comments(texts: &[String]) -> Vec<String> {
    let harmless = |text: &String| text.replace(|c: char| c.is_control(), " ");
    texts.iter().map(harmless).collect()
}

fn command_tables<S: Serializer>(
    commands: &[NewCommand],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(commands.iter().map(command_table))
}

fn command_table(command: &NewCommand) -> CheckTable {
    let mut lines = vec![
        format!("run = {}", listed(&command.run)),
        format!("requirements = {}", listed(&command.requirements)),
    ];
    if command.runs_once {
        lines.push(RUNS_ONCE.to_owned());
    }
    let comments = comments(std::slice::from_ref(&command.comment));
    CheckTable { comments, name: command.name.clone(), lines }
}
