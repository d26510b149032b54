//! Renders a chapter of the guide for a terminal.
//!
//! Covers the Markdown that the guide uses: headings, paragraphs, lists, fenced code, tables, bold
//! text, code spans and links. Text is wrapped; code is shown as it is. Styles are ANSI sequences,
//! which the terminal strips where colors are not wanted.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::report::human::style::{self, paint};

/// How far code stands to the right.
const CODE_INDENT: &str = "    ";

/// The space between two columns of a table.
const GAP: usize = 2;

/// The text of a document in lines of at most `width` columns, where its words allow that.
pub(super) fn render(markdown: &str, width: usize) -> String {
    let mut blocks: Vec<String> = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || is_invisible(line) {
            continue;
        }
        if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(code.iter().map(|line| indented(line)).collect());
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim_start();
            blocks.push(paint(style::STRONG, plain(title)) + "\n");
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            blocks.push(render_table(&rows, width));
        } else {
            let mut text = line.to_owned();
            while let Some(next) = lines.next_if(|line| continues(line)) {
                text = format!("{text} {}", next.trim_start());
            }
            let (first, rest) = indents(&text);
            let is_bullet = text.starts_with("- ");
            let follows_item = is_item(&text)
                && blocks.last().is_some_and(|it| is_item(it) && it.starts_with("- ") == is_bullet);
            let item = wrap(text.trim_start_matches("- "), first, rest, width);
            match blocks.last_mut().filter(|_| follows_item) {
                Some(list) => list.push_str(&item),
                None => blocks.push(item),
            }
        }
    }
    blocks.join("\n")
}

/// Comments and the definitions of links.
fn is_invisible(line: &str) -> bool {
    line.starts_with("<!--") || (line.starts_with('[') && line.contains("]: "))
}

/// Whether a line belongs to the paragraph or list item before it.
fn continues(line: &str) -> bool {
    !line.is_empty() && !is_item(line) && !line.starts_with(['#', '|', '<']) && !is_fence(line)
}

fn is_fence(line: &str) -> bool {
    line.starts_with("```")
}

fn is_item(text: &str) -> bool {
    text.starts_with("- ") || number_length(text) > 0
}

/// The length of `1. ` at the start of a text; 0 if the text does not start so.
fn number_length(text: &str) -> usize {
    match text.split_once(". ") {
        Some((number, _)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            number.len() + 2
        }
        _ => 0,
    }
}

/// What stands before the first line of a text, and before its other lines.
fn indents(text: &str) -> (&'static str, &'static str) {
    if text.starts_with("- ") {
        ("- ", "  ")
    } else if number_length(text) > 0 {
        ("", "   ")
    } else {
        ("", "")
    }
}

fn indented(line: &str) -> String {
    if line.is_empty() { "\n".to_owned() } else { format!("{CODE_INDENT}{line}\n") }
}

fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|').trim_end_matches('|');
    inner.replace("\\|", "\u{0}").split('|').map(|it| it.trim().replace('\u{0}', "|")).collect()
}

/// A table in columns, or as a list of records if its columns do not fit.
fn render_table(rows: &[Vec<String>], width: usize) -> String {
    let Some((head, body)) = rows.split_first() else { return String::new() };
    let body = body.get(1..).unwrap_or_default();
    let widths = column_widths(head, body);
    let fixed: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
    if fixed + widths.last().copied().unwrap_or_default() <= width || fixed * 5 <= width * 3 {
        let bold: Vec<String> = head.iter().map(|cell| format!("**{cell}**")).collect();
        let has_head = head.iter().any(|cell| !cell.is_empty());
        let rows = has_head.then_some(&bold).into_iter().chain(body);
        rows.map(|row| render_row(row, &widths, width)).collect()
    } else {
        body.iter().map(|row| render_record(head, row, width)).collect::<Vec<_>>().join("\n")
    }
}

fn column_widths(head: &[String], body: &[Vec<String>]) -> Vec<usize> {
    let widest = |column: usize| {
        let cells = body.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| plain(cell).width()).max().unwrap_or_default()
    };
    (0..head.len()).map(widest).collect()
}

/// One row; the last cell is wrapped.
fn render_row(row: &[String], widths: &[usize], width: usize) -> String {
    let Some((last, cells)) = row.split_last() else { return String::new() };
    let mut first = String::new();
    let mut column = 0;
    for (cell, cell_width) in cells.iter().zip(widths) {
        let used: usize = plain(cell).width();
        let painted: Vec<String> = words(cell).iter().map(Word::painted).collect();
        first += &painted.join(" ");
        first += &" ".repeat(cell_width + GAP - used.min(*cell_width));
        column += cell_width + GAP;
    }
    wrap_behind(first, column, last, &" ".repeat(column), width)
}

fn render_record(head: &[String], row: &[String], width: usize) -> String {
    let mut text = String::new();
    for (number, (label, cell)) in head.iter().zip(row).enumerate() {
        if number == 0 {
            text += &wrap(&format!("**{cell}**"), "", "", width);
        } else if !cell.is_empty() {
            let labelled = if label.is_empty() { cell.clone() } else { format!("{label}: {cell}") };
            text += &wrap(&labelled, CODE_INDENT, CODE_INDENT, width);
        }
    }
    text
}

