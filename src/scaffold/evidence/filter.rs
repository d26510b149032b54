//! The files that pre-commit passes to a hook, and their translation into `source` and `exclude`.
//!
//! pre-commit selects names with regular expressions, cargo pipe selects folders and globs. The common
//! shapes of such expressions are alternatives of plain paths; those are translated. Another expression
//! is matched against the files of the project at the time of `init`.

use std::collections::BTreeSet;

use regex::RegexBuilder;

use crate::project::ProjectPath;

/// The size that a compiled expression of a stranger may have.
const LARGEST_PATTERN: usize = 1 << 20;

/// The most entries of a list. A longer one would be out of date at once.
const MOST_PATHS: usize = 20;

/// The files whose names a hook gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFilter {
    /// The expressions that all must match.
    pub files: Vec<String>,
    /// The expressions of which none must match.
    pub exclude: Vec<String>,
}

impl NameFilter {
    /// The sources that the filter stands for; the whole project for a filter without any `files`.
    /// None if no such folders exist.
    #[must_use]
    pub fn sources(&self, files: &BTreeSet<ProjectPath>) -> Option<Vec<String>> {
        let patterns: Vec<&String> = self.files.iter().filter(|text| !is_any(text)).collect();
        let Some(first) = patterns.first() else { return Some(vec![".".to_owned()]) };
        if let ([_], Some(paths)) = (patterns.as_slice(), plain_paths(first)) {
            let exists = |path: &String| files.iter().any(|file| is_at(file, path));
            let paths: Vec<String> = paths.into_iter().filter(exists).collect();
            return (!paths.is_empty()).then_some(paths);
        }
        let expressions: Option<Vec<_>> = patterns.iter().map(|text| compile(text)).collect();
        let expressions = expressions?;
        let is_matched =
            |path: &ProjectPath| expressions.iter().all(|regex| regex.is_match(path.as_str()));
        let paths = cover(files, &is_matched, Some(&self.files.concat()), Shape::Paths);
        (!paths.is_empty() && paths.len() <= MOST_PATHS).then_some(paths)
    }

    /// Globs of the files that `files` leaves out, for a filter whose choice [`NameFilter::sources`]
    /// cannot express. None if they are too many.
    #[must_use]
    pub fn complement_globs(&self, files: &BTreeSet<ProjectPath>) -> Option<Vec<String>> {
        let expressions: Option<Vec<_>> = self.files.iter().map(|text| compile(text)).collect();
        let expressions = expressions?;
        let is_left_out =
            |path: &ProjectPath| !expressions.iter().all(|regex| regex.is_match(path.as_str()));
        let globs = cover(files, &is_left_out, None, Shape::Globs);
        let is_selective = files.iter().any(|path| !is_left_out(path));
        (is_selective && globs.len() <= MOST_PATHS).then_some(globs)
    }

    /// The globs of what the filter excludes, and the expressions that have none.
    #[must_use]
    pub fn exclude_globs(&self, files: &BTreeSet<ProjectPath>) -> (Vec<String>, Vec<String>) {
        let (mut globs, mut lost) = (Vec::new(), Vec::new());
        for pattern in &self.exclude {
            match exclude_of(pattern, files) {
                Some(found) => globs.extend(found),
                None => lost.push(pattern.clone()),
            }
        }
        globs.sort();
        globs.dedup();
        (globs, lost)
    }
}

fn exclude_of(pattern: &str, files: &BTreeSet<ProjectPath>) -> Option<Vec<String>> {
    if pattern.is_empty() || pattern == "^$" {
        return Some(Vec::new());
    }
    if let Some(paths) = plain_paths(pattern) {
        let is_folder =
            |path: &str| files.iter().any(|file| file.as_str().starts_with(&format!("{path}/")));
        let glob = |path: String| if is_folder(&path) { format!("{path}/**") } else { path };
        return Some(paths.into_iter().map(glob).collect());
    }
    let regex = compile(pattern)?;
    let is_excluded = |path: &ProjectPath| regex.is_match(path.as_str());
    let globs = cover(files, &is_excluded, Some(pattern), Shape::Globs);
    (globs.len() <= MOST_PATHS).then_some(globs)
}

/// The notation of a set of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// As paths of folders and files.
    Paths,
    /// As globs.
    Globs,
}

