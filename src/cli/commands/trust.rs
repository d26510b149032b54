//! `trust`: what a project may do beyond the sandbox.
//!
//! Owns how a person is told what is asked for before they are asked. It must not know what a
//! request rests on or where trust is kept; the pipeline does.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::check::{GrantRequest, Requester, Standing};
use crate::config::{CommandPlace, Work};
use crate::error::Error;
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::project::discover;
use crate::report::count::Count;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::trust::{GrantReview, Record, store};

use super::{describe, pipeline};
use crate::cli::exit::Failure;
use crate::cli::settings::{ProjectLocation, Trust};
use crate::cli::terminal::Term;

/// Grants, lists or takes back.
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
                [] => term.note("nothing is trusted\n"),
                records => term.data(&records.iter().map(listed).collect::<String>()),
            }
            Ok(Verdict::Passed)
        }
        Trust::Revoke => {
            let root = root(&place.folder)?;
            let there_was = store::revoke(&place.environment, &root).map_err(Error::from)?;
            let root = harmless::line(&root.display().to_string());
            term.note(&match there_was {
                true => format!("nothing is trusted any more in {root}\n"),
                false => format!("nothing was trusted in {root}\n"),
            });
            Ok(Verdict::Passed)
        }
    }
}

/// Whether a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// On their terminal.
    Terminal,
    /// They have said yes already.
    Not,
}

fn grant(pipeline: &Pipeline, asking: Asking, term: &mut Term) -> Result<Verdict, Failure> {
    let asked = pipeline.asked();
    let root = harmless::line(&pipeline.project.root.display().to_string());
    if asked.is_empty() {
        term.note(&format!("{root} asks for nothing beyond the sandbox\n"));
        return Ok(Verdict::Passed);
    }
    let told = format!(
        "{} asks for {} beyond the sandbox:\n\n{}\n",
        paint(style::STRONG, root),
        Count(asked.len(), "thing"),
        asked.iter().map(|asked| told(pipeline, asked)).collect::<Vec<_>>().join("\n"),
    );
    if asked.iter().all(|asked| asked.ask.standing == Standing::Trusted) {
        term.note(&told);
        term.note("all of it is trusted already\n");
        return Ok(Verdict::Passed);
    }
    let is_wanted = match asking {
        Asking::Not => {
            term.note(&told);
            true
        }
        Asking::Terminal if io::stdin().is_terminal() && io::stderr().is_terminal() => {
            term.confirm(&format!("{told}grant this, until it changes? [y/N] "))?
        }
        Asking::Terminal => {
            term.note(&told);
            return Err(Failure::usage("nobody can be asked: there is no terminal")
                .with_hint("`cargo pipe trust --yes` grants all of it".to_owned()));
        }
    };
    if !is_wanted {
        return Err(Failure::usage("nothing was granted"));
    }
    // What was shown is what is kept, whatever the files say by now.
    pipeline.trust(&asked)?;
    term.note("granted, for you and for this folder; `cargo pipe trust --revoke` takes it back\n");
    Ok(Verdict::Passed)
}

/// An ask in words: who, what, what that means, why, and with which commands and files.
fn told(pipeline: &Pipeline, asked: &GrantReview) -> String {
    let GrantReview { ask, command, files, .. } = asked;
    let GrantRequest { asker, grant, why, standing, .. } = ask;
    let mut lines = vec![format!("which lets it {}", grant.meaning())];
    lines.push(format!("because {}", harmless::line(why)));
    if !command.is_empty() {
        lines.push(format!("it runs {}", describe::typed(command)));
    }
    if let Requester::Check(name) = asker {
        let check = pipeline.config.checks.iter().find(|check| check.name == *name);
        lines.extend(check.map(|check| {
            let seen = check.source.iter().chain(&check.inputs);
            let seen: Vec<&str> = seen.map(|path| path.as_str()).collect();
            format!("it sees {}", harmless::line(&seen.join(", ")))
        }));
        let place = check.and_then(|check| match &check.work {
            Work::Command { place, .. } => Some(place),
            Work::Tool { .. } => None,
        });
        if let Some(CommandPlace::Image(image)) = place {
            lines.push(format!("it runs in the image `{}`", harmless::line(image)));
        }
        lines.extend(check.into_iter().flat_map(|check| &check.env).map(|(name, value)| {
            format!("it has the variable {}", harmless::line(&format!("{name}={value}")))
        }));
    }
    if !files.is_empty() {
        let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
        lines.push(format!("read them first: {}", harmless::line(&files.join(", "))));
    }
    match standing {
        Standing::New => {}
        Standing::Trusted => lines.push("this is trusted already".to_owned()),
        Standing::Changed(parts) => {
            let parts = harmless::line(&parts.join(", "));
            lines.push(format!("this changed since it was trusted: {parts}"));
        }
        Standing::Unbelieved(why) => {
            lines.push(format!("this may have been trusted, but {}", harmless::line(why)));
        }
    }
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    let head = paint(style::STRONG, format!("{asker} asks for `{grant}`"));
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

/// The root of the project to forget. One that is gone is named by the path it had.
fn root(folder: &Path) -> Result<PathBuf, Failure> {
    if folder.exists() {
        return Ok(discover::find(folder).map_err(Error::from)?.root);
    }
    std::path::absolute(folder).map_err(|source| Failure::System {
        what: format!("cannot name the folder `{}`", folder.display()),
        source,
    })
}
