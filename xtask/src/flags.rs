//! The table of contents: every task, its words, and what they mean.
//!
//! Owns the reading of the command line. Must not know how a task does its work; it hands the
//! words over as a [`Task`].

use std::ffi::OsString;
use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::{bench, ci, codegen, demo, dist, docker, fixtures, pipelines, soak, tidy};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Bench(bench::Subject),
    Ci,
    Codegen(codegen::Mode),
    Demo(docker::System),
    Dist(dist::Build, dist::Then),
    Docker(docker::System),
    Fixtures,
    Help,
    Pipe(Vec<String>),
    Pipelines(docker::System),
    Soak(soak::Amount),
    Tidy,
}

impl Task {
    /// Does it.
    ///
    /// # Errors
    ///
    /// The task's own.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Task::Pipe(words) => {
                let words = words.into_iter().map(OsString::from);
                return Ok(cargo_pipe::xtask::pipe(words));
            }
            Task::Bench(subject) => bench::run(&subject),
            Task::Ci => ci::run(),
            Task::Codegen(mode) => codegen::run(mode),
            Task::Demo(system) => demo::run(system),
            Task::Dist(build, then) => dist::run(build, then).map(drop),
            Task::Docker(system) => docker::run(system).map(|_| ()),
            Task::Fixtures => fixtures::run(),
            Task::Help => {
                print!("{}", table());
                Ok(())
            }
            Task::Pipelines(system) => pipelines::run(system),
            Task::Soak(amount) => soak::run(&amount),
            Task::Tidy => tidy::run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Each task with its words and one line about it, in the order a newcomer needs them.
const CONTENTS: &[(&str, &str)] = &[
    ("demo [--install]", "scaffold a project around a real package and run every check on it"),
    ("ci", "the whole gate: everything below in order, and all tests"),
    ("docker [--install]", "make an engine and the base images available; say what is missing"),
    ("fixtures", "fetch the packages that tests check, pinned by hash"),
    ("codegen [--check]", "write what is written twice: schemas, blocks of the README"),
    ("bench [library]", "measure what the library costs a build script"),
    ("bench runs [PACKAGE] [--install]", "measure runs on real packages beside other programs"),
    ("bench pylint [PACKAGE] [--install]", "measure pylint after edits beside its own command"),
    ("pipe COMMAND", "any command of cargo pipe, as this checkout has it"),
    ("tidy", "check layering, module docs, names and licences"),
    ("dist [--try]", "make what is published: a static binary, a wheel, their hashes"),
    ("dist --quick --try", "try the same built quickly, as the gate does"),
    ("pipelines [--install]", "run the pipelines that are generated for GitLab and GitHub"),
    ("soak [SUBJECT] [--times N]", "repeat tests that must hold every time"),
    ("soak pylint [PACKAGE] --seed N --edits M", "hold M random edits against plain pylint"),
];

/// The contents as text.
pub(crate) fn table() -> String {
    let width = CONTENTS.iter().map(|(words, _)| words.len()).max().unwrap_or(0);
    let lines = CONTENTS
        .iter()
        .map(|(words, about)| format!("  cargo xtask {words:width$}  {about}\n"))
        .collect::<String>();
    format!(
        "{lines}\nOnly `--install` changes the system: it installs packages and starts an engine.\n"
    )
}

