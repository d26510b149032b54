//! What no text of a file can satisfy, because two configurations want different things.
//!
//! Owns the rules about which settings of which tools go together, and words for those that do not,
//! each with both places. Must not know the disk: [`load`] brings the texts. The words are warnings,
//! because a project may live with them as long as no file shows the difference.

mod length;
pub mod load;
mod rules;
mod settings;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Check, Config, ToolConfig, Work};
use crate::project::ProjectPath;
use crate::tools::{self, Tool};
use settings::{Setting, Stated};

/// A check by a tool of the catalogue, and what its configuration says.
struct Known<'a> {
    check: &'a Check,
    tool: &'static dyn Tool,
    args: &'a [String],
    file: Option<ProjectPath>,
    settings: Vec<Setting>,
}

/// The contradictions of a project, in words. `texts` are the files of [`wanted`] that are there.
#[must_use]
pub fn contradictions(config: &Config, texts: &BTreeMap<ProjectPath, String>) -> Vec<String> {
    let known: Vec<Known<'_>> =
        config.checks.iter().filter_map(|check| Known::of(config, check, texts)).collect();
    let mut found = formatters(&known);
    for formatter in known.iter().filter(|it| it.tool.is_formatter()) {
        for linter in known.iter().filter(|it| !it.tool.is_formatter()) {
            if !overlap(&formatter.check.source, &linter.check.source).is_empty() {
                found.extend(length::contradictions(formatter, linter));
                found.extend(rules::contradictions(formatter, linter));
            }
        }
        found.extend(config.checks.iter().filter_map(|check| {
            let both = overlap(&formatter.check.source, &check.source);
            (!both.is_empty()).then(|| rules::isort(formatter, check, texts)).flatten()
        }));
    }
    found.extend(version::contradictions(config, &known, texts));
    found
}

/// The files whose texts are of interest, where they exist.
#[must_use]
pub fn wanted(config: &Config) -> BTreeSet<ProjectPath> {
    let of_checks = config.checks.iter().flat_map(|check| match &check.work {
        Work::Tool { tool, config: file, .. } => match tools::find(tool) {
            Some(tool) => candidates(config, tool, file),
            None => Vec::new(),
        },
        Work::Command { .. } => Vec::new(),
    });
    let of_project = [config.manifest.as_str(), "pyproject.toml", ".isort.cfg"];
    let of_project = of_project.into_iter().filter_map(|name| ProjectPath::new(name).ok());
    of_checks.chain(of_project).collect()
}

/// The files that a tool's configuration may be in; the first that says something to it is.
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

impl<'a> Known<'a> {
    fn of(
        config: &Config,
        check: &'a Check,
        texts: &BTreeMap<ProjectPath, String>,
    ) -> Option<Self> {
        let Work::Tool { tool, config: file, args } = &check.work else { return None };
        let tool = tools::find(tool)?;
        let read = |path: ProjectPath| {
            let settings = settings::read(&path, texts.get(&path)?);
            settings.iter().any(|it| it.is_of(tool.lock(), &path)).then_some((path, settings))
        };
        let found = candidates(config, tool, file).into_iter().find_map(read);
        let (file, settings) = match found {
            Some((path, settings)) => (Some(path), settings),
            None => (None, Vec::new()),
        };
        Some(Known { check, tool, args, file, settings })
    }

    /// What the configuration says to the tool in a section below its own.
    fn says(&self, section: &str, key: &str) -> Option<Stated> {
        let path = self.file.as_ref()?;
        let tool = self.tool.lock();
        let is_it = |it: &&Setting| it.key == key && it.is_in(tool, section, path);
        self.settings.iter().rfind(is_it).map(|setting| Stated {
            words: setting.words.clone(),
            place: format!("{path}:{}", setting.line),
        })
    }

    /// Whether an argument says it anew, so that the configuration's word does not hold.
    fn is_told(&self, option: &str) -> bool {
        let is_it = |arg: &String| {
            arg.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        self.args.iter().any(is_it)
    }

    /// The check and its tool, as people know them.
    fn name(&self) -> String {
        format!("`{}` ({})", self.check.name, self.tool.name())
    }
}

/// Formatters that would rewrite each other's files.
fn formatters(known: &[Known<'_>]) -> Vec<String> {
    let formatters: Vec<&Known<'_>> = known.iter().filter(|it| it.tool.is_formatter()).collect();
    let mut found = Vec::new();
    for (index, one) in formatters.iter().enumerate() {
        for other in &formatters[index + 1..] {
            let both = overlap(&one.check.source, &other.check.source);
            if !both.is_empty() && one.tool.name() != other.tool.name() {
                found.push(format!(
                    "{} and {} both format `{}`, and no text of some files satisfies both; leave \
                     one of them out: `enabled = false`",
                    one.name(),
                    other.name(),
                    both.join("`, `"),
                ));
            }
        }
    }
    found
}

/// What lies below a path of both lists.
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
