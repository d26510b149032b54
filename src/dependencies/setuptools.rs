//! The dependencies in a `setup.cfg`, and in the parts of a `setup.py` that are plain lists of texts.
//!
//! A `setup.py` is read as text and never executed: a value that is computed is not known here.

use super::{File, Selection, normal};
use crate::requirement::Requirement;

/// The names of the files.
pub(super) const SETUP_CFG: &str = "setup.cfg";
pub(super) const SETUP_PY: &str = "setup.py";

pub(super) fn read_cfg(text: &str, selection: &Selection) -> File {
    let mut file = File::default();
    let (mut section, mut key) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            name.split(']').next().unwrap_or_default().trim().clone_into(&mut section);
            key.clear();
            continue;
        }
        let mut value = trimmed;
        if !line.starts_with([' ', '\t']) {
            let Some((name, rest)) = line.split_once(['=', ':']) else { continue };
            name.trim().clone_into(&mut key);
            value = rest.trim();
        }
        let is_wanted = match section.as_str() {
            "options" => key == "install_requires",
            "options.extras_require" => is_chosen(selection, &key),
            _ => false,
        };
        if is_wanted && !value.is_empty() {
            add(&mut file, value);
        }
    }
    file
}

pub(super) fn read_py(text: &str, selection: &Selection) -> File {
    let mut file = File::default();
    for requirement in find_list(text, "install_requires").unwrap_or_default() {
        add(&mut file, &requirement);
    }
    for (extra, requirements) in find_lists(text, "extras_require") {
        if is_chosen(selection, &extra) {
            requirements.iter().for_each(|requirement| add(&mut file, requirement));
        }
    }
    file
}

fn is_chosen(selection: &Selection, extra: &str) -> bool {
    selection.extras.iter().any(|name| normal(name) == normal(extra))
}

fn add(file: &mut File, requirement: &str) {
    match Requirement::parse(requirement) {
        Some(_) => file.declared.push(requirement.to_owned()),
        None => {
            let name = requirement.split(['@', ' ']).next().unwrap_or_default();
            file.left_out.push(name.to_owned());
        }
    }
}

/// The value of an argument or a variable, after its sign of equality.
fn find_value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).find_map(|(at, _)| {
        if text[..at].ends_with(is_part) {
            return None;
        }
        let rest = text[at + name.len()..].trim_start().strip_prefix('=')?;
        (!rest.starts_with('=')).then(|| rest.trim_start())
    })
}

/// The texts of a list, which is the value of an argument or of the variable that it names.
fn find_list(text: &str, name: &str) -> Option<Vec<String>> {
    let value = find_value(text, name)?;
    if value.starts_with('[') {
        return Some(parse_list(value)?.0);
    }
    let end = value.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let other = find_value(text, value.get(..end).filter(|name| !name.is_empty())?)?;
    Some(parse_list(other)?.0)
}

/// The lists in a dictionary by their keys.
fn find_lists(text: &str, name: &str) -> Vec<(String, Vec<String>)> {
    let mut lists = Vec::new();
    let Some(mut rest) = find_value(text, name).and_then(|value| value.strip_prefix('{')) else {
        return lists;
    };
    while let Some((key, after)) = parse_text(skip_blank(rest)) {
        let Some(value) = skip_blank(after).strip_prefix(':') else { break };
        let Some((items, after)) = parse_list(skip_blank(value)) else { break };
        lists.push((key, items));
        let after = skip_blank(after);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    lists
}

/// The texts of a list, and what follows it; none if anything else is in it.
fn parse_list(text: &str) -> Option<(Vec<String>, &str)> {
    let mut items = Vec::new();
    let mut rest = skip_blank(text.strip_prefix('[')?);
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Some((items, after));
        }
        let (item, after) = parse_text(rest)?;
        items.push(item);
        let after = skip_blank(after);
        rest = match after.strip_prefix(',') {
            Some(after) => skip_blank(after),
            None if after.starts_with(']') => after,
            None => return None,
        };
    }
}

fn parse_text(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (item, after) = text[1..].split_once(quote)?;
    (!item.contains(['\\', '\n'])).then(|| (item.to_owned(), after))
}

/// Skips white space and comments.
fn skip_blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection() -> Selection {
        Selection { groups: None, extras: vec!["Dev".to_owned()] }
    }

    #[test]
    fn a_setup_cfg_has_requirements_and_extras() {
        let text = "[metadata]\nname = a\n[options]\npackages = find:\ninstall_requires =\n    \
                    requests>=2  \n    # no\n    near @ https://a.example/near.whl\n\
                    [options.extras_require]\ndev = attrs; python_version > '3'\ndocs =\n    sphinx\n";
        let file = read_cfg(text, &selection());
        assert_eq!(file.declared, ["requests>=2", "attrs; python_version > '3'"]);
        assert_eq!(file.left_out, ["near"]);
    }

    #[test]
    fn a_setup_py_has_those_that_are_plain_texts() {
        for text in [
            "setup(name='a', install_requires=['requests>=2', # why\n  \"attrs\",],\n\
             extras_require={'dev': ['near'], 'docs': ['sphinx']})",
            "NEEDED = [\n  'requests>=2',\n  'attrs'\n]\nsetup(install_requires=NEEDED,\n\
             extras_require={\n  # all\n  'dev': ['near'],\n})",
        ] {
            assert_eq!(read_py(text, &selection()).declared, ["requests>=2", "attrs", "near"]);
        }
        for text in [
            "setup(install_requires=open('r.txt').read().split())",
            "setup(install_requires=['a'] + more)\n# ['x', y]",
            "setup(install_requires=['a', b])",
            "setup(install_requires=",
            "my_install_requires=['a']",
            "install_requires == ['a']",
        ] {
            let declared = read_py(text, &selection()).declared;
            assert!(declared.is_empty() || declared == ["a"], "{text}: {declared:?}");
        }
    }
}
