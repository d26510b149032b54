//! Rules that ask for what a formatter undoes.

use std::collections::BTreeMap;

use super::{Known, settings};
use crate::config::{Check, Work};
use crate::project::ProjectPath;

/// Rules of ruff that no formatter keeps to in every file:
/// <https://docs.astral.sh/ruff/formatter/#conflicting-lint-rules>.
const AGAINST_FORMATTERS: &[&str] = &["COM812", "COM819"];

/// What a linter asks for and a formatter undoes.
pub(super) fn contradictions(formatter: &Known<'_>, linter: &Known<'_>) -> Vec<String> {
    let quotes = linter.says("lint.flake8-quotes", "inline-quotes");
    let wants_single = quotes.is_some_and(|it| it.words == ["single"]);
    let indents_by_tabs =
        formatter.says("format", "indent-style").is_some_and(|it| it.words == ["tab"]);
    let mut against: Vec<&str> = AGAINST_FORMATTERS.to_vec();
    against.extend((wants_single && makes_double_quotes(formatter)).then_some("Q000"));
    against.extend((indents_by_tabs && formatter.tool.name() == "ruff-format").then_some("W191"));
    let told = |rule: &str| {
        let place = selects(linter, rule)?;
        Some(format!(
            "{} selects {rule} ({place}), which asks for what {}{} undoes in some files; add it to \
             `ignore`",
            linter.name(),
            formatter.name(),
            formatter.file.as_ref().map(|path| format!(", as {path} has it,")).unwrap_or_default(),
        ))
    };
    against.into_iter().filter_map(told).collect()
}

fn makes_double_quotes(formatter: &Known<'_>) -> bool {
    let says = |section, key, word| {
        formatter.says(section, key).is_some_and(|it| it.words.iter().any(|it| it == word))
    };
    match formatter.tool.name() {
        "black" => !says("", "skip-string-normalization", "true"),
        _ => !says("format", "quote-style", "single") && !says("format", "quote-style", "preserve"),
    }
}

/// Where ruff is told to apply a rule; none if it is not, or by its own choice, which changes.
pub(super) fn selects(linter: &Known<'_>, rule: &str) -> Option<String> {
    if linter.tool.name() != "ruff" || linter.is_told("--select") || linter.is_told("--ignore") {
        return None;
    }
    let best = |keys: [&str; 2]| {
        let stated = keys.into_iter().flat_map(|key| {
            // The sections are one: the outer one is the older.
            ["lint", ""].into_iter().filter_map(move |section| linter.says(section, key))
        });
        stated
            .filter_map(|it| {
                let matches = it.words.iter().filter_map(|word| matching(word, rule));
                Some((matches.max()?, it.place))
            })
            .max()
    };
    let (selected, place) = best(["select", "extend-select"])?;
    let ignored = best(["ignore", "extend-ignore"]).map(|(length, _)| length);
    ignored.is_none_or(|ignored| selected > ignored).then_some(place)
}

/// How much of a rule's code a selector names; none if it is about other rules.
fn matching(selector: &str, rule: &str) -> Option<usize> {
    let letters = |text: &str| text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    match selector {
        "ALL" => Some(0),
        _ if rule.starts_with(selector) && letters(rule) == letters(selector) => {
            Some(selector.len())
        }
        _ => None,
    }
}

/// A command of the user's own that sorts imports in another style than the formatter's.
pub(super) fn isort(
    formatter: &Known<'_>,
    check: &Check,
    texts: &BTreeMap<ProjectPath, String>,
) -> Option<String> {
    let Work::Command { run, .. } = &check.work else { return None };
    let runs_isort = run.first().is_some_and(|program| program == "isort");
    if !runs_isort || run.iter().any(|arg| arg.starts_with("--profile")) {
        return None;
    }
    let files = [".isort.cfg", "pyproject.toml"].map(|name| ProjectPath::new(name).ok());
    let stated = files.into_iter().flatten().find_map(|path| {
        let settings = settings::read(&path, texts.get(&path)?);
        let section = if path.file_name() == "pyproject.toml" { "tool.isort" } else { "settings" };
        let profile =
            settings.into_iter().find(|it| it.section == section && it.key == "profile")?;
        Some((format!("{path}:{}", profile.line), profile.words))
    });
    let (place, words) = stated.unwrap_or_else(|| ("its default".to_owned(), Vec::new()));
    (words != ["black"]).then(|| {
        format!(
            "`{}` sorts imports in another style ({place}) than {} wraps them; give isort \
             `profile = \"black\"`",
            check.name,
            formatter.name()
        )
    })
}
