//! Chooses the version of Python for a project.
//!
//! `.python-version` comes first, then `requires-python` and its older spellings, then the classifiers.
//! A bound is always obeyed.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::{FolderSurvey, Note};
use crate::dependencies::poetry_notation::to_specifiers;
use crate::template::DEFAULT_PYTHON;
use crate::version::VersionRange;

/// The minor versions of Python 3 that the bundled locks are for.
const SUPPORTED: RangeInclusive<u32> = 10..=14;

/// The file of pyenv and uv.
pub(super) const PYTHON_VERSION: &str = ".python-version";

/// Chooses the version, and explains it where it is not the default.
pub(super) fn choose(survey: &FolderSurvey) -> (String, Option<Note>) {
    let default = minor(DEFAULT_PYTHON).unwrap_or_default();
    let usual = || (DEFAULT_PYTHON.to_owned(), None);
    let required = required_python(survey);
    let allows = |minor: u32| required.as_ref().is_none_or(|(_, text)| allows(text, minor));
    let pinned = survey.text(PYTHON_VERSION).and_then(|text| minor(text.trim()));
    let (chosen, found) = match (pinned, &required) {
        (Some(pinned), _) if allows(pinned) => {
            (pinned, format!("Python 3.{pinned} in `{PYTHON_VERSION}`"))
        }
        (_, Some((file, text))) => {
            if allows(default) {
                return usual();
            }
            let older = SUPPORTED.rev().find(|minor| *minor < default && allows(*minor));
            let newer = SUPPORTED
                .min_by_key(|minor| (!allows(*minor), *minor))
                .filter(|minor| allows(*minor));
            let outside = (3..*SUPPORTED.start()).rev().find(|minor| allows(*minor));
            let Some(chosen) = older.or(newer).or(outside) else { return usual() };
            (chosen, format!("Python `{text}` in `{file}`"))
        }
        (_, None) => {
            let listed = classifiers(survey);
            let newest = listed.iter().copied().filter(|minor| *minor <= default).max();
            match newest {
                Some(newest) if !listed.contains(&default) => {
                    (newest, format!("classifiers up to Python 3.{newest}"))
                }
                _ => return usual(),
            }
        }
    };
    if chosen == default {
        return usual();
    }
    let mut effect = format!("the checks run on Python 3.{chosen}");
    if !SUPPORTED.contains(&chosen) {
        effect += ", which the locked tools do not support; pin older releases";
    }
    (format!("3.{chosen}"), Some(Note::new(found, effect)))
}

/// The note about the other versions that a project promises to support.
pub(super) fn note_others(survey: &FolderSurvey, chosen: &str) -> Option<Note> {
    let mut versions: BTreeSet<u32> =
        classifiers(survey).into_iter().filter(|minor| SUPPORTED.contains(minor)).collect();
    versions.extend(minor(chosen));
    if versions.len() < 2 {
        return None;
    }
    let (oldest, newest) = (versions.first()?, versions.last()?);
    let found = format!("classifiers of Python 3.{oldest} to 3.{newest}");
    let listed: Vec<String> = versions.iter().map(|minor| format!("\"3.{minor}\"")).collect();
    let effect = format!(
        "the checks run on {chosen}; `versions = [{}]` under `[python]` runs tests and type checks on each",
        listed.join(", ")
    );
    Some(Note::new(found, effect))
}

/// The minor version of a text such as `3.12.1`; none for another implementation.
fn minor(text: &str) -> Option<u32> {
    let text = text.trim().trim_start_matches("cpython-").lines().next()?.trim();
    let rest = text.strip_prefix("3.")?;
    rest.split(['.', '*']).next()?.parse().ok()
}

/// The requirement of the project, and its file.
fn required_python(survey: &FolderSurvey) -> Option<(&'static str, String)> {
    let manifest: toml::Table =
        survey.text("pyproject.toml").unwrap_or_default().parse().unwrap_or_default();
    let at = |path: &[&str]| {
        let (last, tables) = path.split_last()?;
        let table = tables.iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table())?;
        table.get(*last)?.as_str().map(str::to_owned)
    };
    let standard = at(&["project", "requires-python"]);
    let poetry = || at(&["tool", "poetry", "dependencies", "python"]);
    if let Some(text) = standard.or_else(poetry) {
        return Some(("pyproject.toml", text));
    }
    let value = |file: &str, name: &str| {
        let line = survey.text(file)?.lines().find_map(|line| {
            let rest = line.trim().strip_prefix(name)?.trim_start();
            rest.strip_prefix('=').map(str::trim)
        })?;
        let quoted = line.trim_end_matches(',').trim_matches(['"', '\'']);
        (!quoted.contains(['"', '\'', '('])).then(|| quoted.to_owned())
    };
    let of_config = value("setup.cfg", "python_requires").map(|text| ("setup.cfg", text));
    of_config.or_else(|| value("setup.py", "python_requires").map(|text| ("setup.py", text)))
}

