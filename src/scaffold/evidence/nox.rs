//! Reads the sessions of `noxfile.py` as syntax, without executing it.
//!
//! A session is a function with the decorator `session`. Its calls of `run` and `install` count where
//! their arguments are texts, lists of texts, constants of the module, or the default of `posargs`.
//! Conditions and loops are not understood: what is in them counts as if it always ran.

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::installs::Installed;
use super::python_tokens::{Token, tokenize};
use super::tasks::{Call, RunScope, Task, TaskId, TaskProgram, Tasks};

/// The most values of one list.
const MOST_VALUES: usize = 200;
/// The deepest expression.
const DEEPEST: usize = 20;

/// The constants of the module and the variables of a function.
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
                }
            } else if self.name(0) == Some("def") {
                let name = self.name(1).unwrap_or_default().to_owned();
                if let Some(decorator) = decorator.take() {
                    let task = self.read_function(&decorator);
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
        let Some(values) = self.read_value(0) else { return };
        if name.ends_with("options.sessions") {
            self.defaults = Some(values);
        } else {
            self.constants.insert(name, values);
        }
    }

    fn read_function(&mut self, decorator: &Decorator) -> Task {
        let mut task = Task { is_default: decorator.is_default, ..Task::default() };
        let module = self.constants.clone();
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
        self.constants = module;
        task
    }

    /// Reads arguments after the opening bracket, up to the closing one.
    fn read_arguments(&mut self) -> Arguments {
        let mut arguments = Arguments { values: Vec::new(), ignores: false };
        while let Some(token) = self.peek(0) {
            match token {
                Token::Sign(')') => {
                    self.at += 1;
                    break;
                }
                Token::Sign(',') => self.at += 1,
                Token::Line(0) => break,
                Token::Name(name) if self.is_sign(1, '=') && !self.is_sign(2, '=') => {
                    // `success_codes` makes failures succeed.
                    arguments.ignores |= name == "success_codes";
                    self.at += 2;
                    self.skip_value();
                }
                _ => {
                    let start = self.at;
                    let values = self.read_value(0);
                    let is_whole = matches!(self.peek(0), Some(Token::Sign(',' | ')')));
                    match values {
                        Some(values) if is_whole => arguments.values.extend(values),
                        _ => {
                            self.at = start;
                            self.skip_value();
                        }
                    }
                    arguments.values.truncate(MOST_VALUES);
                }
            }
        }
        arguments
    }

    /// Skips to the comma or bracket that ends a value.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') if depth == 0 => return,
                Token::Sign(')' | ']' | '}') => depth -= 1,
                Token::Sign(',') if depth == 0 => return,
                Token::Line(0) => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Reads a value as a list of texts; none if it is not known.
    fn read_value(&mut self, depth: usize) -> Option<Vec<String>> {
        if depth > DEEPEST {
            return None;
        }
        if self.is_sign(0, '*') {
            self.at += 1;
        }
        let mut values = match self.peek(0)?.clone() {
            Token::Text(text) => {
                self.at += 1;
                let mut text = text;
                // Adjacent texts are one.
                while let Some(Token::Text(more)) = self.peek(0) {
                    text.push_str(more);
                    self.at += 1;
                }
                vec![text]
            }
            Token::Sign(open @ ('[' | '(')) => {
                self.at += 1;
                let close = if open == '[' { ']' } else { ')' };
                let mut values = Vec::new();
                while !self.is_sign(0, close) {
                    if self.is_sign(0, ',') {
                        self.at += 1;
                        continue;
                    }
                    values.extend(self.read_value(depth + 1)?);
                    if values.len() > MOST_VALUES {
                        return None;
                    }
                }
                self.at += 1;
                values
            }
            Token::Name(name) if name.ends_with(".posargs") => {
                self.at += 1;
                Vec::new()
            }
            Token::Name(name) => {
                // A call, `tuple(names)` for example, is not followed.
                if self.is_sign(1, '(') {
                    return None;
                }
                self.at += 1;
                self.constants.get(&name)?.clone()
            }
            Token::Other | Token::Sign(_) | Token::Line(_) => return None,
        };
        match self.name(0) {
            Some("or") => {
                self.at += 1;
                let other = self.read_value(depth + 1)?;
                if values.is_empty() {
                    values = other;
                }
            }
            // The condition is about arguments that are not given.
            Some("if") => {
                while !matches!(self.name(0), Some("else")) {
                    if matches!(self.peek(0), None | Some(Token::Line(_))) {
                        return None;
                    }
                    self.at += 1;
                }
                self.at += 1;
                values = self.read_value(depth + 1)?;
            }
            _ => {}
        }
        if self.is_sign(0, '+') {
            self.at += 1;
            values.extend(self.read_value(depth + 1)?);
        }
        Some(values)
    }
}

struct Decorator {
    name: Option<String>,
    is_default: bool,
}

struct Arguments {
    values: Vec<String>,
    ignores: bool,
}
