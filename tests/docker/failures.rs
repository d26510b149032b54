//! Missing files, images and tools are errors with their names, never a pass.

use std::fs;

use crate::fixes::UGLY;
use crate::project::{Project, Report};

tests![
    an_empty_source_folder_never_passes,
    a_missing_source_folder_is_named,
    a_base_image_that_is_nowhere_is_named,
    docker_that_is_not_installed_is_named,
    an_engine_that_does_not_run_is_named,
    docker_without_buildx_names_the_package_to_install,
    a_check_whose_output_docker_lost_is_repeated,
    a_fixer_whose_output_is_lost_changes_nothing,
    a_config_that_is_missing_is_named,
    an_unknown_option_in_a_config_is_an_error,
    a_check_that_takes_too_long_is_stopped,
    a_command_that_is_not_in_the_image_is_named,
    offline_without_a_built_image_is_an_error,
    offline_lists_all_that_is_missing_at_once
];

fn an_empty_source_folder_never_passes() {
    let project = Project::scaffolded();
    fs::remove_file(project.root.join("src/main.py")).unwrap();
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 3, "{report:#?}");
    for check in ["lint", "format", "mypy", "ruff"] {
        assert_eq!(report.outcome(check), "error");
        let message = report.check(check)["reason"]["message"].as_str().unwrap();
        assert!(message.starts_with("nothing to check"), "{message}");
    }
}

