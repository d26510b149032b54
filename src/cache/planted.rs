//! Refuses folders of our own whose content a commit could bring.
//!
//! cargo pipe uses results without running anything, executes environments and believes grants. If
//! one of these folders lies in the checkout, as the cache of a GitLab job must, then git must not
//! track anything in it.

use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::env_vars::{CACHE_DIR, ENVIRONMENTS, EnvVars};
use crate::git::{self, TrackedFolderError};
use crate::trust::store;

/// Checks every folder that is believed.
///
/// # Errors
///
/// When one of them lies in the checkout of the project at `root`, and git tracks anything in it, or
/// its index cannot be read.
pub fn refuse_planted(root: &Path, variables: &EnvVars) -> Result<(), ConfigError> {
    for believed in believed_folders(variables) {
        let Err(error) = git::check_untracked(&believed.folder, root) else { continue };
        let BelievedFolder { folder, content, variable } = believed;
        let outside = format!("set `{variable}` to a folder outside of the checkout");
        let (message, hint) = match error {
            TrackedFolderError::Tracked(path) => {
                let message = format!(
                    "`{}` is tracked by git, so a commit could bring {content}",
                    path.display()
                );
                // A tracked link lies above the folder.
                let place = if path.starts_with(&folder) { &folder } else { &path };
                let place = place.display().to_string();
                let place = shlex::try_quote(&place).unwrap_or_default();
                (message, format!("`git rm -r --cached {place}` and ignore it, or {outside}"))
            }
            unreadable => (format!("a commit could bring {content}: {unreadable}"), outside),
        };
        return Err(ConfigError {
            origin: folder.display().to_string(),
            text: None,
            span: None,
            message,
            hint: Some(hint),
        });
    }
    Ok(())
}

/// A folder whose content is used without a proof.
struct BelievedFolder {
    folder: PathBuf,
    /// The kind of its content.
    content: &'static str,
    /// The variable that moves it.
    variable: &'static str,
}

fn believed_folders(variables: &EnvVars) -> Vec<BelievedFolder> {
    let own = super::home(variables);
    let path = |name| variables.get(name).map(PathBuf::from);
    // uv and pip install what they find there.
    let cache = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")));
    let installer = |name, program| path(name).or_else(|| Some(cache.as_ref()?.join(program)));
    let folders = [
        (Some(own), "results and environments", CACHE_DIR),
        (path(ENVIRONMENTS), "environments", ENVIRONMENTS),
        (store::folder(variables), "grants", "XDG_STATE_HOME"),
        (installer("UV_CACHE_DIR", "uv"), "packages", "UV_CACHE_DIR"),
        (installer("PIP_CACHE_DIR", "pip"), "packages", "PIP_CACHE_DIR"),
    ];
    let mut believed = Vec::new();
    for (folder, content, variable) in folders {
        let folder = folder.map(|folder| BelievedFolder { folder, content, variable });
        believed.extend(folder);
    }
    believed
}
