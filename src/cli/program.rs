//! What a person types to come here.
//!
//! Owns the two ways, and that every command that is offered can be typed where it is offered:
//! texts are written for the first way, and spelled for the second. Must not know any command.

use std::borrow::Cow;

/// The program that runs the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Program {
    /// The installed one, as `cargo pipe`.
    #[default]
    CargoPipe,
    /// A workspace's own, as `cargo xtask pipe`.
    Xtask,
}

/// What stands before a command that is offered, and not before the name in a sentence: a quote, an
/// indentation, a label, or the style of one of these.
const BEFORE: &[&str] = &["`", "  ", "\n", ": ", "m", "\u{1b}[0m "];

impl Program {
    /// A text whose commands can be typed for this program.
    pub(crate) fn spell(self, text: &str) -> Cow<'_, str> {
        const COMMAND: &str = "cargo pipe";
        if self == Program::CargoPipe || !text.contains(COMMAND) {
            return Cow::Borrowed(text);
        }
        let mut spelled = String::with_capacity(text.len() + 16);
        let mut pieces = text.split(COMMAND);
        spelled.extend(pieces.next());
        for piece in pieces {
            let offered =
                spelled.is_empty() || BEFORE.iter().any(|before| spelled.ends_with(before));
            spelled += if offered { "cargo xtask pipe" } else { COMMAND };
            spelled += piece;
        }
        Cow::Owned(spelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_spelled_for_a_task_and_the_name_stays() {
        let text =
            "what cargo pipe wrote\n\nhint: `cargo pipe sync` writes it\n  cargo pipe lint\n";
        assert_eq!(
            Program::Xtask.spell(text),
            "what cargo pipe wrote\n\nhint: `cargo xtask pipe sync` writes it\n  \
             cargo xtask pipe lint\n"
        );
        assert_eq!(Program::CargoPipe.spell(text), text);
    }
}
