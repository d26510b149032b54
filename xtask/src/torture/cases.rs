//! Numbers of tries: which ones are made, and what a number stands for.

use std::hash::{DefaultHasher, Hash, Hasher};

use fastrand::Rng;

/// A part without a list has as many cases as are asked for.
pub(super) const GENERATED: usize = 1 << 20;

/// Chooses tries of a list at random; of a generator it takes the first ones.
pub(super) fn choose(cases: usize, tries: usize, seed: u64) -> Vec<usize> {
    if cases >= GENERATED {
        return (0..tries).collect();
    }
    let mut numbers: Vec<usize> = (0..cases).collect();
    Rng::with_seed(seed).shuffle(&mut numbers);
    numbers.truncate(tries);
    numbers
}

/// The random numbers of a try, always the same for one seed.
pub(super) fn random(seed: u64, part: &str, number: usize) -> Rng {
    let mut hasher = DefaultHasher::new();
    (seed, part, number).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}

/// Splits the number of a case into an index for each of several lists of these lengths.
pub(super) fn split<const N: usize>(number: usize, lengths: [usize; N]) -> [usize; N] {
    let mut rest = number;
    lengths.map(|length| {
        let index = rest % length;
        rest /= length;
        index
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_a_number() {
        let mut all: Vec<_> = (0..6).map(|number| split(number, [2, 3])).collect();
        all.sort_unstable();
        assert_eq!(all, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn a_seed_always_chooses_the_same_tries() {
        assert_eq!(choose(100, 5, 7), choose(100, 5, 7));
        assert_ne!(choose(100, 5, 7), choose(100, 5, 8));
        assert_eq!(choose(GENERATED, 3, 7), [0, 1, 2]);
        assert_eq!(random(1, "git", 2).u64(..), random(1, "git", 2).u64(..));
        assert_ne!(random(1, "git", 2).u64(..), random(1, "git", 3).u64(..));
    }
}
