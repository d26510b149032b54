//! Conditions on an environment (PEP 508 markers), such as `os_name == "nt" and extra == "xml"`.
//!
//! Removes the comparisons that the project's settings decide: whether an extra or a group is
//! wanted. Every other comparison stays word for word, because a lock's hash covers it and the
//! installer decides it.
//!
//! No crate does that. `pep508_rs` 0.9.2 rewrites markers to a form of its own (`python_version <
//! "3.12"` to `python_full_version < '3.12'`), so a release of it could change the hash of every
//! lock. It refuses `extras` and `dependency_groups` of PEP 751, and needs 37 packages more.
//! `uv-pep508` is internal to uv: it promises no stability and needs the newest Rust.

use std::fmt;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// It holds, or it does not.
    Decided(bool),
    /// A comparison, word for word.
    Atom(String),
    /// All of these hold.
    All(Vec<Marker>),
    /// One of these holds.
    Any(Vec<Marker>),
}

impl Marker {
    /// Parses a condition; none if the text is not a valid one.
    pub(super) fn parse(text: &str) -> Option<Marker> {
        let mut words = words(text)?.into_iter().peekable();
        let marker = any(&mut words)?;
        words.next().is_none().then_some(marker)
    }

    /// The same once each comparison that `decide` knows is decided.
    pub(super) fn decided(self, decide: &impl Fn(&str) -> Option<bool>) -> Marker {
        let each = |parts: Vec<Marker>| parts.into_iter().map(|part| part.decided(decide));
        match self {
            Marker::Atom(text) => match decide(&text) {
                Some(holds) => Marker::Decided(holds),
                None => Marker::Atom(text),
            },
            Marker::All(parts) => Marker::all(each(parts)),
            Marker::Any(parts) => Marker::any(each(parts)),
            decided @ Marker::Decided(_) => decided,
        }
    }

    /// All of these hold.
    pub(super) fn all(parts: impl IntoIterator<Item = Marker>) -> Marker {
        match joined(parts, false) {
            None => Marker::Decided(false),
            Some(parts) => one_or(parts, true, Marker::All),
        }
    }

    /// One of these holds.
    pub(super) fn any(parts: impl IntoIterator<Item = Marker>) -> Marker {
        match joined(parts, true) {
            None => Marker::Decided(true),
            Some(parts) => one_or(parts, false, Marker::Any),
        }
    }
}

/// The parts that count, each once; none if one of them decides the whole.
fn joined(parts: impl IntoIterator<Item = Marker>, decides: bool) -> Option<Vec<Marker>> {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Marker::Decided(holds) if holds == decides => return None,
            Marker::Decided(_) => {}
            part if kept.contains(&part) => {}
            part => kept.push(part),
        }
    }
    Some(kept)
}

fn one_or(mut parts: Vec<Marker>, empty: bool, many: fn(Vec<Marker>) -> Marker) -> Marker {
    match parts.len() {
        0 => Marker::Decided(empty),
        1 => parts.remove(0),
        _ => many(parts),
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            // A lock never contains these: an entry that always applies has no condition.
            Marker::Decided(holds) => return write!(formatter, "{holds}"),
            Marker::Atom(text) => return formatter.write_str(text),
            Marker::All(parts) => (parts, " and "),
            Marker::Any(parts) => (parts, " or "),
        };
        for (index, part) in parts.iter().enumerate() {
            let separator = if index == 0 { "" } else { word };
            match part {
                Marker::All(_) | Marker::Any(_) => write!(formatter, "{separator}({part})")?,
                part => write!(formatter, "{separator}{part}")?,
            }
        }
        Ok(())
    }
}

/// A text in quotes is one word, and so is a parenthesis.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest[1..].find(first)? + 2,
            '(' | ')' => 1,
            '<' | '>' | '=' | '!' | '~' => {
                rest.find(|c| !"<>=!~".contains(c)).unwrap_or(rest.len())
            }
            _ => rest
                .find(|c: char| c.is_whitespace() || "\"'()<>=!~".contains(c))
                .unwrap_or(rest.len()),
        };
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Some(words)
}

type Words = std::iter::Peekable<std::vec::IntoIter<String>>;

fn any(words: &mut Words) -> Option<Marker> {
    let mut parts = vec![all(words)?];
    while words.next_if(|word| word == "or").is_some() {
        parts.push(all(words)?);
    }
    Some(Marker::any(parts))
}

fn all(words: &mut Words) -> Option<Marker> {
    let mut parts = vec![atom(words)?];
    while words.next_if(|word| word == "and").is_some() {
        parts.push(atom(words)?);
    }
    Some(Marker::all(parts))
}

fn atom(words: &mut Words) -> Option<Marker> {
    if words.next_if(|word| word == "(").is_some() {
        let inner = any(words)?;
        return words.next_if(|word| word == ")").map(|_| inner);
    }
    let ends = |word: &String| matches!(word.as_str(), "and" | "or" | "(" | ")");
    let mut comparison = Vec::new();
    while let Some(word) = words.next_if(|word| !ends(word)) {
        comparison.push(word);
    }
    // Two operands, and one operator: `not in` is of two words.
    matches!(comparison.len(), 3 | 4).then(|| Marker::Atom(comparison.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_and_written_again() {
        for text in [
            "python_version < \"3.12\"",
            "os_name == 'nt' and (a == 'b' or c == 'd')",
            "'linux' not in sys_platform or os_name == 'and (x)'",
        ] {
            assert_eq!(Marker::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "a ==", "a == 'b' and", "(a == 'b'", "a == 'b", "a == 'b' c == 'd' e"] {
            assert_eq!(Marker::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_decided_is_taken_out() {
        let decide = |atom: &str| match atom {
            "extra == 'yes'" => Some(true),
            "extra == 'no'" => Some(false),
            _ => None,
        };
        for (text, expected) in [
            ("extra == 'yes'", "true"),
            ("os_name == 'nt' and extra == 'yes'", "os_name == 'nt'"),
            ("os_name == 'nt' and extra == 'no'", "false"),
            ("os_name == 'nt' or extra == 'yes'", "true"),
            ("(a == 'b' and extra == 'no') or (c == 'd' and extra == 'yes')", "c == 'd'"),
        ] {
            let marker = Marker::parse(text).unwrap().decided(&decide);
            assert_eq!(marker.to_string(), expected, "{text}");
        }
    }
}
