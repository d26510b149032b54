//! Calls of docker for a check's container, and odd answers to them.

use cargo_pipe::report::json::{JsonReport, from_json};

use crate::scene::Scene;

/// Says what a container of ours says first, that it sees what is mounted, and last, that it ended.
pub(crate) const PROOF: &str = r#"
for word; do case $word in
    type=bind,source=*,target=/app|type=bind,source=*,target=/app,*|type=bind,source=*,target=/config,*)
        folder=${word#*source=} folder=${folder%%,target*}
        case $word in *target=/app) written=$folder/.cargo-pipe-proof ;; esac
        proofs="$proofs $(head -n 1 "$folder/.cargo-pipe-proof")" ;;
esac; done
echo "cargo-pipe-proof:$proofs" >&2
case "$*" in *" --write "*) echo written >> "$written" ;; esac
trap 'status=$?; case "$*" in *--mark-done*) echo cargo-pipe-done >&2; esac; echo cargo-pipe-end; echo cargo-pipe-end >&2; exit $status' EXIT
"#;

/// Loses what follows, the end included.
const LOSE: &str = "trap - EXIT; ";

/// A scaffolded project and an engine that has its images.
pub(crate) fn scene() -> Scene {
    let scene = unbuilt();
    has_image(&scene);
    scene
}

/// A scaffolded project and an engine that has its base.
fn unbuilt() -> Scene {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["image", "inspect", "python:3.13-slim"]).stdout(&image("sha256:base"));
    scene
}

fn has_image(scene: &Scene) {
    scene.docker().on(&["image", "inspect", "cargo-pipe/ruff:"]).stdout(&image("sha256:ruff"));
}

pub(crate) fn image(id: &str) -> String {
    format!(
        r#"{{"Id":"{id}","RepoTags":[],"Os":"linux","Architecture":"amd64","RootFS":{{"Layers":["sha256:1"]}}}}"#
    )
}

/// What `ruff` is reported as when its container does this, and the exit status.
pub(crate) fn ruff(scene: &Scene, then: &str) -> (JsonReport, Option<i32>) {
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{then}"));
    let ended = scene.pipe("ruff --message-format json").ended();
    (from_json(&ended.unredacted_stdout).unwrap(), ended.status)
}

pub(crate) fn reason(report: &JsonReport) -> (String, String) {
    let reason = report.checks[0].reason.as_ref().unwrap();
    let kind = serde_json::to_value(reason.kind).unwrap();
    (kind.as_str().unwrap().to_owned(), reason.to_string())
}

#[test]
fn a_check_is_one_docker_run_in_the_whole_sandbox() {
    let scene = scene();
    let (report, status) = ruff(&scene, "echo '[]'");
    assert_eq!((status, report.checks[0].findings.len()), (Some(0), 0));
    let calls = scene.docker().calls();
    let runs: Vec<_> = calls.iter().filter(|call| call[0] == "run").collect();
    assert_eq!(runs.len(), 1, "{calls:#?}");
    let run = runs[0].join(" ");
    for words in [
        "run --rm --name cargo-pipe-",
        "--init --pull never --log-driver none --network none --read-only --tmpfs /tmp:",
        "--cap-drop ALL --security-opt no-new-privileges --pids-limit",
        "--env PYTHONHASHSEED=0",
        ",target=/app,readonly --mount type=bind,source=",
        ",target=/config,readonly --mount type=bind,source=",
        ",target=/pipe,readonly --workdir /app --entrypoint python3 sha256:ruff /pipe/launcher.py \
         --proof /app --proof /config --mark-end exec -- ruff check --config=/config/pyproject.toml",
        "-- src",
    ] {
        assert!(run.contains(words), "{words}\n{run}");
    }
    // Nothing was built, pulled or streamed for it.
    for call in &calls {
        assert!(
            !["build", "buildx", "pull", "create", "cp"].contains(&call[0].as_str()),
            "{call:?}"
        );
    }
}

