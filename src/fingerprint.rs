//! The hash of everything that can change an outcome.
//!
//! A pure, versioned function: two runs with one fingerprint have one outcome, whatever the
//! machine, the checkout's path or the clock. Guarantees, each with a test:
//!
//! 1. Every ingredient changes the fingerprint; nothing else does.
//! 2. The order in which files, variables and packages were found changes nothing.
//! 3. No two different lists of values are written the same way: every value is preceded by its
//!    length, so `"ab", "c"` and `"a", "bc"` differ.
//! 4. A change of the rules themselves changes [`VERSION`], and with it every fingerprint.

pub mod finding;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{Command, Step};
use crate::project::ProjectPath;

/// The version of the rules in this module.
pub const VERSION: &str = "cargo-pipe/fingerprint/1";

/// A BLAKE3 hash, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of some bytes as they are.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Hash(*blake3::hash(bytes).as_bytes())
    }

    /// The first digits, enough to tell things apart on a screen or in a name.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({})", self.short())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(format!("`{text}` is no hash: it takes 64 hexadecimal digits"));
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|error| error.to_string())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|error| error.to_string())?;
        }
        Ok(Hash(bytes))
    }
}

/// Hashes bytes that come piece by piece, as [`Hash::of`] does all at once.
#[derive(Clone, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Adds a piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }
}

/// Collects named values into a hash, each written so that it cannot be taken for another.
#[derive(Clone)]
pub struct Recipe(blake3::Hasher);

impl Recipe {
    /// An empty recipe for one kind of thing.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Recipe(blake3::Hasher::new()).with(VERSION).with(kind)
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        self.add(value.as_ref());
        self
    }

    /// Adds a list, so that it differs from its values added one by one.
    #[must_use]
    pub fn with_all<T: AsRef<[u8]>>(mut self, values: impl ExactSizeIterator<Item = T>) -> Self {
        self.add(&(values.len() as u64).to_le_bytes());
        values.for_each(|value| self.add(value.as_ref()));
        self
    }

    /// The hash of all that was added.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }

    fn add(&mut self, value: &[u8]) {
        self.0.update(&(value.len() as u64).to_le_bytes());
        self.0.update(value);
    }
}

/// What can change a check's outcome, one hash each, so that a difference has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ingredients {
    /// What the tool runs in: base image, lock, Dockerfile.
    pub environment: Hash,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: Hash,
    /// Arguments, variables, launcher, and how the exit status is read.
    pub command: Hash,
    /// The tool's configuration file.
    pub config: Hash,
    /// The files of the snapshot.
    pub sources: Hash,
}

impl Ingredients {
    /// The fingerprint over all of them.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        Recipe::new("check")
            .with(self.environment.0)
            .with(self.platform.0)
            .with(self.command.0)
            .with(self.config.0)
            .with(self.sources.0)
            .hash()
    }
}

/// What a step's fingerprint is made from, besides the step itself.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the tool runs in.
    pub environment: Hash,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: &'a str,
    /// The launcher.
    pub launcher: Hash,
    /// The content of the tool's config.
    pub config: Hash,
    /// The snapshot.
    pub sources: Hash,
}

/// The ingredients of a step. Its name, its time limit and where its config is kept are none.
#[must_use]
pub fn of_step(step: &Step, facts: &Facts<'_>) -> Ingredients {
    let command = match &step.command {
        Command::Exec(argv) => Recipe::new("exec").with_all(argv.iter()),
        Command::Listed { module, args, suffixes } => {
            Recipe::new("listed").with(module).with_all(args.iter()).with_all(suffixes.iter())
        }
    };
    let command = command
        .with(&step.tool)
        .with_all(step.source.iter().map(ProjectPath::as_str))
        .with_all(step.env.iter().map(|(name, value)| format!("{name}={value}")))
        .with_all(step.findings_exit.iter().map(ToString::to_string))
        .with_all(step.grants.iter().map(|grant| grant.name()))
        .with(facts.launcher.0)
        .hash();
    Ingredients {
        environment: facts.environment,
        platform: Recipe::new("platform").with(facts.platform).hash(),
        command,
        config: facts.config,
        sources: facts.sources,
    }
}

/// The fingerprint of a run: its checks' names and fingerprints, in plan order.
#[must_use]
pub fn of_run<'a>(checks: impl IntoIterator<Item = (&'a str, Option<Hash>)>) -> Hash {
    checks
        .into_iter()
        .fold(Recipe::new("run"), |recipe, (name, hash)| {
            recipe.with(name).with(hash.map(|hash| hash.0.to_vec()).unwrap_or_default())
        })
        .hash()
}

/// The hash of a tree of files: each one's path and hash, in the order of their paths.
#[must_use]
pub fn of_files(files: &BTreeMap<String, Hash>) -> Hash {
    files
        .iter()
        .fold(Recipe::new("files"), |recipe, (path, hash)| recipe.with(path).with(hash.0))
        .hash()
}

#[cfg(test)]
mod tests;
