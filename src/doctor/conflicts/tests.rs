use crate::config::layer::Layer;
use crate::configure;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::scaffold::{self, FixMode, InitRequest, WriteMode, adopt};

/// The conflicts in the project of a folder.
fn conflicts_in(folder: &std::path::Path) -> Vec<String> {
    let project = discover::find(folder).unwrap();
    let (config, _) =
        configure::load_config(&project, &EnvVars::default(), Layer::default()).unwrap();
    super::find(&project, &config).into_iter().map(|conflict| conflict.message).collect()
}

/// The conflicts in a project with these files.
fn conflicts(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    conflicts_in(folder.path())
}

const MANIFEST: (&str, &str) = ("pipe.toml", "[python]\nversion = \"3.12\"\n");
const BLACK: (&str, &str) = (".config/black.toml", "[tool.black]\n# long\nline-length = 120\n");

#[test]
fn the_configs_of_init_have_no_conflicts() {
    let folder = tempfile::tempdir().unwrap();
    let asked = InitRequest {
        mode: WriteMode::Write,
        fix: FixMode::Report,
        adoption: adopt::AdoptionRequest::default(),
    };
    scaffold::init(folder.path(), &asked).unwrap();
    assert_eq!(conflicts_in(folder.path()), [""; 0]);
}

#[test]
fn two_formatters_for_the_same_files_conflict() {
    let with = |settings: &str| {
        let manifest = format!("[checks.style]\ntool = \"ruff-format\"\n{settings}");
        conflicts(&[("pipe.toml", &manifest)])
    };
    assert_eq!(
        with(""),
        ["`format` (black) and `style` (ruff-format) both format `src`, and some files cannot \
             satisfy both"]
    );
    assert!(with("source = [\"src/pkg\"]")[0].contains("both format `src/pkg`"));
    for apart in ["source = [\"docs\"]", "[checks.format]\nenabled = false"] {
        assert_eq!(with(apart), [""; 0], "{apart}");
    }
}

#[test]
fn lines_that_a_formatter_makes_and_a_linter_refuses_are_named_with_both_places() {
    let ruff = "[tool.ruff]\nline-length = 79\nlint.select = [\"E5\", \"I\"]\n";
    let conflicts = conflicts(&[
        MANIFEST,
        BLACK,
        (".config/.pylintrc", "[FORMAT]\nmax-line-length=100\n"),
        (".config/pyproject.toml", ruff),
    ]);
    assert_eq!(
        conflicts,
        [
            "`format` (black) makes lines of up to 120 characters (.config/black.toml:3), and \
             `lint` (pylint) refuses those over 100 (.config/.pylintrc:2)",
            "`format` (black) makes lines of up to 120 characters (.config/black.toml:3), and \
             `ruff` (ruff) refuses those over 79 (.config/pyproject.toml:2)",
            "`format` (black) wraps lines at 120 characters (.config/black.toml:3), and `ruff` \
             (ruff), which sorts imports, at 79 (.config/pyproject.toml:2)",
        ]
    );
}

#[test]
fn a_linter_that_accepts_longer_lines_or_all_of_them_has_no_conflict() {
    for pylintrc in [
        "[FORMAT]\nmax-line-length=140\n",
        "[FORMAT]\nmax-line-length=100\n[MESSAGES CONTROL]\ndisable=\n    invalid-name, # no\n    line-too-long\n",
    ] {
        let found = conflicts(&[MANIFEST, BLACK, (".config/.pylintrc", pylintrc)]);
        assert_eq!(found, [""; 0], "{pylintrc}");
    }
    let ignored =
        "[tool.ruff]\nline-length = 79\nlint = { select = [\"E\", \"W\"], ignore = [\"E501\"] }\n";
    assert_eq!(conflicts(&[MANIFEST, BLACK, (".config/pyproject.toml", ignored)]), [""; 0]);
}

#[test]
fn what_no_file_states_is_not_compared() {
    let ruff = |text: &'static str| (".config/pyproject.toml", text);
    let pylint = (".config/.pylintrc", "[FORMAT]\nmax-line-length=80\n");
    let argument = "[checks.lint]\nargs = [\"--max-line-length=140\"]\n";
    for files in [
        // The defaults of pylint, of black, and of ruff.
        vec![MANIFEST, BLACK, (".config/.pylintrc", "[MAIN]\njobs=2\n")],
        vec![MANIFEST, pylint],
        vec![MANIFEST, BLACK, ruff("[tool.ruff.lint]\nselect = [\"E\"]\n")],
        // Rules that ruff chooses itself, and those of a file that this one extends.
        vec![MANIFEST, BLACK, ruff("[tool.ruff]\nline-length = 79\n")],
        vec![
            MANIFEST,
            BLACK,
            ruff("[tool.ruff]\nextend = \"a.toml\"\nline-length = 79\nlint.select = [\"E\"]\n"),
        ],
        vec![("pipe.toml", argument), BLACK, pylint],
    ] {
        assert_eq!(conflicts(&files), [""; 0], "{files:?}");
    }
}

#[test]
fn settings_of_other_tools_in_a_shared_file_are_ignored() {
    let found = "[checks.lint]\ntool = \"pylint\"\nconfig = \"setup.cfg\"\n";
    let shared = "[flake8]\nmax-line-length = 60\n[pylint.FORMAT]\nmax-line-length : 140\n";
    assert_eq!(conflicts(&[("pipe.toml", found), BLACK, ("setup.cfg", shared)]), [""; 0]);
}
