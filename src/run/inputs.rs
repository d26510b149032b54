//! What a step's fingerprint is made from, read from the project.
//!
//! Owns the way from a step, its files and what its environment is to its [`Inputs`], the same
//! whether it is about to run or looked for in the cache. It must start nothing.

use super::Context;
use crate::environment::ResolvedEnvironment;
use crate::fingerprint::ingredients::{ConfigParts, Inputs, Parts};
use crate::fingerprint::{self, names};
use crate::hash::{Hash, HashBuilder};
use crate::outcome::{Reason, ReasonKind};
use crate::plan::Step;
use crate::project::discover;
use crate::tools::command::Command;

/// A module of the worker, by its name beside the launcher.
macro_rules! worker {
    ($name:literal) => {
        (
            concat!("pylint_worker/", $name),
            include_str!(concat!("../../templates/pylint_worker/", $name)),
        )
    };
}

/// The launcher, as it is placed into every container of ours.
const LAUNCHER: (&str, &str) = ("launcher.py", include_str!("../../templates/launcher.py"));

/// What runs pylint, as it is placed beside the launcher where it is needed.
const PYLINT_WORKER: &[(&str, &str)] = &[
    worker!("__init__.py"),
    worker!("children.py"),
    worker!("guard.py"),
    worker!("linter.py"),
    worker!("needed.py"),
    worker!("patches.py"),
    worker!("plain.py"),
    worker!("scopes.py"),
    worker!("state.py"),
];

/// What a step is started with, by its names beside the launcher.
pub(super) fn launchers(step: &Step) -> Vec<(&'static str, &'static str)> {
    let worker = match &step.command {
        Command::Module { worker: Some(_), .. } => PYLINT_WORKER,
        Command::Module { .. } | Command::Exec(_) => &[],
    };
    std::iter::once(&LAUNCHER).chain(worker).copied().collect()
}

/// What a step is made from that sees files of this hash and runs in such an environment.
pub(super) fn of(
    step: &Step,
    sources: Hash,
    config: Option<&[u8]>,
    environment: ResolvedEnvironment,
) -> Inputs {
    let launcher = launchers(step)
        .into_iter()
        .fold(HashBuilder::new("launcher"), |recipe, (name, source)| recipe.with(name).with(source))
        .hash();
    let ingredients = fingerprint::of_step(
        step,
        &fingerprint::Facts {
            environment: environment.hash,
            platform: &environment.platform,
            launcher,
            config: Hash::of(config.unwrap_or_default()),
            sources,
        },
    );
    let config = step.config.as_ref().zip(config).map(|(file, content)| ConfigParts {
        path: file.path.to_string(),
        options: names::of_config(&file.path, content),
    });
    let parts = Parts {
        environment: environment.parts,
        platform: environment.platform,
        command: names::of_command(step, launcher),
        config,
    };
    Inputs { ingredients, parts }
}

/// The content of a step's config, read from where the project has it.
pub(super) fn config(context: Context<'_>, step: &Step) -> Result<Option<Vec<u8>>, Reason> {
    let Some(file) = &step.config else {
        return Ok(None);
    };
    let wrong = |message: String, hint: Option<String>| {
        Err(Reason::new(ReasonKind::Config, message).with_hint(hint))
    };
    let place = match discover::inside(&context.project.root, &file.path) {
        Ok(place) => place,
        Err(error) => return wrong(error.to_string(), None),
    };
    match discover::read(&place) {
        Ok(content) => Ok(Some(content)),
        Err(error) => {
            let hint = format!(
                "`cargo pipe init` writes it; `config` in `[checks.{}]` names another one",
                step.check
            );
            wrong(format!("cannot read the config `{}`: {error}", file.path), Some(hint))
        }
    }
}

/// That a step has nothing to do.
pub(super) fn nothing_to_check(step: &Step) -> Reason {
    let sources: Vec<String> = step.source.iter().map(|path| format!("`{path}`")).collect();
    let what = match step.endings.is_empty() {
        true => "no files".to_owned(),
        false => format!("no files that end in {}", step.endings.join(" or ")),
    };
    let message = format!("nothing to check: {what} in {}", sources.join(", "));
    let hint =
        "ignored and hidden files are not seen; `source` and `include` in pipe.toml say what is";
    Reason::new(ReasonKind::Environment, message).with_hint(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn pylint_gets_every_module_of_its_worker() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/pylint_worker");
        let modules = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = modules
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .map(|path| format!("pylint_worker/{}", path.file_name().unwrap().display()))
            .collect();
        names.sort();
        let sent: Vec<_> = PYLINT_WORKER.iter().map(|(name, _)| *name).collect();
        assert_eq!(sent, names);
    }
}