#[test]
fn variables_that_change_what_docker_does_and_keys_do_not_reach_it() {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}env > $FAKE/seen; echo '[]'"));
    let removed = [
        "BUILDKIT_HOST",
        "BUILDX_BUILDER",
        "BUILDX_NO_DEFAULT_ATTESTATIONS",
        "CARGO_PIPE_CACHE_SIGNING_KEY",
        "CARGO_PIPE_CACHE_TOKEN",
        "DOCKER_API_VERSION",
        "DOCKER_CONTENT_TRUST",
        "DOCKER_DEFAULT_PLATFORM",
        "SOURCE_DATE_EPOCH",
    ];
    let kept = ["BUILDX_CONFIG", "DOCKER_CERT_PATH", "DOCKER_CONFIG"];
    let run = removed.iter().chain(&kept).fold(scene.pipe("ruff"), |run, name| run.with(name, "1"));
    let ended = run.ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let seen = std::fs::read_to_string(scene.folder("docker").join("seen")).unwrap();
    let has = |name: &str| seen.lines().any(|line| line.starts_with(&format!("{name}=")));
    assert_eq!(removed.into_iter().filter(|name| has(name)).collect::<Vec<_>>(), [""; 0]);
    assert!(kept.into_iter().all(has), "{seen}");
}

#[test]
fn a_build_reads_no_file_of_ours_by_its_path() {
    let scene = unbuilt();
    let built = format!("[ -e $FAKE/lock ] && echo '{}'", image("sha256:ruff"));
    scene.docker().on(&["image", "inspect", "cargo-pipe/ruff:"]).script(&built);
    let build = "tar -xO -f - requirements/ruff.txt > $FAKE/lock";
    scene.docker().on(&["buildx", "build"]).script(build);
    let bundle = scene.folder("home").join("company.pem");
    std::fs::write(&bundle, "certificates").unwrap();
    let run = scene.pipe("build ruff").with("SSL_CERT_FILE", bundle.to_str().unwrap());
    let ended = run.ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let lock = std::fs::read_to_string(scene.folder("docker").join("lock")).unwrap();
    assert!(lock.contains("ruff=="), "{lock}");
    let calls = scene.docker().calls();
    let build = calls.iter().find(|call| call[..2] == ["buildx", "build"]).unwrap();
    assert_eq!(build.last().unwrap(), "-");
    let root = scene.folder("").display().to_string();
    assert!(!build.iter().any(|word| word.contains(&root)), "{build:?}");
}

/// Python 3.11 and later, started by a tool, would otherwise search the working directory first.
#[test]
fn a_tool_imports_nothing_from_the_working_directory() {
    let scene = scene();
    scene.docker().on(&["image", "inspect", "cargo-pipe/"]).stdout(&image("sha256:any"));
    ruff(&scene, "echo '[]'");
    let settings = std::fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let own = "\n[checks.own]\nrun = [\"true\"]\n\n[checks.test]\ntool = \"pytest\"\n";
    std::fs::write(scene.project().join("pipe.toml"), format!("{settings}{own}")).unwrap();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    for (check, is_set) in [("own", false), ("test", false), ("ruff", true)] {
        scene.pipe(check).arg_all("--no-cache").ended();
        let calls = scene.docker().calls();
        let run = calls.iter().rfind(|call| call[0] == "run").unwrap().join(" ");
        assert!(run.contains(check), "{run}");
        assert_eq!(run.contains("--env PYTHONSAFEPATH=1"), is_set, "{check}: {run}");
    }
}

/// A project whose check writes to its copy, and an engine that has its base.
fn writing() -> Scene {
    let check = "[checks.own]\nrun = [\"true\"]\nwritable = true\n";
    let scene = Scene::with_project().file("pipe.toml", check);
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["image", "inspect", "python:"]).stdout(&image("sha256:base"));
    scene
}

#[test]
fn a_container_that_cannot_write_to_a_bound_copy_gets_a_volume() {
    let refuse = "trap - EXIT; echo 'cargo-pipe-read-only: Permission denied' >&2; exit 96";
    // Nothing is refused, and nothing reaches this machine.
    let lose = "sed -i 1q \"$written\"";
    for (reply, reason) in
        [(refuse, "Permission denied"), (lose, "its changes do not reach this machine")]
    {
        let scene = writing();
        scene.docker().on(&["run", "type=bind"]).script(&format!("{PROOF}{reply}"));
        let bound = scene.pipe("own --allow writable").with("CARGO_PIPE_TOPOLOGY", "bind").ended();
        assert_eq!(bound.status, Some(3), "{bound:?}");
        let message = format!("the container cannot write to its copy of the project: {reason}");
        assert!(bound.stdout.contains(&message), "{bound:?}");
        let ended = scene.pipe("own --allow writable --message-format json").ended();
        let calls = scene.docker().calls();
        let run = calls.iter().rfind(|call| call[0] == "run").unwrap().join(" ");
        assert!(run.contains("type=volume,source="), "{run}");
        let report = from_json(&ended.unredacted_stdout).unwrap();
        let engine = serde_json::to_value(report.engine.unwrap()).unwrap();
        assert_eq!(engine["topology"], "stream", "{ended:?}");
    }
}

