use super::*;
use crate::template::{ConfigSetting, NewCheck};

fn survey(files: &[(&str, &str)]) -> FolderSurvey {
    let path = |name: &str| ProjectPath::new(name).unwrap();
    let is_hidden = |name: &str| name.split('/').any(|part| part.starts_with('.'));
    FolderSurvey {
        files: files
            .iter()
            .filter(|(name, _)| !is_hidden(name))
            .map(|(name, _)| path(name))
            .collect(),
        texts: files
            .iter()
            .filter(|(name, _)| !is_python(&path(name)))
            .map(|(name, text)| (path(name), (*text).to_owned()))
            .collect(),
        remotes: Vec::new(),
    }
}

fn settings(files: &[(&str, &str)]) -> NewConfig {
    adopt(&survey(files), AdoptionRequest::default()).settings
}

/// The settings of one check of a project with these files.
fn check(name: &str, files: &[(&str, &str)]) -> NewCheck {
    let checks = settings(files).checks;
    checks.into_iter().find(|check| check.name == name).unwrap()
}

/// The sources of a project with these files, all of them empty.
fn sources(files: &[&str]) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|name| (*name, "")).collect();
    settings(&files).source.join(" ")
}

fn formatter(files: &[(&str, &str)]) -> String {
    check("format", &[&[("a/b.py", "")], files].concat()).tool
}

const BLACK_HOOK: &str = "repos:\n- repo: x\n  rev: 26.10.1\n  hooks:\n  - id: black\n";
const RUFF_HOOK: &str = "repos:\n- repo: x\n  hooks: \n  -   id: ruff-format\n  rev: v0.17.6\n";

#[test]
fn sources_are_the_folders_right_below_a_package() {
    for (files, expected) in [
        (vec![], "src"),
        (vec!["README.md"], "src"),
        (vec!["src/a/b.py"], "src"),
        (vec!["a/__init__.py", "b/c/d.pyi", "tests/t.py"], "a b tests"),
        (vec!["a.py", "b/c.py"], "."),
        (vec!["setup.py", "noxfile.py", "docs/conf.py", "a/b.py"], "a"),
        (vec!["setup.py", "docs/conf.py"], "docs setup.py"),
        (vec!["libs/a/setup.cfg", "libs/a/a/b.py", "libs/a/tests/t.py"], "libs/a/a libs/a/tests"),
        (vec!["libs/a/pyproject.toml", "libs/a/a.py", "libs/a/b/c.py"], "libs/a"),
        (vec!["crates/a/Cargo.toml", "crates/a/src/lib.rs", "crates/a/py/b.py"], "crates/a/py"),
        (vec!["vendor/a/b.py", "third_party/c.py"], "src"),
        (vec!["target/debug/a.py", "Cargo.toml", "b/c.py"], "b"),
        (vec!["target/a.py"], "target"),
    ] {
        assert_eq!(sources(&files), expected, "{files:?}");
    }
}

#[test]
fn the_source_folder_of_maturin_is_checked() {
    let manifest = "[tool.maturin]\npython-source = 'lib/python'\n";
    let found = settings(&[
        ("crates/a/Cargo.toml", ""),
        ("crates/a/pyproject.toml", manifest),
        ("crates/a/lib/python/a/__init__.py", ""),
        ("crates/a/lib/build.py", ""),
    ]);
    assert_eq!(found.source, ["crates/a/lib"]);
    let found = settings(&[("a/pyproject.toml", manifest), ("a/lib/python/a/__init__.py", "")]);
    assert_eq!(found.source, ["a/lib/python"]);
}

#[test]
fn third_party_code_below_the_sources_is_excluded() {
    let found = settings(&[
        ("pyproject.toml", ""),
        ("a/b.py", ""),
        ("a/_vendor/c/d.py", ""),
        ("vendor/e.py", ""),
        ("build/lib/a/b.py", ""),
    ]);
    assert_eq!(found.source, ["a"]);
    assert_eq!(found.exclude, ["a/_vendor/**"]);
}

