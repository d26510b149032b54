//! Whether a tool, as a project configures it, runs code of the project's own.
//!
//! Owns how options are found in a configuration of any notation and among arguments, rather once
//! too often than once too little. Must not know which options matter; each tool names its own. What
//! is found has to be granted where there is no sandbox.

use crate::tools::command::Command;

/// An option that has a tool run what it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExecutingOption {
    /// Its name, with `-` for `_`.
    pub(super) name: &'static str,
    /// What its values may start with without harm, such as `pylint.extensions.`.
    pub(super) harmless: &'static str,
}

impl ExecutingOption {
    pub(super) const fn any(name: &'static str) -> ExecutingOption {
        ExecutingOption { name, harmless: "\0" }
    }
}

/// The first of these options that is set, in a configuration's text or among a command's arguments.
pub(super) fn find(options: &[ExecutingOption], config: &str, command: &Command) -> Option<String> {
    let words = match command {
        Command::Exec(words) | Command::Module { args: words, .. } => words,
    };
    let is_set = |option: &&ExecutingOption| in_text(**option, config) || in_words(**option, words);
    options.iter().find(is_set).map(|option| format!("`{}`", option.name))
}

fn in_text(option: ExecutingOption, text: &str) -> bool {
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
            // TOML may have a table's name before it.
            inside = name.rsplit('.').next() == Some(option.name);
            values = content.get(key.len() + 1..).unwrap_or_default();
        }
        if inside && harmful(option, values) {
            return true;
        }
    }
    false
}

fn harmful(option: ExecutingOption, values: &str) -> bool {
    values
        .split(|c: char| c.is_whitespace() || ",\"'[]()=".contains(c))
        .filter(|value| !value.is_empty())
        .any(|value| !value.starts_with(option.harmless))
}

/// An option may be shortened, and its value may stand in the next word.
fn in_words(option: ExecutingOption, words: &[String]) -> bool {
    words.iter().enumerate().any(|(index, word)| {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value),
            None => (word.as_str(), words.get(index + 1).map_or("", String::as_str)),
        };
        let name = name.strip_prefix("--").unwrap_or_default().replace('_', "-");
        name.len() > 2 && option.name.starts_with(&name) && harmful(option, value)
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
    fn what_the_tool_brings_along_is_no_code_of_the_project() {
        let config = "[MAIN]\nload-plugins=\n    pylint.extensions.typing,\n    \
                      pylint.extensions.docparams\nfail-under=9\n; init-hook=import x\n";
        assert!(!found(config, &["--jobs=1", "--load-plugins=pylint.extensions.mccabe"]));
    }

    #[test]
    fn an_argument_is_found_shortened_too() {
        for args in [&["--init-hook=x"][..], &["--load-plug", "mine"], &["--load-plugins=mine"]] {
            assert!(found("", args), "{args:?}");
        }
    }
}
