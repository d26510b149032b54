//! Detects steps that run code of the project's own.

use std::collections::BTreeSet;

use super::Step;
use crate::tools;

impl Step {
    /// Explains why the step runs code of the project's own; none if it does not.
    ///
    /// A tool without a named config discovers one: at the project's root, or among `paths`, the files
    /// that the step sees. `read` returns the content of a file that exists.
    pub(crate) fn own_code(
        &self,
        paths: &[String],
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Option<String> {
        let Some(tool) = tools::find(&self.tool) else {
            return Some(format!("`{}`", self.id));
        };
        let mut configs: BTreeSet<&str> = BTreeSet::new();
        if let Some(file) = &self.config {
            configs.insert(file.path.as_str());
        } else {
            for own in tool.own_configs() {
                configs.insert(own.file);
                let has_its_name = |path: &&String| file_name(path) == file_name(own.file);
                configs.extend(paths.iter().filter(has_its_name).map(String::as_str));
            }
        }
        let mut text = Vec::new();
        for config in configs {
            text.extend(read(config).unwrap_or_default());
            text.push(b'\n');
        }
        let option = tool.own_code(&String::from_utf8_lossy(&text), &self.command)?;
        Some(format!("{option} of `{}`", self.id))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
