//! The hash of everything that can change an outcome.
//!
//! A pure, versioned function: two runs with one fingerprint have one outcome, whatever the
//! machine, the checkout's path or the clock. Guarantees, each with a test:
//!
//! 1. Every ingredient changes the fingerprint; nothing else does.
//! 2. The order in which files, variables and packages were found changes nothing.
//! 3. No two different lists of values are written the same way: every value is preceded by its
//!    length, so `"ab", "c"` and `"a", "bc"` differ.
//! 4. A change of the rules themselves changes [`crate::hash::VERSION`], and with it every fingerprint.

pub mod diff;
pub mod finding;
pub mod ingredients;
pub mod names;

use crate::check::Grant;
use crate::fingerprint::ingredients::{ConfigParts, EnvironmentParts, Ingredients, Inputs, Parts};
use crate::hash::{Hash, HashBuilder};
use crate::plan::Step;
use crate::project::ProjectPath;
use crate::tools::command::{Command, Precedence};

/// What a step's fingerprint is made from, besides the step itself.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
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
        options: names::of_config(&file.path, content),
    });
    let parts = Parts {
        environment,
        platform: facts.platform.to_owned(),
        command: names::of_command(step, facts.launcher),
        config,
    };
    Inputs { ingredients: of_step(step, facts), parts }
}

/// The ingredients of a step. Its name, its time limit and where its config is kept are none.
#[must_use]
pub fn of_step(step: &Step, facts: &Facts<'_>) -> Ingredients {
    let command = of_command(&step.command)
        .with(&step.tool)
        .with_all(step.source.iter().map(ProjectPath::as_str))
        .with_all(step.env.iter().map(|(name, value)| format!("{name}={value}")))
        .with_all(step.findings_exit.iter().map(ToString::to_string))
        .with_all(grants(step).into_iter())
        .with(if step.writable { "writable" } else { "" })
        .with(facts.launcher)
        .hash();
    Ingredients {
        environment: facts.environment,
        platform: HashBuilder::new("platform").with(facts.platform).hash(),
        command,
        config: facts.config,
        sources: facts.sources,
    }
}

/// What a step may do beyond the sandbox. That there is none changes what it runs in, or is proved to
/// change nothing.
fn grants(step: &Step) -> Vec<&'static str> {
    let grants = step.grants.iter().filter(|grant| **grant != Grant::Host);
    grants.map(|grant| grant.name()).collect()
}

/// What a command starts, written so that it cannot be taken for another.
pub(crate) fn of_command(command: &Command) -> HashBuilder {
    match command {
        Command::Exec(argv) => HashBuilder::new("exec").with_all(argv.iter()),
        Command::Module { module, worker, args, suffixes, project, report } => {
            HashBuilder::new("module")
                .with(module)
                .with(worker.as_deref().unwrap_or_default())
                .with_all(args.iter())
                .with_all(suffixes.iter())
                .with(match project {
                    None => "",
                    Some(Precedence::First) => "first",
                    Some(Precedence::Last) => "last",
                    Some(Precedence::Inside) => "inside",
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
        .fold(HashBuilder::new("run"), |recipe, (name, hash)| {
            recipe.with(name).with(hash.map(|hash| hash.as_ref().to_vec()).unwrap_or_default())
        })
        .hash()
}

/// The hash of a tree of files: each one's path and hash, in the order of their paths.
#[must_use]
pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, Hash)>) -> Hash {
    let mut recipe = HashBuilder::new("files");
    for (path, hash) in files {
        recipe.add(path);
        recipe.add(hash);
    }
    recipe.hash()
}

#[cfg(test)]
mod tests;
