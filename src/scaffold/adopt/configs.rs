//! Chooses the configuration of a tool.
//!
//! A file of the config folder comes first, then the file at the root that the tool itself would find,
//! then a single one in a package below. Without any of them, a new file is written. Of a configuration,
//! only the presence of the tool's section is read.

use super::sources::PythonSources;
use super::{CONFIG_FOLDER, FolderSurvey, Note, folder_of, is_configuration, join_names};
use crate::project::ProjectPath;
use crate::template::{ConfigSetting, FileOrigin, NewCheck, origin};
use crate::tools::Tool;
use crate::tools::own_config::OwnConfig;

/// The settings of a check, and the reason.
pub(super) struct ConfigChoice {
    pub(super) check: NewCheck,
    pub(super) note: Option<Note>,
}

/// The configuration of a tool that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigPolicy {
    /// A new file with the settings of cargo pipe.
    Write,
    /// Nothing: the tool has its own defaults.
    Leave,
}

/// Chooses the configuration of a tool.
pub(super) fn choose(
    survey: &FolderSurvey,
    tool: &dyn Tool,
    check: &'static str,
    found: &PythonSources,
    policy: ConfigPolicy,
) -> ConfigChoice {
    let choice = |config, inputs, note| ConfigChoice {
        check: NewCheck { config, inputs, ..NewCheck::usual(check, tool) },
        note,
    };
    let root = find_at_root(survey, tool);
    if tool.config_file().is_none() {
        // Such a tool always looks for its configuration itself. Not every file that it finds may be
        // named on its command line.
        let note = root.map(|own| {
            Note::new(describe(own, own.file), format!("`{check}` uses it where it is"))
        });
        return choice(ConfigSetting::Found, Vec::new(), note);
    }
    let nested = find_nested(survey, tool, found);
    if let Some(path) = find_in_config_folder(survey, tool) {
        let mut others: Vec<&str> = root.iter().map(|own| own.file).collect();
        others.extend(nested.iter().map(|(path, _)| path.as_str()));
        let effect = match others.as_slice() {
            [] => format!("`{check}` uses it"),
            others => format!("`{check}` uses it and not {}", join_names(others)),
        };
        return choice(
            ConfigSetting::Usual,
            Vec::new(),
            Some(Note::new(format!("`{path}`"), effect)),
        );
    }
    if tool.reads_nested_configs() && !nested.is_empty() {
        let paths: Vec<&ProjectPath> = nested.iter().map(|(path, _)| *path).collect();
        let found_at =
            format!("nested configurations of {} in {}", tool.lock(), join_names(&paths));
        let effect =
            format!("`{check}` names none, so that the nearest one applies to each source");
        let inputs = unseen_configs(root, &paths, found);
        return choice(ConfigSetting::Found, inputs, Some(Note::new(found_at, effect)));
    }
    match (root, nested.as_slice()) {
        (Some(own), _) => {
            let effect = format!("`{check}` uses it where it is");
            let note = Note::new(describe(own, own.file), effect);
            choice(ConfigSetting::File(own.file.to_owned()), Vec::new(), Some(note))
        }
        (None, [(path, own)]) => {
            let folder = folder_of(path);
            let below: Vec<String> = found
                .source
                .iter()
                .filter(|source| source.starts_with(&folder))
                .map(ToString::to_string)
                .collect();
            let is_for_all = below.is_empty() || below.len() == found.source.len();
            let effect = if is_for_all {
                format!("`{check}` uses it where it is")
            } else {
                format!(
                    "`{check}` uses it where it is, and checks only {}; add a check for the rest",
                    join_names(&below)
                )
            };
            let note = Note::new(describe(own, path.as_str()), effect);
            let setting = ConfigSetting::File(path.to_string());
            let mut choice = choice(setting, Vec::new(), Some(note));
            if !is_for_all {
                choice.check.source = below;
            }
            choice
        }
        (None, []) if policy == ConfigPolicy::Leave => {
            choice(ConfigSetting::Found, Vec::new(), None)
        }
        (None, []) => {
            let note = survey.has_python().then(|| {
                let found = format!("no configuration of {}", tool.lock());
                Note::new(found, format!("`{check}` gets `{CONFIG_FOLDER}/{}`", usual_file(tool)))
            });
            choice(ConfigSetting::Usual, Vec::new(), note)
        }
        (None, several) => {
            let paths: Vec<&ProjectPath> = several.iter().map(|(path, _)| *path).collect();
            let found =
                format!("several configurations of {} in {}", tool.lock(), join_names(&paths));
            let (setting, gets) = match policy {
                ConfigPolicy::Write => {
                    let gets = format!("gets `{CONFIG_FOLDER}/{}`", usual_file(tool));
                    (ConfigSetting::Usual, gets)
                }
                ConfigPolicy::Leave => (ConfigSetting::Found, "uses none of them".to_owned()),
            };
            let effect = format!(
                "`{check}` can read only one and {gets}; add a check for each package to use them"
            );
            choice(setting, Vec::new(), Some(Note::new(found, effect)))
        }
    }
}

