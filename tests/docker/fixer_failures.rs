//! Fixers that fail, fight with each other, are interrupted or write too much.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::fixes::{FORMATTED, UGLY, changed_files, contents, differing, fixing_with, tree};
use crate::project::{GOOD, Project, lines};

tests![
    a_file_that_is_edited_meanwhile_is_left_alone,
    only_contents_of_its_sources_come_back,
    a_fixer_that_fails_changes_nothing,
    a_fixer_sees_and_changes_what_its_check_covers,
    two_formatters_that_fight_are_named_with_the_files,
    fixers_that_never_agree_are_named_and_run_once,
    an_interrupt_while_fixing_changes_nothing,
    a_kill_while_fixing_changes_nothing,
    a_fixer_is_in_the_same_sandbox
];

fn a_file_that_is_edited_meanwhile_is_left_alone() {
    let project = Project::scaffolded();
    for name in ["a", "b"] {
        project.write(&format!("src/{name}.py"), UGLY);
    }
    let edited = project.root.join("src/a.py");
    // An editor saves the file while the formatter runs.
    let script = format!(
        "docker \"$@\"\nstatus=$?\ncase \"$*\" in *--name*-fix-*) echo 'mine = 1' > '{}';; esac\nexit $status\n",
        edited.display()
    );
    let project = project.with_docker(&script);
    let report = project.report(&["run", "format", "mypy", "--fix"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!((report.outcome("format"), report.outcome("mypy")), ("error", "passed"));
    let message = report.check("format")["reason"]["message"].as_str().unwrap();
    assert!(message.starts_with("`src/a.py` was edited while it was being fixed"), "{message}");
    assert_eq!(changed_files(&report), ["src/b.py"]);
    assert_eq!(fs::read_to_string(&edited).unwrap(), "mine = 1\n");
    assert_eq!(fs::read_to_string(project.root.join("src/b.py")).unwrap(), FORMATTED);
}

fn only_contents_of_its_sources_come_back() {
    for topology in ["bind", "stream"] {
        let project = Project::scaffolded().with("CARGO_PIPE_TOPOLOGY", topology);
        project.write("pyproject.toml", "[project]\n");
        project.write("src/main.py", GOOD);
        project.write("src/gone.py", GOOD);
        let script = "echo x > src/new.py; rm src/gone.py; echo y >> pyproject.toml; chmod 777 src/main.py; mkdir .cache; echo 1 > .cache/z; touch ../x; echo '# end' >> src/main.py";
        fixing_with(&project, script, "");
        let before = tree(&project.root);
        let report = project.report(&["run", "own", "--fix"]);
        assert_eq!(report.status, 0, "{report:#?}");
        let after = tree(&project.root);
        assert_eq!(differing(&before, &after), ["src/main.py"]);
        let (content, mode, ..) = &after["src/main.py"];
        assert_eq!(content, format!("{GOOD}# end\n").as_bytes());
        assert_eq!(*mode, before["src/main.py"].1);
        let warnings = report.json["warnings"].to_string();
        for named in ["created `.cache/z`, `src/new.py`", "removed or replaced `src/gone.py`"] {
            assert!(warnings.contains(named), "{warnings}");
        }
        assert!(warnings.contains("changed `pyproject.toml`, which is not in its"), "{warnings}");
    }
}

fn a_fixer_that_fails_changes_nothing() {
    // The limit is that of the check, too, whose container starts slowly on a machine with much to do.
    for (script, text, timeout) in [
        ("echo bad > src/main.py; sleep 1000", "took longer than 10s", "10s"),
        ("echo bad > src/main.py; kill -9 $$", "exit status 137", "10m"),
    ] {
        let project = Project::scaffolded();
        project.write("src/main.py", GOOD);
        fixing_with(&project, script, &format!("timeout = \"{timeout}\""));
        let report = project.report(&["run", "own", "ruff", "--fix"]);
        assert_eq!(report.status, 3, "{report:#?}");
        assert_eq!((report.outcome("own"), report.outcome("ruff")), ("error", "passed"));
        let message = report.check("own")["reason"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{message}");
        assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), GOOD);
        assert_eq!(project.leftovers(), [""; 0]);
    }
    // A command that says that it failed is believed, whatever its check says.
    let project = Project::scaffolded();
    fixing_with(&project, "echo cannot >&2; exit 9", "");
    let report = project.report(&["run", "own", "--fix"]);
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("own: the command that fixes ended with exit status 9: cannot"));
    assert_eq!(project.pipe(&["own", "--diff"]).status, Some(3));
}

