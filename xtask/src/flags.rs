//! Command line of `cargo xtask`, parsed by clap.
//!
//! The variants of [`Task`] are the tasks, and their doc comments are the texts of `--help`. The
//! guide for contributors shows [`table`], so a new task appears there by itself.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::Result;
use crate::{
    bench, ci, codegen, demo, deny, dist, docker, fixtures, fuzz, green, page, pipelines, soak,
    test, tidy, torture,
};

/// Tasks for people who work on cargo pipe
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    subcommand_value_name = "TASK",
    subcommand_help_heading = "Tasks",
    max_term_width = 100,
    after_help = "Only `--install` changes the system: it installs packages and starts an engine."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// A task with its options, in the order a newcomer needs them.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Task {
    /// Scaffold a project around a real package and run every check on it
    ///
    /// Without a docker engine the checks run in virtual environments.
    Demo(Install),
    /// Run the whole gate: every rule, generated file, test and package
    Ci,
    /// Make a docker engine and the base images available
    ///
    /// Without `--install` it says what is missing and what to type.
    Docker(Install),
    /// Fetch the packages that tests check, pinned by hash
    Fixtures,
    /// Write generated files: schemas and blocks of the documentation
    Codegen {
        /// Write nothing, and fail if a file is out of date
        #[arg(long)]
        check: bool,
    },
    /// Measure the library's build, or whole runs next to other programs
    Bench {
        #[command(subcommand)]
        subject: Option<Subject>,
    },
    /// Run any command of cargo pipe, built from this checkout
    #[command(disable_help_flag = true)]
    Pipe {
        /// The command and its arguments
        #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Run the tests, each in a process of its own and under a time limit
    ///
    /// The last lines show the slowest tests, and those that passed only when they were repeated.
    Test {
        /// The only program to run, such as `cli`
        #[arg(long, value_name = "NAME")]
        program: Option<String>,
        /// Part of the names of the tests to run
        filter: Option<String>,
    },
    /// Check the rules of this repository that no compiler knows
    Tidy,
    /// Check the licences and sources of the packages in Cargo.lock with cargo-deny
    Deny {
        /// Check for known vulnerabilities, too; downloads their database from GitHub
        #[arg(long)]
        advisories: bool,
    },
    /// Fuzz the parsers of everything that others write; needs cargo-fuzz and a nightly compiler
    Fuzz {
        /// The only target to fuzz
        target: Option<String>,
        /// The time for all targets together, such as `1h`
        #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Build what is published for this platform: a binary, a wheel and their hashes
    Dist {
        /// Run the files in an empty container once they are built
        #[arg(long = "try")]
        try_out: bool,
        /// Build without optimisation, to try the files and not to publish them
        #[arg(long)]
        quick: bool,
        /// Fail unless this is the tag of the version in Cargo.toml, such as `v1.2.3`
        #[arg(long, requires = "repository")]
        tag: Option<String>,
        /// Fail unless Cargo.toml names this address, from which the files are downloaded
        #[arg(long, value_name = "URL", requires = "tag")]
        repository: Option<String>,
    },
    /// Read the HTML report in a headless Chromium
    Page(Install),
    /// Run the pipelines that are generated for GitLab and GitHub
    Pipelines(Install),
    /// Repeat tests that must pass every time
    ///
    /// Without a subject all of them run, as often as the gate has time for.
    Soak {
        /// The tests to repeat
        #[arg(value_parser = PossibleValuesParser::new(soak::names()))]
        subject: Option<String>,
        /// The package that `formatting`, `mypy` or `pylint` edits, one of `tests/fixtures/packages.txt`
        package: Option<String>,
        /// How often to repeat them
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        times: Option<u32>,
        /// The seed of the random edits
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        seed: Option<u32>,
        /// How many random edits to make
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        edits: Option<u32>,
    },
    /// Attack the program: hostile projects, kills, full disks, hanging engines
    ///
    /// It fails unless every try is held: nothing lost, left or escaped.
    Torture(torture::Amount),
    /// Compare the verdicts on public projects with those of their own CI
    ///
    /// It runs the commands of their CI by hand, then `cargo pipe init` and `cargo pipe run-all`.
    Green {
        /// The only projects to compare
        #[arg(value_name = "PROJECT", value_parser = PossibleValuesParser::new(green::names()))]
        projects: Vec<String>,
        #[command(flatten)]
        install: Install,
    },
}

/// Permission to change the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Install {
    /// Install what is missing and start a docker engine
    #[arg(long)]
    install: bool,
}

impl Install {
    fn system(self) -> docker::System {
        if self.install { docker::System::Install } else { docker::System::Keep }
    }
}

/// Subject of a benchmark.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Subject {
    /// Measure what the library costs a build script (the default)
    Library,
    /// Measure runs on real packages next to other programs
    Runs {
        /// The only package to measure
        package: Option<String>,
        #[command(flatten)]
        install: Install,
    },
    /// Measure pylint after edits next to plain pylint
    Pylint {
        /// The only package to measure
        package: Option<String>,
        #[command(flatten)]
        install: Install,
    },
}

