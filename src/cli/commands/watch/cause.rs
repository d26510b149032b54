//! The reason for a round of `watch`.

use std::fmt;

use crate::report::count::Count;
use crate::report::harmless;

/// The number of changed files that are named.
const NAMED: usize = 2;

/// The reason for a round. Shown, it completes "checking".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The command began.
    Start,
    /// These files changed, sorted; they are unknown if the configuration was wrong before or is now.
    Changed(Vec<String>),
    /// The user asked for it.
    Again,
    /// The user asked for fixes.
    Fix,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Start => formatter.write_str("for the first time"),
            Cause::Again => formatter.write_str("again"),
            Cause::Fix => formatter.write_str("with fixes"),
            Cause::Changed(files) if files.is_empty() => formatter.write_str("after a change"),
            Cause::Changed(files) => {
                let named: Vec<String> =
                    files.iter().take(NAMED).map(|file| harmless::line(file)).collect();
                match files.len() - named.len() {
                    0 => write!(formatter, "after a change of {}", named.join(" and ")),
                    more => write!(
                        formatter,
                        "after a change of {} and {}",
                        named.join(", "),
                        Count(more, "other file")
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_changed_files_are_named() {
        let shown = |files: &[&str]| {
            Cause::Changed(files.iter().map(|file| (*file).to_owned()).collect()).to_string()
        };
        assert_eq!(shown(&[]), "after a change");
        assert_eq!(shown(&["a.py"]), "after a change of a.py");
        assert_eq!(shown(&["a.py", "b.py"]), "after a change of a.py and b.py");
        assert_eq!(
            shown(&["a.py", "b.py", "c.py"]),
            "after a change of a.py, b.py and 1 other file"
        );
        assert_eq!(shown(&["\u{1b}[2J.py"]), "after a change of ␛[2J.py");
    }
}
