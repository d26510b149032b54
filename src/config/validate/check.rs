//! Validation of one check: which settings it may have, and which exclude each other.
//!
//! Single values are validated in [`super::terms`].

use std::collections::{BTreeMap, BTreeSet};

use super::super::layer::{CheckLayer, OwnFile, Text, Value};
use super::super::tool_packages::RESERVED_LOCKS;
use super::super::{Check, CommandPlace, ConfigError, ToolConfig, ToolPackages, Work, nearest};
use super::checks::{CheckOwner, Scope};
use super::findings::findings;
use super::requests::requests;
use super::rust;
use super::terms::{Terms, is_canonical};
use super::testing::{refuse_test_settings, test_settings};
use crate::check::{CachePolicy, CheckName, Grant, StepId, is_variable_name};
use crate::limits::{ByteSize, LimitKind, Limits};
use crate::project::ProjectPath;
use crate::requirement::{Requirement, normalize};
use crate::tools;

/// Suggests a built-in check whose name is close, for a check without `tool` and `run`.
pub(super) fn suggest_check(
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

/// Validates one check of an owner.
pub(super) fn check(
    terms: &mut Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
    owner: &CheckOwner<'_>,
) -> Result<Check, ConfigError> {
    let scope = &owner.scope;
    let check_name =
        CheckName::new(&name.value).map_err(|wrong| terms.error(name, wrong.to_string()))?;
    let asks = requests(terms, name, layer)?;
    let package = owner.package.map(|package| package.name.as_str());
    let id = StepId::new(package, check_name.clone(), None)
        .map_err(|wrong| terms.error(name, wrong.to_string()))?;
    let folder = owner.package.map_or_else(ProjectPath::root, |package| package.folder.clone());
    let exclude = terms.globs(layer.exclude.as_ref())?;
    let include = terms.globs(layer.include.as_ref())?;
    let is_rust = tool_name(name, layer).and_then(tools::find).is_some_and(|tool| tool.is_rust());
    let of_tool = if is_rust { rust::excluded(layer, &folder) } else { Vec::new() };
    Ok(Check {
        name: check_name,
        id,
        python: scope.python.clone(),
        names_python: layer.python.is_some(),
        runs_on: scope.python.clone(),
        work: work(terms, name, layer, owner)?,
        source: match (&layer.source, default_source(name, layer, &folder)) {
            (None, Some(of_tool)) => of_tool,
            (own, _) => terms.sources("source", own.as_ref().or(scope.source))?,
        },
        folder,
        exclude: scope.exclude.iter().cloned().chain(of_tool).chain(exclude).collect(),
        include: scope.include.iter().cloned().chain(include).collect(),
        inputs: terms.paths(layer.inputs.as_ref())?,
        sees_project: layer.dependencies.as_ref().is_none_or(|wanted| wanted.value),
        installs_project: installs_project(terms, name, layer)?,
        env: env(terms, layer)?,
        timeout: match &layer.timeout {
            Some(_) => terms.timeout(layer.timeout.as_ref())?,
            None => scope.timeout,
        },
        limits: limits(terms, layer, scope)?,
        per_file: per_file(terms, name, layer)?,
        cache: cache(terms, name, layer, &asks)?,
        flaky: layer.flaky.as_ref().map(|flaky| flaky.value).unwrap_or_default(),
        asks,
    })
}

/// Whether the project is installed for a check. Only what runs code of the project can use that.
fn installs_project(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
) -> Result<bool, ConfigError> {
    let tool = tool_name(name, layer).and_then(tools::find);
    let runs_project = tool.is_none_or(|tool| tool.runs_project() && !tool.is_rust());
    let Some(install) = &layer.install else { return Ok(tool.is_some() && runs_project) };
    let refused = match tool {
        Some(tool) if !runs_project => format!("{} does not run the project", tool.name()),
        None if layer.image.is_some() => "the check has an `image` of its own".to_owned(),
        None if layer.requirements.is_some() => {
            "the check has `requirements` of its own".to_owned()
        }
        _ => return Ok(install.value),
    };
    match install.value {
        false => Ok(false),
        true => Err(terms
            .error(install, format!("the project cannot be installed: {refused}"))
            .with_hint("remove `install`")),
    }
}

/// Whether a check has a result for each file. A command says so itself; for a tool, the catalogue does.
fn per_file(terms: &Terms<'_>, name: &Text, layer: &CheckLayer) -> Result<bool, ConfigError> {
    if let Some(tool) = tool_name(name, layer).and_then(tools::find) {
        let hint = "remove it: the tool defines its own";
        refuse(terms, layer.per_file.as_ref(), "per-file", "run", hint)?;
        return Ok(tool.is_per_file());
    }
    let Some(per_file) = layer.per_file.as_ref().filter(|it| it.value) else { return Ok(false) };
    let is_on = |setting: &Option<Value<bool>>| setting.as_ref().is_some_and(|it| it.value);
    let is_never_cached =
        layer.cache.as_ref().is_some_and(|cache| cache.value.0 == CachePolicy::Never);
    // With any of these, a result depends on more than files, or is not stored.
    let other = [
        ("writable = true", is_on(&layer.writable)),
        ("network = true", is_on(&layer.network)),
        ("docker-socket = true", is_on(&layer.docker_socket)),
        ("install = true", is_on(&layer.install)),
        ("secrets", layer.secrets.is_some()),
        ("cache = false", is_never_cached),
    ];
    match other.into_iter().find(|(_, is_on)| *is_on) {
        None => Ok(true),
        Some((other, _)) => Err(terms
            .error(per_file, format!("`per-file` cannot be used together with `{other}`"))
            .with_hint("remove one of them")),
    }
}

/// The sources that the tool of a check has by default, where they differ from those of the project.
fn default_source(
    name: &Text,
    layer: &CheckLayer,
    folder: &ProjectPath,
) -> Option<Vec<ProjectPath>> {
    let tool = tools::find(tool_name(name, layer)?)?;
    let paths = tool.default_source().iter().filter_map(|path| folder.join(path).ok());
    let paths: Vec<ProjectPath> = paths.collect();
    (!paths.is_empty()).then_some(paths)
}

/// The name of the tool of a check. A check with neither `tool` nor `run` has the tool of its name.
pub(super) fn tool_name<'l>(name: &'l Text, layer: &'l CheckLayer) -> Option<&'l str> {
    match (&layer.tool, &layer.run) {
        (Some(tool), _) => Some(&tool.value),
        (None, None) => Some(&name.value),
        (None, Some(_)) => None,
    }
}

/// The limits of a check: the project's where it has none of its own.
fn limits(terms: &Terms<'_>, layer: &CheckLayer, scope: &Scope<'_>) -> Result<Limits, ConfigError> {
    let own = |kind, size: Option<&Value<ByteSize>>, of_project| match size {
        Some(size) => terms.size(kind, size),
        None => Ok(of_project),
    };
    let Limits { memory, disk, output } = scope.limits;
    Ok(Limits {
        memory: own(LimitKind::Memory, layer.memory.as_ref(), memory)?,
        disk: own(LimitKind::Disk, layer.disk.as_ref(), disk)?,
        output: own(LimitKind::Output, layer.output.as_ref(), output)?,
    })
}

fn work(
    terms: &mut Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
    owner: &CheckOwner<'_>,
) -> Result<Work, ConfigError> {
    // A configuration that several packages share is one file of the project.
    let config = match owner.own_config.contains(&name.value) {
        true => own_config(terms, layer)?,
        false => {
            let folder = terms.enter(ProjectPath::root());
            let config = own_config(terms, layer);
            terms.enter(folder);
            config?
        }
    };
    match (&layer.tool, &layer.run) {
        (Some(tool), Some(run)) => {
            let later = if tool.start() > run.start() {
                terms.error(tool, "`tool` and `run` cannot be used together")
            } else {
                terms.error(run, "`tool` and `run` cannot be used together")
            };
            Err(later.with_hint("remove one, or split the check into two"))
        }
        (None, None) if terms.tools().contains(&name.value.as_str()) => {
            tool_work(terms, name, layer, config)
        }
        (None, None) => Err(terms
            .error(name, format!("check `{}` has neither `tool` nor `run`", name.value))
            .with_hint("add a command, such as run = [\"codespell\", \"src\"], or a `tool`")),
        (Some(tool), None) => tool_work(terms, tool, layer, config),
        (None, Some(run)) => {
            refuse(terms, layer.config.as_ref(), "config", "tool", "add the file to `inputs`")?;
            refuse(terms, layer.args.as_ref(), "args", "tool", "add them to `run`")?;
            let pins = "add the versions to `requirements`, as in [\"codespell==2.4.1\"]";
            refuse(terms, layer.version.as_ref(), "version", "tool", pins)?;
            refuse(terms, layer.exclude_newer.as_ref(), "exclude-newer", "tool", pins)?;
            refuse_test_settings(terms, layer)?;
            Ok(Work::Command {
                run: terms.command(run)?,
                fix: layer.fix.as_ref().map(|fix| terms.command(fix)).transpose()?,
                place: command_place(terms, name, layer)?,
                findings_exit: findings_exit(terms, layer)?,
                findings: findings(terms, layer)?.map(Box::new),
            })
        }
    }
}

/// Where the configuration of a check's tool comes from.
fn own_config(terms: &mut Terms<'_>, layer: &CheckLayer) -> Result<ToolConfig, ConfigError> {
    Ok(match &layer.config {
        None => ToolConfig::Usual,
        Some(Value { value: OwnFile(None), .. }) => ToolConfig::Found,
        Some(file @ Value { value: OwnFile(Some(path)), .. }) => {
            ToolConfig::File(terms.project_path(&file.with(path.clone()))?)
        }
    })
}

fn command_place(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
) -> Result<CommandPlace, ConfigError> {
    match (&layer.image, &layer.requirements) {
        (Some(_), Some(requirements)) => Err(terms
            .error(requirements, "`image` and `requirements` cannot be used together")
            .with_hint("remove one: packages are not installed into an image")),
        (Some(image), None) => Ok(CommandPlace::Image(terms.image(image)?)),
        (None, None) => Ok(CommandPlace::Base),
        (None, Some(requirements)) => {
            // The lock is named after the check, and must not replace another lock.
            if RESERVED_LOCKS.contains(&name.value.as_str()) {
                return Err(taken_lock(terms, name));
            }
            Ok(CommandPlace::Requirements(terms.requirements(
                requirements,
                "remove `requirements` to use the project's own environment",
            )?))
        }
    }
}

fn tool_work(
    terms: &mut Terms<'_>,
    tool: &Text,
    layer: &CheckLayer,
    config: ToolConfig,
) -> Result<Work, ConfigError> {
    let tools = terms.tools();
    if !tools.contains(&tool.value.as_str()) {
        return Err(terms
            .error(tool, format!("unknown tool `{}`", tool.value))
            .with_hint(nearest::advise(&tool.value, tools)));
    }
    let knows = "remove it: the tool defines its own";
    refuse(terms, layer.fix.as_ref(), "fix", "run", knows)?;
    let locked = "remove it: a tool runs in its own locked environment";
    refuse(terms, layer.image.as_ref(), "image", "run", locked)?;
    refuse(terms, layer.findings_exit.as_ref(), "findings-exit", "run", knows)?;
    refuse(terms, layer.findings.as_ref(), "findings", "run", knows)?;
    if let Some(tool) = tools::find(&tool.value).filter(|tool| tool.is_rust()) {
        return rust::work(terms, tool, layer);
    }
    let mut args = terms.words(layer.args.as_ref())?;
    if let Some(tool) = tools::find(&tool.value) {
        args.extend(test_settings(terms, tool, layer)?.to_args());
    }
    Ok(Work::Tool {
        tool: tool.value.clone(),
        config,
        args,
        packages: tool_packages(terms, &tool.value, layer)?,
    })
}

/// Validates the release of a tool, and the plugins that are installed with it.
fn tool_packages(
    terms: &Terms<'_>,
    tool: &str,
    layer: &CheckLayer,
) -> Result<ToolPackages, ConfigError> {
    let Some(tool) = tools::find(tool) else { return Ok(ToolPackages::default()) };
    let version = layer.version.as_ref().map(|version| terms.version(version)).transpose()?;
    let day = layer.exclude_newer.as_ref().map(|day| terms.day(day)).transpose()?;
    let Some(texts) = &layer.requirements else {
        return Ok(ToolPackages::new(version, Vec::new()).excluding_newer(day));
    };
    let requirements = terms.requirements(texts, "remove `requirements` if the tool needs none")?;
    for (text, requirement) in terms.items(Some(texts)).iter().zip(&requirements) {
        let name = Requirement::parse(requirement).map(|it| normalize(it.name));
        if name.is_some_and(|name| name == normalize(tool.lock())) {
            let message = format!("`requirements` must not contain `{}` itself", tool.lock());
            return Err(terms
                .error(text, message)
                .with_hint("write its release as `version`, such as version = \"1.2.3\""));
        }
    }
    Ok(ToolPackages::new(version, requirements).excluding_newer(day))
}

/// Rejects a setting that only the other kind of check has.
fn refuse<T>(
    terms: &Terms<'_>,
    value: Option<&Value<T>>,
    key: &str,
    owner: &str,
    hint: &str,
) -> Result<(), ConfigError> {
    value.map_or(Ok(()), |value| {
        let message = format!("`{key}` can only be used with `{owner}`");
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
                .error(status, format!("`findings-exit` must be between 1 and 124, got {}", status.value))
                .with_hint("0 means passed, and statuses above 124 mean that the command was not run or was killed")
        })?;
        statuses.insert(number);
    }
    Ok(statuses)
}

