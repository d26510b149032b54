//! The parts of an attack: each is a list of tries or makes them from random numbers.

mod cache;
mod git;
mod host_code;
mod kept;
mod kills;
mod links;
mod load;
mod memory;
mod odd;
mod paths;
mod secrets;
mod shadow;
mod sizes;
mod surroundings;
mod values;

use super::cases::GENERATED;
use super::scene::Scene;
use crate::failure::Result;
use crate::process;

/// A kind of attack.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// How many different tries there are.
    pub(super) cases: fn() -> usize,
    /// How many of them are made.
    pub(super) tries: usize,
    /// How many of them the gate makes.
    pub(super) quick: usize,
    /// How many are made at once on each processor; 0 for one at a time.
    pub(super) per_processor: usize,
    needs: Need,
    /// Makes one try.
    pub(super) attack: fn(&mut Scene<'_>) -> Result<()>,
}

/// Something that not every machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Python and the network, for virtual environments.
    Python,
}

/// The part of a name, for a table of constants.
const fn part(name: &'static str, attack: fn(&mut Scene<'_>) -> Result<()>) -> Part {
    Part {
        name,
        cases: || GENERATED,
        tries: 100,
        quick: 2,
        per_processor: 1,
        needs: Need::Python,
        attack,
    }
}

/// All parts, in the order in which they are tried: those first that end before their share of the time
/// does, so that the others get the rest.
pub(super) const PARTS: &[Part] = &[
    Part { tries: 20, quick: 0, ..part("edits", load::edit) },
    Part { tries: 6, quick: 0, per_processor: 0, cases: load::ways, ..part("load", load::attack) },
    Part { tries: 48, quick: 1, cases: cache::cases, ..part("cache", cache::attack) },
    Part { tries: 252, quick: 3, ..part("memory", memory::attack) },
    Part { tries: 120, quick: 2, cases: odd::cases, ..part("odd", odd::attack) },
    // The third one waits for a docker that hangs.
    Part { tries: 240, quick: 2, per_processor: 2, ..part("surroundings", surroundings::attack) },
    Part { tries: 400, quick: 6, cases: paths::cases, ..part("paths", paths::attack) },
    Part { tries: 600, quick: 8, cases: values::cases, ..part("values", values::attack) },
    Part { tries: 300, quick: 6, cases: sizes::cases, ..part("sizes", sizes::attack) },
    Part { tries: 160, quick: 4, cases: kills::cases, ..part("kills", kills::attack) },
    Part { tries: 500, quick: 10, ..part("host-code", host_code::attack) },
    Part { tries: 340, quick: 6, ..part("shadow", shadow::attack) },
    Part { tries: 360, quick: 6, cases: git::cases, ..part("git", git::attack) },
    Part { tries: 900, quick: 20, cases: links::cases, ..part("links", links::attack) },
];

/// The names of all parts.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| part.name)
}

impl Part {
    /// Describes the lack of something that the part needs.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        match self.needs {
            Need::Python if !process::is_installed("python3") => Some("no Python"),
            Need::Python => None,
        }
    }
}
