//! How a virtual environment is made and filled.
//!
//! Owns the command lines of uv and pip, and what makes an environment independent of where it is:
//! the scripts find their interpreter beside themselves. What is installed is the lock's own text.
//! It must not know where environments are kept; [`super::store`] does.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineError, EngineOptions};
use super::interpreter::Interpreter;
use crate::event::Event;
use crate::hash::HashBuilder;
use crate::lock::Lock;
use crate::network::ALONE;
use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::snapshot::SnapshotError;

/// How long packages may take to be installed.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How many lines of a failed installation are told.
const TOLD_LINES: usize = 25;

/// A script that starts the Python beside itself, wherever that is, whatever leads to it. The first
/// lines are a shell's and a string of Python's.
const BESIDE: &[u8] = b"#!/bin/sh\n\
    '''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/python \"$0\" \"$@\"\n' '''\n";

/// Makes environments.
#[derive(Clone, Copy)]
pub(super) struct Installer<'a, 'e> {
    pub(super) settings: &'a EngineOptions,
    pub(super) interpreter: &'a Interpreter,
    pub(super) cancel: &'a Cancel,
    pub(super) emitter: &'a Emitter<'e>,
}

impl Installer<'_, '_> {
    /// Makes an environment with the packages of a lock in an empty folder.
    pub(super) fn install(
        &self,
        environment: &str,
        lock: &Lock,
        from_source: &[&str],
        folder: &Path,
    ) -> Result<(), EngineError> {
        let python = &self.interpreter.executable;
        let uv = which::which_in("uv", self.settings.variables.get("PATH"), "/").ok();
        let failed =
            |said| EngineError::InstallFailed { environment: environment.to_owned(), said };
        let make = match &uv {
            Some(uv) => self
                .invocation(uv, &["venv", "--quiet", "--no-project", "--python"])
                .with([python.as_os_str(), folder.as_os_str()]),
            None => self
                .invocation(python, &["-I", "-m", "venv", "--without-pip"])
                .with([folder.as_os_str()]),
        };
        self.follow(environment, &make)?.map_err(failed)?;
        if !lock.packages.is_empty() {
            let list = folder.join("lock.txt");
            fs::write(&list, lock.text()).map_err(SnapshotError::io("write", &list))?;
            let target = folder.join("bin/python");
            let fill = match &uv {
                Some(uv) => self
                    .invocation(uv, &["pip", "install", "--no-progress", "--python"])
                    .with([target.as_os_str()])
                    .words(&["--link-mode", "copy", "--compile-bytecode"]),
                None => {
                    let with_pip = self.python_with_pip(environment, folder)?;
                    self.invocation(&with_pip, &["-I", "-m", "pip", "--python"])
                        .with([target.as_os_str()])
                        .words(&["install", "--no-input", "--disable-pip-version-check"])
                        .words(&["--progress-bar", "off"])
                }
            };
            let sources = from_source.iter().flat_map(|name| ["--no-binary", name]);
            let fill = fill
                .words(&["--require-hashes", "--no-deps", "--only-binary", ":all:"])
                .words(&sources.collect::<Vec<_>>())
                .words(&["--requirement"])
                .with([list.as_os_str()]);
            self.follow(environment, &fill)?.map_err(failed)?;
            let _ = fs::remove_dir_all(folder.join("pip"));
        }
        forget_uv(folder);
        let bin = folder.join("bin");
        free_scripts(&bin, folder).map_err(SnapshotError::io("rewrite", &bin))?;
        Ok(())
    }

    /// A Python that has pip: the interpreter, or an environment of it that is gone with the rest.
    fn python_with_pip(&self, environment: &str, folder: &Path) -> Result<PathBuf, EngineError> {
        let python = &self.interpreter.executable;
        let ask = self.invocation(python, &["-I", "-m", "pip", "--version"]);
        if self.follow(environment, &ask)?.is_ok() {
            return Ok(python.clone());
        }
        let own = folder.join("pip");
        let make = self.invocation(python, &["-I", "-m", "venv"]).with([own.as_os_str()]);
        self.follow(environment, &make)?
            .map_err(|said| EngineError::NoInstaller { python: python.clone(), said })?;
        Ok(own.join("bin/python"))
    }

    fn invocation(&self, program: &Path, words: &[&str]) -> Words {
        let EngineOptions { network, ca_bundle, folder, .. } = self.settings;
        let ca_bundle = ca_bundle.as_ref().map(|path| path.to_string_lossy());
        let mut env = network.variables(ca_bundle.as_deref());
        env.extend(ALONE.map(|(name, value)| (name, value.to_owned())));
        // As pip does, in every index. What is not meant to be installed has another hash.
        env.push(("UV_INDEX_STRATEGY", "unsafe-best-match".to_owned()));
        Words(Invocation {
            env,
            only: Some(self.settings.variables.for_installers()),
            secrets: network.secrets(),
            // Not the project's: a `uv.toml` there could name an index.
            folder: Some(folder.clone()),
            ..Invocation::new(program, words)
        })
    }

