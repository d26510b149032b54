//! Finds words that comments and strings no longer use.
//!
//! They come from the time when this code base had a dialect of its own. A phrase is found across
//! line breaks; `is no longer` and `no more than` are fine.

use super::File;
use super::lexer::{self, Kind, Piece};

/// The words and phrases, each with the name in a complaint. A phrase without a name is fine,
/// although a shorter one in it is not.
const PHRASES: &[(&str, Option<&str>)] = &[
    ("a person", Some("a person")),
    ("all the same", Some("all the same")),
    ("anew", Some("anew")),
    ("beside", Some("beside")),
    ("besides", Some("beside")),
    ("comes out", Some("comes out")),
    ("is no", Some("is no")),
    ("is no longer", None),
    ("is to be had", Some("is to be had")),
    ("no more", Some("no more")),
    ("no more than", None),
    ("nobody", Some("nobody")),
    ("said", Some("said")),
    ("somebody", Some("somebody")),
    ("takes away", Some("takes away")),
    ("there is no", Some("there is no")),
    ("there is no longer", None),
    ("told", Some("told")),
    ("what it is made from", Some("what it is made from")),
    ("whoever", Some("whoever")),
];

/// This file and what it is tested with.
const OWN: &str = "xtask/src/tidy/retired.rs";

/// Names every retired word of a file.
pub(super) fn check(file: &File) -> Vec<String> {
    if !is_checked(&file.path) {
        return Vec::new();
    }
    let pieces = lexer::split(&file.path, &file.text);
    let mut complaints = Vec::new();
    for (kind, place) in [(Kind::Comment, "comment"), (Kind::Literal, "string")] {
        for (name, line) in find_phrases(&tokenize(&pieces, kind)) {
            complaints.push(format!("{}:{line}: retired word in a {place}: {name}", file.path));
        }
    }
    complaints
}

/// Whether a file is ours to word. Recorded output of other programs is not.
fn is_checked(path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or_default();
    if !["src", "xtask", "tests", "templates"].contains(&folder) {
        return false;
    }
    let is_recorded = path.starts_with("tests/fixtures/") || path.contains("/recorded/");
    let is_generated = path.starts_with("templates/schema/");
    let has_language = folder == "templates" || path.ends_with(".rs");
    has_language && !is_recorded && !is_generated && path != OWN
}

/// A word in lower case, or a break that no phrase spans.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String, usize),
    Break,
}

fn tokenize(pieces: &[Piece<'_>], kind: Kind) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in pieces {
        if piece.kind == kind {
            tokenize_piece(piece, &mut tokens);
        } else if piece.text.trim() != "" || piece.text.matches('\n').count() > 1 {
            // Comments on adjacent lines are one text.
            tokens.push(Token::Break);
        }
    }
    tokens
}

fn tokenize_piece(piece: &Piece<'_>, tokens: &mut Vec<Token>) {
    let markers = ["/", "!", "*", "#"];
    let is_comment = piece.kind == Kind::Comment;
    let mut at = 0;
    let mut is_line_start = true;
    let text = piece.text;
    let line = |at: usize| piece.line + text[..at].matches('\n').count();
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        if lexer::is_word(letter) {
            let length = rest.find(|letter| !lexer::is_word(letter)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_lowercase(), line(at)));
            at += length;
            is_line_start = false;
            continue;
        }
        if letter == '\n' {
            is_line_start = true;
        } else if !letter.is_whitespace() {
            let is_marker =
                is_comment && is_line_start && markers.iter().any(|it| rest.starts_with(it));
            let is_continuation = rest.starts_with("\\\n");
            if !is_marker && !is_continuation {
                tokens.push(Token::Break);
            }
            if !is_comment {
                at += escape_length(rest);
                continue;
            }
        }
        at += letter.len_utf8();
    }
    if !is_comment {
        tokens.push(Token::Break);
    }
}

/// The length of what in a string starts with this letter and is no text: an escape such as `\n`,
/// or the name in `{name}`.
fn escape_length(rest: &str) -> usize {
    if rest.starts_with('\\') {
        return rest.chars().take(2).map(char::len_utf8).sum();
    }
    if let Some(inside) = rest.strip_prefix('{') {
        let length = inside.find(|letter| !lexer::is_word(letter)).unwrap_or(inside.len());
        if inside[length..].starts_with(['}', ':']) {
            return 1 + length;
        }
    }
    rest.chars().next().map_or(1, char::len_utf8)
}

