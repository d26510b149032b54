//! A machine that fails: an engine that hangs, a full disk, a home that cannot be written, limits.
//!
//! A fault of the machine is a prelude in the shell that starts the program, or a program in place of
//! docker. The program must end in time, must not report a pass, and be right without the fault.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::super::arena;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::Result;
use crate::process::{self, Command};

/// Commands of docker that cargo pipe may run.
const VERBS: &str = "version info image inspect build create cp start run rm ps volume wait logs kill \
                     container buildx network pull tag";

/// Faults of such a command.
const FAULTS: &[(&str, &str)] = &[
    ("hangs", "exec sleep 900"),
    ("hangs afterwards", "docker \"$@\"; exec sleep 900"),
    ("fails", "echo 'Error response from daemon: no space left on device' >&2; exit 1"),
    ("fails with 125", "exit 125"),
    ("is killed", "kill -KILL $$"),
    ("says nothing", "exit 0"),
    ("prints noise", "head -c 100000 /dev/urandom; exit 0"),
    ("prints without an end", "head -c 400000000 /dev/zero | tr '\\0' x; exit 0"),
    ("is slow", "sleep 2; exec docker \"$@\""),
    ("fails afterwards", "docker \"$@\"; exit 1"),
    ("prints twice", "docker \"$@\"; exec docker \"$@\""),
    ("loses its connection", "echo 'Cannot connect to the Docker daemon' >&2; exit 1"),
];

