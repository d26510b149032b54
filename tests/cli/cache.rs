//! Results served from the cache, and changes that make a check run again.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::SystemTime;

use cargo_pipe::outcome::CacheUse;
use cargo_pipe::report::json::{JsonReport, from_json};

use crate::container::PROOF;
use crate::scene::Scene;

/// What ruff says of a file with a finding.
pub(crate) const FINDING: &str = r#"echo '[{"code":"F401","filename":"/app/src/main.py","location":{"row":1,"column":8},"end_location":{"row":1,"column":10},"message":"unused","fix":null,"url":null}]'; exit 1"#;

/// A scaffolded project, and an engine that has ruff's image and finds something.
pub(crate) fn scene() -> Scene {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene
        .docker()
        .on(&["image", "inspect", "cargo-pipe/ruff:"])
        .stdout(&tool_image("ruff", "3.13.5"));
    scene
}

/// A base image, whose releases differ in a variable.
pub(crate) fn base_image(id: &str, python: &str) -> String {
    inspected(id, r#""sha256:system""#, python)
}

/// The image of a tool, on a base of any release.
pub(crate) fn tool_image(tool: &str, python: &str) -> String {
    inspected(tool, &format!(r#""sha256:system","sha256:{tool}""#), python)
}

fn inspected(id: &str, layers: &str, python: &str) -> String {
    format!(
        r#"{{"Id":"sha256:{id}","RepoTags":[],"Os":"linux","Architecture":"amd64","RootFS":{{"Layers":[{layers}]}},"Config":{{"Env":["PYTHON_VERSION={python}"]}}}}"#
    )
}

/// The same with a base and a tool that finds something.
pub(crate) fn ready() -> Scene {
    let scene = scene();
    scene.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{FINDING}"));
    scene
}

pub(crate) fn report(scene: &Scene, words: &str) -> JsonReport {
    let ended = scene.pipe(words).arg_all("--message-format json").ended();
    from_json(&ended.unredacted_stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn cache_use(scene: &Scene, words: &str) -> CacheUse {
    report(scene, words).checks[0].cache
}

/// How many containers were started.
fn containers(scene: &Scene) -> usize {
    scene.docker().calls().iter().filter(|call| call[0] == "run").count()
}

pub(crate) fn main_file(scene: &Scene) -> PathBuf {
    scene.project().join("src/main.py")
}

/// The one outcome in the cache.
pub(crate) fn entry(scene: &Scene) -> PathBuf {
    let results = scene.folder("home").join(".cache/cargo-pipe/results");
    let folders = fs::read_dir(results).unwrap().flatten().map(|entry| entry.path());
    let below = |folder: PathBuf| fs::read_dir(folder).unwrap().flatten().map(|it| it.path());
    let is_files = |folder: &Path| folder.ends_with("files");
    let entries: Vec<PathBuf> =
        folders.filter(|it| it.is_dir() && !is_files(it)).flat_map(below).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.into_iter().next().unwrap()
}

#[test]
fn a_cached_report_is_the_same_and_calls_no_docker() {
    let scene = ready();
    let first = report(&scene, "ruff");
    assert_eq!(first.checks[0].cache, CacheUse::Miss);
    assert_eq!((first.exit_code, first.checks[0].findings.len()), (1, 1));
    let calls = scene.docker().calls().len();
    let second = report(&scene, "ruff");
    assert_eq!(second.checks[0].cache, CacheUse::Hit);
    assert_eq!(scene.docker().calls().len(), calls);
    assert_eq!(second.engine, None);

    let comparable = |mut report: JsonReport| {
        report.engine = None;
        report.duration_ms = None;
        report.phases.clear();
        for check in &mut report.checks {
            check.cache = CacheUse::Off;
            check.duration_ms = 0;
            check.started_ms = None;
        }
        report
    };
    assert_eq!(comparable(first), comparable(second));
}

#[test]
fn a_cache_hit_starts_no_process() {
    let Ok(strace) = which::which("strace") else {
        panic!("strace is needed: apt-get install strace");
    };
    let scene = ready();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss);
    let ended = scene.pipe("ruff").traced(&strace, &scene.folder("trace"));
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let trace = fs::read_to_string(scene.folder("trace")).unwrap();
    let started = trace.lines().filter(|line| line.contains("execve(")).count();
    assert_eq!(started, 1, "{trace}");
}

#[test]
fn files_are_recognised_by_their_content_alone() {
    let scene = ready();
    let file = main_file(&scene);
    let text = fs::read_to_string(&file).unwrap();
    report(&scene, "ruff");
    fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now()).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit, "touched");

    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let other = text.replacen('\n', " ", 1);
    assert_eq!(other.len(), text.len());
    fs::write(&file, &other).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "the same size and time");
    fs::write(&file, &text).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit, "as at first");
}

