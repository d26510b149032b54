//! Reads INI files as Python's `configparser` does.
//!
//! A line ends at `\n`, `\r` or both, because Python opens the file with universal newlines. A line
//! that is indented deeper than its option continues the value. Where releases of Python, or settings
//! of the parser, differ, the text is refused.

use std::collections::BTreeSet;

/// An option of an INI file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tools) struct IniOption {
    /// The section; `DEFAULT` applies to all of them.
    pub(in crate::tools) section: String,
    /// The name, in lower case.
    pub(in crate::tools) name: String,
    /// The value; lines are separated by newlines.
    pub(in crate::tools) value: String,
}

/// The section whose options belong to every section.
pub(super) const DEFAULT: &str = "DEFAULT";

/// The characters that Python strips from a line. A text with other white space is refused.
const BLANK: [char; 2] = [' ', '\t'];

/// Parses a text, or explains why its meaning is not certain.
pub(in crate::tools) fn parse(text: &str) -> Result<Vec<IniOption>, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut parser = Parser::default();
    for (line, number) in text.split('\n').zip(1..) {
        parser.add_line(line).map_err(|why: &str| format!("{why} in line {number}"))?;
    }
    Ok(parser.options)
}

#[derive(Default)]
struct Parser {
    section: Option<String>,
    sections: BTreeSet<String>,
    names: BTreeSet<(String, String)>,
    options: Vec<IniOption>,
    /// Whether the last option may be continued: none has been read yet in a new section.
    is_open: bool,
    indent: usize,
}

impl Parser {
    fn add_line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.chars().any(is_uncertain) {
            return Err("unusual white space or a control character");
        }
        let content = line.trim_matches(BLANK);
        if content.is_empty() || content.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.len() - line.trim_start_matches(BLANK).len();
        if let Some(option) = self.options.last_mut().filter(|_| self.is_open)
            && indent > self.indent
        {
            option.value.push('\n');
            option.value.push_str(content);
            return Ok(());
        }
        self.indent = indent;
        if content.starts_with('[') { self.open_section(content) } else { self.add_option(content) }
    }

    fn open_section(&mut self, header: &str) -> Result<(), &'static str> {
        let name = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(['[', ']'])) else {
            return Err("an unusual header of a section");
        };
        if !self.sections.insert(name.to_owned()) {
            return Err("a repeated section");
        }
        self.section = Some(name.to_owned());
        self.is_open = false;
        Ok(())
    }

    fn add_option(&mut self, content: &str) -> Result<(), &'static str> {
        let Some(section) = &self.section else {
            return Err("an option without a section");
        };
        let Some((name, value)) = content.split_once(['=', ':']) else {
            return Err("no `=` and no `:`");
        };
        let name = name.trim_end_matches(BLANK).to_lowercase();
        if name.is_empty() {
            return Err("an option without a name");
        }
        if !self.names.insert((section.clone(), name.clone())) {
            return Err("a repeated option");
        }
        let value = value.trim_matches(BLANK).to_owned();
        self.options.push(IniOption { section: section.clone(), name, value });
        self.is_open = true;
        Ok(())
    }
}

/// White space that Python strips and control characters that it may take for the end of a line.
fn is_uncertain(c: char) -> bool {
    let is_blank = BLANK.contains(&c);
    !is_blank && (c.is_control() || c.is_whitespace() || c == '\u{feff}')
}
