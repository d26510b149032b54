//! Reads the configuration of a tool against its list of keys.

use toml::{Table, Value};

use super::ini::{self, DEFAULT, IniOption};
use super::{AllowList, Nesting, TomlFiles, is_listed};

/// The largest configuration that is read, in bytes.
const LIMIT: usize = 256 * 1024;

/// The table of `overrides` names its modules with this key.
const OVERRIDES: &str = "overrides";

/// Finds the first option in a file that is not known to be harmless, or the reason why the file cannot
/// be judged, as the subject of a sentence.
pub(crate) fn find_unknown(list: &AllowList, path: &str, content: &[u8]) -> Option<String> {
    match find(list, path, content) {
        Ok(unknown) => {
            let first = unknown.first();
            first.map(|option| format!("the option `{}` in `{path}`", option.name))
        }
        Err(why) => Some(format!("the file `{path}`, which is not understood ({why}),")),
    }
}

/// The values of all options in a file that are not known to be harmless: they may name code. If the
/// file cannot be judged, this is its whole text.
pub(crate) fn find_unknown_values(list: &AllowList, path: &str, content: &[u8]) -> Vec<String> {
    match find(list, path, content) {
        Ok(unknown) => unknown.into_iter().flat_map(|option| option.values).collect(),
        Err(_) => vec![String::from_utf8_lossy(content).into_owned()],
    }
}

/// An option that is not known to be harmless.
struct UnknownOption {
    name: String,
    values: Vec<String>,
}

fn find(list: &AllowList, path: &str, content: &[u8]) -> Result<Vec<UnknownOption>, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Tools replace `~` and variables in the path of a configuration.
    if !path.chars().all(|c| c.is_alphanumeric() || "._-+/ ".contains(c)) {
        return Err("its name has unusual characters".to_owned());
    }
    if content.len() > LIMIT {
        return Err(format!("it is larger than {} KiB", LIMIT / 1024));
    }
    let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8".to_owned())?;
    let is_toml = name.ends_with(".toml");
    if list.layout.toml == TomlFiles::ByName && !is_toml {
        if name.to_lowercase().ends_with(".toml") {
            return Err("its name ends in capital letters".to_owned());
        }
        return find_in_ini(list, name, text);
    }
    find_in_toml(list, name, text)
}

fn find_in_ini(list: &AllowList, name: &str, text: &str) -> Result<Vec<UnknownOption>, String> {
    let is_read = |section: &str| section == DEFAULT || (list.layout.reads_section)(name, section);
    let options = ini::parse(skip_preamble(name, text))?;
    let unknown = |option: &&IniOption| {
        let IniOption { section, name, value } = option;
        let is_plain = !value.contains("%(");
        is_read(section) && !(is_plain && is_harmless(list, name, std::slice::from_ref(value)))
    };
    let unknown = options.iter().filter(unknown).map(|option| UnknownOption {
        name: option.name.clone(),
        values: vec![option.value.clone()],
    });
    Ok(unknown.collect())
}

/// The text of an INI file as the tool parses it: an `.editorconfig` may begin with options outside of
/// a section, which its readers skip.
fn skip_preamble<'t>(name: &str, text: &'t str) -> &'t str {
    if !name.ends_with(".editorconfig") {
        return text;
    }
    let bracket = text.find('[').unwrap_or(text.len());
    let start = text[..bracket].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    &text[start..]
}

fn find_in_toml(list: &AllowList, name: &str, text: &str) -> Result<Vec<UnknownOption>, String> {
    let table: Table = text.parse().map_err(|_| "it is not TOML".to_owned())?;
    let layout = list.layout;
    let is_own = layout.toml == TomlFiles::AllWithoutTable && name != "pyproject.toml";
    let mut value = Value::Table(table);
    for part in layout.table.split('.').filter(|_| !is_own) {
        let Value::Table(mut table) = value else {
            return Err(format!("`{}` is not a table", layout.table));
        };
        match table.remove(part) {
            Some(inner) => value = inner,
            None => return Ok(Vec::new()),
        }
    }
    let mut unknown = Vec::new();
    find_in_value(list, &mut Vec::new(), &value, &mut unknown);
    Ok(unknown)
}

/// Finds the options that are not known to be harmless at a path or below it.
fn find_in_value<'v>(
    list: &AllowList,
    path: &mut Vec<&'v str>,
    value: &'v Value,
    unknown: &mut Vec<UnknownOption>,
) {
    let tables: Vec<&Table> = match value {
        Value::Table(table) => vec![table],
        Value::Array(values) => values.iter().filter_map(Value::as_table).collect(),
        _ => Vec::new(),
    };
    if tables.is_empty() {
        let texts = texts_of(value);
        let is_known = texts.is_some_and(|texts| {
            let name = option_name(list.layout.nesting, path);
            name.is_some_and(|name| is_harmless(list, &name, &texts))
        });
        if !is_known {
            unknown.push(UnknownOption { name: path.join("."), values: every_text(value) });
        }
        return;
    }
    let are_others = value.as_array().is_some_and(|values| values.len() > tables.len());
    let is_overrides = list.layout.nesting == Nesting::Overrides && path.as_slice() == [OVERRIDES];
    if value.is_array() && (are_others || !is_overrides) {
        unknown.push(UnknownOption { name: path.join("."), values: every_text(value) });
        return;
    }
    for (key, inner) in tables.into_iter().flatten() {
        path.push(key);
        find_in_value(list, path, inner, unknown);
        path.pop();
    }
}

/// All texts in a value, those in tables included.
fn every_text(value: &Value) -> Vec<String> {
    match value {
        Value::Table(table) => table.values().flat_map(every_text).collect(),
        Value::Array(values) => values.iter().flat_map(every_text).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The name of the option at a path in the table of a tool, if an option can be there.
fn option_name(nesting: Nesting, path: &[&str]) -> Option<String> {
    match (nesting, path) {
        (Nesting::Dotted, path) => Some(path.join(".")),
        (_, [name]) | (Nesting::Sections, [_, name]) => Some((*name).to_owned()),
        (Nesting::Overrides, [OVERRIDES, name]) => Some((*name).to_owned()),
        _ => None,
    }
}

/// The texts in a value; none for one that contains tables.
fn texts_of(value: &Value) -> Option<Vec<String>> {
    Some(match value {
        Value::String(text) => vec![text.clone()],
        Value::Table(_) => return None,
        Value::Array(values) => {
            let texts: Option<Vec<Vec<String>>> = values.iter().map(texts_of).collect();
            texts?.concat()
        }
        other => vec![other.to_string()],
    })
}

/// Whether an option is known, and harmless with these values.
fn is_harmless(list: &AllowList, name: &str, values: &[String]) -> bool {
    let name = name.replace('_', "-");
    is_listed(list.keys, &name)
        && values.iter().all(|value| (list.every_value)(value) && list.accepts(&name, value))
}
