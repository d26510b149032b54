//! Which formatter is the gate.
//!
//! Owns the weighing of what a project says of black and of ruff's formatter; no text of some files
//! satisfies both, so one of them is chosen and the other is named. Must not know how either is
//! run. The choice becomes the tool of the check `format`.

use super::pre_commit::Hook;
use super::sources::PythonSources;
use super::{FolderSurvey, Note, configs};
use crate::tools::Tool;
use crate::tools::black::Black;
use crate::tools::own_config::OwnConfig;
use crate::tools::ruff::Ruff;

/// The formatter, and why it is not the other one.
pub(super) struct FormatterChoice {
    pub(super) tool: &'static str,
    pub(super) note: Option<Note>,
}

const BLACK: &str = "black";
const RUFF: &str = "ruff-format";

/// Chooses the formatter.
pub(super) fn choose(survey: &FolderSurvey, hooks: &[Hook]) -> FormatterChoice {
    let nothing = PythonSources::default();
    let hook = |names: &[&str]| hooks.iter().any(|hook| names.contains(&hook.id.as_str()));
    let (black_hook, ruff_hook) = (hook(&["black", "black-jupyter"]), hook(&["ruff-format"]));
    let black_config = configs::is_configured(survey, &Black, &nothing);
    let ruff_section = ruff_formats(survey);
    let because = |found: &str, tool| {
        let so = if tool == RUFF { "`format` is ruff's" } else { "`format` is black's alone" };
        FormatterChoice { tool, note: Some(Note::new(found, so)) }
    };
    match (black_hook, ruff_hook) {
        (false, true) => return because("the hook `ruff-format`", RUFF),
        (true, true) => {
            return because("hooks of two formatters that do not agree on every file", BLACK);
        }
        _ => {}
    }
    match (black_hook || black_config, ruff_section) {
        (true, true) => because("two formatters that do not agree on every file", BLACK),
        (true, false) => FormatterChoice { tool: BLACK, note: None },
        (false, true) => because("a section of ruff's formatter", RUFF),
        (false, false)
            if configs::is_configured(survey, &Ruff, &nothing) && !names_black(survey) =>
        {
            because("a configuration of ruff and no trace of black", RUFF)
        }
        (false, false) => FormatterChoice { tool: BLACK, note: None },
    }
}

/// Whether a configuration of ruff speaks of formatting.
fn ruff_formats(survey: &FolderSurvey) -> bool {
    survey.texts.iter().any(|(path, text)| {
        let section = match path.file_name() {
            "pyproject.toml" => "tool.ruff.format",
            _ => "format",
        };
        Ruff.own_configs().iter().any(|own| own.file == path.file_name())
            && super::refused::has_section(&OwnConfig::toml("", section), text)
    })
}

/// Whether a package wants black, in whatever group of its dependencies.
fn names_black(survey: &FolderSurvey) -> bool {
    let name = |text: &str| {
        text.split(['"', '\'']).skip(1).step_by(2).any(|quoted| {
            quoted.strip_prefix(BLACK).is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
            })
        })
    };
    let is_manifest = |name: &str| name == "pyproject.toml" || name == "setup.cfg";
    survey.texts.iter().any(|(path, text)| is_manifest(path.file_name()) && name(text))
}