/// A configuration that a tool has in a folder.
pub(super) struct OwnSetting {
    /// The setting with which a check in that folder uses it.
    pub(super) setting: ConfigSetting,
    /// The file.
    pub(super) file: String,
}

/// Finds the configuration of a tool in its config folder, or where the tool itself finds it.
pub(super) fn find_own(survey: &FolderSurvey, tool: &dyn Tool) -> Option<OwnSetting> {
    if let Some(file) = find_in_config_folder(survey, tool) {
        return Some(OwnSetting { setting: ConfigSetting::File(file.clone()), file });
    }
    let own = find_at_root(survey, tool)?;
    Some(OwnSetting { setting: ConfigSetting::Found, file: own.file.to_owned() })
}

/// The name of the tool's file in the config folder; every tool of a default check has one.
fn usual_file(tool: &dyn Tool) -> &'static str {
    tool.config_file().unwrap_or_default()
}

/// Whether any folder has a configuration of this tool.
pub(super) fn is_configured(survey: &FolderSurvey, tool: &dyn Tool, found: &PythonSources) -> bool {
    find_in_config_folder(survey, tool).is_some()
        || find_at_root(survey, tool).is_some()
        || !find_nested(survey, tool, found).is_empty()
}

/// Finds the tool's file in the config folder, if it configures the tool and was not generated.
fn find_in_config_folder(survey: &FolderSurvey, tool: &dyn Tool) -> Option<String> {
    let path = format!("{CONFIG_FOLDER}/{}", tool.config_file()?);
    let text = survey.text(&path).filter(|text| origin(text) != FileOrigin::Generated)?;
    let own = tool.own_configs().iter().find(|own| Some(own.file) == tool.config_file());
    own.is_none_or(|own| is_configuration(own, text)).then_some(path)
}

/// Finds the file at the root that the tool itself would find.
fn find_at_root(survey: &FolderSurvey, tool: &dyn Tool) -> Option<&'static OwnConfig> {
    tool.own_configs()
        .iter()
        .find(|own| survey.text(own.file).is_some_and(|text| is_configuration(own, text)))
}

/// Finds the tool's configurations in other folders. A tool without a file in the config folder reads
/// those at the root only.
fn find_nested<'a>(
    survey: &'a FolderSurvey,
    tool: &dyn Tool,
    found: &PythonSources,
) -> Vec<(&'a ProjectPath, &'static OwnConfig)> {
    if tool.config_file().is_none() {
        return Vec::new();
    }
    let hidden = ProjectPath::new(CONFIG_FOLDER).ok();
    survey
        .texts
        .iter()
        .filter(|(path, _)| !folder_of(path).is_root() && Some(folder_of(path)) != hidden)
        .filter(|(path, _)| !found.excludes(path))
        .filter_map(|(path, text)| {
            let own = tool.own_configs().iter().find(|own| own.file == path.file_name())?;
            is_configuration(own, text).then_some((path, own))
        })
        .collect()
}

/// The configurations that a check would only see as inputs.
fn unseen_configs(
    root: Option<&'static OwnConfig>,
    nested: &[&ProjectPath],
    found: &PythonSources,
) -> Vec<String> {
    // The root's `pyproject.toml` is in every snapshot.
    let root = root.map(|own| own.file).filter(|file| *file != "pyproject.toml");
    let hidden = |path: &ProjectPath| path.file_name().starts_with('.');
    let nested = nested.iter().filter(|path| hidden(path) || !found.cover(path));
    root.map(str::to_owned).into_iter().chain(nested.map(ToString::to_string)).collect()
}

fn describe(own: &OwnConfig, path: &str) -> String {
    match own.section {
        "" => format!("`{path}`"),
        section => format!("`[{section}]` in `{path}`"),
    }
}
