//! Chooses the formatter of a project that runs none, by its configurations.
//!
//! Two formatters cannot both be the gate, because some texts satisfy only one of them. Every
//! formatter states in its [`AdoptionFacts`](crate::tools::adoption::AdoptionFacts) what shows that
//! a project uses it; the first in the list is the default.

use super::sources::PythonSources;
use super::{FolderSurvey, Note, configs};
use crate::tools::{TOOLS, Tool};

/// The chosen formatter, and why it is not the other one.
pub(super) struct FormatterChoice {
    pub(super) tool: &'static dyn Tool,
    pub(super) note: Option<Note>,
}

/// Chooses between the formatters of a check whose default formatter is `usual`.
pub(super) fn choose(survey: &FolderSurvey, usual: &'static dyn Tool) -> FormatterChoice {
    let check = usual.adoption().default_check;
    let formatters: Vec<&'static dyn Tool> =
        TOOLS.iter().copied().filter(|tool| tool.adoption().default_check == check).collect();
    let is_usual = |tool: &dyn Tool| tool.name() == usual.name();

    let mut in_use = Vec::new();
    for tool in &formatters {
        if formats_with(survey, *tool) {
            in_use.push(*tool);
        }
    }
    match in_use.as_slice() {
        [tool] if is_usual(*tool) => return FormatterChoice { tool: *tool, note: None },
        [tool] => {
            let found = format!("a section for the formatter of {}", tool.lock());
            return FormatterChoice::explained(*tool, found);
        }
        [first, ..] => {
            let found = "two formatters that do not agree on every file";
            return FormatterChoice::explained(*first, found);
        }
        [] => {}
    }
    let nothing = PythonSources::default();
    for tool in formatters {
        let is_configured = configs::is_configured(survey, tool, &nothing);
        if !is_usual(tool) && is_configured && !requires_package(survey, usual.lock()) {
            let (theirs, ours) = (tool.lock(), usual.lock());
            let found = format!("a configuration of {theirs} and none of {ours}");
            return FormatterChoice::explained(tool, found);
        }
    }
    FormatterChoice { tool: usual, note: None }
}

impl FormatterChoice {
    fn explained(tool: &'static dyn Tool, found: impl Into<String>) -> Self {
        let effect = format!("`format` runs {}", tool.name());
        FormatterChoice { tool, note: Some(Note::new(found, effect)) }
    }
}

/// Whether a configuration shows that the project formats with this tool.
pub(super) fn formats_with(survey: &FolderSurvey, tool: &dyn Tool) -> bool {
    let sections = tool.adoption().formatter_sections;
    if sections.is_empty() {
        return configs::is_configured(survey, tool, &PythonSources::default());
    }
    survey.texts.iter().any(|(path, text)| {
        let section = sections.iter().find(|section| section.file == path.file_name());
        section.is_some_and(|section| super::refused::has_section(section, text))
    })
}

/// Whether a manifest requires this package, in any group of its dependencies.
fn requires_package(survey: &FolderSurvey, package: &str) -> bool {
    let is_manifest = |name: &str| name == "pyproject.toml" || name == "setup.cfg";
    survey
        .texts
        .iter()
        .any(|(path, text)| is_manifest(path.file_name()) && quotes_package(text, package))
}

/// Whether a quoted text is a requirement of this package, such as `"black>=24"`.
fn quotes_package(text: &str, package: &str) -> bool {
    text.split(['"', '\'']).skip(1).step_by(2).any(|quoted| {
        let rest = quoted.strip_prefix(package);
        rest.is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
        })
    })
}