#[test]
fn a_module_that_is_gone_or_new_or_renamed_is_a_difference() {
    let scene = ready().file("src/pkg/a.py", "x = 1\n");
    let pkg = scene.project().join("src/pkg");
    report(&scene, "ruff");
    fs::rename(pkg.join("a.py"), pkg.join("b.py")).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "renamed");
    fs::remove_file(pkg.join("b.py")).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "removed");
    fs::write(pkg.join("a.py"), "x = 1\n").unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit, "as at first");
}

#[test]
fn an_entry_that_is_not_whole_or_in_its_place_is_none() {
    let scene = ready();
    report(&scene, "ruff");
    let entry = entry(&scene);
    let whole = fs::read(&entry).unwrap();
    let mut changed = whole.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("changed", changed),
        ("longer", [whole.as_slice(), b"x"].concat()),
        ("foreign", b"{\"outcome\":\"passed\"}".to_vec()),
    ] {
        fs::write(&entry, bytes).unwrap();
        assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "{what}");
    }
    // What was kept for another fingerprint says nothing here.
    fs::write(main_file(&scene), "import os\nimport sys\n").unwrap();
    fs::remove_file(&entry).unwrap();
    report(&scene, "ruff");
    let other = self::entry(&scene);
    fs::create_dir_all(entry.parent().unwrap()).unwrap();
    fs::rename(other, &entry).unwrap();
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "of another one");
}

#[test]
fn errors_are_never_cached() {
    let scene = scene();
    scene.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}exit 137")).once();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{FINDING}"));
    assert_eq!(report(&scene, "ruff").exit_code, 3);
    let again = report(&scene, "ruff");
    assert_eq!((again.exit_code, again.checks[0].cache), (1, CacheUse::Miss));
}

#[test]
fn the_cache_mode_is_respected() {
    let scene = ready();
    assert_eq!(cache_use(&scene, "ruff --cache read-only"), CacheUse::Miss);
    assert_eq!(cache_use(&scene, "ruff --cache off"), CacheUse::Off);
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "nothing was cached");
    assert_eq!(cache_use(&scene, "ruff --cache read-only"), CacheUse::Hit);
    assert_eq!(cache_use(&scene, "ruff --no-cache"), CacheUse::Off);
    fs::remove_dir_all(scene.folder("home")).unwrap();
    assert_eq!(cache_use(&scene, "ruff --no-cache"), CacheUse::Off);
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit, "--no-cache still writes the cache");
}

#[test]
fn a_check_can_opt_out_of_the_cache() {
    let scene = ready();
    let configure = |policy: &str| {
        fs::write(scene.project().join("pipe.toml"), format!("[checks.ruff]\ncache = {policy}\n"))
            .unwrap();
    };
    report(&scene, "ruff");
    configure("false");
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Off);
    configure("\"passed\"");
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "it has findings");
    configure("true");
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit);
}

#[test]
fn another_checkout_and_a_restored_folder_share_outcomes() {
    let scene = ready();
    report(&scene, "ruff");
    let other = scene.folder("other");
    copy(&scene.project(), &other);
    let run = || {
        let ended = scene.pipe("ruff --message-format json").ended_in(&other);
        from_json(&ended.unredacted_stdout).unwrap().checks[0].cache
    };
    assert_eq!(run(), CacheUse::Hit);

    // What is carried is the folder of results alone; what images hold is asked again.
    let carried = carried(&scene);
    fs::remove_dir_all(scene.folder("home/.cache/cargo-pipe")).unwrap();
    let started = containers(&scene);
    let ended = scene
        .pipe("ruff --message-format json")
        .with("CARGO_PIPE_CACHE_DIR", carried.to_str().unwrap())
        .ended();
    assert_eq!(from_json(&ended.unredacted_stdout).unwrap().checks[0].cache, CacheUse::Hit);
    assert_eq!(containers(&scene), started);
}

