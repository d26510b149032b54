//! The memory of an incremental tool: when it is handed to the next run, and when it is refused.

use std::fs;

use crate::cache::{base_image, main_file, tool_image};
use crate::container::PROOF;
use crate::scene::Scene;

/// pylint without messages. It notes the records that it got and the reason that code may run, and
/// leaves records.
const PYLINT: &str = r#"
for word; do case $word in
    type=bind,source=*,target=/pipe,*) control=${word#*source=}; control=${control%%,target*} ;;
esac; done
echo "$(sed -n 2p "$control/state")|$(cat "$control/own-code" 2>/dev/null)" >> "$FAKE/seen"
echo '{"messages": [], "statistics": {"messageTypeCount": {"fatal": 0, "error": 0, "warning": 0,
    "refactor": 0, "convention": 0, "info": 0}, "modulesLinted": 1, "score": 10.0}}'
printf '\ncargo-pipe-state: {"files": 1, "parsed": 1, "cold": "", "checked": {"a": "forged"}}\nLEFT\n'
"#;

fn scene() -> Scene {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    let docker = scene.docker();
    docker.on(&["image", "inspect", "cargo-pipe/pylint:"]).stdout(&tool_image("pylint", "3.13.5"));
    docker.on(&["image", "inspect", "python:3"]).stdout(&base_image("base", "3.13.5"));
    docker.on(&["run", "--name"]).script(&format!("{PROOF}{PYLINT}"));
    scene
}

/// Edits the source and lints it.
fn lint(scene: &Scene) {
    let file = main_file(scene);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n")).unwrap();
    let ended = scene.pipe("lint").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

/// What the container of each run has seen: the records, and the reason that code may run.
fn seen(scene: &Scene) -> Vec<String> {
    let seen = fs::read_to_string(scene.docker().program().with_file_name("seen")).unwrap();
    seen.lines().map(str::to_owned).collect()
}

/// Adds lines to a config, below this heading if it has one.
fn write(scene: &Scene, path: &str, heading: &str, lines: &str) {
    let place = scene.project().join(path);
    let before = fs::read_to_string(&place).unwrap_or_default();
    let heading = format!("{heading}\n");
    let before = if before.contains(&heading) { before } else { format!("{before}\n{heading}") };
    fs::write(place, before.replacen(&heading, &format!("{heading}{lines}\n"), 1)).unwrap();
}

#[test]
fn the_next_run_gets_what_the_last_one_left() {
    let scene = scene();
    lint(&scene);
    lint(&scene);
    assert_eq!(seen(&scene), ["|", "LEFT|"]);
}

#[test]
fn nothing_is_remembered_of_a_run_that_may_have_executed_the_project() {
    let config = (".config/.pylintrc", "[MAIN]");
    let check = ("pipe.toml", "[checks.lint]");
    for ((path, heading), line, source) in [
        (config, "init-hook=import lint_setup", "the option `init-hook` in `.config/.pylintrc`"),
        (
            config,
            "extension-pkg-allow-list=mine",
            "the option `extension-pkg-allow-list` in `.config/.pylintrc`",
        ),
        (
            config,
            "unsafe-load-any-extension=yes",
            "the option `unsafe-load-any-extension` in `.config/.pylintrc`",
        ),
        (check, "args = [\"--load-plugins=mine\"]", "the argument `--load-plugins=mine`"),
        (check, "args = [\"--rcfile=src/other.rc\"]", "the argument `--rcfile=src/other.rc`"),
        (check, "env.PYTHONPATH = \"/app/src\"", "the variable `PYTHONPATH`"),
        (check, "env.LD_PRELOAD = \"/app/mine.so\"", "the variable `LD_PRELOAD`"),
    ] {
        let scene = scene();
        write(&scene, path, heading, line);
        lint(&scene);
        lint(&scene);
        let reason =
            format!("{source} may run code of the project, so no per-file results are stored");
        assert_eq!(seen(&scene), [format!("|{reason}"), format!("|{reason}")]);
        let why = scene.pipe("why lint").ended().stdout;
        assert!(why.contains(&format!("its last run checked every file: {reason}\n")), "{why}");
    }
}

/// The key of a memory is the same, because pylint finds this configuration by itself.
#[test]
fn a_branch_that_executes_the_project_neither_gets_nor_leaves_a_memory() {
    let scene = scene();
    write(&scene, "pipe.toml", "[checks.lint]", "config = false\ninputs = [\"pylintrc\"]");
    fs::write(scene.project().join("pylintrc"), "").unwrap();
    lint(&scene);
    write(&scene, "pylintrc", "[MAIN]", "init-hook=import lint_setup");
    lint(&scene);
    fs::write(scene.project().join("pylintrc"), "").unwrap();
    lint(&scene);
    let seen = seen(&scene);
    assert_eq!((&*seen[0], &*seen[2]), ("|", "LEFT|"));
    assert!(seen[1].starts_with("|the option `init-hook` in `pylintrc` may run"), "{seen:?}");
}

/// The run without the code would get what the run with it has printed as a memory.
#[test]
fn what_a_run_of_the_projects_code_prints_is_not_remembered() {
    let scene = scene();
    write(&scene, "pipe.toml", "[checks.lint]", "config = false\ninputs = [\"pylintrc\"]");
    write(&scene, "pylintrc", "[MAIN]", "init-hook=import lint_setup");
    lint(&scene);
    fs::write(scene.project().join("pylintrc"), "").unwrap();
    lint(&scene);
    assert_eq!(seen(&scene)[1], "|");
}
