//! Finds the files and folders to which the configuration of a tool refers.
//!
//! Such a file belongs to what a check sees. Each tool names the options whose values can contain
//! paths; every part of a value that could be a path or a module is a candidate. The caller keeps the
//! candidates that exist in the project.

use toml::{Table, Value};

use super::Tool;
use super::allow_list::ini;
use super::own_config::Notation;

/// The largest configuration that is read, in bytes.
const LIMIT: usize = 256 * 1024;

/// The marks between the parts of a value: of lists, of code in `init-hook`, of variables in a path.
const MARKS: &[char] =
    &[',', ':', ';', '\n', ' ', '\t', '"', '\'', '(', ')', '[', ']', '{', '}', '='];

/// The candidates in the text of a configuration, in any order. A text that cannot be parsed has none:
/// the tool itself reports it.
#[must_use]
pub fn find_references(tool: &dyn Tool, file: &str, text: &str) -> Vec<String> {
    let options = tool.path_options();
    // Most configurations refer to nothing, which is cheaper to find out than to parse them.
    let is_there =
        |option: &&str| text.contains(*option) || text.contains(&option.replace('-', "_"));
    if text.len() > LIMIT || !options.iter().any(is_there) {
        return Vec::new();
    }
    let mut values = Vec::new();
    match notation(tool, file) {
        Notation::Toml => {
            let table = text.parse::<Table>().unwrap_or_default();
            collect_from_table(options, &table, &mut values);
        }
        Notation::Ini => {
            let found = ini::parse(text).unwrap_or_default().into_iter();
            let found = found.filter(|option| is_listed(options, &option.name));
            values.extend(found.map(|option| option.value));
        }
    }
    values.iter().flat_map(|value| split_candidates(value)).collect()
}

/// Whether a configuration sets an option of a tool, whose name has `-` for `_`.
#[must_use]
pub fn sets_option(tool: &dyn Tool, file: &str, text: &str, option: &str) -> bool {
    if file.ends_with(".json") {
        return text.contains(&format!("\"{option}\""));
    }
    match notation(tool, file) {
        Notation::Toml => {
            let table = text.parse::<Table>().unwrap_or_default();
            let own = tool.own_configs().iter().filter(|own| own.notation == Notation::Toml);
            let mut sections = own.filter_map(|own| find_section(&table, own.section));
            sections.any(|section| has_option(section, option))
        }
        Notation::Ini => {
            let found = ini::parse(text).unwrap_or_default();
            found.iter().any(|it| is_listed(&[option], &it.name))
        }
    }
}

/// The texts in the value of an option of a tool, whose name has `-` for `_`.
#[must_use]
pub fn find_texts(tool: &dyn Tool, file: &str, text: &str, option: &str) -> Vec<String> {
    let mut values = Vec::new();
    for own in tool.own_configs().iter().filter(|own| own.file == file) {
        match own.notation {
            Notation::Toml => {
                let table = text.parse::<Table>().unwrap_or_default();
                if let Some(section) = find_section(&table, own.section) {
                    collect_from_table(&[option], section, &mut values);
                }
            }
            Notation::Ini => {
                let found = ini::parse(text).unwrap_or_default().into_iter();
                let is_own = |section: &str| own.section.is_empty() || own.section == section;
                let own = found.filter(|it| is_listed(&[option], &it.name) && is_own(&it.section));
                values.extend(own.map(|option| option.value));
            }
        }
    }
    values
}

/// The table of a tool, such as `tool.mypy`.
fn find_section<'t>(table: &'t Table, section: &str) -> Option<&'t Table> {
    let names = section.split('.').filter(|name| !name.is_empty());
    names.into_iter().try_fold(table, |table, name| table.get(name)?.as_table())
}

fn has_option(table: &Table, option: &str) -> bool {
    let mut entries = table.iter();
    entries.any(|(name, value)| match value {
        Value::Table(inner) => has_option(inner, option),
        _ => is_listed(&[option], name),
    })
}

fn notation(tool: &dyn Tool, file: &str) -> Notation {
    let own = tool.own_configs().iter().find(|own| own.file == file);
    let by_name = || if file.ends_with(".toml") { Notation::Toml } else { Notation::Ini };
    own.map_or_else(by_name, |own| own.notation)
}

fn is_listed(options: &[&str], name: &str) -> bool {
    options.contains(&name.replace('_', "-").as_str())
}

fn collect_from_table(options: &[&str], table: &Table, values: &mut Vec<String>) {
    for (name, value) in table {
        match value {
            Value::Table(inner) => collect_from_table(options, inner, values),
            value if is_listed(options, name) => collect_texts(value, values),
            _ => {}
        }
    }
}

