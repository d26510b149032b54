//! Splits a source file into code, comments and string literals.
//!
//! Rust is lexed exactly: doc comments, nested block comments, raw, byte and C strings, characters
//! and lifetimes. Python is lexed with its docstrings as comments. For every other language a `#`
//! at the start of a word begins a comment, and the rest counts as strings.

/// Part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Comment,
    Literal,
}

/// A run of text of one kind. Pieces follow each other without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    /// The line it begins in, from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// Splits a file by the language of its name.
pub(super) fn split<'a>(path: &str, text: &'a str) -> Vec<Piece<'a>> {
    match path.rsplit('.').next() {
        Some("rs") => split_by(text, rust_token),
        Some("py") => split_by(text, python_token),
        _ => split_by(text, plain_token),
    }
}

/// The code of a file, with everything else blanked, so that places stay the same.
pub(super) fn blank_all_but_code(path: &str, text: &str) -> String {
    let blank = |piece: Piece<'_>| match piece.kind {
        Kind::Code => piece.text.to_owned(),
        Kind::Comment | Kind::Literal => {
            piece.text.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect()
        }
    };
    split(path, text).into_iter().map(blank).collect()
}

/// Finds the comment or literal that begins at the start of `rest`, if any, and its length in
/// bytes. `before` is the text in front of it.
type Token = fn(before: &str, rest: &str) -> Option<(Kind, usize)>;

fn split_by(text: &str, token: Token) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut start, mut at, mut line) = (0, 0, 1);
    let mut push = |kind, text: &'_ str| {
        if !text.is_empty() {
            pieces.push((kind, line, text.len()));
            line += text.matches('\n').count();
        }
    };
    while at < text.len() {
        let rest = &text[at..];
        if let Some((kind, length)) = token(&text[..at], rest) {
            push(Kind::Code, &text[start..at]);
            push(kind, &rest[..length]);
            at += length;
            start = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    push(Kind::Code, &text[start..]);
    let mut at = 0;
    pieces
        .into_iter()
        .map(|(kind, line, length)| {
            at += length;
            Piece { kind, line, text: &text[at - length..at] }
        })
        .collect()
}

fn rust_token(before: &str, rest: &str) -> Option<(Kind, usize)> {
    if rest.starts_with("//") {
        return Some((Kind::Comment, line_length(rest)));
    }
    if rest.starts_with("/*") {
        return Some((Kind::Comment, block_comment_length(rest)));
    }
    if rest.starts_with('\'') {
        return char_length(rest).map(|length| (Kind::Code, length));
    }
    if before.ends_with(is_word) {
        return None;
    }
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find(|prefix| rest.strip_prefix(prefix).is_some_and(|it| it.starts_with(['"', '#'])))?;
    let body = &rest[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if !body[hashes..].starts_with('"') || (hashes > 0 && !prefix.ends_with('r')) {
        return None;
    }
    let opening = prefix.len() + hashes + 1;
    let length = if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        rest[opening..].find(&end).map_or(rest.len(), |at| opening + at + end.len())
    } else {
        opening + length_to_quote(&rest[opening..], "\"")
    };
    Some((Kind::Literal, length))
}

/// The length of a character literal; a lifetime has none.
fn char_length(rest: &str) -> Option<usize> {
    let inside = &rest[1..];
    let first = inside.chars().next()?;
    if first == '\\' {
        return Some(1 + length_to_quote(inside, "'"));
    }
    let length = 1 + first.len_utf8();
    rest[length..].starts_with('\'').then_some(length + 1)
}

fn block_comment_length(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn python_token(before: &str, rest: &str) -> Option<(Kind, usize)> {
    if rest.starts_with('#') {
        return Some((Kind::Comment, line_length(rest)));
    }
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote))?;
    let length = quote.len() + length_to_quote(&rest[quote.len()..], quote);
    // A string that begins a line is a docstring, unless it stands in a list of values.
    let first = before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    let kind = if first && quote.len() == 3 { Kind::Comment } else { Kind::Literal };
    Some((kind, length))
}

