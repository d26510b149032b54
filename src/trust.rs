//! The grants that a user gave a project with `cargo pipe trust`.
//!
//! A grant holds only for the [`Content`] that it was given for: everything that could change what
//! the grant means, such as the command and the files that it names. This module compares contents;
//! [`collect`] reads them from the project, and [`store`] reads the user's grants.

pub mod collect;
pub mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::check::{Grant, GrantRequest, Requester, Standing};
use crate::config::{Config, Work};
use crate::fingerprint::of_command;
use crate::hash::{Hash, HashBuilder};
use crate::plan::{EnvironmentSpec, Step};
use crate::project::ProjectPath;
use crate::tools::command::Command;

/// The content that a grant holds for: the hash of each part, under the name shown to the user.
pub type Content = BTreeMap<String, Hash>;

/// A grant request and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantReview {
    /// The request.
    pub ask: GrantRequest,
    /// Its content.
    pub content: Content,
    /// The words of the commands that run with the grant.
    pub command: Vec<String>,
    /// The files of the project that they run.
    pub files: Vec<ProjectPath>,
}

/// The grants that a user gave one project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    schema: Schema,
    /// The project's canonical path, for display.
    pub project: String,
    /// The grants.
    pub granted: Vec<Granted>,
}

/// The version of the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "cargo-pipe/trust/1")]
    First,
}

/// A grant, with the content that it was given for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Granted {
    /// Who requested it.
    pub asker: Requester,
    /// The grant.
    pub grant: Grant,
    content: Content,
}

/// Why the user's grants cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The user has no state folder.
    #[error("cannot find the state folder: neither `XDG_STATE_HOME` nor `HOME` is set")]
    NoHome,
    /// Another user could have written it.
    #[error("`{}` is ignored for safety: {why}", .path.display())]
    Unbelieved {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// It was not written by this or an earlier version of cargo pipe.
    #[error("`{}` is ignored for safety: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// The operation, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl TrustError {
    /// A suggestion, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            TrustError::NoHome => Some("set `XDG_STATE_HOME` to a folder that you own".to_owned()),
            TrustError::Unbelieved { path, .. } | TrustError::Unreadable { path, .. } => {
                Some(format!(
                    "remove it with `rm -r {}`, then run `cargo pipe trust` again",
                    path.display()
                ))
            }
            TrustError::Io { .. } => None,
        }
    }
}

impl Record {
    /// Makes the record of a user who grants all of these requests.
    #[must_use]
    pub fn of(project: String, asked: &[GrantReview]) -> Record {
        let granted = |asked: &GrantReview| Granted {
            asker: asked.ask.asker.clone(),
            grant: asked.ask.grant.clone(),
            content: asked.content.clone(),
        };
        Record { schema: Schema::First, project, granted: asked.iter().map(granted).collect() }
    }

    /// Keeps the earlier grants that belong to the machine, not to the content.
    pub fn keep_host(&mut self, before: Option<&Record>) {
        let granted = before.into_iter().flat_map(|record| &record.granted);
        self.granted.extend(granted.filter(|granted| granted.grant == Grant::Host).cloned());
    }

    /// Whether it contains a grant that belongs to the machine.
    #[must_use]
    pub fn grants_host(&self) -> bool {
        self.granted.iter().any(|granted| granted.grant == Grant::Host)
    }

    /// The user's decision on a request with this content.
    #[must_use]
    pub fn standing(&self, ask: &GrantRequest, content: &Content) -> Standing {
        let before = self
            .granted
            .iter()
            .find(|granted| granted.asker == ask.asker && granted.grant == ask.grant);
        match before {
            None => Standing::New,
            Some(granted) if granted.content == *content => Standing::Trusted,
            Some(granted) => {
                let names: BTreeSet<&String> =
                    granted.content.keys().chain(content.keys()).collect();
                let differs = |name: &&String| granted.content.get(*name) != content.get(*name);
                Standing::Changed(names.into_iter().filter(differs).cloned().collect())
            }
        }
    }
}

/// The content of a step's requests that follows from its plan: everything that could change what runs
/// with the grant, or what it could disclose.
fn content(config: &Config, step: &Step) -> Content {
    let variables: Vec<String> =
        step.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let base = config.python.image_of(step.environment.python());
    let image = match &step.environment {
        EnvironmentSpec::Image(image) => HashBuilder::new("image").with(image),
        EnvironmentSpec::Tool { lock, .. } => HashBuilder::new("tool").with(lock).with(&base),
        EnvironmentSpec::Base { .. } => HashBuilder::new("base").with(&base),
        EnvironmentSpec::Rust { .. } => HashBuilder::new("rust").with(&base),
    };
    let sources = step.source.iter().map(ProjectPath::as_str);
    let files = HashBuilder::new("files")
        .with_all(sources)
        .with_all(step.file_set.paths.iter().map(ProjectPath::as_str))
        .with_all(step.file_set.exclude.iter())
        .with_all(step.file_set.include.iter())
        .with_all(step.file_set.hidden.iter());
    let mut content = Content::from([
        ("its command".to_owned(), of_command(&step.command).with(&step.tool).hash()),
        (
            "its variables".to_owned(),
            HashBuilder::new("variables").with_all(variables.iter()).hash(),
        ),
        ("its image".to_owned(), image.hash()),
        ("which files it sees".to_owned(), files.hash()),
    ]);
    let check = config.find_check(&step.id);
    if let Some(Work::Command { fix: Some(fix), .. }) = check.map(|check| &check.work) {
        content.insert("its fix".to_owned(), HashBuilder::new("fix").with_all(fix.iter()).hash());
    }
    content
}

/// The words of every command that a step can run.
fn words(config: &Config, step: &Step) -> Vec<String> {
    let mut words = match &step.command {
        Command::Exec(argv) | Command::Report { argv, .. } => argv.clone(),
        Command::Module { module, args, .. } => {
            std::iter::once(module).chain(args).cloned().collect()
        }
    };
    let check = config.find_check(&step.id);
    if let Some(Work::Command { fix: Some(fix), .. }) = check.map(|check| &check.work) {
        words.extend(fix.iter().cloned());
    }
    words
}

/// The paths that words may name: each word, each part as a shell or an option would split it, and the
/// files of a Python module.
pub(crate) fn candidates<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<ProjectPath> {
    let separates = |c: char| c.is_whitespace() || "\"'`;&|()<>{}[]$=:,@".contains(c);
    let mut paths = BTreeSet::new();
    for word in words {
        for part in std::iter::once(word).chain(word.split(separates)) {
            let part = part.strip_prefix(crate::container::APP).unwrap_or(part);
            let part = part.trim_start_matches('/');
            let module = part.replace('.', "/");
            let files = [
                part.to_owned(),
                format!("{module}.py"),
                format!("{module}/__init__.py"),
                format!("{module}/__main__.py"),
            ];
            paths.extend(files.iter().filter_map(|path| ProjectPath::new(path).ok()));
        }
    }
    paths.remove(&ProjectPath::root());
    paths
}
