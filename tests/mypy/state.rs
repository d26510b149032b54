//! The memory that the worker leaves: damaged, falsified, audited.

use crate::project::Project;

tests![
    a_damaged_state_counts_as_missing,
    an_audit_names_a_wrong_message,
    an_audit_has_the_output_of_mypys_own_command
];

fn project() -> Project {
    Project::of(&[("a.py", "x: int = ''\n"), ("b.py", "from a import x\ny: str = x\n")])
}

fn a_damaged_state_counts_as_missing() {
    let project = project();
    let whole = {
        project.run();
        project.left()
    };
    let flipped = whole.replacen("AA", "BB", 1);
    for left in [&whole[..whole.len() / 2 / 4 * 4], "AAAA", "", &*flipped] {
        project.leave(left);
        let run = project.agrees();
        assert_eq!((&*run.cold, run.lines.len()), ("no results of an earlier run", 2), "{run:?}");
    }
}

/// The state is that of another content under the same hash.
fn an_audit_names_a_wrong_message() {
    let project = project();
    project.run();
    assert_eq!(project.run_to("audit").refuted.len(), 0);
    project.write("a.py", "x: str = ''\n");
    let other =
        Project::of(&[("a.py", "x: int = ''\n"), ("b.py", "from a import x\ny: str = x\n")]);
    other.run();
    let falsified = other.falsify(&[("a.py", &project.read("a.py"))]);
    project.leave(&falsified);
    let run = project.run_to("audit");
    assert_eq!(run.cold, "the results of the earlier run are audited");
    assert_eq!(run.refuted.keys().collect::<Vec<_>>(), ["a.py", "b.py"], "{run:?}");
}

fn an_audit_has_the_output_of_mypys_own_command() {
    let project = project();
    project.run();
    let run = project.run_to("audit-plain");
    assert_eq!((&run.plain["code"], run.lines.len()), (&1.into(), 2));
    let printed = run.plain["stdout"].as_str().unwrap();
    assert_eq!(printed.lines().filter(|line| line.starts_with('{')).count(), 2, "{printed}");
}
