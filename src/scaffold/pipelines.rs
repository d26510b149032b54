//! Switches on pipelines in the `pipe.toml` of an existing project.

use toml_edit::{DocumentMut, Item, Table, Value};

use super::adopt::AdoptionRequest;

/// The text of a `pipe.toml` with the pipelines that the user asks for. `None` if it has them, or if
/// it is invalid: reading it as a configuration reports that.
///
/// Only keys that are missing or `false` are changed, because another value is a decision of the user.
pub(super) fn switch_on(text: &str, request: &AdoptionRequest) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let ci =
        document.entry("ci").or_insert_with(|| Item::Table(Table::new())).as_table_like_mut()?;
    let mut changed = false;
    let mut set = |key: &str, new: Value| match ci.get_mut(key) {
        None => {
            ci.insert(key, Item::Value(new));
            changed = true;
        }
        Some(Item::Value(old)) if old.as_bool() == Some(false) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
            changed = true;
        }
        Some(_) => {}
    };
    if request.gitlab == Some(true) {
        set("gitlab", request.jobs.unwrap_or_default().name().into());
    }
    if request.github == Some(true) {
        set("github", true.into());
    }
    changed.then(|| document.to_string())
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

    #[test]
    fn pipelines_are_switched_on_and_comments_stay() {
        let text =
            "source = [\"src\"]\n\n[ci]\n# Jobs.\ngitlab = false # for now\ngithub = false\n";
        let expected =
            "source = [\"src\"]\n\n[ci]\n# Jobs.\ngitlab = \"image\" # for now\ngithub = true\n";
        assert_eq!(switch_on(text, &BOTH).as_deref(), Some(expected));
        assert_eq!(switch_on(expected, &BOTH), None);
    }

    #[test]
    fn a_missing_table_is_added() {
        let dind = AdoptionRequest { jobs: Some(GitlabJobs::Dind), ..BOTH };
        let expected = "jobs = 2\n\n[ci]\ngitlab = \"dind\"\ngithub = true\n";
        assert_eq!(switch_on("jobs = 2\n", &dind).as_deref(), Some(expected));
    }

    #[test]
    fn another_engine_of_jobs_stays() {
        let text = "[ci]\ngitlab = \"socket\"\n";
        let gitlab = AdoptionRequest { github: None, ..BOTH };
        assert_eq!(switch_on(text, &gitlab), None);
    }
}
