//! Pairs files that are gone with new files that are similar, as git does: those with most bytes of
//! equal lines first, and none with less than half.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

/// The part of equal bytes that a renamed file needs, in percent.
const SIMILAR: u64 = 50;

/// The maximum number of pairs that are compared. With more of them, only files of the same name are.
const MAX_PAIRS: usize = 1_000_000;

/// The lines of a content: how many bytes there are of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    name: String,
    lines: BTreeMap<u64, u64>,
    length: u64,
}

impl Sketch {
    pub(super) fn new(path: &str, content: &[u8]) -> Sketch {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let mut sketch = Sketch { name, ..Sketch::default() };
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let mut hasher = DefaultHasher::new();
            hasher.write(text);
            let length = text.len() as u64 + 1;
            *sketch.lines.entry(hasher.finish()).or_default() += length;
            sketch.length += length;
        }
        sketch
    }

    /// The part of equal bytes, in percent.
    fn similarity(&self, other: &Sketch) -> u64 {
        let longest = self.length.max(other.length);
        // Lines cannot have more in common than the shorter content has.
        if longest == 0 || self.length.min(other.length) * 100 < longest * SIMILAR {
            return 0;
        }
        let common = |(line, length): (&u64, &u64)| {
            other.lines.get(line).map_or(0, |there| *length.min(there))
        };
        self.lines.iter().map(common).sum::<u64>() * 100 / longest
    }
}

/// The pairs of indices of `gone` and `new`, each of which is in one pair at most.
pub(super) fn pair_renames(gone: &[Sketch], new: &[Sketch]) -> Vec<(usize, usize)> {
    let compares_all = gone.len().saturating_mul(new.len()) <= MAX_PAIRS;
    let mut pairs = Vec::new();
    for (old, sketch) in gone.iter().enumerate() {
        for (now, other) in new.iter().enumerate() {
            let has_same_name = sketch.name == other.name;
            if !compares_all && !has_same_name {
                continue;
            }
            let similarity = sketch.similarity(other);
            if similarity >= SIMILAR {
                pairs.push((similarity, has_same_name, old, now));
            }
        }
    }
    pairs.sort_by_key(|(similarity, has_same_name, old, now)| {
        (std::cmp::Reverse((*similarity, *has_same_name)), *old, *now)
    });
    let (mut is_gone_used, mut is_new_used) = (vec![false; gone.len()], vec![false; new.len()]);
    let mut chosen = Vec::new();
    for (_, _, old, now) in pairs {
        if !is_gone_used[old] && !is_new_used[now] {
            (is_gone_used[old], is_new_used[now]) = (true, true);
            chosen.push((old, now));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketches(files: &[(&str, &str)]) -> Vec<Sketch> {
        files.iter().map(|(path, content)| Sketch::new(path, content.as_bytes())).collect()
    }

    #[test]
    fn the_most_similar_files_are_paired_and_each_once() {
        let gone = sketches(&[("a/x.py", "1\n2\n3\n4\n"), ("b.py", "5\n6\n7\n8\n"), ("e.py", "")]);
        let new = sketches(&[
            ("c.py", "1\n2\n3\nother\n"),
            ("d.py", "1\r\n2\r\n3\r\n4\r\n"),
            ("f.py", "5\n6\n7\n8\n9\n"),
            ("g.py", ""),
        ]);
        assert_eq!(pair_renames(&gone, &new), [(0, 1), (1, 2)]);
    }

    #[test]
    fn of_equal_files_those_of_the_same_name_are_paired() {
        let gone = sketches(&[("a/x.py", "1\n"), ("a/y.py", "1\n")]);
        let new = sketches(&[("b/y.py", "1\n"), ("b/x.py", "1\n")]);
        assert_eq!(pair_renames(&gone, &new), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_file_that_shares_less_than_half_is_a_new_one() {
        let (gone, new) = (sketches(&[("a", "1\n2\n3\n")]), sketches(&[("b", "1\nx\ny\n")]));
        assert!(pair_renames(&gone, &new).is_empty());
    }
}
