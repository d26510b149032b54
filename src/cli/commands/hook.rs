//! `hook`: installs and removes git hooks, and checks what is staged.

use std::io::{self, IsTerminal, Read};

use crate::checkout::CheckoutError;
use crate::error::Error;
use crate::git::GitContext;
use crate::hook::{self, Changed, HookError, HookKind, PushedCommit};
use crate::outcome::Verdict;
use crate::pipeline::{
    Cancel, CheckoutSource, Emitter, Pipeline, RefusedFix, StagedFixes, StagedPipeline,
};
use crate::plan::{Fixing, Request};
use crate::program::Program;
use crate::report::harmless;
use crate::report::human::style::{self, paint};

use super::{pipeline, run};
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::settings::{CheckRun, Hook, HookRun, Output, ProjectLocation, Writing};
use crate::cli::terminal::Term;

/// The length of what git may say about a push, in bytes.
const PUSHED_LIMIT: u64 = 16 << 20;

/// The length of a hash that people read.
const SHORT: usize = 12;

/// Installs, removes or runs hooks.
pub(super) fn hook(
    place: ProjectLocation,
    wanted: Hook,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    match wanted {
        Hook::Install { kinds, is_fixing } => install(place, &kinds, is_fixing, term),
        Hook::Uninstall { kinds } => uninstall(place, &kinds, term),
        Hook::Run(wanted) => run_hook(place, wanted, term),
    }
}

fn install(
    place: ProjectLocation,
    kinds: &[HookKind],
    is_fixing: bool,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    if is_fixing && kinds.contains(&HookKind::PrePush) {
        return Err(Failure::usage("`--fix` cannot change commits that are pushed")
            .with_hint("`--fix` is for `--type pre-commit`".to_owned()));
    }
    let pipeline = pipeline(place)?;
    let program = match term.program() {
        Program::CargoPipe => {
            let own = std::env::current_exe().map_err(|source| Failure::System {
                what: "cannot find this program".to_owned(),
                source,
            })?;
            vec![own.display().to_string()]
        }
        Program::Xtask => ["cargo", "xtask", "pipe"].map(str::to_owned).to_vec(),
    };
    change_each(&pipeline, kinds, term, |git, kind| {
        let (path, changed) = hook::install(git, kind, &program, is_fixing)?;
        let path = harmless::line(&path.display().to_string());
        Ok(match changed {
            Changed::Nothing => format!("`{path}` is already installed\n"),
            _ => format!("installed `{path}`\n"),
        })
    })
}

fn uninstall(
    place: ProjectLocation,
    kinds: &[HookKind],
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    change_each(&pipeline, kinds, term, |git, kind| {
        let (path, changed) = hook::uninstall(git, kind)?;
        let path = harmless::line(&path.display().to_string());
        Ok(match changed {
            Changed::Nothing => format!("no {kind} hook of this project\n"),
            Changed::Removed => format!("removed `{path}`\n"),
            Changed::Written => format!("removed this project from `{path}`\n"),
        })
    })
}

