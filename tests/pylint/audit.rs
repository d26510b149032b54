//! What is remembered is held against what is found anew.

use std::collections::BTreeMap;

use crate::Test;
use crate::project::Project;

pub(crate) const TESTS: &[Test] = &[
    ("what_is_remembered_is_what_is_found", what_is_remembered_is_what_is_found),
    ("a_wrong_record_is_named_and_all_are_dropped", a_wrong_record_is_named_and_all_are_dropped),
    ("an_edit_is_no_wrong_record", an_edit_is_no_wrong_record),
    ("pylint_is_asked_as_if_it_was_alone", pylint_is_asked_as_if_it_was_alone),
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

fn what_is_remembered_is_what_is_found() {
    let project = project();
    let before = project.left();
    let run = project.audit();
    assert_eq!(run.cold, "what is known of an earlier run is audited");
    assert_eq!(run.refuted, BTreeMap::new());
    assert_eq!(project.left(), before);
}

fn a_wrong_record_is_named_and_all_are_dropped() {
    for (code, expected) in [
        (
            "state['records']['reader.py']['messages'] = []",
            "no-member in line 3, `Instance of 'Thing' has no 'extra' member`, \
             which was not known",
        ),
        ("state['records']['reader.py']['modules'] = []", "its modules are others"),
        ("state['records']['reader.py']['statements'] = 7", "its statements are others"),
    ] {
        let project = project();
        project.falsify(code);
        let run = project.audit();
        let named = [("reader.py".to_owned(), expected.to_owned())];
        assert_eq!(run.refuted, BTreeMap::from(named), "{code}");
        assert_eq!(project.left(), "");
        assert!(project.agrees().cold.contains("nothing is known"));
    }
}

fn an_edit_is_no_wrong_record() {
    let project = project();
    project.write("thing.py", "class Thing:\n    extra = 1\n");
    assert_eq!(project.audit().refuted, BTreeMap::new());
    assert!(project.agrees().linted.is_empty());
}

fn pylint_is_asked_as_if_it_was_alone() {
    let project = project();
    let (run, plain) = (project.audit_plain(), project.plain(&[]));
    assert_eq!(run.plain["code"], plain.status.code().unwrap());
    assert_eq!(run.plain["stdout"], String::from_utf8(plain.stdout).unwrap());
    assert_eq!(run.refuted, BTreeMap::new());
    assert!(project.agrees().linted.is_empty());
}
