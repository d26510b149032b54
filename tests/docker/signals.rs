//! Signals end a run, and its containers and folders are gone afterwards.
//!
//! Each signal is sent at ten moments between the start and the end of a run. At least five of them have
//! to hit a container that was seen running, or the test has tested nothing.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, lines};

tests![
    an_interrupt_leaves_nothing,
    an_interrupt_of_a_streamed_run_leaves_nothing,
    a_termination_leaves_nothing,
    a_hangup_leaves_nothing,
    a_kill_leaves_nothing_beyond_the_next_run,
    a_second_interrupt_is_not_worse_than_one
];

/// How many moments each signal is tried at.
const MOMENTS: usize = 10;

/// How many of them have to find a container running.
const HITS: usize = 5;

/// A project whose checks go on until they are stopped.
fn endless() -> Project {
    let project = Project::scaffolded();
    let check = |name: &str| format!("[checks.{name}]\nrun = [\"sleep\", \"1000\"]\n");
    // One in the project's own image and one in an image that is not ours: they start differently.
    project.write("pipe.toml", check("one") + &check("two") + "image = \"python:3.13-slim\"\n");
    project
}

fn start(project: &Project) -> Child {
    let mut command = project.command(&["run", "one", "two"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The project's containers that run.
fn running(project: &Project) -> usize {
    let filter = format!("label=dev.cargo-pipe.project={}", project.id());
    lines(&["ps", "--filter", &filter, "--format", "{{.Names}}"]).len()
}

/// Waits for a moment of a run: the first ones by time, the others once a container runs.
fn wait_for(moment: usize, project: &Project) -> bool {
    let began = Instant::now();
    if moment < MOMENTS - HITS - 1 {
        let until = Duration::from_millis(60 * moment as u64);
        while began.elapsed() < until {
            std::thread::yield_now();
        }
        return running(project) > 0;
    }
    while running(project) == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "no container was started");
    }
    true
}

/// Sends a signal at each moment, and returns how many found a container running.
fn at_each_moment(project: &Project, signal: Signal, after: impl Fn(Child)) -> usize {
    let mut hits = 0;
    for moment in 0..MOMENTS {
        let child = start(project);
        hits += usize::from(wait_for(moment, project));
        send(&child, signal);
        after(child);
    }
    hits
}

fn leaves_nothing(signal: Signal) {
    in_project_leaves_nothing(&endless(), signal);
}

fn in_project_leaves_nothing(project: &Project, signal: Signal) {
    let hits = at_each_moment(project, signal, |mut child| {
        let status = child.wait().unwrap();
        // Before the program can listen, a signal ends it as it ends any program.
        use std::os::unix::process::ExitStatusExt;
        assert!(status.code() == Some(130) || status.signal().is_some(), "{status:?}");
        assert_eq!(project.leftovers(), [""; 0]);
    });
    assert!(hits >= HITS, "{hits}");
}

fn an_interrupt_leaves_nothing() {
    leaves_nothing(Signal::INT);
}

fn an_interrupt_of_a_streamed_run_leaves_nothing() {
    let project = endless().with("CARGO_PIPE_TOPOLOGY", "stream");
    in_project_leaves_nothing(&project, Signal::INT);
}

fn a_termination_leaves_nothing() {
    leaves_nothing(Signal::TERM);
}

fn a_hangup_leaves_nothing() {
    leaves_nothing(Signal::HUP);
}

fn a_kill_leaves_nothing_beyond_the_next_run() {
    let project = endless();
    let hits = at_each_moment(&project, Signal::KILL, |mut child| {
        child.wait().unwrap();
    });
    assert!(hits >= HITS, "{hits}");
    assert!(!project.leftovers().is_empty());
    project.write("pipe.toml", "[checks.quick]\nrun = [\"true\"]\n");
    let ended = project.pipe(&["run", "quick"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_second_interrupt_is_not_worse_than_one() {
    let project = endless();
    let mut child = start(&project);
    wait_for(MOMENTS, &project);
    for _ in 0..5 {
        send(&child, Signal::INT);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(project.leftovers(), [""; 0]);
}