/// Faults of the machine, as shell commands; those with a mount need root.
const PRELUDES: &[&str] = &[
    "unset HOME",
    "export HOME=",
    "export HOME=relative",
    "export HOME=/nowhere/home",
    "export HOME=/dev/null",
    "export HOME=$PLACE/outside/secret.txt",
    "export HOME=/proc/1",
    "export HOME='$PLACE/a b\nc'",
    "unset TMPDIR",
    "export TMPDIR=",
    "export TMPDIR=relative",
    "export TMPDIR=/nowhere",
    "export TMPDIR=/dev/null",
    "export TMPDIR=/proc",
    "chmod 000 $PLACE/tmp",
    "rmdir $PLACE/tmp",
    "export XDG_STATE_HOME=/dev/null",
    "export XDG_CACHE_HOME=relative XDG_CONFIG_HOME=/nowhere",
    "unset PATH",
    "export PATH=",
    "export PATH=/nowhere",
    "export LC_ALL=tr_TR.UTF-8 LANG=x",
    "export TZ=Pacific/Apia",
    "export COLUMNS=0 LINES=-1 TERM=",
    "export NO_COLOR=1 CLICOLOR_FORCE=1",
    "export CARGO_PIPE_JOBS=999999",
    "export CARGO_PIPE_TIMEOUT=1ns",
    "export CARGO_PIPE_CACHE_SIZE=0",
    "export CARGO_PIPE_CACHE=maybe",
    "export PYTHONHOME=/nowhere PYTHONPATH=/nowhere",
    "export PIP_INDEX_URL=http://127.0.0.1:9/ UV_OFFLINE=1",
    "export LD_LIBRARY_PATH=/nowhere",
    "export GIT_DIR=/nowhere",
    "export CI=1",
    "export SOURCE_DATE_EPOCH=x",
    "export RUST_BACKTRACE=full RUST_LOG=trace",
    "umask 777",
    "umask 000",
    "ulimit -n 8",
    "ulimit -n 16",
    "ulimit -n 32",
    "ulimit -n 64",
    "ulimit -f 0",
    "ulimit -f 8",
    "ulimit -f 1000",
    "ulimit -s 512",
    "ulimit -s 1024",
    // A program without optimisation has 52 MB of code and data itself, and Rust aborts without memory.
    "ulimit -v 100000",
    "ulimit -v 200000",
    "ulimit -v 600000",
    "ulimit -t 1",
    "ulimit -l 0",
    "ulimit -i 1",
    "ulimit -d 10000",
    "exec 0<&-",
    "exec 1>&-",
    "exec 2>&-",
    "exec 0<&- 1>&- 2>&-",
    "exec 1>/dev/full",
    "exec 2>/dev/full",
    "exec 1>/dev/full 2>/dev/full",
    "exec 0</dev/zero",
    "exec 0<$PLACE",
    "trap '' INT TERM HUP PIPE CHLD",
    "nice -n 19 true",
    "cd /; cd $PLACE/project/src",
    "mkdir $PLACE/gone; cd $PLACE/gone; rmdir $PLACE/gone",
    "touch -d 1970-01-01 src/*.py pipe.toml",
    "touch -d 2200-01-01 src/*.py pipe.toml",
    "rm -rf $PLACE/cache/results; echo x > $PLACE/cache/results",
    "rm -rf $PLACE/cache/runs; echo x > $PLACE/cache/runs",
    "rm -rf $PLACE/cache/runs; ln -s $PLACE/outside $PLACE/cache/runs",
    "rm -rf $PLACE/cache/results; ln -s $PLACE/outside $PLACE/cache/results",
    "rm -rf $PLACE/cache/projects; ln -s $PLACE/outside $PLACE/cache/projects",
    "mkdir -p $PLACE/cache/runs; mkfifo $PLACE/cache/runs/lock",
    "ln -sfn $PLACE/outside $PLACE/cache/reservations",
    "mkdir -p $PLACE/cache/runs/x/y; chmod 000 $PLACE/cache/runs/x",
    "mkdir -p $PLACE/home/.local; ln -s $PLACE/outside $PLACE/home/.local/state",
    "mkdir -p $PLACE/home/.docker; echo '{' > $PLACE/home/.docker/config.json",
    "mkdir -p $PLACE/home/.docker; mkfifo $PLACE/home/.docker/config.json",
    "mkdir -p $PLACE/home/.docker; ln -s /dev/zero $PLACE/home/.docker/config.json",
    "export CARGO_PIPE_CACHE_DIR=/dev/null",
    "export CARGO_PIPE_CACHE_DIR=/proc/cache",
    "export CARGO_PIPE_CACHE_DIR=$PLACE/outside/secret.txt",
    "export CARGO_PIPE_DOCKER=/dev/null",
    "export CARGO_PIPE_DOCKER=$PLACE",
    "export CARGO_PIPE_DOCKER=false",
    "export DOCKER_HOST=tcp://127.0.0.1:9",
    "MOUNT; mount -t tmpfs -o size=16k tmpfs $PLACE/tmp",
    "MOUNT; mount -t tmpfs -o size=1m tmpfs $PLACE/tmp",
    "MOUNT; mount -t tmpfs -o size=4k tmpfs $PLACE/home",
    "MOUNT; mkdir -p $PLACE/cache/results; mount -t tmpfs -o size=4k tmpfs $PLACE/cache/results",
    "MOUNT; mkdir -p $PLACE/cache/runs; mount -t tmpfs -o size=8k tmpfs $PLACE/cache/runs",
    "MOUNT; mkdir -p $PLACE/cache/runs; mount -t tmpfs -o size=64k tmpfs $PLACE/cache/runs",
    "MOUNT; mkdir -p $PLACE/cache/projects; mount -t tmpfs -o size=4k tmpfs $PLACE/cache/projects",
    "MOUNT; mount -t tmpfs -o nr_inodes=3 tmpfs $PLACE/tmp",
    "MOUNT; cp -a $PLACE/project $PLACE/copy; mount -t tmpfs -o size=80k tmpfs $PLACE/project; cp -a $PLACE/copy/. $PLACE/project; rm -r $PLACE/copy; cd $PLACE/project",
    "MOUNT; mount --bind $PLACE/home $PLACE/home; mount -o remount,ro,bind $PLACE/home",
    "MOUNT; mount --bind $PLACE/tmp $PLACE/tmp; mount -o remount,ro,bind $PLACE/tmp",
    "MOUNT; mount --bind $PLACE/cache $PLACE/cache; mount -o remount,ro,bind $PLACE/cache",
    "MOUNT; mount --bind $PLACE/project $PLACE/project; mount -o remount,ro,bind $PLACE/project; cd $PLACE/project",
    "MOUNT; mount --bind $PLACE $PLACE; mount -o remount,ro,bind $PLACE; cd $PLACE/project",
    "MOUNT; unset TMPDIR; mount -t tmpfs -o ro tmpfs /tmp",
    "MOUNT; mount -t tmpfs tmpfs /dev/shm -o size=4k",
    "MOUNT; mount -t tmpfs tmpfs /sys",
    "MOUNT; mount -t tmpfs tmpfs /etc -o ro",
    "MOUNT; umount -l /proc",
];

/// Commands that are tried with such a machine.
const COMMANDS: &[&[&str]] = &[
    &["run", "--check", "ruff"],
    &["run", "--check", "ruff", "--no-cache"],
    &["run", "--fix", "ruff", "format"],
    &["list"],
    &["sync", "--check"],
    &["run", "--check", "ruff", "--report", "json=$PLACE/tmp/report.json"],
];

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    scene.build()?;
    if scene.case % 3 == 2 { break_engine(scene) } else { break_machine(scene) }
}

