//! The command `sync`.

use std::fs;

use snapbox::str;

use crate::scene::Scene;

#[test]
fn a_difference_is_shown_and_then_written() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene.pipe("sync --check").ends(0, "", "the generated files are up to date\n");
    let settings = scene.project().join("pipe.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("apt = []", "apt = [\"libpq5\"]")).unwrap();
    scene.pipe("sync --check").ends(
        1,
        str![[r#"
--- a/.docker/Dockerfile
+++ b/.docker/Dockerfile
...
 FROM ${BASE} AS base
+RUN --mount=type=secret,id=network --mount=type=secret,id=ca /
...

"#]],
        str![[r#"
outdated  .docker/Dockerfile

not up to date: 1 generated file

hint: run `cargo pipe sync` to update the files that were not edited

"#]],
    );
    scene.pipe("sync").ends(
        0,
        "",
        str![[r#"
updated   .docker/Dockerfile

the generated files are up to date

"#]],
    );
    scene.pipe("sync").ends(
        0,
        "",
        str![[r#"
the generated files are up to date

"#]],
    );
}

#[test]
fn an_edited_file_is_refused_with_the_difference() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let place = scene.project().join(".docker/Dockerfile");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("{text}RUN true\n")).unwrap();
    scene.pipe("sync").ends(1, str![[r#"
--- a/.docker/Dockerfile
+++ b/.docker/Dockerfile
...
-RUN true

"#]], str![[r#"
edited    .docker/Dockerfile

not up to date: 1 generated file

hint: run `cargo pipe sync --force` to discard the edits, or remove the first line of a file to keep it as your own

"#]]);
    assert_eq!(fs::read_to_string(&place).unwrap(), format!("{text}RUN true\n"));
    scene.pipe("sync --check -q").ends(1, "", "");
    scene.pipe("sync --force").ends(
        0,
        "",
        str![[r#"
updated   .docker/Dockerfile

the generated files are up to date

"#]],
    );
    assert_eq!(fs::read_to_string(&place).unwrap(), text);
}

#[test]
fn a_folder_without_a_project_is_an_error() {
    let scene = Scene::new();
    scene.pipe("sync").finds_no_project();
}

#[test]
fn a_package_can_have_a_job_of_its_own() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init --ci gitlab,github").ended().status, Some(0));
    let file = |path: &str| scene.project().join(path);
    let settings = fs::read_to_string(file("pipe.toml")).unwrap();
    let packages = "\n[checks.all]\nrun = [\"true\"]\nper-package = false\n\
                    [packages.core]\n[packages.api.checks.ruff]\nenabled = false\n";
    let settings = settings.replace("\"run-all\"", "\"per-package\"") + packages;
    fs::write(file("pipe.toml"), settings).unwrap();
    assert_eq!(scene.pipe("sync").ended().status, Some(0));
    let gitlab = fs::read_to_string(file(".gitlab-ci.yml")).unwrap();
    let github = fs::read_to_string(file(".github/workflows/pipe.yml")).unwrap();
    for (job, checks) in [
        ("project", "all"),
        ("core", "core:lint core:format core:mypy core:ruff"),
        ("api", "api:lint api:format api:mypy"),
    ] {
        assert!(gitlab.contains(&format!("\ncargo-pipe:{job}:\n")), "{gitlab}");
        assert!(gitlab.contains(&format!(" run {checks} --engine")), "{gitlab}");
        let matrix = format!("- check: {job}\n            command: \"run {checks}\"\n");
        assert!(github.contains(&matrix), "{github}");
    }
}

/// Where the job is the container, and nowhere else.
#[test]
fn jobs_grant_what_runs_code_of_the_project() {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init --ci gitlab,github").ended().status, Some(0));
    let file = |path: &str| scene.project().join(path);
    let settings = fs::read_to_string(file("pipe.toml")).unwrap();
    let own = "\n[checks.test]\ntool = \"pytest\"\nsource = [\"src\"]\n\n\
               [checks.own]\nrun = [\"true\"]\n";
    let plugin = fs::read_to_string(file(".config/mypy.ini")).unwrap() + "plugins = mine\n";
    fs::write(file(".config/mypy.ini"), plugin).unwrap();
    let granted = |settings: &str| {
        fs::write(file("pipe.toml"), settings.replace("\"run-all\"", "\"per-check\"")).unwrap();
        assert_eq!(scene.pipe("sync").ended().status, Some(0));
        assert!(!fs::read_to_string(file(".github/workflows/pipe.yml")).unwrap().contains("host"));
        let pipeline = fs::read_to_string(file(".gitlab-ci.yml")).unwrap();
        let calls =
            pipeline.lines().filter_map(|line| line.split_once("cargo-pipe run ")?.1.into());
        let calls = calls.filter(|call: &&str| call.contains(" --allow host"));
        calls.map(|call| call.split(' ').next().unwrap().to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(granted(&(settings.clone() + own)), ["mypy", "test", "own"]);
    assert_eq!(granted(&(settings.replace("\"image\"", "\"socket\"") + own)), [""; 0]);
    let built = settings.replace("[python]\n", "[python]\nfrom-source = [\"docopt\"]\n");
    assert_eq!(granted(&built), ["lint", "format", "mypy", "ruff"]);
}
