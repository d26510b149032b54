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
    let script = substitute(script);
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        if c == '$' && quote != Some('\'') && chars.peek() == Some(&'(') {
            let inside = take_substitution(&mut chars);
            line += inside.matches('\n').count();
            // The name of make itself is known.
            text.push_str(if inside == "(MAKE)" { "$(MAKE)" } else { OUTPUT });
            continue;
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

/// The word for the output of another command.
const OUTPUT: &str = "$OUTPUT";

/// Takes what is in parentheses, with them.
fn take_substitution(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let (mut inside, mut depth) = (String::new(), 0_usize);
    for c in chars.by_ref() {
        inside.push(c);
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    inside
}

/// A script with the values of the variables that it sets itself.
fn substitute(script: &str) -> String {
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut done = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        let mut line = line.to_owned();
        for (name, value) in variables.iter().rev() {
            if done.len() + line.len() > LONGEST {
                break;
            }
            line = line.replace(&format!("${{{name}}}"), value);
            line = replace_name(&line, name, value);
        }
        if let Some((name, value)) = assignment(line.trim()) {
            variables.retain(|(other, _)| *other != name);
            variables.push((name, value));
        }
        done.push_str(&line);
    }
    done
}

fn replace_name(line: &str, name: &str, value: &str) -> String {
    let mark = format!("${name}");
    let mut done = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(&mark) {
        done.push_str(before);
        let is_longer = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        done.push_str(if is_longer { &mark } else { value });
        rest = after;
    }
    done + rest
}

/// The variable that a line sets to a plain text.
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .or((!value.contains([' ', '"', '\''])).then_some(value))?;
    let is_plain = !value.contains(['$', '`', '"', '\'', ';', '&', '|']);
    (is_name && is_plain && value.len() < 1_000).then(|| (name.to_owned(), value.to_owned()))
}

fn push(commands: &mut Vec<ShellCommand>, line: usize, text: &str, counts: Verdictless) {
    let Some(words) = shlex::split(text.trim()) else { return };
    let mut kept = Vec::new();
    let is_keyword =
        |word: &String| ["then", "do", "else", "if", "!", "{", "("].contains(&word.as_str());
    let mut words = words.into_iter().skip_while(is_keyword);
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
    fn variables_of_the_script_have_their_values_and_substitutions_are_one_word() {
        assert_eq!(
            lines(
                "export FILES=\"a b\"\nP=bin/\nif true; then ${P}mypy $FILES $FILESX; fi\ntox -p $(cat x y) run"
            ),
            [
                "0 No export·FILES=a b",
                "1 No P=bin/",
                "2 No true",
                "2 No bin/mypy·a·b·$FILESX",
                "2 No fi",
                "3 No tox·-p·$OUTPUT·run"
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
