//! Rounds of `watch`: what begins one, what stops it, and what is left in the end.

use std::fs;
use std::io::{BufRead, BufReader, PipeReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::container::{PROOF, scene as container_scene};
use crate::ending::{await_call, run_folders, send};
use crate::scene::{Run, Scene};
use crate::session::Session;
use crate::start;

/// Much more than a loaded machine needs for a line.
const SOON: Duration = Duration::from_secs(60);

/// The last line of a round.
const WAITING: &str = "waiting for changes";

/// A project with a check that passes.
fn scene() -> Scene {
    let scene = container_scene().file("src/main.py", "print(0)\n");
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    scene
}

/// A running `watch` without a terminal.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    /// Watches one check, up to the end of its first round.
    fn ruff(scene: &Scene) -> Watching {
        let mut watching = Watching::of(scene.pipe("watch ruff").start_joined());
        assert_eq!(watching.causes(), ["checking for the first time"]);
        watching
    }

    fn of((child, printed): (Child, PipeReader)) -> Watching {
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(printed).lines().for_each(|line| drop(sender.send(line.unwrap())));
        });
        Watching { child, lines }
    }

    /// Waits for a line with this text, and returns the lines up to it.
    #[track_caller]
    fn wait_for(&mut self, text: &str) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        while !seen.last().is_some_and(|line| line.contains(text)) {
            let line = self.lines.recv_timeout(SOON);
            seen.push(line.unwrap_or_else(|_| panic!("`{text}` was never printed: {seen:#?}")));
        }
        seen
    }

    /// Waits for the end of a round, and returns the lines with which rounds began.
    #[track_caller]
    fn causes(&mut self) -> Vec<String> {
        let mut lines = self.wait_for(WAITING);
        lines.retain(|line| line.starts_with("checking "));
        lines
    }

    /// Interrupts it, and waits for its end.
    #[track_caller]
    fn interrupt(mut self) {
        send(&self.child, Signal::INT);
        let lines: Vec<String> = self.lines.iter().collect();
        assert_eq!(self.child.wait().unwrap().code(), Some(130), "{lines:#?}");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn write(scene: &Scene, path: &str, text: &str) {
    let place = scene.project().join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, text).unwrap();
}

fn git(scene: &Scene, words: &str) {
    let mut command = start::command("git");
    command.current_dir(scene.project()).env("HOME", scene.folder("home"));
    command.args(["-c", "user.name=tester", "-c", "user.email=tester@example.org"]);
    assert!(command.args(words.split(' ')).status().unwrap().success(), "git {words}");
}

/// The number of containers that were started.
fn containers(scene: &Scene) -> usize {
    scene.docker().calls().iter().filter(|call| call[0] == "run").count()
}

#[test]
fn an_edit_begins_a_round_with_the_fingerprint_of_run_all() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    write(&scene, "src/main.py", "print(1)\n");
    let lines = watching.wait_for(WAITING);
    assert_eq!(lines[0], "checking after a change of src/main.py");
    let verdict = lines.iter().find(|line| line.starts_with("passed: 1 check")).unwrap();
    let ended = scene.pipe("run ruff").ended();
    let fingerprint = verdict.split("fingerprint ").nth(1).unwrap();
    assert!(ended.unredacted_stdout.contains(fingerprint), "{verdict} {ended:?}");
    assert!(ended.stdout.contains("from the cache"), "{ended:?}");
    assert_eq!(containers(&scene), 2);
    watching.interrupt();
}

#[test]
fn an_editor_that_replaces_a_file_begins_a_round_and_its_temporary_file_none() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    for number in 1..3 {
        write(&scene, "src/.main.py.swp", &format!("print({number})\n"));
        let path = |name: &str| scene.project().join("src").join(name);
        fs::rename(path("main.py"), path("main.py~")).unwrap();
        fs::rename(path(".main.py.swp"), path("main.py")).unwrap();
        fs::remove_file(path("main.py~")).unwrap();
        assert_eq!(watching.causes(), ["checking after a change of src/main.py"]);
    }
    watching.interrupt();
}