/// A piece of text that is not broken: parts in different styles without a space between them.
#[derive(Default)]
struct Word(Vec<(Style, String)>);

impl Word {
    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    fn painted(&self) -> String {
        self.0.iter().map(|(style, text)| paint(*style, text)).collect()
    }
}

/// Wraps text behind an indent, with another indent before its further lines.
fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    wrap_behind(first.to_owned(), first.len(), text, rest, width)
}

/// Wraps text behind something that is `column` wide.
fn wrap_behind(first: String, mut column: usize, text: &str, rest: &str, width: usize) -> String {
    let mut wrapped = first;
    let mut is_start = true;
    for word in words(text) {
        if !is_start && column + 1 + word.width() > width {
            wrapped += "\n";
            wrapped += rest;
            column = rest.len();
        } else if !is_start {
            wrapped += " ";
            column += 1;
        }
        wrapped += &word.painted();
        column += word.width();
        is_start = false;
    }
    wrapped + "\n"
}

/// The text as it is shown, without styles.
fn plain(text: &str) -> String {
    let parts = |word: &Word| word.0.iter().map(|(_, text)| text.as_str()).collect::<String>();
    words(text).iter().map(parts).collect::<Vec<_>>().join(" ")
}

/// Splits text at the spaces outside of code, and interprets bold text and links.
fn words(text: &str) -> Vec<Word> {
    let text = resolve_links(text);
    let mut words = vec![Word::default()];
    let mut part = String::new();
    let (mut is_code, mut is_bold) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let style = if is_bold { style::STRONG } else { Style::new() };
        match letter {
            ' ' if !is_code => {
                push(&mut words, style, &mut part);
                words.push(Word::default());
            }
            '*' if !is_code && letters.next_if_eq(&'*').is_some() => {
                push(&mut words, style, &mut part);
                is_bold = !is_bold;
            }
            '`' => {
                is_code = !is_code;
                part.push(letter);
            }
            _ => part.push(letter),
        }
    }
    push(&mut words, Style::new(), &mut part);
    words.retain(|word| !word.0.is_empty());
    words
}

fn push(words: &mut [Word], style: Style, part: &mut String) {
    if let Some(word) = words.last_mut().filter(|_| !part.is_empty()) {
        word.0.push((style, std::mem::take(part)));
    }
}

/// Replaces `[text](url)` by the text, followed by the address if it is on the web, and `[topic]` by
/// its name.
fn resolve_links(text: &str) -> String {
    let mut resolved = String::new();
    let mut is_code = false;
    let mut rest = text;
    while let Some(at) = rest.find(['`', '[']) {
        let (before, after) = rest.split_at(at);
        resolved += before;
        rest = &after[1..];
        if after.starts_with('`') {
            is_code = !is_code;
            resolved.push('`');
        } else if let Some((label, behind)) = rest.split_once(']').filter(|_| !is_code) {
            resolved += label;
            rest = behind;
            if let Some((url, behind)) = behind.strip_prefix('(').and_then(|it| it.split_once(')'))
            {
                rest = behind;
                if url.starts_with("http") {
                    resolved += &format!(" ({url})");
                }
            }
        } else {
            resolved.push('[');
        }
    }
    resolved + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(markdown, width)).to_string()
    }

    #[test]
    fn paragraphs_are_wrapped_and_code_is_not() {
        let text = "# Title\n\nOne two\nthree `four five` six.\n\n```console\n$ a long command line\n```\n";
        assert_eq!(
            shown(text, 16),
            "Title\n\nOne two three\n`four five` six.\n\n    $ a long command line\n"
        );
        assert!(render(text, 16).starts_with("\u{1b}[1mTitle\u{1b}[0m\n"));
    }

    #[test]
    fn items_hang_and_stay_together() {
        let text = "Before:\n\n- one two three\n- **four**\n\n1. five six seven\n2. eight\n";
        assert_eq!(
            shown(text, 12),
            "Before:\n\n- one two\n  three\n- four\n\n1. five six\n   seven\n2. eight\n"
        );
    }

    #[test]
    fn links_show_where_they_lead_if_that_is_on_the_web() {
        let text = "See [sandbox], [the schema](../a.json) and [uv](https://uv.example/).\n\n\
                    [sandbox]: sandbox.md\n";
        assert_eq!(shown(text, 80), "See sandbox, the schema and uv (https://uv.example/).\n");
        assert_eq!(shown("an `array[0]` and [x", 80), "an `array[0]` and [x\n");
    }

    #[test]
    fn a_table_has_columns_while_they_fit() {
        let text = "| a | b |\n| --- | --- |\n| `one` | two three four five six |\n";
        assert_eq!(shown(text, 40), "a      b\n`one`  two three four five six\n");
        assert_eq!(shown(text, 18), "a      b\n`one`  two three\n       four five\n       six\n");
    }

    #[test]
    fn a_wide_table_becomes_a_list_of_records() {
        let text =
            "| key | type | text |\n| --- | --- | --- |\n| a | some long type here | words |\n";
        assert_eq!(shown(text, 24), "a\n    type: some long type\n    here\n    text: words\n");
    }
}
