//! Compares the inputs of two runs of a check, and names what differs.
//!
//! A difference is a file, package, option, image or platform, or a part of the command. The inputs
//! come from the last run, the cache, or a report of another machine; [`crate::run`] gathers them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fingerprint::ingredients::{EnvironmentParts, Inputs};
use crate::hash::Hash;

/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The kind of thing that differs.
    pub kind: DifferenceKind,
    /// Its name, such as a file's path.
    pub name: String,
    /// Its version or hash before, or in the other report; null if it was missing.
    pub before: Option<String>,
    /// Its version or hash here and now; null if it is missing.
    pub now: Option<String>,
}

/// The kind of an input that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The operating system and processor.
    Platform,
    /// The name of the base image.
    Image,
    /// The exact version of Python in it.
    Python,
    /// The content of the base image.
    Base,
    /// The Dockerfile's instructions.
    Dockerfile,
    /// A package of the tool.
    Package,
    /// A package of the project.
    ProjectPackage,
    /// A package of the project's build system.
    BuildPackage,
    /// The release of the Rust toolchain.
    Toolchain,
    /// A package of `Cargo.lock`.
    Crate,
    /// Another part of the environment.
    Environment,
    /// A part of the command.
    Command,
    /// The path of the tool's config.
    Config,
    /// An option of the tool's config.
    Option,
    /// A file that the check sees.
    File,
}

/// The files of a snapshot and their hashes.
pub type FileHashes = BTreeMap<String, Hash>;

/// Lists the differences of `now` from `before`, each with its files, if they are known.
#[must_use]
pub fn find_differences(
    before: (&Inputs, Option<&FileHashes>),
    now: (&Inputs, Option<&FileHashes>),
) -> Vec<Difference> {
    let ((before, before_files), (now, now_files)) = (before, now);
    let mut found = Vec::new();
    let (one, other) = (&before.parts, &now.parts);
    found.extend(value(
        DifferenceKind::Platform,
        "platform",
        Some(&one.platform),
        Some(&other.platform),
    ));
    let differing = before.ingredients.environment != now.ingredients.environment;
    found.extend(compare_environments(&one.environment, &other.environment, differing));

    let commands = compare_commands(&one.command, &other.command);
    let differing = before.ingredients.command != now.ingredients.command;
    found.extend(or_else(commands, differing, DifferenceKind::Command, "the command"));

    let path = |inputs: &Inputs| inputs.parts.config.as_ref().map(|config| config.path.clone());
    let options = |inputs: &Inputs| {
        let options = inputs.parts.config.as_ref().map(|config| hashes(&config.options));
        options.unwrap_or_default()
    };
    let (one, other) = (path(before), path(now));
    let mut config = maps(DifferenceKind::Option, &options(before), &options(now));
    if one != other {
        // The options show whether the content differs, too.
        config.extend(value(DifferenceKind::Config, "config", one.as_ref(), other.as_ref()));
    }
    let named = !config.is_empty();
    let differing = before.ingredients.config != now.ingredients.config;
    let name = other.clone().unwrap_or_else(|| "config".to_owned());
    let comments = format!("comments or layout of `{name}`");
    found.extend(or_else(config, differing, DifferenceKind::Config, &comments));

    if before.ingredients.sources != now.ingredients.sources {
        let files = match (before_files, now_files) {
            (Some(one), Some(other)) => maps(DifferenceKind::File, &hashes(one), &hashes(other)),
            _ => Vec::new(),
        };
        // A config in its own place is among the files as well; its options are more specific.
        let files = files.into_iter().filter(|file| !(named && Some(&file.name) == other.as_ref()));
        let files: Vec<Difference> = files.collect();
        let is_named = named && before_files.is_some() && now_files.is_some();
        found.extend(or_else(
            files,
            !is_named,
            DifferenceKind::File,
            "files whose list is no longer cached",
        ));
    }
    found
}

/// Compares the parts of two commands. An inserted argument does not make the following ones
/// differ.
fn compare_commands(
    before: &BTreeMap<String, Hash>,
    now: &BTreeMap<String, Hash>,
) -> Vec<Difference> {
    const ARGUMENT: &str = "argument ";
    let split = |parts: &BTreeMap<String, Hash>| -> (Vec<Hash>, BTreeMap<String, Hash>) {
        let mut others = parts.clone();
        let numbered = (0..).map_while(|at| others.remove(&format!("{ARGUMENT}{at}")));
        let arguments = numbered.collect();
        (arguments, others)
    };
    let ((one, parts), (other, other_parts)) = (split(before), split(now));
    let same = |(a, b): &(&Hash, &Hash)| a == b;
    let start = one.iter().zip(&other).take_while(same).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(same).count();
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    let arguments = (0..one.len().max(other.len())).filter_map(|at| {
        let name = format!("{ARGUMENT}{}", start + at + 1);
        hash(DifferenceKind::Command, &name, one.get(at).copied(), other.get(at).copied())
    });
    let mut found: Vec<Difference> = arguments.collect();
    found.extend(maps(DifferenceKind::Command, &hashes(&parts), &hashes(&other_parts)));
    found
}

