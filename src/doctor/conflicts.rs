//! Conflicts between the configurations of two checks: two formatters for the same files, and a
//! formatter that makes longer lines than a linter accepts.
//!
//! Only what the files state is compared. Defaults change between releases of the tools, a file
//! that extends another one says only half, and an argument of a check overrides its file: in all
//! these cases no conflict is reported. A conflict is a warning, because a project can live
//! with it until a file shows the difference.

mod line_length;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Check, Config, ToolConfig, Work};
use crate::project::{Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::tools::{self, Tool};
use settings::ToolSetting;

/// Two configurations that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Both checks, and what they disagree about.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// Reads the configurations of a project's checks and compares them. A file that cannot be read is
/// left out: its check reports that when it runs.
#[must_use]
pub fn find(project: &Project, config: &Config) -> Vec<Conflict> {
    let mut texts = BTreeMap::new();
    for path in config_files(config) {
        if let Ok(text) = read::read_project_text(&project.root, &path, SizeLimit::Config) {
            texts.insert(path, text);
        }
    }
    compare(config, &texts)
}

/// The conflicts between checks whose configuration files have these texts.
fn compare(config: &Config, texts: &BTreeMap<ProjectPath, String>) -> Vec<Conflict> {
    let checks =
        config.checks.iter().filter_map(|check| ConfiguredTool::read(config, check, texts));
    let (formatters, linters): (Vec<_>, Vec<_>) = checks.partition(|it| it.tool.is_formatter());
    let mut conflicts = Vec::new();
    for (index, formatter) in formatters.iter().enumerate() {
        for other in &formatters[index + 1..] {
            conflicts.extend(two_formatters(formatter, other));
        }
        for linter in &linters {
            if !overlap(&formatter.check.source, &linter.check.source).is_empty() {
                conflicts.extend(line_length::compare(formatter, linter));
            }
        }
    }
    conflicts
}

/// All files that may configure the tools of the checks.
fn config_files(config: &Config) -> BTreeSet<ProjectPath> {
    let mut files = BTreeSet::new();
    for check in &config.checks {
        if let Work::Tool { tool, config: file, .. } = &check.work
            && let Some(tool) = tools::find(tool)
        {
            files.extend(candidates(config, tool, file));
        }
    }
    files
}

/// The files that may configure a tool. The first one with a setting for the tool counts.
fn candidates(config: &Config, tool: &dyn Tool, file: &ToolConfig) -> Vec<ProjectPath> {
    match file {
        ToolConfig::Usual => {
            let usual = tool.config_file().map(|name| config.config.join(name));
            usual.into_iter().flatten().collect()
        }
        ToolConfig::File(path) => vec![path.clone()],
        ToolConfig::Found => {
            let own = tool.own_configs().iter();
            own.filter_map(|own| ProjectPath::new(own.file).ok()).collect()
        }
    }
}

/// A check with one of our tools, and the settings in its configuration file.
struct ConfiguredTool<'a> {
    check: &'a Check,
    tool: &'static dyn Tool,
    args: &'a [String],
    /// The file and its settings; none if no file configures the tool.
    file: Option<(ProjectPath, Vec<ToolSetting>)>,
}

impl<'a> ConfiguredTool<'a> {
    /// None for a command of the user's own.
    fn read(
        config: &Config,
        check: &'a Check,
        texts: &BTreeMap<ProjectPath, String>,
    ) -> Option<Self> {
        let Work::Tool { tool, config: file, args, .. } = &check.work else { return None };
        let tool = tools::find(tool)?;
        let read = |path: ProjectPath| {
            let settings = settings::read(&path, texts.get(&path)?);
            settings.iter().any(|it| it.is_of(tool.lock(), &path)).then_some((path, settings))
        };
        let file = candidates(config, tool, file).into_iter().find_map(read);
        Some(ConfiguredTool { check, tool, args, file })
    }

    /// The setting with this name, in a section below the tool's own, and its place.
    fn setting(&self, section: &str, key: &str) -> Option<(&ToolSetting, String)> {
        let (path, settings) = self.file.as_ref()?;
        let tool = self.tool.lock();
        let is_it = |it: &&ToolSetting| it.key == key && it.is_in(tool, section, path);
        let setting = settings.iter().rfind(is_it)?;
        Some((setting, format!("{path}:{}", setting.line)))
    }

    /// Whether an argument of the check sets one of these options.
    fn has_argument(&self, options: &[&str]) -> bool {
        let sets = |arg: &str, option: &str| {
            arg.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        self.args.iter().any(|arg| options.iter().any(|option| sets(arg, option)))
    }

    /// The check and its tool: `` `lint` (pylint) ``.
    fn name(&self) -> String {
        format!("`{}` ({})", self.check.name, self.tool.name())
    }
}

/// Two formatters that rewrite each other's files.
fn two_formatters(one: &ConfiguredTool<'_>, other: &ConfiguredTool<'_>) -> Option<Conflict> {
    let both = overlap(&one.check.source, &other.check.source);
    if both.is_empty() || one.tool.name() == other.tool.name() {
        return None;
    }
    let message = format!(
        "{} and {} both format `{}`, and some files cannot satisfy both",
        one.name(),
        other.name(),
        both.join("`, `"),
    );
    Some(Conflict { message, hint: "turn one of them off with `enabled = false`" })
}

/// The paths of either list that lie in a path of the other one.
fn overlap<'a>(ours: &'a [ProjectPath], theirs: &'a [ProjectPath]) -> Vec<&'a str> {
    let below = |paths: &'a [ProjectPath], folders: &'a [ProjectPath]| {
        paths.iter().filter(|path| folders.iter().any(|folder| path.starts_with(folder)))
    };
    let both: BTreeSet<&str> =
        below(ours, theirs).chain(below(theirs, ours)).map(ProjectPath::as_str).collect();
    both.into_iter().collect()
}

#[cfg(test)]
mod tests;
