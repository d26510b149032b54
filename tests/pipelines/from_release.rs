//! The files that others use from a release: the GitHub action, the GitLab component, and the workflow
//! that publishes it.

use std::fs;
use std::path::Path;

use crate::gitlab_ci_local::{NO_INDEX, artifact, pipeline};
use crate::scene::{BROKEN, Scene, comparable, read};
use crate::{github, start};

tests![
    the_action_reports_the_same_as_the_host,
    the_component_reports_the_same_as_the_host,
    the_workflow_collects_the_files_with_their_hashes,
    the_action_and_the_workflows_fit_their_schemas
];

/// A file of this repository.
fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A project with a finding in a folder of a repository, without a pipeline.
fn project_in_a_folder() -> Scene {
    let scene = Scene::in_folder("svc/api", &["--ci", "none"]);
    scene.write("svc/api/src/broken.py", BROKEN);
    assert_eq!(scene.pipe(&["-C", "svc/api", "update", "base"]).status, Some(0));
    scene
}

/// The value of an input of the action: one of these, or its default.
fn input(action: &str, given: &[(&str, &str)], name: &str) -> String {
    if let Some((_, value)) = given.iter().find(|(known, _)| *known == name) {
        return (*value).to_owned();
    }
    let (_, after) = action.split_once(&format!("\n  {name}:\n")).unwrap();
    let default = after.lines().find_map(|line| line.trim().strip_prefix("default: "));
    default.unwrap().trim_matches('"').to_owned()
}

/// The variables that the action sets to its inputs.
fn variables(action: &str, given: &[(&str, &str)]) -> String {
    let mut exports = String::new();
    for line in action.lines() {
        let Some((name, value)) = line.trim().split_once(": ${{ inputs.") else { continue };
        if name.chars().all(|sign| sign.is_ascii_uppercase()) {
            let value = input(action, given, value.strip_suffix(" }}").unwrap());
            exports += &format!("export {name}='{value}'\n");
        }
    }
    exports
}

fn the_action_reports_the_same_as_the_host() {
    let scene = project_in_a_folder();
    let action = source("templates/cargo-pipe/action.yml");
    let given = [("folder", "svc/api"), ("command", "run ruff lint")];
    let variables = variables(&action, &given);
    assert!(variables.contains("COMMAND='run ruff lint'"), "{variables}");
    let workspace = "export GITHUB_WORKSPACE=/tmp/clone\nREPORTS=/tmp/clone\n";
    let (status, host) = scene.on_the_host(&["-C", "svc/api", "run", "ruff", "lint"]);
    assert_eq!(status, Some(1));
    scene.push();
    let folder = input(&action, &given, "folder");
    let ended = github::run_steps(&scene, &folder, &format!("{workspace}{variables}"), &action);
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    assert!(ended.output.contains("file=svc/api/src/broken.py"), "{}", ended.output);
    assert_eq!(comparable(&read(&scene.root.join("job.json"))), comparable(&host));
}

fn the_component_reports_the_same_as_the_host() {
    let scene = project_in_a_folder();
    fs::create_dir_all(scene.root.join("templates/cargo-pipe")).unwrap();
    scene.write("templates/cargo-pipe/template.yml", &source("templates/cargo-pipe/template.yml"));
    scene.write(
        ".gitlab-ci.yml",
        "include:\n  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/cargo-pipe@$CI_COMMIT_SHA\n    \
         inputs:\n      folder: svc/api\n      command: run ruff lint\n      job: python\n",
    );
    let (status, host) = scene.on_the_host(&["-C", "svc/api", "run", "ruff", "lint"]);
    assert_eq!(status, Some(1));
    let cut_off = [&NO_INDEX[..], &["--network", "none"]].concat();
    // The second job has the environments of the first one.
    for network in [&[][..], &cut_off] {
        let ended = pipeline(&scene, network);
        assert_eq!(ended.status, Some(1), "{}", ended.output);
        let job = read(&artifact(&scene, "python", "cargo-pipe.json"));
        assert_eq!(job["engine"]["kind"], "venv");
        assert_eq!(comparable(&job), comparable(&host));
        let quality = read(&artifact(&scene, "python", "cargo-pipe-quality.json"));
        assert_eq!(quality[0]["location"]["path"], "svc/api/src/broken.py");
    }
}

/// The script of the workflow's step of this name.
fn script(workflow: &str, step: &str) -> String {
    let (_, after) = workflow.split_once(&format!("- name: {step}\n")).unwrap();
    github::steps(after.split("- name: ").next().unwrap())
}

fn the_workflow_collects_the_files_with_their_hashes() {
    let scene = Scene::empty();
    let script =
        script(&source(".github/workflows/release.yml"), "Collect the files of all platforms");
    let collect = format!(
        "export GITHUB_PATH=/tmp/path && touch $GITHUB_PATH\nmkdir built && cp -r /dist \
         built/ubuntu-24.04\nmkdir built/other && cd built/other\necho other > \
         cargo_pipe_ci-other.whl && sha256sum * > SHA256SUMS && cd ../..\n{script}\n\
         cd release && sha256sum --check --strict SHA256SUMS && ls . ../wheels\n"
    );
    let ended = scene.script(&collect);
    assert_eq!(ended.status, Some(0), "{}", ended.output);
    let files = |end: &str| ended.output.lines().filter(|line| line.ends_with(end)).count();
    // Two wheels, each in both folders, and one binary.
    assert_eq!((files(".whl"), files("-linux")), (4, 1), "{}", ended.output);
    // A file that was damaged on its way is not published.
    let damage =
        "cd /checkout && rm -r release wheels && echo >> built/ubuntu-24.04/cargo-pipe-*\n";
    let steps = format!("export GITHUB_PATH=/tmp/path && touch $GITHUB_PATH\n{damage}{script}");
    let ended = scene.script(&steps);
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    assert!(!scene.root.join("release").exists(), "{}", ended.output);
}

fn the_action_and_the_workflows_fit_their_schemas() {
    let scene = Scene::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["templates/cargo-pipe/action.yml", ".github/workflows"] {
        let from = root.join(path).display().to_string();
        let copied =
            start::command("cp").args(["--recursive", &from]).arg(&scene.root).status().unwrap();
        assert!(copied.success());
    }
    let ended = scene.script(
        "pip install -q --root-user-action ignore check-jsonschema==0.39.0\n\
         check-jsonschema --builtin-schema vendor.github-actions action.yml\n\
         check-jsonschema --builtin-schema vendor.github-workflows workflows/*.yml\n\
         check-jsonschema --builtin-schema custom.github-workflows-require-timeout workflows/*.yml",
    );
    assert_eq!(ended.status, Some(0), "{}", ended.output);
}