/// Records the base that a report names, as `cargo pipe update` does.
pub(crate) fn lock_base(scene: &Scene, report: &JsonReport) {
    let base = report.checks[0].parts.clone().unwrap().environment.base;
    let platform = report.platform.clone().unwrap();
    let text = format!(
        "[[base]]\nimage = \"python:3.13-slim\"\nplatform = \"{platform}\"\nlayers = \"{base}\"\n\
         [base.python]\nversion = \"3.13.5\"\nimplementation = \"cpython\"\nmodules = \"\"\n\
         missing = []\nsystem = \"debian 13\"\n"
    );
    fs::write(scene.project().join(".docker/pipe.lock"), text).unwrap();
}

/// What a machine has that just got the folder of results: nothing else.
fn carried(scene: &Scene) -> PathBuf {
    let carried = scene.folder("carried");
    fs::create_dir(&carried).unwrap();
    copy(&scene.folder("home/.cache/cargo-pipe/results"), &carried.join("results"));
    carried
}

#[test]
fn a_restored_folder_needs_no_docker_where_the_base_is_locked() {
    let scene = ready();
    let first = report(&scene, "ruff");
    let carried = carried(&scene);
    let calls = scene.docker().calls().len();
    let run = |variables: &[(&str, &str)]| {
        let run = scene.pipe("ruff --cache read-only --message-format json");
        let run = run.with("CARGO_PIPE_CACHE_DIR", carried.to_str().unwrap());
        let run = variables.iter().fold(run, |run, (name, value)| run.with(name, value));
        from_json(&run.ended().unredacted_stdout).unwrap()
    };
    lock_base(&scene, &first);
    let second = run(&[("CARGO_PIPE_DOCKER", "/nowhere/docker")]);
    assert_eq!(second.checks[0].cache, CacheUse::Hit);
    assert_eq!(second.fingerprint, first.fingerprint);
    assert_eq!(scene.docker().calls().len(), calls);
    // The platform of another docker and the Python of this machine are unknown until asked for.
    assert_eq!(run(&[("DOCKER_HOST", "tcp://10.0.0.1:2375")]).checks[0].cache, CacheUse::Hit);
    assert!(scene.docker().calls().len() > calls, "docker was asked");
}

#[test]
fn a_base_that_is_another_one_now_is_noticed_by_the_next_run_that_asks() {
    let scene = scene();
    let inspect = ["image", "inspect", "python:3"];
    scene.docker().on(&inspect).stdout(&base_image("base", "3.13.5")).once();
    scene.docker().on(&inspect).stdout(&base_image("newer", "3.13.6"));
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{FINDING}"));
    let before = report(&scene, "ruff");
    fs::write(main_file(&scene), "import os\n").unwrap();
    let after = report(&scene, "ruff");
    let environment = |report: &JsonReport| report.checks[0].inputs.clone().unwrap().environment;
    assert_ne!(environment(&before), environment(&after));
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit);
}

#[test]
fn a_cache_that_cannot_be_written_to_only_costs_time() {
    let scene = ready();
    let blocked = scene.folder("blocked");
    fs::write(&blocked, "").unwrap();
    let run = || {
        let ended = scene
            .pipe("ruff --message-format json")
            .with("CARGO_PIPE_CACHE_DIR", blocked.to_str().unwrap())
            .ended();
        from_json(&ended.unredacted_stdout).unwrap_or_else(|error| panic!("{error} {ended:?}"))
    };
    let report = run();
    assert_eq!((report.exit_code, report.checks[0].cache), (1, CacheUse::Miss));
    assert!(
        report.warnings[0].contains("cannot write to the result cache"),
        "{:?}",
        report.warnings
    );
    assert_eq!(run().checks[0].cache, CacheUse::Miss);
}

