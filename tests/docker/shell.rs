//! The command `bash`: a shell in the container of a check.
//!
//! It sees what the check sees, and leaves nothing behind.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::project::{Ended, Project, docker, lines};
use crate::session::Session;
use crate::topology::elsewhere;

tests![
    a_command_in_a_shell_sees_what_the_check_sees,
    a_shell_at_a_terminal_sees_what_the_check_sees,
    a_tool_can_be_run_as_its_check_runs_it,
    an_exit_status_is_passed_on,
    streams_go_through_untouched,
    keys_go_to_the_shell,
    an_image_without_bash_has_sh,
    the_docker_socket_is_there_only_on_request,
    the_docker_socket_comes_with_a_client,
    the_tree_is_the_project_itself_and_read_only_unless_writable,
    a_shell_leaves_nothing_however_it_ends,
    a_command_leaves_nothing_however_it_ends,
    killing_the_client_ends_its_container,
    the_next_run_removes_leftovers_of_a_killed_shell,
    a_shell_proves_its_mounts,
    the_bash_command_is_shown_on_the_screen
];

/// What a process in a container can tell about it, but for what a shell sets for itself, and the
/// terminal.
const PROBE: &str = r#"env | grep -v -E '^(PWD|OLDPWD|SHLVL|_)=' | sort
pwd; umask; id; ulimit -n; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null
cut -d' ' -f2- /proc/mounts | grep -v -E '^/(dev/console|etc/host|etc/resolv)|upperdir' | sort
grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status
cat /proc/1/comm; ls /sys/class/net /var/run/docker.sock 2>&1
find /app /config /pipe -printf '%M %U %G %s %T+ %p\n' 2>&1 | sort
for place in /app /app/src /pipe /usr /tmp; do touch $place/x 2>/dev/null && echo wrote $place; done
cat /app/.cargo-pipe-proof
"#;

/// A project with a check that tells all about its container.
fn probed(settings: &str) -> Project {
    let project = Project::scaffolded();
    project.write("src/probe.sh", PROBE);
    let check = "[checks.probe]\nrun = [\"sh\", \"src/probe.sh\"]\nenv = { A = \"b c\" }\n";
    project.write("pipe.toml", format!("{check}{settings}\n"));
    project
}

