//! Compares the line length of a formatter with that of a linter.

use super::{ConfiguredTool, Conflict};

const HINT: &str = "give both the same line length";

/// A length in characters, and the place that states it.
struct LineLength {
    characters: u32,
    place: String,
}

/// The conflicts between two checks that state a line length each.
pub(super) fn compare(
    formatter: &ConfiguredTool<'_>,
    linter: &ConfiguredTool<'_>,
) -> Vec<Conflict> {
    let Some(made) = line_length(formatter, "", "line-length") else {
        return Vec::new();
    };
    let (formats, lints) = (formatter.name(), linter.name());
    let mut conflicts = Vec::new();
    if let Some(limit) = limit(linter)
        && limit.characters < made.characters
    {
        let message = format!(
            "{formats} makes lines of up to {} characters ({}), and {lints} refuses those over {} \
             ({})",
            made.characters, made.place, limit.characters, limit.place,
        );
        conflicts.push(Conflict { message, hint: HINT });
    }
    if let Some(wraps) = wraps_imports(formatter, linter)
        && wraps.characters != made.characters
    {
        let message = format!(
            "{formats} wraps lines at {} characters ({}), and {lints}, which sorts imports, at {} \
             ({})",
            made.characters, made.place, wraps.characters, wraps.place,
        );
        conflicts.push(Conflict { message, hint: HINT });
    }
    conflicts
}

/// The longest line that a linter accepts, where its configuration states one.
fn limit(linter: &ConfiguredTool<'_>) -> Option<LineLength> {
    match linter.tool.name() {
        "pylint" => {
            let names_rule = |word: &String| {
                ["line-too-long", "C0301", "C", "format", "all"].contains(&word.as_str())
            };
            let disabled = linter.setting("", "disable");
            let is_off = disabled.is_some_and(|(setting, _)| setting.words.iter().any(names_rule));
            if is_off || linter.has_argument(&["--disable", "-d"]) {
                return None;
            }
            line_length(linter, "", "max-line-length")
        }
        "ruff" if selects(linter, "E501") => {
            line_length(linter, "lint.pycodestyle", "max-line-length")
                .or_else(|| line_length(linter, "", "line-length"))
        }
        _ => None,
    }
}

/// Where ruff wraps the imports that it sorts, if black formats the same files. ruff's own
/// formatter reads the same setting.
fn wraps_imports(
    formatter: &ConfiguredTool<'_>,
    linter: &ConfiguredTool<'_>,
) -> Option<LineLength> {
    let is_concerned = formatter.tool.name() == "black" && selects(linter, "I001");
    is_concerned.then(|| line_length(linter, "", "line-length")).flatten()
}

/// The length that a setting states.
fn line_length(check: &ConfiguredTool<'_>, section: &str, key: &str) -> Option<LineLength> {
    if check.has_argument(&[&format!("--{key}"), "-l"]) {
        return None;
    }
    let (setting, place) = check.setting(section, key)?;
    let characters = setting.words.first()?.parse().ok()?;
    Some(LineLength { characters, place })
}

/// Whether the configuration makes ruff apply a rule, without what it may inherit from others.
fn selects(linter: &ConfiguredTool<'_>, rule: &str) -> bool {
    if linter.tool.name() != "ruff"
        || linter.setting("", "extend").is_some()
        || linter.has_argument(&["--select", "--ignore"])
    {
        return false;
    }
    let ignored = longest_match(linter, ["ignore", "extend-ignore"], rule);
    longest_match(linter, ["select", "extend-select"], rule)
        .is_some_and(|selected| ignored.is_none_or(|ignored| selected > ignored))
}

/// How much of a rule's code the most specific selector of these settings names.
fn longest_match(linter: &ConfiguredTool<'_>, keys: [&str; 2], rule: &str) -> Option<usize> {
    let mut longest = None;
    for key in keys {
        // Older configurations have these settings outside `lint`.
        for section in ["lint", ""] {
            if let Some((setting, _)) = linter.setting(section, key) {
                let matches = setting.words.iter().filter_map(|word| match_length(word, rule));
                longest = longest.max(matches.max());
            }
        }
    }
    longest
}

/// How much of a rule's code a selector names; none if it selects other rules.
fn match_length(selector: &str, rule: &str) -> Option<usize> {
    let letters = |text: &str| text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    if selector == "ALL" {
        return Some(0);
    }
    let is_prefix = rule.starts_with(selector) && letters(rule) == letters(selector);
    is_prefix.then_some(selector.len())
}
