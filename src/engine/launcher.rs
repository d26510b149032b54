//! Starts the launcher of a job, and reads the proofs in its output.
//!
//! `templates/launcher.py` runs inside the job. Its first line proves that the job sees its trees,
//! and its last line that all of the output has arrived. The tools parse the output of a job whose
//! proofs hold.

use super::{Access, EngineError, Job, RunError};
use crate::container::{APP, CONFIG, LAUNCH, TARGET, working_directory};
use crate::hash::{Hash, HashBuilder};
use crate::limits::LimitKind;
use crate::outcome::RawOutput;
use crate::plan::{EnvironmentSpec, Step};
use crate::snapshot::Tree;
use crate::tools;
use crate::tools::command::{Command, Installation, MYPY_WORKER, NAMES_WORKER, SCOPE_WORKER};

/// A module of a worker, by its name next to the launcher.
macro_rules! worker {
    ($package:literal, $name:literal) => {
        (
            concat!($package, "/", $name),
            include_str!(concat!("../../templates/", $package, "/", $name)),
        )
    };
}

/// The launcher, as it is placed into every container of ours.
const LAUNCHER: (&str, &str) = ("launcher.py", include_str!("../../templates/launcher.py"));

/// The worker that runs pylint, placed next to the launcher where it is needed.
const PYLINT_FILES: &[(&str, &str)] = &[
    worker!("pylint_worker", "__init__.py"),
    worker!("pylint_worker", "children.py"),
    worker!("pylint_worker", "guard.py"),
    worker!("pylint_worker", "linter.py"),
    worker!("pylint_worker", "needed.py"),
    worker!("pylint_worker", "patches.py"),
    worker!("pylint_worker", "plain.py"),
    worker!("pylint_worker", "project_code.py"),
    worker!("pylint_worker", "scopes.py"),
    worker!("pylint_worker", "state.py"),
];

/// The worker that keeps tools to the scope of their configuration, placed next to the launcher where it
/// is needed.
const SCOPE_FILES: &[(&str, &str)] =
    &[worker!("scope_worker", "__init__.py"), worker!("scope_worker", "test_runs.py")];

/// The worker that runs mypy, placed next to the launcher where it is needed, together with
/// [`SCOPE_FILES`].
const MYPY_FILES: &[(&str, &str)] = &[
    worker!("mypy_worker", "__init__.py"),
    worker!("mypy_worker", "children.py"),
    worker!("mypy_worker", "groups.py"),
    worker!("mypy_worker", "guard.py"),
    worker!("mypy_worker", "plain.py"),
    worker!("mypy_worker", "runs.py"),
    worker!("mypy_worker", "state.py"),
    worker!("mypy_worker", "text.py"),
];

/// The worker that passes names of files to tools, placed next to the launcher where it is needed.
const NAMES_FILES: &[(&str, &str)] = &[worker!("names_worker", "__init__.py")];

/// The worker that installs the project, placed next to the launcher where it is needed.
const INSTALL_FILES: &[(&str, &str)] = &[worker!("install_worker", "__init__.py")];

/// The files that start the command of a step inside a container, by their names in the control folder.
#[must_use]
pub(crate) fn files(step: &Step) -> Vec<(&'static str, &'static str)> {
    let worker = match &step.command {
        Command::Module { worker: Some(worker), .. } => match worker.as_str() {
            SCOPE_WORKER => vec![SCOPE_FILES],
            NAMES_WORKER => vec![NAMES_FILES],
            MYPY_WORKER => vec![MYPY_FILES, SCOPE_FILES],
            _ => vec![PYLINT_FILES],
        },
        Command::Module { .. } | Command::Exec(_) | Command::Report { .. } => Vec::new(),
    };
    let worker = worker.into_iter().flatten();
    let install = step.installation.iter().flat_map(|_| INSTALL_FILES);
    std::iter::once(&LAUNCHER).chain(worker).chain(install).copied().collect()
}

/// The hash of the files that start the command of a step.
#[must_use]
pub(crate) fn hash(step: &Step) -> Hash {
    let mut builder = HashBuilder::new("launcher");
    for (name, source) in files(step) {
        builder.add(name);
        builder.add(source);
    }
    builder.hash()
}

