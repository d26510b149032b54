//! Files that several processes lint: the messages do not depend on their number.

use crate::project::Project;

tests![no_process_can_be_forked, the_number_of_processes_changes_no_message, a_child_is_killed];

/// What Python runs first: there are three processors, and a fork is what `body` says.
fn forking(body: &str) -> String {
    let body = body.replace('\n', "\n    ");
    format!(
        "import os\n\nfork = os.fork\nos.sched_getaffinity = lambda _: {{0, 1, 2}}\n\n\n\
         def forked():\n    {body}\n\n\nos.fork = forked\n"
    )
}

/// Ten files with as many findings, so that each process has some.
fn project(body: &str) -> Project {
    let files: Vec<(String, String)> = (0..10)
        .map(|at| (format!("m{at}.py"), format!("import m{}\n\nprint(m0)\n", (at + 1) % 10)))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(it, text)| (&**it, &**text)).collect();
    Project::of(&files).with_modules(&[("sitecustomize.py", &forking(body))])
}

fn no_process_can_be_forked() {
    let project = project("raise BlockingIOError");
    assert!(project.agrees().messages.len() >= 10);
    project.write("m3.py", "import m4\n\nprint(m4.missing)\n");
    let run = project.agrees();
    assert_eq!(run.cold, "");
    assert!(run.linted.contains("m3.py") && run.linted.len() < 10, "{run:?}");
}

fn the_number_of_processes_changes_no_message() {
    let several = project("return fork()");
    let all = several.agrees();
    assert_eq!(all.messages, project("raise BlockingIOError").agrees().messages);
    several.write("m3.py", "import m4\n\nprint(m4.missing)\n");
    assert_eq!(several.agrees().cold, "");
    assert!(several.audit().refuted.is_empty());
}

/// The system does that when memory runs out. The messages of the child are unknown then.
fn a_child_is_killed() {
    let project =
        project("child = fork()\nif not child:\n    os.kill(os.getpid(), 9)\nreturn child");
    let output = project.ended();
    assert_eq!(output.status.code(), Some(128 + 9), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}
