//! Reads values: texts, lists of texts, constants, and entries of dictionaries.

use super::{Constants, Reader};
use crate::scaffold::evidence::python_tokens::Token;

/// The most values of one list.
const MOST_VALUES: usize = 200;
/// The deepest expression.
const DEEPEST: usize = 20;

/// The known arguments of a call.
pub(super) struct Arguments {
    pub(super) values: Vec<String>,
    /// Whether the failure of the command is ignored.
    pub(super) ignores: bool,
}

impl Reader<'_> {
    /// Reads the names and the values of a decorator `parametrize`: the constants of each value. None of
    /// them is known if one is not.
    pub(super) fn read_parameters(&mut self) -> Vec<Constants> {
        self.at += 2;
        let names = self.read_value(0).unwrap_or_default().join(",");
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        let mut parameters = Vec::new();
        if !self.is_sign(0, ',') || !(self.is_sign(1, '[') || self.is_sign(1, '(')) {
            return parameters;
        }
        self.at += 2;
        while !(self.is_sign(0, ']') || self.is_sign(0, ')')) {
            let Some(values) = self.read_value(0) else { return Vec::new() };
            let name = |at: usize| names[at].to_owned();
            if names.len() == 1 {
                parameters.push(Constants::from([(name(0), values)]));
            } else if names.len() == values.len() {
                let values = values.into_iter().enumerate();
                parameters.push(values.map(|(at, value)| (name(at), vec![value])).collect());
            } else {
                return Vec::new();
            }
            if self.is_sign(0, ',') {
                self.at += 1;
            }
        }
        parameters
    }

    /// Reads a dictionary. An entry is kept if its key is a text and its value is known.
    pub(super) fn read_dictionary(&mut self, name: &str) {
        self.at += 1;
        let mut left = MOST_VALUES;
        while !matches!(self.peek(0), None | Some(Token::Line(0) | Token::Sign('}'))) && left > 0 {
            left -= 1;
            let key = match self.peek(0) {
                Some(Token::Text(key)) if self.is_sign(1, ':') => Some(key.clone()),
                _ => None,
            };
            self.at += if key.is_some() { 2 } else { 0 };
            let start = self.at;
            let values = self.read_value(0);
            let is_whole = matches!(self.peek(0), Some(Token::Sign(',' | '}')));
            match (key, values) {
                (Some(key), Some(values)) if is_whole => {
                    self.constants.insert(format!("{name}[{key}]"), values);
                }
                _ => {
                    self.at = start;
                    self.skip_value();
                }
            }
            if self.is_sign(0, ',') {
                self.at += 1;
            }
        }
    }

    /// Reads arguments after the opening bracket, up to the closing one.
    pub(super) fn read_arguments(&mut self) -> Arguments {
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
    pub(super) fn read_value(&mut self, depth: usize) -> Option<Vec<String>> {
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
                if self.is_sign(0, '[') {
                    self.at += 1;
                    let key = self.read_value(depth + 1)?.join(" ");
                    if !self.is_sign(0, ']') {
                        return None;
                    }
                    self.at += 1;
                    self.constants.get(&format!("{name}[{key}]"))?.clone()
                } else {
                    self.constants.get(&name)?.clone()
                }
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
