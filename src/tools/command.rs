//! What a step starts.
//!
//! Owns the ways in which a program is started inside a container, and what the launcher is told of
//! each. Must not know any program: the catalogue makes commands, engines start them.

use serde::Serialize;

use crate::container::{CONTROL, FILES, PROJECT};

/// What is started inside the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Command {
    /// A program and its arguments, started by the launcher where there is one.
    Exec(Vec<String>),
    /// A program written in Python, inside the launcher's own process, which can give it what a
    /// command line cannot.
    Module {
        /// The program, such as `pylint`.
        module: String,
        /// The package of ours beside the launcher that runs it, in place of its own command.
        worker: Option<String>,
        /// Its arguments.
        args: Vec<String>,
        /// The endings of the files that are listed behind the arguments, however many there are;
        /// none for no list.
        suffixes: Vec<String>,
        /// Where the project's packages stand among those of the program.
        project: Option<Precedence>,
        /// The file that is its standard output, in place of what it prints; that goes to standard
        /// error.
        report: Option<String>,
    },
}

/// Where the project's packages are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Precedence {
    /// Before the program's own, for one that looks at what the sources import. What the program
    /// itself imports is its own all the same.
    First,
    /// Behind them, for one that only loads plugins from there.
    Last,
    /// Before everything of the program, itself included, and in the project's own Python: for one
    /// that runs the project.
    Inside,
}

impl Command {
    /// What the launcher is told to do.
    #[must_use]
    pub fn operands(&self) -> Vec<String> {
        let (operands, args) = match self {
            Command::Exec(argv) => (vec!["exec".to_owned()], argv),
            Command::Module { module, worker, args, suffixes, project, report } => {
                let mut operands = vec!["module".to_owned(), module.clone()];
                operands.extend(worker.iter().flat_map(|it| ["--worker".to_owned(), it.clone()]));
                if !suffixes.is_empty() {
                    operands.extend(["--files".to_owned(), format!("{CONTROL}/{FILES}")]);
                }
                let order = project.map(|project| match project {
                    Precedence::First => "--first",
                    Precedence::Last => "--last",
                    Precedence::Inside => "--inside",
                });
                operands
                    .extend(order.into_iter().flat_map(|it| [it.to_owned(), PROJECT.to_owned()]));
                operands
                    .extend(report.iter().flat_map(|file| ["--report".to_owned(), file.clone()]));
                (operands, args)
            }
        };
        operands.into_iter().chain(["--".to_owned()]).chain(args.iter().cloned()).collect()
    }
}
