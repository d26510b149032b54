//! Keeps the generated files of a project up to date with its `pipe.toml`.
//!
//! An unedited file is updated, an edited one only on request, and a file of the user never. The
//! differences are returned as data, with both texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::required_files::{self, RequiredFile, Scene};
use super::{FileAction, ScaffoldError, job_grants, pipelines, remove, write};
use crate::config::layer::Layer;
use crate::config::{Check, Config};
use crate::configure;
use crate::dependencies::read as dependencies;
use crate::discover;
use crate::engine::job_image;
use crate::env_vars::EnvVars;
use crate::environment::recipe::{self, BUILD};
use crate::project::{FileLocation, Project, ProjectPath, ProjectPlacement};
use crate::read::{self, ReadError, SizeLimit};
use crate::template::{FileOrigin, GENERATED, Need, Ownership, body, origin};

/// A generated file that differs from its expected text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The file.
    pub location: FileLocation,
    /// How it differs.
    pub kind: DriftKind,
    /// The present text; empty if the file is missing.
    pub before: String,
    /// The expected text; empty if the file should not exist.
    pub after: String,
    mode: u32,
}

/// How a generated file differs from its expected text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriftKind {
    /// The file is missing.
    Missing,
    /// The file is unedited, and `pipe.toml` has changed since.
    Outdated,
    /// The file was edited.
    Edited,
    /// The file is unedited and no longer needed.
    Unneeded,
}

/// What to do with edited files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// Keep them.
    Stay,
    /// Replace them.
    Replace,
}

/// The generated files of a project that differ from their expected texts.
///
/// # Errors
///
/// When the configuration is invalid, a file would be outside the project, or a file cannot be read.
pub fn drift(project: &Project) -> Result<Vec<Drift>, ScaffoldError> {
    // The files belong to the project, so the variables of the user have no effect on them.
    let (config, _) = configure::load_config(project, &EnvVars::default(), Layer::default())?;
    let root = &project.root;
    let placement = discover::placement(root);
    let settings = pipelines::settings(&placement)?;
    let manifest = project.manifest.as_ref();
    let text = manifest.map(|manifest| discover::read_manifest(root, manifest)).transpose()?;
    let mut wanted = required_files::list(&Scene {
        placement: &placement,
        names_schema: required_files::names_schema(&text.unwrap_or_default(), &config.config),
        manifest: project.manifest.clone(),
        config: &config,
        settings: &settings,
        has_python: true,
        granted: job_grants(project, &config),
        jobs_in: job_image::choose_jobs_image(root, &config),
    })?;
    let in_project = |path| placement.in_project(path);
    for set in config.dependency_sets() {
        let found = dependencies::read(root, set)?;
        let derived = found.and_then(|found| dependencies::derived(&config, set, &found));
        wanted.extend(derived.map(|(path, text)| RequiredFile::derived(in_project(path), text)));
    }
    let mut drifts = Vec::new();
    for file in &wanted {
        drifts.extend(compare(file)?);
    }
    // Also those of a project that was at the root of its repository and no longer is.
    let at_root = ProjectPlacement::at_root(root);
    let locations = [&at_root, &placement]
        .into_iter()
        .flat_map(|place| GENERATED.iter().map(move |file| (place, file)))
        // Nothing depends on the schema, so that one that is no longer named does no harm.
        .filter(|(_, file)| file.keep == Ownership::Synced && file.need != Need::Schema)
        .filter_map(|(place, file)| file.locate(place, &config.config))
        .chain(unused_locks(root, &config).into_iter().map(in_project))
        .filter(|location| wanted.iter().all(|file| file.location != *location));
    for location in locations.collect::<BTreeSet<_>>() {
        drifts.extend(find_unneeded(location)?);
    }
    Ok(drifts)
}