fn compare_environments(
    one: &EnvironmentParts,
    other: &EnvironmentParts,
    differing: bool,
) -> Vec<Difference> {
    let mut found = Vec::new();
    found.extend(value(DifferenceKind::Image, "base image", Some(&one.image), Some(&other.image)));
    found.extend(value(
        DifferenceKind::Python,
        "Python",
        one.python.as_ref(),
        other.python.as_ref(),
    ));
    if found.is_empty() && one.base != other.base {
        // A different image or Python explains different content.
        let name = format!("content of `{}`", other.image);
        found.extend(hash(DifferenceKind::Base, &name, Some(one.base), Some(other.base)));
    }
    found.extend(hash(
        DifferenceKind::Dockerfile,
        "the Dockerfile",
        one.dockerfile,
        other.dockerfile,
    ));
    found.extend(maps(DifferenceKind::Package, &one.tool, &other.tool));
    found.extend(maps(DifferenceKind::ProjectPackage, &one.project, &other.project));
    found.extend(maps(DifferenceKind::BuildPackage, &one.build, &other.build));
    let (before, now) = (one.toolchain.as_ref(), other.toolchain.as_ref());
    found.extend(value(DifferenceKind::Toolchain, "Rust", before, now));
    found.extend(maps(DifferenceKind::Crate, &one.crates, &other.crates));
    or_else(
        found,
        differing,
        DifferenceKind::Environment,
        "other content of the environment's image",
    )
}

/// The named differences; if there are none although the hashes differ, one with a general name.
fn or_else(
    found: Vec<Difference>,
    differing: bool,
    kind: DifferenceKind,
    name: &str,
) -> Vec<Difference> {
    match found.is_empty() && differing {
        true => vec![Difference { kind, name: name.to_owned(), before: None, now: None }],
        false => found,
    }
}

fn value(
    kind: DifferenceKind,
    name: &str,
    before: Option<&String>,
    now: Option<&String>,
) -> Option<Difference> {
    (before != now).then(|| Difference {
        kind,
        name: name.to_owned(),
        before: before.cloned(),
        now: now.cloned(),
    })
}

fn hash(
    kind: DifferenceKind,
    name: &str,
    before: Option<Hash>,
    now: Option<Hash>,
) -> Option<Difference> {
    let short = |hash: Option<Hash>| hash.map(|hash| hash.short());
    value(kind, name, short(before).as_ref(), short(now).as_ref())
}

fn maps(
    kind: DifferenceKind,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| value(kind, name, before.get(name), now.get(name)))
        .collect()
}

