//! Conversion of arguments to requests, and to the highest layer of the configuration.
//!
//! Every argument is destructured by name, so that a new one does not compile until it has a meaning.

mod action;

use std::path::PathBuf;

use crate::config::layer::{Layer, OneOrMany, Value};
use crate::config::{CacheMode, EngineChoice, GitlabJobs};
use crate::env_vars::EnvVars;
use crate::gate::Since;
use crate::hook::HookKind;
use crate::pipeline::{Removal, Then};
use crate::plan::{Fixing, GateAsked, Request, ShellFiles, Withheld};
use crate::scaffold::adopt::AdoptionRequest;
use crate::scaffold::{Edited, FixMode, InitRequest, WriteMode};
use crate::update::UpdateRequest;

use crate::cli::args::{
    Args, BaselineArgs, BashArgs, BuildArgs, CacheArg, CiArg, CommandArgs, CompareArgs,
    CompletionsArgs, DoctorArgs, EngineArg, GitlabArg, GlobalArgs, HelpArgs, HookArg, HookArgs,
    HookCommandArgs, HookInstallArgs, HookRunArgs, HookUninstallArgs, InitArgs, ListArgs, ManArgs,
    MergeArgs, MessageFormat, RemoveArgs, RunArgs, RunSomeArgs, SchemaArgs, SyncArgs, TrustArgs,
    UpdateArgs, WatchArgs, WhyArgs,
};
#[cfg(feature = "remote")]
use crate::cli::args::{CacheArgs, CacheCommandArgs};
use crate::cli::commands::Asking;
use crate::cli::exit::Failure;

pub(crate) use action::{
    Action, BashCommand, CheckRun, CommandLine, Doctor, GeneratedFiles, Help, HelpSubject, Hook,
    HookRun, Init, Output, Paging, PartRequest, Polling, ProjectLocation, Sync, Trust, Unsaid,
    Verbosity, WatchCommand, Writing, Xtask,
};

/// Converts the arguments.
pub(crate) fn settings(args: Args, environment: EnvVars) -> Result<CommandLine, Failure> {
    let Args { global, command } = args;
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    Ok(CommandLine { place: place(global, environment), verbosity, action: action(command)? })
}

/// Converts the options of a run. `unsaid` decides about fixes if no option does.
pub(crate) fn run(checks: Vec<String>, args: RunArgs, unsaid: Unsaid) -> CheckRun {
    let RunArgs {
        fix,
        check,
        diff,
        no_cache,
        audit,
        audit_plain,
        cache,
        fail_fast,
        baseline,
        strict,
        changed,
        affected,
        partition,
        costs,
        dry_run,
        timeout,
        report,
        message_format,
    } = args;
    let fixing = match (fix, diff, unsaid) {
        (true, _, _) => Fixing::Write,
        (_, true, _) => Fixing::Show,
        (_, _, Unsaid::Check) => Fixing::Off,
        (_, _, Unsaid::ByName { .. }) if check || partition.is_some() => {
            Fixing::Withheld(Withheld::Check)
        }
        (_, _, Unsaid::ByName { is_ci: true }) => Fixing::Withheld(Withheld::Ci),
        (_, _, Unsaid::ByName { is_ci: false }) => Fixing::ByName,
    };
    let since = |name: Option<String>| name.map_or(Since::Default, Since::Ref);
    let gate = changed.map_or(GateAsked::Configured, |name| GateAsked::Changed(since(name)));
    let cache = match cache {
        _ if audit_plain => Some(CacheMode::AuditPlain),
        _ if audit => Some(CacheMode::Audit),
        mode => mode.map(cache_mode),
    };
    CheckRun {
        request: Request { checks, fail_fast, timeout, fixing, gate, strict, cache, no_cache },
        affected: affected.map(since),
        part: partition.map(|part| PartRequest { part, costs }),
        baseline,
        writing: writing(dry_run),
        output: Output { reports: report, format: message_format },
    }
}

fn place(args: GlobalArgs, environment: EnvVars) -> ProjectLocation {
    let typed = typed(&args);
    let GlobalArgs {
        project,
        source,
        config,
        engine,
        jobs,
        cpus,
        offline,
        allow,
        // Only the terminal needs these; colours are set while parsing.
        verbose: _,
        quiet: _,
        color: _,
    } = args;
    let paths = source.into_iter().map(|path| Value::named("--source", path)).collect::<Vec<_>>();
    let flags = Layer {
        source: (!paths.is_empty()).then(|| OneOrMany(Value::named("--source", paths))),
        config: config.map(|path| Value::named("--config", path)),
        engine: engine.map(|engine| Value::named("--engine", engine_choice(engine))),
        jobs: jobs.map(|jobs| Value::named("--jobs", i64::from(jobs))),
        cpus: cpus.map(|cpus| Value::named("--cpus", i64::from(cpus))),
        offline: offline.then(|| Value::named("--offline", offline)),
        allow,
        ..Layer::default()
    };
    ProjectLocation {
        folder: project.unwrap_or_else(|| PathBuf::from(".")),
        environment,
        flags,
        typed,
    }
}

