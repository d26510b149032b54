//! Releases that are requested on the command line, as in `cargo pipe update black==24.4.2`.

use super::UpdateError;
use crate::config::{Config, Work, name_locks};
use crate::discover;
use crate::project::{Manifest, Project, ProjectPath};
use crate::requirement::Requirement;
use crate::scaffold::manifest::{self, ManifestEditor};
use crate::scaffold::{self, FileReplacement};
use crate::tools;
use crate::version::VersionRange;

/// The request after its releases are applied to the configuration.
pub(super) struct Pinned {
    /// The configuration with the releases.
    pub(super) config: Config,
    /// The names without releases.
    pub(super) names: Vec<String>,
    /// The file that configures the project, if it changes.
    pub(super) manifest: Option<FileReplacement>,
}

/// Applies the releases among these names to the configuration and to the file that it was read from.
pub(super) fn apply(
    project: &Project,
    config: &Config,
    names: &[String],
) -> Result<Pinned, UpdateError> {
    let mut pinned = Pinned { config: config.clone(), names: Vec::new(), manifest: None };
    let manifest = project.manifest.clone().unwrap_or(Manifest::PipeToml);
    let path = ProjectPath::new(manifest.file_name())?;
    let failed = |message| UpdateError::Manifest { file: path.to_string(), message };
    let mut editor: Option<ManifestEditor> = None;
    for name in names {
        let Some(end) = name.find(['=', '<', '>', '!', '~', ' ']) else {
            pinned.names.push(name.clone());
            continue;
        };
        let range = Requirement::parse(name).and_then(|it| it.range());
        let range = range.ok_or_else(|| UpdateError::Malformed(name.clone()))?;
        let name = &name[..end];
        let checks = set_range(&mut pinned.config, name, &range);
        if checks.is_empty() {
            return Err(UpdateError::NotATool { name: name.to_owned() });
        }
        let editor = match &mut editor {
            Some(editor) => editor,
            none => none.insert(open(project, &manifest).map_err(failed)?),
        };
        let written = range.exact().unwrap_or_else(|| range.to_string());
        for check in &checks {
            manifest::set(editor.table(&["checks", check]).map_err(failed)?, "version", &written);
        }
        pinned.names.push(name.to_owned());
    }
    name_locks(&mut pinned.config.checks);
    if let Some(editor) = editor {
        let replacement = scaffold::replacement(&project.root, path, editor.into_text())?;
        let is_changed = replacement.before.as_ref() != Some(&replacement.after);
        pinned.manifest = is_changed.then_some(replacement);
    }
    Ok(pinned)
}

fn open(project: &Project, manifest: &Manifest) -> Result<ManifestEditor, String> {
    let text = match project.manifest {
        None => String::new(),
        Some(_) => {
            discover::read_manifest(&project.root, manifest).map_err(|error| error.message)?
        }
    };
    ManifestEditor::parse(&text, manifest)
}

/// Sets the releases of a tool in each check with it, or in the check of this name.
fn set_range(config: &mut Config, name: &str, range: &VersionRange) -> Vec<String> {
    let is_package = tools::TOOLS.iter().any(|tool| tool.lock() == name);
    let mut changed = Vec::new();
    for check in &mut config.checks {
        let Work::Tool { tool, packages, .. } = &mut check.work else { continue };
        let package = tools::find(tool).map(|tool| tool.lock());
        let is_meant = if is_package { package == Some(name) } else { check.name.as_str() == name };
        if is_meant {
            packages.version = Some(range.clone());
            changed.push(check.name.to_string());
        }
    }
    changed
}
