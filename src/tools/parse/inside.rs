//! Converts paths of the container in the output of tools.
//!
//! The snapshot becomes the project, a mounted configuration its file name, and a file of a tool its path
//! in the tool's packages. Every finding, warning and reason passes through this module.

use crate::container::{APP, CONFIG};

const PACKAGES: &str = "/site-packages/";

/// Converts all paths of the container in a text.
pub(crate) fn strip(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        let (before, path) = rest.split_at(start);
        stripped.push_str(before);
        let starts = !stripped.ends_with(is_path_character);
        rest = match strip_folder(path).filter(|_| starts) {
            Some(stripped) => stripped,
            None => {
                stripped.push('/');
                &path[1..]
            }
        };
        // The path is the snapshot itself.
        if starts && rest.len() + APP.len() == path.len() && path.starts_with(APP) {
            stripped.push('.');
        }
    }
    stripped.push_str(rest);
    stripped
}

/// The path of a file of the project; none for any other file.
pub(crate) fn project_path(raw: &str) -> Option<String> {
    let path = raw.strip_prefix(APP).and_then(|path| path.strip_prefix('/')).unwrap_or(raw);
    let path = path.strip_prefix("./").unwrap_or(path);
    let leaves = path.starts_with('/') || path.split('/').any(|part| part == "..");
    (!path.is_empty() && !leaves).then(|| path.to_owned())
}

/// Removes the container's folder from a text that starts with a path; none if it does not.
fn strip_folder(path: &str) -> Option<&str> {
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
    fn paths_that_only_resemble_the_container_stay() {
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
