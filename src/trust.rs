//! What a user trusts in a project, and what that rests on.
//!
//! Owns the [`Content`] of an ask, which is whatever could change what granting it means, and the
//! comparison with the content that was trusted. It must not read anything: [`collect`] reads the
//! project, [`store`] the user's state folder. The standing of each ask goes to the plan.

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

/// What an ask rests on: the hash of each part under its name, as a person is told it.
pub type Content = BTreeMap<String, Hash>;

/// An ask and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantReview {
    /// The ask.
    pub ask: GrantRequest,
    /// What it rests on.
    pub content: Content,
    /// What is run with what is asked for, as words.
    pub command: Vec<String>,
    /// The files of the project that it runs.
    pub files: Vec<ProjectPath>,
}

/// What a user trusts in one project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    schema: Schema,
    /// The project's canonical path, for a person.
    pub project: String,
    /// What was granted.
    pub granted: Vec<Granted>,
}

/// The version of a record's notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "cargo-pipe/trust/1")]
    First,
}

/// Something that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Granted {
    /// To whom.
    pub asker: Requester,
    /// What.
    pub grant: Grant,
    content: Content,
}

/// Why what the user trusts cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Nothing says where the user's state is.
    #[error("neither HOME nor XDG_STATE_HOME says where to keep what you trust")]
    NoHome,
    /// Somebody else could have written it.
    #[error("`{}` is not believed: {why}", .path.display())]
    Unbelieved {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It says what no version of cargo pipe wrote, or a newer one.
    #[error("`{}` is not believed: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl TrustError {
    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            TrustError::NoHome => Some("set XDG_STATE_HOME to a folder of yours".to_owned()),
            TrustError::Unbelieved { path, .. } | TrustError::Unreadable { path, .. } => {
                Some(format!("take it away, and trust anew: `rm -r {}`", path.display()))
            }
            TrustError::Io { .. } => None,
        }
    }
}

impl Record {
    /// What a user trusts who grants all of this.
    #[must_use]
    pub fn of(project: String, asked: &[GrantReview]) -> Record {
        let granted = |asked: &GrantReview| Granted {
            asker: asked.ask.asker.clone(),
            grant: asked.ask.grant,
            content: asked.content.clone(),
        };
        Record { schema: Schema::First, project, granted: asked.iter().map(granted).collect() }
    }

    /// Keeps what was granted before for the machine itself.
    pub fn keep_host(&mut self, before: Option<&Record>) {
        let granted = before.into_iter().flat_map(|record| &record.granted);
        self.granted.extend(granted.filter(|granted| granted.grant == Grant::Host).cloned());
    }

    /// Whether anything is granted for the machine itself.
    #[must_use]
    pub fn grants_host(&self) -> bool {
        self.granted.iter().any(|granted| granted.grant == Grant::Host)
    }

    /// What the user has said to an ask with this content.
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

/// What a step's asks rest on, as far as its plan says: all that could change what runs with what
/// is granted, or what it could give away.
fn content(config: &Config, step: &Step) -> Content {
    let variables: Vec<String> =
        step.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let image = match &step.environment {
        EnvironmentSpec::Image(image) => HashBuilder::new("image").with(image),
        EnvironmentSpec::Tool { lock, .. } => {
            HashBuilder::new("tool").with(lock).with(&config.python.image)
        }
        EnvironmentSpec::Base { .. } => HashBuilder::new("base").with(&config.python.image),
    };
    let sources = step.source.iter().map(ProjectPath::as_str);
    let files = HashBuilder::new("files")
        .with_all(sources)
        .with_all(step.file_set.paths.iter().map(ProjectPath::as_str))
        .with_all(step.file_set.exclude.iter())
        .with_all(step.file_set.include.iter());
    let mut content = Content::from([
        ("its command".to_owned(), of_command(&step.command).with(&step.tool).hash()),
        (
            "its variables".to_owned(),
            HashBuilder::new("variables").with_all(variables.iter()).hash(),
        ),
        ("its image".to_owned(), image.hash()),
        ("which files it sees".to_owned(), files.hash()),
    ]);
    let check = config.checks.iter().find(|check| check.name == step.check);
    if let Some(Work::Command { fix: Some(fix), .. }) = check.map(|check| &check.work) {
        content.insert("its fix".to_owned(), HashBuilder::new("fix").with_all(fix.iter()).hash());
    }
    content
}

/// The words of all that a step can run.
fn words(config: &Config, step: &Step) -> Vec<String> {
    let mut words = match &step.command {
        Command::Exec(argv) => argv.clone(),
        Command::Module { module, args, .. } => {
            std::iter::once(module).chain(args).cloned().collect()
        }
    };
    let check = config.checks.iter().find(|check| check.name == step.check);
    if let Some(Work::Command { fix: Some(fix), .. }) = check.map(|check| &check.work) {
        words.extend(fix.iter().cloned());
    }
    words
}

/// The paths that words may name: each word as it is, each part of it as a shell or an option would
/// take it apart, and the files of a Python module.
fn candidates<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<ProjectPath> {
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
