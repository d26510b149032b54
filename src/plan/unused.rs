//! The error about a tool that a project does not use, with the lines that switch it on.

use super::PlanError;
use crate::config::Config;
use crate::tools::{self, Tool};

/// The error about the name of a tool, or of its usual check, that the project does not use.
pub(super) fn unused_tool(config: &Config, name: &str) -> Option<PlanError> {
    let is_usual = |tool: &&&dyn Tool| tool.adoption().default_check == Some(name);
    let usual = tools::TOOLS.iter().find(is_usual).copied();
    let tool = usual.or_else(|| tools::find(name))?;
    let manifest = &config.manifest;
    // A usual check without any setting is on.
    let hint = if usual.is_some() {
        format!("delete `enabled = false` in `[checks.{name}]` of `{manifest}` to switch it on")
    } else {
        let tool = tool.name();
        format!("add this to `{manifest}`:\n\n    [checks.{name}]\n    tool = \"{tool}\"\n")
    };
    Some(PlanError::UnusedTool { name: name.to_owned(), hint })
}
