//! Lines that a formatter makes and a linter refuses.

use super::Known;
use super::rules::selects;

/// What black and ruff take without being told.
const FORMATTERS: u32 = 88;
/// What pylint takes without being told.
const PYLINTS: u32 = 100;

/// A length, and where it is from.
struct Length {
    characters: u32,
    place: String,
}

/// The two lengths, where one tool makes lines that the other refuses or wraps anew.
pub(super) fn contradictions(formatter: &Known<'_>, linter: &Known<'_>) -> Vec<String> {
    let Some(made) = length(formatter, "", "line-length", FORMATTERS) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(limit) = limit(linter).filter(|limit| limit.characters < made.characters) {
        found.push(format!(
            "{} makes lines of up to {} characters ({}), and {} refuses those over {} ({}); give \
             both one length",
            formatter.name(),
            made.characters,
            made.place,
            linter.name(),
            limit.characters,
            limit.place,
        ));
    }
    if let Some(sorts) = selects(linter, "I001")
        && formatter.tool.name() == "black"
        && let Some(length) = length(linter, "", "line-length", FORMATTERS)
        && length.characters != made.characters
    {
        found.push(format!(
            "{} wraps lines at {} characters ({}), and {}, which sorts imports ({sorts}), at {} \
             ({}); give both one length",
            formatter.name(),
            made.characters,
            made.place,
            linter.name(),
            length.characters,
            length.place,
        ));
    }
    found
}

/// The longest line that a linter takes; none if it takes any, or nobody knows.
fn limit(linter: &Known<'_>) -> Option<Length> {
    match linter.tool.name() {
        "pylint" => {
            let disabled = linter.says("", "disable").map(|it| it.words).unwrap_or_default();
            let off = ["line-too-long", "C0301", "C", "format", "all"];
            let is_off = disabled.iter().any(|word| off.contains(&word.as_str()));
            (!is_off && !linter.is_told("--disable"))
                .then(|| length(linter, "", "max-line-length", PYLINTS))?
        }
        "ruff" => {
            selects(linter, "E501")?;
            let own = linter.says("lint.pycodestyle", "max-line-length");
            match own {
                Some(_) => length(linter, "lint.pycodestyle", "max-line-length", FORMATTERS),
                None => length(linter, "", "line-length", FORMATTERS),
            }
        }
        _ => None,
    }
}

fn length(known: &Known<'_>, section: &str, key: &str, default: u32) -> Option<Length> {
    if known.is_told(&format!("--{key}")) || known.is_told("-l") {
        return None;
    }
    match known.says(section, key) {
        Some(stated) => {
            let characters = stated.words.first()?.parse().ok()?;
            Some(Length { characters, place: stated.place })
        }
        None => Some(Length { characters: default, place: "its default".to_owned() }),
    }
}
