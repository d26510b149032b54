//! The order in which checks start.

use serde_json::Value;

use crate::engine::without_docker;
use crate::project::Project;

tests!(bubblewrap, [the_check_that_took_longest_starts_first]);

/// One check at a time, of which the second takes longest.
const SETTINGS: &str = r#"source = ["src"]
jobs = 1
[checks.lint]
enabled = false
[checks.format]
enabled = false
[checks.mypy]
enabled = false
[checks.ruff]
enabled = false
[checks.first]
run = ["true"]
[checks.long]
run = ["python3", "-c", "sum(range(40_000_000))"]
[checks.last]
run = ["sh", "-c", "exit 0"]
"#;

fn the_check_that_took_longest_starts_first() {
    let project = without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on");
    project.write("pipe.toml", SETTINGS);
    project.write("src/a.txt", project.id());
    let all = ["--engine", "venv", "run-all", "--allow", "host"];
    let started = || {
        let ended = project.pipe(&[&all[..], &["--message-format", "jsonl"]].concat());
        let events = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let started = events.filter(|event| event["event"] == "check-started");
        started.map(|event| event["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(started(), ["first", "long", "last"]);
    project.write("src/a.txt", project.id() + "edited");
    let again = started();
    assert_eq!(again[0], "long", "{again:?}");
    let dry = project.pipe(&[&all[..], &["--dry-run"]].concat()).stdout;
    assert!(dry.contains("they start in this order: long, "), "{dry}");
    let json = project.pipe(&[&all[..], &["--dry-run", "--message-format", "json"]].concat());
    let plan: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(plan["starts"][0], "long", "{plan:#?}");
    let names: Vec<&Value> =
        plan["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    assert_eq!(names, ["first", "long", "last"]);
}
