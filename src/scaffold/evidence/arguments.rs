//! Splits the arguments of a tool into options, files and the configuration.
//!
//! The facts about the options are those of the tool's own file.

use crate::tools::adoption::CallFacts;
use crate::tools::{TOOLS, Tool};

/// The arguments of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SplitArguments {
    /// The arguments that matter for the result.
    pub(super) args: Vec<String>,
    /// The files and folders.
    pub(super) paths: Vec<String>,
    /// The configuration.
    pub(super) config: Option<String>,
}

/// Finds the tool that a command starts, and its arguments.
pub(super) fn find_tool(words: &[String]) -> Option<(&'static dyn Tool, &[String])> {
    let mut found: Option<(&'static dyn Tool, usize)> = None;
    for tool in TOOLS {
        for program in tool.adoption().call.programs {
            let is_it = words.len() >= program.len()
                && program.iter().zip(words).all(|(name, word)| *name == word);
            // `ruff format` is another tool than `ruff`.
            if is_it && found.is_none_or(|(_, length)| length < program.len()) {
                found = Some((*tool, program.len()));
            }
        }
    }
    found.map(|(tool, length)| (tool, &words[length..]))
}

/// Whether a command only prints something about the tool, or ignores what it finds.
pub(super) fn is_harmless(words: &[String]) -> bool {
    let harmless = ["--version", "-V", "--help", "-h", "--exit-zero", "--collect-only", "--co"];
    words.iter().any(|word| harmless.contains(&word.as_str()))
}

/// Whether a tool passes with these arguments whatever it finds, or checks no files.
pub(super) fn is_verdictless(facts: &CallFacts, words: &[String]) -> bool {
    let pairs = words.windows(2).map(|pair| pair.join("="));
    let given: Vec<String> = words.iter().cloned().chain(pairs).collect();
    facts.verdictless.split_whitespace().any(|argument| given.iter().any(|word| word == argument))
}

/// Splits the arguments of a tool.
pub(super) fn split(facts: &CallFacts, words: &[String]) -> SplitArguments {
    if facts.verbatim {
        return SplitArguments { args: keep(facts, words), ..SplitArguments::default() };
    }
    let mut split = SplitArguments::default();
    let listed = |list: &str, name: &str| list.split_whitespace().any(|item| item == name);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            split.paths.extend(words.by_ref().filter(|word| is_plain(word)).cloned());
            break;
        }
        if facts.commands.contains(&word.as_str()) {
            split.args.push(word.clone());
            continue;
        }
        if !word.starts_with('-') {
            if is_plain(word) {
                split.paths.push(word.clone());
            }
            continue;
        }
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let is_valued = listed(facts.valued, name);
        let separate = if is_valued && attached.is_none() { words.next().cloned() } else { None };
        if listed(facts.config, name) {
            split.config = attached.or(separate).filter(|path| is_plain(path));
            continue;
        }
        let is_output = facts.dropped.split_whitespace().any(|item| match item.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => item == name,
        });
        let value = attached.as_ref().or(separate.as_ref());
        if is_output || value.is_some_and(|value| !is_plain(value)) || !is_plain(name) {
            continue;
        }
        match separate {
            // The value would be taken for the name of a command.
            Some(value) if !facts.commands.is_empty() => split.args.push(format!("{word}={value}")),
            separate => {
                split.args.push(word.clone());
                split.args.extend(separate);
            }
        }
    }
    split
}

/// The arguments of a tool without those that do not change what is found.
fn keep(facts: &CallFacts, words: &[String]) -> Vec<String> {
    let listed = |list: &str, name: &str| list.split_whitespace().any(|item| item == name);
    let mut kept: Vec<String> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        if listed(facts.dropped, name) {
            if listed(facts.valued, word) {
                words.next();
            }
        } else if is_plain(word) {
            kept.push(word.clone());
        }
    }
    kept.pop_if(|last| last == "--");
    kept
}

/// Whether a word has its final value: no variable, no substitution.
fn is_plain(word: &str) -> bool {
    let is_open =
        ["$", "{posargs", "{[", "{env", "{{", "{root", "`"].iter().any(|mark| word.contains(mark));
    !word.is_empty() && !is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(command: &str) -> String {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let Some((tool, rest)) = find_tool(&words) else { return "none".to_owned() };
        let split = split(&tool.adoption().call, rest);
        let config = split.config.unwrap_or_default();
        format!("{} {:?} {:?} {config}", tool.name(), split.args, split.paths)
    }

    #[test]
    fn options_with_a_value_keep_it_and_the_rest_are_paths() {
        for (command, expected) in [
            ("ruff check --fix src", r#"ruff [] ["src"] "#),
            ("ruff .", r#"ruff [] ["."] "#),
            (
                "ruff check --select E,F --config=x.toml src",
                r#"ruff ["--select", "E,F"] ["src"] x.toml"#,
            ),
            ("ruff format --check --diff", r#"ruff-format [] [] "#),
            (
                "mypy --strict -p pkg --config-file mypy.ini",
                r#"mypy ["--strict", "-p", "pkg"] [] mypy.ini"#,
            ),
            ("black --check -l 79 a b", r#"black ["-l", "79"] ["a", "b"] "#),
            ("pylint --rcfile x -j 4 --disable=all src", r#"pylint ["--disable=all"] ["src"] x"#),
            ("isort -c --diff .", r#"isort [] ["."] "#),
            (
                "pytest --cov=x --cov-report term -q -m slow tests",
                r#"pytest ["--cov=x", "-m", "slow"] ["tests"] "#,
            ),
            ("mypy $FILES --x=$(y)", r#"mypy [] [] "#),
            (
                "pre-commit-hooks mixed-line-ending --fix lf check-yaml",
                r#"pre-commit-hooks ["mixed-line-ending", "--fix=lf", "check-yaml"] [] "#,
            ),
            ("pydocstyle src", "none"),
        ] {
            assert_eq!(described(command), expected, "{command}");
        }
    }
}
