//! Cargo pipe without a container: real Python, real packages from the network, real bubblewrap.
//!
//! Without a Python that the locks support, every test is reported as ignored. Those that need
//! bubblewrap are ignored where it does not work. A docker engine of the machine is hidden.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/start.rs"]
mod start;

mod affected;
mod agents;
mod build_systems;
mod by_hand;
#[expect(dead_code, reason = "the tests with docker use the rest")]
#[path = "../docker/catalogue.rs"]
mod catalogue;
#[path = "../docker/dice.rs"]
mod dice;
mod editors;
mod engine;
mod environment_build;
mod hook;
mod hook_fixes;
mod hook_push;
#[path = "../docker/imports.rs"]
mod imports;
mod kept_copies;
mod monorepo;
mod order;
#[path = "../docker/package_index.rs"]
mod package_index;
mod packages;
mod pinned_tools;
#[expect(dead_code, reason = "the tests with docker use the rest")]
#[path = "../docker/project.rs"]
mod project;
#[expect(dead_code, reason = "the tests of incremental tools use the rest")]
#[path = "../harness/python.rs"]
mod python;
mod pythons;
mod releases;
mod repository;
mod rust;
#[path = "../harness/rust_project.rs"]
mod rust_project;
mod sandbox;
#[expect(dead_code, reason = "other programs use the rest")]
#[path = "../pty/session.rs"]
mod session;
mod shadows;
mod test_runs;
#[path = "../harness/two_packages.rs"]
mod two_packages;
#[path = "../harness/two_pythons.rs"]
mod two_pythons;
mod watch;

use std::process::ExitCode;
use std::sync::LazyLock;

use bubblewrap as can_run;

fn main() -> ExitCode {
    // Half of its time a test waits: for packages, or for another process.
    let arguments = harness::arguments(2);
    let lists = [
        affected::TESTS,
        agents::TESTS,
        build_systems::TESTS,
        by_hand::TESTS,
        editors::TESTS,
        engine::TESTS,
        environment_build::TESTS,
        hook::TESTS,
        hook_fixes::TESTS,
        hook_push::TESTS,
        kept_copies::TESTS,
        monorepo::TESTS,
        order::TESTS,
        packages::TESTS,
        pinned_tools::TESTS,
        pythons::TESTS,
        releases::TESTS,
        rust::TESTS,
        sandbox::TESTS,
        shadows::TESTS,
        test_runs::TESTS,
        watch::TESTS,
    ];
    // `cargo xtask soak` asks for what takes too long for every run.
    let is_soak = project::variable("CARGO_PIPE_TEST_SOAK").is_some();
    let lists = [&lists[..], if is_soak { &[releases::SOAK] } else { &[] }].concat();
    libtest_mimic::run(&arguments, harness::trials(&lists)).exit_code()
}

fn python() -> bool {
    static HAS_PYTHON: LazyLock<bool> =
        LazyLock::new(|| engine::answers("python3", &["--version"]));
    *HAS_PYTHON
}

fn vim() -> bool {
    engine::answers("vim", &["--version"])
}

fn bubblewrap() -> bool {
    static HAS_BUBBLEWRAP: LazyLock<bool> = LazyLock::new(|| {
        engine::answers("bwrap", &["--unshare-all", "--ro-bind", "/", "/", "true"])
    });
    python() && *HAS_BUBBLEWRAP
}
