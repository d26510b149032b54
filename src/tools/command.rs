//! The command of a step, and the operands with which the launcher starts it in a container.
//!
//! Tools and users' checks make commands, engines start them.

use serde::Serialize;

use crate::container::{BUILD, INSTALLED, PROJECT};

/// The package next to the launcher that runs pylint incrementally.
pub const PYLINT_WORKER: &str = "pylint_worker";

/// The package next to the launcher that runs mypy incrementally.
pub const MYPY_WORKER: &str = "mypy_worker";

/// The package next to the launcher that keeps a tool to the scope of its own configuration.
pub const SCOPE_WORKER: &str = "scope_worker";

/// The package next to the launcher that passes names of files to a tool.
pub const NAMES_WORKER: &str = "names_worker";

/// What is started inside the container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// A program and its arguments, which the launcher starts where there is one.
    Exec(Vec<String>),
    /// A program that writes its report to a file. The file becomes its standard output; what it
    /// prints goes to standard error.
    Report {
        /// The program and its arguments.
        argv: Vec<String>,
        /// The file.
        file: String,
    },
    /// A program written in Python, run in the launcher's own process, where the launcher can pass it
    /// more than a command line can hold.
    Module {
        /// The program, such as `pylint`.
        module: String,
        /// Whether it imports its own modules and those of Python, even where the project has modules
        /// of the same names; not for a program that runs the project.
        keeps_own: bool,
        /// The package next to the launcher that runs it instead of its own command.
        worker: Option<String>,
        /// Its arguments.
        args: Vec<String>,
        /// The place of the project's packages in the module search path of the program.
        project: Option<Precedence>,
        /// The file that becomes its standard output; what it prints goes to standard error.
        report: Option<String>,
    },
}

/// The position of the project's packages on the import path of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Precedence {
    /// Before the program's own, for a program that reads what the sources import. The program
    /// itself still imports its own.
    First,
    /// After the program's own, for a program that only loads plugins from there.
    Last,
    /// Before everything of the program, in the project's own Python: for a program that runs the
    /// project.
    Inside,
    /// The same, with the project itself among its packages.
    Installed,
}

/// The installation of the project itself, before the program of a step starts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// The version of the project if only version control knows it.
    pub version: String,
    /// The object of its build system in Python, such as `hatchling.build`.
    pub backend: String,
    /// The folders of the project in which Python looks for the build system.
    pub backend_path: Vec<String>,
}

impl Installation {
    /// The operands of the launcher.
    #[must_use]
    pub fn operands(&self) -> [String; 7] {
        let Installation { version, backend, backend_path } = self;
        let path = backend_path.join(":");
        ["--install", BUILD, PROJECT, INSTALLED, version, backend, &path].map(str::to_owned)
    }
}

impl Command {
    /// Whether the launcher marks the end of the program, so that one that other code has ended is
    /// noticed. A program that runs the project may end as the project wants.
    #[must_use]
    pub fn marks_done(&self) -> bool {
        matches!(self, Command::Module { keeps_own: true, .. })
    }

    /// The operands of the launcher.
    #[must_use]
    pub fn operands(&self) -> Vec<String> {
        let (operands, args) = match self {
            Command::Exec(argv) => (vec!["exec".to_owned()], argv),
            Command::Report { argv, file } => {
                (vec!["exec".to_owned(), "--report".to_owned(), file.clone()], argv)
            }
            Command::Module { module, keeps_own, worker, args, project, report } => {
                let mut operands = vec!["module".to_owned(), module.clone()];
                operands.extend(keeps_own.then(|| "--keep-own".to_owned()));
                operands.extend(self.marks_done().then(|| "--mark-done".to_owned()));
                operands.extend(worker.iter().flat_map(|it| ["--worker".to_owned(), it.clone()]));
                let order = project.map(|project| match project {
                    Precedence::First => ["--first", PROJECT],
                    Precedence::Last => ["--last", PROJECT],
                    Precedence::Inside => ["--inside", PROJECT],
                    Precedence::Installed => ["--inside", INSTALLED],
                });
                operands.extend(order.into_iter().flatten().map(str::to_owned));
                operands
                    .extend(report.iter().flat_map(|file| ["--report".to_owned(), file.clone()]));
                (operands, args)
            }
        };
        operands.into_iter().chain(["--".to_owned()]).chain(args.iter().cloned()).collect()
    }
}
