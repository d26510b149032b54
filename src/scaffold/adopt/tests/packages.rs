//! The checks of monorepos.

use super::*;
use crate::template::{NewPackage, NewPackageCheck};

/// The files of two packages, `one` and `two`, in a uv workspace.
const WORKSPACE: &[(&str, &str)] = &[
    ("pyproject.toml", "[tool.uv.workspace]\nmembers = ['one', 'two']\n"),
    ("one/pyproject.toml", "[project]\nname = 'one'\n"),
    ("one/src/one/x.py", ""),
    ("two/pyproject.toml", "[project]\nname = 'two'\n"),
    ("two/src/two/x.py", ""),
    ("two/tests/test_x.py", ""),
];

/// The settings of the workspace with these files instead of its own, or in addition.
fn workspace(files: &[(&str, &str)]) -> NewConfig {
    let is_replaced = |path: &str| files.iter().any(|(other, _)| *other == path);
    let own = WORKSPACE.iter().filter(|(path, _)| !is_replaced(path));
    settings(&own.chain(files).copied().collect::<Vec<_>>())
}

/// The checks that are on, and that are once or in packages: `ruff once [.]`, `one:lint strict`.
fn checks(config: &NewConfig) -> Vec<String> {
    let describe = |check: &NewCheck| {
        let NewCheck { name, config, args, source, runs_once, .. } = check;
        let once = if *runs_once { " once" } else { "" };
        format!("{name}{once} {config:?} {args:?} {source:?}")
    };
    let mut found: Vec<String> =
        config.checks.iter().filter(|check| check.enabled).map(describe).collect();
    for NewPackage { name, checks, .. } in &config.packages {
        for own in checks {
            let kind = match own {
                NewPackageCheck::Own(_) => "own",
                NewPackageCheck::SwitchedOn(_) => "on",
                NewPackageCheck::Configured(_) => "configured",
            };
            found.push(format!("{name}:{} ({kind})", describe(own.check())));
        }
    }
    found
}

fn ci(steps: &str) -> String {
    format!("jobs:\n  a:\n    steps:\n{steps}")
}

const CI: &str = ".github/workflows/a.yml";

