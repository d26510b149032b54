//! The files that `init` writes, keeps and refuses, in folders on a real disk.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cargo_pipe::config::GitlabJobs;
use cargo_pipe::config::layer::Layer;
use cargo_pipe::configure::load_config;
use cargo_pipe::discover;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::scaffold::adopt::AdoptionRequest;
use cargo_pipe::scaffold::{
    FileAction, FixMode, InitRequest, ScaffoldError, Scaffolding, WriteMode,
};
use cargo_pipe::template::{FileOrigin, origin};

mod fixing;
mod in_repository;
mod removal;
mod shapes;
mod sync;

const PLAIN: InitRequest = InitRequest {
    mode: WriteMode::Write,
    fix: FixMode::Report,
    adoption: AdoptionRequest {
        gitlab: None,
        jobs: None,
        github: None,
        xtask: false,
        opinionated: false,
    },
};

/// What happens where nothing is asked for but files.
fn init(folder: &Path, mode: WriteMode) -> Result<Scaffolding, ScaffoldError> {
    cargo_pipe::scaffold::init(folder, &InitRequest { mode, ..PLAIN })
}

/// All that is written into an empty folder, in the order it is reported.
const ALL: &[&str] = &[
    "pipe.toml",
    ".docker/Dockerfile",
    ".docker/requirements/pylint.txt",
    ".docker/requirements/black.txt",
    ".docker/requirements/mypy.txt",
    ".docker/requirements/ruff.txt",
    ".config/.pylintrc",
    ".config/black.toml",
    ".config/mypy.ini",
    ".config/pyproject.toml",
    ".config/pipe.schema.json",
    "src/main.py",
];

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The paths that had this action.
fn with(action: FileAction, folder: &Path, mode: WriteMode) -> Vec<String> {
    let changes = init(folder, mode).unwrap().changes.into_iter();
    let paths = changes.filter(|change| change.action == action);
    paths.map(|change| change.location.to_string()).collect()
}

/// Every file below a folder with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    files
}

#[test]
fn an_empty_folder_gets_everything_and_nothing_else() {
    let root = folder(&[]);
    assert_eq!(with(FileAction::Written, root.path(), WriteMode::Write), ALL);
    let mut expected: Vec<&str> = ALL.to_vec();
    expected.sort_unstable();
    let found = files(root.path());
    assert_eq!(found.keys().collect::<Vec<_>>(), expected);
}

#[test]
fn the_scaffolded_project_has_the_default_settings() {
    let (written, bare) = (folder(&[]), folder(&[("pipe.toml", "")]));
    init(written.path(), WriteMode::Write).unwrap();
    let config = |root: &Path| {
        let project = discover::find(root).unwrap();
        load_config(&project, &EnvVars::default(), Layer::default()).unwrap()
    };
    assert_eq!(config(written.path()), config(bare.path()));
}

#[test]
fn a_folder_that_does_not_exist_is_made() {
    let root = folder(&[]);
    let new = root.path().join("a/b");
    assert_eq!(with(FileAction::Written, &new, WriteMode::Write), ALL);
    assert!(new.join("pipe.toml").is_file());
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let root = folder(&[]);
    let new = root.path().join("a/b");
    assert_eq!(with(FileAction::Written, &new, WriteMode::DryRun), ALL);
    assert!(files(root.path()).is_empty());
    assert!(!root.path().join("a").exists());
}

#[test]
fn the_second_time_changes_nothing() {
    let root = folder(&[]);
    init(root.path(), WriteMode::Write).unwrap();
    let before = files(root.path());
    let changes = init(root.path(), WriteMode::Write).unwrap().changes;
    assert!(changes.iter().all(|it| it.action == FileAction::Unchanged));
    assert_eq!(files(root.path()), before);
}

