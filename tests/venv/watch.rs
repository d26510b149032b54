//! `watch` with real tools: rounds, and fixes that are written while files are watched.

use std::fs;

use regex::Regex;

use crate::repository::{CLEAN, Repository, UNUSED};
use crate::session::Session;

tests!(python, [fixes_are_written_and_checked_once, a_round_has_the_fingerprint_of_run_all]);

const KEYS: &str = "r: run again, f: fix, q: leave";

fn on_terminal(repository: &Repository, args: &[&str]) -> Session {
    let mut command = repository.project.command(args);
    command.current_dir(&repository.root).env("TERM", "xterm").env("NO_COLOR", "1");
    Session::start(command)
}

fn fixes_are_written_and_checked_once() {
    let repository = Repository::without_hook();
    let main = repository.root.join("src/main.py");
    repository.write("src/main.py", UNUSED);
    let mut session = on_terminal(&repository, &["watch"]);
    let shown = session.wait_for(KEYS);
    assert!(shown.contains("F401"), "{shown}");
    session.type_in("f");
    session.wait_for("checking with fixes");
    let shown = session.wait_for(KEYS);
    assert!(shown.contains("passed: 2 checks"), "{shown}");
    assert!(!fs::read_to_string(&main).unwrap().contains("import os"));
    // What the round has written is already checked, so the next round is that of the next edit.
    repository.write("src/other.py", CLEAN);
    let shown = session.wait_for(KEYS);
    assert!(shown.contains("checking after a change of src/other.py\r\n"), "{shown}");
    session.type_in("q");
    assert_eq!(session.end().0.code(), Some(0));

    // With the flag, each round fixes.
    let mut session = on_terminal(&repository, &["watch", "--fix"]);
    session.wait_for(KEYS);
    repository.write("src/main.py", UNUSED);
    session.wait_for("checking after a change of src/main.py\r\n");
    let shown = session.wait_for(KEYS);
    assert!(shown.contains("passed: 2 checks"), "{shown}");
    assert!(!fs::read_to_string(&main).unwrap().contains("import os"));
    session.type_in("q");
    let (status, shown) = session.end();
    assert_eq!(status.code(), Some(0));
    assert!(!shown.contains("checking"), "{shown}");
}

fn a_round_has_the_fingerprint_of_run_all() {
    let repository = Repository::without_hook();
    let mut session = on_terminal(&repository, &["watch", "--message-format", "short"]);
    session.wait_for(KEYS);
    repository.write("src/main.py", UNUSED);
    let shown = session.wait_for(KEYS);
    assert!(shown.contains("src/main.py:3:") && shown.contains(" F401 "), "{shown}");
    let fingerprint = Regex::new("fingerprint ([0-9a-f]{16})").unwrap();
    let ended = repository.pipe(&["run-all"]);
    let expected = &fingerprint.captures(&ended.stdout).unwrap()[1];
    assert!(shown.contains(expected), "{shown}\n{ended:?}");
    session.type_in("q");
    assert_eq!(session.end().0.code(), Some(0));
}
