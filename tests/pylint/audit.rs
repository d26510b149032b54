//! Audits, which compare the records with a run from scratch.

use std::collections::BTreeMap;

use crate::fallbacks::CHECKER;
use crate::isolation::ONE_PROCESSOR;
use crate::project::Project;

tests![
    the_audit_confirms_correct_records,
    a_wrong_record_is_named_and_all_are_dropped,
    an_edit_is_not_reported_as_a_wrong_record,
    it_is_found_in_another_order,
    pylint_is_asked_as_if_it_was_alone
];

fn project() -> Project {
    let project = Project::of(&[
        ("thing.py", "class Thing:\n    pass\n"),
        ("reader.py", "from thing import Thing\n\nprint(Thing().extra)\n"),
        ("other.py", "import os\n"),
    ]);
    project.agrees();
    project
}

fn the_audit_confirms_correct_records() {
    let project = project();
    let before = project.left();
    let run = project.audit();
    assert_eq!(run.cold, "the results of the earlier run are audited");
    assert_eq!(run.refuted, BTreeMap::new());
    assert_eq!(project.left(), before);
}

fn a_wrong_record_is_named_and_all_are_dropped() {
    for (code, expected) in [
        (
            "state['records']['reader.py']['messages'] = []",
            "no-member in line 3, `Instance of 'Thing' has no 'extra' member`: \
             not in the cached record",
        ),
        ("state['records']['reader.py']['modules'] = []", "its modules differ"),
        ("state['records']['reader.py']['statements'] = 7", "its statements differ"),
    ] {
        let project = project();
        project.falsify(code);
        let run = project.audit();
        let named = [("reader.py".to_owned(), expected.to_owned())];
        assert_eq!(run.refuted, BTreeMap::from(named), "{code}");
        assert_eq!(project.left(), "");
        assert!(project.agrees().cold.contains("no results of an earlier run"));
    }
}

fn an_edit_is_not_reported_as_a_wrong_record() {
    let project = project();
    project.write("thing.py", "class Thing:\n    extra = 1\n");
    assert_eq!(project.audit().refuted, BTreeMap::new());
    assert!(project.agrees().linted.is_empty());
}

fn it_is_found_in_another_order() {
    let noted = format!(
        "{CHECKER}\ndef visit_raise(_, node):\n    \
         with open(\"order\", \"a\") as file:\n        file.write(node.root().name)\n\n\n\
         ExceptionsChecker.visit_raise = visit_raise\n"
    );
    let file = "raise ValueError\n";
    let project = Project::of(&[("a.py", file), ("b.py", file), ("c.py", file)])
        .with_modules(&[("sitecustomize.py", &format!("{}{noted}", ONE_PROCESSOR.1))]);
    project.run(&[]);
    assert_eq!(project.read("order"), "abc");
    project.remove("order");
    assert_eq!(project.audit().refuted, BTreeMap::new());
    assert_eq!(project.read("order"), "cba");
}

fn pylint_is_asked_as_if_it_was_alone() {
    let project = project();
    let (run, plain) = (project.audit_plain(), project.plain(&[]));
    assert_eq!(run.plain["code"], plain.status.code().unwrap());
    assert_eq!(run.plain["stdout"], String::from_utf8(plain.stdout).unwrap());
    assert_eq!(run.refuted, BTreeMap::new());
    assert!(project.agrees().linted.is_empty());
}
