//! The command `doctor` with a real engine.

use serde_json::Value;

use crate::project::Project;
use crate::topology::elsewhere;

tests![
    only_the_missing_lock_of_the_base_is_wrong_with_a_new_project,
    folders_that_containers_cannot_see_are_reported
];

fn examined(project: &Project, status: i32) -> Vec<(String, String, String)> {
    let ended = project.pipe(&["doctor", "--json"]);
    assert_eq!(ended.status, Some(status), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let examined = json["examined"].as_array().unwrap().iter();
    examined.map(|one| (text(&one["subject"]), text(&one["state"]), text(&one["found"]))).collect()
}

fn only_the_missing_lock_of_the_base_is_wrong_with_a_new_project() {
    let project = Project::scaffolded();
    let is_bad = |one: &&(String, String, String)| one.1 != "good" && one.0 != "disk";
    let fresh = examined(&project, 0);
    let bad: Vec<_> = fresh.iter().filter(is_bad).collect();
    assert!(bad.len() == 1 && bad[0].2.contains("`.docker/pipe.lock` is missing"), "{fresh:?}");
    let updated = project.pipe(&["update", "base"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let examined = examined(&project, 0);
    assert_eq!(examined.iter().filter(is_bad).count(), 0, "{examined:?}");
    let found =
        |name: &str| examined.iter().find(|(subject, ..)| subject == name).unwrap().2.clone();
    assert_eq!(found("topology"), "bind: containers see your folders and can write to them");
    assert!(found("base").starts_with("`python:3.13-slim` is here"), "{examined:?}");
    assert!(found("base").ends_with(" MB"), "{examined:?}");
    assert!(found("builds").starts_with("docker's build cache has "), "{examined:?}");
    assert!(!found("engine").contains("unknown"), "{examined:?}");
    assert!(found("images").contains(" images of environments use "), "{examined:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn folders_that_containers_cannot_see_are_reported() {
    let project = Project::scaffolded();
    let project = elsewhere(project);
    let topology = |project: &Project, status| {
        let examined = examined(project, status).into_iter();
        examined.filter(|(subject, ..)| subject == "topology").collect::<Vec<_>>()
    };
    let found = topology(&project, 0);
    assert!(found[0].2.starts_with("stream: "), "{found:?}");
    let project = project.with("CARGO_PIPE_TOPOLOGY", "bind");
    let found = topology(&project, 3);
    assert_eq!(found[0].1, "machine", "{found:?}");
    assert_eq!(project.leftovers(), [""; 0]);
}