fn plain_token(before: &str, rest: &str) -> Option<(Kind, usize)> {
    let begins_word = before.is_empty() || before.ends_with(char::is_whitespace);
    if rest.starts_with('#') && begins_word {
        return Some((Kind::Comment, line_length(rest)));
    }
    if rest.starts_with(char::is_whitespace) {
        return None;
    }
    // Up to the next comment, or the end of the line.
    let line = &rest[..line_length(rest)];
    let end = line.find(" #").map_or(line.len(), |at| at + 1);
    Some((Kind::Literal, end))
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// The length up to the end of a closing quote that no backslash escapes.
fn length_to_quote(rest: &str, quote: &str) -> usize {
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(quote) {
            return at + quote.len();
        }
        let escaped = usize::from(rest[at..].starts_with('\\'));
        at += rest[at..].chars().take(1 + escaped).map(char::len_utf8).sum::<usize>();
    }
    rest.len()
}

/// Whether a letter can be part of a word or an identifier.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(path: &str, text: &str, kind: Kind) -> Vec<(usize, String)> {
        split(path, text)
            .into_iter()
            .filter(|piece| piece.kind == kind)
            .map(|piece| (piece.line, piece.text.to_owned()))
            .collect()
    }

    #[test]
    fn pieces_cover_the_whole_text() {
        let text = include_str!("lexer.rs");
        let joined: String = split("a.rs", text).iter().map(|piece| piece.text).collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn rust_strings_of_every_form_are_literals() {
        let text = r####"f("a\"b", r"\", r#"c"d"#, b"e", br##"f"#"##, c"g"); let r#type = x;"####;
        let found: Vec<_> = pieces("a.rs", text, Kind::Literal);
        let found: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        let forms =
            [r#""a\"b""#, r#"r"\""#, r##"r#"c"d"#"##, r#"b"e""#, r###"br##"f"#"##"###, r#"c"g""#];
        assert_eq!(found, forms);
    }

    #[test]
    fn rust_characters_and_lifetimes_open_no_string() {
        let text = "fn f<'a>(x: &'a str) { ['\"', '\\'', '\\u{22}', 'ä', b'\"']; g(\"s\") } // c";
        assert_eq!(pieces("a.rs", text, Kind::Literal), [(1, "\"s\"".to_owned())]);
        assert_eq!(pieces("a.rs", text, Kind::Comment), [(1, "// c".to_owned())]);
    }

    #[test]
    fn rust_comments_may_nest_and_hold_quotes() {
        let text = "/* a \" /* b */ c */\n/// it's \"d\nlet e = \"// no comment\";\n";
        let comments = ["/* a \" /* b */ c */", "/// it's \"d"];
        let found = pieces("a.rs", text, Kind::Comment);
        assert_eq!(found, [(1, comments[0].to_owned()), (2, comments[1].to_owned())]);
        assert_eq!(pieces("a.rs", text, Kind::Literal), [(3, "\"// no comment\"".to_owned())]);
    }

    #[test]
    fn python_docstrings_are_comments() {
        let text = "\"\"\"Doc.\"\"\"\nx = 'a#b'  # why\ny = \"\"\"text\"\"\"\n";
        let comments = pieces("a.py", text, Kind::Comment);
        assert_eq!(comments, [(1, "\"\"\"Doc.\"\"\"".to_owned()), (2, "# why".to_owned())]);
        let literals = pieces("a.py", text, Kind::Literal);
        assert_eq!(literals, [(2, "'a#b'".to_owned()), (3, "\"\"\"text\"\"\"".to_owned())]);
    }

    #[test]
    fn other_files_have_comments_behind_a_hash() {
        let text = "# why\nurl: a#b # here\n";
        let comments = pieces("a.yml", text, Kind::Comment);
        assert_eq!(comments, [(1, "# why".to_owned()), (2, "# here".to_owned())]);
        assert_eq!(pieces("a.yml", text, Kind::Literal), [(2, "url: a#b ".to_owned())]);
    }

    #[test]
    fn blanks_keep_every_place() {
        let blanked = blank_all_but_code("a.rs", "a(\"b\n\") // c\nd");
        assert_eq!(blanked, "a(  \n )     \nd");
    }
}