#[test]
fn a_checkout_begins_one_round_and_the_way_back_comes_from_the_cache() {
    let scene = scene();
    git(&scene, "init --quiet --initial-branch=main");
    git(&scene, "add --all");
    git(&scene, "commit --quiet --message=first");
    git(&scene, "switch --quiet --create other");
    write(&scene, "src/main.py", "print(1)\n");
    write(&scene, "src/more/deep/new.py", "print(2)\n");
    git(&scene, "add --all");
    git(&scene, "commit --quiet --message=second");
    git(&scene, "switch --quiet main");
    let mut watching = Watching::ruff(&scene);
    let changed = ["checking after a change of src/main.py and src/more/deep/new.py"];
    git(&scene, "switch --quiet other");
    assert_eq!(watching.causes(), changed);
    git(&scene, "switch --quiet main");
    assert_eq!(watching.causes(), changed);
    // A commit changes no file, so the next round is that of the next edit.
    git(&scene, "commit --quiet --allow-empty --message=empty");
    write(&scene, "src/main.py", "print(3)\n");
    assert_eq!(watching.causes(), ["checking after a change of src/main.py"]);
    assert_eq!(containers(&scene), 3);
    watching.interrupt();
}

#[test]
fn files_in_new_folders_are_noticed_and_removed_folders_as_well() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    // An empty folder changes nothing, but has to be watched from now on.
    fs::create_dir(scene.project().join("src/new")).unwrap();
    write(&scene, "src/main.py", "print(1)\n");
    assert_eq!(watching.causes(), ["checking after a change of src/main.py"]);
    for text in ["print(1)\n", "print(2)\n"] {
        write(&scene, "src/new/a.py", text);
        assert_eq!(watching.causes(), ["checking after a change of src/new/a.py"]);
    }
    // One that takes its place is another folder.
    fs::rename(scene.project().join("src/new"), scene.project().join("old")).unwrap();
    assert_eq!(watching.causes(), ["checking after a change of src/new/a.py"]);
    for text in ["print(3)\n", "print(4)\n"] {
        write(&scene, "src/new/a.py", text);
        assert_eq!(watching.causes(), ["checking after a change of src/new/a.py"]);
    }
    fs::remove_dir_all(scene.project().join("src/new")).unwrap();
    assert_eq!(watching.causes(), ["checking after a change of src/new/a.py"]);
    watching.interrupt();
}

#[test]
fn files_that_no_check_sees_begin_no_round() {
    let scene = scene().file(".gitignore", "ignored*\n/ignored/\n");
    let mut watching = Watching::ruff(&scene);
    write(&scene, "src/ignored.py", "print(1)\n");
    write(&scene, "ignored/a.py", "print(1)\n");
    write(&scene, "target/CACHEDIR.TAG", "");
    write(&scene, "target/a.py", "print(1)\n");
    write(&scene, ".venv/a.py", "print(1)\n");
    write(&scene, "notes.txt", "text");
    // Nor does a file that is saved without a change.
    write(&scene, "src/main.py", "print(0)\n");
    write(&scene, "src/other.py", "print(1)\n");
    assert_eq!(watching.causes(), ["checking after a change of src/other.py"]);
    // What ignores files decides as well.
    write(&scene, ".gitignore", "/ignored/\n");
    assert_eq!(watching.causes(), ["checking after a change of src/ignored.py"]);
    assert_eq!(containers(&scene), 3);
    watching.interrupt();
}

#[test]
fn many_changes_begin_one_round() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    for number in 0..50 {
        write(&scene, &format!("src/file{number:02}.py"), "print(1)\n");
        write(&scene, "src/main.py", &format!("print({number})\n"));
    }
    let expected = ["checking after a change of src/file00.py, src/file01.py and 49 other files"];
    assert_eq!(watching.causes(), expected);
    assert_eq!(containers(&scene), 2);
    watching.interrupt();
}

#[test]
fn a_change_stops_the_round_that_checks_the_old_content() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).hangs().once();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    let mut watching = Watching::of(scene.pipe("watch ruff").start_joined());
    await_call(&scene, "run");
    write(&scene, "src/main.py", "print(1)\n");
    let lines = watching.wait_for(WAITING);
    let rest: Vec<&String> =
        lines.iter().skip_while(|line| !line.starts_with("stopped, because files")).collect();
    assert_eq!(rest[1], "checking after a change of src/main.py", "{lines:#?}");
    assert!(rest.iter().any(|line| line.starts_with("passed: 1 check")), "{lines:#?}");
    // Nothing is reported about the old content.
    assert!(!lines.iter().any(|line| line.starts_with("interrupted")), "{lines:#?}");
    // The first container is removed before the second one is started.
    let calls = scene.docker().calls();
    let removal = calls.iter().position(|call| call[0] == "rm").unwrap();
    let started = |calls: &[Vec<String>]| calls.iter().filter(|call| call[0] == "run").count();
    assert_eq!((started(&calls[..removal]), started(&calls)), (1, 2), "{calls:#?}");
    assert!(run_folders(&scene).is_empty());
    watching.interrupt();
}