    /// Runs an installer; what it said at the end, if it failed.
    fn follow(&self, environment: &str, words: &Words) -> Result<Result<(), String>, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        let output = process::stream(&words.0, until, self.emitter, |line| {
            self.emitter.emit(&Event::BuildProgress { environment, line });
        })?;
        if output.code == 0 {
            return Ok(Ok(()));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let said = lines[lines.len().saturating_sub(TOLD_LINES)..].join("\n");
        Ok(Err(if said.is_empty() { format!("it ended with {}", output.code) } else { said }))
    }
}

/// What tells an environment with packages that were built from any other of its locks: what its
/// packages say that they installed, which has a hash for each file but for those that Python makes.
pub(super) fn built(folder: &Path) -> Result<String, EngineError> {
    let failed = |error| EngineError::from(SnapshotError::io("read", folder)(error));
    let mut records: Vec<String> = Vec::new();
    for python in fs::read_dir(folder.join("lib")).map_err(failed)? {
        let packages = python.map_err(failed)?.path().join("site-packages");
        for package in fs::read_dir(packages).map_err(failed)? {
            let record = package.map_err(failed)?.path().join("RECORD");
            let text = fs::read_to_string(record).unwrap_or_default();
            let hashed = |line: &&str| line.contains(",sha256=") && !line.contains("/INSTALLER,");
            records.extend(text.lines().filter(hashed).map(str::to_owned));
        }
    }
    records.sort();
    Ok(HashBuilder::new("records").with_all(records.iter()).hash().to_string())
}

/// Removes the module that uv adds to an environment: a program could import it, and pip has none.
fn forget_uv(folder: &Path) {
    for python in fs::read_dir(folder.join("lib")).into_iter().flatten().flatten() {
        for file in ["_virtualenv.py", "_virtualenv.pth"] {
            // Not there if uv did not make it.
            let _ = fs::remove_file(python.path().join("site-packages").join(file));
        }
    }
}

/// A command that grows.
struct Words(Invocation);

impl Words {
    fn words(self, words: &[&str]) -> Words {
        let words: Vec<&std::ffi::OsStr> = words.iter().map(std::ffi::OsStr::new).collect();
        self.with(words)
    }

    fn with<'w>(mut self, words: impl IntoIterator<Item = &'w std::ffi::OsStr>) -> Words {
        self.0.args.extend(words.into_iter().map(Into::into));
        self
    }
}

/// Has each script of an environment start the Python beside itself, so that the environment can be
/// anywhere, and everywhere at once.
fn free_scripts(bin: &Path, environment: &Path) -> io::Result<()> {
    for entry in fs::read_dir(bin)? {
        let path = entry?.path();
        if !path.symlink_metadata()?.is_file() {
            continue;
        }
        let text = fs::read(&path)?;
        if let Some(body) = body(&text, environment.as_os_str().as_bytes()) {
            // Written in place: it keeps its mode.
            fs::write(&path, [BESIDE, body].concat())?;
        }
    }
    Ok(())
}

/// What stands behind the lines of a script that start the Python of an environment: one line, or
/// three where a path is too long for one or has a space.
fn body<'t>(text: &'t [u8], environment: &[u8]) -> Option<&'t [u8]> {
    let python = [environment, b"/bin/"].concat();
    let mut lines = text.splitn(4, |byte| *byte == b'\n');
    let (first, second) = (lines.next()?, lines.next()?);
    let names = |line: &[u8]| line.windows(python.len()).any(|window| window == python);
    if first.starts_with(b"#!") && names(first) {
        return text.get(first.len() + 1..);
    }
    let third = lines.next()?;
    let is_long = first == b"#!/bin/sh" && second.starts_with(b"'''exec'") && names(second);
    is_long.then(|| &text[first.len() + second.len() + third.len() + 3..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_of_either_form_keeps_its_body_alone() {
        let environment = b"/home/a b/e";
        for text in [
            "#!/home/a b/e/bin/python3\nimport x\n",
            "#!/bin/sh\n'''exec' '/home/a b/e/bin/python' \"$0\" \"$@\"\n' '''\nimport x\n",
        ] {
            assert_eq!(body(text.as_bytes(), environment), Some(&b"import x\n"[..]), "{text}");
        }
        for text in ["#!/bin/sh\necho\nexit\n", "#!/usr/bin/python3\nimport x\n", "\x7fELF", ""] {
            assert_eq!(body(text.as_bytes(), environment), None, "{text}");
        }
    }

    #[test]
    fn a_freed_script_finds_the_python_beside_itself() {
        let folder = tempfile::Builder::new().prefix("a b é").tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let script = bin.join("tool");
        fs::write(&script, format!("#!{}/python\nprint(1)\n", bin.display())).unwrap();
        free_scripts(&bin, folder.path()).unwrap();
        assert!(fs::read(&script).unwrap().ends_with(b"' '''\nprint(1)\n"));
    }
}
