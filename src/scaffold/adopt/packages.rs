//! Chooses the settings of the packages of a monorepo, and what they share.

use super::configs::{self, ConfigChoice, ConfigPolicy};
use super::members::Member;
use super::testing::{self, Tests};
use super::{FolderSurvey, Note, join_names};
use crate::template::{ConfigSetting, NewCheck, NewPackage, NewPackageCheck};
use crate::tools::Tool;

/// The configuration of a tool that runs in each package.
pub(super) struct SharedConfig {
    /// The choice for all packages.
    pub(super) choice: ConfigChoice,
    /// The setting of each package whose own configuration replaces it.
    pub(super) of_packages: Vec<Option<ConfigSetting>>,
    /// The note about these.
    pub(super) note: Option<Note>,
}

/// The sources that most packages have.
pub(super) fn common_source(members: &[Member]) -> Vec<String> {
    most_common(members.iter().map(source_of).collect()).unwrap_or_default()
}

/// The tests of most packages that have any.
pub(super) fn common_tests(members: &[Member]) -> Tests {
    let tests = members.iter().map(|member| testing::find_tests(&member.survey, &member.sources));
    most_common(tests.filter(|tests| !tests.places.is_empty()).collect()).unwrap_or_default()
}

/// The packages for `pipe.toml`, with the checks of each.
pub(super) fn describe(
    members: &[Member],
    common_source: &[String],
    checks: Vec<Vec<NewPackageCheck>>,
) -> Vec<NewPackage> {
    let package = |(member, checks): (&Member, Vec<NewPackageCheck>)| {
        let own = source_of(member);
        NewPackage {
            name: member.name.clone(),
            path: member.folder.to_string(),
            source: if own == common_source { Vec::new() } else { own },
            requirements: member.requirements.clone(),
            checks,
        }
    };
    members.iter().zip(checks).map(package).collect()
}

/// Chooses the configuration of a tool that runs in each package: that of the root, unless a package has
/// one of its own, which judges that package only.
pub(super) fn share_config(
    outside: &FolderSurvey,
    members: &[Member],
    tool: &dyn Tool,
    check: &'static str,
    policy: ConfigPolicy,
) -> SharedConfig {
    let mut files = Vec::new();
    let mut of_packages: Vec<Option<ConfigSetting>> = Vec::new();
    for member in members {
        let is_root = member.folder.is_root();
        let own = if is_root { None } else { configs::find_own(&member.survey, tool) };
        files.extend(own.iter().map(|own| format!("{}/{}", member.folder, own.file)));
        of_packages.push(own.map(|own| own.setting));
    }
    let mut choice = choose_for_all(outside, tool, check, policy);
    if of_packages.iter().all(Option::is_some) {
        choice.check.config = ConfigSetting::Found;
        choice.note = None;
    }
    for own in &mut of_packages {
        if *own == Some(choice.check.config.clone()) {
            *own = None;
        }
    }
    let note = (!files.is_empty()).then(|| {
        let (number, effect) = match files.len() {
            1 => ("a configuration", "uses it in that package only"),
            _ => ("configurations", "uses each of them in its own package only"),
        };
        let found = format!("{number} of {} in {}", tool.lock(), join_names(&files));
        Note::new(found, format!("`{check}` {effect}"))
    });
    SharedConfig { choice, of_packages, note }
}

/// Chooses the configuration of the packages that have none.
fn choose_for_all(
    outside: &FolderSurvey,
    tool: &dyn Tool,
    check: &'static str,
    policy: ConfigPolicy,
) -> ConfigChoice {
    let usual = NewCheck::usual(check, tool);
    let (config, note) = match configs::find_own(outside, tool) {
        // The tool itself finds the one of the root, too, with the paths in it relative to the root.
        Some(own) if tool.config_file().is_none() || tool.reads_nested_configs() => {
            let note =
                Note::new(format!("`{}`", own.file), format!("`{check}` finds it by itself"));
            (ConfigSetting::Found, Some(note))
        }
        Some(own) => {
            let setting = match own.setting {
                ConfigSetting::Found => ConfigSetting::File(own.file.clone()),
                _ => ConfigSetting::Usual,
            };
            let effect = format!("`{check}` uses it where it is");
            (setting, Some(Note::new(format!("`{}`", own.file), effect)))
        }
        None if policy == ConfigPolicy::Write && tool.config_file().is_some() => {
            (ConfigSetting::Usual, None)
        }
        None => (ConfigSetting::Found, None),
    };
    ConfigChoice { check: NewCheck { config, ..usual }, note }
}

/// Whether all packages run the same checks, with the same settings.
pub(super) fn are_alike(checks: &[Vec<NewCheck>]) -> bool {
    let without_comments = |checks: &Vec<NewCheck>| -> Vec<NewCheck> {
        checks.iter().map(|check| NewCheck { comments: Vec::new(), ..check.clone() }).collect()
    };
    // A file of the project is something else than one in each package.
    let has_file =
        |check: &NewCheck| matches!(check.config, ConfigSetting::File(_) | ConfigSetting::Usual);
    let Some(first) = checks.first() else { return false };
    !first.is_empty()
        && !first.iter().any(has_file)
        && checks.iter().all(|other| without_comments(other) == without_comments(first))
}

fn source_of(member: &Member) -> Vec<String> {
    member.sources.source.iter().map(ToString::to_string).collect()
}

/// The value that most have; of two, the first.
fn most_common<T: Clone + Eq>(values: Vec<T>) -> Option<T> {
    let count = |value: &T| values.iter().filter(|other| *other == value).count();
    let mut best: Option<(usize, T)> = None;
    for value in &values {
        let number = count(value);
        if best.as_ref().is_none_or(|(most, _)| number > *most) {
            best = Some((number, value.clone()));
        }
    }
    best.map(|(_, value)| value)
}
