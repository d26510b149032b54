//! Projects of all shapes, from `init` until everything is removed. `tests/docker/adoption.rs` runs
//! their checks.

use std::fs;
use std::path::Path;

use crate::scene::Scene;

tests![removal_leaves_nothing_of_any_shape];

/// The folders that `init` is tested with.
fn shapes() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/init");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let shapes = entries.filter(|path| path.join("output").exists() || path.join("in").is_dir());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut shapes: Vec<String> = shapes.map(|path| name(&path)).collect();
    shapes.sort();
    assert!(shapes.len() >= 6, "{shapes:?}");
    shapes
}

fn removal_leaves_nothing_of_any_shape() {
    for shape in shapes() {
        let scene = Scene::of_shape(&shape);
        assert_eq!(scene.pipe(&["init", "--ci", "gitlab,github"]).status, Some(0), "{shape}");
        let sync = |options: &[&str]| scene.pipe(&[&["sync"], options].concat()).status;
        assert_eq!(sync(&["--check"]), Some(0), "{shape}");

        // `pipe.toml` and the configs of the tools are there to be edited.
        scene.edit("pipe.toml", "jobs = \"run-all\"", "jobs = \"per-check\"");
        assert_eq!((sync(&["--check"]), sync(&[])), (Some(1), Some(0)), "{shape}");
        let config = scene.root.join(".config/black.toml");
        let usual = fs::read_to_string(&config).ok();
        if let Some(text) = &usual {
            fs::write(&config, format!("{text}# mine\n")).unwrap();
            assert_eq!(sync(&["--check"]), Some(0), "{shape}");
            fs::write(&config, text).unwrap();
        }
        // A pipeline follows from `pipe.toml`: edits are kept until `--force` is given.
        let own = scene.root.join(".gitlab/pipe.yml").exists();
        let pipeline = if own { ".gitlab/pipe.yml" } else { ".gitlab-ci.yml" };
        scene.edit(pipeline, "interruptible: true", "interruptible: false");
        assert_eq!((sync(&[]), sync(&["--force"])), (Some(1), Some(0)), "{shape}");
        scene.edit("pipe.toml", "jobs = \"per-check\"", "jobs = \"run-all\"");
        assert_eq!(sync(&[]), Some(0), "{shape}");

        let removed = scene.pipe(&["remove", "--files"]);
        assert_eq!(removed.status, Some(0), "{shape}: {}", removed.output);
        assert_eq!(scene.status(), "", "{shape}");
    }
}
