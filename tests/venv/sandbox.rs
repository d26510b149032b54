//! The sandbox of a check, and the grants that a check needs without one.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::engine::{with_bubblewrap, without_docker, without_sandbox};
use crate::project::Project;

tests!(
    bubblewrap,
    [
        a_check_reaches_nothing_but_its_own,
        a_shell_starts_in_the_folder_of_the_check,
        the_tree_of_a_shell_is_read_only_in_a_sandbox_alone,
        a_kill_leaves_no_process_in_the_sandbox,
        a_secret_reaches_its_check_alone_in_the_sandbox,
        a_sandbox_that_is_stopped_while_it_starts_holds_up_nothing,
        an_engine_that_the_project_chooses_needs_no_grant_with_a_sandbox
    ],
    python,
    [
        code_of_the_project_needs_a_grant_without_a_sandbox,
        a_granted_check_runs_without_a_sandbox,
        a_secret_reaches_its_check_alone_without_a_sandbox,
        a_config_that_runs_code_needs_the_grant_too,
        nothing_of_the_project_runs_without_the_grant,
        usual_settings_need_no_grant,
        an_engine_that_the_project_chooses_needs_the_grant,
        a_kill_leaves_no_process_without_one,
        an_end_leaves_no_process_that_went_its_own_way,
        a_check_that_exceeds_its_timeout_is_stopped,
        code_that_ends_its_tool_early_does_not_pass,
        black_starts_its_workers_where_the_path_of_the_cache_is_long,
        a_check_has_as_many_processors_as_it_is_given
    ]
);

fn project() -> Project {
    without_docker(Project::scaffolded())
}

fn open() -> Project {
    without_docker(without_sandbox(Project::scaffolded()))
}

/// A check that runs a Python program of the project.
fn check(project: &Project, program: &str) {
    project.write("src/check.py", program);
    project.write("pipe.toml", "[checks.own]\nrun = [\"python3\", \"src/check.py\"]\n");
}

const PRYING: &str = r#"
import os, socket, sys
wrong = []
for path in ["/app/x", "/opt/tool/x", "/usr/x", "/x", "/etc/x", "/pipe/x"]:
    try:
        open(path, "w").close()
        wrong.append("wrote " + path)
    except OSError:
        pass
for path in ["/root", "/home", "/etc/shadow", "/etc/passwd", "/var", "/run", "SECRET"]:
    if os.path.isdir(path) and os.listdir(path) in ([], [".pyenv"]):
        continue
    if os.path.exists(path):
        wrong.append("sees " + path)
open("/tmp/x", "w").close()
try:
    socket.create_connection(("1.1.1.1", 53), timeout=1)
    wrong.append("reached a network")
except OSError:
    pass
if os.uname().nodename != "pipe" or os.getcwd() != "/app":
    wrong.append(str(os.uname().nodename))
if [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > 20]:
    wrong.append("sees processes")
if set(os.environ) & {"DOCKER_HOST", "CARGO_PIPE_CACHE_DIR", "PYENV_ROOT"}:
    wrong.append("sees variables")
sys.exit("\n".join(wrong) if wrong else 0)
"#;

fn a_check_reaches_nothing_but_its_own() {
    let project = project();
    let secret = project.root.parent().unwrap().join("secret");
    std::fs::write(&secret, "").unwrap();
    check(&project, &PRYING.replace("SECRET", secret.to_str().unwrap()));
    let report = project.report(&["--engine", "venv", "run", "own"]);
    assert_eq!(report.status, 0, "{report:?}");
    assert_eq!(report.json["engine"]["sandbox"], "bubblewrap");
}

fn a_shell_starts_in_the_folder_of_the_check() {
    let project = project();
    let ended = project.pipe(&[
        "--engine",
        "venv",
        "bash",
        "lint",
        "--",
        "sh",
        "-c",
        "pwd; hostname; which pylint; exit 7",
    ]);
    assert_eq!(ended.status, Some(7), "{ended:?}");
    assert_eq!(ended.stdout, "/app\npipe\n/opt/tool/bin/pylint\n");
}

