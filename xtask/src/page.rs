//! Runs the tests of the HTML report in a headless Chromium.

use crate::docker::{self, Origin, System};
use crate::failure::Result;
use crate::process;
use crate::test::{self, Records};

/// The program of the browser and the Debian package that has it, which have the same name.
const BROWSER: &str = "chromium";

/// Runs the tests.
///
/// # Errors
///
/// When something is missing that may not or cannot be installed, and when a test fails.
pub(crate) fn run(system: System, records: &mut Records) -> Result<()> {
    docker::run(system)?;
    let missing: &[&str] = if process::is_installed(BROWSER) { &[] } else { &[BROWSER] };
    // The browser of a newer release would replace much of an older one.
    docker::complete_with(missing, Origin::Own, system)?;
    test::run(&test::Selection::of_the_gate_in("page"), records)
}
