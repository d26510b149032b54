//! The image that environments are based on, from a docker whose registry the test has.

use std::fs;

use snapbox::str;

use crate::scene::Scene;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// The answer of the Python in an image.
const PROBE: &str = r#"{"executable":"/p","prefix":"/","probe":{"version":"3.13.5",
    "implementation":"cpython","modules":"00","missing":[],"system":"debian 13"}}"#;

/// A project on a machine whose docker knows the images in the fake's folder: `by-tag`,
/// `by-digest`, and what it pulls by either, `newer` and `locked`. It builds on `by-tag`.
fn scene() -> Scene {
    scene_building("by-tag")
}

/// The same project, with a docker that builds on another image.
fn scene_building(built_on: &str) -> Scene {
    let scene = Scene::with_project()
        .file("pipe.toml", "[checks.own]\nrun = [\"true\"]\nrequirements = [\"near\"]\n");
    let scene = scene.file(
        ".docker/requirements/own.txt",
        "near==1.0 --hash=sha256:1111111111111111111111111111111111111111111111111111111111111111\n",
    );
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let docker = scene.docker();
    docker.on(&["run", "python3"]).stdout(PROBE);
    docker
        .on(&["image", "inspect", "cargo-pipe/"])
        .script(&format!("[ -e $FAKE/built ] && cat $FAKE/{built_on}; touch $FAKE/built\n"));
    docker.on(&["image", "inspect", "python@"]).script("cat $FAKE/by-digest\n");
    docker.on(&["image", "inspect"]).script("cat $FAKE/by-tag\n");
    docker.on(&["pull", "python@"]).script("cp $FAKE/locked $FAKE/by-digest\n");
    docker.on(&["pull"]).script("cp $FAKE/newer $FAKE/by-tag || { echo no route >&2; exit 1; }\n");
    docker.on(&["version", "Os"]).stdout("linux/amd64\n");
    scene
}

fn image(scene: &Scene, name: &str, layer: &str, digest: &str) {
    image_for(scene, name, layer, digest, "amd64");
}

/// The same for another processor.
fn image_for(scene: &Scene, name: &str, layer: &str, digest: &str, processor: &str) {
    let text = format!(
        r#"{{"Id":"sha256:{layer}","Os":"linux","Architecture":"{processor}",
            "RepoDigests":[{digest}],"RootFS":{{"Layers":["{layer}"]}}}}"#
    );
    fs::write(scene.folder("docker").join(name), text).unwrap();
}

/// A project whose lock has the image of layer `a` under the digest.
fn locked() -> Scene {
    let scene = scene();
    image(&scene, "by-tag", "a", &format!("\"python@{DIGEST}\""));
    image(&scene, "newer", "a", &format!("\"python@{DIGEST}\""));
    assert_eq!(scene.pipe("update base").ended().status, Some(0));
    let lock = fs::read_to_string(scene.project().join(".docker/pipe.lock")).unwrap();
    assert!(lock.contains(&format!("digest = \"{DIGEST}\"")), "{lock}");
    scene
}

/// What images are built on.
fn bases(scene: &Scene) -> Vec<String> {
    let words = scene.docker().calls().concat();
    words.iter().filter_map(|word| word.strip_prefix("BASE=")).map(str::to_owned).collect()
}

