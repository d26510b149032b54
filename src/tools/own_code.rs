//! Detects options that make a tool run code of the project, such as a plugin.
//!
//! Each tool names its options. They are searched for in configuration files of any format and among
//! arguments, with false positives rather than misses: without a sandbox, such code needs a grant.

use crate::tools::command::Command;

/// An option that makes a tool run arbitrary code.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExecutingOption {
    /// Its name, with `-` for `_`.
    pub(super) name: &'static str,
    /// The prefix of harmless values, such as `pylint.extensions.`.
    pub(super) harmless: &'static str,
}

impl ExecutingOption {
    pub(super) const fn any(name: &'static str) -> ExecutingOption {
        ExecutingOption { name, harmless: "\0" }
    }
}

/// Finds the first of these options that is set, in a configuration or among a command's arguments.
pub(super) fn find(options: &[ExecutingOption], config: &str, command: &Command) -> Option<String> {
    let words = match command {
        Command::Exec(words) | Command::Module { args: words, .. } => words,
    };
    let is_set =
        |option: &&ExecutingOption| is_in_text(**option, config) || is_in_words(**option, words);
    options.iter().find(is_set).map(|option| format!("`{}`", option.name))
}

fn is_in_text(option: ExecutingOption, text: &str) -> bool {
    let mut inside = false;
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let mut values = content;
        if !line.starts_with([' ', '\t', ']', ')']) || content.contains('=') {
            let key = content.split(['=', ':']).next().unwrap_or_default();
            let name = key.trim().trim_matches(['"', '\'']).to_lowercase().replace('_', "-");
            // In TOML, the name of a table may precede the key.
            inside = name.rsplit('.').next() == Some(option.name);
            values = content.get(key.len() + 1..).unwrap_or_default();
        }
        if inside && is_harmful(option, values) {
            return true;
        }
    }
    false
}

fn is_harmful(option: ExecutingOption, values: &str) -> bool {
    values
        .split(|c: char| c.is_whitespace() || ",\"'[]()=".contains(c))
        .filter(|value| !value.is_empty())
        .any(|value| !value.starts_with(option.harmless))
}

/// Options may be abbreviated, and a value may be in the next word.
fn is_in_words(option: ExecutingOption, words: &[String]) -> bool {
    words.iter().enumerate().any(|(index, word)| {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value),
            None => (word.as_str(), words.get(index + 1).map_or("", String::as_str)),
        };
        let name = name.strip_prefix("--").unwrap_or_default().replace('_', "-");
        name.len() > 2 && option.name.starts_with(&name) && is_harmful(option, value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGINS: ExecutingOption =
        ExecutingOption { name: "load-plugins", harmless: "pylint.extensions." };

    fn found(config: &str, args: &[&str]) -> bool {
        let words = args.iter().map(|word| (*word).to_owned()).collect();
        find(&[PLUGINS, ExecutingOption::any("init-hook")], config, &Command::Exec(words)).is_some()
    }

    #[test]
    fn an_option_is_found_in_every_notation() {
        for config in [
            "[MAIN]\ninit-hook=import x",
            "[MAIN]\ninit_hook : 'import x'",
            "[tool.pylint.main]\nload-plugins = [\n  \"pylint.extensions.typing\",\n  \"mine\",\n]",
            "[tool.pylint]\nmain.load-plugins = ['mine']",
            "[MASTER]\nload-plugins=\n    pylint.extensions.typing,\n    mine\n",
        ] {
            assert!(found(config, &[]), "{config}");
        }
    }

    #[test]
    fn extensions_of_the_tool_itself_are_harmless() {
        let config = "[MAIN]\nload-plugins=\n    pylint.extensions.typing,\n    \
                      pylint.extensions.docparams\nfail-under=9\n; init-hook=import x\n";
        assert!(!found(config, &["--jobs=1", "--load-plugins=pylint.extensions.mccabe"]));
    }

    #[test]
    fn an_abbreviated_argument_is_found() {
        for args in [&["--init-hook=x"][..], &["--load-plug", "mine"], &["--load-plugins=mine"]] {
            assert!(found("", args), "{args:?}");
        }
    }
}
