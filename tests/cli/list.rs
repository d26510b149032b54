//! The list of checks.

use snapbox::str;

use crate::scene::Scene;

fn scene() -> Scene {
    Scene::new().file(
        "pipe.toml",
        "[checks.spelling]\nrun = [\"codespell\", \"src\"]\nsource = [\"docs\", \"src\"]\n",
    )
}

#[test]
fn each_check_has_a_line() {
    scene().pipe("list").ends(
        0,
        str![[r#"
lint      pylint[..]
format    black[..]
mypy      mypy[..]
ruff      ruff[..]
spelling  runs `codespell src`

"#]],
        "",
    );
}

#[test]
fn a_program_reads_json() {
    let ended = scene().pipe("list --json").ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let list: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(list["schema"], "cargo-pipe/list/1");
    let checks = list["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, ["lint", "format", "mypy", "ruff", "spelling"]);
    assert_eq!(checks[0]["tool"], "pylint");
    assert_eq!(
        checks[4],
        serde_json::json!({
            "name": "spelling",
            "tool": "command",
            "about": "runs `codespell src`",
            "source": ["docs", "src"],
            "fixes": false,
        })
    );
}