/// The launcher's message when it cannot start the program.
const NOT_STARTED: &[u8] = b"cargo-pipe: cannot start ";

/// The launcher's message when the tool could not write to its files.
const READ_ONLY: &[u8] = b"cargo-pipe-read-only: ";

/// The launcher's line before the output of an installation that failed.
const NOT_INSTALLED: &[u8] = b"cargo-pipe-not-installed\n";

/// The launcher's exit status when a proof is missing, or the project cannot be installed.
const NO_PROOF: i32 = 96;

/// The launcher's line on standard error after a program in its own process has come to its end.
const DONE: &[u8] = b"cargo-pipe-done\n";

/// The launcher's last line, after the tool has ended.
const END: &[u8] = b"cargo-pipe-end\n";

/// The way that the output of a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Through pipes, which lose nothing.
    Piped,
    /// Through an engine and its client, which may lose the end of it when the container is gone,
    /// like docker's clients 28.0.0 to 28.0.2 (<https://github.com/docker/cli/pull/5957>).
    Relayed,
}

/// The proof of what a launched job has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The job saw its trees, and its tool ran.
    Tool,
    /// The job saw its trees, but its program was not found.
    NoProgram,
    /// The job saw its trees, but other code has ended its tool.
    EndedEarly,
    /// The job saw other files.
    OtherFiles,
    /// The job saw its trees, but cannot write to them.
    ReadOnly,
    /// The job saw its trees, but the project cannot be installed.
    NotInstalled,
    /// The launcher did not start.
    Nothing,
}

/// Checks the proof of a launched job, and removes it from the output.
pub(super) fn check_proof(job: &Job<'_>, output: &mut RawOutput) -> Seen {
    let trees: Vec<&Tree> = std::iter::once(job.app).chain(job.config).collect();
    let Some(seen) = take_proof(&mut output.stderr).filter(|seen| seen.len() == trees.len()) else {
        return Seen::Nothing;
    };
    let matches = |(seen, tree): (&String, &&Tree)| *seen == tree.hash.to_string();
    if !seen.iter().zip(&trees).all(matches) {
        return Seen::OtherFiles;
    }
    if output.code == NO_PROOF && output.stderr.starts_with(READ_ONLY) {
        return Seen::ReadOnly;
    }
    if output.code == NO_PROOF && output.stderr.starts_with(NOT_INSTALLED) {
        output.stderr.drain(..NOT_INSTALLED.len());
        return Seen::NotInstalled;
    }
    if matches!(output.code, 126 | 127) && output.stderr.starts_with(NOT_STARTED) {
        return Seen::NoProgram;
    }
    let is_done = take_done(&mut output.stderr);
    // The exit status of a signal needs no other proof.
    if job.step.command.marks_done() && !is_done && output.code <= 128 {
        return Seen::EndedEarly;
    }
    Seen::Tool
}

/// Removes the line that marks the end of a program from its standard error.
fn take_done(stderr: &mut Vec<u8>) -> bool {
    let Some(start) = stderr.windows(DONE.len()).rposition(|window| window == DONE) else {
        return false;
    };
    stderr.drain(start..start + DONE.len());
    true
}

/// The error for a job that cannot write to its files.
pub(super) fn read_only(output: &RawOutput) -> RunError {
    let message = output.stderr.strip_prefix(READ_ONLY).unwrap_or_default();
    RunError::ReadOnly(String::from_utf8_lossy(message).trim().to_owned())
}

/// The error for a job whose project cannot be installed.
pub(super) fn not_installed(output: RawOutput) -> RunError {
    let text = String::from_utf8_lossy(&output.stderr);
    let message = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    RunError::NotInstalled { message: message.to_owned(), output }
}

/// The error for a job whose tool was ended by other code.
pub(super) fn ended_early(job: &Job<'_>, output: RawOutput) -> RunError {
    RunError::EndedEarly { program: name_program(job), output }
}

/// The program of a job.
fn name_program(job: &Job<'_>) -> String {
    match &job.step.command {
        Command::Exec(argv) | Command::Report { argv, .. } => {
            argv.first().cloned().unwrap_or_default()
        }
        Command::Module { module, .. } => module.clone(),
    }
}

/// The error for a job whose program was not found.
pub(super) fn no_program(job: &Job<'_>, message: String) -> EngineError {
    EngineError::NoProgram {
        program: name_program(job),
        place: job.environment.reference.clone(),
        message,
    }
}