fn hashes(hashes: &BTreeMap<String, Hash>) -> BTreeMap<String, String> {
    hashes.iter().map(|(name, hash)| (name.clone(), hash.short())).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { kind, name, before, now } = self;
        let is_text = matches!(
            kind,
            DifferenceKind::Platform
                | DifferenceKind::Image
                | DifferenceKind::Python
                | DifferenceKind::Package
                | DifferenceKind::ProjectPackage
                | DifferenceKind::BuildPackage
                | DifferenceKind::Toolchain
                | DifferenceKind::Crate
                | DifferenceKind::Config
        );
        let what = match kind {
            DifferenceKind::File => format!("file `{name}`"),
            DifferenceKind::Option => format!("option `{name}`"),
            DifferenceKind::Package => format!("package `{name}` of the tool"),
            DifferenceKind::ProjectPackage => format!("package `{name}` of the project"),
            DifferenceKind::BuildPackage => {
                format!("package `{name}` of the project's build system")
            }
            DifferenceKind::Crate => format!("package `{name}` of Cargo.lock"),
            DifferenceKind::Command => format!("command: {name}"),
            _ => name.clone(),
        };
        match (before, now) {
            (Some(before), Some(now)) if is_text => write!(formatter, "{what}: {before} → {now}"),
            (None, Some(now)) if is_text => write!(formatter, "{what}: added, {now}"),
            (Some(before), None) if is_text => write!(formatter, "{what}: removed, was {before}"),
            (None, Some(_)) => write!(formatter, "{what}: added"),
            (Some(_), None) => write!(formatter, "{what}: removed"),
            _ => write!(formatter, "{what}: changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn inputs() -> Inputs {
        sample::inputs("lint", "pylint")
    }

    /// The differences after a change of the inputs.
    fn differences(change: impl FnOnce(&mut Inputs)) -> Vec<String> {
        let (before, mut now) = (inputs(), inputs());
        change(&mut now);
        find_differences((&before, None), (&now, None)).iter().map(ToString::to_string).collect()
    }

    fn other() -> Hash {
        Hash::of(b"other")
    }

    #[test]
    fn equal_inputs_have_no_difference() {
        assert!(differences(|_| {}).is_empty());
    }

    #[test]
    fn each_part_has_its_name() {
        let of_environment = |change: fn(&mut EnvironmentParts)| {
            differences(|now| {
                now.ingredients.environment = other();
                change(&mut now.parts.environment);
            })
        };
        assert_eq!(
            of_environment(|it| drop(it.tool.insert("pylint".into(), "2.0".into()))),
            ["package `pylint` of the tool: 1.2.3 → 2.0"]
        );
        assert_eq!(
            of_environment(|it| drop(it.project.insert("new".into(), "2.0".into()))),
            ["package `new` of the project: added, 2.0"]
        );
        assert_eq!(
            of_environment(|it| drop(it.build.insert("new".into(), "2.0".into()))),
            ["package `new` of the project's build system: added, 2.0"]
        );
        assert_eq!(
            of_environment(|it| drop(it.crates.insert("itoa".into(), "1.0.19".into()))),
            ["package `itoa` of Cargo.lock: added, 1.0.19"]
        );
        assert_eq!(
            of_environment(|it| it.toolchain = Some("1.95.0".into())),
            ["Rust: added, 1.95.0"]
        );
        assert_eq!(
            of_environment(|it| {
                it.base = other();
                it.python = Some("3.13.6".into());
            }),
            ["Python: 3.13.5 → 3.13.6"]
        );
        assert_eq!(
            of_environment(|it| it.base = other()),
            ["content of `python:3.13-slim`: changed"]
        );
        assert_eq!(of_environment(|it| it.dockerfile = None), ["the Dockerfile: removed"]);
        assert_eq!(of_environment(|_| {}), ["other content of the environment's image: changed"]);
        assert_eq!(
            differences(|now| now.parts.platform = "linux/arm64".into()),
            ["platform: linux/amd64 → linux/arm64"]
        );
        assert_eq!(
            differences(|now| {
                now.ingredients.command = other();
                now.parts.command.insert("variable `X`".into(), other());
            }),
            ["command: variable `X`: added"]
        );
        let command = |before: &[&str], now: &[&str]| -> Vec<String> {
            let parts = |arguments: &[&str]| -> BTreeMap<String, Hash> {
                let numbered = arguments.iter().enumerate();
                let named =
                    numbered.map(|(at, it)| (format!("argument {at}"), Hash::of(it.as_bytes())));
                named.collect()
            };
            compare_commands(&parts(before), &parts(now)).iter().map(ToString::to_string).collect()
        };
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let more = [&many[..3], &["new"], &many[3..]].concat();
        assert_eq!(command(&many, &more), ["command: argument 4: added"]);
        assert_eq!(command(&more, &many), ["command: argument 4: removed"]);
        assert_eq!(command(&["a", "b"], &["a", "c"]), ["command: argument 2: changed"]);
        assert_eq!(command(&["a", "a"], &["a"]), ["command: argument 2: removed"]);
        let config = |change: fn(&mut BTreeMap<String, Hash>)| {
            differences(|now| {
                now.ingredients.config = other();
                change(&mut now.parts.config.as_mut().unwrap().options);
            })
        };
        assert_eq!(
            config(|it| it.extend([("line-length".to_owned(), other())])),
            ["option `line-length`: changed"]
        );
        assert_eq!(config(|_| {}), ["comments or layout of `.config/tool.toml`: changed"]);
    }

    #[test]
    fn files_are_named_where_they_are_known() {
        let (before, mut now) = (inputs(), inputs());
        now.ingredients.sources = other();
        let files = |names: &[(&str, &str)]| -> FileHashes {
            let files = names.iter();
            files.map(|(path, text)| ((*path).to_owned(), Hash::of(text.as_bytes()))).collect()
        };
        let one = files(&[("a.py", "1"), ("b.py", "1"), ("c.py", "1")]);
        let two = files(&[("a.py", "1"), ("b.py", "2"), ("d.py", "1")]);
        let named: Vec<String> = find_differences((&before, Some(&one)), (&now, Some(&two)))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(named, ["file `b.py`: changed", "file `c.py`: removed", "file `d.py`: added"]);
        let unknown = find_differences((&before, None), (&now, Some(&two)));
        assert_eq!(unknown.len(), 1, "{unknown:?}");
    }
}
