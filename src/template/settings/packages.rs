//! The packages of a new `pipe.toml`, and their notation in TOML.

use serde::Serializer;

use super::{CheckTable, NewCheck, check_lines, comments, listed, quoted};

/// A package of a new `pipe.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPackage {
    /// The name.
    pub name: String,
    /// The folder.
    pub path: String,
    /// Its own sources; empty for those of the project.
    pub source: Vec<String>,
    /// The files that declare its dependencies; empty if it shares those of the project.
    pub requirements: Vec<String>,
    /// The checks that are not those of the project.
    pub checks: Vec<NewPackageCheck>,
}

/// A check of one package in a new `pipe.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewPackageCheck {
    /// A check that only this package has.
    Own(NewCheck),
    /// A check that the project has switched off.
    SwitchedOn(NewCheck),
    /// A check of the project, with another configuration.
    Configured(NewCheck),
}

impl NewPackageCheck {
    /// The check itself.
    #[must_use]
    pub fn check(&self) -> &NewCheck {
        match self {
            NewPackageCheck::Own(check)
            | NewPackageCheck::SwitchedOn(check)
            | NewPackageCheck::Configured(check) => check,
        }
    }

    /// Removes what a command of the project says; see [`NewCheck::forget_arguments`].
    pub fn forget_arguments(&mut self) {
        match self {
            NewPackageCheck::Own(check)
            | NewPackageCheck::SwitchedOn(check)
            | NewPackageCheck::Configured(check) => check.forget_arguments(),
        }
    }
}

/// The tables of the packages, each followed by those of its checks.
pub(super) fn package_tables<S: Serializer>(
    packages: &[NewPackage],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(packages.iter().flat_map(tables_of))
}

fn tables_of(package: &NewPackage) -> Vec<CheckTable> {
    let key = if package.name.contains('.') { quoted(&package.name) } else { package.name.clone() };
    let mut lines = Vec::new();
    if package.path != package.name {
        lines.push(format!("path = {}", quoted(&package.path)));
    }
    if !package.source.is_empty() {
        lines.push(format!("source = {}", listed(&package.source)));
    }
    if !package.requirements.is_empty() {
        lines.push(format!("requirements = {}", listed(&package.requirements)));
    }
    let mut tables = vec![CheckTable { comments: Vec::new(), name: key.clone(), lines }];
    for own in &package.checks {
        let check = own.check();
        let mut lines = check_lines(check);
        match own {
            NewPackageCheck::Own(_) => {}
            NewPackageCheck::SwitchedOn(_) => lines.insert(1, "enabled = true".to_owned()),
            // All other settings are those of the project.
            NewPackageCheck::Configured(_) => lines.retain(|line| line.starts_with("config = ")),
        }
        let name = format!("{key}.checks.{}", check.name);
        tables.push(CheckTable { comments: comments(&check.comments), name, lines });
    }
    tables
}
