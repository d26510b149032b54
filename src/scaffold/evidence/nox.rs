//! Reads the sessions of `noxfile.py` as syntax, without executing it.
//!
//! A session is a function with the decorator `session`. Its calls of `run` and `install` count where
//! their arguments are texts, lists of texts, constants of the module, entries of its dictionaries, or the
//! default of `posargs`. A session with the decorator `parametrize` counts once for each of its values.
//! Conditions and loops are not understood: what is in them counts as if it always ran.

mod values;

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::installs::Installed;
use super::python_tokens::{Token, tokenize};
use super::tasks::{Call, RunScope, Task, TaskId, TaskProgram, Tasks};
use values::Arguments;

/// The most combinations of parameters of one session.
const MOST_COMBINATIONS: usize = 20;

/// The constants of the module and the variables of a function. The entry of a dictionary has the name
/// `NAME[KEY]`.
type Constants = BTreeMap<String, Vec<String>>;

/// Reads the sessions.
pub(super) fn read_tasks(files: &BTreeMap<&str, &str>, tasks: &mut Tasks) {
    let Some(text) = files.get("noxfile.py") else { return };
    let tokens = tokenize(text);
    let mut reader = Reader { tokens: &tokens, at: 0, constants: Constants::new(), defaults: None };
    for (name, task) in reader.read_sessions() {
        tasks.insert(TaskId::new(TaskProgram::Nox, &name), task);
    }
}

struct Reader<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    constants: Constants,
    /// The sessions of `nox.options.sessions`.
    defaults: Option<Vec<String>>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(_, token)| token)
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.peek(ahead) == Some(&Token::Sign(sign))
    }

    fn name(&self, ahead: usize) -> Option<&str> {
        match self.peek(ahead)? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn read_sessions(&mut self) -> Vec<(String, Task)> {
        let mut sessions: Vec<(String, Task)> = Vec::new();
        let mut decorator: Option<Decorator> = None;
        let mut combinations = vec![Constants::new()];
        while self.at < self.tokens.len() {
            if self.peek(0) != Some(&Token::Line(0)) {
                self.at += 1;
                continue;
            }
            self.at += 1;
            if self.is_sign(0, '@') {
                self.at += 1;
                let name = self.name(0).unwrap_or_default().to_owned();
                let is_session = name == "session" || name.ends_with(".session");
                if is_session {
                    decorator = Some(self.read_decorator());
                } else if name.ends_with("parametrize") {
                    combinations = combine(&combinations, &self.read_parameters());
                }
            } else if self.name(0) == Some("def") {
                let name = self.name(1).unwrap_or_default().to_owned();
                let combinations = std::mem::replace(&mut combinations, vec![Constants::new()]);
                if let Some(decorator) = decorator.take() {
                    let task = self.read_function(&decorator, &combinations);
                    sessions.push((
                        decorator.name.unwrap_or_else(|| name.replace('_', "-")),
                        task.clone(),
                    ));
                    sessions.push((name, task));
                }
            } else if self.is_sign(1, '=') || self.is_sign(1, ':') {
                self.read_assignment();
            }
        }
        if let Some(defaults) = &self.defaults {
            for (name, task) in &mut sessions {
                task.is_default = defaults.contains(name);
            }
        }
        sessions
    }

    fn read_decorator(&mut self) -> Decorator {
        let mut decorator = Decorator { name: None, is_default: true };
        self.at += 1;
        while let Some(token) = self.peek(0) {
            if matches!(token, Token::Line(_)) {
                break;
            }
            if self.is_sign(1, '=') {
                let key = self.name(0).unwrap_or_default().to_owned();
                match (key.as_str(), self.peek(2)) {
                    ("name", Some(Token::Text(name))) => decorator.name = Some(name.clone()),
                    ("default", Some(Token::Name(value))) => {
                        decorator.is_default = value == "True";
                    }
                    _ => {}
                }
            }
            self.at += 1;
        }
        decorator
    }

    /// Reads `NAME = value`, also with a type. The value is kept if it is known.
    fn read_assignment(&mut self) {
        let Some(name) = self.name(0).map(str::to_owned) else { return };
        self.at += 1;
        while !matches!(self.peek(0), None | Some(Token::Line(_) | Token::Sign('='))) {
            self.at += 1;
        }
        if !self.is_sign(0, '=') {
            return;
        }
        self.at += 1;
        if self.is_sign(0, '{') {
            self.read_dictionary(&name);
            return;
        }
        let Some(values) = self.read_value(0) else { return };
        if name.ends_with("options.sessions") {
            self.defaults = Some(values);
        } else {
            self.constants.insert(name, values);
        }
    }

    /// Reads a function once for each combination of its parameters.
    fn read_function(&mut self, decorator: &Decorator, combinations: &[Constants]) -> Task {
        let mut task = Task { is_default: decorator.is_default, ..Task::default() };
        let module = self.constants.clone();
        let start = self.at;
        for combination in combinations {
            self.at = start;
            self.constants.extend(combination.clone());
            self.read_body(&mut task);
            self.constants.clone_from(&module);
        }
        task
    }

    fn read_body(&mut self, task: &mut Task) {
        let mut installs = Installed::default();
        while let Some(token) = self.peek(0) {
            if *token == Token::Line(0) {
                break;
            }
            let line = self.tokens[self.at].0;
            let method =
                self.name(0).and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_owned());
            let method = method.filter(|_| self.is_sign(1, '('));
            match method.as_deref() {
                Some("run" | "run_always" | "run_install") => {
                    self.at += 2;
                    let Arguments { values, ignores } = self.read_arguments();
                    let origin = EvidenceOrigin { file: "noxfile.py".to_owned(), line };
                    if let Some(more) = super::wrappers::installed(&values) {
                        installs.extend(more);
                    } else if !values.is_empty() && !ignores {
                        let scope = RunScope { installs: installs.clone(), ..RunScope::default() };
                        task.calls.push(Call { words: values, origin, scope, ..Call::default() });
                    }
                }
                Some("install") => {
                    self.at += 2;
                    let values = self.read_arguments().values;
                    installs.extend(Installed::from_words(values));
                }
                Some("notify") => {
                    self.at += 2;
                    task.requires.extend(self.read_arguments().values.into_iter().take(1));
                }
                _ if matches!(token, Token::Line(_))
                    && self.name(1).is_some()
                    && self.is_sign(2, '=') =>
                {
                    self.at += 1;
                    self.read_assignment();
                }
                _ => self.at += 1,
            }
        }
    }
}

/// All combinations of one of the first with one of the others. Without others, the first are left.
fn combine(first: &[Constants], others: &[Constants]) -> Vec<Constants> {
    if others.is_empty() {
        return first.to_vec();
    }
    let pairs = first.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let joined = pairs.map(|(one, other)| one.iter().chain(other));
    joined
        .map(|entries| entries.map(|(name, values)| (name.clone(), values.clone())).collect())
        .take(MOST_COMBINATIONS)
        .collect()
}

struct Decorator {
    name: Option<String>,
    is_default: bool,
}