fn a_fixer_sees_and_changes_what_its_check_covers() {
    let project = Project::scaffolded();
    project.write("src/gen/a.py", UGLY);
    project.write("src/b.py", UGLY);
    project.write("pipe.toml", "[checks.format]\nexclude = [\"src/gen/**\"]\n");
    let ended = project.pipe(&["run-all", "--fix"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
    // Both lost the unused import, and only one got other quotes.
    assert_eq!(read("src/b.py"), "\"\"\"Ugly.\"\"\"\n\nx = \"a\"\n");
    assert_eq!(read("src/gen/a.py"), "\"\"\"Ugly.\"\"\"\n\n\nx  =  'a'\n");
}

fn two_formatters_that_fight_are_named_with_the_files() {
    let project = Project::scaffolded();
    project.write(".config/black.toml", "[tool.black]\nline-length = 40\n");
    project.write(".config/pyproject.toml", "[tool.ruff]\nline-length = 40\n");
    project.write("pipe.toml", "[checks.style]\ntool = \"ruff-format\"\n");
    // For ruff a comment for tools does not make a line too long, for black it does.
    project.write("src/main.py", "value = function(first, second)  # noqa: E501, F821\n");
    project.write("src/fine.py", UGLY);
    let report = project.report(&["run", "format", "style", "--fix"]);
    assert_eq!(report.status, 1, "{report:#?}");
    let warnings = report.json["warnings"].to_string();
    let fight = "the fixers of `format` and `style` change `src/main.py` back and forth";
    assert!(warnings.contains(fight), "{warnings}");
    assert_eq!(changed_files(&report), ["src/fine.py"]);
    assert_eq!(project.pipe(&["format"]).status, Some(0));
}

fn fixers_that_never_agree_are_named_and_run_once() {
    let project = Project::scaffolded();
    project.write("src/main.py", "x  =  1\n");
    fixing_with(&project, "echo \"y  =  $(wc -l < src/main.py)\" >> src/main.py", "");
    let report = project.report(&["run", "own", "format", "--fix"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let text = fs::read_to_string(project.root.join("src/main.py")).unwrap();
    assert_eq!(text, "x = 1\ny = 1\n");
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("`format` and `own` change `src/main.py`"), "{warnings}");
}

/// Starts a fixer that goes on until it is stopped, and waits until its container runs.
fn endless(project: &Project) -> std::process::Child {
    fixing_with(project, "echo bad > src/main.py; sleep 1000", "");
    let mut command = project.command(&["run", "own", "--fix"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let filter = format!("label=dev.cargo-pipe.project={}", project.id());
    let began = Instant::now();
    while lines(&["ps", "--filter", &filter, "--format", "{{.Names}}"]).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "no container was started");
    }
    child
}

fn an_interrupt_while_fixing_changes_nothing() {
    let project = Project::scaffolded();
    let before = contents(&project.root.join("src"));
    let mut child = endless(&project);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(contents(&project.root.join("src")) == before);
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_kill_while_fixing_changes_nothing() {
    let project = Project::scaffolded();
    let before = contents(&project.root.join("src"));
    let mut child = endless(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(contents(&project.root.join("src")) == before);
    assert!(!project.leftovers().is_empty());
    project.write("pipe.toml", "");
    project.write("src/.cargo-pipe-1-1.new", "left by a kill");
    assert_eq!(project.pipe(&["format"]).status, Some(0));
    assert_eq!(project.leftovers(), [""; 0]);
    assert!(contents(&project.root.join("src")) == before);
}

fn a_fixer_is_in_the_same_sandbox() {
    let project = Project::scaffolded();
    let script = "{ touch /usr/x 2>/dev/null && echo wrote root
touch /pipe/x 2>/dev/null && echo wrote control
grep CapEff /proc/self/status | cut -f2
grep NoNewPrivs /proc/self/status | cut -f2
ls /sys/class/net | tr '\\n' ' '; echo
ls /var/run/docker.sock 2>/dev/null; } > src/main.py";
    fixing_with(&project, script, "");
    let ended = project.pipe(&["own", "--fix"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let seen = fs::read_to_string(project.root.join("src/main.py")).unwrap();
    assert_eq!(seen, "0000000000000000\n1\nlo \n");
}
