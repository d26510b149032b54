//! Splits scripts of a shell into simple commands.
//!
//! Only what a command line of a linter needs is understood: quotes, operators between commands,
//! redirections, and continued lines. A line with anything else yields words that no reader knows.

/// The longest script that is split.
const LONGEST: usize = 200_000;

/// A simple command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShellCommand {
    /// The number of lines above it.
    pub(super) line: usize,
    /// The words.
    pub(super) words: Vec<String>,
    /// Whether its verdict is that of the script.
    pub(super) counts: Verdictless,
}

/// The reason why the exit status of a command is not that of its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdictless {
    /// It is.
    No,
    /// Another command reads its output.
    Piped,
    /// A failure is ignored.
    Ignored,
}

/// Splits a script.
pub(super) fn split(script: &str) -> Vec<ShellCommand> {
    let mut commands = Vec::new();
    if script.len() > LONGEST {
        return commands;
    }
    let mut line = 0;
    let mut start = 0;
    let mut text = String::new();
    let mut piped = false;
    let mut quote = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match (quote, c) {
            (Some(open), _) => {
                text.push(c);
                if c == open {
                    quote = None;
                }
            }
            (None, '\\') => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                    line += 1;
                    text.push(' ');
                } else {
                    text.push(c);
                    text.extend(chars.next());
                }
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                text.push(c);
            }
            (None, '#') if text.is_empty() || text.ends_with([' ', '\t']) => {
                while chars.peek().is_some_and(|next| *next != '\n') {
                    chars.next();
                }
            }
            (None, '\n' | ';' | '&' | '|') => {
                let doubled = c != '\n' && chars.peek() == Some(&c);
                if doubled {
                    chars.next();
                }
                if c == '&' && !doubled && text.ends_with('>') {
                    // `2>&1` is a redirection.
                    text.push('&');
                    continue;
                }
                let counts = match (c, doubled) {
                    ('|', false) => Verdictless::Piped,
                    ('|', true) => {
                        let rest: String = chars.clone().take_while(|c| *c != '\n').collect();
                        let rest = rest.trim();
                        let ignores = rest.starts_with("true") || rest.starts_with(':');
                        if ignores { Verdictless::Ignored } else { Verdictless::No }
                    }
                    ('&', false) => Verdictless::Ignored,
                    _ => Verdictless::No,
                };
                push(&mut commands, start, &text, if piped { Verdictless::Piped } else { counts });
                piped = counts == Verdictless::Piped;
                text.clear();
                start = line;
            }
            _ => text.push(c),
        }
    }
    push(&mut commands, start, &text, if piped { Verdictless::Piped } else { Verdictless::No });
    commands
}

fn push(commands: &mut Vec<ShellCommand>, line: usize, text: &str, counts: Verdictless) {
    let Some(words) = shlex::split(text.trim()) else { return };
    let mut kept = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let redirection = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        if redirection.starts_with(['>', '<']) {
            if redirection.trim_matches(['>', '<', '&']).is_empty() {
                words.next();
            }
            continue;
        }
        kept.push(word);
    }
    if !kept.is_empty() {
        commands.push(ShellCommand { line, words: kept, counts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(script: &str) -> Vec<String> {
        let describe = |command: ShellCommand| {
            format!("{} {:?} {}", command.line, command.counts, command.words.join("·"))
        };
        split(script).into_iter().map(describe).collect()
    }

    #[test]
    fn operators_outside_of_quotes_end_a_command() {
        assert_eq!(
            lines("cd a && mypy 'b;c' # no\nruff check \\\n  src; black . > log 2>&1\n"),
            ["0 No cd·a", "0 No mypy·b;c", "1 No ruff·check·src", "2 No black·."]
        );
    }

    #[test]
    fn a_command_whose_status_is_lost_is_marked() {
        assert_eq!(
            lines("mypy . | tee log\nruff check || true\nblack . || exit 1"),
            [
                "0 Piped mypy·.",
                "0 Piped tee·log",
                "1 Ignored ruff·check",
                "1 No true",
                "2 No black·.",
                "2 No exit·1"
            ]
        );
    }

    #[test]
    fn a_hostile_script_is_no_command() {
        assert_eq!(split("'unclosed"), []);
        assert_eq!(split(&"a;".repeat(200_000)), []);
        split("\\");
        split("&&&|||;;;>&");
    }
}
