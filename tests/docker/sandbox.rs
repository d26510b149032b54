//! The sandbox holds, against a check and against `pipe.toml`.

use std::fs;
use std::os::unix::fs::symlink;

use crate::project::{Project, Report, docker};
use crate::start;

tests![
    a_check_can_do_nothing_but_read_and_compute,
    a_request_without_a_grant_is_refused_before_anything_starts,
    a_granted_request_works_and_writes_nothing_back,
    a_foreign_dockerfile_is_not_built_unless_granted,
    a_foreign_base_is_not_built_on_unless_granted,
    a_file_s_name_is_never_an_option,
    a_password_of_the_client_s_proxy_reaches_no_check,
    a_lock_with_more_than_pinned_hashes_is_refused,
    a_path_out_of_the_project_is_refused,
    a_link_out_of_the_sources_is_left_out_and_named,
    secrets_and_ignored_files_are_not_in_the_container,
    an_image_that_is_not_ours_is_in_the_same_sandbox
];

/// Runs a shell script as a check of the user's own and returns its report.
fn script(project: &Project, settings: &str, script: &str, args: &[&str]) -> Report {
    let script = script.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    project.write(
        "pipe.toml",
        format!("[checks.probe]\nrun = [\"sh\", \"-c\", \"{script}\"]\n{settings}\n"),
    );
    project.report(&[&["run", "probe"], args].concat())
}

fn stdout(report: &Report) -> &str {
    report.check("probe")["log"]["stdout"].as_str().unwrap()
}

const PROBE: &str = "id -u; id -g
touch /app/src/x 2>/dev/null && echo wrote project
touch /config/x 2>/dev/null && echo wrote config
touch /usr/x 2>/dev/null && echo wrote root
touch /tmp/x && echo wrote tmp
cp /bin/true /tmp/true && /tmp/true && echo ran from tmp
grep CapEff /proc/self/status | cut -f2
grep NoNewPrivs /proc/self/status | cut -f2
ls /sys/class/net | tr '\\n' ' '; echo
ls /var/run/docker.sock 2>/dev/null
echo $HOME $TZ $LC_ALL $PYTHONHASHSEED $COLUMNS $USER";

fn expected_probe() -> String {
    let (user, group) = (rustix_id("-u"), rustix_id("-g"));
    format!(
        "{user}\n{group}\nwrote tmp\nran from tmp\n0000000000000000\n1\nlo \n/tmp UTC C.UTF-8 0 80 pipe\n"
    )
}

