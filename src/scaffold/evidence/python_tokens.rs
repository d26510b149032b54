//! Splits the text of a Python module into the tokens that a reader of calls needs.

/// The most tokens that are read.
const MOST_TOKENS: usize = 200_000;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name with its attributes: `session.run`.
    Name(String),
    Text(String),
    /// A text with values in it, or a number.
    Other,
    Sign(char),
    /// The start of a line outside of brackets, with its indentation.
    Line(usize),
}

/// Splits a text into tokens with the numbers of their lines.
pub(super) fn tokenize(text: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut depth) = (0, 1, 0_usize);
    let mut is_start = true;
    while at < chars.len() && tokens.len() < MOST_TOKENS {
        if is_start && depth == 0 {
            let indent = chars[at..].iter().take_while(|c| matches!(c, ' ' | '\t')).count();
            let first = chars.get(at + indent);
            if first.is_some_and(|c| !matches!(c, '\n' | '\r' | '#')) {
                tokens.push((line, Token::Line(indent)));
            }
            is_start = false;
            at += indent;
            continue;
        }
        is_start = false;
        let c = chars[at];
        match c {
            '\n' => {
                line += 1;
                is_start = true;
                at += 1;
            }
            '\\' => {
                line += usize::from(chars.get(at + 1) == Some(&'\n'));
                at += 2;
            }
            '#' => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            '\'' | '"' => {
                let (value, length) = read_text(&chars[at..], c, false);
                tokens.push((line, Token::Text(value)));
                line += chars[at..at + length].iter().filter(|c| **c == '\n').count();
                at += length;
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = chars[at..]
                    .iter()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                    .count();
                let name: String = chars[at..at + length].iter().collect();
                at += length;
                let quote = chars.get(at).copied().filter(|c| matches!(c, '\'' | '"'));
                let prefix = name.to_lowercase();
                match quote {
                    Some(quote)
                        if ["f", "r", "b", "u", "fr", "rf", "br", "rb"]
                            .contains(&prefix.as_str()) =>
                    {
                        let (value, length) = read_text(&chars[at..], quote, prefix.contains('r'));
                        let is_plain = !prefix.contains('f') || !value.contains('{');
                        let token = if is_plain { Token::Text(value) } else { Token::Other };
                        tokens.push((line, token));
                        line += chars[at..at + length].iter().filter(|c| **c == '\n').count();
                        at += length;
                    }
                    _ => tokens.push((line, Token::Name(name))),
                }
            }
            c if c.is_ascii_digit() => {
                at += chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '.').count();
                tokens.push((line, Token::Other));
            }
            c if c.is_whitespace() => at += 1,
            _ => {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                tokens.push((line, Token::Sign(c)));
                at += 1;
            }
        }
    }
    tokens
}

/// A text and its length with the quotes.
fn read_text(chars: &[char], quote: char, is_raw: bool) -> (String, usize) {
    let is_triple = chars.len() >= 3 && chars[..3].iter().all(|c| *c == quote);
    let width = if is_triple { 3 } else { 1 };
    let mut value = String::new();
    let mut at = width;
    while at < chars.len() {
        let c = chars[at];
        let closes = chars[at..].iter().take(width).filter(|c| **c == quote).count() == width;
        if closes {
            return (value, at + width);
        }
        if c == '\n' && !is_triple {
            return (value, at);
        }
        if c == '\\' && !is_raw {
            value.extend(chars.get(at + 1).filter(|c| **c != '\n'));
            at += 2;
            continue;
        }
        value.push(c);
        at += 1;
    }
    (value, chars.len())
}