#[test]
fn a_file_that_exists_is_kept_whatever_it_is() {
    let root = folder(&[(".config/.pylintrc", "mine"), ("src/app.py", "")]);
    symlink("/nowhere", root.path().join("pipe.toml")).unwrap();
    fs::create_dir_all(root.path().join(".config/mypy.ini")).unwrap();
    let adoption = AdoptionRequest { opinionated: true, ..PLAIN.adoption };
    let done = cargo_pipe::scaffold::init(root.path(), &InitRequest { adoption, ..PLAIN }).unwrap();
    let kept = done.changes.iter().filter(|change| change.action == FileAction::Kept);
    let kept: Vec<String> = kept.map(|change| change.location.to_string()).collect();
    assert_eq!(kept, ["pipe.toml", ".config/.pylintrc", ".config/mypy.ini"]);
    let text = fs::read_to_string(root.path().join(".config/.pylintrc")).unwrap();
    assert_eq!(text, "mine");
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn a_project_gets_only_missing_files_in_its_own_folders() {
    let pipe = "config = 'settings'\n\
                [image]\ndockerfile = 'Dockerfile'\n\
                [checks.lint]\nconfig = 'setup.cfg'\n";
    let root = folder(&[("pipe.toml", pipe), ("src/app.py", "")]);
    let written = with(FileAction::Written, root.path(), WriteMode::Write);
    assert!(written.contains(&"settings/black.toml".to_owned()));
    assert!(!written.iter().any(|path| path.ends_with("Dockerfile")));
    assert!(!written.iter().any(|path| path.ends_with("main.py")));
    let text = fs::read_to_string(root.path().join("pipe.toml")).unwrap();
    assert_eq!(text, pipe);
}

#[test]
fn a_workspace_that_configures_us_gets_no_second_configuration() {
    let root = folder(&[("Cargo.toml", "[workspace.metadata.pipe]\n")]);
    let written = with(FileAction::Written, root.path(), WriteMode::Write);
    assert!(!written.contains(&"pipe.toml".to_owned()));
    assert!(discover::find(root.path()).is_ok());
}

#[test]
fn installed_python_files_do_not_suppress_the_example() {
    let root = folder(&[("venv/pyvenv.cfg", ""), ("venv/lib/a.py", "")]);
    let written = with(FileAction::Written, root.path(), WriteMode::Write);
    assert!(written.contains(&"src/main.py".to_owned()));
}

#[test]
fn a_wrong_configuration_is_reported_and_nothing_is_written() {
    let root = folder(&[("pipe.toml", "jobs = 0\n")]);
    let error = init(root.path(), WriteMode::Write).unwrap_err();
    assert_eq!(error.to_string(), "pipe.toml:1:8: `jobs` must be between 1 and 512, got 0");
    assert_eq!(files(root.path()).len(), 1);
}

#[test]
fn nothing_is_written_through_a_link_out_of_the_project() {
    let outside = folder(&[]);
    for name in [".docker", ".config", "src"] {
        let root = folder(&[]);
        symlink(outside.path(), root.path().join(name)).unwrap();
        let error = init(root.path(), WriteMode::Write).unwrap_err().to_string();
        assert!(error.contains("leaves the project"), "{error}");
        assert!(!root.path().join("pipe.toml").exists(), "{name}");
    }
    assert!(files(outside.path()).is_empty());
}

#[test]
fn a_file_where_a_folder_should_be_is_named() {
    let root = folder(&[(".docker", "")]);
    let error = init(root.path(), WriteMode::Write).unwrap_err().to_string();
    assert!(error.contains(".docker"), "{error}");
}

#[test]
fn files_are_readable_by_others_as_far_as_the_mask_allows() {
    let root = folder(&[]);
    init(root.path(), WriteMode::Write).unwrap();
    let plain = root.path().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root.path().join("pipe.toml")), mode(&plain) & 0o644);
}

#[test]
fn many_at_once_write_each_file_once_and_whole() {
    let (root, alone) = (folder(&[]), folder(&[]));
    init(alone.path(), WriteMode::Write).unwrap();
    let written: usize = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| with(FileAction::Written, root.path(), WriteMode::Write).len()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(written, ALL.len());
    assert_eq!(files(root.path()), files(alone.path()));
}