#[test]
fn update_asks_the_registry_for_a_newer_image() {
    let scene = locked();
    image(&scene, "newer", "b", &format!("\"python@{}\"", DIGEST.replace('1', "2")));
    scene.pipe("update base --check -q").ends(
        1,
        "base  another `python:3.13-slim`, with Python 3.13.5 as before\n",
        "",
    );
    fs::remove_file(scene.folder("docker").join("newer")).unwrap();
    image(&scene, "by-tag", "a", &format!("\"python@{DIGEST}\""));
    scene.pipe("update base").ends(
        0,
        "base  `python:3.13-slim` with Python 3.13.5, as recorded\n",
        str![[r#"
resolving versions with the package index …
pulling python:3.13-slim …
warning: cannot pull a newer `python:3.13-slim`, so the local one is recorded: no route

every lock is up to date

"#]],
    );
}

#[test]
fn an_image_from_no_registry_is_recorded_as_it_is() {
    let scene = scene();
    image(&scene, "by-tag", "a", "");
    assert_eq!(scene.pipe("update base").ended().status, Some(0));
    assert!(!scene.docker().calls().iter().any(|call| call[0] == "pull"));
    let lock = fs::read_to_string(scene.project().join(".docker/pipe.lock")).unwrap();
    assert!(!lock.contains("digest"), "{lock}");
}

#[test]
fn the_locked_image_is_had_by_its_digest_where_the_name_means_another_one() {
    let scene = locked();
    image(&scene, "locked", "a", &format!("\"python@{DIGEST}\""));
    for layer in [Some("b"), None] {
        match layer {
            Some(layer) => image(&scene, "by-tag", layer, ""),
            None => fs::remove_file(scene.folder("docker").join("by-tag")).unwrap(),
        }
        let _ = fs::remove_file(scene.folder("docker").join("by-digest"));
        let ended = scene.pipe("build own").ended();
        assert!(!ended.stderr.contains("is not the one"), "{}", ended.stderr);
    }
    let reference = format!("python@{DIGEST}");
    assert_eq!(bases(&scene), [reference.clone(), reference]);
}

#[test]
fn an_image_of_the_same_name_replaces_an_unavailable_locked_one() {
    let scene = locked();
    image(&scene, "by-tag", "b", "");
    for (words, pulled) in [("build own", true), ("--offline build own", false)] {
        let before = scene.docker().calls().len();
        let _ = scene.pipe(words).ended();
        let calls = scene.docker().calls();
        assert_eq!(calls[before..].iter().any(|call| call[0] == "pull"), pulled);
    }
    // An image that has the digest and not the layers is not the locked one.
    image(&scene, "locked", "c", &format!("\"python@{DIGEST}\""));
    fs::remove_file(scene.folder("docker").join("built")).unwrap();
    let _ = scene.pipe("build own").ended();
    assert_eq!(bases(&scene), ["python:3.13-slim", "python:3.13-slim"]);
}

#[test]
fn the_first_run_on_a_terminal_records_the_base_image() {
    let scene = scene();
    image(&scene, "by-tag", "a", &format!("\"python@{DIGEST}\""));
    let lock = scene.project().join(".docker/pipe.lock");
    // A job of CI would lose the file, and a commit from a hook would not have it.
    for (name, value) in [("CI", "true"), ("GIT_INDEX_FILE", ".git/index")] {
        let (status, shown) = scene.pipe("build own").with(name, value).on_terminal().end();
        assert!(status.success(), "{shown}");
        assert!(!lock.exists(), "{name}");
    }
    assert_eq!(scene.pipe("build own").ended().status, Some(0));
    assert!(!lock.exists(), "without a terminal");
    let (status, shown) = scene.pipe("build own").on_terminal().end();
    assert!(shown.contains("recorded the base image in `.docker/pipe.lock`; commit it"), "{shown}");
    assert!(status.success());
    assert!(fs::read_to_string(&lock).unwrap().contains(DIGEST));
    let calls = scene.docker().calls().len();
    assert!(scene.pipe("build own").on_terminal().end().0.success());
    let probes = scene.docker().calls().split_off(calls);
    assert!(!probes.concat().iter().any(|word| word == "python3"), "{probes:?}");
}

#[test]
fn a_job_of_a_project_that_does_not_record_its_base_warns() {
    let scene = scene();
    image(&scene, "by-tag", "a", "");
    let warning = "`.docker/pipe.lock` is missing, so other machines can have another fingerprint";
    let run = |scene: &Scene| scene.pipe("run own --no-cache").with("CI", "true").ended();
    let ended = run(&scene);
    assert!(ended.stdout.contains(warning), "{ended:?}");
    let doctor = scene.pipe("doctor").ended();
    assert!(doctor.stdout.contains("`.docker/pipe.lock` is missing"), "{doctor:?}");
    assert_eq!(scene.pipe("update base").ended().status, Some(0));
    let ended = run(&scene);
    assert!(!ended.stdout.contains(warning), "{ended:?}");
}

#[test]
fn an_image_that_was_built_on_another_base_is_removed() {
    for (layer, processor) in [("b", "amd64"), ("a", "arm64")] {
        let scene = scene_building("foreign");
        image(&scene, "by-tag", "a", "");
        image_for(&scene, "foreign", layer, "", processor);
        let ended = scene.pipe("build own").ended();
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let expected = "was built on another image than the `python:3.13-slim` of this engine";
        assert!(ended.stderr.contains(expected), "{ended:?}");
        let calls = scene.docker().calls();
        let removal = calls.iter().find(|call| call[..2] == ["image", "rm"]).unwrap();
        assert!(removal.iter().filter(|word| word.starts_with("cargo-pipe/own:")).count() == 3);
        assert!(calls.iter().any(|call| call.contains(&"--builder".to_owned())), "{calls:?}");
    }
}

#[test]
fn an_image_of_jobs_on_another_base_is_neither_pushed_nor_kept() {
    let scene = Scene::with_project().file("pipe.toml", "[image]\nregistry = \"r.example/p\"\n");
    let docker = scene.docker();
    docker.on(&["imagetools"]).code(1);
    docker
        .on(&["image", "inspect", "r.example/p:"])
        .script("[ -e $FAKE/built ] && cat $FAKE/of-jobs\n");
    docker.on(&["image", "inspect"]).script("cat $FAKE/by-tag\n");
    docker.on(&["buildx", "build"]).script("cat > $FAKE/built\n");
    image(&scene, "by-tag", "a", "");
    image(&scene, "of-jobs", "b", "");
    let count = |words: &[&str]| {
        let calls = docker.calls();
        calls.iter().filter(|call| call[..words.len()] == *words).count()
    };
    for (words, builds) in [("build --ci-image --push", 1), ("build --ci-image", 2)] {
        let ended = scene.pipe(words).ended();
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let expected = "was built on another image than the `python:3.13-slim` of this engine";
        assert!(ended.stderr.contains(expected), "{ended:?}");
        let counts = (count(&["buildx", "build"]), count(&["image", "rm"]), count(&["push"]));
        assert_eq!(counts, (builds, builds, 0), "{words}");
    }
    image(&scene, "of-jobs", "a", "");
    let ended = scene.pipe("build --ci-image").ended();
    assert_eq!((ended.status, count(&["buildx", "build"])), (Some(0), 2), "{ended:?}");
}

/// An empty folder on a machine whose docker has the base image.
fn machine() -> Scene {
    let scene = Scene::new();
    let docker = scene.docker();
    docker.on(&["image", "inspect"]).script("cat $FAKE/by-tag\n");
    docker.on(&["version", "Os"]).stdout("linux/amd64\n");
    image(&scene, "by-tag", "a", &format!("\"python@{DIGEST}\""));
    scene
}

#[test]
fn init_records_the_base_image_of_a_new_project() {
    let scene = machine();
    scene.docker().on(&["run", "python3"]).stdout(PROBE);
    let ended = scene.pipe("init --ci gitlab").ended();
    assert_eq!(ended.status, Some(0));
    let note = "recorded the base image in `.docker/pipe.lock`, and updated `.gitlab-ci.yml`";
    assert!(ended.stderr.contains(note), "{ended:?}");
    for path in [".docker/pipe.lock", ".gitlab-ci.yml"] {
        let text = fs::read_to_string(scene.project().join(path)).unwrap();
        assert!(text.contains(DIGEST), "{path}: {text}");
    }
    assert_eq!(scene.pipe("sync --check").ended().status, Some(0));
    // In a project that exists, that is for runs and `update`.
    fs::remove_file(scene.project().join(".docker/pipe.lock")).unwrap();
    let calls = scene.docker().calls().len();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    assert_eq!(scene.docker().calls().len(), calls);
}

#[test]
fn init_asks_no_engine_in_ci_offline_or_on_request() {
    for (words, ci) in [
        ("init", "true"),
        ("init --offline", ""),
        ("init --no-lock", ""),
        ("init --dry-run", ""),
        ("init --engine venv", ""),
    ] {
        let scene = machine();
        assert_eq!(scene.pipe(words).with("CI", ci).ended().status, Some(0), "{words}");
        assert_eq!(scene.docker().calls(), Vec::<Vec<String>>::new(), "{words}");
    }
}

#[test]
fn init_succeeds_where_the_base_image_cannot_be_recorded() {
    let full = machine();
    full.docker().on(&["run", "python3"]).stderr("no space left on device\n").code(125);
    let hanging = Scene::new();
    hanging.docker().on(&["version"]).hangs();
    for (scene, reason) in [(full, "no space left on device"), (hanging, "within 1s")] {
        let ended = scene.pipe("init demo").with("CARGO_PIPE_DOCKER_TIMEOUT", "1s").ended();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let warning = "warning: the base image was not recorded: ";
        let (_, message) = ended.stderr.split_once(warning).unwrap_or_else(|| panic!("{ended:?}"));
        assert!(message.contains(reason), "{message}");
        let hint = "hint: run `cargo pipe -C demo update base` to record it";
        assert!(message.contains(hint), "{message}");
        assert!(message.contains("files written"), "{message}");
        assert!(!scene.project().join("demo/.docker/pipe.lock").exists());
    }
}

#[test]
fn init_is_silent_about_a_base_image_without_an_engine() {
    let scene = Scene::new();
    scene.docker().on(&["version"]).stderr("Cannot connect to the Docker daemon\n").code(1);
    let ended = scene.pipe("init").ended();
    assert_eq!(ended.status, Some(0));
    assert!(!ended.stderr.contains("base image"), "{ended:?}");
    assert_eq!(scene.docker().calls().len(), 1);
}
