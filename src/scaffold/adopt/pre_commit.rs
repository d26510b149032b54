//! Parses the hooks of `.pre-commit-config.yaml`.
//!
//! Three keys matter: the repository, its version, and the id of a hook. They are parsed line by line
//! instead of with a YAML library, because pre-commit's own commands write the file in one plain layout,
//! the result decides no verdict, and no such library is both small and well maintained. Hooks in other
//! layouts are not seen.

use crate::tools::Tool;

/// A hook and its pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hook {
    /// The id of the hook.
    pub(super) id: String,
    /// The version of its repository, as written.
    pub(super) version: String,
}

impl Hook {
    /// Whether the hook runs this tool.
    pub(super) fn runs(&self, tool: &dyn Tool) -> bool {
        tool.adoption().hooks.contains(&self.id.as_str())
    }
}

/// Parses the hooks of a text.
pub(super) fn parse_hooks(text: &str) -> Vec<Hook> {
    let mut hooks: Vec<Hook> = Vec::new();
    let mut of_this_repository = 0;
    let mut version = String::new();
    for line in text.lines() {
        let entry = line.trim().trim_start_matches("- ").trim_start();
        let Some((key, value)) = entry.split_once(": ") else { continue };
        let value = value.split(" #").next().unwrap_or_default().trim();
        let value = value.trim_matches(|c| c == '"' || c == '\'');
        match key {
            "repo" => {
                of_this_repository = hooks.len();
                version.clear();
            }
            "rev" => {
                value.clone_into(&mut version);
                // The version may follow the hooks.
                for hook in &mut hooks[of_this_repository..] {
                    hook.version.clone_from(&version);
                }
            }
            "id" => hooks.push(Hook { id: value.to_owned(), version: version.clone() }),
            _ => {}
        }
    }
    hooks
}