fn rustix_id(flag: &str) -> String {
    let output = start::command("id").arg(flag).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn a_check_can_do_nothing_but_read_and_compute() {
    let project = Project::scaffolded();
    let report = script(&project, "", PROBE, &[]);
    assert_eq!(report.status, 0, "{report:#?}");
    assert_eq!(stdout(&report), expected_probe());
}

fn an_image_that_is_not_ours_is_in_the_same_sandbox() {
    let project = Project::scaffolded();
    let report = script(&project, "image = \"python:3.13-slim\"", PROBE, &[]);
    assert_eq!(report.status, 0, "{report:#?}");
    assert_eq!(stdout(&report), expected_probe());
    let report = script(&project, "image = \"python:3.13-slim\"", "exit 1", &[]);
    assert_eq!((report.status, report.outcome("probe")), (1, "findings"));
    let report = script(&project, "image = \"python:3.13-slim\"", "exit 5", &[]);
    assert_eq!((report.status, report.outcome("probe")), (3, "error"));
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_request_without_a_grant_is_refused_before_anything_starts() {
    for grant in ["network", "docker-socket", "writable"] {
        let project = Project::scaffolded();
        project.write(
            "pipe.toml",
            format!("[checks.probe]\nrun = [\"true\"]\ncache = false\n{grant} = true\n"),
        );
        for args in [&["run-all"][..], &["run", "probe"], &["probe"]] {
            let ended = project.pipe(args);
            assert_eq!(ended.status, Some(2), "{grant}: {ended:?}");
            assert!(ended.stderr.contains(&format!("--allow {grant}")), "{ended:?}");
        }
        // Checks that do not ask for it run as ever.
        assert_eq!(project.pipe(&["ruff"]).status, Some(0));
        // The project itself cannot grant anything.
        project.configure(&format!("allow = [\"{grant}\"]"));
        assert_eq!(project.pipe(&["run", "probe"]).status, Some(2));
    }
}

fn a_granted_request_works_and_writes_nothing_back() {
    let project = Project::scaffolded();
    let report = script(
        &project,
        "cache = false\nnetwork = true",
        "ls /sys/class/net | tr '\n' ' '",
        &["--allow", "network"],
    );
    assert!(stdout(&report).contains("eth0"), "{report:#?}");

    let socket = "test -S /var/run/docker.sock && test -w /var/run/docker.sock && echo usable";
    let report = script(
        &project,
        "cache = false\ndocker-socket = true",
        socket,
        &["--allow", "docker-socket"],
    );
    assert_eq!(stdout(&report), "usable\n", "{report:#?}");

    let write = "echo changed > /app/src/main.py && cat /app/src/main.py";
    let before = fs::read(project.root.join("src/main.py")).unwrap();
    for topology in ["bind", "stream"] {
        let project = Project::scaffolded().with("CARGO_PIPE_ALLOW", "writable");
        let project = project.with("CARGO_PIPE_TOPOLOGY", topology);
        let report = script(&project, "writable = true", write, &[]);
        assert_eq!(stdout(&report), "changed\n", "{topology}: {report:#?}");
        assert_eq!(fs::read(project.root.join("src/main.py")).unwrap(), before);
    }
}

fn a_foreign_dockerfile_is_not_built_unless_granted() {
    let project = Project::scaffolded();
    let path = project.root.join(".docker/Dockerfile");
    let generated = fs::read_to_string(&path).unwrap();
    let marked = generated.replace("AS base\n", "AS base\nRUN touch /marked-by-the-project\n");
    assert_ne!(marked, generated);
    fs::write(&path, marked).unwrap();
    let ended = project.pipe(&["ruff"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--allow dockerfile"), "{ended:?}");
    // It asks on behalf of those alone that are built from it.
    project.write("pipe.toml", "[checks.probe]\nrun = [\"true\"]\n");
    assert_eq!(project.pipe(&["probe"]).status, Some(0));

    let report = project.report(&["ruff", "--allow", "dockerfile"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let image = format!("cargo-pipe/ruff:project-{}", project.id());
    let seen = docker(&["run", "--rm", "--entrypoint", "ls", &image, "/marked-by-the-project"]);
    assert_eq!(seen.status, Some(0), "{seen:?}");
    assert_eq!(project.pipe(&["remove"]).status, Some(0));

    // A directive hides in what looks like a comment; it is never followed.
    fs::write(&path, format!("# syntax=localhost:1/evil\n{generated}")).unwrap();
    assert_eq!(project.report(&["ruff"]).status, 0);
}

fn a_foreign_base_is_not_built_on_unless_granted() {
    let project = Project::scaffolded();
    assert_eq!(docker(&["tag", "python:3.13-slim", "cargo-pipe-test/foreign:1"]).status, Some(0));
    project.write("pipe.toml", "[python]\nimage = \"cargo-pipe-test/foreign:1\"\n");
    fs::remove_file(project.root.join(".docker/Dockerfile")).unwrap();
    let project = project.scaffold();
    let ended = project.pipe(&["ruff"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--allow dockerfile"), "{ended:?}");
    assert_eq!(project.report(&["ruff", "--allow", "dockerfile"]).status, 0);
    docker(&["image", "rm", "cargo-pipe-test/foreign:1"]);
}

fn a_file_s_name_is_never_an_option() {
    let project = Project::scaffolded();
    project.write("pipe.toml", "source = [\".\"]\n");
    project.write("main.py", "import os\n");
    let forged =
        r#"print('{"messages":[],"statistics":{"messageTypeCount":{},"score":10.0}}',flush=True)"#;
    project.write(&format!("--init-hook={forged};__import__('os')._exit(0)#.py"), "");
    let report = project.report(&["lint"]);
    assert_eq!(report.status, 1, "{report:#?}");
    assert!(
        report.found("lint").iter().any(|(path, _, code)| path == "main.py" && code == "W0611")
    );
}

fn a_password_of_the_client_s_proxy_reaches_no_check() {
    let project = Project::scaffolded();
    let proxy = "{\"proxies\": {\"default\": {\"httpProxy\": \"http://user:s3cret@localhost:1\"}}}";
    project.write("../client/config.json", proxy);
    let client = project.root.join("../client").canonicalize().unwrap();
    let project = project.with("DOCKER_CONFIG", client.to_str().unwrap());
    let report = script(&project, "", "env | sort", &[]);
    assert_eq!(report.status, 0, "{report:#?}");
    assert!(stdout(&report).contains("HOSTNAME=pipe"), "{report:#?}");
    assert!(!report.json.to_string().contains("s3cret"), "{report:#?}");
}

fn a_lock_with_more_than_pinned_hashes_is_refused() {
    let project = Project::scaffolded();
    let path = project.root.join(".docker/requirements/ruff.txt");
    let lock = fs::read_to_string(&path).unwrap();
    for line in [
        "# note\u{2028}--index-url http://localhost:1/simple",
        "--index-url http://localhost:1/simple",
        "left-pad==1.0",
        "evil @ http://localhost:1/x.whl",
    ] {
        fs::write(&path, format!("{line}\n{lock}")).unwrap();
        let report = project.report(&["ruff"]);
        assert_eq!(report.status, 2, "{line}: {report:#?}");
        let message = report.check("ruff")["reason"]["message"].as_str().unwrap();
        assert!(message.contains(".docker/requirements/ruff.txt:1:1"), "{message}");
    }
}

fn a_path_out_of_the_project_is_refused() {
    let outside = Project::scaffolded();
    outside.write("../outside/secret.py", "SECRET = 1\n");
    symlink("../outside", outside.root.join("linked")).unwrap();
    for setting in [
        "source = [\"../outside\"]",
        "source = [\"/etc\"]",
        "source = [\"linked\"]",
        "config = \"linked\"",
        "config = \"../outside\"",
    ] {
        let project = &outside;
        project.write("pipe.toml", format!("{setting}\n"));
        let ended = project.pipe(&["run-all"]);
        assert_eq!(ended.status, Some(2), "{setting}: {ended:?}");
        assert!(ended.stderr.contains("pipe.toml:1:"), "{setting}: {ended:?}");
    }
    outside.write("pipe.toml", "[checks.x]\nrun = [\"true\"]\ninputs = [\"linked/secret.py\"]\n");
    assert_eq!(outside.pipe(&["run", "x"]).status, Some(2));
}

fn a_link_out_of_the_sources_is_left_out_and_named() {
    let project = Project::scaffolded();
    project.write("../outside/secret.py", "import os\n");
    symlink("../../outside/secret.py", project.root.join("src/linked.py")).unwrap();
    symlink("/etc", project.root.join("src/etc")).unwrap();
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:#?}");
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("src/linked.py") && warnings.contains("src/etc"), "{warnings}");
    let report = script(&project, "", "ls -A /app /app/src", &[]);
    assert_eq!(stdout(&report), "/app:\n.cargo-pipe-proof\n.hg\nsrc\n\n/app/src:\nmain.py\n");
}

fn secrets_and_ignored_files_are_not_in_the_container() {
    let project = Project::scaffolded();
    project.write(".env", "TOKEN=1\n");
    project.write("src/.env", "TOKEN=1\n");
    project.write(".git/config", "");
    project.write(".gitignore", "ignored.py\n");
    project.write("src/ignored.py", "import os\n");
    project.write("other/a.py", "import os\n");
    let report = script(&project, "", "find /app | sort", &[]);
    let seen = "/app\n/app/.cargo-pipe-proof\n/app/.hg\n/app/src\n/app/src/main.py\n";
    assert_eq!(stdout(&report), seen);
}