fn the_tree_of_a_shell_is_read_only_in_a_sandbox_alone() {
    let script = "pwd; test -e pipe.toml && ! touch new";
    let args = ["--engine", "venv", "bash", "--tree", "lint", "--", "sh", "-c", script];
    let project = project();
    let ended = project.pipe(&args);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "/app\n"), "{ended:?}");
    assert!(!project.root.join("new").exists());
    let ended = open().pipe(&args);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("`--tree` without `--writable`"), "{ended:?}");
}

/// A secret that looks like a path of a job, which is passed as it is nevertheless.
fn secret_reaches_its_check_alone(project: &Project, allow: &[&str]) {
    let lines =
        "secrets = [\"API_TOKEN\"]\n[checks.other]\nrun = [\"python3\", \"src/check.py\"]\n";
    check(
        project,
        "import os\nprint(len(os.environ.get('API_TOKEN', '')), os.environ.get('API_TOKEN'))\n",
    );
    let text = std::fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    project.write("pipe.toml", text + lines);
    let args = ["--engine", "venv", "run", "own", "other"];
    assert_eq!(project.pipe(&[&args[..], allow].concat()).status, Some(2));
    let report = project.report(&[&args[..], &["--allow", "secret:API_TOKEN"], allow].concat());
    assert_eq!(report.status, 0, "{report:?}");
    let log = |name: &str| report.check(name)["log"]["stdout"].as_str().unwrap().to_owned();
    assert_eq!((log("own"), log("other")), ("12 ***\n".to_owned(), "0 None\n".to_owned()));
}

fn a_secret_reaches_its_check_alone_in_the_sandbox() {
    secret_reaches_its_check_alone(&project().with("API_TOKEN", "/app/secrets"), &[]);
}

fn a_secret_reaches_its_check_alone_without_a_sandbox() {
    let project = open().with("API_TOKEN", "/app/secrets");
    secret_reaches_its_check_alone(&project, &["--allow", "host"]);
}

