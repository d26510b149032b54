//! Harness of the test programs that find out at run time which of their tests can run.
//!
//! cargo's own harness knows ignored tests only at compile time. The programs with `harness = false`
//! take the same arguments and print the same lines, but a test that needs docker, Python or
//! bubblewrap is reported as ignored, and counted, on a machine without it. Each module lists its
//! tests with [`tests!`], and `main.rs` collects these lists.

use std::num::NonZero;

use libtest_mimic::{Arguments, Trial};

/// A test, as [`tests!`] makes it.
#[derive(Clone, Copy)]
pub(crate) struct Test {
    /// Path of its module.
    pub(crate) module: &'static str,
    /// Name of its function.
    pub(crate) name: &'static str,
    /// Returns whether this machine has what the test needs.
    pub(crate) can_run: fn() -> bool,
    /// Its function.
    pub(crate) run: fn(),
}

/// Makes the list `TESTS` of a module.
///
/// The tests in `tests![a, b]` run where the function `can_run` of `main.rs` allows it. The groups
/// in `tests!(docker, [a], nothing, [b])` each name another function of `main.rs`.
macro_rules! tests {
    (SOAK, [$($name:ident),+ $(,)?]) => {
        /// Tests that take too long for every run.
        pub(crate) const SOAK: &[crate::harness::Test] = tests!(@list $([can_run $name])+);
    };
    ($($needs:ident, [$($name:ident),+ $(,)?]),+ $(,)?) => {
        /// The tests of this module.
        pub(crate) const TESTS: &[crate::harness::Test] = tests!(@list $($([$needs $name])+)+);
    };
    ($($name:ident),+ $(,)?) => {
        /// The tests of this module.
        pub(crate) const TESTS: &[crate::harness::Test] = tests!(@list $([can_run $name])+);
    };
    (@list $([$needs:ident $name:ident])+) => {
        &[$(crate::harness::Test {
            module: module_path!(),
            name: stringify!($name),
            can_run: crate::$needs,
            run: $name,
        }),+]
    };
}

/// Parses the arguments of the process; `per_processor` tests run in parallel on each processor.
pub(crate) fn arguments(per_processor: usize) -> Arguments {
    let mut arguments = Arguments::from_args();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(per_processor * processors);
    arguments
}

/// The tests of these lists, in their order.
pub(crate) fn trials(lists: &[&[Test]]) -> Vec<Trial> {
    lists.concat().into_iter().map(trial).collect()
}

fn trial(test: Test) -> Trial {
    // Names start with the module, without the name of the program, as those of cargo's harness.
    let module = test.module.split_once("::").map_or("", |(_, module)| module);
    let run = move || {
        (test.run)();
        Ok(())
    };
    Trial::test(format!("{module}::{}", test.name), run).with_ignored_flag(!(test.can_run)())
}
