//! Creates and fills virtual environments with uv or pip.
//!
//! An environment does not depend on its path: its scripts find the interpreter in their own
//! folder. The installer gets the text of the lock.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineError, EngineOptions};
use super::guarded;
use super::interpreter::Interpreter;
use crate::event::Event;
use crate::hash::HashBuilder;
use crate::lock::Lock;
use crate::network::ALONE;
use crate::outcome::RawOutput;
use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::snapshot::SnapshotError;

/// The time limit of an installation.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The number of lines of a failed installation in its error.
const ERROR_LINES: usize = 25;

/// The first lines of a script that starts the Python in its own folder, also through links. They
/// are both a shell command and a Python string.
const RELOCATABLE_HEAD: &[u8] = b"#!/bin/sh\n\
    '''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/python \"$0\" \"$@\"\n' '''\n";

/// Creates and fills virtual environments.
#[derive(Clone, Copy)]
pub(super) struct Installer<'a, 'e> {
    pub(super) settings: &'a EngineOptions,
    pub(super) interpreter: &'a Interpreter,
    pub(super) cancel: &'a Cancel,
    pub(super) emitter: &'a Emitter<'e>,
}

impl Installer<'_, '_> {
    /// Creates an environment with the packages of a lock in an empty folder.
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
            |message| EngineError::InstallFailed { environment: environment.to_owned(), message };
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
        remove_uv_module(folder);
        let bin = folder.join("bin");
        relocate_scripts(&bin, folder).map_err(SnapshotError::io("rewrite", &bin))?;
        Ok(())
    }

    /// A Python with pip: the interpreter, or a temporary environment of it.
    fn python_with_pip(&self, environment: &str, folder: &Path) -> Result<PathBuf, EngineError> {
        let python = &self.interpreter.executable;
        let ask = self.invocation(python, &["-I", "-m", "pip", "--version"]);
        if self.follow(environment, &ask)?.is_ok() {
            return Ok(python.clone());
        }
        let own = folder.join("pip");
        let make = self.invocation(python, &["-I", "-m", "venv"]).with([own.as_os_str()]);
        self.follow(environment, &make)?
            .map_err(|message| EngineError::NoInstaller { python: python.clone(), message })?;
        Ok(own.join("bin/python"))
    }

    pub(super) fn invocation(&self, program: &Path, words: &[&str]) -> Words {
        let EngineOptions { network, ca_bundle, folder, .. } = self.settings;
        let ca_bundle = ca_bundle.as_ref().map(|path| path.to_string_lossy());
        let mut ours = network.variables(ca_bundle.as_deref());
        ours.extend(ALONE.map(|(name, value)| (name, value.to_owned())));
        // Search all indexes, as pip does. The locked hashes exclude other packages.
        ours.push(("UV_INDEX_STRATEGY", "unsafe-best-match".to_owned()));
        let command = std::iter::once(program.into()).chain(words.iter().map(OsString::from));
        let mut only = self.settings.variables.for_installers(&self.settings.secrets);
        // The files of a killed installer are removed with this folder.
        only.insert("TMPDIR".to_owned(), folder.clone().into());
        Words(Invocation {
            env: ours.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            only: Some(only),
            secrets: network.secrets(),
            // Not the project's folder, where a `uv.toml` could name an index.
            folder: Some(folder.clone()),
            ..guarded(&self.interpreter.executable, command)
        })
    }

    /// Runs an installer; returns its last lines if it failed.
    pub(super) fn follow(
        &self,
        environment: &str,
        words: &Words,
    ) -> Result<Result<(), String>, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        let output = process::stream(&words.0, until, self.emitter, |line| {
            self.emitter.emit(&Event::BuildProgress { environment, line });
        })?;
        if output.code == 0 {
            return Ok(Ok(()));
        }
        Ok(Err(last_lines(&output)))
    }
}

/// The last lines of a program that failed, or its exit status if it printed nothing.
pub(super) fn last_lines(output: &RawOutput) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let message = lines[lines.len().saturating_sub(ERROR_LINES)..].join("\n");
    if message.is_empty() { format!("exit status {}", output.code) } else { message }
}

/// Identifies an environment with packages that were built from source, by the hashes of all
/// installed files in the packages' `RECORD`. Files that Python generates have none.
pub(super) fn hash_records(folder: &Path) -> Result<String, EngineError> {
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

/// Removes the module that uv adds to an environment, which pip does not add.
fn remove_uv_module(folder: &Path) {
    for python in fs::read_dir(folder.join("lib")).into_iter().flatten().flatten() {
        for file in ["_virtualenv.py", "_virtualenv.pth"] {
            // It is missing if pip filled the environment.
            let _ = fs::remove_file(python.path().join("site-packages").join(file));
        }
    }
}

/// A command that arguments are added to.
pub(super) struct Words(Invocation);

impl Words {
    fn words(self, words: &[&str]) -> Words {
        let words: Vec<&std::ffi::OsStr> = words.iter().map(std::ffi::OsStr::new).collect();
        self.with(words)
    }

    pub(super) fn with<'w>(
        mut self,
        words: impl IntoIterator<Item = &'w std::ffi::OsStr>,
    ) -> Words {
        self.0.args.extend(words.into_iter().map(Into::into));
        self
    }
}

/// Makes each script of an environment start the Python in its own folder, so that the environment
/// works under any path, and under several at once.
fn relocate_scripts(bin: &Path, environment: &Path) -> io::Result<()> {
    for entry in fs::read_dir(bin)? {
        let path = entry?.path();
        if !path.symlink_metadata()?.is_file() {
            continue;
        }
        let text = fs::read(&path)?;
        if let Some(body) = body(&text, environment.as_os_str().as_bytes()) {
            // Written in place, to keep the mode.
            fs::write(&path, [RELOCATABLE_HEAD, body].concat())?;
        }
    }
    Ok(())
}

/// The part of a script after the lines that start the Python of an environment: one line, or three
/// if its path is too long or contains a space.
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
    fn a_relocated_script_finds_the_python_in_its_own_folder() {
        let folder = tempfile::Builder::new().prefix("a b é").tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let script = bin.join("tool");
        fs::write(&script, format!("#!{}/python\nprint(1)\n", bin.display())).unwrap();
        relocate_scripts(&bin, folder.path()).unwrap();
        assert!(fs::read(&script).unwrap().ends_with(b"' '''\nprint(1)\n"));
    }
}