/// The words that start another command for the same project with the same settings.
fn typed(args: &GlobalArgs) -> Vec<String> {
    let GlobalArgs { project, source, config, engine: _, jobs: _, cpus: _, offline, allow, .. } =
        args;
    let text = |path: &PathBuf| path.display().to_string();
    let options = [
        // A hook always names its folder.
        project
            .iter()
            .map(text)
            .filter(|path| path != ".")
            .map(|path| ["-C".to_owned(), path])
            .collect::<Vec<_>>(),
        source.iter().map(|path| ["--source".to_owned(), path.clone()]).collect(),
        config.iter().map(|path| ["--config".to_owned(), path.clone()]).collect(),
        allow.iter().map(|grant| ["--allow".to_owned(), grant.to_string()]).collect(),
    ];
    let words = ["cargo", "pipe"].map(str::to_owned).into_iter();
    let words = words.chain(options.into_iter().flatten().flatten());
    words.chain(offline.then(|| "--offline".to_owned())).collect()
}

fn cache_mode(mode: CacheArg) -> CacheMode {
    match mode {
        CacheArg::On => CacheMode::On,
        CacheArg::ReadOnly => CacheMode::ReadOnly,
        CacheArg::Off => CacheMode::Off,
    }
}

fn format(json: bool) -> MessageFormat {
    if json { MessageFormat::Json } else { MessageFormat::Human }
}

fn engine_choice(engine: EngineArg) -> EngineChoice {
    match engine {
        EngineArg::Auto => EngineChoice::Auto,
        EngineArg::Docker => EngineChoice::Docker,
        EngineArg::Podman => EngineChoice::Podman,
        EngineArg::Venv => EngineChoice::Venv,
    }
}

fn action(command: CommandArgs) -> Result<Action, Failure> {
    Ok(match command {
        CommandArgs::Init(InitArgs {
            folder,
            ci,
            gitlab,
            xtask,
            opinionated,
            fix_configs,
            no_lock,
            dry_run,
        }) => {
            let asked = InitRequest {
                mode: if dry_run { WriteMode::DryRun } else { WriteMode::Write },
                fix: if fix_configs { FixMode::CommentOut } else { FixMode::Report },
                adoption: AdoptionRequest { xtask, opinionated, ..adoption_request(&ci, gitlab)? },
            };
            let xtask = if xtask { Xtask::Wanted } else { Xtask::Unwanted };
            Action::Init(Init { folder, asked, xtask, is_locked: !no_lock })
        }
        CommandArgs::Sync(SyncArgs { check: true, force: _ }) => Action::Sync(Sync::Check),
        CommandArgs::Sync(SyncArgs { check: false, force: true }) => {
            Action::Sync(Sync::Write(Edited::Replace))
        }
        CommandArgs::Sync(SyncArgs { check: false, force: false }) => {
            Action::Sync(Sync::Write(Edited::Stay))
        }
        CommandArgs::Update(UpdateArgs { names, check, keep_incremental }) => {
            let request = UpdateRequest { names, keep_incremental, deadline: None };
            Action::Update { request, writing: writing(check) }
        }
        CommandArgs::RunAll(args) => Action::Run(run(Vec::new(), args, Unsaid::Check)),
        CommandArgs::Run(RunSomeArgs { checks, run: args }) => {
            Action::Run(run(checks, args, Unsaid::Check))
        }
        CommandArgs::Watch(args) => Action::Watch(watch(args)?),
        CommandArgs::Baseline(BaselineArgs { output, prune }) => Action::Baseline { output, prune },
        CommandArgs::List(ListArgs { json: true }) => Action::List { format: MessageFormat::Json },
        CommandArgs::List(ListArgs { json: false }) => {
            Action::List { format: MessageFormat::Human }
        }
        CommandArgs::Build(BuildArgs { ci_image: true, push, .. }) => {
            Action::Ship(if push { Then::Push } else { Then::Keep })
        }
        CommandArgs::Build(BuildArgs { checks, .. }) => Action::Build { checks },
        CommandArgs::Bash(BashArgs { check, docker_socket, tree, writable, command }) => {
            let files = match (tree, writable) {
                (false, _) => ShellFiles::Copy,
                (true, false) => ShellFiles::Project,
                (true, true) => ShellFiles::WritableProject,
            };
            Action::Bash(BashCommand { check, docker_socket, files, command })
        }
        CommandArgs::Trust(TrustArgs { yes, list, revoke }) => {
            Action::Trust(match (list, revoke) {
                (true, _) => Trust::List,
                (_, true) => Trust::Revoke,
                _ if yes => Trust::Grant { asking: Asking::Not },
                _ => Trust::Grant { asking: Asking::Terminal },
            })
        }
        CommandArgs::Why(WhyArgs { check, json }) => Action::Why { check, format: format(json) },
        CommandArgs::Compare(CompareArgs { report, json }) => {
            Action::Compare { report, format: format(json) }
        }
        #[cfg(feature = "remote")]
        CommandArgs::Cache(CacheArgs { command }) => match command {
            CacheCommandArgs::Keygen { file } => Action::GenerateKey(file),
            CacheCommandArgs::Stats => Action::CacheStats,
        },
        CommandArgs::Merge(MergeArgs { reports, report, message_format }) => {
            let output = Output { reports: report, format: message_format };
            Action::Merge { reports, output }
        }
        CommandArgs::Doctor(DoctorArgs { json, runner_config }) => {
            let format = if json { MessageFormat::Json } else { MessageFormat::Human };
            Action::Doctor(Doctor { runner_config, format })
        }
        CommandArgs::Remove(RemoveArgs { unused: true, files: _ }) => {
            Action::Remove { removal: Removal::Unused, files: GeneratedFiles::Stay }
        }
        CommandArgs::Remove(RemoveArgs { unused: false, files }) => {
            let files = if files { GeneratedFiles::Go } else { GeneratedFiles::Stay };
            Action::Remove { removal: Removal::Project, files }
        }
        #[cfg(feature = "mcp")]
        CommandArgs::Mcp => Action::Mcp,
        CommandArgs::Hook(HookArgs { command }) => Action::Hook(hook(command)),
        CommandArgs::Completions(CompletionsArgs { shell }) => Action::Completions(shell),
        CommandArgs::Schema(SchemaArgs { document }) => Action::Schema(document),
        CommandArgs::Man(ManArgs { command }) => Action::Man { command },
        CommandArgs::Help(HelpArgs { name, topic, inline }) => Action::Help(Help {
            subject: match (name, topic) {
                (_, Some(topic)) => HelpSubject::Topic(topic),
                (Some(name), None) => HelpSubject::Name(name),
                (None, None) => HelpSubject::Overview,
            },
            paging: if inline { Paging::Off } else { Paging::Terminal },
        }),
        CommandArgs::Check(check) => Action::Check(check),
        CommandArgs::External(_) => return Err(Failure::usage("missing command")),
    })
}

