//! Signals at random moments of a run, a fix, a build, an update and a git hook.
//!
//! A signal is sent to the process, to its group, or to the docker clients that it started. Each
//! source must be the old or the new one afterwards, in git's index as well, and the next run must be
//! right and clean up.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::super::arena;
use super::super::cases;
use super::super::scene::{Machine, Scene};
use crate::failure::Result;
use crate::process::Command;
use crate::test::attempt;

/// How long a killed program may take to clean up.
const LIMIT: Duration = Duration::from_secs(90);

/// Commands, how long each takes at least on a quiet machine in milliseconds, and where it runs.
const COMMANDS: &[(&[&str], u64, Machine)] = &[
    (&["run", "--check", "ruff", "format"], 700, Machine::Bubblewrap),
    (&["run", "--fix", "ruff", "format"], 900, Machine::Bubblewrap),
    (&["run", "--check", "lint"], 1200, Machine::Bubblewrap),
    (&["run", "--check", "ruff", "format"], 1500, Machine::Docker),
    (&["run", "--fix", "ruff", "format"], 2000, Machine::Docker),
    (&["build"], 3000, Machine::Bubblewrap),
    (&["build"], 1500, Machine::Docker),
    (&["update", "ruff"], 2500, Machine::Bubblewrap),
    (&["update", "ruff"], 2500, Machine::Docker),
    (&["hook", "run"], 1200, Machine::Bubblewrap),
    (&["hook", "run", "--fix"], 1500, Machine::Bubblewrap),
    (&["hook", "run", "--fix"], 2500, Machine::Docker),
];

const SIGNALS: &[Signal] = &[Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL];

/// What a signal is sent to.
const TARGETS: &[&str] = &["process", "group", "children", "process twice"];

/// The number of combinations; each has many moments.
pub(super) fn cases() -> usize {
    COMMANDS.len() * SIGNALS.len() * TARGETS.len() * 20
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let lengths = [COMMANDS.len(), SIGNALS.len(), TARGETS.len()];
    let [command, signal, target] = cases::split(scene.case, lengths);
    let (words, length, machine) = COMMANDS[command];
    let (signal, target) = (SIGNALS[signal], TARGETS[target]);
    let moment = Duration::from_millis(scene.random.u64(..length));
    scene.name(format!("{machine:?} {words:?}, {signal:?} to {target} after {moment:?}"));
    scene.build()?;
    let original = fs::read_to_string(scene.path("src/main.py")).unwrap_or_default();
    if words[0] == "hook" {
        git(scene, &["init", "--quiet"])?;
        git(scene, &["add", "--all"])?;
    }
    let before = arena::survey(&scene.folder("project"));
    let mut command = scene.pipe(machine, words);
    if words[0] == "build" {
        // Otherwise everything would be built already.
        scene.append(".docker/requirements/ruff.txt", &format!("# {}\n", scene.case))?;
        command =
            command.variable("CARGO_PIPE_CACHE_DIR", &scene.folder("tmp/cache").to_string_lossy());
    }
    let limit = if words[0] == "update" || target == "children" { LIMIT * 2 } else { LIMIT };
    // A check whose process was killed is an error; what was interrupted says so.
    let statuses: &[i32] =
        if target == "children" { &[0, 1, 2, 3, 130] } else { &[0, 1, 3, 129, 130, 143] };
    let send = |scene: &Scene<'_>, leader: Pid| {
        scene.wait(moment);
        match target {
            "group" => drop(kill_process_group(leader, signal)),
            "children" => {
                for process in attempt::descendants(leader) {
                    let _ = kill_process(process, signal);
                }
            }
            _ => drop(kill_process(leader, signal)),
        }
        if target == "process twice" {
            scene.wait(Duration::from_millis(300));
            let _ = kill_process(leader, signal);
        }
    };
    scene.run_with_signals(&command, &send, limit, signal, statuses)?;
    judge_project(scene, &original, &before.into_keys().collect::<Vec<_>>());
    if words[0] == "hook" {
        judge_index(scene, &original, signal == Signal::KILL && target != "process");
    }
    if words[0] == "build" {
        let _ = arena::remove(&scene.folder("tmp/cache"));
    }
    scene.expect_right(machine, &["ruff", "format"])
}

/// Every source is the old or a whole new one, and no file was added.
fn judge_project(scene: &mut Scene<'_>, original: &str, before: &[std::path::PathBuf]) {
    let now = fs::read_to_string(scene.path("src/main.py")).unwrap_or_default();
    if !is_old_or_new(&now, original) {
        scene.lose(format!("a source is neither old nor new: {now:?}"));
    }
    for path in arena::survey(&scene.folder("project")).into_keys() {
        let is_gits_own = path.components().any(|part| part.as_os_str() == ".git");
        if !before.contains(&path) && !is_gits_own && !path.ends_with(".docker/pipe.lock") {
            scene.leave(format!("`{}` in the project", path.display()));
        }
    }
}

/// The staged source is the old or a whole new one, and git can go on. A git that was killed itself
/// leaves its lock.
fn judge_index(scene: &mut Scene<'_>, original: &str, may_be_locked: bool) {
    match git(scene, &["show", ":src/main.py"]) {
        Ok(staged) if is_old_or_new(&staged, original) => {}
        Ok(staged) => scene.lose(format!("a staged source is neither old nor new: {staged:?}")),
        Err(error) => scene.lose(format!("the index is broken: {error}")),
    }
    if scene.path(".git/index.lock").exists() && !may_be_locked {
        scene.leave("the lock of git's index");
    }
}

fn is_old_or_new(text: &str, original: &str) -> bool {
    let is_whole = text.ends_with("WORD = {\"a\": 1}\n") && text.starts_with("\"\"\"A module");
    text == original || is_whole || text.ends_with("WORD = {  'a':1 }\n")
}

/// Runs git in the project and returns what it prints.
fn git(scene: &Scene<'_>, words: &[&str]) -> Result<String> {
    let git = Command::new("git", []).arguments(words.iter().copied());
    let printed = git.folder(&scene.folder("project")).read_bytes()?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}
