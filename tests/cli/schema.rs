//! Schemas: those that are printed, and that of `pipe.toml` for editors.

use std::fs;
use std::path::Path;

use crate::ci::complaints;
use crate::scene::Scene;

#[test]
fn every_schema_of_the_repository_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/schema");
    let scene = Scene::new();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let file = entry.file_name().into_string().unwrap();
        let name = match file.trim_end_matches(".json").trim_end_matches("-1") {
            "pipe" => "pipe.toml",
            name => name,
        };
        let ended = scene.pipe("schema").arg(name).ended();
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{name}");
        assert_eq!(ended.stdout, fs::read_to_string(entry.path()).unwrap(), "{name}");
        names.push(name.to_owned());
    }
    assert_eq!(names.len(), 5, "{names:?}");
    let default = scene.pipe("schema").ended().stdout;
    assert_eq!(default, scene.pipe("schema pipe.toml").ended().stdout);
}

#[test]
fn the_schema_of_a_new_project_accepts_its_settings_and_notices_a_mistake() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let settings = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let named = settings.lines().find_map(|line| line.strip_prefix("#:schema ")).unwrap();
    let schema = scene.project().join(named);
    let judge = |settings: &str| {
        let table: toml::Table = settings.parse().unwrap();
        complaints(schema.to_str().unwrap(), &serde_json::to_string(&table).unwrap())
    };
    assert_eq!(judge(&settings), "");
    assert!(judge(&format!("sorce = []\n{settings}")).contains("sorce"));
}

#[test]
fn the_schema_is_kept_as_long_as_a_line_names_it() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let schema = scene.project().join(".config/pipe.schema.json");
    fs::remove_file(&schema).unwrap();
    assert!(
        scene.pipe("sync --check").ended().stderr.contains("missing   .config/pipe.schema.json")
    );
    assert_eq!(scene.pipe("sync").ended().status, Some(0));
    let place = scene.project().join("pipe.toml");
    let settings = fs::read_to_string(&place).unwrap();
    // A setting above the line changes nothing.
    fs::write(&place, format!("jobs = 1\n{settings}")).unwrap();
    assert_eq!(scene.pipe("sync --check").ended().status, Some(0));
    fs::write(&place, settings.replace("#:schema .config/pipe.schema.json\n", "")).unwrap();
    assert_eq!(scene.pipe("sync --check").ended().status, Some(0));
    fs::remove_file(&schema).unwrap();
    assert_eq!(scene.pipe("sync --check").ended().status, Some(0));
}
