//! The changes of `--fix-configs`, and the files that it leaves alone.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use cargo_pipe::scaffold::{self, FileAction, FixMode, InitRequest, RefusedOption, WriteMode};

use crate::{PLAIN, files, folder};

fn fix(root: &Path, mode: WriteMode) -> Vec<RefusedOption> {
    let asked = InitRequest { mode, fix: FixMode::CommentOut, ..PLAIN };
    scaffold::init(root, &asked).unwrap().refused
}

/// What a configuration reads once it is fixed.
fn fixed(path: &str, text: &str) -> String {
    let root = folder(&[("src/app.py", ""), (path, text)]);
    fix(root.path(), WriteMode::Write);
    let fixed = fs::read_to_string(root.path().join(path)).unwrap();
    assert_eq!(fix(root.path(), WriteMode::Write), [], "{path}");
    assert_eq!(fs::read_to_string(root.path().join(path)).unwrap(), fixed);
    fixed
}

#[test]
fn only_the_lines_of_the_option_are_commented_out() {
    for (path, text, expected) in [
        (
            ".pylintrc",
            "[MASTER]\r\njobs=0\r\nsuggestion-mode=yes\r\n\r\n; end",
            "[MASTER]\r\njobs=0\r\n# suggestion-mode=yes\r\n\r\n; end",
        ),
        (
            "setup.cfg",
            "[tool]\nsuggestion-mode = 1\n[pylint.MASTER]\nbad-functions =\n  map,\n\n  filter\n\n[mypy]\npython_version: 3.7\n",
            "[tool]\nsuggestion-mode = 1\n[pylint.MASTER]\n# bad-functions =\n#   map,\n# \n#   filter\n\n[mypy]\n# python_version: 3.7\n",
        ),
        (
            "mypy.ini",
            "[mypy]\npython_version = 3.10\n[mypy-a.*]\nignore_missing_imports = True\n",
            "[mypy]\npython_version = 3.10\n[mypy-a.*]\nignore_missing_imports = True\n",
        ),
    ] {
        assert_eq!(fixed(path, text), expected, "{path}");
    }
}

#[test]
fn values_over_several_lines_are_removed_whole_and_the_rest_is_toml() {
    let text = "[tool.black]\nsafe = true # no\nline-length = 80\n\n[tool.pylint.main]\n\
        disable = [\n  \"a\",\n]\nbad_functions = [\n  \"map\", # ]\n]\njobs = 1\n\n[tool.ruff]\n\
        show-source = true\n[tool.ruff.format]\nquote-style = \"single\"\n";
    let expected = "[tool.black]\n# safe = true # no\nline-length = 80\n\n[tool.pylint.main]\n\
        disable = [\n  \"a\",\n]\n# bad_functions = [\n#   \"map\", # ]\n# ]\njobs = 1\n\n[tool.ruff]\n\
        # show-source = true\n[tool.ruff.format]\nquote-style = \"single\"\n";
    assert_eq!(fixed("pyproject.toml", text), expected);
}

#[test]
fn mode_and_link_stay_and_a_dry_run_writes_nothing() {
    let text = "[MAIN]\nsuggestion-mode=yes\n";
    let root = folder(&[("src/app.py", ""), ("real/rc", text)]);
    let real = root.path().join("real/rc");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/rc", root.path().join(".pylintrc")).unwrap();
    let before = files(root.path());
    let found = fix(root.path(), WriteMode::DryRun);
    assert!(found[0].fixed && found[0].refusal.line == 2, "{found:?}");
    assert_eq!(files(root.path()), before);

    fix(root.path(), WriteMode::Write);
    assert!(root.path().join(".pylintrc").is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "[MAIN]\n# suggestion-mode=yes\n");
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn without_being_asked_nothing_is_changed_and_the_line_is_named() {
    let text = "[MAIN]\n\nsuggestion-mode=yes\n";
    let root = folder(&[("src/app.py", ""), ("pylintrc", text)]);
    let done = scaffold::init(root.path(), &PLAIN).unwrap();
    assert_eq!(done.refused[0].refusal.line, 3);
    assert!(
        !done.refused[0].fixed && !done.changes.iter().any(|it| it.action == FileAction::Fixed)
    );
    assert_eq!(fs::read_to_string(root.path().join("pylintrc")).unwrap(), text);
}
