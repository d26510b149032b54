//! Parses lines with a regular expression of the project, whose named groups are the values.

use regex::{Captures, Regex};

use super::report::FindingValues;
use crate::finding::Finding;

/// Parses every line that the expression matches.
///
/// # Errors
///
/// When the expression is invalid, which the configuration excludes.
pub(super) fn parse(text: &str, expression: &str) -> Result<Vec<Finding>, String> {
    let regex = Regex::new(expression).map_err(|error| error.to_string())?;
    let matches = text.lines().filter_map(|line| regex.captures(line));
    Ok(matches.map(|captures| values(&captures).into_finding()).collect())
}

fn values<'t>(captures: &Captures<'t>) -> FindingValues<'t> {
    let group = |name: &str| captures.name(name).map(|found| found.as_str());
    let number = |name: &str| group(name)?.parse().ok();
    FindingValues {
        path: group("path").unwrap_or_default(),
        line: number("line"),
        column: number("column"),
        end_line: number("end_line"),
        code: group("code").unwrap_or_default(),
        severity: group("severity"),
        message: group("message").unwrap_or_default(),
        ..FindingValues::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_the_values() {
        let expression =
            r"^(?<severity>\w+) (?<path>\S+)@(?<line>\d+) (?<code>\w+) (?<message>.+)$";
        let found = parse("start\nerror src/a.py@7 X1 too long\nend\n", expression).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].place.path.as_str(), found[0].place.line), ("src/a.py", 7));
        assert_eq!((found[0].code.as_str(), found[0].message.as_str()), ("X1", "too long"));
    }

    #[test]
    fn a_number_that_is_too_large_is_left_out() {
        let found =
            parse("a.py 99999999999 x", r"(?<path>\S+) (?<line>\d+) (?<message>.)").unwrap();
        assert_eq!(found[0].place.line, 1);
    }
}