fn collect_texts(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => values.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, values)),
        _ => {}
    }
}

/// The parts of a value that could be paths, and the files of those that could be modules.
fn split_candidates(value: &str) -> Vec<String> {
    let value = value.replace("$MYPY_CONFIG_FILE_DIR/", "").replace("%(here)s/", "");
    let mut candidates = Vec::new();
    for part in value.split(MARKS).filter(|part| !part.is_empty()) {
        candidates.push(part.to_owned());
        let is_module = part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        if is_module && !part.starts_with('.') && !part.ends_with('.') {
            let path = part.replace('.', "/");
            candidates.push(format!("{path}.py"));
            candidates.push(path);
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::find;

    fn references(tool: &str, file: &str, text: &str) -> Vec<String> {
        find_references(find(tool).unwrap(), file, text)
    }

    #[test]
    fn each_kind_of_reference_is_found() {
        for (tool, file, text, expected) in [
            (
                "ruff",
                "pyproject.toml",
                "[tool.ruff]\nextend = \"conf/base.toml\"\n",
                "conf/base.toml",
            ),
            ("ruff-format", "ruff.toml", "extend = '../base.toml'\n", "../base.toml"),
            ("mypy", "mypy.ini", "[mypy]\nplugins = a.b,\n  tools/plugin.py\n", "tools/plugin.py"),
            ("mypy", "mypy.ini", "[mypy]\nplugins = own.plugin\n", "own/plugin.py"),
            ("mypy", "setup.cfg", "[mypy]\nmypy_path = $MYPY_CONFIG_FILE_DIR/stubs:x\n", "stubs"),
            ("mypy", "pyproject.toml", "[tool.mypy]\nmypy_path = [\"typings\"]\n", "typings"),
            (
                "pylint",
                ".pylintrc",
                "[MAIN]\ninit-hook='import sys; sys.path.append(\"lint\")'\n",
                "lint",
            ),
            (
                "pylint",
                ".pylintrc",
                "[SPELLING]\nspelling-private-dict-file=doc/words.txt\n",
                "doc/words.txt",
            ),
            ("pylint", ".pylintrc", "[MAIN]\nload-plugins=checks.names\n", "checks/names.py"),
            ("pylint", "pyproject.toml", "[tool.pylint.main]\nsource-roots = [\"lib\"]\n", "lib"),
            ("isort", ".isort.cfg", "[settings]\nsrc_paths = one, two\n", "two"),
            ("pytest", "pytest.ini", "[pytest]\npythonpath = src lib\n", "lib"),
        ] {
            let found = references(tool, file, text);
            assert!(found.iter().any(|path| path == expected), "{tool}: {found:?}");
        }
    }

    #[test]
    fn an_option_is_found_in_the_part_of_the_tool() {
        let sets = |tool: &str, file: &str, text: &str| {
            let tool = find(tool).unwrap();
            sets_option(tool, file, text, tool.target_option().unwrap().key)
        };
        assert!(sets("pylint", ".pylintrc", "[MAIN]\npy-version=3.8\n"));
        assert!(sets("pylint", "pyproject.toml", "[tool.pylint.main]\npy-version = '3.8'\n"));
        assert!(sets("mypy", "mypy.ini", "[mypy]\npython_version = 3.8\n"));
        assert!(sets("mypy", "pyproject.toml", "[tool.mypy]\npython_version = '3.8'\n"));
        assert!(sets("ty", "ty.toml", "[environment]\npython-version = '3.8'\n"));
        assert!(sets("pyright", "pyrightconfig.json", "{\"pythonVersion\": \"3.8\"}"));
        assert!(!sets("mypy", "pyproject.toml", "[tool.ty.environment]\npython-version = '3.8'\n"));
        assert!(!sets("pyright", "pyrightconfig.json", "{\"pythonPlatform\": \"Linux\"}"));
        assert!(!sets("mypy", "mypy.ini", "[mypy]\nstrict = True\n"));
    }

    #[test]
    fn other_options_and_broken_texts_refer_to_nothing() {
        assert!(references("ruff", "ruff.toml", "line-length = 100\n").is_empty());
        assert!(references("ruff", "ruff.toml", "extend-exclude = [\"gen\"]\n").is_empty());
        assert!(references("ruff", "ruff.toml", "extend = [\n").is_empty());
        assert!(references("mypy", "mypy.ini", "mypy_path = x\n").is_empty());
    }
}