fn code_of_the_project_needs_a_grant_without_a_sandbox() {
    let project = open();
    check(&project, "print(1)\n");
    let refused = project.report(&["--engine", "venv", "run", "own"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    let reason = refused.check("own")["reason"].to_string();
    assert!(reason.contains("--allow host"), "{reason}");
    let allowed = project.report(&["--engine", "venv", "run", "own", "--allow", "host"]);
    assert_eq!(allowed.status, 0, "{allowed:?}");
    assert_eq!(allowed.json["engine"]["sandbox"], "none");
    assert!(allowed.json["warnings"].to_string().contains("without a sandbox"));
    // The tools of the catalogue run nothing of the project.
    assert_eq!(project.pipe(&["--engine", "venv", "run", "ruff"]).status, Some(0));
}

fn a_granted_check_runs_without_a_sandbox() {
    let project = open();
    check(&project, "print(1)\n");
    let trusted = project.pipe(&["--engine", "venv", "trust", "--yes"]);
    assert_eq!(trusted.status, Some(0), "{trusted:?}");
    assert!(trusted.stdout.contains("host") || trusted.stderr.contains("host"), "{trusted:?}");
    assert_eq!(project.pipe(&["--engine", "venv", "run", "own"]).status, Some(0));
    // Where it comes to that by itself, too.
    assert_eq!(project.pipe(&["run", "own"]).status, Some(0));
    check(&project, "print(2)\n");
    assert_eq!(project.pipe(&["--engine", "venv", "run", "own"]).status, Some(2));
}

fn a_config_that_runs_code_needs_the_grant_too() {
    let project = open();
    for (config, added, check) in [
        (".config/.pylintrc", "[MAIN]\ninit-hook=import os\n", "lint"),
        (".config/mypy.ini", "[mypy]\nplugins = mine.py\n", "mypy"),
    ] {
        project.write(config, added);
        let report = project.report(&["--engine", "venv", "run", check]);
        assert_eq!(report.status, 2, "{report:?}");
        let reason = report.check(check)["reason"].to_string();
        assert!(reason.contains("--allow host"), "{reason}");
    }
}

/// A program that leaves a mark outside of the project, for each way to load it.
fn plant(project: &Project) -> std::path::PathBuf {
    let mark = project.root.parent().unwrap().join("ran");
    let python = format!("open({:?}, 'a').write('x')\n", mark.to_str().unwrap());
    for name in ["sitecustomize", "usercustomize", "evil"] {
        project.write(&format!("src/{name}.py"), &python);
    }
    let hook = python.trim_end();
    project.write("src/evil.rc", format!("[MAIN]\ninit-hook={hook}\n"));
    project.write("src/evil.ini", "[mypy]\nplugins = src/evil.py\n");
    project.write("src/evil.sh", format!("#!/bin/sh\necho x > {}\n", mark.display()));
    project.write("evil.rc", format!("[MAIN]\n# words\rinit-hook={hook}\n"));
    project.write("evil.ini", "[mypy]\n# words\rplugins = src/evil.py\n");
    project.write(
        "pyproject.toml",
        format!(
            "[tool]\npylint = {{ main = {{ \"init\\u002dhook\" = {hook:?} }} }}\n\
             mypy = {{ \"pl\\u0075gins\" = [\"src/evil.py\"] }}\n"
        ),
    );
    mark
}

/// The vectors that ran code once, each as a change of `pipe.toml`.
fn nothing_of_the_project_runs_without_the_grant() {
    let project = open();
    let mark = plant(&project);
    for (check, settings) in [
        ("format", "env = { PYTHONPATH = \"/app/src\" }"),
        ("lint", "env = { PYTHONPATH = \"src\" }"),
        ("ruff", "env = { LD_PRELOAD = \"/app/src/evil.so\" }"),
        ("lint", "config = false\nenv = { PYLINTRC = \"src/evil.rc\" }"),
        ("lint", "args = [\"--rcfile=src/evil.rc\"]"),
        ("lint", "args = [\"--rcf\", \"src/evil.rc\"]"),
        ("mypy", "args = [\"--config-file=src/evil.ini\"]"),
        ("mypy", "args = [\"--python-executable=src/evil.sh\"]"),
        ("lint", "config = \"evil.rc\""),
        ("mypy", "config = \"evil.ini\""),
        ("lint", "config = false"),
        ("mypy", "config = false"),
        ("lint", "args = [\"--output-format=evil.Reporter\"]"),
        ("lint", "args = [\"--evaluation=__import__('evil')\"]"),
    ] {
        project.write("pipe.toml", format!("[checks.{check}]\n{settings}\n"));
        let report = project.report(&["--engine", "venv", "run", check]);
        assert_eq!(report.status, 2, "{settings}: {report:?}");
        let reason = report.check(check)["reason"].to_string();
        assert!(reason.contains("--allow host"), "{settings}: {reason}");
        assert!(!mark.exists(), "{settings}");
    }
    // The mark would be found.
    project.write("pipe.toml", "[checks.lint]\nargs = [\"--rcfile=src/evil.rc\"]\n");
    project.report(&["--engine", "venv", "--allow", "host", "run", "lint"]);
    assert!(mark.exists());
}

fn usual_settings_need_no_grant() {
    let project = open();
    project.write(
        "pipe.toml",
        "[checks.lint]\nargs = [\"--disable=C\", \"-sn\"]\nenv = { SOURCE_DATE_EPOCH = \"0\" }\n\
         [checks.mypy]\nargs = [\"--strict\"]\n[checks.format]\nargs = [\"-l\", \"100\"]\n",
    );
    let report = project.report(&["--engine", "venv", "run-all"]);
    assert_eq!(report.status, 0, "{report:?}");
}

/// A project that chooses the engine without containers on a machine that seems to have docker.
fn choosing(project: Project) -> Project {
    let project = project.with_docker("exit 1\n");
    choose_venv(&project);
    project
}

fn choose_venv(project: &Project) {
    let settings = std::fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let chosen = settings.replace("engine = \"auto\"", "engine = \"venv\"");
    assert_ne!(settings, chosen);
    project.write("pipe.toml", chosen);
}

fn an_engine_that_the_project_chooses_needs_the_grant() {
    let project = choosing(open());
    let refused = project.pipe(&["run", "ruff"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    for hint in ["--allow host", "cargo pipe trust", "--engine venv"] {
        assert!(refused.stdout.contains(hint), "{hint}: {refused:?}");
    }
    assert_eq!(project.pipe(&["--engine", "venv", "run", "ruff"]).status, Some(0));
    assert_eq!(project.pipe(&["--allow", "host", "run", "ruff"]).status, Some(0));
    let trusted = project.pipe(&["trust", "--yes"]);
    assert_eq!(trusted.status, Some(0), "{trusted:?}");
    assert!(trusted.stderr.contains("chooses checks without a container"), "{trusted:?}");
    assert_eq!(project.pipe(&["run", "ruff"]).status, Some(0));
    assert_eq!(project.pipe(&["trust", "--revoke"]).status, Some(0));
    assert_eq!(project.pipe(&["run", "ruff"]).status, Some(2));
    let project = project.with("CARGO_PIPE_ENGINE", "venv");
    assert_eq!(project.pipe(&["run", "ruff"]).status, Some(0));
    // Without docker, the user would have no container either.
    let project = open().with("CARGO_PIPE_DOCKER", "/nowhere/docker");
    choose_venv(&project);
    assert_eq!(project.pipe(&["run", "ruff"]).status, Some(0));
}

fn an_engine_that_the_project_chooses_needs_no_grant_with_a_sandbox() {
    let report = choosing(project()).report(&["run", "ruff"]);
    assert_eq!((report.status, &report.json["engine"]["sandbox"]), (0, &"bubblewrap".into()));
}

/// Whether a process has this word among its arguments.
fn runs(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.into_iter().any(|line| line.windows(word.len()).any(|window| window == word.as_bytes()))
}

fn wait_until(mut what: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !what() {
        assert!(began.elapsed().as_secs() < 60, "it never was");
        std::thread::yield_now();
    }
}

/// A word that no other process has.
fn mark(project: &Project) -> String {
    let folder = project.root.parent().unwrap().file_name().unwrap();
    format!("mark-{}", folder.to_str().unwrap())
}

fn is_gone_after_a_kill(project: &Project) {
    let mark = mark(project);
    // One process leaves the session, and one stays in it.
    let script = format!(
        "setsid sleep 1000 {mark} & exec python3 -c 'import time; time.sleep(1000)' {mark}"
    );
    let script = script.replace("sleep 1000 mark", "sh -c 'sleep 1000; true' mark");
    project.write("src/go.sh", script);
    project.write("pipe.toml", "[checks.own]\nrun = [\"sh\", \"src/go.sh\"]\n");
    let args = ["--engine", "venv", "run", "own", "--allow", "host"];
    let mut run = project.command(&args).spawn().unwrap();
    wait_until(|| {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself");
        runs(&mark)
    });
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    run.wait().unwrap();
    wait_until(|| !runs(&mark));
}

fn a_kill_leaves_no_process_in_the_sandbox() {
    is_gone_after_a_kill(&project());
}

fn a_kill_leaves_no_process_without_one() {
    is_gone_after_a_kill(&open());
}

/// The first process of bubblewrap's namespace ignores TERM, and for a moment it does not end with
/// bubblewrap either. No real bubblewrap can be made to be stopped in that moment.
fn a_sandbox_that_is_stopped_while_it_starts_holds_up_nothing() {
    let project = project();
    let mark = mark(&project);
    let start = format!("(trap '' TERM; exec sh -c 'sleep 1000; true' {mark}) & wait");
    let real = "exec /usr/bin/bwrap \"$@\"";
    let script = format!("#!/bin/sh\ncase \"$*\" in *launcher.py*) {start};; *) {real};; esac\n");
    let project = with_bubblewrap(project, &script);
    project.write("pipe.toml", "[checks.own]\nrun = [\"true\"]\n");
    let args = ["--engine", "venv", "run", "own", "--timeout", "1s"];
    let report = project.report(&args);
    assert_eq!((report.status, report.outcome("own")), (3, "timed-out"), "{report:#?}");
    assert!(!runs(&mark));
}

fn an_end_leaves_no_process_that_went_its_own_way() {
    for project in [project(), open()] {
        let mark = mark(&project);
        // It has left the process group of the check before the check ends.
        let leave = format!(
            "gone=$(mktemp)\n\
             setsid sh -c 'echo gone > \"$1\"; sleep 1000; true' {mark} \"$gone\" &\n\
             until [ -s \"$gone\" ]; do sleep 0.01; done\n"
        );
        project.write("src/go.sh", leave);
        project.write("pipe.toml", "[checks.own]\nrun = [\"sh\", \"src/go.sh\"]\n");
        let ended = project.pipe(&["--engine", "venv", "run", "own", "--allow", "host"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(!runs(&mark));
    }
}

fn a_check_that_exceeds_its_timeout_is_stopped() {
    for project in [project(), open()] {
        project.write("pipe.toml", "[checks.own]\nrun = [\"sleep\", \"1000\"]\n");
        let args = ["--engine", "venv", "run", "own", "--allow", "host", "--timeout", "1s"];
        let report = project.report(&args);
        assert_eq!((report.status, report.outcome("own")), (3, "timed-out"));
    }
}

fn a_check_has_as_many_processors_as_it_is_given() {
    for project in [project(), open()] {
        check(&project, "import os\nprint(len(os.sched_getaffinity(0)))\n");
        let run = ["--engine", "venv", "--allow", "host", "run", "own"];
        let run_with = |args: &[&str]| {
            let report = project.report(&[&run[..], args].concat());
            let number = report.check("own")["log"]["stdout"].as_str().unwrap().trim().to_owned();
            (number, report.json["fingerprint"].clone())
        };
        let all = std::thread::available_parallelism().unwrap().to_string();
        let (some, none) = (run_with(&["--cpus", "1"]), run_with(&[]));
        assert_eq!((&*some.0, none.0), ("1", all));
        assert_eq!(some.1, none.1);
    }
}

fn code_that_ends_its_tool_early_does_not_pass() {
    let end = "import os; os._exit(0)";
    let report = r#"{"messages": [], "statistics": {"score": 10.0}}"#;
    for project in [project(), open()] {
        let hook = format!("[MAIN]\ninit-hook=print('{report}', flush=True); {end}\n");
        project.write(".config/.pylintrc", hook);
        // A path of a plugin is relative to the configuration.
        project.write("mypy.ini", "[mypy]\nplugins = src/evil.py\n");
        project.write("pipe.toml", "[checks.mypy]\nconfig = \"mypy.ini\"\n");
        project.write("src/evil.py", format!("{end}\n"));
        for check in ["lint", "mypy"] {
            let report = project.report(&["--engine", "venv", "--allow", "host", "run", check]);
            assert_eq!(report.status, 3, "{report:?}");
            let reason = &report.check(check)["reason"];
            assert_eq!(reason["kind"], "tool", "{report:?}");
            let message = reason["message"].as_str().unwrap();
            assert!(message.contains("ended early"), "{message}");
        }
    }
}

fn black_starts_its_workers_where_the_path_of_the_cache_is_long() {
    let project = open();
    let cache = project.root.parent().unwrap().join("x".repeat(100));
    std::fs::create_dir(&cache).unwrap();
    let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-cache/environments");
    std::fs::create_dir_all(&environments).unwrap();
    std::os::unix::fs::symlink(environments, cache.join("environments")).unwrap();
    let project = project.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    // It formats several files in processes of their own.
    for name in ["one", "two", "three"] {
        project.write(&format!("src/{name}.py"), "x = 1\n");
    }
    let report = project.report(&["--engine", "venv", "run", "format"]);
    assert_eq!(report.status, 0, "{report:?}");
}