/// The names of the phrases and the lines they begin in, the longest phrase where several match.
fn find_phrases(tokens: &[Token]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let matching = PHRASES
            .iter()
            .map(|(phrase, name)| (phrase.split(' ').count(), phrase, name))
            .filter(|(_, phrase, _)| matches(&tokens[at..], phrase))
            .max_by_key(|(length, ..)| *length);
        match (matching, &tokens[at]) {
            (Some((length, _, name)), Token::Word(_, line)) => {
                found.extend(name.map(|name| (name, *line)));
                at += length;
            }
            _ => at += 1,
        }
    }
    found
}

fn matches(tokens: &[Token], phrase: &str) -> bool {
    let mut tokens = tokens.iter();
    phrase
        .split(' ')
        .all(|word| matches!(tokens.next(), Some(Token::Word(found, _)) if found == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        check(&file)
    }

    #[test]
    fn comments_and_strings_are_checked() {
        let text = "/// It is told.\nfn f() { g(\"was Told\") }\n";
        let found = [
            "src/a.rs:1: retired word in a comment: told",
            "src/a.rs:2: retired word in a string: told",
        ];
        assert_eq!(rules("src/a.rs", text), found);
    }

    #[test]
    fn names_in_code_and_parts_of_words_are_fine() {
        let text = "fn told(said: u8) { untold(is_no, \"{said} {said:?} foretold \\nsaid_so\") }\n";
        assert_eq!(rules("src/a.rs", text), [""; 0]);
    }

    #[test]
    fn a_phrase_may_span_lines() {
        let comment = "// This is\n    // no variable.\n";
        assert_eq!(rules("src/a.rs", comment), ["src/a.rs:1: retired word in a comment: is no"]);
        let string = "f(\"there is \\\n   no file\")\n";
        assert_eq!(
            rules("src/a.rs", string),
            ["src/a.rs:1: retired word in a string: there is no"]
        );
        assert_eq!(rules("src/a.rs", "// It is.\n\n// No way.\n"), [""; 0]);
        assert_eq!(rules("src/a.rs", "// It is. No way.\n"), [""; 0]);
        assert_eq!(rules("src/a.rs", "f(\"it is\", \"no\")\n"), [""; 0]);
    }

    #[test]
    fn an_escape_is_no_part_of_a_word() {
        assert_eq!(
            rules("src/a.rs", "f(\"a\\ntold\")\n"),
            ["src/a.rs:1: retired word in a string: told"]
        );
    }

    #[test]
    fn the_longest_phrase_wins() {
        assert_eq!(rules("src/a.rs", "// It is no longer used, and no more than 5.\n"), [""; 0]);
        let found = rules("src/a.rs", "// There is no file and no more beside, besides.\n");
        let names: Vec<_> = found.iter().filter_map(|it| it.split(": ").nth(2)).collect();
        assert_eq!(names, ["there is no", "no more", "beside", "beside"]);
    }

    #[test]
    fn templates_are_read_in_their_language() {
        let python = "def f():\n    \"\"\"Nobody.\"\"\"\n    g('somebody')  # whoever\n";
        let rules_found = rules("templates/a.py", python);
        let mut places: Vec<_> = rules_found.iter().map(String::as_str).collect();
        places.sort_unstable();
        let expected = [
            "templates/a.py:2: retired word in a comment: nobody",
            "templates/a.py:3: retired word in a comment: whoever",
            "templates/a.py:3: retired word in a string: somebody",
        ];
        assert_eq!(places, expected);
        let toml = "# anew\nkey = \"told\"\n";
        assert_eq!(rules("templates/pipe.toml", toml).len(), 2);
    }

    #[test]
    fn foreign_output_is_not_checked() {
        for path in ["tests/fixtures/a.rs", "tests/docker/recorded/a.rs", OWN, "README.md"] {
            assert_eq!(rules(path, "// told\n"), [""; 0], "{path}");
        }
        assert_eq!(rules("tests/cli/a.rs", "// told\n").len(), 1);
    }
}
