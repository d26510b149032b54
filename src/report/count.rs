//! Counts with a noun in singular or plural.

use std::fmt;

/// A count with its noun: `1 finding`, `2 findings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<'a>(
    /// The number.
    pub usize,
    /// The noun in singular; its plural ends with `s`.
    pub &'a str,
);

impl fmt::Display for Count<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count(number, word) = self;
        let plural = if *number == 1 { "" } else { "s" };
        write!(formatter, "{number} {word}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let counts = [0, 1, 2].map(|number| Count(number, "finding").to_string());
        assert_eq!(counts, ["0 findings", "1 finding", "2 findings"]);
    }
}
