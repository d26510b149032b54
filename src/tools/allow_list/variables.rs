//! The environment variables that are harmless for every program.
//!
//! None of them names code, a folder that is searched for code, a configuration or a loader. Their
//! values are checked too: libc opens the file that a time zone or a locale names.

use std::collections::BTreeMap;

use super::{AllowList, ValueRule};

/// Variables that choose the language, the time zone or the appearance of output.
const EVERY_PROGRAM: &[(&str, ValueRule)] = &[
    ("CI", word),
    ("CLICOLOR", word),
    ("CLICOLOR_FORCE", word),
    ("COLUMNS", word),
    ("FORCE_COLOR", word),
    ("LANG", locale),
    ("LANGUAGE", word),
    ("LC_ALL", locale),
    ("LC_CTYPE", locale),
    ("LC_MESSAGES", locale),
    ("LC_TIME", locale),
    ("LINES", word),
    ("LOGNAME", word),
    ("NO_COLOR", word),
    ("PYTHONDONTWRITEBYTECODE", word),
    ("PYTHONHASHSEED", word),
    ("PYTHONSAFEPATH", one),
    ("PYTHONUNBUFFERED", word),
    ("PYTHONUTF8", one),
    ("PY_COLORS", word),
    ("SOURCE_DATE_EPOCH", word),
    ("TERM", word),
    ("TZ", time_zone),
    ("USER", word),
];

/// Finds the first variable that is not known to be harmless. The `canonical` ones, with their own
/// values, are set by us.
pub(crate) fn find_unknown<'a>(
    list: &AllowList,
    env: &'a BTreeMap<String, String>,
    canonical: &[(&str, &str)],
) -> Option<&'a str> {
    let is_harmless = |name: &str, value: &str| {
        canonical.contains(&(name, value))
            || EVERY_PROGRAM
                .iter()
                .chain(list.variables)
                .any(|(known, accepts)| *known == name && accepts(value))
    };
    env.iter().find(|(name, value)| !is_harmless(name, value)).map(|(name, _)| name.as_str())
}

/// Letters, digits and a few marks: no path, and no file that libc opens.
fn word(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphanumeric() || "-_+.,".contains(c)) && !value.contains("..")
}

fn one(value: &str) -> bool {
    value == "1"
}

/// The plain locale, or one whose encoding is UTF-8: tools decode configurations with it.
fn locale(value: &str) -> bool {
    let is_utf8 = |encoding: &str| {
        encoding.eq_ignore_ascii_case("utf-8") || encoding.eq_ignore_ascii_case("utf8")
    };
    let has_utf8 = value.split_once('.').is_some_and(|(language, encoding)| {
        language.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && is_utf8(encoding)
    });
    matches!(value, "C" | "POSIX") || has_utf8
}

/// The name of a time zone such as `Europe/Berlin`, below the folder of the system.
fn time_zone(value: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && word(part);
    value.split('/').all(is_part)
}