fn a_missing_source_folder_is_named() {
    let project = Project::scaffolded();
    fs::remove_dir_all(project.root.join("src")).unwrap();
    let ended = project.pipe(&["run-all"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("`src` does not exist"), "{ended:?}");
}

fn a_base_image_that_is_nowhere_is_named() {
    let project = Project::scaffolded();
    project.write("pipe.toml", "[python]\nimage = \"localhost:1/none:1\"\n");
    fs::remove_file(project.root.join(".docker/Dockerfile")).unwrap();
    let project = project.scaffold();
    for args in [&["run-all"][..], &["run-all", "--offline"]] {
        let ended = project.pipe(&[args, &["--allow", "dockerfile"]].concat());
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let text = "image `localhost:1/none:1`";
        assert!(ended.stdout.contains(text), "{ended:?}");
    }
}

fn docker_that_is_not_installed_is_named() {
    let project = Project::scaffolded().with("PATH", "/nowhere");
    let ended = project.pipe(&["--engine", "docker", "run-all"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("`docker` is not installed, or not on PATH"), "{ended:?}");
    assert!(ended.stdout.contains("CARGO_PIPE_DOCKER"), "{ended:?}");
}

fn an_engine_that_does_not_run_is_named() {
    let project = Project::scaffolded().with("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let ended = project.pipe(&["--engine", "docker", "run-all"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("the docker engine does not answer"), "{ended:?}");
    assert!(ended.stdout.contains("unix:///nowhere/docker.sock"), "{ended:?}");
}

fn docker_without_buildx_names_the_package_to_install() {
    let project = Project::scaffolded();
    let script = "if [ \"$1\" = buildx ]; then\n  echo \"docker: unknown command: docker buildx\" >&2\n  exit 1\nfi\nexec docker \"$@\"\n";
    let project = project.with_docker(script);
    // Another lock is another image, which has to be built.
    let lock = fs::read_to_string(project.root.join(".docker/requirements/ruff.txt")).unwrap();
    let other = format!("{lock}\nunheard-of==1.0 --hash=sha256:{}\n", "0".repeat(64));
    project.write(".docker/requirements/ruff.txt", other);
    let ended = project.pipe(&["ruff"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("docker's plugin buildx not found"), "{ended:?}");
    assert!(ended.stdout.contains("docker-buildx"), "{ended:?}");
}

/// A docker that loses half a line of what the first jobs say, as long as `../lossy` has lines.
const LOSSY: &str = r#"case "$*" in *"--mark-end"*) ;; *) exec docker "$@" ;; esac
cd "$(dirname "$0")"
[ -s lossy ] || exec docker "$@"
sed -i 1d lossy
docker "$@" > output
status=$?
head -c -40 output
exit $status
"#;

fn a_check_whose_output_docker_lost_is_repeated() {
    let project = Project::scaffolded();
    let wrong = "\"\"\"Is wrong.\"\"\"\n\nONE: str = 1\nTWO: str = 2\n";
    project.write("src/wrong.py", wrong);
    let whole = project.report(&["mypy"]);
    let findings = |report: &Report| report.check("mypy")["findings"].clone();
    assert_eq!(findings(&whole).as_array().unwrap().len(), 2);
    let project = project.with_docker(LOSSY);
    project.write("../lossy", "once\n");
    let mended = project.report(&["mypy", "--no-cache"]);
    let text = "`mypy` ran again: the output of the check did not arrive completely";
    assert_eq!(mended.json["warnings"], serde_json::json!([text]));
    assert_eq!(findings(&mended), findings(&whole));

    project.write("../lossy", "once\nonce\nonce\n");
    let report = project.report(&["mypy", "--no-cache"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(report.check("mypy")["reason"]["kind"], "environment");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_fixer_whose_output_is_lost_changes_nothing() {
    let project = Project::scaffolded().with_docker(LOSSY);
    project.write("src/main.py", UGLY);
    project.write("../lossy", "once\n");
    let report = project.report(&["format", "--fix"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(fs::read_to_string(project.root.join("src/main.py")).unwrap(), UGLY);
    // Nothing was tried again.
    assert_eq!(report.json["warnings"], serde_json::json!([]));
    assert_eq!(project.report(&["format", "--fix"]).status, 0);
}

fn a_config_that_is_missing_is_named() {
    let project = Project::scaffolded();
    fs::remove_file(project.root.join(".config/mypy.ini")).unwrap();
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 2, "{report:#?}");
    assert_eq!(report.outcome("lint"), "passed");
    assert_eq!(report.check("mypy")["reason"]["kind"], "config");
    let reason = &report.check("mypy")["reason"];
    assert!(reason["message"].to_string().contains("`.config/mypy.ini`"), "{reason}");
    assert!(reason["hint"].to_string().contains("cargo pipe init"), "{reason}");
}

fn an_unknown_option_in_a_config_is_an_error() {
    let project = Project::scaffolded();
    let broken = [
        ("lint", ".config/.pylintrc", "[MAIN]\nsuggestion-mode=yes\n"),
        ("format", ".config/black.toml", "[tool.black]\nline-width = 3\n"),
        ("mypy", ".config/mypy.ini", "[mypy]\nstrickt = True\n"),
        ("ruff", ".config/pyproject.toml", "[tool.ruff]\nline-width = 3\n"),
    ];
    for (_, path, text) in broken {
        project.write(path, text);
    }
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 2, "{report:#?}");
    for (check, _, _) in broken {
        assert_eq!(report.outcome(check), "error", "{check}: {report:#?}");
        assert_eq!(report.check(check)["reason"]["kind"], "config", "{check}");
    }
}

fn a_check_that_takes_too_long_is_stopped() {
    let project = Project::scaffolded();
    project.write("pipe.toml", "[checks.slow]\nrun = [\"sleep\", \"1000\"]\n");
    let report = project.report(&["run", "slow", "--timeout", "1s"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(report.outcome("slow"), "timed-out");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_command_that_is_not_in_the_image_is_named() {
    let project = Project::scaffolded();
    project.write("pipe.toml", "[checks.spelling]\nrun = [\"codespell\", \"src\"]\n");
    let report = project.report(&["run", "spelling"]);
    assert_eq!(report.status, 2, "{report:#?}");
    let message = report.check("spelling")["reason"]["message"].as_str().unwrap();
    assert!(message.contains("`codespell`"), "{message}");
}

fn offline_without_a_built_image_is_an_error() {
    let project = Project::scaffolded();
    let lock = fs::read_to_string(project.root.join(".docker/requirements/ruff.txt")).unwrap();
    let other = format!("{lock}\nunheard-of==2.0 --hash=sha256:{}\n", "0".repeat(64));
    project.write(".docker/requirements/ruff.txt", other);
    let ended = project.pipe(&["--offline", "ruff"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(
        ended.stdout.contains("offline") && ended.stdout.contains("cargo pipe build"),
        "{ended:?}"
    );
}

/// Docker is asked what is here, and for nothing that could start the network.
fn offline_lists_all_that_is_missing_at_once() {
    let project = Project::scaffolded();
    for tool in ["ruff", "mypy"] {
        let path = format!(".docker/requirements/{tool}.txt");
        let lock = fs::read_to_string(project.root.join(&path)).unwrap();
        project.write(&path, format!("{lock}\nunheard-of==3.0 --hash=sha256:{}\n", "0".repeat(64)));
    }
    project.configure("checks.far = { run = [\"true\"], image = \"localhost:1/far:1\" }");
    let missing = "offline, and not on this machine:\n  the environment of `mypy`\n  \
                   the environment of `ruff`\n  the image `localhost:1/far:1`";
    let report = project.report(&["run-all", "--offline"]);
    assert_eq!(report.status, 3, "{report:#?}");
    for check in ["mypy", "ruff", "far"] {
        let reason = &report.check(check)["reason"];
        assert_eq!(reason["message"], missing, "{check}");
        assert_eq!(reason["hint"], "run `cargo pipe build` once with a network", "{check}");
    }
    assert_eq!(report.outcome("lint"), "passed");
    for args in [&["build", "--offline", "-v"][..], &["run-all", "--offline", "-v"]] {
        let ended = project.pipe(args);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains("the image `localhost:1/far:1`"), "{text}");
        assert!(text.contains("docker image inspect"), "{text}");
        assert!(!text.contains("docker pull") && !text.contains("buildx build"), "{text}");
    }
}