/// Builds the command of a job's container.
pub(super) fn build_command(job: &Job<'_>, way: Way) -> Vec<String> {
    let mut command: Vec<String> = Vec::new();
    if job.environment.has_launcher {
        command.extend(LAUNCH.map(str::to_owned));
        for target in std::iter::once(APP).chain(job.config.map(|_| CONFIG)) {
            command.extend(["--proof".to_owned(), target.to_owned()]);
        }
        if job.access == Access::Write {
            command.extend(["--write".to_owned(), APP.to_owned()]);
        }
        command.extend((way == Way::Relayed).then(|| "--mark-end".to_owned()));
        let roots = job.step.import_roots.iter().filter(|_| can_import(job.step));
        command.extend(roots.flat_map(|root| ["--root".to_owned(), working_directory(root)]));
        command.extend(job.step.installation.iter().flat_map(Installation::operands));
        command.extend(compiled_operands(job.step));
    }
    match &job.step.command {
        Command::Exec(argv) if !job.environment.has_launcher => command.extend_from_slice(argv),
        launched => command.extend(launched.operands()),
    }
    command
}

/// The operands with which the launcher copies the compiled packages of Rust to cargo's output folder. The
/// temporary folder of a fixer is too small for them.
fn compiled_operands(step: &Step) -> Vec<String> {
    let EnvironmentSpec::Rust { compilation: Some(_), .. } = &step.environment else {
        return Vec::new();
    };
    let target = step.env.get("CARGO_TARGET_DIR").filter(|target| target.starts_with(APP));
    let copy = |target: &String| ["--copy".to_owned(), TARGET.to_owned(), target.clone()];
    target.map(copy).into_iter().flatten().collect()
}

/// Whether the program of a step finds packages of the project as Python does: it runs the project, or
/// imports its own modules whatever is on the path. Any other one could import code by accident.
fn can_import(step: &Step) -> bool {
    step.command.marks_done() || tools::find(&step.tool).is_none_or(|tool| tool.runs_project())
}

/// The start of the launcher's first line.
const PREFIX: &[u8] = b"cargo-pipe-proof: ";

/// The position of the launcher's first line in a tool's standard error.
fn find_proof(stderr: &[u8]) -> Option<usize> {
    if stderr.starts_with(PREFIX) {
        return Some(0);
    }
    let found = stderr.windows(PREFIX.len() + 1).position(|window| {
        window.split_first().is_some_and(|(first, rest)| *first == b'\n' && rest == PREFIX)
    });
    found.map(|end| end + 1)
}

/// Removes the text before the launcher's first line from a tool's standard error and returns it.
/// It was written by the engine.
pub(super) fn take_preamble(stderr: &mut Vec<u8>) -> Option<String> {
    let start = find_proof(stderr).filter(|start| *start > 0)?;
    let preamble: Vec<u8> = stderr.drain(..start).collect();
    Some(String::from_utf8_lossy(&preamble).trim().to_owned()).filter(|text| !text.is_empty())
}

/// Removes the launcher's first line from a tool's standard error, and returns the hashes in it.
pub(super) fn take_proof(stderr: &mut Vec<u8>) -> Option<Vec<String>> {
    let start = find_proof(stderr)?;
    let end = start + stderr[start..].iter().position(|byte| *byte == b'\n')?;
    let seen = String::from_utf8_lossy(&stderr[start + PREFIX.len()..end]).into_owned();
    stderr.drain(start..=end);
    Some(seen.split(' ').map(str::to_owned).collect())
}

/// The end of the relayed output of a job, as the launcher marked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Whether both streams are complete.
    pub(super) is_marked: bool,
    /// The limit that the job exceeded, as far as the launcher knows.
    pub(super) exceeded: Option<LimitKind>,
}

/// Removes the launcher's last lines from both streams of relayed output.
pub(super) fn take_end(output: &mut RawOutput) -> End {
    let streams = [&mut output.stdout, &mut output.stderr].map(take_last);
    let exceeded = streams[1].and_then(|end| take_limit(&mut output.stderr, end));
    End { is_marked: streams.iter().all(Option::is_some), exceeded }
}