/// Updates files, and returns those that it updated.
///
/// # Errors
///
/// When a file would be outside the project, has changed in the meantime, or cannot be written. The
/// files before it are updated then.
pub fn sync(drifts: &[Drift], edited: Edited) -> Result<Vec<Drift>, ScaffoldError> {
    let mut done = Vec::new();
    for drift in drifts {
        let place = drift.location.on_disk();
        match drift.kind {
            DriftKind::Edited if edited == Edited::Stay => continue,
            DriftKind::Edited | DriftKind::Outdated => {
                write::replace(&place, &drift.before, &drift.after)?;
            }
            DriftKind::Missing => {
                let Drift { location, after, mode, .. } = drift.clone();
                let file = RequiredFile { location, text: after, keep: Ownership::Synced, mode };
                if write::write(&file)? != FileAction::Written {
                    continue;
                }
            }
            DriftKind::Unneeded => {
                fs::remove_file(&place).map_err(ScaffoldError::disk("remove", &place))?;
                remove::remove_empty(drift.location.base(), &place);
            }
        }
        done.push(drift.clone());
    }
    Ok(done)
}

/// The files in the folder of the locks that are not the lock of any check.
fn unused_locks(root: &Path, config: &Config) -> Vec<ProjectPath> {
    let folder = config.image.dockerfile.beside("requirements");
    let needed: Vec<ProjectPath> = config
        .checks
        .iter()
        .filter_map(Check::lock)
        .chain(config.installs_project().then_some(BUILD))
        .map(str::to_owned)
        .chain(config.dependency_sets().into_iter().map(|set| set.lock()))
        .filter_map(|name| recipe::lock_path(config, &name).ok())
        .collect();
    let entries = fs::read_dir(folder.on_disk(root)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut unused: Vec<ProjectPath> = names
        .filter(|name| name.ends_with(".txt"))
        .filter_map(|name| folder.child(&name))
        .filter(|path| !needed.contains(path))
        .collect();
    unused.sort();
    unused
}

fn compare(file: &RequiredFile) -> Result<Option<Drift>, ScaffoldError> {
    let drift = |kind, before: &str| {
        let (location, after) = (file.location.clone(), file.text.clone());
        Some(Drift { location, kind, before: before.to_owned(), after, mode: file.mode })
    };
    let Some(text) = read_text(&file.location)? else {
        let exists = fs::symlink_metadata(file.location.on_disk()).is_ok();
        return Ok(if exists { None } else { drift(DriftKind::Missing, "") });
    };
    // The release that wrote the file makes no difference.
    let same = body(&text) == body(&file.text);
    Ok(match (file.keep, origin(&text)) {
        (Ownership::Once, _)
        | (_, FileOrigin::Foreign)
        | (Ownership::UntilEdited, FileOrigin::Edited) => None,
        (_, FileOrigin::Generated) if same => None,
        (_, FileOrigin::Generated) => drift(DriftKind::Outdated, &text),
        (Ownership::Synced, FileOrigin::Edited) => drift(DriftKind::Edited, &text),
    })
}

fn find_unneeded(location: FileLocation) -> Result<Option<Drift>, ScaffoldError> {
    if discover::inside(location.base(), location.path()).is_err() {
        return Ok(None);
    }
    let text = read_text(&location)?.filter(|text| origin(text) == FileOrigin::Generated);
    Ok(text.map(|before| {
        let (kind, after) = (DriftKind::Unneeded, String::new());
        Drift { location, kind, before, after, mode: 0 }
    }))
}

/// Reads a text; none if the file is missing, a link, or not UTF-8.
pub(super) fn read_text(location: &FileLocation) -> Result<Option<String>, ScaffoldError> {
    let place = discover::inside(location.base(), location.path())?;
    if !fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    match read::read_project_text(location.base(), location.path(), SizeLimit::Lock) {
        Ok(text) => Ok(Some(text)),
        Err(ReadError::NotUtf8) => Ok(None),
        Err(error) => Err(ScaffoldError::disk("read", &place)(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::seal;

    #[test]
    fn a_file_of_another_release_with_the_same_body_is_up_to_date() {
        let root = tempfile::tempdir().unwrap();
        let path = ProjectPath::new("Dockerfile").unwrap();
        let location = ProjectPlacement::at_root(root.path()).in_project(path);
        let place = location.on_disk();
        let text = seal("0.2.0", "New words.", "FROM a\n");
        let file = RequiredFile { location, text, keep: Ownership::Synced, mode: 0o644 };
        for (body, kind) in [("FROM a\n", None), ("FROM b\n", Some(DriftKind::Outdated))] {
            fs::write(&place, seal("0.1.0", "Old words.", body)).unwrap();
            let drift = compare(&file).unwrap();
            assert_eq!(drift.map(|drift| drift.kind), kind, "{body}");
        }
    }
}
