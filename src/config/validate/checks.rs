//! The rules about checks.
//!
//! Owns what a check may say, which of its values exclude each other, and the order of checks.
//! Must not know the values' notations ([`super::terms`]) or what a tool does with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::layer::{CheckLayer, OwnFile, Text, Value, WrittenAt};
use super::super::{Check, CommandPlace, ConfigError, ToolConfig, Work, nearest};
use super::terms::{Terms, is_canonical};
use crate::check::{CachePolicy, CheckName, Grant};
use crate::project::ProjectPath;
use crate::tools;

/// Names of environments that are no check's.
const RESERVED_LOCKS: &[&str] = &["base", "project"];

/// What the project says for all checks.
pub(super) struct Scope<'a> {
    pub(super) source: &'a [ProjectPath],
    pub(super) exclude: &'a [String],
    pub(super) include: &'a [String],
    pub(super) timeout: Duration,
}

/// The checks that are switched on: the built-in ones, then those of the project as written.
pub(super) fn validate(
    terms: &mut Terms<'_>,
    layers: BTreeMap<Text, CheckLayer>,
    scope: &Scope<'_>,
) -> Result<Vec<Check>, ConfigError> {
    let mut layers: Vec<(Text, CheckLayer)> = layers.into_iter().collect();
    layers.sort_by_key(|(name, _)| (std::cmp::Reverse(name.covered), start(name)));
    let names: Vec<String> = layers.iter().map(|(name, _)| name.value.clone()).collect();
    let mut checks = Vec::new();
    let mut off = None;
    for (name, layer) in &layers {
        let check = check(terms, name, layer, scope)
            .map_err(|error| suggest_check(error, name, layer, &names))?;
        match &layer.enabled {
            Some(enabled) if !enabled.value => off = Some(enabled),
            _ => checks.push(check),
        }
    }
    match off {
        Some(enabled) if checks.is_empty() => Err(terms
            .error(enabled, "every check is switched off")
            .with_hint("leave one on, so that there is something to run")),
        _ => Ok(checks),
    }
}

fn start<T>(value: &Value<T>) -> usize {
    match &value.place {
        WrittenAt::Bytes(span) => span.start,
        WrittenAt::Name(_) => 0,
    }
}

/// A check that runs nothing may be a built-in one with a slip in its name.
fn suggest_check(
    error: ConfigError,
    name: &Text,
    layer: &CheckLayer,
    names: &[String],
) -> ConfigError {
    let others: Vec<&str> =
        names.iter().map(String::as_str).filter(|other| *other != name.value).collect();
    match nearest::nearest(&name.value, &others) {
        Some(other) if layer.tool.is_none() && layer.run.is_none() => {
            error.with_hint(format!("did you mean `{other}`?"))
        }
        _ => error,
    }
}

fn check(
    terms: &mut Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
    scope: &Scope<'_>,
) -> Result<Check, ConfigError> {
    let check_name =
        CheckName::new(&name.value).map_err(|wrong| terms.error(name, wrong.to_string()))?;
    let asks = asks(layer);
    Ok(Check {
        name: check_name,
        work: work(terms, name, layer)?,
        source: match &layer.source {
            Some(_) => terms.sources("source", layer.source.as_ref())?,
            None => scope.source.to_vec(),
        },
        exclude: [scope.exclude, &terms.globs(layer.exclude.as_ref())?].concat(),
        include: [scope.include, &terms.globs(layer.include.as_ref())?].concat(),
        inputs: terms.paths(layer.inputs.as_ref())?,
        env: env(terms, layer)?,
        timeout: match &layer.timeout {
            Some(_) => terms.timeout(layer.timeout.as_ref())?,
            None => scope.timeout,
        },
        cache: cache(terms, layer, &asks)?,
        asks,
    })
}

fn work(terms: &mut Terms<'_>, name: &Text, layer: &CheckLayer) -> Result<Work, ConfigError> {
    match (&layer.tool, &layer.run) {
        (Some(tool), Some(run)) => {
            let later = if start(tool) > start(run) {
                terms.error(tool, "a check has `tool` or `run`, not both")
            } else {
                terms.error(run, "a check has `tool` or `run`, not both")
            };
            Err(later.with_hint("make two checks of it, or leave one out"))
        }
        (None, None) => Err(terms
            .error(name, format!("check `{}` runs nothing", name.value))
            .with_hint("give it a command, run = [\"codespell\", \"src\"], or a `tool`")),
        (Some(tool), None) => tool_work(terms, tool, layer),
        (None, Some(run)) => {
            refuse(terms, layer.config.as_ref(), "config", "tool", "name the file in `inputs`")?;
            refuse(terms, layer.args.as_ref(), "args", "tool", "put them into `run`")?;
            Ok(Work::Command {
                run: terms.command(run)?,
                fix: layer.fix.as_ref().map(|fix| terms.command(fix)).transpose()?,
                place: place(terms, name, layer)?,
                findings_exit: findings_exit(terms, layer)?,
            })
        }
    }
}

