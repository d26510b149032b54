//! Runs that several machines share: `--partition` and `merge`.

use std::fs;

use cargo_pipe::check::Grant;
use cargo_pipe::config::layer::Layer;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::pipeline::Pipeline;
use cargo_pipe::plan::{Costs, Plan, Request};
use cargo_pipe::report::json::{JsonReport, from_json, pretty};
use serde_json::Value;
use snapbox::str;

use crate::cache::{ready, report};
use crate::scene::Scene;

/// A project with a tool that finds something, and two commands that fail.
fn scene() -> Scene {
    ready().file(
        "pipe.toml",
        "source = [\"src\"]\n\n[checks]\nlint.enabled = false\nformat.enabled = false\nmypy.enabled = false\n\n\
         [checks.one]\nrun = [\"one\"]\n\n[checks.two]\nrun = [\"two\"]\n",
    )
}

/// Runs a part without a cache, which would hold what other parts left.
fn part(part: &str) -> String {
    format!("run-all --cache off --partition {part}")
}

/// What must not differ between a whole and a merged run.
fn comparable(report: &JsonReport) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    let remove = |value: &mut Value, names: &[&str]| {
        let members = value.as_object_mut().unwrap();
        names.iter().for_each(|name| drop(members.remove(*name)));
    };
    remove(&mut value, &["duration_ms", "engine", "warnings", "phases"]);
    for check in value["checks"].as_array_mut().unwrap() {
        remove(check, &["duration_ms", "started_ms", "since_last", "log"]);
    }
    value
}

#[test]
fn merged_parts_are_the_report_of_the_whole_run() {
    let scene = scene();
    let whole = report(&scene, "run-all --cache off");
    assert_eq!(whole.checks.len(), 3);
    for of in [1, 2, 3, 7] {
        let mut paths = Vec::new();
        for number in 1..=of {
            let path = format!("{number}.json");
            let words = part(&format!("{number}/{of} --report json={path}"));
            let ended = scene.pipe(&words).ended();
            let text = fs::read_to_string(scene.project().join(&path)).unwrap();
            let report = from_json(&text).unwrap();
            assert_eq!(ended.status, Some(i32::from(report.exit_code)), "{ended:?}");
            paths.push(path);
        }
        paths.reverse();
        let merged = report(&scene, &format!("merge {}", paths.join(" ")));
        assert_eq!(pretty(&comparable(&merged)), pretty(&comparable(&whole)), "{of} parts");
    }
}

#[test]
fn a_part_says_what_it_runs() {
    let scene = scene();
    let dry = scene.pipe("run-all --partition 2/3 --dry-run --message-format json").ended();
    let plan: Value = serde_json::from_str(&dry.unredacted_stdout).unwrap();
    assert_eq!(plan["checks"].as_array().unwrap().len(), 1);
    assert_eq!(plan["partition"]["part"], 2);
    assert_eq!(plan["partition"]["checks"], serde_json::json!(["ruff", "one", "two"]));
    let text = scene.pipe("run-all --partition 2/3 --dry-run").ended();
    assert!(text.stdout.contains("part 2/3 of the run: 1 of 3 checks"), "{}", text.stdout);
    assert!(scene.docker().calls().iter().all(|call| call[0] != "run"));
}

#[test]
fn a_part_without_checks_passes() {
    let scene = scene();
    let parts = [1, 2, 3, 4].map(|number| report(&scene, &part(&format!("{number}/4"))));
    let empty: Vec<_> = parts.iter().filter(|part| part.checks.is_empty()).collect();
    assert_eq!((empty.len(), empty[0].exit_code), (1, 0));
}

#[test]
fn the_durations_of_a_report_divide_the_checks() {
    let scene = scene();
    let mut costs = report(&scene, "run-all --cache off");
    for check in &mut costs.checks {
        check.duration_ms = if check.name == "two" { 9_000 } else { 1_000 };
    }
    let scene = scene.file("costs.json", &pretty(&costs));
    let names = |words: &str| -> Vec<String> {
        report(&scene, words).checks.into_iter().map(|check| check.name).collect()
    };
    assert_eq!(names(&part("1/2 --costs costs.json")), ["two"]);
    assert_eq!(names(&part("2/2 --costs costs.json")), ["ruff", "one"]);
}