impl Task {
    /// Runs the task.
    ///
    /// # Errors
    ///
    /// Those of the task.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Task::Demo(install) => demo::run(install.system()),
            Task::Ci => ci::run(),
            Task::Docker(install) => docker::run(install.system()).map(drop),
            Task::Fixtures => fixtures::run(),
            Task::Codegen { check: true } => codegen::run(codegen::Mode::Check),
            Task::Codegen { check: false } => codegen::run(codegen::Mode::Write),
            Task::Bench { subject } => match subject.unwrap_or(Subject::Library) {
                Subject::Library => bench::library(),
                Subject::Runs { package, install } => {
                    bench::runs::run(package.as_deref(), install.system())
                }
                Subject::Pylint { package, install } => {
                    bench::pylint::run(package.as_deref(), install.system())
                }
            },
            Task::Pipe { words } => return Ok(cargo_pipe::xtask::pipe(words)),
            Task::Test { program, filter } => {
                let selection = test::Selection { program, filter, ..Default::default() };
                test::close(|records| test::run(&selection, records))
            }
            Task::Tidy => tidy::run(),
            Task::Fuzz { target, time } => fuzz::run(target.as_deref(), time),
            Task::Deny { advisories: true } => deny::run(deny::Advisories::Check),
            Task::Deny { advisories: false } => deny::run(deny::Advisories::Skip),
            Task::Dist { try_out, quick, tag, repository } => {
                let build = if quick { dist::Build::Quick } else { dist::Build::Release };
                let then = if try_out { dist::Then::Try } else { dist::Then::Keep };
                match (tag, repository) {
                    (Some(tag), Some(repository)) => {
                        dist::run_for(&dist::Release { tag, repository }, build, then)
                    }
                    _ => dist::run(build, then),
                }
                .map(drop)
            }
            Task::Page(install) => test::close(|records| page::run(install.system(), records)),
            Task::Pipelines(install) => {
                test::close(|records| pipelines::run(install.system(), records))
            }
            Task::Soak { subject, package, times, seed, edits } => {
                soak::run(&soak::Amount { subject, package, times, seed, edits })
            }
            Task::Torture(amount) => torture::run(&amount),
            Task::Green { projects, install } => green::run(&projects, install.system()),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Parses the words after `cargo xtask`.
///
/// # Errors
///
/// When they name no task or a wrong argument, and also when they ask for help: clap treats its
/// help as an error that is printed to standard output and has exit status 0.
pub(crate) fn parse(
    words: impl IntoIterator<Item = impl Into<OsString>>,
) -> std::result::Result<Task, clap::Error> {
    let mut words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    match words.first().map(OsString::as_os_str).and_then(OsStr::to_str) {
        None => words.push("--help".into()),
        // clap would keep a `--` that comes first to itself.
        Some("pipe") => return Ok(Task::Pipe { words: words.split_off(1) }),
        Some(_) => {}
    }
    words.insert(0, "xtask".into());
    let task = Arguments::try_parse_from(words)?.task;
    if let Task::Soak { subject, package: Some(package), .. } = &task
        && !["formatting", "mypy", "pylint"].contains(&subject.as_deref().unwrap_or_default())
    {
        let message = format!(
            "unexpected package `{package}`: only `formatting`, `mypy` and `pylint` take one"
        );
        return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message));
    }
    Ok(task)
}

/// Renders the list of tasks, as `cargo xtask` prints it.
pub(crate) fn table() -> String {
    Arguments::command().term_width(100).render_help().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> std::result::Result<Task, clap::Error> {
        parse(line.split_whitespace())
    }

    #[test]
    fn clap_accepts_its_definition() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_documented_command_line_is_understood() {
        for line in [
            "bench",
            "bench library",
            "bench pylint",
            "bench pylint django --install",
            "bench runs --install",
            "bench runs httpx",
            "ci",
            "codegen",
            "codegen --check",
            "demo",
            "demo --install",
            "deny",
            "deny --advisories",
            "dist",
            "dist --try",
            "dist --quick --try",
            "dist --tag v1.2.3 --repository https://example.org/checks",
            "docker --install",
            "fixtures",
            "fuzz",
            "fuzz lock --time 1h",
            "page",
            "page --install",
            "pipelines",
            "pipelines --install",
            "soak",
            "soak --times 2",
            "soak hits --times 2",
            "soak pylint --seed 7 --edits 3",
            "test",
            "test --program cli engine",
            "tidy",
            "torture",
            "torture --quick",
            "torture git links --tries 3 --time 90s",
            "torture git --seed 7 --only 12",
        ] {
            assert!(parse_line(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn only_install_changes_the_system() {
        let docker = |line| match parse_line(line) {
            Ok(Task::Docker(install)) => install.system(),
            other => panic!("{other:?}"),
        };
        assert_eq!(docker("docker"), docker::System::Keep);
        assert_eq!(docker("docker --install"), docker::System::Install);
    }

    #[test]
    fn soak_edits_the_package_after_pylint() {
        let Ok(Task::Soak { package, edits, .. }) = parse_line("soak pylint flask --edits 3")
        else {
            panic!()
        };
        assert_eq!((package.as_deref(), edits), (Some("flask"), Some(3)));
    }

    #[test]
    fn pipe_passes_every_word_on() {
        for words in ["", "--help", "bash lint -- ls -l", "-- lint", "help run", "lint -v -- --"] {
            let Ok(Task::Pipe { words: passed }) = parse_line(&format!("pipe {words}")) else {
                panic!("{words}")
            };
            let passed: Vec<_> = passed.iter().filter_map(|word| word.to_str()).collect();
            assert_eq!(passed.join(" "), words);
        }
    }

    #[test]
    fn unknown_words_are_a_usage_error() {
        for line in [
            "dokcer",
            "docker --instal",
            "soak nothing",
            "soak --times",
            "soak hits --times 0",
            "soak hits flask",
            "ci now",
            "dist --tag v1.2.3",
            "torture nothing",
            "torture --only 3",
            "torture git --time 3",
        ] {
            let error = parse_line(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn help_is_no_failure() {
        for line in ["", "help", "--help", "-h", "soak --help", "help bench"] {
            assert_eq!(parse_line(line).expect_err(line).exit_code(), 0, "{line}");
        }
        let help = parse_line("").expect_err("asks for help").to_string();
        assert!(help.contains("\n  soak       Repeat tests that must pass every time\n"), "{help}");
    }
}
