//! Variables that change the result of a test if a program inherits them.

/// Variables that decide about git, Python, cargo pipe, a terminal or the locale.
const NAMES: &[&str] = &[
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "LANG",
    "LANGUAGE",
    "LINES",
    "NO_COLOR",
    "SOURCE_DATE_EPOCH",
    "TZ",
    "VIRTUAL_ENV",
];

/// The same for all variables with these prefixes.
const PREFIXES: &[&str] = &["CARGO_PIPE_", "CI_", "GITHUB_", "GITLAB_", "GIT_", "LC_", "PYTHON"];

/// Variables that every program gets instead.
pub(crate) const FIXED: [(&str, &str); 2] = [("LC_ALL", "C.UTF-8"), ("TERM", "dumb")];

/// Returns whether no program inherits the variable.
pub(crate) fn is_removed(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
