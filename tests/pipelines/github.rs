//! GitHub's workflow: its schema, and its steps in a clean clone.

use std::fs;

use crate::job_per_check::{objected, per_check, write_only};
use crate::scene::{BROKEN, Ended, ONLY, Scene, comparable, read};

tests![
    the_workflow_fits_its_schema,
    the_steps_report_the_same_as_the_host,
    the_steps_of_a_project_in_a_folder_report_the_same_as_the_host,
    each_leg_of_the_matrix_fails_on_its_own_file
];

fn the_workflow_fits_its_schema() {
    let scene = Scene::new(&["--ci", "github"]);
    let text = fs::read_to_string(scene.root.join("pipe.toml")).unwrap();
    fs::create_dir(scene.root.join("made")).unwrap();
    for jobs in ["run-all", "per-check"] {
        for install in ["wheel", "xtask"] {
            let text = text
                .replace("jobs = \"run-all\"", &format!("jobs = \"{jobs}\""))
                .replace("install = \"wheel\"", &format!("install = \"{install}\""));
            scene.write("pipe.toml", &text);
            assert_eq!(scene.pipe(&["sync"]).status, Some(0));
            let made = scene.root.join(format!("made/{jobs}-{install}.yml"));
            fs::copy(scene.root.join(".github/workflows/pipe.yml"), made).unwrap();
        }
    }
    let ended = scene.script(
        "pip install -q --root-user-action ignore check-jsonschema==0.39.0\n\
         check-jsonschema --builtin-schema vendor.github-workflows made/*.yml\n\
         check-jsonschema --builtin-schema custom.github-workflows-require-timeout made/*.yml",
    );
    assert_eq!(ended.status, Some(0), "{}", ended.output);
}

/// The scripts of the steps of a workflow or an action, one after the other, each in a shell of its own
/// as there.
pub(crate) fn steps(workflow: &str) -> String {
    let mut steps: Vec<String> = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(script) = line.trim_start().strip_prefix("run: ") else { continue };
        let joint = match script.split("  # ").next().unwrap_or_default() {
            "|" => "\n",
            ">-" => " ",
            _ => {
                steps.push(script.to_owned());
                continue;
            }
        };
        let depth = line.len() - line.trim_start().len();
        let is_deeper = |line: &&str| line.len() - line.trim_start().len() > depth;
        let mut block = String::new();
        while let Some(line) = lines.next_if(is_deeper) {
            block += &(line.trim_start().to_owned() + joint);
        }
        steps.push(block);
    }
    let step = |text: &String| {
        // What a step adds to that file is on the path of the next ones.
        format!("PATH=\"$(cat $GITHUB_PATH | tr '\\n' ':')$PATH\" bash -e <<'STEP'\n{text}\nSTEP\n")
    };
    steps.iter().map(step).collect()
}

/// Runs the steps in a clean clone, with these words for the matrix's, and keeps the reports.
fn run(scene: &Scene, command: &str) -> Ended {
    run_workflow(scene, "pipe.yml", command)
}

/// The same with the workflow of this name.
fn run_workflow(scene: &Scene, name: &str, command: &str) -> Ended {
    scene.push();
    let path = format!(".github/workflows/{name}");
    let workflow = fs::read_to_string(scene.root.join(path)).unwrap();
    let folder = workflow.lines().find_map(|line| line.trim().strip_prefix("working-directory: "));
    let folder = folder.unwrap_or(".");
    run_steps(scene, folder, "", &workflow.replace("${{ matrix.command }}", command))
}

/// Runs the steps of a workflow or an action in this folder of a clean clone, with these variables, and
/// keeps the reports.
pub(crate) fn run_steps(scene: &Scene, folder: &str, variables: &str, workflow: &str) -> Ended {
    let steps = steps(workflow);
    assert!(steps.contains("cargo-pipe sync --check") && !steps.contains("${{"), "{steps}");
    let prepare = "git config --global --add safe.directory '*'\n\
         git clone --quiet /checkout /tmp/clone && cd \"/tmp/clone/$FOLDER\"\n\
         export RUNNER_TEMP=/tmp GITHUB_PATH=/tmp/path PIP_FIND_LINKS=/dist PIP_NO_INDEX=1\n\
         export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=/checkout/summary.md\n\
         touch $GITHUB_PATH\ntrap 'for kind in json sarif; do cp \"${REPORTS:-.}/cargo-pipe.$kind\" \
         /checkout/job.$kind; done' EXIT\n";
    scene.script(&format!("FOLDER={folder}\n{prepare}{variables}\n{steps}"))
}

fn the_steps_report_the_same_as_the_host() {
    let scene = Scene::new(&["--ci", "github"]);
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all"]);
        assert_eq!(host_status, Some(status));
        let ended = run(&scene, "");
        assert_eq!(ended.status, Some(status), "{}", ended.output);
        let file = |name: &str| scene.root.join(name);
        assert_eq!(comparable(&read(&file("job.json"))), comparable(&host));
        let sarif = read(&file("job.sarif"));
        let results = sarif["runs"].as_array().unwrap().iter().map(|run| &run["results"]);
        let results: usize = results.map(|results| results.as_array().unwrap().len()).sum();
        assert_eq!((results > 0, ended.output.contains("\n::error ")), (status == 1, status == 1));
        assert!(fs::read_to_string(file("summary.md")).unwrap().contains("ruff"));
        for name in ["job.json", "job.sarif", "summary.md"] {
            fs::remove_file(file(name)).unwrap();
        }
    }
}

fn the_steps_of_a_project_in_a_folder_report_the_same_as_the_host() {
    let scene = Scene::in_folder("svc/api", &["--ci", "github"]);
    scene.write("svc/api/src/broken.py", BROKEN);
    let (_, host) = scene.on_the_host(&["-C", "svc/api", "run-all"]);
    let ended = run_workflow(&scene, "pipe-svc--api.yml", "");
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    let file = |name: &str| scene.root.join(name);
    assert_eq!(comparable(&read(&file("job.json"))), comparable(&host));
    // Code scanning and annotations name paths of the repository.
    let sarif = fs::read_to_string(file("job.sarif")).unwrap();
    assert!(sarif.contains("\"svc/api/src/broken.py\""), "{sarif}");
    assert!(ended.output.contains("file=svc/api/src/broken.py"), "{}", ended.output);
}

/// Four bad files at once.
fn each_leg_of_the_matrix_fails_on_its_own_file() {
    let scene = per_check(&["--ci", "github"]);
    write_only(&scene);
    for (check, _) in ONLY {
        let workflow = fs::read_to_string(scene.root.join(".github/workflows/pipe.yml")).unwrap();
        let (_, leg) = workflow.split_once(&format!("- check: {check}\n")).unwrap();
        let command = leg.trim_start().strip_prefix("command: ").unwrap().lines().next().unwrap();
        let command = command.trim_matches('"');
        let ended = run(&scene, command);
        assert_eq!(ended.status, Some(1), "{check}: {}", ended.output);
        let report = read(&scene.root.join("job.json"));
        let file = format!("src/{check}.py");
        assert_eq!(objected(&report), (vec![check], vec![file.as_str()]), "{report:#}");
    }
}
