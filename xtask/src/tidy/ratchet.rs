//! Counts that may only fall.
//!
//! A rule that the code does not follow yet reports each place that breaks it. `ratchet.txt`
//! records how many places each rule may have; a rule without a record may have none. `cargo xtask
//! tidy --bless` lowers the records, and never raises one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::workspace;

/// Relative to the root of the repository.
const FILE: &str = "xtask/src/tidy/ratchet.txt";

/// Whether a count below its record is an error, so that nothing can rise again unseen. While
/// several branches lower the same counts it is a note.
const STRICT: bool = false;

/// The most places that a complaint lists.
const SHOWN: usize = 10;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The name that the rule is recorded under.
    pub(super) rule: String,
    /// `PATH:LINE`, or a path.
    pub(super) place: String,
}

/// Recorded ceilings by rule.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ceilings(BTreeMap<String, usize>);

impl Ceilings {
    /// Reads the recorded ceilings.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a line in it.
    pub(super) fn read() -> Result<Ceilings> {
        Ceilings::parse(&workspace::read(&path())?)
    }

    fn parse(text: &str) -> Result<Ceilings> {
        let mut ceilings = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let parsed = line
                .trim()
                .split_once(' ')
                .and_then(|(count, rule)| Some((rule.to_owned(), count.parse::<usize>().ok()?)));
            let (rule, count) = parsed.ok_or_else(|| {
                Failure::new(format!("invalid line in `{FILE}`: `{line}`"))
                    .hint("a line is `COUNT RULE`")
            })?;
            ceilings.insert(rule, count);
        }
        Ok(Ceilings(ceilings))
    }

    /// Writes the ceilings that are above the counts down to them.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(super) fn lower_to(&self, found: &[Found]) -> Result<()> {
        workspace::write(&path(), &self.lowered(&group(found)).render())
    }

    fn lowered(&self, places: &BTreeMap<&str, Vec<&str>>) -> Ceilings {
        let lower = |(rule, ceiling): (&String, &usize)| {
            let count = places.get(rule.as_str()).map_or(0, Vec::len);
            (rule.clone(), count.min(*ceiling))
        };
        Ceilings(self.0.iter().map(lower).filter(|(_, count)| *count > 0).collect())
    }

    fn render(&self) -> String {
        let rows = self.0.iter().map(|(rule, count)| format!("{count:>4} {rule}\n"));
        format!(
            "# Places that may still break a rule; counts may only fall.\n\
             # `cargo xtask tidy --list` shows the places, `--bless` lowers the counts.\n{}",
            rows.collect::<String>()
        )
    }

    /// Compares the places with the ceilings: complaints first, then notes.
    pub(super) fn compare(&self, found: &[Found]) -> (Vec<String>, Vec<String>) {
        let places = group(found);
        let (mut complaints, mut notes) = (Vec::new(), Vec::new());
        for (rule, places) in &places {
            let ceiling = self.0.get(*rule).copied().unwrap_or(0);
            if places.len() > ceiling {
                complaints.push(complain(rule, places, ceiling));
            }
        }
        for (rule, ceiling) in &self.0 {
            let count = places.get(rule.as_str()).map_or(0, Vec::len);
            if count < *ceiling {
                let text = format!(
                    "{rule}: {count} left of {ceiling}; lower it with `cargo xtask tidy --bless`"
                );
                if STRICT { complaints.push(text) } else { notes.push(text) }
            }
        }
        (complaints, notes)
    }
}

fn complain(rule: &str, places: &[&str], ceiling: usize) -> String {
    let mut text = format!("{rule}: {} found, at most {ceiling} allowed", places.len());
    if places.len() <= SHOWN {
        for place in places {
            text += &format!("\n  {place}");
        }
    } else {
        text += "; `cargo xtask tidy --list` shows where";
    }
    text
}

fn group(found: &[Found]) -> BTreeMap<&str, Vec<&str>> {
    let mut places = BTreeMap::<&str, Vec<&str>>::new();
    for one in found {
        places.entry(&one.rule).or_default().push(&one.place);
    }
    places
}

fn path() -> PathBuf {
    workspace::root().join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(count: usize) -> Vec<Found> {
        let one =
            |number| Found { rule: "src: riddle".to_owned(), place: format!("a.rs:{number}") };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_count_that_rises_is_a_complaint_with_its_places() {
        let ceilings = Ceilings::parse("# comment\n  1 src: riddle\n").unwrap();
        assert_eq!(ceilings.compare(&found(1)), (vec![], vec![]));
        let (complaints, _) = ceilings.compare(&found(2));
        assert_eq!(complaints, ["src: riddle: 2 found, at most 1 allowed\n  a.rs:0\n  a.rs:1"]);
        let (complaints, _) = ceilings.compare(&found(99));
        assert!(complaints[0].contains("99 found"), "{complaints:?}");
        assert!(complaints[0].contains("--list"), "{complaints:?}");
    }

    #[test]
    fn a_rule_without_a_record_allows_nothing() {
        assert_eq!(Ceilings::default().compare(&found(1)).0.len(), 1);
    }

    #[test]
    fn a_count_that_falls_asks_for_a_lower_ceiling() {
        let ceilings = Ceilings::parse("3 src: riddle\n").unwrap();
        let (complaints, notes) = ceilings.compare(&found(1));
        let texts = if STRICT { complaints } else { notes };
        assert_eq!(texts, ["src: riddle: 1 left of 3; lower it with `cargo xtask tidy --bless`"]);
    }

    #[test]
    fn ceilings_are_lowered_and_never_raised() {
        let ceilings = Ceilings::parse("3 src: riddle\n2 src: gone\n").unwrap();
        let places = found(1);
        let lowered = ceilings.lowered(&group(&places));
        assert_eq!(lowered, Ceilings::parse("1 src: riddle").unwrap());
        let places = found(5);
        let kept = ceilings.lowered(&group(&places));
        assert_eq!(kept, Ceilings::parse("3 src: riddle").unwrap());
        assert_eq!(Ceilings::parse(&kept.render()).unwrap(), kept);
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert!(Ceilings::parse("many src: riddle\n").is_err());
    }
}
