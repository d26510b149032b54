//! Keeps the generated files of a project as its `pipe.toml` says.
//!
//! Owns what is drift and what may be done about it: a file that nobody edited is written again, an
//! edited one only when its user says so, and one that somebody else wrote never. Must not print;
//! what differs is returned as data, with both texts.

use std::fs;
use std::path::Path;

use super::manifest::{self, Scene, WantedFile};
use super::{FileAction, ScaffoldError, granted, remove, write};
use crate::config::layer::Layer;
use crate::config::load::{self, EnvVars};
use crate::dependencies::read as dependencies;
use crate::engine::job_image;
use crate::project::{Project, ProjectPath, discover};
use crate::scaffold::adopt;
use crate::template::{FileOrigin, GENERATED, GITLAB_CI, Ownership, body, generated, origin};

/// A generated file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The file.
    pub path: ProjectPath,
    /// How it differs.
    pub kind: DriftKind,
    /// What it holds; nothing if it is not there.
    pub before: String,
    /// What it should hold; nothing if it should not be there.
    pub after: String,
    mode: u32,
}

/// How a generated file differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriftKind {
    /// It is not there.
    Missing,
    /// Nobody edited it, and `pipe.toml` has changed since.
    Outdated,
    /// Somebody edited it.
    Edited,
    /// Nobody edited it, and nothing needs it any more.
    Unneeded,
}

/// What becomes of files that somebody edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// They stay.
    Stay,
    /// They are written again.
    Replace,
}

/// The generated files of a project that are not as they should be.
///
/// # Errors
///
/// When its configuration is wrong, a file would end up outside, or one cannot be read.
pub fn drift(project: &Project) -> Result<Vec<Drift>, ScaffoldError> {
    // What is written is the project's, so whoever writes it has no say in it.
    let (config, _) = load::configure(project, &EnvVars::default(), Layer::default())?;
    let root = &project.root;
    let own = generated(GITLAB_CI).and_then(|file| file.path_in(&config.config));
    let own = own.and_then(|path| read(root, &path).ok().flatten());
    let own = own.filter(|text| origin(text) == FileOrigin::Foreign);
    let settings = adopt::beside(own.as_deref());
    let mut wanted = manifest::wanted(&Scene {
        manifest: project.manifest.clone(),
        config: &config,
        settings: &settings,
        has_python: true,
        granted: granted(project, &config),
        jobs_in: job_image::choose_jobs_image(root, &config),
    });
    let found = dependencies::read(root, &config)?;
    let derived = found.and_then(|found| dependencies::derived(&config, &found));
    wanted.extend(derived.map(|(path, text)| WantedFile::derived(path, text)));
    let mut drifts = Vec::new();
    for file in &wanted {
        drifts.extend(compare(root, file)?);
    }
    let paths = GENERATED
        .iter()
        .filter(|file| file.keep == Ownership::Synced)
        .filter_map(|file| file.path_in(&config.config))
        .filter(|path| wanted.iter().all(|file| file.path != *path));
    for path in paths {
        drifts.extend(unneeded(root, path)?);
    }
    Ok(drifts)
}

/// Brings files up to date, and returns those that were.
///
/// # Errors
///
/// When a file would end up outside, changed meanwhile, or the disk refuses something; those
/// before are up to date then.
pub fn sync(
    project: &Project,
    drifts: &[Drift],
    edited: Edited,
) -> Result<Vec<Drift>, ScaffoldError> {
    let root = &project.root;
    let mut done = Vec::new();
    for drift in drifts {
        let place = drift.path.on_disk(root);
        match drift.kind {
            DriftKind::Edited if edited == Edited::Stay => continue,
            DriftKind::Edited | DriftKind::Outdated => {
                write::replace(&place, &drift.before, &drift.after)?;
            }
            DriftKind::Missing => {
                let Drift { path, after, mode, .. } = drift.clone();
                let file = WantedFile { path, text: after, keep: Ownership::Synced, mode };
                if write::write(root, &file)? != FileAction::Written {
                    continue;
                }
            }
            DriftKind::Unneeded => {
                fs::remove_file(&place).map_err(ScaffoldError::disk("remove", &place))?;
                remove::remove_empty(root, &place);
            }
        }
        done.push(drift.clone());
    }
    Ok(done)
}

fn compare(root: &Path, file: &WantedFile) -> Result<Option<Drift>, ScaffoldError> {
    let drift = |kind, before: &str| {
        let (path, after) = (file.path.clone(), file.text.clone());
        Some(Drift { path, kind, before: before.to_owned(), after, mode: file.mode })
    };
    let Some(text) = read(root, &file.path)? else {
        let is_there = fs::symlink_metadata(file.path.on_disk(root)).is_ok();
        return Ok(if is_there { None } else { drift(DriftKind::Missing, "") });
    };
    // Which release wrote it is no difference.
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

fn unneeded(root: &Path, path: ProjectPath) -> Result<Option<Drift>, ScaffoldError> {
    if discover::inside(root, &path).is_err() {
        return Ok(None);
    }
    let text = read(root, &path)?.filter(|text| origin(text) == FileOrigin::Generated);
    Ok(text.map(|before| {
        let (kind, after) = (DriftKind::Unneeded, String::new());
        Drift { path, kind, before, after, mode: 0 }
    }))
}

/// The text of a file; none for one that is not there, is a link, or is no text.
fn read(root: &Path, path: &ProjectPath) -> Result<Option<String>, ScaffoldError> {
    let place = discover::inside(root, path)?;
    if !fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let bytes = fs::read(&place).map_err(ScaffoldError::disk("read", &place))?;
    Ok(String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::seal;

    #[test]
    fn what_another_release_wrote_in_the_same_words_is_up_to_date() {
        let root = tempfile::tempdir().unwrap();
        let path = ProjectPath::new("Dockerfile").unwrap();
        let text = seal("0.2.0", "New words.", "FROM a\n");
        let file = WantedFile { path: path.clone(), text, keep: Ownership::Synced, mode: 0o644 };
        let place = path.on_disk(root.path());
        for (body, kind) in [("FROM a\n", None), ("FROM b\n", Some(DriftKind::Outdated))] {
            fs::write(&place, seal("0.1.0", "Old words.", body)).unwrap();
            let drift = compare(root.path(), &file).unwrap();
            assert_eq!(drift.map(|drift| drift.kind), kind, "{body}");
        }
    }
}
