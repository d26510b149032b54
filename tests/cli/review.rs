//! The changed files that decide what checks report, as a reviewer gets them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cargo_pipe::report::json::{JsonReport, from_json};

use crate::container::{PROOF, scene as container_scene};
use crate::scene::Scene;
use crate::start;

/// Runs git in a folder and returns what it prints.
pub(crate) fn git(folder: &Path, words: &str) -> String {
    let output = start::command("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(["-c", "protocol.file.allow=always", "-c", "advice.addEmbeddedRepo=false"])
        .args(words.split(' '))
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Path) {
    git(folder, "add --all");
    git(folder, "commit --quiet --message change");
}

/// A project whose checks pass, in a repository with one commit on `main`, and a branch.
fn scene() -> Scene {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    git(&scene.project(), "init --quiet --initial-branch main");
    let scene = scene.file("tools/hook.py", "").file("tools/other.py", "");
    commit(&scene.project());
    git(&scene.project(), "switch --quiet --create work");
    scene
}

/// The files to review, each with its kind; none if no commit to compare with was known.
fn review(scene: &Scene, words: &str, variables: &[(&str, &str)]) -> Option<Vec<String>> {
    let report = report(scene, words, variables);
    let files = report.review?.files;
    Some(files.iter().map(|file| format!("{} {}", file.kind.name(), file.path)).collect())
}

fn report(scene: &Scene, words: &str, variables: &[(&str, &str)]) -> JsonReport {
    let mut run = scene.pipe(words).arg_all("--message-format json");
    for (name, value) in variables {
        run = run.with(name, value);
    }
    let ended = run.ended();
    from_json(&ended.unredacted_stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn changed_configuration_plugins_locks_and_pipelines_are_listed_for_a_reviewer() {
    let scene = scene();
    let append = |path: &str, text: &str| {
        let path = scene.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, before + text).unwrap();
    };
    append(".config/.pylintrc", "\n[MAIN]\nload-plugins=hook\n");
    append("pipe.toml", "\n[checks.own]\nrun = [\"python\", \"tools/other.py\"]\n");
    append("tools/hook.py", "x = 1\n");
    append("tools/other.py", "x = 1\n");
    append("tools/unused.py", "x = 1\n");
    append("src/main.py", "x = 1\n");
    append("src/package/mypy.ini", "[mypy]\n");
    append("tests/conftest.py", "x = 1\n");
    append(".gitignore", "*.log\n");
    append(".config/of-a-plugin", "x\n");
    for lock in ["ruff.txt", "of-another-check.lock"] {
        append(&format!(".docker/requirements/{lock}"), "# x\n");
    }
    for file in [".docker/Dockerfile", ".docker/pipe.lock"] {
        append(file, "# x\n");
    }
    for lock in ["Pipfile.lock", "poetry.lock", "pylock.toml", "requirements.txt", "uv.lock"] {
        append(lock, "# x\n");
    }
    append(".gitlab-ci.yml", "# x\n");
    append(".github/workflows/other.yml", "on: push\n");
    fs::remove_file(scene.project().join(".config/mypy.ini")).unwrap();
    commit(&scene.project());
    let listed = review(&scene, "run-all --allow host --changed main", &[]).unwrap();
    assert_eq!(
        listed,
        [
            "configuration .config/.pylintrc",
            "configuration .config/mypy.ini",
            "configuration .config/of-a-plugin",
            "environment .docker/Dockerfile",
            "environment .docker/pipe.lock",
            "environment .docker/requirements/of-another-check.lock",
            "environment .docker/requirements/ruff.txt",
            "pipeline .github/workflows/other.yml",
            "configuration .gitignore",
            "pipeline .gitlab-ci.yml",
            "environment Pipfile.lock",
            "configuration pipe.toml",
            "environment poetry.lock",
            "environment pylock.toml",
            "environment requirements.txt",
            "configuration src/package/mypy.ini",
            "plugin tests/conftest.py",
            "plugin tools/hook.py",
            "plugin tools/other.py",
            "environment uv.lock",
        ]
    );
}

#[test]
fn the_job_of_a_merge_request_lists_them_in_every_text() {
    let scene = scene();
    let base = git(&scene.project(), "rev-parse main");
    fs::write(scene.project().join(".gitlab-ci.yml"), "x: y\n").unwrap();
    commit(&scene.project());
    let run = || scene.pipe("ruff").with("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base);
    let ended = run().arg_all("--report markdown=markdown").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let line = "review: 1 file that decides what checks report changed since";
    assert!(ended.stdout.contains(line), "{ended:?}");
    assert!(ended.stdout.contains("\n    .gitlab-ci.yml (pipeline)\n"), "{ended:?}");
    let markdown = fs::read_to_string(scene.project().join("markdown")).unwrap();
    assert!(markdown.contains("- <code>.gitlab-ci.yml</code> (pipeline)\n"), "{markdown}");
    git(&scene.project(), "revert --no-edit HEAD");
    let ended = run().ended();
    assert!(!ended.stdout.contains("review"), "{ended:?}");
}

#[test]
fn pipelines_above_the_project_are_listed_too() {
    let scene = Scene::with_project();
    scene.docker().on(&["version"]).code(1);
    let repository = scene.project().parent().unwrap().to_owned();
    git(&repository, "init --quiet --initial-branch main");
    git(&repository, "add project");
    git(&repository, "commit --quiet --message base");
    fs::write(repository.join(".gitlab-ci.yml"), "x: y\n").unwrap();
    fs::write(repository.join("pyproject.toml"), "").unwrap();
    fs::write(scene.project().join("pyproject.toml"), "").unwrap();
    git(&repository, "add .gitlab-ci.yml pyproject.toml project/pyproject.toml");
    let listed = review(&scene, "run-all --changed HEAD", &[]).unwrap();
    assert_eq!(listed, ["pipeline ../.gitlab-ci.yml", "configuration pyproject.toml"]);
}

#[test]
fn git_is_asked_for_them_only_if_a_commit_to_compare_with_is_named() {
    let scene = scene();
    let bin = scene.folder("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("git"), "#!/bin/sh\n: > \"$TMPDIR/asked\"\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    // A cached run asks git nothing else.
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert_eq!(review(&scene, "ruff", &[("PATH", &path)]), None);
    assert!(!scene.folder("tmp/asked").exists());
    let report = report(&scene, "ruff", &[("PATH", &path), ("GITHUB_BASE_REF", "main")]);
    assert!(scene.folder("tmp/asked").exists());
    assert!(report.review.is_none());
    assert!(report.warnings[0].starts_with("cannot list which configuration"), "{report:?}");
}

#[test]
fn a_shallow_clone_of_a_pull_request_of_github_has_its_base() {
    let scene = scene();
    let project = scene.project();
    fs::write(project.join(".gitlab-ci.yml"), "x: y\n").unwrap();
    commit(&project);
    git(&project, "switch --quiet main");
    fs::write(project.join("README.md"), "x\n").unwrap();
    commit(&project);
    git(&project, "merge --quiet --no-ff --no-edit work");
    let clone = scene.folder("clone");
    let url = format!("file://{}", project.display());
    let depth = |depth: &str| {
        let _ = fs::remove_dir_all(&clone);
        let options = format!("clone --quiet --depth {depth} {url} clone");
        git(clone.parent().unwrap(), &options);
        git(&clone, "checkout --quiet --detach");
        git(&clone, "remote remove origin");
        git(&clone, "branch --quiet -D main");
    };
    let variables = [("GITHUB_BASE_REF", "main"), ("GITHUB_REF", "refs/pull/1/merge")];
    depth("2");
    let words = format!("-C {} ruff", clone.display());
    let listed = review(&scene, &words, &variables).unwrap();
    assert_eq!(listed, ["pipeline .gitlab-ci.yml"]);
    depth("1");
    let report = report(&scene, &words, &variables);
    assert!(report.review.is_none());
    let warning = &report.warnings[0];
    assert!(warning.contains("`origin/main`, which `GITHUB_BASE_REF` names"), "{warning}");
    assert!(warning.contains("git fetch --unshallow"), "{warning}");
}