/// The output of the check itself.
fn probe_output(project: &Project) -> String {
    let report = project.report(&["run", "probe"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let text = report.check("probe")["log"]["stdout"].as_str().unwrap().to_owned();
    assert!(text.contains("A=b c\n") && text.contains("\n/app "), "{text}");
    assert!(text.contains("wrote /tmp\n"), "{text}");
    text
}

/// Gives a command something to read.
fn feed(project: &Project, args: &[&str], input: &[u8]) -> std::process::Output {
    let mut child = project.command(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// A shell in the container of `probe`.
fn shell(project: &Project) -> Session {
    let mut session = Session::start(project.command(&["bash", "probe"]));
    session.wait_for("the check runs: ");
    session.type_in("echo here-$((40+2))\n");
    session.wait_for("here-42\r\n");
    session
}

fn a_command_in_a_shell_sees_what_the_check_sees() {
    for (settings, topology) in [
        ("", "bind"),
        ("", "stream"),
        ("image = \"python:3.13-slim\"", "bind"),
        ("image = \"python:3.13-slim\"", "stream"),
        ("writable = true", "bind"),
    ] {
        let project = probed(settings)
            .with("CARGO_PIPE_TOPOLOGY", topology)
            .with("CARGO_PIPE_ALLOW", "writable");
        let expected = probe_output(&project);
        assert_eq!(expected.contains("wrote /app\n"), settings.contains("writable"), "{expected}");
        let ended = project.pipe(&["bash", "probe", "--", "sh", "src/probe.sh"]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{settings} {topology}");
        assert_eq!(ended.stdout, expected, "{settings} {topology}");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

fn a_shell_at_a_terminal_sees_what_the_check_sees() {
    for topology in ["bind", "stream"] {
        let project = probed("").with("CARGO_PIPE_TOPOLOGY", topology);
        let expected = probe_output(&project);
        let mut session = shell(&project);
        session.type_in("echo begin-$((1+1)); sh src/probe.sh; echo end-$((1+1))\n");
        session.wait_for("begin-2\r\n");
        let seen = session.wait_for("end-2\r\n").replace("\r\n", "\n");
        // An interactive bash keeps this one up to date itself.
        let seen = seen.replace("\nCOLUMNS=200\n", "\nCOLUMNS=80\n");
        assert_eq!(seen.strip_suffix("end-2\n").unwrap(), expected, "{topology}");
        // It is bash, with a terminal whose size follows the visitor's. The first size can be lost by
        // docker itself, and a later one comes a moment later.
        session.type_in("echo ${BASH_VERSION:+is-$((1+1))-bash}\n");
        session.wait_for("is-2-bash\r\n");
        session.resize(60, 190);
        session
            .type_in("until [ \"$(stty size)\" = \"60 190\" ]; do :; done; echo size-$((1+1))\n");
        session.wait_for("size-2\r\n");
        session.type_in("exit 7\n");
        assert_eq!(session.end().0.code(), Some(7));
        assert!(session.line_is_edited());
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

fn a_tool_can_be_run_as_its_check_runs_it() {
    let project = Project::scaffolded();
    project.write("src/bad.py", "\"\"\"Bad.\"\"\"\n\nimport os\n");
    let mut session = Session::start(project.command(&["bash"]));
    session.wait_for("in the container of `lint`: ");
    session.wait_for("the check runs: ");
    let command = session.wait_for("\r\n");
    session.type_in(&format!("{} 2>&1 | grep -c unused-import; exit\n", command.trim()));
    let (ended, text) = session.end();
    assert_eq!(ended.code(), Some(0), "{command} {text}");
    assert!(text.contains("\r\n1\r\n"), "{command} {text}");
    let ended = project.pipe(&["bash", "lint", "--", "sh", "-c", "ls -A /config; touch /config/x"]);
    assert_eq!(ended.stdout, ".cargo-pipe-proof\n.pylintrc\n", "{ended:?}");
    assert!(ended.stderr.contains("Read-only file system"), "{ended:?}");
    assert_eq!(project.pipe(&["-q", "ruff"]).status, Some(1));
    assert_eq!(project.pipe(&["bash", "ruff", "--", "ruff", "check", "src"]).status, Some(1));
}

fn an_exit_status_is_passed_on() {
    let project = probed("");
    for (script, status) in
        [("exit 0", 0), ("exit 1", 1), ("exit 42", 42), ("exit 255", 255), ("kill -9 $$", 137)]
    {
        let ended = project.pipe(&["bash", "probe", "--", "sh", "-c", script]);
        assert_eq!(ended.status, Some(status), "{script}: {ended:?}");
    }
    assert_eq!(project.pipe(&["bash", "probe", "--", "nosuch"]).status, Some(127));
    assert_eq!(project.leftovers(), [""; 0]);
}

fn streams_go_through_untouched() {
    let project = probed("");
    let input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let output = feed(&project, &["bash", "probe", "--", "tee", "/dev/stderr"], &input);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == input && output.stderr == input, "{}", output.stdout.len());
    let script = b"echo out; echo err >&2; exit 5\n";
    let ended = Ended::of(feed(&project, &["bash", "probe", "--", "sh"], script));
    let seen = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
    assert_eq!(seen, (Some(5), "out\n", "err\n"));
}

fn keys_go_to_the_shell() {
    let project = probed("");
    let mut session = shell(&project);
    // DependencyKind by the program itself, so that the key cannot come before it.
    let endless = "sh -c 'echo up-$((1+1)); exec sleep 1000'\n";
    session.type_in(endless);
    session.wait_for("up-2\r\n");
    session.type_in("\u{3}");
    session.wait_for("^C");
    session.type_in("echo after-$((1+1))\n");
    session.wait_for("after-2\r\n");
    session.type_in(endless);
    session.wait_for("up-2\r\n");
    session.type_in("\u{1a}");
    session.wait_for("Stopped");
    // Waited for, because a shell with a stopped job does not end at the first request.
    session.type_in("kill %1; wait %1; echo gone-$((1+1))\n");
    session.wait_for("gone-2\r\n");
    // The last command but one, which docker's client would keep for itself.
    session.type_in("echo first-$((1+1))\n");
    session.wait_for("first-2\r\n");
    // These two keys mean this to the shell's prompt, and something else before it.
    session.wait_for(":/app");
    session.type_in("\u{10}\n");
    session.wait_for("first-2\r\n");
    session.wait_for(":/app");
    session.type_in("\u{4}");
    assert_eq!(session.end().0.code(), Some(0));
    assert_eq!(project.leftovers(), [""; 0]);
}

fn an_image_without_bash_has_sh() {
    const IMAGE: &str = "cargo-pipe-test/without-bash:1";
    let made = [
        &["create", "--name", "cargo-pipe-test-without-bash", "python:3.13-slim"][..],
        &["start", "--attach", "cargo-pipe-test-without-bash"],
        &["commit", "cargo-pipe-test-without-bash", IMAGE],
        &["rm", "--force", "cargo-pipe-test-without-bash"],
    ];
    let mut made = made.map(<[_]>::to_vec);
    made[0].extend(["sh", "-c", "rm -f /bin/bash /usr/bin/bash"]);
    let made = made.map(|args| docker(&args).status);
    let project = probed(&format!("image = \"{IMAGE}\""));
    let mut session = shell(&project);
    session.type_in("echo ${BASH_VERSION:-no-$((1+1))}; exit 4\n");
    session.wait_for("no-2\r\n");
    let ended = session.end().0.code();
    docker(&["image", "rm", IMAGE]);
    assert_eq!(made, [Some(0); 4]);
    assert_eq!(ended, Some(4));
}

fn the_docker_socket_is_there_only_on_request() {
    let project = probed("docker-socket = true\ncache = false");
    let usable = ["--", "sh", "-c", "test -w /var/run/docker.sock && echo usable"];
    let ask = |args: &[&str]| project.pipe(&[args, &usable].concat());
    // The project asks for it, and its visitor has not granted it.
    assert_eq!(ask(&["bash", "probe"]).status, Some(2));
    assert_eq!(ask(&["bash", "--allow", "docker-socket", "probe"]).stdout, "usable\n");
    let project = probed("");
    let ask = |args: &[&str]| project.pipe(&[args, &usable].concat());
    assert_eq!(ask(&["bash", "probe"]).status, Some(1));
    assert_eq!(ask(&["bash", "--docker-socket", "probe"]).stdout, "usable\n");
    // The same as another user.
    let socket = std::fs::metadata("/var/run/docker.sock").unwrap();
    let group = std::os::unix::fs::MetadataExt::gid(&socket);
    let project = project.owned_by(1234, group);
    let ended = project.pipe(&[&["bash", "--docker-socket", "probe"][..], &usable].concat());
    assert_eq!(ended.stdout, "usable\n", "{ended:?}");
}

fn the_docker_socket_comes_with_a_client() {
    let project = probed("");
    let version = ["--", "docker", "version", "--format", "{{.Server.Os}}"];
    let ask = |args: &[&str]| project.pipe(&[args, &version].concat());
    let ended = ask(&["bash", "--docker-socket", "probe"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "linux\n"), "{ended:?}");
    assert_ne!(ask(&["bash", "probe"]).status, Some(0));
    let mut session =
        Session::start(project.command(&["bash", "--docker-socket", "--tree", "probe"]));
    session.wait_for(
        "in the container of `probe` with the docker socket and Debian's `docker-cli`, in an image \
         of its own: the project itself, read-only, is in /app, `exit` leaves",
    );
    session.wait_for("the check runs: ");
    session.type_in("exit\n");
    assert_eq!(session.end().0.code(), Some(0));
    assert_eq!(project.leftovers(), [""; 0]);
}

fn the_tree_is_the_project_itself_and_read_only_unless_writable() {
    let project = probed("");
    project.write(".gitignore", "ignored.txt\n");
    project.write("ignored.txt", "here\n");
    let ask = |project: &Project, flags: &[&str], script: &str| {
        project.pipe(&[&["bash", "probe"], flags, &["--", "sh", "-c", script]].concat())
    };
    assert_ne!(ask(&project, &[], "cat ignored.txt").status, Some(0));
    let script = "cat ignored.txt && ! touch new";
    let ended = ask(&project, &["--tree"], script);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "here\n"), "{ended:?}");
    assert!(!project.root.join("new").exists());
    let ended = ask(&project, &["--tree", "--writable"], "echo changed > ignored.txt");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(std::fs::read_to_string(project.root.join("ignored.txt")).unwrap(), "changed\n");
    assert_eq!(ask(&project, &["--writable"], "true").status, Some(2));
    // An engine on another machine finds another project there.
    project.write("../other/pipe.toml", "source = [\".\"]\n");
    let (root, other) = (project.root.display(), project.root.join("../other"));
    let script = format!(
        "for arg; do shift\n case $arg in type=bind,source={root},*)\n\
         arg=\"type=bind,source={},target=/app\" ;; esac\n set -- \"$@\" \"$arg\"\ndone\n\
         exec docker \"$@\"\n",
        other.display()
    );
    let project = project.with_docker(&script);
    let ended = ask(&project, &["--tree"], "true");
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("the container does not see the project"), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_shell_leaves_nothing_however_it_ends() {
    for topology in ["bind", "stream"] {
        let project = probed("").with("CARGO_PIPE_TOPOLOGY", topology);
        for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
            let mut session = shell(&project);
            wait_until_it_runs(&project);
            assert!(!session.line_is_edited(), "docker's client has the terminal");
            session.send(signal);
            assert_eq!(session.end().0.code(), Some(130), "{signal:?}");
            assert!(session.line_is_edited(), "{signal:?}");
            assert_eq!(project.leftovers(), [""; 0], "{signal:?} {topology}");
        }
        let mut session = shell(&project);
        session.hang_up();
        assert_eq!(session.end().0.code(), Some(130));
        assert_eq!(project.leftovers(), [""; 0], "{topology}");
    }
}

/// Waits until the engine, too, says that the project's container runs: it may write that down a
/// moment after the shell's first words.
fn wait_until_it_runs(project: &Project) {
    let filter = format!("label=dev.cargo-pipe.project={}", project.id());
    let began = Instant::now();
    while lines(&["ps", "--filter", &filter, "--format", "{{.Names}}"]).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "no container runs");
    }
}

fn a_command_leaves_nothing_however_it_ends() {
    let project = probed("");
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let args = ["bash", "probe", "--", "sh", "-c", "echo up; exec sleep 1000"];
        let mut child = project.command(&args).spawn().unwrap();
        let mut up = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal:?}");
        assert_eq!(project.leftovers(), [""; 0], "{signal:?}");
    }
}

fn killing_the_client_ends_its_container() {
    let project = probed("");
    let mut session = shell(&project);
    assert!(!session.line_is_edited());
    let parent = session.pid().as_raw_nonzero().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let client = processes
        .filter_map(|entry| entry.file_name().into_string().ok()?.parse().ok())
        .find(|pid: &i32| {
            // The second field is a name, in parentheses; the fourth is the parent.
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
            fields.split_whitespace().nth(1) == Some(parent.as_str())
        });
    let client = rustix::process::Pid::from_raw(client.unwrap()).unwrap();
    rustix::process::kill_process(client, Signal::KILL).unwrap();
    let (ended, text) = session.end();
    assert_eq!(ended.code(), Some(3), "{text}");
    assert!(text.contains("the client ended with exit status 137 before the container"), "{text}");
    assert!(session.line_is_edited());
    assert_eq!(project.leftovers(), [""; 0]);
}

fn the_next_run_removes_leftovers_of_a_killed_shell() {
    for topology in ["bind", "stream"] {
        let project = probed("").with("CARGO_PIPE_TOPOLOGY", topology);
        let mut session = shell(&project);
        session.send(Signal::KILL);
        session.end();
        assert!(!project.leftovers().is_empty());
        assert_eq!(project.pipe(&["run", "probe"]).status, Some(0));
        assert_eq!(project.leftovers(), [""; 0], "{topology}");
        // So does the next visit.
        let mut session = shell(&project);
        session.send(Signal::KILL);
        session.end();
        assert_eq!(project.pipe(&["bash", "probe", "--", "true"]).status, Some(0));
        assert_eq!(project.leftovers(), [""; 0], "{topology}");
    }
}

fn a_shell_proves_its_mounts() {
    let project = probed("");
    let project = elsewhere(project);
    let look = ["bash", "probe", "--", "sh", "src/probe.sh"];
    let ended = project.pipe(&look);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
    let project = project.with("CARGO_PIPE_TOPOLOGY", "bind");
    let ended = project.pipe(&look);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
    assert!(ended.stderr.contains("the container does not see the project"), "{ended:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn the_bash_command_is_shown_on_the_screen() {
    let project = probed("");
    project.write("src/bad.py", "import os\n");
    let folder = project.root.to_str().unwrap();
    let ended = project.pipe(&["-C", folder, "run", "lint", "ruff", "probe"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let offered = ended.stdout.lines().find_map(|line| line.strip_prefix("look inside: "));
    let expected = format!("cargo pipe -C {folder} bash lint (or ruff)");
    assert_eq!(offered, Some(expected.as_str()), "{ended:?}");
    assert_eq!(project.pipe(&["-C", folder, "bash", "lint", "--", "true"]).status, Some(0));
    for quiet in [&["-q", "ruff"][..], &["ruff", "--message-format", "json"], &["probe"]] {
        let ended = project.pipe(quiet);
        assert!(!ended.stdout.contains("look inside"), "{ended:?}");
    }
}