/// What the words mean.
///
/// # Errors
///
/// When they mean nothing.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Task> {
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pipe", rest @ ..] => Ok(Task::Pipe(rest.iter().map(|word| (*word).to_owned()).collect())),
        [] | ["help" | "--help" | "-h", ..] | [_, "--help" | "-h"] => Ok(Task::Help),
        ["bench"] | ["bench", "library"] => Ok(Task::Bench(bench::Subject::Library)),
        ["bench", "runs", rest @ ..] => parse_bench(rest, bench::Subject::Runs),
        ["bench", "pylint", rest @ ..] => parse_bench(rest, bench::Subject::Pylint),
        ["ci"] => Ok(Task::Ci),
        ["codegen"] => Ok(Task::Codegen(codegen::Mode::Write)),
        ["codegen", "--check"] => Ok(Task::Codegen(codegen::Mode::Check)),
        ["demo"] => Ok(Task::Demo(docker::System::Keep)),
        ["demo", "--install"] => Ok(Task::Demo(docker::System::Install)),
        ["dist"] => Ok(Task::Dist(dist::Build::Release, dist::Then::Keep)),
        ["dist", "--try"] => Ok(Task::Dist(dist::Build::Release, dist::Then::Try)),
        ["dist", "--quick", "--try"] => Ok(Task::Dist(dist::Build::Quick, dist::Then::Try)),
        ["docker"] => Ok(Task::Docker(docker::System::Keep)),
        ["docker", "--install"] => Ok(Task::Docker(docker::System::Install)),
        ["fixtures"] => Ok(Task::Fixtures),
        ["pipelines"] => Ok(Task::Pipelines(docker::System::Keep)),
        ["pipelines", "--install"] => Ok(Task::Pipelines(docker::System::Install)),
        ["soak", rest @ ..] => parse_soak(rest),
        ["tidy"] => Ok(Task::Tidy),
        [task, rest @ ..] => Err(refuse(task, rest)),
    }
}

fn parse_bench(
    words: &[&str],
    subject: impl Fn(Option<String>, docker::System) -> bench::Subject,
) -> Result<Task> {
    let (names, system) = match words {
        [names @ .., "--install"] => (names, docker::System::Install),
        names => (names, docker::System::Keep),
    };
    match names {
        [] => Ok(Task::Bench(subject(None, system))),
        [name] if !name.starts_with('-') => {
            Ok(Task::Bench(subject(Some((*name).to_owned()), system)))
        }
        _ => Err(refuse("bench", words)),
    }
}

fn parse_soak(words: &[&str]) -> Result<Task> {
    let names = words.iter().take_while(|word| !word.starts_with('-')).count();
    let (names, mut rest) = words.split_at(names);
    let (subject, package) = match names {
        [] => (None, None),
        [subject] => (Some((*subject).to_owned()), None),
        ["pylint", package] => (Some("pylint".to_owned()), Some((*package).to_owned())),
        _ => return Err(refuse("soak", words)),
    };
    let mut amount = soak::Amount { subject, package, ..soak::Amount::default() };
    while let [flag, number, more @ ..] = rest {
        let place = match *flag {
            "--times" => &mut amount.times,
            "--seed" => &mut amount.seed,
            "--edits" => &mut amount.edits,
            _ => return Err(refuse("soak", words)),
        };
        *place = match number.parse() {
            Ok(number) if number > 0 => Some(number),
            _ => {
                let message = format!("`{flag} {number}` is not a number above zero");
                return Err(Failure::usage(message));
            }
        };
        rest = more;
    }
    match rest {
        [] => Ok(Task::Soak(amount)),
        _ => Err(refuse("soak", words)),
    }
}

fn refuse(task: &str, rest: &[&str]) -> Failure {
    let known = CONTENTS.iter().any(|(words, _)| words.split(' ').next() == Some(task));
    let message = if known {
        format!("`cargo xtask {task}` does not take `{}`", rest.join(" "))
    } else {
        format!("there is no task `{task}`")
    };
    Failure::usage(message).hint("`cargo xtask` lists the tasks")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_task_of_the_contents_is_understood() {
        for (words, _) in CONTENTS {
            let bare = words.split(' ').next().unwrap();
            assert!(parsed(bare).is_ok(), "{bare}");
        }
    }

    #[test]
    fn the_system_is_changed_only_on_request() {
        assert_eq!(parsed("docker").unwrap(), Task::Docker(docker::System::Keep));
        assert_eq!(parsed("docker --install").unwrap(), Task::Docker(docker::System::Install));
    }

    #[test]
    fn a_package_is_named_behind_its_subject() {
        let Task::Soak(amount) = parsed("soak pylint flask --edits 3").unwrap() else { panic!() };
        assert_eq!((amount.package.as_deref(), amount.edits), (Some("flask"), Some(3)));
    }

    #[test]
    fn words_without_meaning_are_refused() {
        for line in [
            "dokcer",
            "docker --instal",
            "soak --times",
            "soak a --times 0",
            "soak hits a",
            "ci now",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_words_ask_for_the_contents() {
        assert_eq!(parsed("").unwrap(), Task::Help);
        assert!(table().contains("cargo xtask soak [SUBJECT] [--times N]  "));
    }
}