/// Changes each hook, and prints the notes about those that were changed. A hook that cannot be changed
/// does not stop the others; the first such error is returned.
fn change_each(
    pipeline: &Pipeline,
    kinds: &[HookKind],
    term: &mut Term,
    change: impl Fn(GitContext<'_>, HookKind) -> Result<String, HookError>,
) -> Result<Verdict, Failure> {
    let cancel = Cancel::default();
    let mut observer = term.observer();
    let mut notes = Vec::new();
    let mut failed = None;
    for kind in kinds {
        let emitter = Emitter::new(&mut observer);
        match change(pipeline.git(&cancel, &emitter), *kind) {
            Ok(note) => notes.push(note),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    term.observed(observer);
    notes.iter().for_each(|note| term.note(note));
    failed.map_or(Ok(Verdict::Passed), |error| Err(Error::from(error).into()))
}

fn run_hook(place: ProjectLocation, wanted: HookRun, term: &mut Term) -> Result<Verdict, Failure> {
    let ended = match wanted.kind {
        HookKind::PreCommit => check_files(&place, CheckoutSource::Index, wanted, term),
        HookKind::PrePush => check_pushed(&place, wanted, term),
    };
    let verdict = ended.unwrap_or_else(|failure| {
        // The failure comes first, and then the way around it.
        term.failure(&failure);
        failure.verdict()
    });
    if !matches!(verdict, Verdict::Passed | Verdict::Interrupted) {
        let command = match wanted.kind {
            HookKind::PreCommit => "commit",
            HookKind::PrePush => "push",
        };
        term.hint(&format!("`git {command} --no-verify` goes on without checks"));
    }
    Ok(verdict)
}

/// Checks every commit that git lists on standard input.
fn check_pushed(
    place: &ProjectLocation,
    wanted: HookRun,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    if wanted.fix {
        return Err(Failure::usage("`--fix` cannot change commits")
            .with_hint("fix before each commit: `cargo pipe hook install --fix`".to_owned()));
    }
    let mut text = String::new();
    if !io::stdin().is_terminal() {
        io::stdin().lock().take(PUSHED_LIMIT).read_to_string(&mut text).map_err(|source| {
            Failure::System { what: "cannot read what is pushed".to_owned(), source }
        })?;
    }
    let pushed = hook::parse_pushed(&text).map_err(|line| {
        Failure::usage(format!("`{}` is not a line of git", harmless::line(&line)))
    })?;
    if pushed.is_empty() {
        term.note("no commit is pushed, so nothing is checked\n");
    }
    let mut verdicts = Vec::new();
    for PushedCommit { name, commit } in pushed {
        let name = harmless::line(&name);
        term.note(&format!("{name} at {}:\n", &commit[..SHORT]));
        match check_files(place, CheckoutSource::Commit(&commit), wanted, term) {
            Err(Failure::Library(Error::Checkout(CheckoutError::NoManifest(manifest)))) => {
                term.note(&format!("it has no `{manifest}`, so nothing is checked\n"));
            }
            ended => verdicts.push(ended?),
        }
    }
    Ok(Verdict::worst(verdicts).unwrap_or(Verdict::Passed))
}

/// Checks the files of the index or of a commit.
fn check_files(
    place: &ProjectLocation,
    source: CheckoutSource<'_>,
    wanted: HookRun,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let ProjectLocation { folder, environment, flags, typed: _ } = place.clone();
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let staged =
        StagedPipeline::discover(&folder, source, environment, flags, &cancel, &mut observer);
    term.observed(observer);
    drop(interrupts);
    let staged = staged?;
    let fixing = if wanted.fix { Fixing::Write } else { Fixing::Off };
    let run = CheckRun {
        affected: None,
        part: None,
        request: Request { fail_fast: wanted.fail_fast, fixing, ..Request::default() },
        baseline: None,
        writing: Writing::Real,
        output: Output { reports: Vec::new(), format: MessageFormat::Human },
    };
    let verdict = run::run_in(&staged.pipeline, &run, term)?;
    if verdict == Verdict::Config
        && let Some(path) = staged.list_unstaged_settings().first()
    {
        let path = harmless::line(path.as_str());
        term.hint(&format!("`{path}` exists and is not staged: `git add {path}`"));
    }
    if !wanted.fix || verdict == Verdict::Interrupted {
        return Ok(verdict);
    }
    let fixed = stage_fixes(&staged, term)?;
    Ok(verdict.and(fixed))
}

/// Stages the fixes of a run, and shows those that were refused.
fn stage_fixes(staged: &StagedPipeline, term: &mut Term) -> Result<Option<Verdict>, Failure> {
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let fixes = staged.stage_fixes(&cancel, &mut observer);
    term.observed(observer);
    drop(interrupts);
    let StagedFixes { staged, refused, warnings, .. } = fixes?;
    if !staged.is_empty() {
        let names: Vec<String> = staged.iter().map(|path| format!("`{path}`")).collect();
        let names = harmless::line(&names.join(", "));
        term.prose(&format!("\nstaged the fixes of {names}\n"));
    }
    for warning in warnings {
        let label = paint(style::WARNING, "warning:");
        term.prose(&format!("{label} {}\n", harmless::line(&warning)));
    }
    for RefusedFix { path, why, patch, .. } in &refused {
        let path = harmless::line(path);
        term.failure(&Failure::usage(format!("the fix of `{path}` was refused: {why}")));
        term.patch(patch);
    }
    let stopped = cancel.stopped().map(|_| Verdict::Interrupted);
    let refused = (!refused.is_empty()).then_some(Verdict::Findings);
    Ok(Verdict::worst(stopped.into_iter().chain(refused)))
}
