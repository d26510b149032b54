//! Parses what git tells a `pre-push` hook.

/// A commit that is about to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedCommit {
    /// The name of the local branch or tag.
    pub name: String,
    /// Its hash.
    pub commit: String,
}

/// The commits in the lines that git writes to a `pre-push` hook, each once. A deleted branch has none.
///
/// # Errors
///
/// When a line is not four words, of which the second is a hash. The error is that line.
pub fn parse_pushed(text: &str) -> Result<Vec<PushedCommit>, String> {
    let mut pushed: Vec<PushedCommit> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let [name, commit, _, _] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(line.to_owned());
        };
        let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash {
            return Err(line.to_owned());
        }
        let is_deleted = commit.bytes().all(|byte| byte == b'0');
        if !is_deleted && !pushed.iter().any(|it| it.commit == commit) {
            pushed.push(PushedCommit { name: name.to_owned(), commit: commit.to_owned() });
        }
    }
    Ok(pushed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_checked_once_and_a_deleted_branch_has_none() {
        let (one, two, none) = ("1".repeat(40), "2".repeat(64), "0".repeat(40));
        let text = format!(
            "refs/heads/a {one} refs/heads/a {none}\n\
             (delete) {none} refs/heads/b {one}\n\
             refs/tags/t {one} refs/tags/t {none}\n\
             refs/heads/c {two} refs/heads/d {one}\n"
        );
        let pushed = parse_pushed(&text).unwrap();
        let names: Vec<&str> = pushed.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["refs/heads/a", "refs/heads/c"]);
        assert_eq!(parse_pushed(""), Ok(Vec::new()));
    }

    #[test]
    fn a_line_that_is_not_of_git_is_an_error() {
        let long = format!("refs/heads/a --{} refs/heads/a {}", "1".repeat(38), "0".repeat(40));
        for wrong in ["refs/heads/a", "a b c d", &long] {
            assert_eq!(parse_pushed(wrong), Err(wrong.to_owned()));
        }
    }
}
