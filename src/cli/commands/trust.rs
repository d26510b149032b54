//! `trust`: grants what a project requests beyond the sandbox.
//!
//! Shows every request with its meaning before asking for confirmation.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::check::{GrantRequest, Requester, Standing};
use crate::config::{CommandPlace, Work};
use crate::discover;
use crate::error::Error;
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::report::count::Count;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::trust::{GrantReview, Record, store};

use super::{describe, pipeline};
use crate::cli::exit::Failure;
use crate::cli::settings::{ProjectLocation, Trust};
use crate::cli::terminal::Term;

/// Grants, lists or revokes.
pub(super) fn trust(
    place: ProjectLocation,
    trust: Trust,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    match trust {
        Trust::Grant { asking } => grant(&pipeline(place)?, asking, term),
        Trust::List => {
            let records = store::list(&place.environment).map_err(Error::from)?;
            match records.as_slice() {
                [] => term.note("no grants\n"),
                records => term.data(&records.iter().map(listed).collect::<String>()),
            }
            Ok(Verdict::Passed)
        }
        Trust::Revoke => {
            let root = root(&place.folder)?;
            let there_was = store::revoke(&place.environment, &root).map_err(Error::from)?;
            let root = harmless::line(&root.display().to_string());
            term.note(&match there_was {
                true => format!("revoked all grants in {root}\n"),
                false => format!("no grants in {root}\n"),
            });
            Ok(Verdict::Passed)
        }
    }
}

/// Whether to ask for confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Ask on the terminal.
    Terminal,
    /// Confirmed by a flag.
    Not,
}

fn grant(pipeline: &Pipeline, asking: Asking, term: &mut Term) -> Result<Verdict, Failure> {
    let asked = pipeline.asked();
    let root = harmless::line(&pipeline.project.root.display().to_string());
    if asked.is_empty() {
        term.note(&format!("{root} requests nothing beyond the sandbox\n"));
        return Ok(Verdict::Passed);
    }
    let requests = format!(
        "{} requests {} beyond the sandbox:\n\n{}\n",
        paint(style::STRONG, root),
        Count(asked.len(), "grant"),
        asked.iter().map(|asked| render_request(pipeline, asked)).collect::<Vec<_>>().join("\n"),
    );
    if asked.iter().all(|asked| asked.ask.standing == Standing::Trusted) {
        term.note(&requests);
        term.note("everything is already granted\n");
        return Ok(Verdict::Passed);
    }
    let is_wanted = match asking {
        Asking::Not => {
            term.note(&requests);
            true
        }
        Asking::Terminal if io::stdin().is_terminal() && io::stderr().is_terminal() => {
            term.confirm(&format!("{requests}grant this, until it changes? [y/N] "))?
        }
        Asking::Terminal => {
            term.note(&requests);
            return Err(Failure::usage(
                "cannot ask for confirmation: standard input is not a terminal",
            )
            .with_hint("run `cargo pipe trust --yes` to grant everything".to_owned()));
        }
    };
    if !is_wanted {
        return Err(Failure::usage("nothing was granted"));
    }
    // The content that was shown is stored, even if the files have changed since.
    pipeline.trust(&asked)?;
    term.note("granted for you in this folder; run `cargo pipe trust --revoke` to undo it\n");
    Ok(Verdict::Passed)
}

/// Renders a request with its meaning, reason, commands and files.
fn render_request(pipeline: &Pipeline, asked: &GrantReview) -> String {
    let GrantReview { ask, command, files, .. } = asked;
    let GrantRequest { asker, grant, why, standing, .. } = ask;
    let mut lines = vec![format!("which lets it {}", grant.meaning())];
    lines.push(format!("because {}", harmless::line(why)));
    if !command.is_empty() {
        lines.push(format!("it runs {}", describe::typed(command)));
    }
    if let Requester::Check(name) = asker {
        let check = pipeline.config.find_check(name);
        lines.extend(check.map(|check| {
            let seen = check.source.iter().chain(&check.inputs);
            let seen: Vec<&str> = seen.map(|path| path.as_str()).collect();
            format!("it sees {}", harmless::line(&seen.join(", ")))
        }));
        let place = check.and_then(|check| match &check.work {
            Work::Command { place, .. } => Some(place),
            Work::Rust { .. } | Work::Tool { .. } => None,
        });
        if let Some(CommandPlace::Image(image)) = place {
            lines.push(format!("it runs in the image `{}`", harmless::line(image)));
        }
        lines.extend(check.into_iter().flat_map(|check| &check.env).map(|(name, value)| {
            format!("it sets the variable {}", harmless::line(&format!("{name}={value}")))
        }));
    }
    if !files.is_empty() {
        let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
        lines.push(format!("read them first: {}", harmless::line(&files.join(", "))));
    }
    match standing {
        Standing::New => {}
        Standing::Trusted => lines.push("this is already granted".to_owned()),
        Standing::Changed(parts) => {
            let parts = harmless::line(&parts.join(", "));
            lines.push(format!("this changed since it was granted: {parts}"));
        }
        Standing::Unbelieved(why) => {
            lines.push(format!("the earlier decision is unknown: {}", harmless::line(why)));
        }
    }
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    let head = paint(style::STRONG, format!("{asker} requests `{grant}`"));
    format!("  {head}\n{lines}")
}

fn listed(record: &Record) -> String {
    let lines: String = record
        .granted
        .iter()
        .map(|granted| format!("  `{}` to {}\n", granted.grant, granted.asker))
        .collect();
    format!("{}\n{lines}", harmless::line(&record.project))
}

/// The root of the project to revoke. A removed project is named by its former path.
fn root(folder: &Path) -> Result<PathBuf, Failure> {
    if folder.exists() {
        return Ok(discover::find(folder).map_err(Error::from)?.root);
    }
    std::path::absolute(folder).map_err(|source| Failure::System {
        what: format!("cannot name the folder `{}`", folder.display()),
        source,
    })
}