#[test]
fn a_check_that_writes_says_so_to_its_launcher() {
    let scene = writing();
    scene.docker().on(&["run", "--name"]).script(PROOF);
    let ended = scene.pipe("own --allow writable").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let calls = scene.docker().calls();
    let run = calls.iter().find(|call| call[0] == "run").unwrap().join(" ");
    assert!(run.contains("/pipe/launcher.py --proof /app --write /app --mark-end exec"), "{run}");
}

#[test]
fn an_image_of_the_project_that_writes_gets_a_volume_where_users_are_mapped() {
    for (options, is_bound) in [
        ("[name=seccomp,profile=builtin name=userns]", false),
        ("[name=rootless]", false),
        ("[name=seccomp]", true),
    ] {
        let check = "[checks.own]\nrun = [\"true\"]\nwritable = true\nimage = \"own\"\n";
        let scene = Scene::with_project().file("pipe.toml", check);
        scene.docker().on(&["version"]).stdout("27.0.0\n");
        scene.docker().on(&["info", "SecurityOptions"]).stdout(&format!("{options}\n"));
        scene.docker().on(&["image", "inspect"]).stdout(&image("sha256:own"));
        scene.pipe("own --allow writable").ended();
        let calls = scene.docker().calls();
        let tried = calls.iter().any(|call| {
            call[0] == "create" && call.iter().any(|word| word.starts_with("type=bind,"))
        });
        assert_eq!(tried, is_bound, "{options}: {calls:?}");
    }
}

#[test]
fn unparseable_output_is_an_error_and_stays_readable() {
    let scene = scene();
    let (report, status) = ruff(&scene, "printf '[{\"code\": \"F4'; echo odd >&2; exit 1");
    assert_eq!(status, Some(3));
    assert_eq!(reason(&report).0, "tool");
    assert_eq!(report.checks[0].log.stdout, "[{\"code\": \"F4");
    assert!(report.checks[0].log.stderr.ends_with("odd\n"), "{:?}", report.checks[0].log.stderr);
}

#[test]
fn a_tool_that_is_killed_is_an_error() {
    let scene = scene();
    let (report, status) = ruff(&scene, "exit 137");
    assert_eq!((status, reason(&report).0.as_str()), (Some(3), "tool"));
}

#[test]
fn without_a_proof_no_exit_status_is_believed() {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).stdout("[]\n");
    let ended = scene.pipe("ruff --message-format json").ended();
    assert_eq!(ended.status, Some(3), "{}", ended.stdout);
}

#[test]
fn output_that_was_lost_on_the_way_is_asked_for_again() {
    let cut = |text| format!("{PROOF}{LOSE}{text}");
    let half = cut("echo '[]'; echo cargo-pipe-end");
    for lost in [cut("echo '[]'"), half, cut("exit 1"), "exit 1".to_owned()] {
        let scene = scene();
        scene.docker().on(&["run", "--name"]).script(&lost).once();
        let (report, status) = ruff(&scene, "echo '[]'");
        assert_eq!(status, Some(0), "{report:#?}");
        assert_eq!(report.checks[0].log.stderr, "");
        assert_eq!(
            report.warnings,
            ["`ruff` ran again: the output of the check did not arrive completely"],
            "{lost}"
        );
    }
}

#[test]
fn a_build_that_failed_because_another_build_ended_is_repeated() {
    let lost = "ERROR: failed to solve: Unavailable: connection error: desc = \"transport\"\n";
    let own =
        "ERROR: failed to solve: process \"pip\" did not complete successfully: exit code: 1\n";
    for (message, expected, times) in [(lost, 0, 2), (own, 3, 1)] {
        let scene = unbuilt();
        let inspect = scene.docker().on(&["image", "inspect", "cargo-pipe/ruff:"]);
        inspect.stderr("Error: No such image: x\n").code(1).once();
        has_image(&scene);
        scene.docker().on(&["buildx", "build"]).stderr(message).code(1).once();
        let (report, status) = ruff(&scene, "echo '[]'");
        assert_eq!(status, Some(expected), "{report:#?}");
        let calls = scene.docker().calls();
        let builds = calls.iter().filter(|call| call[..2] == ["buildx", "build"]);
        assert_eq!(builds.count(), times, "{message}");
    }
}

