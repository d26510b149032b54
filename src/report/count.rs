//! Counts of things in people's words.
//!
//! Owns the one plural of the project. It must not know what is counted; its text goes into
//! messages of every kind.

use std::fmt;

/// So many of something: `1 finding`, `2 findings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<'a>(
    /// How many.
    pub usize,
    /// The word for one of them, whose plural takes an `s`.
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