#[test]
fn reports_that_do_not_belong_together_are_refused() {
    let scene = scene();
    for number in [1, 2] {
        let _ = scene.pipe(&part(&format!("{number}/2 --report json={number}.json"))).ended();
    }
    scene.pipe("merge 1.json").ends(
        2,
        "",
        str![[r#"
error: the report of part 2/2 is missing

hint: pass the reports of all parts of one run, of the same commit with the same options

"#]],
    );
    let scene = scene.file("src/main.py", "import sys\n");
    let _ = scene.pipe(&part("2/2 --report json=2.json")).ended();
    let refused = scene.pipe("merge 1.json 2.json").ended();
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("`src/main.py`") || refused.stderr.contains("costs"));
    for words in
        ["run-all --partition 3/2", "run-all --partition 1/2 --fix", "watch --partition 1/2"]
    {
        assert_eq!(scene.pipe(words).ended().status, Some(2), "{words}");
    }
}

/// Two formatters in different folders, and two commands.
const PLANNED: &str = r#"
[checks.style]
tool = "ruff-format"
source = ["docs"]

[checks.spelling]
run = ["codespell", "src"]

[checks.links]
run = ["links"]
"#;

/// The plan of a part, such as `2/3`, of the checks in a project with these files.
fn planned_part(files: &[(&str, &str)], part: &str, costs: Option<&Costs>) -> Plan {
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("pipe.toml"), PLANNED).unwrap();
    for (path, text) in files {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut pipeline =
        Pipeline::discover(project.path(), EnvVars::default(), Layer::default()).unwrap();
    pipeline.config.allow.insert(Grant::Writable);
    let mut plan = pipeline.plan(&Request::default()).unwrap();
    pipeline.divide(&mut plan, part.parse().unwrap(), costs);
    plan
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

/// Four checks are about `src`, one about `docs`, one about both, and one about all files.
const SOURCES: [(&str, &str); 2] = [("src/a.py", "x = 1\ny = 2\n"), ("docs/b.py", "z = 3\n")];

#[test]
fn the_parts_have_each_check_once_and_the_same_hashes() {
    let whole = planned_part(&SOURCES, "1/1", None);
    for of in [1, 2, 3, 7, 9] {
        let plans: Vec<Plan> =
            (1..=of).map(|part| planned_part(&SOURCES, &format!("{part}/{of}"), None)).collect();
        let mut all: Vec<&str> = plans.iter().flat_map(names).collect();
        all.sort_unstable();
        let mut expected = names(&whole);
        expected.sort_unstable();
        assert_eq!(all, expected);
        for (number, plan) in plans.iter().enumerate() {
            let partition = plan.partition.as_ref().unwrap();
            let first = plans[0].partition.as_ref().unwrap();
            assert_eq!((partition.part, partition.of), (number + 1, of));
            assert_eq!((partition.plan, partition.costs), (first.plan, first.costs));
            assert_eq!(
                partition.checks,
                whole.steps.iter().map(|it| it.id.clone()).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn checks_are_divided_by_the_size_of_their_files_or_by_given_costs() {
    let larger = [("src/a.py", "x = 1\n"), ("docs/b.py", "long_name = 'a long text'\n")];
    let style = |files: &[(&str, &str)]| names(&planned_part(files, "1/7", None)).join(" ");
    assert_eq!(style(&larger), "style");
    assert_ne!(style(&SOURCES), "style");
    let costs = Costs::from([("links".parse().unwrap(), 100), ("lint".parse().unwrap(), 1)]);
    let plan = planned_part(&SOURCES, "1/2", Some(&costs));
    assert_eq!(names(&plan).len() + plan.others.len(), 7);
    assert!(names(&plan).contains(&"links"), "{:?}", names(&plan));
    let without = planned_part(&SOURCES, "1/2", None).partition.unwrap();
    assert_ne!(plan.partition.unwrap().costs, without.costs);
}

#[test]
fn another_option_is_another_plan() {
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("pipe.toml"), "").unwrap();
    let pipeline =
        Pipeline::discover(project.path(), EnvVars::default(), Layer::default()).unwrap();
    let hash = |request: &Request| {
        let mut plan = pipeline.plan(request).unwrap();
        pipeline.divide(&mut plan, "1/2".parse().unwrap(), None);
        plan.partition.unwrap().plan
    };
    let usual = hash(&Request::default());
    assert_eq!(usual, hash(&Request { no_cache: true, ..Request::default() }));
    assert_ne!(usual, hash(&Request { strict: true, ..Request::default() }));
    assert_ne!(usual, hash(&Request { checks: vec!["lint".to_owned()], ..Request::default() }));
    let minute = Some(std::time::Duration::from_secs(60));
    assert_ne!(usual, hash(&Request { timeout: minute, ..Request::default() }));
}
