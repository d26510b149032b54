//! A project in a folder of a repository, whose pipelines are at the repository's root.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cargo_pipe::discover;
use cargo_pipe::scaffold::adopt::AdoptionRequest;
use cargo_pipe::scaffold::{self, DriftKind, Edited, InitRequest, ScaffoldError, Scaffolding};

use crate::removal::remove;
use crate::{PLAIN, files, folder};

const API: &str = ".gitlab/pipe-svc--api.yml";
const WEB: &str = ".gitlab/pipe-web.yml";
const WORKFLOW: &str = ".github/workflows/pipe-svc--api.yml";

/// Sets up a project with a pipeline for both forges.
fn init(place: &Path) -> Result<Scaffolding, ScaffoldError> {
    let adoption =
        AdoptionRequest { gitlab: Some(true), github: Some(true), ..AdoptionRequest::default() };
    scaffold::init(place, &InitRequest { adoption, ..PLAIN })
}

/// The pipelines of a repository.
fn pipelines(root: &Path) -> BTreeSet<String> {
    let all = files(root).into_keys();
    all.filter(|path| path.ends_with(".yml")).collect()
}

fn drift(place: &Path) -> Vec<(String, DriftKind)> {
    let drifts = scaffold::drift(&discover::find(place).unwrap()).unwrap();
    drifts.into_iter().map(|drift| (drift.location.to_string(), drift.kind)).collect()
}

fn sync(place: &Path) {
    let drifts = scaffold::drift(&discover::find(place).unwrap()).unwrap();
    scaffold::sync(&drifts, Edited::Stay).unwrap();
}

fn missing_include(place: &Path) -> Option<String> {
    let file = scaffold::missing_include(&discover::find(place).unwrap()).unwrap();
    file.map(|file| file.path().to_string())
}

#[test]
fn pipelines_are_where_forges_read_them() {
    let root = folder(&[(".git/HEAD", "")]);
    let api = root.path().join("svc/api");
    let done = init(&api).unwrap();
    let changed: Vec<String> = done.changes.iter().map(|it| it.location.to_string()).collect();
    for path in [".gitlab-ci.yml", API, WORKFLOW] {
        assert!(changed.contains(&format!("../../{path}")), "{changed:?}");
    }
    assert_eq!(pipelines(root.path()), [WORKFLOW, ".gitlab-ci.yml", API].map(str::to_owned).into());
    assert_eq!((done.include, missing_include(&api)), (None, None));
    assert_eq!(drift(&api), []);

    // Every path and name in them is that of this project in the repository.
    let text = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
    for (path, words) in [
        (API, ["cargo-pipe:svc/api:", "- cd svc/api/\n", "svc/api/cargo-pipe.json"]),
        (WORKFLOW, ["name: pipe svc/api\n", "working-directory: svc/api/", "\"svc/api/**\""]),
    ] {
        words.iter().for_each(|word| assert!(text(path).contains(word), "{word} in {path}"));
        assert!(!text(path).contains(" cargo-pipe.json"), "{path}");
    }
}

#[test]
fn projects_share_the_pipeline_of_their_repository_until_the_last_is_removed() {
    let root = folder(&[(".git/HEAD", "")]);
    let (api, web) = (root.path().join("svc/api"), root.path().join("web"));
    init(&api).unwrap();
    assert_eq!(init(&web).unwrap().include, None);
    assert_eq!((drift(&api), drift(&web)), (vec![], vec![]));
    remove(&api);
    let web_pipelines = [".github/workflows/pipe-web.yml", ".gitlab-ci.yml", WEB];
    assert_eq!(pipelines(root.path()), web_pipelines.map(str::to_owned).into());
    assert_eq!(drift(&web), []);
    remove(&web);
    assert_eq!(files(root.path()).keys().collect::<Vec<_>>(), [".git/HEAD"]);
}

#[test]
fn a_pipeline_of_ones_own_has_to_include_the_jobs() {
    let own = "stages: [build, check]\n";
    let root = folder(&[(".git/HEAD", ""), (".gitlab-ci.yml", own)]);
    let api = root.path().join("svc/api");
    let include = init(&api).unwrap().include.unwrap();
    assert_eq!(include.path().as_str(), API);
    assert_eq!(missing_include(&api).as_deref(), Some(API));
    let pipeline = root.path().join(".gitlab-ci.yml");
    assert_eq!(fs::read_to_string(&pipeline).unwrap(), own);
    // Its first stage, and no second pipeline for a merge request.
    let jobs = fs::read_to_string(root.path().join(API)).unwrap();
    assert!(jobs.contains("  stage: build\n") && jobs.contains("merge_request_event"), "{jobs}");
    fs::write(&pipeline, format!("{own}include:\n  - local: {API}\n")).unwrap();
    assert_eq!(missing_include(&api), None);
    assert_eq!(drift(&api), []);
}

#[test]
fn a_project_that_moves_below_the_root_leaves_no_pipeline_that_nobody_reads() {
    let root = folder(&[]);
    let api = root.path().join("svc/api");
    init(&api).unwrap();
    assert_eq!(
        pipelines(&api),
        [".github/workflows/pipe.yml", ".gitlab-ci.yml"].map(str::to_owned).into()
    );
    fs::create_dir(root.path().join(".git")).unwrap();
    let kinds: Vec<DriftKind> = drift(&api).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [[DriftKind::Missing; 3].as_slice(), &[DriftKind::Unneeded; 2]].concat());
    sync(&api);
    assert_eq!(pipelines(root.path()), [WORKFLOW, ".gitlab-ci.yml", API].map(str::to_owned).into());
    assert_eq!(drift(&api), []);
}

#[test]
fn a_folder_that_pipelines_cannot_name_is_refused_before_anything_is_written() {
    let root = folder(&[(".git/HEAD", "")]);
    for name in ["a b", "a$(id)", "a:b", "a'", "a*", "é", "-a", "[a]"] {
        let place = root.path().join(name);
        let error = init(&place).unwrap_err();
        assert!(matches!(error, ScaffoldError::Folder(_)), "{name}: {error}");
        assert!(error.hint().unwrap().contains("gitlab = false"));
        assert!(!place.exists(), "{name}");
        // Without a pipeline any name will do.
        scaffold::init(&place, &PLAIN).unwrap();
        assert_eq!(drift(&place), []);
    }
}
