//! An INI file as sections with line numbers, in the way in which tox reads it.

/// A section of an INI file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IniSection {
    /// The name in brackets.
    pub(super) name: String,
    keys: Vec<IniKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct IniKey {
    name: String,
    lines: Vec<(usize, String)>,
}

impl IniSection {
    /// The lines of a value with their numbers; empty ones are left out.
    pub(super) fn get(&self, name: &str) -> Option<&[(usize, String)]> {
        Some(&self.keys.iter().find(|key| key.name == name)?.lines)
    }

    /// The value as one text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let lines: Vec<&str> = self.get(name)?.iter().map(|(_, line)| line.as_str()).collect();
        Some(lines.join("\n"))
    }
}

/// Parses a text. Lines that are not understood are skipped.
pub(super) fn parse(text: &str) -> Vec<IniSection> {
    let mut sections: Vec<IniSection> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split(']').next().unwrap_or_default().trim().to_owned();
            sections.push(IniSection { name, keys: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if line.starts_with([' ', '\t']) {
            if let Some(key) = section.keys.last_mut() {
                key.lines.push((index + 1, trimmed.to_owned()));
            }
            continue;
        }
        let Some((name, value)) = line.split_once(['=', ':']) else { continue };
        let value = value.trim();
        let lines = if value.is_empty() { vec![] } else { vec![(index + 1, value.to_owned())] };
        section.keys.push(IniKey { name: name.trim().to_owned(), lines });
    }
    sections
}
