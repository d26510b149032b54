//! Takes the starters off a command, such as `uv run`, `poetry run`, `python -m` and `env`, and
//! recognises calls of tasks and hooks.

use super::installs::Installed;
use super::tasks::{RunScope, TaskProgram};

/// A command without its starters.
pub(super) struct Unwrapped {
    pub(super) words: Vec<String>,
    pub(super) scope: RunScope,
    /// The folder in which a starter runs it.
    pub(super) folder: Option<String>,
}

/// The start of a name that stands for all environments of tox with these factors.
pub(super) const FACTORS: &str = "-f ";
/// The start of a name that stands for all environments of tox with this label.
pub(super) const LABEL: &str = "-m ";

/// The most starters of one command.
const MOST: usize = 8;

/// Options of `uv run`, `uvx` and `pipx run` with a value.
const VALUED: &[&str] = &[
    "--cache-dir",
    "--config-file",
    "--constraints",
    "--directory",
    "--env-file",
    "--extra",
    "--from",
    "--group",
    "--index",
    "--index-url",
    "--link-mode",
    "--no-extra",
    "--no-group",
    "--only-group",
    "--overrides",
    "--package",
    "--pip-args",
    "--project",
    "--python",
    "--resolution",
    "--spec",
    "--with",
    "--with-editable",
    "--with-requirements",
    "-p",
    "-w",
];

/// Takes the starters off.
pub(super) fn unwrap(words: &[String], scope: &RunScope) -> Unwrapped {
    let mut unwrapped = Unwrapped { words: words.to_vec(), scope: scope.clone(), folder: None };
    for _ in 0..MOST {
        if !unwrap_once(&mut unwrapped) {
            break;
        }
    }
    unwrapped
}

fn unwrap_once(unwrapped: &mut Unwrapped) -> bool {
    let words = &unwrapped.words;
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    let is_assignment = word(0).split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    let program = word(0).rsplit('/').next().unwrap_or_default().to_owned();
    match (program.as_str(), word(1)) {
        _ if is_assignment => unwrapped.skip(1),
        ("env" | "time" | "exec" | "command" | "sudo" | "nice" | "xvfb-run", _) => {
            unwrapped.skip(1);
        }
        ("uv" | "poetry", "--directory") | ("make" | "gmake" | "poetry", "-C") => {
            unwrapped.folder = Some(word(2).to_owned()).filter(|folder| !folder.is_empty());
            unwrapped.words.drain(1..words.len().min(3));
        }
        ("poetry" | "pipenv" | "rye", "run") => unwrapped.skip(2),
        ("uv", "run") => unwrapped.skip_options(2),
        ("uv", "tool") if word(2) == "run" => unwrapped.run_apart(3),
        ("pipx", "run") => unwrapped.run_apart(2),
        ("uvx", _) => unwrapped.run_apart(1),
        ("coverage", "run") => {
            return unwrapped.skip_to_module(2);
        }
        (python, _) if is_python(python) => return unwrapped.skip_to_module(1),
        // The path of a program in a virtual environment.
        _ if word(0).contains('/') && word(0).contains("bin/") => unwrapped.words[0] = program,
        _ => return false,
    }
    true
}

fn is_python(program: &str) -> bool {
    let version = program.strip_prefix("python").or(program.strip_prefix("pypy"));
    program == "py"
        || version.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

impl Unwrapped {
    fn skip(&mut self, count: usize) {
        self.words.drain(..count.min(self.words.len()));
    }

    /// Skips to what follows `-m`; a script of Python is not followed.
    fn skip_to_module(&mut self, from: usize) -> bool {
        let mut at = from;
        while let Some(word) = self.words.get(at) {
            match word.as_str() {
                "-m" => {
                    self.skip(at + 1);
                    return true;
                }
                "-W" | "-X" | "-p" | "--rcfile" | "--source" => at += 2,
                option if option.starts_with('-') => at += 1,
                _ => return false,
            }
        }
        false
    }

    fn skip_options(&mut self, from: usize) {
        let mut at = from;
        while let Some(word) = self.words.get(at).cloned() {
            if word == "--" || word == "-m" || word == "--module" {
                at += 1;
                break;
            }
            if !word.starts_with('-') {
                break;
            }
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = attached;
            if value.is_none() && VALUED.contains(&name) {
                at += 1;
                value = self.words.get(at).cloned();
            }
            match (name, value) {
                ("--with" | "--from" | "--spec" | "-w", Some(value)) => {
                    self.scope.installs.packages.extend(value.split(',').map(str::to_owned));
                }
                (
                    option @ ("--group" | "--only-group" | "--extra" | "--with-requirements"),
                    Some(value),
                ) => {
                    self.scope.installs.add_option(option, &value);
                }
                ("--directory", Some(value)) => self.folder = Some(value),
                ("--no-project" | "--isolated", _) => self.scope.is_isolated = true,
                _ => {}
            }
            at += 1;
        }
        self.skip(at);
    }

    /// A program in an environment of its own: `uvx ruff@0.5.0 check`.
    fn run_apart(&mut self, from: usize) {
        self.skip_options(from);
        self.scope.is_isolated = true;
        if let Some(first) = self.words.first_mut() {
            let written = first.clone();
            if let Some((name, version)) = written.split_once('@').or(written.split_once("==")) {
                name.clone_into(first);
                let is_exact = version.starts_with(|c: char| c.is_ascii_digit());
                self.scope.version = is_exact.then(|| version.to_owned());
            }
        }
    }
}

/// The packages that a command installs; none if it installs nothing.
pub(super) fn installed(words: &[String]) -> Option<Installed> {
    let inner = unwrap(words, &RunScope::default()).words;
    let at = match inner.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["uv" | "poetry" | "pdm", "sync" | "install", ..] => 2,
        ["pip" | "pip3" | "pipx", "install", ..] => 2,
        ["uv", "pip" | "tool", "install", ..] => 3,
        _ => return None,
    };
    Some(Installed::from_words(inner.into_iter().skip(at)))
}

