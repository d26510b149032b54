//! Public projects, and the commands with which their CI checks them.
//!
//! Each project is a file in the folder `projects`. A command is that of the file and line in its
//! `origin`, with the arguments there. A hook names the types of its files. A fixer is replaced by its
//! check, since both find the same.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::workspace;

const FOLDER: &str = "xtask/src/green/projects";

/// A project as its authors publish it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicProject {
    /// The name of the source distribution, which is that of the file.
    #[serde(skip)]
    pub(super) name: String,
    /// The released version.
    pub(super) version: String,
    /// The SHA-256 of the source distribution.
    sha256: String,
    /// The expression that the names of all hooks' files must match.
    #[serde(default)]
    files: Option<String>,
    /// The expression that they must not match.
    #[serde(default)]
    exclude: Option<String>,
    /// The commands of its CI.
    pub(super) commands: Vec<HandCommand>,
    /// The reasons of the known differences, by the name of the tool.
    #[serde(default)]
    pub(super) differences: BTreeMap<String, String>,
}

/// One command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandCommand {
    /// The tool, by its name in the catalogue.
    pub(super) tool: String,
    /// The place that runs it.
    pub(super) origin: String,
    /// The requirements that are installed for it: packages, `.` for the project, `-r FILE`,
    /// `--group NAME`, or `--locked-group NAME` for a group of `uv.lock`.
    pub(super) install: Vec<String>,
    /// The command line.
    pub(super) line: String,
    /// The types of the files whose names the command gets, as in `identify`: a file has one of them.
    /// A command without any looks for files itself.
    #[serde(default)]
    pub(super) types: Vec<String>,
    /// The expressions that the names must match.
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// The expressions that they must not match.
    #[serde(default)]
    pub(super) exclude: Vec<String>,
}

impl PublicProject {
    /// The pin in the form that pip reads.
    pub(super) fn requirement(&self) -> String {
        format!("{}=={} --hash=sha256:{}", self.name, self.version, self.sha256)
    }
}

/// The names of the projects, in alphabetical order. None can be read outside of a checkout.
pub(crate) fn names() -> Vec<String> {
    let files = fs::read_dir(workspace::root().join(FOLDER)).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            name.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// Reads the project of a name.
///
/// # Errors
///
/// When its file cannot be read.
pub(super) fn read(name: &str) -> Result<PublicProject> {
    let path = workspace::root().join(FOLDER).join(format!("{name}.toml"));
    let text = workspace::read(&path)?;
    let mut project: PublicProject = toml::from_str(&text)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    project.name = name.to_owned();
    for command in &mut project.commands {
        command.files.extend(project.files.clone());
        command.exclude.extend(project.exclude.clone());
    }
    Ok(project)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green::output;

    #[test]
    fn every_project_can_be_read_and_has_commands() {
        let names = names();
        assert!(names.len() >= 12, "{names:?}");
        for name in names {
            let project = read(&name).unwrap();
            assert_eq!(project.sha256.len(), 64, "{name}");
            assert!(!project.commands.is_empty(), "{name}");
            for command in &project.commands {
                assert!(
                    cargo_pipe::tools::find(&command.tool).is_some(),
                    "{name}: {}",
                    command.tool
                );
                assert!(output::is_known(&command.tool), "{name}: {}", command.tool);
                assert!(command.origin.contains(':'), "{name}: {}", command.origin);
            }
            for tool in project.differences.keys() {
                assert!(cargo_pipe::tools::find(tool).is_some(), "{name}: {tool}");
            }
        }
    }
}
