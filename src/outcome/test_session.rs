//! The tests of a run, each with its result.

use std::collections::BTreeSet;

use super::Coverage;

/// The results of the tests of a run. A test that was run again can be both passed and failed.
#[derive(Clone, Debug, Default, PartialEq)]
#[doc(hidden)]
pub struct TestSession {
    /// The names of the tests that passed.
    pub passed: BTreeSet<String>,
    /// The names of the tests that failed.
    pub failed: BTreeSet<String>,
    /// The lines that they executed, if that was measured.
    pub coverage: Option<Coverage>,
}
