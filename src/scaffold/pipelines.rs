//! Switches on pipelines in the configuration of an existing project.

use toml_edit::Value;

use super::adopt::AdoptionRequest;
use super::manifest::{self, ManifestEditor};
use crate::project::Manifest;

/// The text of a manifest with the pipelines that the user asks for. `None` if it has them, or if it
/// is invalid: reading it as a configuration reports that.
///
/// Only keys that are missing or `false` are changed, because another value is a decision of the user.
pub(super) fn switch_on(
    text: &str,
    manifest: &Manifest,
    request: &AdoptionRequest,
) -> Option<String> {
    let mut wanted: Vec<(&str, Value)> = Vec::new();
    if request.gitlab == Some(true) {
        wanted.push(("gitlab", request.jobs.unwrap_or_default().name().into()));
    }
    if request.github == Some(true) {
        wanted.push(("github", true.into()));
    }
    let mut editor = ManifestEditor::parse(text, manifest).ok()?;
    let ci = editor.table(&["ci"]).ok()?;
    wanted.retain(|(key, _)| {
        ci.get(key).is_none_or(|item| item.as_value().and_then(Value::as_bool) == Some(false))
    });
    if wanted.is_empty() {
        return None;
    }
    for (key, value) in wanted {
        manifest::set(ci, key, value);
    }
    Some(editor.into_text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GitlabJobs;

    const BOTH: AdoptionRequest = AdoptionRequest {
        gitlab: Some(true),
        jobs: None,
        github: Some(true),
        xtask: false,
        opinionated: false,
    };

    fn on(text: &str, request: &AdoptionRequest) -> Option<String> {
        switch_on(text, &Manifest::PipeToml, request)
    }

    #[test]
    fn pipelines_are_switched_on_and_comments_stay() {
        let text =
            "source = [\"src\"]\n\n[ci]\n# Jobs.\ngitlab = false # for now\ngithub = false\n";
        let expected =
            "source = [\"src\"]\n\n[ci]\n# Jobs.\ngitlab = \"image\" # for now\ngithub = true\n";
        assert_eq!(on(text, &BOTH).as_deref(), Some(expected));
        assert_eq!(on(expected, &BOTH), None);
    }

    #[test]
    fn a_missing_table_is_added() {
        let dind = AdoptionRequest { jobs: Some(GitlabJobs::Dind), ..BOTH };
        let expected = "jobs = 2\n\n[ci]\ngitlab = \"dind\"\ngithub = true\n";
        assert_eq!(on("jobs = 2\n", &dind).as_deref(), Some(expected));
    }

    #[test]
    fn another_engine_of_jobs_stays() {
        let text = "[ci]\ngitlab = \"socket\"\n";
        let gitlab = AdoptionRequest { github: None, ..BOTH };
        assert_eq!(on(text, &gitlab), None);
    }
}