#[test]
fn a_broken_configuration_is_shown_and_a_repaired_one_is_used() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    let settings = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    write(&scene, "pipe.toml", "source = [\n");
    let lines = watching.wait_for(WAITING);
    assert_eq!(lines[0], "checking after a change");
    assert!(lines.iter().any(|line| line.contains("--> pipe.toml:")), "{lines:#?}");
    // An edit meanwhile changes nothing about that.
    write(&scene, "src/main.py", "print(1)\n");
    let with = |setting: &str| {
        settings.replace("tool = \"ruff\"\n", &format!("tool = \"ruff\"\n{setting}\n"))
    };
    write(&scene, "pipe.toml", &with("args = [\"--preview\"]"));
    let causes = watching.causes();
    assert_eq!(causes, ["checking after a change of pipe.toml and src/main.py"]);
    let run = scene.docker().calls().into_iter().rfind(|call| call[0] == "run").unwrap();
    assert!(run.contains(&"--preview".to_owned()), "{run:?}");
    // So does the removal of the only check.
    write(&scene, "pipe.toml", &with("enabled = false"));
    let lines = watching.wait_for(WAITING);
    assert!(lines.iter().any(|line| line.contains("`ruff`")), "{lines:#?}");
    watching.interrupt();
}

#[test]
fn a_changed_config_lock_or_baseline_begins_a_round() {
    let scene = scene();
    let mut watching = Watching::ruff(&scene);
    for path in [".config/pyproject.toml", ".docker/requirements/ruff.txt", ".docker/Dockerfile"] {
        let text = fs::read_to_string(scene.project().join(path)).unwrap();
        write(&scene, path, &format!("{text}\n# more\n"));
        assert_eq!(watching.causes(), [format!("checking after a change of {path}")]);
    }
    write(&scene, ".config/baseline.jsonl", "");
    assert_eq!(watching.causes(), ["checking after a change of .config/baseline.jsonl"]);
    watching.interrupt();
}

#[test]
fn what_is_wrong_from_the_start_ends_the_command() {
    let scene = Scene::with_project();
    let ended = scene.pipe("watch lnit").ended();
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("unknown command or check `lnit`"), "{ended:?}");
    for option in ["--dry-run", "--diff"] {
        let ended = scene.pipe("watch").arg(option).ended();
        assert_eq!(ended.status, Some(2), "{ended:?}");
        let message = format!("`watch` cannot be combined with `{option}`");
        assert!(ended.stderr.contains(&message), "{ended:?}");
    }
    write(&scene, "pipe.toml", "source = [\n");
    let ended = scene.pipe("watch").ended();
    assert_eq!((ended.status, ended.stderr.contains("--> pipe.toml:")), (Some(2), true));
}

#[test]
fn an_interrupted_round_leaves_no_container_and_no_folder() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).hangs();
    let watching = Watching::of(scene.pipe("watch ruff").start_joined());
    await_call(&scene, "run");
    watching.interrupt();
    assert!(scene.docker().calls().iter().any(|call| call[0] == "rm"));
    assert!(run_folders(&scene).is_empty());
}

#[test]
fn without_notifications_all_files_are_looked_at() {
    let scene = scene();
    let limit = "echo 2 > /proc/sys/user/max_inotify_watches";
    let wrapper = ["unshare", "--user", "--map-root-user"];
    let polling = scene.pipe("watch ruff --poll").start_joined();
    let reason = "because of `--poll`";
    looks_at_all_files(&scene, Watching::of(polling), reason, "print(1)\n");
    let limited = scene.pipe("watch ruff").start_behind(&wrapper, limit);
    let reason = "has reached the limit of this system (fs.inotify.max_user_watches)";
    looks_at_all_files(&scene, Watching::of(limited), reason, "print(2)\n");
}

#[track_caller]
fn looks_at_all_files(scene: &Scene, mut watching: Watching, reason: &str, edit: &str) {
    let lines = watching.wait_for(WAITING);
    assert!(lines.iter().any(|line| line.contains(reason)), "{lines:#?}");
    write(scene, "src/main.py", edit);
    assert_eq!(watching.causes(), ["checking after a change of src/main.py"]);
    watching.interrupt();
}