#[test]
fn a_check_that_docker_did_not_start_is_started_again() {
    let scene = scene();
    let busy = || scene.docker().on(&["run", "--name"]).stderr("docker: too busy.\n").code(125);
    busy().once();
    busy().once();
    let (report, status) = ruff(&scene, "echo '[]'");
    assert_eq!(status, Some(0), "{report:#?}");
    assert_eq!(
        report.warnings,
        ["`ruff` ran again: `docker run` failed: docker: too busy. (exit status 125)"]
    );
}

#[test]
fn a_check_that_docker_never_starts_shows_the_message_of_docker() {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).stderr("docker: too busy.\n").code(125);
    let (report, status) = ruff(&scene, "echo '[]'");
    assert_eq!((status, reason(&report).0.as_str()), (Some(3), "environment"));
    assert!(reason(&report).1.contains("too busy"), "{report:#?}");
    assert_eq!(report.warnings, [""; 0]);
    let runs = scene.docker().calls().iter().filter(|call| call[0] == "run").count();
    assert_eq!(runs, 3);
}

#[test]
fn a_check_whose_output_is_always_lost_does_not_pass() {
    let scene = scene();
    let (report, status) = ruff(&scene, &format!("{LOSE}echo '[]'"));
    assert_eq!((status, reason(&report).0.as_str()), (Some(3), "environment"));
    let text = reason(&report).1;
    assert!(text.starts_with("the output of the check did not arrive completely"), "{text}");
    let runs = scene.docker().calls().iter().filter(|call| call[0] == "run").count();
    assert_eq!(runs, 3);
}

#[test]
fn a_wrong_proof_is_streamed_around_and_then_an_error() {
    let scene = scene();
    let wrong = format!("echo 'cargo-pipe-proof: {0} {0}' >&2; echo '[]'", "0".repeat(64));
    scene.docker().on(&["run", "--name"]).script(&wrong);
    let ended = scene.pipe("ruff --message-format json").ended();
    let report = from_json(&ended.unredacted_stdout).unwrap();
    assert_eq!((ended.status, reason(&report).0.as_str()), (Some(3), "mount"));
    let count = |word: &str| scene.docker().calls().iter().filter(|call| call[0] == word).count();
    assert_eq!((count("run"), count("cp")), (2, 1));
}

#[test]
fn a_container_that_goes_on_for_ever_is_removed_by_its_name() {
    let scene = scene();
    scene.docker().on(&["run", "--name"]).hangs();
    let ended = scene.pipe("ruff --timeout 1s --message-format json").ended();
    let report = from_json(&ended.unredacted_stdout).unwrap();
    assert_eq!(
        (ended.status, report.checks[0].outcome),
        (Some(3), cargo_pipe::outcome::Status::TimedOut)
    );
    let calls = scene.docker().calls();
    let run = calls.iter().find(|call| call[0] == "run").unwrap();
    let name = &run[run.iter().position(|word| word == "--name").unwrap() + 1];
    let removed = calls.iter().any(|call| call[0] == "rm" && call.contains(name));
    assert!(removed, "{calls:#?}");
}

#[test]
fn a_tool_that_other_code_ends_is_an_error() {
    // Without its arguments, the fake launcher does not mark the end of the tool.
    for (then, expected) in [("", None), ("set --; ", Some("ended early"))] {
        let scene = scene();
        let inspect = scene.docker().on(&["image", "inspect", "cargo-pipe/mypy:"]);
        inspect.stdout(&image("sha256:mypy"));
        scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{then}exit 0"));
        let ended = scene.pipe("mypy --message-format json").ended();
        let report = from_json(&ended.unredacted_stdout).unwrap();
        match expected {
            None => assert_eq!(ended.status, Some(0), "{ended:?}"),
            Some(message) => {
                assert_eq!(ended.status, Some(3), "{ended:?}");
                let (kind, text) = reason(&report);
                assert_eq!(kind, "tool");
                assert!(text.contains(message), "{text}");
            }
        }
    }
}
