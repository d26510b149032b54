//! The list of generated files that a project should have, which `init` writes and `sync` keeps.

use super::ScaffoldError;
use crate::config::{Config, ToolConfig, Work};
use crate::project::{FileLocation, Manifest, ProjectPath, ProjectPlacement};
use crate::template::{
    self, CiValues, GENERATED, Generated, GitlabFile, JobGrants, JobsIn, Need, NewConfig,
    Ownership, Values, generated,
};
use crate::tools;

/// The facts that decide which files a project should have.
pub(super) struct Scene<'a> {
    pub(super) placement: &'a ProjectPlacement,
    pub(super) manifest: Option<Manifest>,
    pub(super) config: &'a Config,
    pub(super) settings: &'a NewConfig,
    pub(super) has_python: bool,
    /// Whether the manifest names the generated schema, so that editors read it.
    pub(super) names_schema: bool,
    /// The grants of jobs in addition to those that their checks request.
    pub(super) granted: JobGrants,
    /// The image of image jobs.
    pub(super) jobs_in: JobsIn,
}

/// A file that a project should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequiredFile {
    pub(super) location: FileLocation,
    /// The whole text.
    pub(super) text: String,
    /// Who maintains it once it exists.
    pub(super) keep: Ownership,
    /// The mode of a new file, before the umask.
    pub(super) mode: u32,
}

impl RequiredFile {
    /// A lock that is derived from the project's own lock.
    pub(super) fn derived(location: FileLocation, text: String) -> RequiredFile {
        RequiredFile { location, text, keep: Ownership::Synced, mode: 0o644 }
    }
}

/// Lists the files that a project with these facts should have.
///
/// # Errors
///
/// When pipelines cannot name the project's folder.
pub(super) fn list(scene: &Scene<'_>) -> Result<Vec<RequiredFile>, ScaffoldError> {
    let folder = scene.placement.folder();
    let has_pipeline = scene.config.ci.gitlab.is_some() || scene.config.ci.github;
    if let Some(folder) = folder.filter(|folder| has_pipeline && !template::can_name(folder)) {
        return Err(ScaffoldError::Folder(folder.clone()));
    }
    let ci = CiValues::of(scene.config, &scene.granted)
        .in_image(scene.jobs_in.clone())
        .in_folder(folder);
    let settings = scene.settings.clone();
    let values = Values { settings, ci: Some(ci), ..Values::of(scene.config) };
    let file = |file: &Generated| {
        Some(RequiredFile {
            location: file.locate(scene.placement, &scene.config.config)?,
            text: file.render(&values),
            keep: file.keep,
            mode: file.mode,
        })
    };
    Ok(GENERATED.iter().filter(|file| is_needed(file, scene)).filter_map(file).collect())
}

/// The `pipe.toml` of a project with these settings.
pub(super) fn pipe_toml(settings: &NewConfig) -> String {
    let values = Values { settings: settings.clone(), ..Values::for_python(&settings.python) };
    generated(Manifest::PipeToml.file_name()).map(|file| file.render(&values)).unwrap_or_default()
}

fn is_needed(file: &Generated, scene: &Scene<'_>) -> bool {
    let config = scene.config;
    match file.need {
        Need::NewConfig => scene.manifest != Some(Manifest::CargoToml),
        Need::Dockerfile => config.image.dockerfile.as_str() == file.path,
        Need::Lock(name) => {
            config.find_tool_of_lock(name).is_some_and(|(_, _, packages)| packages.is_bundled())
        }
        Need::ToolConfig(name) => used_tools(config).any(|(tool, own)| {
            *own == ToolConfig::Usual
                && tools::find(tool).is_none_or(|tool| tool.config_file() == Some(name))
        }),
        Need::Example => !scene.has_python,
        Need::Gitlab(kind) => {
            let is_on = config.ci.gitlab.is_some();
            let is_own = |kind: GitlabFile| kind == GitlabFile::Own;
            is_on && is_own(kind) == is_own(scene.settings.gitlab_file)
        }
        Need::GitlabRoot => config.ci.gitlab.is_some(),
        Need::Github => config.ci.github,
        Need::Schema => scene.names_schema,
    }
}

/// Whether a `pipe.toml` names the generated schema, in any line: editors want it among the comments at
/// the top, but a file with a setting above it is up to date as well.
pub(super) fn names_schema(text: &str, config_folder: &ProjectPath) -> bool {
    let schema = config_folder.join(template::SCHEMA_FILE);
    let mut named = text.lines().filter_map(|line| line.strip_prefix("#:schema "));
    named.any(|path| ProjectPath::new(path.trim()) == schema)
}

/// The tools of all checks, each with the source of its configuration.
fn used_tools(config: &Config) -> impl Iterator<Item = (&str, &ToolConfig)> {
    config.checks.iter().filter_map(|check| match &check.work {
        Work::Tool { tool, config, .. } => Some((tool.as_str(), config)),
        Work::Rust { .. } | Work::Command { .. } => None,
    })
}
