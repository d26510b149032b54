//! The launcher of a job, as the engines start and hear it.
//!
//! Owns the words that start `templates/launcher.py` and the judgement over what it said first and
//! last: the proofs that the job sees its trees, and that all of its output is here. It must not
//! know what an engine starts it in; a job whose proofs hold has its output read by the catalogue.

use super::{EngineError, Job};
use crate::container::{APP, CONFIG, CONTROL};
use crate::hash::{Hash, HashBuilder};
use crate::outcome::RawOutput;
use crate::snapshot::Tree;
use crate::tools::command::Command;

/// A module of the worker that runs pylint, by its name next to the launcher.
macro_rules! worker {
    ($name:literal) => {
        (
            concat!("pylint_worker/", $name),
            include_str!(concat!("../../templates/pylint_worker/", $name)),
        )
    };
}

/// The launcher, as it is placed into every container of ours.
const LAUNCHER: (&str, &str) = ("launcher.py", include_str!("../../templates/launcher.py"));

/// The worker that runs pylint, placed next to the launcher where it is needed.
const PYLINT_WORKER: &[(&str, &str)] = &[
    worker!("__init__.py"),
    worker!("children.py"),
    worker!("guard.py"),
    worker!("linter.py"),
    worker!("needed.py"),
    worker!("patches.py"),
    worker!("plain.py"),
    worker!("scopes.py"),
    worker!("state.py"),
];

/// The files that start a command inside a container, by their names in the control folder.
#[must_use]
pub(crate) fn files(command: &Command) -> Vec<(&'static str, &'static str)> {
    let worker = match command {
        Command::Module { worker: Some(_), .. } => PYLINT_WORKER,
        Command::Module { .. } | Command::Exec(_) => &[],
    };
    std::iter::once(&LAUNCHER).chain(worker).copied().collect()
}

/// The hash of the files that start a command.
#[must_use]
pub(crate) fn hash(command: &Command) -> Hash {
    let mut recipe = HashBuilder::new("launcher");
    for (name, source) in files(command) {
        recipe.add(name);
        recipe.add(source);
    }
    recipe.hash()
}

/// What the launcher says when there is no such program.
const NOT_STARTED: &[u8] = b"cargo-pipe: cannot start ";

/// What the launcher says when the tool has ended.
const END: &[u8] = b"cargo-pipe-end\n";

/// How the output of a job comes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Through pipes, which lose nothing.
    Piped,
    /// Through an engine and its client, which may lose its end: what was not yet read when the
    /// container was gone, as in docker's clients 28.0.0 to 28.0.2
    /// (<https://github.com/docker/cli/pull/5957>).
    Relayed,
}

/// What a launched job has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Its trees, and then its tool ran.
    Tool,
    /// Its trees, but there is no such program.
    NoProgram,
    /// Other files than it should.
    OtherFiles,
    /// Nothing: the launcher itself did not start.
    Nothing,
}

/// Judges what a launched job has seen, and takes the proof of it out of its output.
pub(super) fn judge(job: &Job<'_>, output: &mut RawOutput) -> Seen {
    let trees: Vec<&Tree> = std::iter::once(job.app).chain(job.config).collect();
    let Some(seen) = take_proof(&mut output.stderr).filter(|seen| seen.len() == trees.len()) else {
        return Seen::Nothing;
    };
    let matches = |(seen, tree): (&String, &&Tree)| *seen == tree.hash.to_string();
    if !seen.iter().zip(&trees).all(matches) {
        return Seen::OtherFiles;
    }
    match matches!(output.code, 126 | 127) && output.stderr.starts_with(NOT_STARTED) {
        true => Seen::NoProgram,
        false => Seen::Tool,
    }
}

/// What it means that the program itself is not there.
pub(super) fn no_program(job: &Job<'_>, said: String) -> EngineError {
    EngineError::NoProgram {
        program: match &job.step.command {
            Command::Exec(argv) => argv.first().cloned().unwrap_or_default(),
            Command::Module { module, .. } => module.clone(),
        },
        place: job.environment.reference.clone(),
        said,
    }
}