#[test]
fn a_pipeline_is_written_only_where_it_is_wanted() {
    let remote = |url: &str| folder(&[(".git/config", url), ("src/app.py", "")]);
    let gitlab = "[remote \"origin\"]\n\turl = git@gitlab.example.org:team/app.git\n";
    let elsewhere = "[remote \"origin\"]\n\turl = git@git.example.org:team/app.git\n";
    let has_pipeline = |url: &str, gitlab: Option<bool>| {
        let root = remote(url);
        let asked = InitRequest { adoption: AdoptionRequest { gitlab, ..PLAIN.adoption }, ..PLAIN };
        cargo_pipe::scaffold::init(root.path(), &asked).unwrap();
        let first = files(root.path());
        assert_eq!(with(FileAction::Written, root.path(), WriteMode::Write), [""; 0]);
        assert_eq!(files(root.path()), first);
        first.contains_key(".gitlab-ci.yml")
    };
    assert!(has_pipeline(gitlab, None));
    assert!(has_pipeline(gitlab, Some(true)));
    assert!(!has_pipeline(gitlab, Some(false)));
    assert!(!has_pipeline(elsewhere, None));
    assert!(has_pipeline(elsewhere, Some(true)));
}

/// What comes first decides: a schedule audits on protected branches, too.
#[test]
fn pipelines_audit_on_schedules() {
    let root = folder(&[("src/app.py", "")]);
    let adoption = AdoptionRequest { gitlab: Some(true), github: Some(true), ..PLAIN.adoption };
    cargo_pipe::scaffold::init(root.path(), &InitRequest { adoption, ..PLAIN }).unwrap();
    let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
    let gitlab = read(".gitlab-ci.yml");
    let place = |condition: &str, task: &str| {
        let rule =
            format!("    - {condition}\n      variables:\n        CARGO_PIPE_CACHE: {task}\n");
        gitlab.find(&rule).unwrap_or_else(|| panic!("{rule}\n{gitlab}"))
    };
    let schedule = place("if: $CI_PIPELINE_SOURCE == \"schedule\"", "audit");
    assert!(schedule < place("if: $CI_COMMIT_REF_PROTECTED == \"true\"", "refresh"));
    let github = read(".github/workflows/pipe.yml");
    assert!(github.contains("  schedule:\n    - cron: "), "{github}");
    let task = "github.event_name == 'schedule' && 'audit' ||";
    assert!(github.contains(task), "{github}");
    assert!(github.contains("\n            || 'read-only' }}\n"), "{github}");
}

#[test]
fn pipelines_pass_secrets_on_with_their_grants_and_not_to_builds() {
    let secret = "[checks.e2e]\nrun = [\"e2e\"]\nsecrets = [\"API_TOKEN\"]\n";
    let settings = format!("{secret}[image]\nregistry = \"$CI_REGISTRY_IMAGE/pipe\"\n");
    let root = folder(&[("src/app.py", ""), ("pipe.toml", &settings)]);
    let adoption = AdoptionRequest { gitlab: Some(true), github: Some(true), ..PLAIN.adoption };
    let pipelines = |jobs: &str| {
        let ci = format!("{settings}[ci]\ngitlab = \"image\"\ngithub = true\njobs = \"{jobs}\"\n");
        fs::write(root.path().join("pipe.toml"), ci).unwrap();
        cargo_pipe::scaffold::init(root.path(), &InitRequest { adoption, ..PLAIN }).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        let texts = [read(".gitlab-ci.yml"), read(".github/workflows/pipe.yml")];
        for path in [".gitlab-ci.yml", ".github/workflows/pipe.yml"] {
            fs::remove_file(root.path().join(path)).unwrap();
        }
        texts
    };
    let [gitlab, github] = pipelines("run-all");
    assert!(gitlab.contains(" run-all --engine venv --allow secret:API_TOKEN "), "{gitlab}");
    assert!(gitlab.contains("    # - API_TOKEN\n"), "{gitlab}");
    let build = gitlab.lines().find(|line| line.contains("build --ci-image")).unwrap();
    assert!(!build.contains("secret:"), "{build}");
    let passed = "\n          API_TOKEN: ${{ secrets.API_TOKEN }}\n";
    assert!(github.contains(passed), "{github}");
    assert!(github.contains("run-all --allow secret:API_TOKEN --engine docker"), "{github}");
    let [gitlab, github] = pipelines("per-check");
    for (text, start) in [(&gitlab, "run e2e --engine venv"), (&github, "run e2e")] {
        let granted: Vec<&str> =
            text.lines().filter(|line| line.contains("--allow secret:API_TOKEN")).collect();
        assert!(granted.len() == 1 && granted[0].contains(start), "{granted:?}");
    }
}

