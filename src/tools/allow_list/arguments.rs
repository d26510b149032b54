//! Reads the arguments of a tool against its lists.
//!
//! Tools also accept abbreviated names, several short flags in one word, and files of arguments. None
//! of these is on a list: a name must be spelled exactly.

use super::{AllowList, is_listed, path_inside};

/// Finds the first argument that is not known to be harmless.
pub(crate) fn find_unknown<'a>(list: &AllowList, args: &'a [String]) -> Option<&'a str> {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let is_harmless = match split(list, word) {
            Argument::Source => is_source(word),
            Argument::Flag => true,
            Argument::Option(name, Some(value)) => list.accepts(name, value),
            Argument::Option(name, None) => {
                words.next().is_some_and(|value| is_value(value) && list.accepts(name, value))
            }
            Argument::Unknown => false,
        };
        if !is_harmless {
            return Some(word);
        }
    }
    None
}

/// The meaning of a word among arguments.
enum Argument<'a> {
    /// A file or folder to check.
    Source,
    /// A known name that takes no value.
    Flag,
    /// A known name, and its value unless it is the next word.
    Option(&'a str, Option<&'a str>),
    /// Anything else.
    Unknown,
}

fn split<'a>(list: &AllowList, word: &'a str) -> Argument<'a> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        return match value {
            // The lists have short names, too.
            _ if name.is_empty() || name.starts_with('-') => Argument::Unknown,
            None if is_listed(list.flags, name) => Argument::Flag,
            _ if is_listed(list.options, name) => Argument::Option(name, value),
            _ => Argument::Unknown,
        };
    }
    if !word.starts_with('-') {
        return Argument::Source;
    }
    if is_listed(list.flags, word) {
        return Argument::Flag;
    }
    if is_listed(list.options, word) {
        return Argument::Option(word, None);
    }
    // The value may follow a letter directly, as in `-j4`.
    match word.char_indices().nth(2) {
        Some((end, _)) if is_listed(list.options, &word[..end]) => {
            Argument::Option(&word[..end], Some(&word[end..]))
        }
        _ => Argument::Unknown,
    }
}

/// A file or folder of the project. A word with `@` names a file of arguments.
fn is_source(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('@') && path_inside(word)
}

/// Whether every tool reads the word as the value of the option before it.
fn is_value(word: &str) -> bool {
    !word.starts_with(['-', '@'])
}
