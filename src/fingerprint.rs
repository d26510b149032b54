//! Computes fingerprints: the hash of everything that can change the status of a check.
//!
//! A fingerprint is a pure, versioned function. Two runs with one fingerprint have one outcome,
//! whatever the machine, the path of the checkout or the clock. It guarantees, each with a test:
//!
//! 1. Every ingredient changes the fingerprint, and nothing else does.
//! 2. The order in which files, variables and packages were found changes nothing.
//! 3. Two different lists of values never have the same bytes: every value is preceded by its
//!    length, so `"ab", "c"` and `"a", "bc"` differ.
//! 4. A change of these rules changes [`crate::hash::VERSION`], and with it every fingerprint.

pub mod diff;
pub mod finding;
pub mod ingredients;
pub mod names;

use crate::check::{Grant, SecretName};
use crate::fingerprint::ingredients::{ConfigParts, EnvironmentParts, Ingredients, Inputs, Parts};
use crate::hash::{Hash, HashBuilder};
use crate::plan::Step;
use crate::project::ProjectPath;
use crate::tools::command::{Command, Installation, Precedence};

/// The ingredients of a step's fingerprint that the step itself does not contain.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Facts<'a> {
    /// The environment.
    pub environment: Hash,
    /// The operating system and processor, such as `linux/amd64`.
    pub platform: &'a str,
    /// The launcher.
    pub launcher: Hash,
    /// The content of the tool's config.
    pub config: Hash,
    /// The files of the snapshot.
    pub sources: Hash,
}

/// The inputs of a step: its ingredients, and the named parts behind them. `environment` has those of
/// its environment, and `config` is the content of its config, whose hash is among the facts.
#[must_use]
pub fn inputs(
    step: &Step,
    facts: &Facts<'_>,
    environment: EnvironmentParts,
    config: Option<&[u8]>,
) -> Inputs {
    let config = step.config.as_ref().zip(config).map(|(file, content)| ConfigParts {
        path: file.path.to_string(),
        options: names::config_options(&file.path, content),
    });
    let parts = Parts {
        environment,
        platform: facts.platform.to_owned(),
        command: names::command_parts(step, facts.launcher),
        config,
    };
    Inputs { ingredients: of_step(step, facts), parts }
}

/// The ingredients of a step. Its name, its time limit and the path of its config do not count.
#[must_use]
pub fn of_step(step: &Step, facts: &Facts<'_>) -> Ingredients {
    let installation = step.installation.as_ref().map(Installation::operands);
    let command = of_command(&step.command)
        .with(&step.tool)
        .with_all(step.source.iter().map(ProjectPath::as_str))
        .with_all(step.env.iter().map(|(name, value)| format!("{name}={value}")))
        .with_all(step.findings_exit.iter().map(ToString::to_string))
        .with(step.findings.as_ref().map(|it| format!("{it:?}")).unwrap_or_default())
        .with_all(grants(step).iter())
        .with(match (step.writable, step.per_file) {
            (true, _) => "writable",
            (false, true) => "per file",
            (false, false) => "",
        })
        .with_all(installation.iter().flatten().collect::<Vec<_>>().into_iter())
        .with(facts.launcher);
    let command = match step.folder.is_root() && step.import_roots.is_empty() {
        true => command,
        false => command
            .with("folder")
            .with(step.folder.as_str())
            .with_all(step.import_roots.iter().map(ProjectPath::as_str)),
    };
    let secrets = secrets(step);
    let command = match secrets.is_empty() {
        true => command,
        false => secrets.iter().fold(command.with("secrets"), |command, (name, digest)| {
            command.with(name.as_str()).with(*digest)
        }),
    };
    Ingredients {
        environment: facts.environment,
        platform: HashBuilder::new("platform").with(facts.platform).hash(),
        command: command.hash(),
        config: facts.config,
        sources: facts.sources,
    }
}

/// The grants of a step. The grant `host` does not count: running without a sandbox either changes
/// the environment's hash or provably changes nothing.
fn grants(step: &Step) -> Vec<String> {
    let grants = step.grants.iter().filter(|grant| **grant != Grant::Host);
    grants.map(ToString::to_string).collect()
}

/// The secrets of a step, each with the digest of its value. A step without a value does not run.
fn secrets(step: &Step) -> Vec<(&SecretName, Hash)> {
    let digests = step.secrets.iter().map(|(name, digest)| (name, digest.unwrap_or_default()));
    digests.collect()
}

/// Hashes a command so that no two commands have the same bytes.
pub(crate) fn of_command(command: &Command) -> HashBuilder {
    match command {
        Command::Exec(argv) => HashBuilder::new("exec").with_all(argv.iter()),
        Command::Report { argv, file } => {
            HashBuilder::new("report").with(file).with_all(argv.iter())
        }
        Command::Module { module, keeps_own, worker, args, project, report } => {
            HashBuilder::new("module")
                .with(module)
                .with(if *keeps_own { "keeps own" } else { "" })
                .with(worker.as_deref().unwrap_or_default())
                .with_all(args.iter())
                .with(match project {
                    None => "",
                    Some(Precedence::First) => "first",
                    Some(Precedence::Last) => "last",
                    Some(Precedence::Inside) => "inside",
                    Some(Precedence::Installed) => "installed",
                })
                .with(report.as_deref().unwrap_or_default())
        }
    }
}

/// The fingerprint of a run: its checks' names and fingerprints, in plan order.
#[must_use]
pub fn of_run<'a>(checks: impl IntoIterator<Item = (&'a str, Option<Hash>)>) -> Hash {
    checks
        .into_iter()
        .fold(HashBuilder::new("run"), |builder, (name, hash)| {
            builder.with(name).with(hash.map(|hash| hash.as_ref().to_vec()).unwrap_or_default())
        })
        .hash()
}

/// The hash of a tree of files: each one's path and hash, in the order of their paths.
#[must_use]
pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, Hash)>) -> Hash {
    let mut builder = HashBuilder::new("files");
    for (path, hash) in files {
        builder.add(path);
        builder.add(hash);
    }
    builder.hash()
}

#[cfg(test)]
mod tests;