/// Writes down the files that match: as folders of which all files match, as endings of which all
/// files match and that the pattern mentions, if there is one, and one by one.
fn cover(
    files: &BTreeSet<ProjectPath>,
    is_matched: &dyn Fn(&ProjectPath) -> bool,
    pattern: Option<&str>,
    shape: Shape,
) -> Vec<String> {
    let pattern = pattern.map(|pattern| pattern.replace('\\', ""));
    let mentions = |text: &str| pattern.as_ref().is_none_or(|pattern| pattern.contains(text));
    let mut mixed_folders: BTreeSet<&str> = BTreeSet::new();
    let mut mixed_endings: BTreeSet<&str> = BTreeSet::new();
    for path in files.iter().filter(|path| !is_matched(path)) {
        mixed_folders.extend(folders_above(path.as_str()));
        mixed_endings.extend(ending(path.as_str()));
    }
    let mut entries: Vec<String> = Vec::new();
    for path in files.iter().filter(|path| is_matched(path)).map(ProjectPath::as_str) {
        let folder = folders_above(path).find(|folder| !mixed_folders.contains(folder));
        let ending = ending(path)
            .filter(|ending| !mixed_endings.contains(ending) && mentions(ending))
            .filter(|_| {
                shape == Shape::Globs && (pattern.is_none() || !folder.is_some_and(mentions))
            });
        let entry = match (shape, ending, folder) {
            (_, Some(ending), _) => format!("**/*.{}", globset::escape(ending)),
            (Shape::Globs, None, Some(folder)) => format!("{}/**", globset::escape(folder)),
            (Shape::Globs, None, None) => globset::escape(path),
            (Shape::Paths, None, Some(folder)) => folder.to_owned(),
            (Shape::Paths, None, None) => path.to_owned(),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// The folders above a file, from the outermost.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// The ending of the name of a file.
fn ending(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending)
}

fn is_any(pattern: &str) -> bool {
    matches!(pattern, "" | "." | ".*" | "^.*$" | r"\.py$" | r"\.pyi?$" | r".*\.py$" | r"^.*\.py$")
}

fn is_at(file: &ProjectPath, path: &str) -> bool {
    file.as_str() == path
        || file.as_str().strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

fn compile(pattern: &str) -> Option<regex::Regex> {
    RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build().ok()
}

/// The paths of an expression like `^(src|tests)/` or `(?x)^( a/b\.py | docs/.* )$`; none for another.
fn plain_paths(pattern: &str) -> Option<Vec<String>> {
    let verbose = pattern.trim_start().strip_prefix("(?x)");
    let text: String = match verbose {
        Some(rest) => rest
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(str::chars)
            .filter(|c| !c.is_whitespace())
            .collect(),
        None => pattern.to_owned(),
    };
    let mut paths = Vec::new();
    for part in alternatives(&text) {
        let anchored = part.strip_prefix('^')?;
        let (group, rest) = match anchored.strip_prefix("(?:").or(anchored.strip_prefix('(')) {
            Some(inside) => inside.split_once(')')?,
            None => (anchored, ""),
        };
        if !matches!(rest, "" | "$" | "/" | "/.*" | "/.*$" | r"/.*\.py$" | r"/.+\.py$") {
            return None;
        }
        for alternative in group.split('|') {
            paths.push(plain_path(alternative)?);
        }
    }
    (!paths.is_empty()).then_some(paths)
}

/// Splits at the bars outside of parentheses.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A path without any meaning as an expression: `src/`, `docs/.*`, `a/b\.py$`.
fn plain_path(text: &str) -> Option<String> {
    let text = text.trim_start_matches('^').trim_end_matches('$');
    let text = [r"/.*\.py", "/.*", "/.+", ".*"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .unwrap_or(text);
    let text = text.replace(r"\.", ".").replace(r"\-", "-").replace(r"\/", "/");
    let text = text.trim_end_matches('/');
    let is_plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    (!text.is_empty() && text.chars().all(is_plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_of_paths_are_translated() {
        for (pattern, expected) in [
            ("^src/", "src"),
            ("^(src|tests)/", "src tests"),
            ("^docs/|^tests/", "docs tests"),
            (r"^(?:a/b\.py|c/.*)$", "a/b.py c"),
            ("(?x)^(\n  docs/ |  # no\n  a\\.py\n)", "docs a.py"),
            (r"^src/.*\.py$", "src"),
        ] {
            assert_eq!(plain_paths(pattern).unwrap().join(" "), expected, "{pattern}");
        }
        for pattern in ["src/", ".*_pb2\\.py$", "^(a|b)x/", "^(?!src)", "^(", "^[ab]/"] {
            assert_eq!(plain_paths(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn another_expression_is_matched_against_the_files() {
        let files = ["a/x_pb2.py", "a/y.py"].iter().map(|path| ProjectPath::new(path).unwrap());
        let files: BTreeSet<ProjectPath> = files.collect();
        let filter = NameFilter {
            files: vec![r"y\.".to_owned()],
            exclude: vec!["_pb2".to_owned(), "(?!a)".to_owned()],
        };
        assert_eq!(filter.sources(&files), Some(vec!["a/y.py".to_owned()]));
        let expected = (vec!["a/x_pb2.py".to_owned()], vec!["(?!a)".to_owned()]);
        assert_eq!(filter.exclude_globs(&files), expected);
    }

    #[test]
    fn folders_and_endings_stand_for_the_files_that_an_expression_matches() {
        let static_files = (0..30).map(|number| format!("docs/_static/{number}.svg"));
        let others = ["docs/index.md", "docs/logo.svg", "src/a.py", "src/b_pb2.py", "LICENSE"];
        let paths = static_files.chain(others.map(str::to_owned));
        let files: BTreeSet<ProjectPath> =
            paths.map(|path| ProjectPath::new(&path).unwrap()).collect();
        let filter = |files: &str, exclude: &str| NameFilter {
            files: vec![files.to_owned()],
            exclude: vec![exclude.to_owned()],
        };
        for (exclude, expected) in [
            ("docs/_static", "docs/_static/**"),
            (r".*\.svg$", "**/*.svg"),
            ("[0-9].svg", "docs/_static/**"),
            ("_pb2", "src/b_pb2.py"),
        ] {
            let (globs, lost) = filter("", exclude).exclude_globs(&files);
            assert_eq!((globs.join(" "), lost.len()), (expected.to_owned(), 0), "{exclude}");
        }
        assert_eq!(filter("docs.*svg|src", "").sources(&files).unwrap().len(), 3);
        let by_ending = filter(r"^.*\.(py|md)$", "");
        assert_eq!(by_ending.complement_globs(&files).unwrap().join(" "), "LICENSE **/*.svg");
        assert_eq!(filter("nothing", "").complement_globs(&files), None);
    }
}
