//! Pipelines of an existing project: switches them on in its configuration, and relates the generated
//! file for GitLab to the pipeline that includes it.

use std::fs;

use globset::GlobBuilder;
use toml_edit::Value;

use super::ScaffoldError;
use super::adopt::AdoptionRequest;
use super::manifest::{self, ManifestEditor};
use super::sync::read_text;
use crate::config::Config;
use crate::config::glob::exceeded_limit;
use crate::config::layer::Layer;
use crate::configure;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::project::{FileLocation, Manifest, Project, ProjectPath, ProjectPlacement};
use crate::template::{FileOrigin, GENERATED, GITLAB_CI, GitlabFile, Need, NewConfig, origin};

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

/// The settings that depend on the pipeline of the repository.
///
/// # Errors
///
/// When that pipeline cannot be read.
pub(super) fn settings(placement: &ProjectPlacement) -> Result<NewConfig, ScaffoldError> {
    let text = read_pipeline(placement)?;
    if placement.folder().is_none() {
        let own = text.filter(|text| origin(text) == FileOrigin::Foreign);
        return Ok(own.as_deref().map(settings_within).unwrap_or_default());
    }
    // A repository without a pipeline gets one that has a `workflow`.
    let usual = NewConfig { gitlab_file: GitlabFile::IncludedWithWorkflow, ..NewConfig::default() };
    Ok(text.as_deref().map_or(usual, settings_within))
}

/// The settings for jobs that this pipeline includes: the kind of file, and a stage of the pipeline.
fn settings_within(text: &str) -> NewConfig {
    let usual = NewConfig::default();
    let has_workflow = text.lines().any(|line| line.starts_with("workflow:"));
    let gitlab_file =
        if has_workflow { GitlabFile::IncludedWithWorkflow } else { GitlabFile::Included };
    let stages = parse_stages(text);
    let first = stages.first().filter(|_| !stages.contains(&usual.gitlab_stage.as_str()));
    let gitlab_stage = first.map_or_else(|| usual.gitlab_stage.clone(), ToString::to_string);
    NewConfig { gitlab_file, gitlab_stage, ..usual }
}

/// Parses the stages of a pipeline in both of the usual notations.
fn parse_stages(pipeline: &str) -> Vec<&str> {
    let code = |line| str::split(line, '#').next().unwrap_or_default().trim_end();
    let mut lines = pipeline.lines().map(code).skip_while(|line| !line.starts_with("stages:"));
    let listed = lines.next().and_then(|line| line.strip_prefix("stages:")).unwrap_or_default();
    let listed = listed.trim().trim_matches(['[', ']']).split(',');
    let below = lines.map_while(|line| match line.trim_start().strip_prefix('-') {
        None if line.is_empty() => Some(""),
        item => item,
    });
    let all = listed.chain(below).map(|name| name.trim().trim_matches(['"', '\'']));
    all.filter(|name| !name.is_empty()).collect()
}

/// The generated file that the pipeline of the repository should include and does not, so that GitLab
/// runs no check.
///
/// # Errors
///
/// When that pipeline cannot be read, or the configuration is invalid.
pub fn missing_include(project: &Project) -> Result<Option<FileLocation>, ScaffoldError> {
    let (config, _) = configure::load_config(project, &EnvVars::default(), Layer::default())?;
    find_missing_include(&discover::placement(&project.root), &config)
}

/// The same for a project with this configuration.
pub(super) fn find_missing_include(
    placement: &ProjectPlacement,
    config: &Config,
) -> Result<Option<FileLocation>, ScaffoldError> {
    let Some(text) = read_pipeline(placement)?.filter(|_| config.ci.gitlab.is_some()) else {
        return Ok(None);
    };
    if placement.folder().is_none() && origin(&text) != FileOrigin::Foreign {
        return Ok(None);
    }
    let included = GENERATED.iter().find(|file| file.need == Need::Gitlab(GitlabFile::Included));
    let included = included.and_then(|file| file.locate(placement, &config.config));
    Ok(included.filter(|file| !includes(&text, file.path())))
}

/// Whether a pipeline names this file, or a pattern that matches it.
fn includes(pipeline: &str, file: &ProjectPath) -> bool {
    let lines = pipeline.lines().map(|line| line.split('#').next().unwrap_or_default());
    let is_separator = |c: char| c.is_whitespace() || "\"'[]{},".contains(c);
    lines.flat_map(|line| line.split(is_separator)).any(|word| {
        let word = word.trim_start_matches('/');
        let mut glob = GlobBuilder::new(word);
        exceeded_limit(word).is_none()
            && glob
                .literal_separator(true)
                .build()
                .is_ok_and(|glob| glob.compile_matcher().is_match(file.as_str()))
    })
}

/// Whether this file is the pipeline of a repository in which other projects have jobs.
pub(super) fn is_shared(placement: &ProjectPlacement, location: &FileLocation) -> bool {
    if placement.folder().is_none() || location.path().as_str() != GITLAB_CI {
        return false;
    }
    let folder = placement.repository().join(".gitlab");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| name.starts_with("pipe-") && name.ends_with(".yml"))
}

/// The text of the repository's pipeline in GitLab; none if there is none.
fn read_pipeline(placement: &ProjectPlacement) -> Result<Option<String>, ScaffoldError> {
    let path = ProjectPath::root().beside(GITLAB_CI);
    read_text(&placement.in_repository(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GitlabJobs;

    #[test]
    fn a_pipeline_includes_a_file_by_name_or_by_pattern() {
        let file = ProjectPath::new(".gitlab/pipe-svc--api.yml").unwrap();
        for (line, expected) in [
            ("include: .gitlab/pipe-svc--api.yml", true),
            ("  - local: '/.gitlab/pipe-svc--api.yml'", true),
            ("include: [{local: .gitlab/pipe-*.yml}]", true),
            ("  - local: \".gitlab/**/*.yml\"", true),
            ("  - local: .gitlab/pipe-svc.yml", false),
            ("  - local: '*.yml'", false),
            ("  # - local: .gitlab/pipe-*.yml", false),
            ("include: {{{{{{{{{{", false),
        ] {
            assert_eq!(includes(line, &file), expected, "{line}");
        }
    }

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
