//! Which configuration a tool is given.
//!
//! Owns the order: a file of the config folder, then what the tool itself would find at the root,
//! then a single one in a package below; nothing of that, and a new one is written. Must not know
//! what stands in a configuration beyond the section that makes it one. The choice goes into
//! `pipe.toml`.

use super::sources::PythonSources;
use super::{CONFIG_FOLDER, FolderSurvey, Note, folder_of, names, says_something};
use crate::project::ProjectPath;
use crate::template::{ConfigSetting, FileOrigin, NewCheck, origin};
use crate::tools::Tool;
use crate::tools::own_config::OwnConfig;

/// What a check is to use, and why.
pub(super) struct ConfigChoice {
    pub(super) check: NewCheck,
    pub(super) note: Option<Note>,
}

/// Chooses a tool's configuration.
pub(super) fn choose(
    survey: &FolderSurvey,
    tool: &dyn Tool,
    check: &'static str,
    found: &PythonSources,
) -> ConfigChoice {
    let choice = |config, inputs, note| ConfigChoice {
        check: NewCheck { name: check, tool: tool.name().to_owned(), config, inputs },
        note,
    };
    let root = at_root(survey, tool);
    let nested = nested(survey, tool, found);
    if let Some(path) = in_config_folder(survey, tool) {
        let mut others: Vec<&str> = root.iter().map(|own| own.file).collect();
        others.extend(nested.iter().map(|(path, _)| path.as_str()));
        let so = match others.as_slice() {
            [] => format!("`{check}` uses it"),
            others => format!("`{check}` uses it and not {}", names(others)),
        };
        return choice(ConfigSetting::Usual, Vec::new(), Some(Note::new(format!("`{path}`"), so)));
    }
    if tool.reads_nested_configs() && !nested.is_empty() {
        let paths: Vec<&ProjectPath> = nested.iter().map(|(path, _)| *path).collect();
        let found_at = format!("nested configurations of {} in {}", tool.lock(), names(&paths));
        let so = format!("`{check}` names none: for each source the nearest one holds");
        let inputs = unseen(root, &paths, found);
        return choice(ConfigSetting::Found, inputs, Some(Note::new(found_at, so)));
    }
    match (root, nested.as_slice()) {
        (Some(own), _) => {
            let so = format!("`{check}` uses it where it is");
            let note = Note::new(described(own, own.file), so);
            choice(ConfigSetting::File(own.file.to_owned()), Vec::new(), Some(note))
        }
        (None, [(path, own)]) => {
            let so = format!("`{check}` uses it where it is");
            let note = Note::new(described(own, path.as_str()), so);
            choice(ConfigSetting::File(path.to_string()), Vec::new(), Some(note))
        }
        (None, []) => {
            let note = survey.has_python().then(|| {
                let found = format!("no configuration of {}", tool.lock());
                Note::new(found, format!("`{check}` gets `{CONFIG_FOLDER}/{}`", usual(tool)))
            });
            choice(ConfigSetting::Usual, Vec::new(), note)
        }
        (None, several) => {
            let paths: Vec<&ProjectPath> = several.iter().map(|(path, _)| *path).collect();
            let found = format!("several configurations of {} in {}", tool.lock(), names(&paths));
            let so = format!(
                "`{check}`, which reads one, gets `{CONFIG_FOLDER}/{}`; a check for each package \
                 can name its own",
                usual(tool)
            );
            choice(ConfigSetting::Usual, Vec::new(), Some(Note::new(found, so)))
        }
    }
}

/// The name of a built-in check's file in the config folder; each of those tools has one.
fn usual(tool: &dyn Tool) -> &'static str {
    tool.config_file().unwrap_or_default()
}

/// Whether there is a configuration of this tool, wherever it is.
pub(super) fn is_configured(survey: &FolderSurvey, tool: &dyn Tool, found: &PythonSources) -> bool {
    in_config_folder(survey, tool).is_some()
        || at_root(survey, tool).is_some()
        || !nested(survey, tool, found).is_empty()
}

/// The tool's file in the config folder, if it is somebody's and says something.
fn in_config_folder(survey: &FolderSurvey, tool: &dyn Tool) -> Option<String> {
    let path = format!("{CONFIG_FOLDER}/{}", tool.config_file()?);
    let text = survey.text(&path).filter(|text| origin(text) != FileOrigin::Generated)?;
    let own = tool.own_configs().iter().find(|own| Some(own.file) == tool.config_file());
    own.is_none_or(|own| says_something(own, text)).then_some(path)
}

/// What the tool itself would find at the root.
fn at_root(survey: &FolderSurvey, tool: &dyn Tool) -> Option<&'static OwnConfig> {
    tool.own_configs()
        .iter()
        .find(|own| survey.text(own.file).is_some_and(|text| says_something(own, text)))
}

/// Its configurations in folders below.
fn nested<'a>(
    survey: &'a FolderSurvey,
    tool: &dyn Tool,
    found: &PythonSources,
) -> Vec<(&'a ProjectPath, &'static OwnConfig)> {
    let hidden = ProjectPath::new(CONFIG_FOLDER).ok();
    survey
        .texts
        .iter()
        .filter(|(path, _)| !folder_of(path).is_root() && Some(folder_of(path)) != hidden)
        .filter(|(path, _)| !found.excludes(path))
        .filter_map(|(path, text)| {
            let own = tool.own_configs().iter().find(|own| own.file == path.file_name())?;
            says_something(own, text).then_some((path, own))
        })
        .collect()
}

/// The configurations that no check would see unless they were named.
fn unseen(
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

fn described(own: &OwnConfig, path: &str) -> String {
    match own.section {
        "" => format!("`{path}`"),
        section => format!("`[{section}]` in `{path}`"),
    }
}