fn place(terms: &Terms<'_>, name: &Text, layer: &CheckLayer) -> Result<CommandPlace, ConfigError> {
    match (&layer.image, &layer.requirements) {
        (Some(_), Some(requirements)) => Err(terms
            .error(requirements, "a check has `image` or `requirements`, not both")
            .with_hint("an image brings what it has; leave one out")),
        (Some(image), None) => Ok(CommandPlace::Image(terms.image(image)?)),
        (None, None) => Ok(CommandPlace::Base),
        (None, Some(requirements)) => {
            // The lock has the check's name, beside the others.
            if RESERVED_LOCKS.contains(&name.value.as_str())
                || terms.tools().contains(&name.value.as_str())
            {
                let message = format!("`{}` is the name of another lock", name.value);
                return Err(terms
                    .error(name, message)
                    .with_hint("a check with `requirements` has its lock under its own name"));
            }
            Ok(CommandPlace::Requirements(terms.requirements(requirements)?))
        }
    }
}

fn tool_work(terms: &mut Terms<'_>, tool: &Text, layer: &CheckLayer) -> Result<Work, ConfigError> {
    let tools = terms.tools();
    if !tools.contains(&tool.value.as_str()) {
        return Err(terms
            .error(tool, format!("`{}` is no tool of cargo pipe", tool.value))
            .with_hint(nearest::advise(&tool.value, tools)));
    }
    let knows = "leave it out: the tool brings its own";
    refuse(terms, layer.fix.as_ref(), "fix", "run", knows)?;
    refuse(terms, layer.image.as_ref(), "image", "run", knows)?;
    refuse(terms, layer.requirements.as_ref(), "requirements", "run", knows)?;
    refuse(terms, layer.findings_exit.as_ref(), "findings-exit", "run", knows)?;
    Ok(Work::Tool {
        tool: tool.value.clone(),
        config: match &layer.config {
            None => ToolConfig::Usual,
            Some(Value { value: OwnFile(None), .. }) => ToolConfig::Found,
            Some(file @ Value { value: OwnFile(Some(path)), .. }) => {
                ToolConfig::File(terms.project_path(&file.with(path.clone()))?)
            }
        },
        args: terms.words(layer.args.as_ref())?,
    })
}

/// Refuses a value that only the other kind of check has.
fn refuse<T>(
    terms: &Terms<'_>,
    value: Option<&Value<T>>,
    key: &str,
    owner: &str,
    hint: &str,
) -> Result<(), ConfigError> {
    value.map_or(Ok(()), |value| {
        let message = format!("`{key}` is for checks with `{owner}`");
        Err(terms.error(value, message).with_hint(hint))
    })
}

fn findings_exit(terms: &Terms<'_>, layer: &CheckLayer) -> Result<BTreeSet<i32>, ConfigError> {
    let Some(list) = &layer.findings_exit else {
        return Ok(BTreeSet::from([1]));
    };
    let mut statuses = BTreeSet::new();
    for status in &list.value {
        let number = i32::try_from(status.value)
            .ok()
            .filter(|number| (1..=124).contains(number))
            .ok_or_else(|| {
            terms
                .error(status, format!("exit status {} cannot mean findings", status.value))
                .with_hint("write numbers from 1 to 124; 0 is passed, the rest are accidents")
        })?;
        statuses.insert(number);
    }
    Ok(statuses)
}

fn env(terms: &Terms<'_>, layer: &CheckLayer) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut env = BTreeMap::new();
    for (name, value) in layer.env.iter().flat_map(|env| &env.value) {
        let fits = name.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits {
            let message = format!("`{}` is no name of a variable", name.value.escape_debug());
            return Err(terms
                .error(name, message)
                .with_hint("it takes letters, digits and `_`, and starts with no digit"));
        }
        if is_canonical(&name.value) {
            let message = format!("`{}` is set by cargo pipe", name.value);
            return Err(terms
                .error(name, message)
                .with_hint("it is the same for every check everywhere, so that verdicts are"));
        }
        terms.without_zero(value)?;
        env.insert(name.value.clone(), value.value.clone());
    }
    Ok(env)
}

fn asks(layer: &CheckLayer) -> BTreeSet<Grant> {
    let asked = [
        (&layer.network, Grant::Network),
        (&layer.docker_socket, Grant::DockerSocket),
        (&layer.writable, Grant::Writable),
    ];
    asked
        .into_iter()
        .filter(|(wish, _)| wish.as_ref().is_some_and(|wish| wish.value))
        .map(|(_, grant)| grant)
        .collect()
}

/// What lies outside of the snapshot is in no fingerprint, so what depends on it is not kept.
fn cache(
    terms: &Terms<'_>,
    layer: &CheckLayer,
    asks: &BTreeSet<Grant>,
) -> Result<CachePolicy, ConfigError> {
    let reaches_out =
        asks.iter().find(|grant| matches!(grant, Grant::Network | Grant::DockerSocket));
    match (&layer.cache, reaches_out) {
        (Some(keep), Some(grant)) if keep.value.0 != CachePolicy::Never => Err(terms
            .error(keep, format!("the outcome of a check with `{grant}` cannot be kept"))
            .with_hint("write cache = false: what it finds there is in no fingerprint")),
        (_, Some(_)) => Ok(CachePolicy::Never),
        (Some(keep), None) => Ok(keep.value.0),
        (None, None) => {
            let tool = layer.tool.as_ref().and_then(|tool| tools::find(&tool.value));
            Ok(tool.map(|tool| tool.keeps()).unwrap_or_default())
        }
    }
}