#[test]
fn a_tool_gets_the_file_that_it_would_find_by_itself() {
    let a = ("a/b.py", "");
    for (files, expected) in [
        (vec![a, ("mypy.ini", ""), ("pyproject.toml", "[tool.mypy]")], Some("mypy.ini")),
        (
            vec![a, ("pyproject.toml", "[tool.mypy]"), ("setup.cfg", "[mypy]")],
            Some("pyproject.toml"),
        ),
        (vec![a, ("pyproject.toml", "[project]"), ("setup.cfg", "[mypy]")], Some("setup.cfg")),
        (vec![a, ("setup.cfg", "[mypy-numpy.*]")], None),
        (
            vec![a, ("pyproject.toml", "[[tool.mypy.overrides]]\nmodule = 'x'")],
            Some("pyproject.toml"),
        ),
        (vec![a, ("pyproject.toml", "[tool.mypy")], None),
        (vec![a, (".config/mypy.ini", "[mypy]"), ("mypy.ini", "")], None),
        (vec![a, ("b/pyproject.toml", "[tool.mypy]")], Some("b/pyproject.toml")),
        (vec![a, ("b/pyproject.toml", "[tool.mypy]"), ("c/mypy.ini", "")], None),
    ] {
        let expected =
            expected.map_or(ConfigSetting::Usual, |path| ConfigSetting::File(path.into()));
        assert_eq!(check("mypy", &files).config, expected, "{files:?}");
    }
}

#[test]
fn nested_configurations_of_ruff_are_left_to_ruff() {
    let found = check(
        "ruff",
        &[
            ("ruff.toml", ""),
            ("a/b.py", ""),
            ("a/ruff.toml", ""),
            ("a/c/.ruff.toml", ""),
            ("libs/d/pyproject.toml", "[tool.ruff]"),
            ("libs/d/src/e.py", ""),
        ],
    );
    assert_eq!(found.config, ConfigSetting::Found);
    // What lies below a source is seen anyway, unless it is hidden.
    assert_eq!(found.inputs, ["ruff.toml", "a/c/.ruff.toml", "libs/d/pyproject.toml"]);
}

#[test]
fn a_project_keeps_its_formatter() {
    let (hooks, ruff) = (PRE_COMMIT, ("ruff.toml", ""));
    for (files, expected) in [
        (vec![], "black"),
        (vec![ruff], "ruff-format"),
        (vec![("ruff.toml", "[format]\nquote-style = 'single'"), (hooks, BLACK_HOOK)], "black"),
        (vec![ruff, (hooks, BLACK_HOOK)], "black"),
        (vec![(hooks, RUFF_HOOK)], "ruff-format"),
        (vec![("pyproject.toml", "[tool.black]"), (hooks, RUFF_HOOK)], "ruff-format"),
        (vec![("pyproject.toml", "[tool.black]\n[tool.ruff.format]")], "black"),
        (vec![("pyproject.toml", "[tool.ruff]")], "ruff-format"),
        (
            vec![("pyproject.toml", "[dependency-groups]\ndev = ['black>=24']\n[tool.ruff]")],
            "black",
        ),
        (
            vec![("pyproject.toml", "[project]\ndependencies = ['blackboard']\n[tool.ruff]")],
            "ruff-format",
        ),
        (
            vec![(".config/black.toml", "[tool.black]"), (".config/pyproject.toml", "[tool.ruff]")],
            "black",
        ),
    ] {
        assert_eq!(formatter(&files), expected, "{files:?}");
    }
}

#[test]
fn another_pinned_version_is_noted() {
    let is_noted = |text: &str| {
        let survey = survey(&[("a/b.py", ""), (PRE_COMMIT, text)]);
        let notes = adopt(&survey, AdoptionRequest::default()).notes;
        notes.iter().any(|note| note.found.contains("pinned"))
    };
    assert!(is_noted("- repo: x\n  rev: 21.12b0 # old\n  hooks:\n    - id: black\n"));
    assert!(!is_noted(BLACK_HOOK));
    assert!(!is_noted(RUFF_HOOK));
    assert!(!is_noted("- repo: x\n  rev: v1\n  hooks:\n    - id: flake8\n"));
}

#[test]
fn generated_configurations_are_ignored() {
    let ours = crate::template::generated("mypy.ini")
        .unwrap()
        .render(&crate::template::Values::for_python("3.13"));
    let survey = survey(&[("a/b.py", ""), (".config/mypy.ini", &ours), ("mypy.ini", "[mypy]")]);
    let adoption = adopt(&survey, AdoptionRequest::default());
    let mypy = adoption.settings.checks.into_iter().find(|check| check.name == "mypy").unwrap();
    assert_eq!(mypy.config, ConfigSetting::File("mypy.ini".into()));
}