/// Runs ruff in mounts of its own, which a script prepares: its first argument is the cache.
fn in_mounts(scene: &Scene, prepare: &str) -> JsonReport {
    let cache = scene.folder("home/.cache/cargo-pipe");
    let run = scene.pipe("ruff --message-format json");
    let ended = run.behind(&["unshare", "--mount", "--map-root-user"], prepare, &cache);
    from_json(&ended.unredacted_stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn a_full_disk_only_costs_time() {
    let scene = ready();
    let mount = "mkdir -p \"$0/results\" && mount -t tmpfs -o size=4k none \"$0/results\"";
    for _ in 0..2 {
        let report = in_mounts(&scene, mount);
        assert_eq!((report.exit_code, report.checks[0].cache), (1, CacheUse::Miss));
        assert!(
            report.warnings[0].contains("cannot write to the result cache"),
            "{:?}",
            report.warnings
        );
    }
    assert_eq!(cache_use(&scene, "ruff"), CacheUse::Miss, "half of an outcome is none");
}

#[test]
fn a_cache_on_a_read_only_disk_is_read() {
    let scene = ready();
    report(&scene, "ruff");
    let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let report = in_mounts(&scene, mount);
    assert_eq!((report.exit_code, report.checks[0].cache), (1, CacheUse::Hit));
    fs::write(main_file(&scene), "import os\n").unwrap();
    let report = in_mounts(&scene, mount);
    assert_eq!((report.exit_code, report.checks[0].cache), (1, CacheUse::Miss));
    assert!(
        report.warnings.iter().any(|it| it.contains("cannot write to the result cache")),
        "{report:?}"
    );
}

/// A project whose tool ends once it reads a line from this.
fn gated() -> (Scene, fs::File) {
    let scene = scene();
    scene.docker().on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    let gate = scene.folder("gate");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &gate, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let tool = format!("{PROOF}read -r line < {}; {FINDING}", gate.display());
    scene.docker().on(&["run", "--name"]).script(&tool);
    let gate = fs::File::options().read(true).write(true).open(gate).unwrap();
    (scene, gate)
}

/// A run that has found no outcome to replay, and the further lines that it prints.
fn begun(scene: &Scene) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut run = scene.pipe("ruff --message-format jsonl").start();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("\"check-started\"")), "it is not cached yet");
    (run, lines)
}

#[test]
fn a_second_run_waits_for_the_first_and_uses_its_result() {
    let (scene, mut gate) = gated();
    let (mut first, first_lines) = begun(&scene);
    while containers(&scene) == 0 {
        std::thread::yield_now();
    }
    let (mut second, second_lines) = begun(&scene);
    gate.write_all(b"go\ngo\n").unwrap();
    let last = |lines: &mut dyn Iterator<Item = String>| lines.last().unwrap();
    assert!(last(&mut { first_lines }).contains("\"cache\":\"miss\""));
    assert!(last(&mut { second_lines }).contains("\"cache\":\"hit\""));
    assert_eq!(containers(&scene), 1);
    assert_eq!((first.wait().unwrap().code(), second.wait().unwrap().code()), (Some(1), Some(1)));
}

#[test]
fn many_runs_at_once_of_which_some_are_killed_leave_one_whole_outcome() {
    for round in 0..3 {
        let (scene, mut gate) = gated();
        let mut runs: Vec<_> = (0..20).map(|_| begun(&scene)).collect();
        // One has the reservation and works, the others wait for it.
        let killed = [0, 3, 4, 9, 11, 17, 19];
        for number in killed {
            runs[(number + 5 * round) % 20].0.kill().unwrap();
        }
        gate.write_all(&b"go\n".repeat(20)).unwrap();
        for (mut run, lines) in runs {
            let last = lines.last().unwrap_or_default();
            let Some(status) = run.wait().unwrap().code() else { continue };
            assert_eq!((status, last.matches("\"rule\"").count()), (1, 1), "{last}");
        }
        // Another one works only where the one before it was killed.
        assert!(containers(&scene) <= 1 + killed.len(), "{}", containers(&scene));
        let last = report(&scene, "ruff");
        assert_eq!((last.exit_code, last.checks[0].findings.len()), (1, 1));
        assert_eq!(cache_use(&scene, "ruff"), CacheUse::Hit);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}