/// Removes the launcher's line about a limit, which ends before the last line.
fn take_limit(stderr: &mut Vec<u8>, end: usize) -> Option<LimitKind> {
    for (word, kind) in [("memory", LimitKind::Memory), ("processes", LimitKind::Processes)] {
        let line = format!("cargo-pipe-limit: {word}\n");
        if stderr[..end].ends_with(line.as_bytes()) {
            stderr.drain(end - line.len()..end);
            return Some(kind);
        }
    }
    None
}

/// Removes the last line of one stream, and returns where it was. A process that the tool left
/// running may have written after it.
fn take_last(stream: &mut Vec<u8>) -> Option<usize> {
    let start = stream.windows(END.len()).rposition(|window| window == END)?;
    stream.drain(start..start + END.len());
    Some(start)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_proof_is_the_first_line_of_its_kind_and_leaves_the_rest_alone() {
        let mut stderr = b"WARNING: docker\ncargo-pipe-proof: aa bb\nrest\n".to_vec();
        assert_eq!(take_preamble(&mut stderr), Some("WARNING: docker".to_owned()));
        assert_eq!(take_proof(&mut stderr), Some(vec!["aa".to_owned(), "bb".to_owned()]));
        assert_eq!(stderr, b"rest\n");
        assert_eq!(take_preamble(&mut stderr), None);
        assert_eq!(take_proof(&mut stderr), None);
    }

    #[test]
    fn the_last_line_is_removed_wherever_it_is() {
        for (output, rest) in [
            (&b"cargo-pipe-end\n"[..], &b""[..]),
            (b"no line", b"no line"),
            (b"{}cargo-pipe-end\n", b"{}"),
            (b"a\ncargo-pipe-end\nb\ncargo-pipe-end\nlate\n", b"a\ncargo-pipe-end\nb\nlate\n"),
            (b"cargo-pipe-en", b"cargo-pipe-en"),
        ] {
            let mut stream = output.to_vec();
            assert_eq!(take_last(&mut stream).is_some(), output.len() > rest.len());
            assert_eq!(stream, rest);
        }
    }

    #[test]
    fn a_limit_is_the_line_before_the_last_one() {
        let end = |stderr: &str| {
            let stdout = b"cargo-pipe-end\n".to_vec();
            let mut output = RawOutput { code: 1, stdout, stderr: stderr.as_bytes().to_vec() };
            let End { exceeded, .. } = take_end(&mut output);
            (exceeded, String::from_utf8(output.stderr).unwrap())
        };
        let marked = "a\ncargo-pipe-limit: memory\ncargo-pipe-end\n";
        assert_eq!(end(marked), (Some(LimitKind::Memory), "a\n".to_owned()));
        let printed = "cargo-pipe-limit: memory\nb\n";
        assert_eq!(end(&format!("{printed}cargo-pipe-end\n")), (None, printed.to_owned()));
        assert_eq!(end(printed), (None, printed.to_owned()));
    }

    #[test]
    fn the_mark_of_the_end_is_removed_wherever_it_is() {
        let mut stderr = b"a\ncargo-pipe-done\nlate\n".to_vec();
        assert!(take_done(&mut stderr));
        assert_eq!(stderr, b"a\nlate\n");
        assert!(!take_done(&mut stderr));
    }

    #[test]
    fn words_inside_a_line_prove_nothing() {
        let mut stderr = b"error: cargo-pipe-proof: aa\n".to_vec();
        assert_eq!(take_proof(&mut stderr), None);
    }

    #[test]
    fn each_worker_has_all_of_its_modules() {
        let all = [PYLINT_FILES, SCOPE_FILES, MYPY_FILES, NAMES_FILES, INSTALL_FILES].concat();
        let mut sent: Vec<String> = all.iter().map(|(name, _)| (*name).to_owned()).collect();
        sent.sort();
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut names = Vec::new();
        for folder in fs::read_dir(templates).unwrap().map(|entry| entry.unwrap()) {
            let worker = folder.file_name().into_string().unwrap();
            if !worker.ends_with("_worker") {
                continue;
            }
            for module in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
                if module.extension().is_some_and(|extension| extension == "py") {
                    names.push(format!("{worker}/{}", module.file_name().unwrap().display()));
                }
            }
        }
        names.sort();
        assert_eq!(sent, names);
    }
}
