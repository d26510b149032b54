use crate::config::load::{self, EnvVars};
use crate::project::discover;

/// What is said of a project with these files.
fn said(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let project = discover::find(folder.path()).unwrap();
    let (config, _) =
        load::configure(&project, &EnvVars::default(), crate::config::layer::Layer::default())
            .unwrap();
    super::load::contradictions(&project, &config)
}

const MANIFEST: (&str, &str) = ("pipe.toml", "[python]\nversion = \"3.12\"\n");

#[test]
fn the_configs_of_init_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let asked = crate::scaffold::InitRequest {
        mode: crate::scaffold::WriteMode::Write,
        fix: crate::scaffold::FixMode::Report,
        wish: crate::scaffold::adopt::AdoptionRequest::default(),
    };
    crate::scaffold::init(folder.path(), &asked).unwrap();
    let project = discover::find(folder.path()).unwrap();
    let (config, _) =
        load::configure(&project, &EnvVars::default(), crate::config::layer::Layer::default())
            .unwrap();
    assert_eq!(super::load::contradictions(&project, &config), [""; 0]);
}

#[test]
fn lines_that_a_formatter_makes_and_a_linter_refuses_are_named_with_both_places() {
    let said = said(&[
        MANIFEST,
        (".config/black.toml", "[tool.black]\n# long\nline-length = 120\n"),
        (".config/.pylintrc", "[FORMAT]\nmax-line-length=100\n"),
        (
            ".config/pyproject.toml",
            "[tool.ruff]\nline-length = 79\nlint.select = [\"E5\", \"I\"]\n",
        ),
    ]);
    assert_eq!(
        said,
        [
            "`format` (black) makes lines of up to 120 characters (.config/black.toml:3), and \
             `lint` (pylint) refuses those over 100 (.config/.pylintrc:2); give both one length",
            "`format` (black) makes lines of up to 120 characters (.config/black.toml:3), and \
             `ruff` (ruff) refuses those over 79 (.config/pyproject.toml:2); give both one length",
            "`format` (black) wraps lines at 120 characters (.config/black.toml:3), and `ruff` \
             (ruff), which sorts imports (.config/pyproject.toml:3), at 79 \
             (.config/pyproject.toml:2); give both one length",
        ]
    );
}

#[test]
fn a_linter_that_takes_longer_lines_or_any_contradicts_nothing() {
    let black = (".config/black.toml", "[tool.black]\nline-length = 120\n");
    for pylintrc in [
        "[FORMAT]\nmax-line-length=140\n",
        "[MESSAGES CONTROL]\ndisable=\n    invalid-name, # no\n    line-too-long\n",
    ] {
        assert_eq!(said(&[MANIFEST, black, (".config/.pylintrc", pylintrc)]), [""; 0]);
    }
    let ignored = "[tool.ruff.lint]\nselect = [\"E\", \"W\"]\nignore = [\"E501\"]\n";
    let wide = (".config/.pylintrc", "[FORMAT]\nmax-line-length=120\n");
    assert_eq!(said(&[MANIFEST, black, wide, (".config/pyproject.toml", ignored)]), [""; 0]);
}

#[test]
fn a_rule_that_asks_for_what_the_formatter_undoes_is_named() {
    let select = |text: &str| said(&[MANIFEST, (".config/pyproject.toml", text)]);
    let comma = select("[tool.ruff.lint]\nselect = [\"COM812\", \"ISC\"]\n");
    assert_eq!(comma.len(), 1, "{comma:?}");
    assert!(comma[0].starts_with("`ruff` (ruff) selects COM812 (.config/pyproject.toml:2)"));
    assert_eq!(select("[tool.ruff.lint]\nselect = [\"COM\"]\nignore = [\"COM8\"]\n"), [""; 0]);
    assert_eq!(select("[tool.ruff.lint]\nselect = [\"C\"]\n"), [""; 0], "another linter's letter");
    let quotes = "[tool.ruff.lint]\nselect = [\"Q\"]\n[tool.ruff.lint.flake8-quotes]\n\
                  inline-quotes = \"single\"\n";
    assert!(select(quotes)[0].contains("selects Q000"), "{:?}", select(quotes));
}

#[test]
fn different_pythons_are_named_with_their_places() {
    let said = said(&[
        MANIFEST,
        (".config/mypy.ini", "[mypy]\npython_version = 3.13\n"),
        (".config/black.toml", "[tool.black]\ntarget-version = ['py311', 'py312']\n"),
        ("pyproject.toml", "[project]\nrequires-python = \">=3.9,<4\"\n"),
    ]);
    assert_eq!(
        said,
        [
            "the tools are told of different Pythons: `format` (black) 3.11 \
             (.config/black.toml:2), `mypy` (mypy) 3.13 (.config/mypy.ini:2)",
            "the tools run on Python 3.12 (pipe.toml:2), which is older than what they are told \
             of: `mypy` (mypy) 3.13 (.config/mypy.ini:2)",
            "the project promises to run on Python 3.9 (pyproject.toml:2), for which these may \
             write too new a syntax: `format` (black) 3.11 (.config/black.toml:2)",
        ]
    );
}

#[test]
fn isort_needs_the_formatter_s_profile() {
    let manifest = ("pipe.toml", "[checks.imports]\nrun = [\"isort\", \"--check\", \"src\"]\n");
    let bare = said(&[manifest]);
    assert_eq!(bare.len(), 1, "{bare:?}");
    assert!(bare[0].starts_with("`imports` sorts imports in another style (its default)"));
    let profile = ("pyproject.toml", "[tool.isort]\nprofile = \"black\"\n");
    assert_eq!(said(&[manifest, profile]), [""; 0]);
}

#[test]
fn settings_of_others_in_a_shared_file_are_not_taken() {
    let found = "[checks.lint]\ntool = \"pylint\"\nconfig = \"setup.cfg\"\n";
    let shared = "[flake8]\nmax-line-length = 60\n[pylint.FORMAT]\nmax-line-length : 90\n";
    let said = said(&[("pipe.toml", found), ("setup.cfg", shared)]);
    assert_eq!(said, [""; 0]);
}
