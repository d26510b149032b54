//! The lines of sources that findings speak of.
//!
//! Owns them as they were when they were checked, so that whoever shows a finding reads no file.
//! It must not know which finding needs which line: the parsers gather them, and they travel with
//! the check's outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Lines under their paths and 1-based numbers, without their ends, in code points as Python
/// counts them: no byte order mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Excerpts(BTreeMap<String, BTreeMap<u32, String>>);

impl Excerpts {
    /// Keeps a line.
    pub fn insert(&mut self, path: &str, line: u32, text: String) {
        self.0.entry(path.to_owned()).or_default().insert(line, text);
    }

    /// The line, if it was kept.
    #[must_use]
    pub fn line(&self, path: &str, line: u32) -> Option<&str> {
        self.0.get(path)?.get(&line).map(String::as_str)
    }
}