#[test]
fn a_request_that_differs_from_pipe_toml_names_the_lines_to_write() {
    let root = folder(&[("src/app.py", "")]);
    let notes = |adoption: AdoptionRequest| {
        let done =
            cargo_pipe::scaffold::init(root.path(), &InitRequest { adoption, ..PLAIN }).unwrap();
        done.notes.first().map(ToString::to_string).unwrap_or_default()
    };
    let adoption = AdoptionRequest { gitlab: Some(true), github: Some(false), ..PLAIN.adoption };
    notes(adoption);
    assert_eq!([notes(adoption), notes(PLAIN.adoption)], [""; 2]);
    let other = AdoptionRequest {
        jobs: Some(GitlabJobs::Socket),
        github: Some(true),
        xtask: true,
        ..adoption
    };
    assert!(notes(other).ends_with(
        "set `gitlab = \"socket\"` and `install = \"xtask\"` there, then run `cargo pipe sync`"
    ));
    assert!(
        notes(AdoptionRequest { gitlab: Some(false), ..adoption })
            .contains("set `gitlab = false` and `github = false` there")
    );
}

#[test]
fn jobs_run_the_task_of_a_workspace_that_gets_one() {
    let root = folder(&[("src/app.py", "")]);
    let adoption =
        AdoptionRequest { gitlab: Some(true), github: Some(true), xtask: true, ..PLAIN.adoption };
    cargo_pipe::scaffold::init(root.path(), &InitRequest { adoption, ..PLAIN }).unwrap();
    let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
    assert!(read(".gitlab-ci.yml").contains("    - .cache/xtask pipe sync --check\n"));
    assert!(
        read(".github/workflows/pipe.yml")
            .contains("run: cargo --locked xtask pipe sync --check\n")
    );
    assert!(!read(".gitlab-ci.yml").contains("pip install"));
}

#[test]
fn the_pipeline_of_a_project_stays_its_own() {
    let own = "test:\n  script: [make]\n";
    let root = folder(&[(".gitlab-ci.yml", own), ("src/app.py", "")]);
    let done = init(root.path(), WriteMode::Write).unwrap();
    assert_eq!(done.include.unwrap().path().as_str(), ".gitlab/pipe.yml");
    assert_eq!(fs::read_to_string(root.path().join(".gitlab-ci.yml")).unwrap(), own);
    let included = fs::read_to_string(root.path().join(".gitlab/pipe.yml")).unwrap();
    assert!(!included.contains("\nworkflow:") && included.contains("when: never"), "{included}");
    // Once it is included, no hint is needed.
    let including = format!("include:\n  - local: .gitlab/pipe.yml\n{own}");
    fs::write(root.path().join(".gitlab-ci.yml"), including).unwrap();
    assert_eq!(init(root.path(), WriteMode::Write).unwrap().include, None);

    // Without a stage that it has, GitLab would run none of it.
    let named = [
        ("", "test"),
        ("stages: [build, test]\n", "test"),
        ("stages: ['build', deploy]  # All.\n", "build"),
        ("stages:\n  # First.\n  - pre-check\n\n  - deploy\nvariables:\n  - test\n", "pre-check"),
        ("stages:\n- \"build\"\n- test\n", "test"),
    ];
    for (stages, stage) in named {
        let root = folder(&[(".gitlab-ci.yml", &format!("{stages}{own}")), ("src/app.py", "")]);
        init(root.path(), WriteMode::Write).unwrap();
        let included = fs::read_to_string(root.path().join(".gitlab/pipe.yml")).unwrap();
        assert!(included.contains(&format!("\n  stage: {stage}\n")), "{stages}{included}");
    }

    let rules = format!("workflow:\n  rules: [{{ if: $CI_COMMIT_TAG }}]\n{own}");
    let root = folder(&[(".gitlab-ci.yml", &rules), ("src/app.py", "")]);
    init(root.path(), WriteMode::Write).unwrap();
    let included = fs::read_to_string(root.path().join(".gitlab/pipe.yml")).unwrap();
    assert!(!included.contains("when: never"), "{included}");
}

#[test]
fn files_written_by_a_release_are_recognised_by_the_next_one() {
    let root = folder(&[]);
    init(root.path(), WriteMode::Write).unwrap();
    for path in ALL {
        let text = fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(origin(&text), FileOrigin::Generated, "{path}");
    }
}