/// Puts a program in place of docker that fails at one of its commands.
fn break_engine(scene: &mut Scene<'_>) -> Result<()> {
    let verbs: Vec<&str> = VERBS.split_whitespace().collect();
    let verb = verbs[scene.random.usize(..verbs.len())];
    let (fault, script) = FAULTS[scene.random.usize(..FAULTS.len())];
    let is_once = scene.random.bool();
    scene.name(format!("`docker {verb}` {fault}{}", if is_once { ", once" } else { "" }));
    let flag = scene.folder("docker/flag");
    let condition =
        if is_once { format!("mkdir '{}' 2>/dev/null", flag.display()) } else { "true".to_owned() };
    let text = format!(
        "#!/bin/sh\nfor word in \"$@\"; do case $word in -*) ;; *) break;; esac; done\n\
         if [ \"$word\" = {verb} ] && {condition}; then {script}; fi\nexec docker \"$@\"\n"
    );
    let program = scene.folder("docker/wrapper");
    arena::write_script(&program, &text)?;
    let command = scene
        .pipe(Machine::Docker, &["run", "--check", "ruff", "--timeout", "5s"])
        .variable("CARGO_PIPE_DOCKER", &program.to_string_lossy());
    if fault.starts_with("hangs") && scene.random.bool() {
        interrupt_twice(scene, &command)?;
        return scene.expect_right(Machine::Docker, &["ruff"]);
    }
    // A command that hangs costs a minute; cleaning up afterwards has one more.
    let ended = scene.run(&command, Duration::from_secs(180), &[0, 1, 2, 3])?;
    if ended.status == Some(0) {
        scene.escape("a source with a finding passed");
    }
    scene.expect_right(Machine::Docker, &["ruff"])
}

/// Types Ctrl-C twice while docker hangs: the second one ends the program at once.
fn interrupt_twice(scene: &mut Scene<'_>, command: &Command) -> Result<()> {
    let send = |scene: &Scene<'_>, leader: Pid| {
        for seconds in [4, 1] {
            scene.wait(Duration::from_secs(seconds));
            let _ = kill_process(leader, Signal::INT);
        }
    };
    let statuses = [0, 1, 2, 3, 130];
    scene.run_with_signals(command, &send, Duration::from_secs(10), Signal::INT, &statuses)
}

fn break_machine(scene: &mut Scene<'_>) -> Result<()> {
    let prelude = PRELUDES[(scene.case - scene.case / 3) % PRELUDES.len()];
    let words = COMMANDS[scene.random.usize(..COMMANDS.len())];
    scene.name(format!("{prelude:?}, {}", words.join(" ")));
    let place = scene.folder("").to_string_lossy().trim_end_matches('/').to_owned();
    let needs_root = prelude.starts_with("MOUNT");
    if needs_root && !process::is_root() {
        return Ok(());
    }
    let words: Vec<String> = words.iter().map(|word| word.replace("$PLACE", &place)).collect();
    let prelude = prelude.replace("MOUNT; ", "").replace("$PLACE", &place);
    let program = scene.program();
    let script = format!("{prelude}\nexec \"$0\" \"$@\"");
    let shell = ["/bin/sh", "-c", &script, &program];
    let start: &[&str] = if needs_root { &["unshare", "--mount"] } else { &["env"] };
    let command = Command::new(start[0], [])
        .arguments(start[1..].iter().copied().chain(shell))
        .arguments(words.iter().map(String::as_str));
    let command = scene.settle_at(Machine::Bubblewrap, command);
    let ended = scene.run(&command, LIMIT, &[0, 1, 2, 3, 126, 127])?;
    let checks = words.iter().any(|word| word == "--check") && words[0] == "run";
    if checks && ended.status == Some(0) {
        scene.escape("a source with a finding passed");
    }
    for name in ["tmp", "home", "cache"] {
        let path = scene.folder(name);
        let _ = Command::new("chmod", ["-R", "u+rwX", &path.to_string_lossy()]).attempt();
        if !path.is_dir() {
            crate::workspace::create_folder(&path)?;
        }
    }
    for name in ["results", "runs", "projects", "reservations"] {
        let path = scene.folder("cache").join(name);
        if !path.is_dir() || path.is_symlink() {
            arena::remove(&path)?;
        }
    }
    let lock = scene.folder("cache/runs/lock");
    if lock.exists() && !lock.is_file() {
        arena::remove(&lock)?;
    }
    arena::remove(&scene.folder("tmp/report.json"))?;
    arena::remove(&scene.folder("home/.docker"))?;
    scene.expect_right(Machine::Bubblewrap, &["ruff"])
}
