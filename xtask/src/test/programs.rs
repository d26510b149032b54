//! The test programs that cargo builds, and the tests in each of them.

use std::ffi::OsString;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

use cargo_metadata::{Message, TargetKind};

use super::attempt;
use super::signals::Interrupted;
use super::variables;
use crate::failure::{Failure, Result};
use crate::process::Command;

/// How long a program may take to list its tests.
const LIST_LIMIT: Duration = Duration::from_secs(60);

/// A compiled test program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Name of its target, such as `cli`.
    pub(crate) name: String,
    /// Its source file, relative to the folder of its package.
    pub(crate) source: String,
    executable: PathBuf,
    folder: PathBuf,
}

/// A test of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    /// Whether the program skips it.
    pub(crate) is_ignored: bool,
}

impl Program {
    /// The program with these arguments, without any variable that would change a result.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.to_string_lossy();
        let command = Command::new(&self.executable.to_string_lossy(), [])
            .arguments(arguments.iter().copied())
            .folder(&self.folder)
            .without(inherited())
            .variable("CARGO_MANIFEST_DIR", &folder);
        variables::FIXED
            .iter()
            .fold(command, |command, (name, value)| command.variable(name, value))
    }

    /// Lists its tests in their order.
    ///
    /// # Errors
    ///
    /// When it cannot be started, fails, or takes too long.
    pub(crate) fn list(
        &self,
        with: &[(String, String)],
        stop: &Interrupted,
    ) -> Result<Vec<Listed>> {
        let all = self.names(&["--list", "--format", "terse"], with, stop)?;
        let ignored = self.names(&["--list", "--format", "terse", "--ignored"], with, stop)?;
        let listed = |name: String| Listed { is_ignored: ignored.contains(&name), name };
        Ok(all.into_iter().map(listed).collect())
    }

    fn names(
        &self,
        arguments: &[&str],
        with: &[(String, String)],
        stop: &Interrupted,
    ) -> Result<Vec<String>> {
        let command = with
            .iter()
            .fold(self.command(arguments), |command, (name, value)| command.variable(name, value));
        let attempt = attempt::run(&command, LIST_LIMIT, stop)?;
        if !attempt.is_success() {
            let message = format!("`{command}`: {}\n\n{}", attempt.describe(), attempt.output);
            return Err(Failure::new(message));
        }
        let names = attempt.output.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    }
}

/// Builds all test programs of the workspace, in the order in which `cargo test` runs them.
///
/// # Errors
///
/// When cargo fails.
pub(crate) fn build() -> Result<Vec<Program>> {
    let output = Command::cargo(
        "test --workspace --all-features --no-run --message-format json-render-diagnostics",
    )
    .read_stdout()?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(Cursor::new(output)) {
        let message =
            message.map_err(|error| Failure::new(format!("messages of cargo: {error}")))?;
        if let Message::CompilerArtifact(artifact) = message
            && let Some(executable) = artifact.executable
            && artifact.profile.test
        {
            let folder = artifact.manifest_path.parent().map(ToOwned::to_owned).unwrap_or_default();
            let source = artifact.target.src_path;
            let source = source.strip_prefix(&folder).unwrap_or(&source).to_string();
            let is_library = !artifact.target.kind.contains(&TargetKind::Test);
            let program = Program {
                name: artifact.target.name,
                source,
                executable: executable.into_std_path_buf(),
                folder: folder.into_std_path_buf(),
            };
            programs.push((!is_library, program));
        }
    }
    // Unit tests come first, and the rest in the order of names.
    programs
        .sort_by(|(first, one), (second, other)| (first, &one.name).cmp(&(second, &other.name)));
    Ok(programs.into_iter().map(|(_, program)| program).collect())
}

/// The variables of this process that no test inherits.
#[expect(clippy::disallowed_methods, reason = "these variables are removed, not read")]
fn inherited() -> Vec<OsString> {
    let is_ours = |name: &str| name.starts_with("CARGO_PIPE_TEST_");
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| {
            let name = name.to_string_lossy();
            variables::is_removed(&name) && !is_ours(&name)
        })
        .collect()
}
