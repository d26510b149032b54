//! Reads the configurations that may contradict each other.
//!
//! Owns one look at each file. Must not judge it; [`super::contradictions`] does. What cannot be
//! read is left out, because whoever needs the file says so.

use crate::config::Config;
use crate::project::{Project, discover};

/// The contradictions of a project, in words.
#[must_use]
pub fn contradictions(project: &Project, config: &Config) -> Vec<String> {
    let read = |path: &crate::project::ProjectPath| {
        let place = discover::inside(&project.root, path).ok()?;
        String::from_utf8(discover::read(&place).ok()?).ok()
    };
    let texts = super::wanted(config).into_iter();
    let texts = texts.filter_map(|path| read(&path).map(|text| (path, text))).collect();
    super::contradictions(config, &texts)
}