/// The tasks that a command calls: all default ones if it names none.
pub(super) fn called_tasks(
    words: &[String],
    is_known: &dyn Fn(TaskProgram, &str) -> bool,
) -> Option<(TaskProgram, Vec<String>)> {
    let first = words.first().map(String::as_str)?;
    let rest = &words[1..];
    let plain = || rest.iter().find(|word| !word.starts_with('-')).cloned();
    match first {
        "tox" => Some((TaskProgram::Tox, tox_names(rest))),
        "nox" => Some((TaskProgram::Nox, nox_names(rest))),
        "make" | "gmake" | "$(MAKE)" | "${MAKE}" => {
            let is_target = |word: &&String| !word.starts_with('-') && !word.contains('=');
            Some((TaskProgram::Make, rest.iter().filter(is_target).cloned().collect()))
        }
        "just" => Some((TaskProgram::Just, plain().into_iter().collect())),
        "poe" => Some((TaskProgram::Poe, vec![plain()?])),
        "task" => Some((TaskProgram::Taskipy, vec![plain()?])),
        "pdm" => {
            let name = rest.iter().find(|word| *word != "run" && !word.starts_with('-'))?;
            is_known(TaskProgram::Pdm, name).then(|| (TaskProgram::Pdm, vec![name.clone()]))
        }
        "hatch" => {
            let at = rest.iter().position(|word| word == "run")?;
            let environment = rest[..at].windows(2).find(|pair| pair[0] == "-e");
            let name = rest[at + 1..].iter().find(|word| !word.starts_with('-'))?;
            let name = match (environment, name.contains(':')) {
                (Some(pair), _) => format!("{}:{name}", pair[1]),
                (None, true) => name.clone(),
                (None, false) => format!("default:{name}"),
            };
            Some((TaskProgram::Hatch, vec![name]))
        }
        _ => None,
    }
}

fn tox_names(words: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let value = match word.as_str() {
            "-e" | "--env" => words.next().cloned(),
            // Both select from the list of environments.
            "-f" => words.next().map(|factors| format!("{FACTORS}{factors}")),
            "-m" => words.next().map(|label| format!("{LABEL}{label}")),
            word => word.strip_prefix("-e").map(|value| value.trim_start_matches('=').to_owned()),
        };
        names.extend(value.iter().flat_map(|value| value.split(',')).map(str::to_owned));
    }
    names
}

fn nox_names(words: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_session = false;
    for word in words.iter().take_while(|word| *word != "--") {
        if word.starts_with('-') {
            let value = ["-s", "-e", "--session", "--sessions"].contains(&word.as_str());
            is_session = value;
            let attached = word.strip_prefix("--session=").or(word.strip_prefix("--sessions="));
            names.extend(attached.map(str::to_owned));
        } else if is_session {
            names.push(word.clone());
        }
    }
    for name in &mut names {
        // `lint-3.12` and `tests(x=1)` are sessions with a parameter.
        let plain = name.split('(').next().unwrap_or_default();
        let plain = match plain.rsplit_once('-') {
            Some((plain, python)) if python.starts_with(|c: char| c.is_ascii_digit()) => plain,
            _ => plain,
        };
        *name = plain.to_owned();
    }
    names
}

/// The hook that a command runs, or all hooks; none if the command does not run pre-commit.
pub(super) fn called_hooks(words: &[String]) -> Option<Option<String>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pre-commit" | "pre_commit" | "prek", "run", rest @ ..] => {
            let mut rest = rest.iter();
            while let Some(word) = rest.next() {
                match *word {
                    "-c" | "--config" | "--hook-stage" | "--files" | "--from-ref" | "--to-ref"
                    | "--color" => {
                        rest.next();
                    }
                    option if option.starts_with('-') => {}
                    id => return Some(Some(id.to_owned())),
                }
            }
            Some(None)
        }
        _ => None,
    }
}