fn env(terms: &Terms<'_>, layer: &CheckLayer) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut env = BTreeMap::new();
    for (name, value) in layer.env.iter().flat_map(|env| &env.value) {
        if !is_variable_name(&name.value) {
            let message = format!("invalid variable name: `{}`", name.value.escape_debug());
            return Err(terms
                .error(name, message)
                .with_hint("use letters, digits and `_`, and start with a letter or `_`"));
        }
        if is_canonical(&name.value) {
            let message = format!("`{}` cannot be changed", name.value);
            return Err(terms.error(name, message).with_hint(
                "cargo pipe sets it to the same value everywhere, so that results are reproducible",
            ));
        }
        terms.without_zero(value)?;
        env.insert(name.value.clone(), value.value.clone());
    }
    Ok(env)
}

/// Decides which results are cached. A result that depends on something outside of the snapshot is
/// not covered by the fingerprint, so it is never cached. That of a check with a secret is cached only if
/// the check says so, because a secret usually opens something outside.
fn cache(
    terms: &Terms<'_>,
    name: &Text,
    layer: &CheckLayer,
    asks: &BTreeSet<Grant>,
) -> Result<CachePolicy, ConfigError> {
    let reaches_out =
        asks.iter().find(|grant| matches!(grant, Grant::Network | Grant::DockerSocket));
    match (&layer.cache, reaches_out) {
        (Some(keep), Some(grant)) if keep.value.0 != CachePolicy::Never => Err(terms
            .error(keep, format!("the result of a check with `{grant}` cannot be cached"))
            .with_hint("remove `cache`: the fingerprint does not cover what the check reaches")),
        (_, Some(_)) => Ok(CachePolicy::Never),
        (Some(keep), None) => Ok(keep.value.0),
        (None, None) if asks.iter().any(|grant| grant.secret().is_some()) => Ok(CachePolicy::Never),
        (None, None) => {
            let tool = tool_name(name, layer).and_then(tools::find);
            Ok(tool.map(|tool| tool.keeps()).unwrap_or_default())
        }
    }
}

/// The error of a check whose lock would replace another one.
pub(super) fn taken_lock(terms: &Terms<'_>, name: &Text) -> ConfigError {
    terms
        .error(name, format!("the name `{}` is used by another lock", name.value))
        .with_hint("rename the check: its lock would have the same name")
}