#[test]
fn each_round_prints_and_writes_a_report() {
    let scene = scene();
    let run = scene.pipe("watch ruff --message-format json --report markdown=report.md");
    let mut child = run.start();
    let reports = serde_json::Deserializer::from_reader(child.stdout.take().unwrap());
    let mut reports = reports.into_iter::<serde_json::Value>();
    let fingerprint = |report: Option<Result<serde_json::Value, _>>| {
        report.unwrap().unwrap()["fingerprint"].as_str().unwrap().to_owned()
    };
    let first = fingerprint(reports.next());
    fs::remove_file(scene.project().join("report.md")).unwrap();
    write(&scene, "src/main.py", "print(1)\n");
    let second = fingerprint(reports.next());
    assert_ne!(first, second);
    assert!(fs::read_to_string(scene.project().join("report.md")).unwrap().contains("ruff"));
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Watches on a terminal, up to the end of the first round.
fn on_terminal(run: Run<'_>) -> Session {
    // Without `CI`, the first run on a terminal records the base image, which is a change.
    let mut session = run.with("TERM", "xterm").with("CI", "true").on_terminal();
    session.wait_for("r: run again, f: fix, q: leave");
    assert!(!session.line_is_edited());
    session
}

#[test]
fn keys_run_again_and_leave() {
    let scene = scene();
    let mut session = on_terminal(scene.pipe("watch ruff"));
    session.type_in("r");
    // The screen is erased first.
    let shown = session.wait_for("checking again");
    assert!(shown.contains("\u{1b}[2J"), "{shown:?}");
    let shown = session.wait_for(WAITING);
    assert!(shown.contains("from the cache"), "{shown}");
    write(&scene, "src/main.py", "print(1)\n");
    session.wait_for("checking after a change of src/main.py");
    let shown = session.wait_for(WAITING);
    // Earlier rounds are listed, the newest first.
    let (_, before) = shown.split_once("before:").unwrap();
    let first = before.find("for the first time").unwrap();
    assert!(before.find(", again").unwrap() < first, "{before}");
    // Other keys mean nothing.
    session.type_in("x\nq");
    let (status, _) = session.end();
    assert_eq!(status.code(), Some(0));
    assert!(session.line_is_edited());
    assert!(run_folders(&scene).is_empty());
}

#[test]
fn leaving_by_key_or_signal_stops_a_round_and_restores_the_terminal() {
    for (key, code) in [("q", 0), ("\u{3}", 130)] {
        let scene = container_scene();
        scene.docker().on(&["run", "--name"]).hangs();
        let mut session = scene.pipe("watch ruff").on_terminal();
        await_call(&scene, "run");
        session.type_in(key);
        let (status, shown) = session.end();
        assert_eq!(status.code(), Some(code), "{shown}");
        assert!(session.line_is_edited());
        assert!(scene.docker().calls().iter().any(|call| call[0] == "rm"));
        assert!(run_folders(&scene).is_empty());
    }
}

#[test]
fn a_stopped_watch_gives_the_terminal_back_until_it_continues() {
    let scene = scene();
    let mut session = on_terminal(scene.pipe("watch ruff"));
    session.send(Signal::TSTP);
    while !session.line_is_edited() {
        thread::yield_now();
    }
    session.send(Signal::CONT);
    while session.line_is_edited() {
        thread::yield_now();
    }
    session.type_in("q");
    assert_eq!(session.end().0.code(), Some(0));
}

/// What a round leaves is known to the listener, which lives longer.
#[test]
fn a_second_interrupt_ends_a_round_at_once_and_says_what_may_be_left() {
    let scene = container_scene();
    scene.docker().on(&["rm"]).script("exec sleep 900");
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}exec sleep 900"));
    let mut watching = Watching::of(scene.pipe("watch ruff").start_joined());
    await_call(&scene, "run");
    send(&watching.child, Signal::INT);
    await_call(&scene, "rm");
    // The second signal counts as the first one for a moment, so it is repeated until it does not.
    while watching.child.try_wait().unwrap().is_none() {
        send(&watching.child, Signal::INT);
    }
    assert_eq!(watching.child.wait().unwrap().code(), Some(130));
    let lines = watching.lines.iter().collect::<Vec<String>>().concat();
    assert!(lines.contains("interrupted again, so the run ends at once"), "{lines}");
    assert!(lines.contains("--filter label=dev.cargo-pipe.run="), "{lines}");
}

/// The lines of a first round.
pub(crate) fn lines_of_a_round() -> Vec<String> {
    let scene = scene();
    let mut watching = Watching::of(scene.pipe("watch ruff --message-format short").start_joined());
    let lines = watching.wait_for(WAITING);
    watching.interrupt();
    lines
}
