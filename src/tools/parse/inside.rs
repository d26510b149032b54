//! Takes the inside of a container out of what tools say.
//!
//! Owns the rule of which path means what outside: the snapshot is the project, a mounted config
//! goes by its name, and a tool's own files by their place in its packages. Must not know any
//! tool. Findings, warnings and reasons all go through here.

use crate::container::{APP, CONFIG};

const PACKAGES: &str = "/site-packages/";

/// The text with every path of the inside shortened to what it means outside.
pub(crate) fn strip(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        let (before, path) = rest.split_at(start);
        stripped.push_str(before);
        let starts = !stripped.ends_with(is_path_character);
        rest = match outside(path).filter(|_| starts) {
            Some(outside) => outside,
            None => {
                stripped.push('/');
                &path[1..]
            }
        };
        // The snapshot itself, rather than a file in it.
        if starts && rest.len() + APP.len() == path.len() && path.starts_with(APP) {
            stripped.push('.');
        }
    }
    stripped.push_str(rest);
    stripped
}

/// The path of a file of the project; none for a file of the inside or the outside world.
pub(crate) fn project_path(raw: &str) -> Option<String> {
    let path = raw.strip_prefix(APP).and_then(|path| path.strip_prefix('/')).unwrap_or(raw);
    let path = path.strip_prefix("./").unwrap_or(path);
    let leaves = path.starts_with('/') || path.split('/').any(|part| part == "..");
    (!path.is_empty() && !leaves).then(|| path.to_owned())
}

/// What is left of a text that starts with a path of the inside.
fn outside(path: &str) -> Option<&str> {
    for root in [APP, CONFIG] {
        match path.strip_prefix(root) {
            Some(rest) if rest.starts_with('/') => return Some(&rest[1..]),
            Some(rest) if root == APP && !rest.starts_with(is_path_character) => return Some(rest),
            _ => {}
        }
    }
    let end = path.find(char::is_whitespace).unwrap_or(path.len());
    let packages = path[..end].find(PACKAGES)?;
    Some(&path[packages + PACKAGES.len()..])
}

fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '/' | '_' | '-' | '.' | '~' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_snapshot_is_a_file_of_the_project() {
        assert_eq!(strip("cannot format /app/src/a.py: x"), "cannot format src/a.py: x");
        assert_eq!(strip("'/app/a.py' '/app'"), "'a.py' '.'");
        assert_eq!(strip("/app"), ".");
        assert_eq!(strip("/config/mypy.ini: [mypy]"), "mypy.ini: [mypy]");
        assert_eq!(
            strip("/opt/mypy/lib/python3.13/site-packages/mypy/a.pyi:9: error"),
            "mypy/a.pyi:9: error"
        );
    }

    #[test]
    fn what_only_looks_like_the_inside_stays() {
        for text in ["https://a.org/app/x", "src/app/x.py", "/apple/x", "a / b", "/", ""] {
            assert_eq!(strip(text), text);
        }
    }

    #[test]
    fn only_a_file_of_the_project_has_a_path() {
        assert_eq!(project_path("/app/src/a.py").as_deref(), Some("src/a.py"));
        assert_eq!(project_path("./src/a.py").as_deref(), Some("src/a.py"));
        for path in ["/opt/x.pyi", "../x.py", "src/../../x", "", "/app/", "/app"] {
            assert_eq!(project_path(path), None, "{path}");
        }
    }
}
