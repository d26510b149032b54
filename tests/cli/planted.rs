//! Folders of our own in the checkout, which a commit must not be able to fill.

use std::fs;
use std::os::unix::fs::symlink;

use snapbox::str;

use crate::cache::{ready, report};
use crate::review::git;
use crate::scene::{Ended, Scene};
use crate::start;

/// The cache of a GitLab job.
const CACHE: &str = "project/.cache/cargo-pipe";

/// A project in a repository.
fn scene() -> Scene {
    let scene = Scene::with_project();
    git(&scene.project(), "init --quiet --initial-branch main");
    git(&scene.project(), "add pipe.toml src");
    scene
}

fn list(scene: &Scene, variable: &str, folder: &str) -> Ended {
    let folder = scene.folder(folder);
    scene.pipe("list").with(variable, folder.to_str().unwrap()).ended()
}

#[track_caller]
fn is_refused(ended: &Ended, what: &str) {
    assert_eq!(ended.status, Some(2), "{what}: {ended:?}");
    assert!(ended.stderr.contains("a commit could"), "{what}: {ended:?}");
    assert!(ended.stderr.contains("outside of the checkout"), "{what}: {ended:?}");
}

#[test]
fn a_result_that_a_commit_brings_is_not_used() {
    let scene = ready();
    let cache = scene.folder(CACHE);
    let run = || scene.pipe("ruff").with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    git(&scene.project(), "init --quiet");
    assert_eq!(run().ended().status, Some(1));
    let hit = run().ended();
    assert!(hit.status == Some(1) && hit.stdout.contains("hit"), "{hit:?}");
    git(&scene.project(), "add --force .cache/cargo-pipe/CACHEDIR.TAG");
    run().ends(
        2,
        "",
        str![[r#"
error: [PROJECT]/.cache/cargo-pipe: `[PROJECT]/.cache/cargo-pipe/CACHEDIR.TAG` is tracked by git, so a commit could bring results and environments

hint: `git rm -r --cached [PROJECT]/.cache/cargo-pipe` and ignore it, or set `CARGO_PIPE_CACHE_DIR` to a folder outside of the checkout

"#]],
    );
    git(&scene.project(), "rm --quiet -r --cached .cache/cargo-pipe");
    assert_eq!(run().ended().status, Some(1));
}

#[test]
fn every_believed_folder_in_the_checkout_is_refused_if_git_tracks_anything_of_it() {
    let folders = [
        ("CARGO_PIPE_CACHE_DIR", "project/it", "it/results/files/x"),
        ("CARGO_PIPE_ENVIRONMENTS", "project/it", "it/key/bin/python"),
        ("XDG_CACHE_HOME", "project/it", "it/cargo-pipe/environments/key/bin/ruff"),
        ("XDG_STATE_HOME", "project/it", "it/cargo-pipe/trust/x.json"),
        ("HOME", "project/it", "it/.local/state/cargo-pipe/trust/x.json"),
        ("HOME", "project/it", "it/.cache/cargo-pipe/results/x"),
        ("HOME", "project", ".cache/uv/archive-v0/x"),
        ("UV_CACHE_DIR", "project/it", "it/archive-v0/x"),
        ("PIP_CACHE_DIR", "project/it", "it/wheels/x"),
    ];
    for (variable, folder, file) in folders {
        let scene = scene().file(file, "");
        assert_eq!(list(&scene, variable, folder).status, Some(0), "{variable}: untracked");
        git(&scene.project(), "add --force .");
        is_refused(&list(&scene, variable, folder), variable);
    }
}

#[test]
fn a_tracked_link_or_another_case_of_the_name_leads_to_a_planted_cache_as_well() {
    let links = [
        (".cache", "vendored"),
        (".cache/cargo-pipe", "../vendored"),
        (".cache/cargo-pipe/results", "../../vendored/results"),
        (".cache", "/nowhere"),
    ];
    for (link, target) in links {
        let planted = scene().file("vendored/results/x", "");
        let path = planted.project().join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, &path).unwrap();
        git(&planted.project(), &format!("add --force {link}"));
        is_refused(&list(&planted, "CARGO_PIPE_CACHE_DIR", CACHE), link);
    }
    let planted = scene().file("vendored/results/x", "");
    // The link is the user's own, and what it leads to is tracked.
    git(&planted.project(), "add vendored");
    symlink(planted.project().join("vendored"), planted.folder("link")).unwrap();
    is_refused(&list(&planted, "CARGO_PIPE_CACHE_DIR", "link"), "a link from outside");
    is_refused(&list(&planted, "CARGO_PIPE_CACHE_DIR", "link/x/.."), "a link from outside");

    let capital = scene().file(".Cache/Cargo-Pipe/results/x", "");
    git(&capital.project(), "add --force .");
    is_refused(&list(&capital, "CARGO_PIPE_CACHE_DIR", CACHE), "another case");
}

#[test]
fn a_cache_in_the_checkout_is_used_as_long_as_git_tracks_nothing_of_it() {
    let scene = scene()
        .file(".cache/cargo-pipe/results/x", "")
        .file(".cache/cargo-pipe-other/x", "")
        .file(".cache/.gitignore", "cargo-pipe\n");
    git(&scene.project(), "add .");
    assert_eq!(list(&scene, "CARGO_PIPE_CACHE_DIR", CACHE).status, Some(0));

    // Another repository that does not belong to the checkout.
    let other = scene.folder("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("x"), "").unwrap();
    git(&other, "init --quiet");
    git(&other, "add x");
    assert_eq!(list(&scene, "CARGO_PIPE_CACHE_DIR", "other").status, Some(0));
}

#[test]
fn a_submodule_around_the_project_or_below_it_has_an_index_of_its_own() {
    let inner = scene();
    git(&inner.project(), "commit --quiet --message x");
    // A project in a submodule, and the cache of both in the folder of the outer checkout.
    let root = inner.folder(".");
    git(&root, "init --quiet");
    git(&root, "add project");
    assert_eq!(list(&inner, "CARGO_PIPE_CACHE_DIR", CACHE).status, Some(0));
    assert_eq!(list(&inner, "CARGO_PIPE_CACHE_DIR", "outer").status, Some(0));
    fs::create_dir(inner.folder("outer")).unwrap();
    fs::write(inner.folder("outer/x"), "").unwrap();
    git(&root, "add outer/x");
    is_refused(&list(&inner, "CARGO_PIPE_CACHE_DIR", "outer"), "the outer checkout");

    // A submodule that is the cache, or lies in it.
    for name in ["project/cache", "project/cache/results"] {
        let outer = scene();
        let module = outer.folder(name);
        fs::create_dir_all(&module).unwrap();
        git(&module, "init --quiet");
        fs::write(module.join("x"), "").unwrap();
        git(&module, "add x");
        git(&module, "commit --quiet --message x");
        git(&outer.project(), &format!("add --force {}", &name["project/".len()..]));
        is_refused(&list(&outer, "CARGO_PIPE_CACHE_DIR", "project/cache"), name);
    }
}

#[test]
fn every_form_of_an_index_is_read_or_refused() {
    let tracked = ".cache/cargo-pipe/results/x";
    for version in ["2", "3", "4"] {
        let scene = scene().file(tracked, "");
        git(&scene.project(), "add --force --intent-to-add .");
        git(&scene.project(), &format!("update-index --index-version {version}"));
        is_refused(&list(&scene, "CARGO_PIPE_CACHE_DIR", CACHE), version);
        git(&scene.project(), "rm --quiet -r --cached .cache");
        let others = list(&scene, "CARGO_PIPE_CACHE_DIR", CACHE);
        assert_eq!(others.status, Some(0), "{version}: {others:?}");
    }

    let sha256 = Scene::with_project().file(tracked, "");
    git(&sha256.project(), "init --quiet --object-format sha256");
    git(&sha256.project(), "add src");
    assert_eq!(list(&sha256, "CARGO_PIPE_CACHE_DIR", CACHE).status, Some(0));
    git(&sha256.project(), "add --force .");
    is_refused(&list(&sha256, "CARGO_PIPE_CACHE_DIR", CACHE), "SHA-256");

    // Folders of a sparse checkout are one entry each.
    let sparse = scene().file(tracked, "").file("aside/x", "");
    git(&sparse.project(), "add --force .");
    git(&sparse.project(), "commit --quiet --message x");
    git(&sparse.project(), "sparse-checkout set --cone --sparse-index src");
    is_refused(&list(&sparse, "CARGO_PIPE_CACHE_DIR", CACHE), "sparse");
    assert_eq!(list(&sparse, "CARGO_PIPE_CACHE_DIR", "project/free").status, Some(0));

    let split = scene();
    git(&split.project(), "update-index --split-index");
    let ended = list(&split, "CARGO_PIPE_CACHE_DIR", CACHE);
    is_refused(&ended, "split");
    assert!(ended.stderr.contains("it is split into two files"), "{ended:?}");

    let damaged = scene();
    fs::write(damaged.project().join(".git/index"), "DIRC").unwrap();
    is_refused(&list(&damaged, "CARGO_PIPE_CACHE_DIR", CACHE), "damaged");
    // Only the indexes matter that belong to a believed folder.
    assert_eq!(damaged.pipe("list").ended().status, Some(0));
}

#[test]
fn a_linked_worktree_is_judged_by_its_own_index() {
    let scene = scene();
    let project = scene.project();
    git(&project, "commit --quiet --message x");
    git(&project, "worktree add --quiet --detach ../linked");
    let linked = scene.folder("linked");
    let cache = linked.join(".cache/cargo-pipe");
    fs::create_dir_all(cache.join("results")).unwrap();
    fs::write(cache.join("results/x"), "").unwrap();
    let list = || {
        scene.pipe("list").with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap()).ended_in(&linked)
    };
    assert_eq!(list().status, Some(0));
    git(&linked, "add --force .");
    is_refused(&list(), "a linked worktree");
}

#[test]
fn a_cache_outside_of_the_checkout_costs_no_index_to_be_read() {
    let scene = ready();
    git(&scene.project(), "init --quiet");
    report(&scene, "ruff");
    let strace = which::which("strace").unwrap();
    let notes = scene.folder("trace");
    let words = ["-e", "trace=openat"];
    let mut command = start::command(&strace);
    command.args(words).arg("-o").arg(&notes).arg(env!("CARGO_BIN_EXE_cargo-pipe")).arg("ruff");
    let home = scene.folder("home");
    command.env("HOME", home).env("CARGO_PIPE_DOCKER", scene.docker().program());
    command.env("CARGO_PIPE_ENGINE", "docker").env_remove("XDG_CACHE_HOME");
    assert_eq!(command.current_dir(scene.project()).output().unwrap().status.code(), Some(1));
    let trace = fs::read_to_string(notes).unwrap();
    assert!(trace.contains("pipe.toml") && !trace.contains("/.git/"), "{trace}");
}