fn classifiers(survey: &FolderSurvey) -> Vec<u32> {
    let texts = ["pyproject.toml", "setup.cfg", "setup.py"].map(|file| survey.text(file));
    let mark = "Programming Language :: Python :: 3.";
    let found = texts.into_iter().flatten().flat_map(|text| text.split(mark).skip(1));
    found
        .filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).take(4).collect();
            digits.parse().ok()
        })
        .collect()
}

/// Whether a requirement such as `>=3.8,<3.12` allows some release of a minor version. One that cannot
/// be parsed allows all of them.
fn allows(requirement: &str, minor: u32) -> bool {
    requirement.split("||").any(|part| {
        let range = to_specifiers(part).and_then(|specifiers| VersionRange::parse(&specifiers));
        range.is_none_or(|range| {
            let releases = [format!("3.{minor}.0"), format!("3.{minor}.99")];
            releases.iter().any(|release| range.contains(release))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ProjectPath;

    fn chosen(files: &[(&str, &str)]) -> String {
        let texts =
            files.iter().map(|(name, text)| (ProjectPath::new(name).unwrap(), (*text).to_owned()));
        choose(&FolderSurvey { texts: texts.collect(), ..FolderSurvey::default() }).0
    }

    #[test]
    fn other_versions_are_only_named() {
        let note = |classified: &[u32], chosen: &str| {
            let lines = classified
                .iter()
                .map(|minor| format!("Programming Language :: Python :: 3.{minor}\n"));
            let texts = [(ProjectPath::new("setup.cfg").unwrap(), lines.collect::<String>())];
            let survey = FolderSurvey { texts: texts.into(), ..FolderSurvey::default() };
            note_others(&survey, chosen).map(|note| note.to_string())
        };
        let expected = "found classifiers of Python 3.11 to 3.13: the checks run on 3.13; \
                        `versions = [\"3.11\", \"3.12\", \"3.13\"]` under `[python]` runs tests and \
                        type checks on each";
        assert_eq!(note(&[8, 12, 11, 13], "3.13").as_deref(), Some(expected));
        assert_eq!(note(&[13], "3.13"), None);
        assert_eq!(note(&[], "3.13"), None);
    }

    #[test]
    fn a_bound_of_the_project_is_obeyed() {
        for (requirement, expected) in [
            (">=3.8", "3.13"),
            (">=3.8,<3.12", "3.11"),
            (">=3.9, <3.11.4", "3.11"),
            (">=3.14", "3.14"),
            ("~=3.8", "3.13"),
            ("~=3.11.0", "3.11"),
            ("==3.12.*", "3.12"),
            ("<4", "3.13"),
            ("!=3.13.*,>=3.10", "3.12"),
            ("<3.9", "3.8"),
            ("<3", "3.13"),
            ("nonsense", "3.13"),
        ] {
            let manifest = format!("[project]\nrequires-python = '{requirement}'");
            assert_eq!(chosen(&[("pyproject.toml", &manifest)]), expected, "{requirement}");
        }
        let poetry = "[tool.poetry.dependencies]\npython = '^3.9,<3.12'";
        assert_eq!(chosen(&[("pyproject.toml", poetry)]), "3.11");
        assert_eq!(chosen(&[("setup.cfg", "[options]\npython_requires = <3.11\n")]), "3.10");
        assert_eq!(chosen(&[("setup.py", "setup(\n    python_requires='<3.11',\n)")]), "3.10");
    }

    #[test]
    fn a_pinned_python_comes_first_and_classifiers_last() {
        let old = ("pyproject.toml", "[project]\nrequires-python = '<3.12'");
        assert_eq!(chosen(&[(PYTHON_VERSION, "3.12.4\n")]), "3.12");
        assert_eq!(chosen(&[(PYTHON_VERSION, "3.12\n"), old]), "3.11");
        assert_eq!(chosen(&[(PYTHON_VERSION, "pypy3.10")]), "3.13");
        let listed =
            "'Programming Language :: Python :: 3.11', 'Programming Language :: Python :: 3'";
        assert_eq!(chosen(&[("setup.py", listed)]), "3.11");
    }
}