#[test]
fn packages_have_their_sources_where_these_differ() {
    let config = workspace(&[]);
    let packages: Vec<String> = config
        .packages
        .iter()
        .map(|package| format!("{} {} {:?}", package.name, package.path, package.source))
        .collect();
    assert_eq!(config.source, ["src"]);
    assert_eq!(packages, [r#"one one []"#, r#"two two ["src", "tests"]"#]);
    assert_eq!((config.tests, config.tested), (vec!["tests".into()], vec!["src".into()]));
}

#[test]
fn a_configuration_of_a_package_judges_it_alone() {
    let strict = ("one/mypy.ini", "[mypy]\nstrict = true\n");
    assert_eq!(checks(&workspace(&[strict])), ["mypy Found [] []"]);
    let root = ("mypy.ini", "[mypy]\n");
    assert_eq!(
        checks(&workspace(&[strict, root])),
        [r#"mypy File("mypy.ini") [] []"#, "one:mypy Found [] [] (configured)"]
    );
    let other = ("two/pyproject.toml", "[project]\nname = 'two'\n[tool.mypy]\n");
    assert_eq!(checks(&workspace(&[strict, root, other])), ["mypy Found [] []"]);
    let apart = ("two/.config/mypy.ini", "[mypy]\n");
    assert_eq!(
        checks(&workspace(&[root, apart])),
        [
            r#"mypy File("mypy.ini") [] []"#,
            r#"two:mypy File(".config/mypy.ini") [] [] (configured)"#
        ]
    );
}

#[test]
fn a_tool_that_finds_the_configuration_of_the_root_by_itself_names_none() {
    let found = checks(&workspace(&[("ruff.toml", ""), ("one/ruff.toml", "")]));
    assert_eq!(found, ["ruff Found [] []"]);
}

#[test]
fn a_command_at_the_root_runs_once_and_with_the_configuration_of_the_root() {
    let ci = ci("    - run: mypy --strict one two/src\n    - run: ruff check .\n");
    let own = ("one/pyproject.toml", "[project]\nname = 'one'\n[tool.mypy]\n[tool.ruff]\n");
    let config = workspace(&[(CI, &ci), own]);
    assert_eq!(
        checks(&config),
        [r#"mypy once Found ["--strict"] ["one", "two/src"]"#, r#"ruff once Found [] ["."]"#]
    );
    let check = config.checks.iter().find(|check| check.name == "ruff").unwrap();
    assert_eq!(check.inputs, ["one/pyproject.toml"]);
    assert!(check.comments.iter().any(|text| text.contains("runs once, at the root")));
}

#[test]
fn a_hook_runs_once_on_the_files_of_all_packages() {
    let hook = "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: black\n    files: \\.pyx?$\n";
    let found = checks(&workspace(&[(PRE_COMMIT, hook)]));
    assert_eq!(found, [r#"format once Found [] ["one/src", "two/src", "two/tests"]"#]);
}

#[test]
fn a_command_in_the_folder_of_a_package_is_a_check_of_it() {
    let ci = ci("    - run: cd one && mypy --strict src && cd .. && ruff check .\n\
                 \x20   - run: pylint src\n      working-directory: ./two/\n");
    assert_eq!(
        checks(&workspace(&[(CI, &ci)])),
        [
            r#"ruff once Found [] ["."]"#,
            r#"one:mypy Found ["--strict"] ["src"] (on)"#,
            r#"two:lint Found [] ["src"] (on)"#,
        ]
    );
}

#[test]
fn what_all_packages_run_alike_is_a_check_of_the_project() {
    let matrix = "    strategy:\n      matrix:\n        package: [one, two]\n    steps:\n    \
                  - run: mypy --strict src/${{ matrix.package }}\n      \
                  working-directory: ${{ matrix.package }}\n    \
                  - run: pylint src\n      working-directory: ${{ matrix.package }}\n";
    let ci = format!("jobs:\n  a:\n{matrix}");
    assert_eq!(
        checks(&workspace(&[(CI, &ci)])),
        [
            r#"lint Found [] ["src"]"#,
            r#"one:mypy Found ["--strict"] ["src/one"] (on)"#,
            r#"two:mypy Found ["--strict"] ["src/two"] (on)"#,
        ]
    );
}

#[test]
fn a_command_that_runs_at_the_root_and_in_a_package_is_two_checks() {
    let ci = ci("    - run: mypy one\n    - run: cd two && mypy .\n");
    assert_eq!(
        checks(&workspace(&[(CI, &ci)])),
        [r#"mypy once Found [] ["one"]"#, r#"two:mypy Found [] ["."] (own)"#]
    );
}

#[test]
fn dependencies_of_developers_are_those_of_all_packages_or_of_one() {
    let of = |name: &str| format!("[project]\nname = 'two'\n[dependency-groups]\ndev = ['{name}']");
    let two = of("pylint==4.0.0");
    assert_eq!(checks(&workspace(&[("two/pyproject.toml", &two)])), ["two:lint Found [] [] (on)"]);
    let root = "[dependency-groups]\ndev = ['pylint', 'flake8', 'codespell']\n\
                [tool.uv.workspace]\nmembers = ['one', 'two']\n";
    let found = checks(&workspace(&[
        ("pyproject.toml", root),
        ("two/pyproject.toml", &two),
        (".flake8", "[flake8]"),
    ]));
    assert_eq!(
        found,
        [
            "lint Found [] []",
            "codespell once Found [] []",
            r#"flake8 once Found [] ["one/src", "two/src", "two/tests"]"#
        ]
    );
}

#[test]
fn what_is_left_of_a_workspace_is_noted() {
    let files = [WORKSPACE, &[("scripts/x.py", "")]].concat();
    let notes = adopt(&survey(&files), AdoptionRequest::default()).notes;
    let texts: Vec<String> = notes.iter().map(ToString::to_string).collect();
    let expected = "found Python outside of the packages in `scripts`: only checks with \
                    `per-package = false` can check it";
    assert!(texts.iter().any(|text| text == expected), "{texts:?}");
}