/// The command of a job as the container gets it.
pub(super) fn command(job: &Job<'_>, way: Way) -> Vec<String> {
    let mut command: Vec<String> = Vec::new();
    if job.environment.has_launcher {
        command.extend(["python3".to_owned(), format!("{CONTROL}/launcher.py")]);
        for target in std::iter::once(APP).chain(job.config.map(|_| CONFIG)) {
            command.extend(["--proof".to_owned(), target.to_owned()]);
        }
        command.extend((way == Way::Relayed).then(|| "--tell-end".to_owned()));
    }
    match &job.step.command {
        Command::Exec(argv) if !job.environment.has_launcher => command.extend_from_slice(argv),
        launched => command.extend(launched.operands()),
    }
    command
}

/// What begins the launcher's first line.
const PREFIX: &[u8] = b"cargo-pipe-proof: ";

/// Where the launcher's first line begins in a tool's standard error.
fn proof(stderr: &[u8]) -> Option<usize> {
    if stderr.starts_with(PREFIX) {
        return Some(0);
    }
    let found = stderr.windows(PREFIX.len() + 1).position(|window| {
        window.split_first().is_some_and(|(first, rest)| *first == b'\n' && rest == PREFIX)
    });
    found.map(|end| end + 1)
}

/// Takes what stands before the launcher's first line out of a tool's standard error: the words of
/// whatever started it.
pub(super) fn take_preamble(stderr: &mut Vec<u8>) -> Option<String> {
    let start = proof(stderr).filter(|start| *start > 0)?;
    let said: Vec<u8> = stderr.drain(..start).collect();
    Some(String::from_utf8_lossy(&said).trim().to_owned()).filter(|said| !said.is_empty())
}

/// Takes the launcher's first line out of a tool's standard error, and returns what it saw.
pub(super) fn take_proof(stderr: &mut Vec<u8>) -> Option<Vec<String>> {
    let start = proof(stderr)?;
    let end = start + stderr[start..].iter().position(|byte| *byte == b'\n')?;
    let seen = String::from_utf8_lossy(&stderr[start + PREFIX.len()..end]).into_owned();
    stderr.drain(start..=end);
    Some(seen.split(' ').map(str::to_owned).collect())
}

/// Takes the launcher's last line out of both streams of relayed output, and returns whether all of
/// it is here. A launcher that was killed told no end; that is said by the exit status.
pub(super) fn take_end(output: &mut RawOutput) -> bool {
    let streams = [&mut output.stdout, &mut output.stderr].map(take_last);
    streams == [true; 2] || output.code > 128
}

/// The same of one stream. What the tool left running may have written behind it.
fn take_last(stream: &mut Vec<u8>) -> bool {
    let found = stream.windows(END.len()).rposition(|window| window == END);
    if let Some(start) = found {
        stream.drain(start..start + END.len());
    }
    found.is_some()
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
    fn the_end_is_taken_out_wherever_it_is() {
        for (said, rest) in [
            (&b"cargo-pipe-end\n"[..], &b""[..]),
            (b"no line", b"no line"),
            (b"{}cargo-pipe-end\n", b"{}"),
            (b"a\ncargo-pipe-end\nb\ncargo-pipe-end\nlate\n", b"a\ncargo-pipe-end\nb\nlate\n"),
            (b"cargo-pipe-en", b"cargo-pipe-en"),
        ] {
            let mut stream = said.to_vec();
            assert_eq!(take_last(&mut stream), said.len() > rest.len());
            assert_eq!(stream, rest);
        }
    }

    #[test]
    fn words_inside_a_line_prove_nothing() {
        let mut stderr = b"error: cargo-pipe-proof: aa\n".to_vec();
        assert_eq!(take_proof(&mut stderr), None);
    }

    #[test]
    fn pylint_gets_every_module_of_its_worker() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/pylint_worker");
        let modules = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = modules
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .map(|path| format!("pylint_worker/{}", path.file_name().unwrap().display()))
            .collect();
        names.sort();
        let sent: Vec<_> = PYLINT_WORKER.iter().map(|(name, _)| *name).collect();
        assert_eq!(sent, names);
    }
}
