//! GitHub's workflow: its schema, and its steps word by word in a clean clone.

use std::fs;
use std::path::Path;

use crate::Test;
use crate::scene::{BROKEN, Ended, IMAGE, Scene, comparable, dist, read};

pub(crate) const TESTS: &[Test] = &[
    ("the_workflow_fits_its_schema", the_workflow_fits_its_schema),
    ("the_steps_say_what_the_host_says", the_steps_say_what_the_host_says),
];

/// Runs a script where a repository is at `/work` and what is published at `/dist`.
fn script(scene: &Scene, text: &str) -> Ended {
    let mounts = [
        format!("type=bind,source={},target=/work", scene.root.display()),
        format!("type=bind,source={},target=/dist,readonly", dist().display()),
        "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock".to_owned(),
    ];
    let mut args = vec!["run", "--rm", "--workdir", "/work", "--env", "CI=true"];
    args.extend(mounts.iter().flat_map(|mount| ["--mount", mount.as_str()]));
    args.extend([IMAGE, "bash", "-e", "-c", text]);
    scene.run(Path::new("docker"), &args)
}

fn the_workflow_fits_its_schema() {
    for jobs in ["run-all", "per-check"] {
        let scene = Scene::new(&["--ci", "github"]);
        scene.edit("pipe.toml", "jobs = \"run-all\"", &format!("jobs = \"{jobs}\""));
        assert_eq!(scene.pipe(&["sync"]).status, Some(0));
        let ended = script(
            &scene,
            "pip install -q --root-user-action ignore check-jsonschema==0.39.0\n\
             check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/pipe.yml\n\
             check-jsonschema --builtin-schema custom.github-workflows-require-timeout \
             .github/workflows/pipe.yml",
        );
        assert_eq!(ended.status, Some(0), "{jobs}: {}", ended.said);
    }
}

/// The scripts of the steps, one after the other, each in a shell of its own as there.
fn steps(workflow: &str) -> String {
    let mut steps: Vec<String> = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(script) = line.trim_start().strip_prefix("run: ") else { continue };
        if script != "|" {
            steps.push(script.to_owned());
            continue;
        }
        let mut block = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("          ")) {
            block += &(line.trim_start().to_owned() + "\n");
        }
        steps.push(block);
    }
    let step = |text: &String| {
        // What a step adds to that file is on the path of the next ones.
        format!("PATH=\"$(cat $GITHUB_PATH | tr '\\n' ':')$PATH\" bash -e <<'STEP'\n{text}\nSTEP\n")
    };
    steps.iter().map(step).collect()
}

fn the_steps_say_what_the_host_says() {
    let scene = Scene::new(&["--ci", "github"]);
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all"]);
        assert_eq!(host_status, Some(status));
        scene.push();
        let workflow = fs::read_to_string(scene.root.join(".github/workflows/pipe.yml")).unwrap();
        let steps = steps(&workflow);
        assert!(steps.contains("cargo-pipe sync --check"), "{steps}");
        let prepare = "git config --global --add safe.directory '*'\n\
             git clone --quiet /work /tmp/clone && cd /tmp/clone\n\
             export RUNNER_TEMP=/tmp GITHUB_PATH=/tmp/path PIP_FIND_LINKS=/dist PIP_NO_INDEX=1\n\
             touch $GITHUB_PATH\ntrap 'cp cargo-pipe.json /work/job.json' EXIT\n";
        let ended = script(&scene, &format!("{prepare}{steps}"));
        assert_eq!(ended.status, Some(status), "{}", ended.said);
        let job = scene.root.join("job.json");
        assert_eq!(comparable(&read(&job)), comparable(&host));
        fs::remove_file(job).unwrap();
    }
}