fn watch(args: WatchArgs) -> Result<WatchCommand, Failure> {
    let WatchArgs { checks, poll, run: args } = args;
    let partition = args.partition.is_some();
    let refused = [("--dry-run", args.dry_run), ("--diff", args.diff), ("--partition", partition)];
    for (option, is_given) in refused {
        if is_given {
            return Err(Failure::usage(format!("`watch` cannot be combined with `{option}`"))
                .with_hint(format!("use `cargo pipe run-all {option}`")));
        }
    }
    let polling = if poll { Polling::Always } else { Polling::WhereNeeded };
    Ok(WatchCommand { run: run(checks, args, Unsaid::Check), polling })
}

fn hook(command: HookCommandArgs) -> Hook {
    let listed = |kinds: Vec<HookArg>| kinds.into_iter().map(HookKind::from).collect::<Vec<_>>();
    match command {
        HookCommandArgs::Install(HookInstallArgs { kinds, fix }) => {
            let kinds = if kinds.is_empty() { vec![HookKind::PreCommit] } else { listed(kinds) };
            Hook::Install { kinds, is_fixing: fix }
        }
        HookCommandArgs::Uninstall(HookUninstallArgs { kinds }) => {
            let all = vec![HookKind::PreCommit, HookKind::PrePush];
            Hook::Uninstall { kinds: if kinds.is_empty() { all } else { listed(kinds) } }
        }
        HookCommandArgs::Run(HookRunArgs { kind, fix, fail_fast }) => {
            Hook::Run(HookRun { kind: kind.into(), fix, fail_fast })
        }
    }
}

fn adoption_request(
    names: &[CiArg],
    gitlab: Option<GitlabArg>,
) -> Result<AdoptionRequest, Failure> {
    let named = |name| (!names.is_empty()).then(|| names.contains(&name));
    if names.len() > 1 && names.contains(&CiArg::None) {
        return Err(Failure::usage("`--ci none` cannot be combined with other values"));
    }
    let jobs = gitlab.map(|gitlab| match gitlab {
        GitlabArg::Image => GitlabJobs::Image,
        GitlabArg::Socket => GitlabJobs::Socket,
        GitlabArg::Dind => GitlabJobs::Dind,
    });
    let is_gitlab = named(CiArg::Gitlab);
    if gitlab.is_some() && is_gitlab == Some(false) {
        return Err(Failure::usage("`--gitlab` needs `--ci gitlab`"));
    }
    let gitlab = is_gitlab.or(gitlab.map(|_| true));
    Ok(AdoptionRequest { gitlab, jobs, github: named(CiArg::Github), ..AdoptionRequest::default() })
}

fn writing(dry_run: bool) -> Writing {
    if dry_run { Writing::Dry } else { Writing::Real }
}
