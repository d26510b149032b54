mod packages;

use super::*;
use crate::template::{ConfigSetting, NewCheck};

pub(super) fn survey(files: &[(&str, &str)]) -> FolderSurvey {
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

pub(super) fn settings(files: &[(&str, &str)]) -> NewConfig {
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
        (vec![a, (".config/mypy.ini", "[mypy]"), ("mypy.ini", "")], Some("usual")),
        (vec![a, ("b/pyproject.toml", "[tool.mypy]")], Some("b/pyproject.toml")),
        (vec![a, ("b/pyproject.toml", "[tool.mypy]"), ("c/mypy.ini", "")], None),
    ] {
        let expected = match expected {
            Some("usual") => ConfigSetting::Usual,
            Some(path) => ConfigSetting::File(path.into()),
            None => ConfigSetting::Found,
        };
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
fn the_version_of_a_hook_is_that_of_its_check() {
    let version = |text: &str| check("format", &[("a/b.py", ""), (PRE_COMMIT, text)]).version;
    let older = "repos:\n- repo: x\n  rev: 21.12b0 # old\n  hooks:\n    - id: black\n";
    assert_eq!(version(older).as_deref(), Some("21.12b0"));
    let frozen = "repos:\n- repo: x\n  rev: 8fe62d14e0b4d7d845a7022c5c2c3ae41bdd3f26  # frozen: 24.1.0\n  \
                  hooks:\n  - id: black\n";
    assert_eq!(version(frozen).as_deref(), Some("24.1.0"));
    assert_eq!(version(BLACK_HOOK), None, "the lock has it");
    assert_eq!(version(RUFF_HOOK), None);
}

/// The checks that are on, in their order.
fn checks_on(files: &[(&str, &str)]) -> String {
    let on = settings(files).checks.into_iter().filter(|check| check.enabled);
    on.map(|check| check.name).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_tool_that_the_project_does_not_use_is_off() {
    let (a, hooks) = (("a/b.py", ""), PRE_COMMIT);
    let workflow = "jobs:\n  lint:\n    steps:\n    - run: mypy a\n";
    for (files, expected) in [
        (vec![], "lint format mypy ruff"),
        (vec![a], "lint format mypy ruff"),
        (vec![a, (hooks, BLACK_HOOK)], "format"),
        (vec![a, ("mypy.ini", "[mypy]"), ("ruff.toml", "")], "mypy ruff"),
        (vec![a, ("ruff.toml", "[format]")], "format ruff"),
        (vec![a, (".pylintrc", "[MAIN]"), (hooks, BLACK_HOOK)], "format"),
        (vec![a, (".pylintrc", "[MAIN]"), (".github/workflows/ci.yml", workflow)], "mypy"),
        (vec![a, ("requirements-dev.txt", "pylint==3.0\npytest\n")], "lint"),
        (vec![a, (hooks, "repos:\n- repo: x\n  rev: 5.13.2\n  hooks:\n  - id: isort\n")], "isort"),
    ] {
        assert_eq!(checks_on(&files), expected, "{files:?}");
    }
}

#[test]
fn a_tool_without_a_configuration_has_its_own_defaults() {
    let a = ("a/b.py", "");
    assert_eq!(check("mypy", &[a]).config, ConfigSetting::Found);
    assert_eq!(check("format", &[a, (PRE_COMMIT, BLACK_HOOK)]).config, ConfigSetting::Found);
    assert_eq!(check("mypy", &[]).config, ConfigSetting::Usual, "an empty folder");
    let request = AdoptionRequest { opinionated: true, ..AdoptionRequest::default() };
    let checks = adopt(&survey(&[a, (PRE_COMMIT, BLACK_HOOK)]), request).settings.checks;
    assert!(checks.iter().all(|check| check.enabled && check.config == ConfigSetting::Usual));
}

#[test]
fn a_job_outweighs_a_hook() {
    let workflow = "jobs:\n  lint:\n    steps:\n    - run: |\n        pip install mypy==1.2.0\n        \
                    mypy --strict a\n";
    let hook = "repos:\n- repo: x\n  rev: v1.8.0\n  hooks:\n  - id: mypy\n";
    let files = [("a/b.py", ""), (".github/workflows/ci.yml", workflow), (PRE_COMMIT, hook)];
    let found = check("mypy", &files);
    assert_eq!(found.version.as_deref(), Some("1.2.0"));
    assert_eq!(found.args, ["--strict"]);
    assert_eq!(found.source, ["a"]);
    assert_eq!(found.comments, ["From .github/workflows/ci.yml:6."]);
    let notes = adopt(&survey(&files), AdoptionRequest::default()).notes;
    let note = notes.iter().find(|note| note.found.contains("as well")).unwrap();
    assert_eq!(
        note.to_string(),
        "found mypy 1.8.0 in `.pre-commit-config.yaml:5` as well: `mypy` follows \
         `.github/workflows/ci.yml:6`, because your CI runs that; add a check to run both"
    );
}

#[test]
fn the_files_of_a_hook_become_sources_and_excludes() {
    let hook = "exclude: ^a/old/\nrepos:\n- repo: x\n  rev: 24.1.0\n  hooks:\n  - id: black\n    \
                files: ^(a|b)/\n    exclude: '^b/c\\.py$'\n";
    let files = [("a/b.py", ""), ("a/old/c.py", ""), ("b/c.py", ""), (PRE_COMMIT, hook)];
    let found = check("format", &files);
    assert_eq!(found.source, ["a", "b"]);
    assert_eq!(found.exclude, ["a/old/**", "b/c.py"]);
}

#[test]
fn the_configuration_of_one_package_is_not_that_of_another() {
    let files = [
        ("one/pyproject.toml", "[tool.mypy]\nstrict = true"),
        ("one/one/a.py", ""),
        ("two/pyproject.toml", "[project]"),
        ("two/two/b.py", ""),
    ];
    assert_eq!(check("mypy", &files).source, ["one/one"]);
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

#[test]
fn each_command_of_a_tool_is_a_check() {
    let tox = "[testenv:a]\ncommands =\n    mypy src\n    mypy --strict tests\n    mypy src\n";
    let files = [
        ("src/a.py", ""),
        ("tests/b.py", ""),
        (".gitlab-ci.yml", "a:\n  script: tox -e a\n"),
        ("tox.ini", tox),
    ];
    let first = check("mypy", &files);
    assert_eq!((first.args.join(" "), first.source.join(" ")), (String::new(), "src".into()));
    let second = check("mypy-2", &files);
    assert_eq!(
        (second.args.join(" "), second.source.join(" ")),
        ("--strict".into(), "tests".into())
    );
    assert_eq!((first.inputs.len(), second.inputs.join(" ")), (0, "src".into()));
    assert!(settings(&files).checks.iter().all(|check| check.name != "mypy-3"));
}

#[test]
fn the_dependencies_are_those_that_the_adopted_commands_install() {
    let manifest = "[project]\nname = 'a'\n[project.optional-dependencies]\nx = []\n\
                    [dependency-groups]\ntypes = []\ndocs = []\n";
    let tox = "[testenv:types]\ndependency_groups = types\nextras = x, gone\ndeps =\n  -r lint.txt\n  \
               -r gone.txt\ncommands = mypy\n[testenv:docs]\ndependency_groups = docs\ncommands = ruff check\n";
    let job = "a:\n  script: tox -e types,docs\n";
    let files = [
        ("src/a.py", ""),
        ("pyproject.toml", manifest),
        ("lint.txt", "attrs\n"),
        ("tox.ini", tox),
        (".gitlab-ci.yml", job),
    ];
    let found = settings(&files).dependencies;
    let some = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(found.groups, some(&["types"]));
    assert_eq!(found.extras, some(&["x"]));
    assert_eq!(found.requirements, some(&["lint.txt", "pyproject.toml"]));
    assert_eq!(check("mypy", &files).source.join(" "), ".", "mypy decides");
}

#[test]
fn a_tool_of_a_hook_does_not_see_the_dependencies_of_the_project() {
    let hook = "repos:\n- repo: x\n  rev: v1.8.0\n  hooks:\n  - id: mypy\n";
    let files = [("src/a.py", ""), (".pre-commit-config.yaml", hook)];
    assert!(!check("mypy", &files).dependencies);
    let job = ("a/b.py", "");
    let files = [job, (".gitlab-ci.yml", "a:\n  script: mypy a\n")];
    assert!(check("mypy", &files).dependencies);
}

#[test]
fn the_comment_about_the_newest_release_is_not_for_the_project_itself() {
    let files = [
        ("src/black/a.py", ""),
        ("pyproject.toml", "[project]\nname = 'black'\n"),
        (".gitlab-ci.yml", "a:\n  script: black --check .\n"),
    ];
    let comments = check("format", &files).comments.join(" ");
    assert!(comments.contains("Your CI runs the black of this project"), "{comments}");
}

#[test]
fn a_tool_that_looks_for_its_configuration_itself_is_given_none() {
    let files = [
        ("src/a.py", ""),
        ("pyproject.toml", "[tool.ty.rules]\n"),
        (".github/workflows/zizmor.yml", "jobs: {}\n"),
        (".gitlab-ci.yml", "a:\n  script:\n  - ty check\n  - zizmor .\n"),
    ];
    for name in ["ty", "zizmor"] {
        assert_eq!(check(name, &files).config, ConfigSetting::Found, "{name}");
    }
    assert!(check("zizmor", &files).source.is_empty(), "it looks at `.github`");
}

#[test]
fn the_files_of_a_command_are_arguments_where_the_configuration_chooses_the_files() {
    let job = (".gitlab-ci.yml", "a:\n  script: pyright tests\n");
    let found = check("pyright", &[("src/a.py", ""), ("tests/b.py", ""), job]);
    assert_eq!((found.args.join(" "), found.source.join(" ")), ("tests".into(), ".".into()));
}

#[test]
fn a_command_without_a_verdict_on_files_is_not_adopted() {
    for (command, expected) in [
        ("zizmor .", "zizmor"),
        ("zizmor --format sarif . > out", "lint format mypy ruff"),
        ("zizmor --no-exit-codes .", "lint format mypy ruff"),
        ("pyright --verifytypes a", "lint format mypy ruff"),
    ] {
        let job = format!("a:\n  script: {command}\n");
        let files = [("a/b.py", ""), (".gitlab-ci.yml", job.as_str())];
        assert_eq!(checks_on(&files), expected, "{command}");
    }
}

#[test]
fn files_that_a_hook_selects_by_their_endings_leave_out_the_others() {
    let hook =
        "repos:\n- repo: x\n  rev: 2.4.2\n  hooks:\n  - id: codespell\n    files: \\.(py|md)$\n";
    let names = |number| [format!("p{number}/a.py"), format!("p{number}/b.svg")];
    let files: Vec<String> = (0..30).flat_map(names).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|path| (path.as_str(), "")).collect();
    files.extend([("LICENSE", ""), (PRE_COMMIT, hook)]);
    let found = check("codespell", &files);
    assert!(found.source.is_empty());
    assert_eq!(found.exclude, ["**/*.svg", "LICENSE"]);
}

#[test]
fn the_commands_of_cargo_that_ci_runs_are_checks_of_rust_code() {
    let ci = "lint:\n  script:\n    - cargo fmt --all -- --check\n    - make clippy\n    \
              - cd rust && cargo test --locked --workspace -- --skip slow\n";
    let makefile = "clippy:\n\tcargo clippy -q --all-targets -- -D warnings\n";
    let found = adopt(
        &survey(&[
            (".gitlab-ci.yml", ci),
            ("Makefile", makefile),
            ("rust/Cargo.toml", ""),
            ("rust-toolchain.toml", "[toolchain]\nchannel = '1.90'\n"),
            ("a/b.py", ""),
        ]),
        AdoptionRequest::default(),
    );
    let of_rust =
        |check: &&NewCheck| crate::tools::find(&check.tool).is_some_and(|tool| tool.is_rust());
    let checks = found.settings.checks.iter().filter(of_rust);
    let described: Vec<String> =
        checks.map(|check| format!("{} {}", check.name, check.args.join(" "))).collect();
    assert_eq!(
        described,
        [
            "rustfmt --all",
            "clippy --all-targets -- -D warnings",
            "cargo-test --manifest-path=rust/Cargo.toml --workspace -- --skip slow"
        ]
    );
    assert_eq!(found.settings.toolchain.as_deref(), Some("1.90.0"));
    assert_eq!(found.settings.gitlab, Some(GitlabJobs::Dind), "a job needs an engine");
    let one = settings(&[
        ("rust-toolchain", "1.91.1\n"),
        ("Cargo.toml", ""),
        (".gitlab-ci.yml", "a:\n  script: cargo clippy\n"),
    ]);
    assert_eq!(one.toolchain, None, "the toolchain file names one release");
    assert!(one.checks.iter().any(|check| check.tool == "clippy" && check.enabled));
    let python = settings(&[(".gitlab-ci.yml", ci), ("a/b.py", "")]);
    assert!(!python.checks.iter().any(|check| check.tool == "rustfmt"));
}
