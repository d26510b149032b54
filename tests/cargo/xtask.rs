//! A workspace's own task runner that has the command line of cargo pipe.

use crate::workspace::Workspace;
use crate::{Needs, Test};

/// What is tested.
pub(crate) const TESTS: &[Test] = &[
    Test("a_task_runs_all_checks_with_nothing_installed", Needs::Engine, run_all),
    Test("a_task_offers_what_can_be_typed", Needs::Nothing, spelled),
];

fn run_all() {
    let workspace = Workspace::mixed();
    let ended = workspace.cargo("xtask pipe run-all").well();
    assert!(ended.stdout.contains("passed: 4 checks"), "{}", ended.stdout);

    let ended = workspace.cargo("xtask pipe ci --quiet").well();
    assert!(ended.stdout.contains("passed: 4 checks"), "{}", ended.stdout);
    // A job of CI does not accept a generated file that is out of date, and checks all the same.
    let section = "[workspace.metadata.pipe]";
    workspace.edit("Cargo.toml", section, &format!("{section}\nci.gitlab = \"socket\""));
    let ended = workspace.cargo("xtask pipe ci --dry-run");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("missing   .gitlab-ci.yml"), "{}", ended.stdout);
    assert!(ended.stdout.contains("4 checks"), "{}", ended.stdout);
}

fn spelled() {
    let workspace = Workspace::mixed();
    let help = workspace.cargo("xtask pipe --help").well().stdout;
    assert!(help.contains("Usage: cargo xtask pipe [OPTIONS]"), "{help}");
    assert!(!help.contains(" cargo pipe run-all"), "{help}");
    let ended = workspace.cargo("xtask pipe lnit");
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("did you mean `cargo xtask pipe lint`?"), "{}", ended.stderr);
}
