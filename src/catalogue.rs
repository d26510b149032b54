//! The tools that cargo pipe knows.
//!
//! One file each: what it runs, what it reads, and what its exit status and streams mean. A tool
//! is one such file, one lock in `templates/requirements` and one folder of recorded output; a
//! test fails when one is missing. Pure: a tool builds arguments and classifies bytes, it never
//! starts anything.

pub mod command;

use crate::outcome::{Classified, RawOutput};
use crate::plan::Command;
use crate::project::ProjectPath;

/// Every tool, in the order they are listed.
pub const TOOLS: &[&dyn Tool] = &[];

/// A tool of the catalogue.
pub trait Tool: Sync {
    /// Its name in `tool = "…"`.
    fn name(&self) -> &'static str;

    /// One line about what it does.
    fn about(&self) -> &'static str;

    /// The name of its lock in `.docker/requirements`, without `.txt`.
    fn lock(&self) -> &'static str;

    /// The name of its configuration file in the config folder.
    fn config_file(&self) -> &'static str;

    /// The command that checks.
    fn check(&self, invocation: &Invocation<'_>) -> Command;

    /// The command that repairs what can be repaired, if it can.
    fn fix(&self, invocation: &Invocation<'_>) -> Option<Command>;

    /// What its output means.
    fn classify(&self, output: &RawOutput, sources: &dyn Sources) -> Classified;
}

/// What a tool's command is made from.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// Where the configuration file is inside the container.
    pub config: &'a str,
    /// The sources, relative to the working directory.
    pub source: &'a [ProjectPath],
    /// The user's further arguments.
    pub args: &'a [String],
}

/// The text of the files that a tool spoke of, for turning its columns into code points.
pub trait Sources {
    /// A file of the snapshot; none if there is no such file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// The tool of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().copied().find(|tool| tool.name() == name)
}
