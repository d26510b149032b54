//! The command of a planned check.

use serde::Serialize;

use crate::tools::{Command, Precedence};

/// The command of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonCommand {
    /// How it is started.
    pub kind: JsonCommandKind,
    /// The program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The package of cargo pipe that runs the program; null if it runs by itself.
    pub worker: Option<String>,
    /// Where the packages of the project are among those of the program; null if it sees none.
    pub project_packages: Option<Precedence>,
    /// The file that holds its output; null if that is the standard output.
    pub output_file: Option<String>,
}

/// How a command is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JsonCommandKind {
    /// As a process.
    Exec,
    /// As a Python module in the process of the launcher.
    Module,
}

impl From<&Command> for JsonCommand {
    fn from(command: &Command) -> Self {
        match command {
            Command::Exec(argv) => JsonCommand {
                kind: JsonCommandKind::Exec,
                program: argv.first().cloned().unwrap_or_default(),
                args: argv.iter().skip(1).cloned().collect(),
                worker: None,
                project_packages: None,
                output_file: None,
            },
            Command::Report { argv, file } => JsonCommand {
                output_file: Some(file.clone()),
                ..JsonCommand::from(&Command::Exec(argv.clone()))
            },
            Command::Module { module, worker, args, project, report, .. } => JsonCommand {
                kind: JsonCommandKind::Module,
                program: module.clone(),
                args: args.clone(),
                worker: worker.clone(),
                project_packages: *project,
                output_file: report.clone(),
            },
        }
    }
}
