//! The evidence of packages in a project.

use super::*;

/// The uses of the project and of two packages: place, tool, arguments, paths, folder.
fn uses_of_packages(files: &[(&str, &str)]) -> Vec<String> {
    let texts =
        files.iter().map(|(name, text)| (ProjectPath::new(name).unwrap(), (*text).to_owned()));
    let folders = ["libs/a", "libs/b"].map(|folder| ProjectPath::new(folder).unwrap());
    let found = read_evidence(&texts.collect(), &folders);
    let named = [("root", &found.project), ("a", &found.packages[0]), ("b", &found.packages[1])];
    let mut uses = Vec::new();
    for (place, evidence) in named {
        for used in &evidence.uses {
            let ToolUse { tool, version, args, paths, origin, .. } = used;
            let version = version.as_deref().unwrap_or("-");
            uses.push(format!("{place} {tool} {version} {args:?} {paths:?} {origin}"));
        }
    }
    uses
}

#[test]
fn a_command_in_the_folder_of_a_package_is_followed_there() {
    let ci =
        "check:\n  script:\n  - make lint\n  - cd libs/b && make lint && cd ../.. && black .\n";
    let makefile = "lint:\n\tmypy libs/a\n\tcd libs/a/src && mypy x.py\n\tcd libs/c && mypy .\n";
    assert_eq!(
        uses_of_packages(&[
            (".gitlab-ci.yml", ci),
            ("Makefile", makefile),
            ("libs/a/Makefile", "lint:\n\tpylint never\n"),
            ("libs/b/Makefile", "lint:\n\tpylint b\n"),
            ("uv.lock", "[[package]]\nname = 'pylint'\nversion = '3.1.0'\n"),
        ]),
        [
            r#"root mypy - [] ["libs/a"] Makefile:2"#,
            r#"root mypy - [] ["libs/c"] Makefile:4"#,
            r#"root black - [] ["."] .gitlab-ci.yml:4"#,
            r#"a mypy - [] ["src/x.py"] Makefile:3"#,
            r#"b pylint 3.1.0 [] ["b"] libs/b/Makefile:2"#,
        ]
    );
}

#[test]
fn a_starter_can_name_the_folder_of_a_package() {
    let scripts = [
        "uv run --directory libs/a mypy x",
        "uv --directory ./libs/a run pylint x",
        "poetry -C libs/b run mypy y",
        "make -C libs/b lint",
        "uv run --directory . black z",
    ];
    let script: String = scripts.iter().map(|script| format!("  - {script}\n")).collect();
    let ci = format!("check:\n  script:\n{script}");
    assert_eq!(
        uses_of_packages(&[
            (".gitlab-ci.yml", &ci),
            ("Makefile", "lint:\n\tpylint never\n"),
            ("libs/b/Makefile", "lint:\n\tpylint b\n"),
        ]),
        [
            r#"root black - [] ["z"] .gitlab-ci.yml:7"#,
            r#"a mypy - [] ["x"] .gitlab-ci.yml:3"#,
            r#"a pylint - [] ["x"] .gitlab-ci.yml:4"#,
            r#"b mypy - [] ["y"] .gitlab-ci.yml:5"#,
            r#"b pylint - [] ["b"] libs/b/Makefile:2"#,
        ]
    );
}

#[test]
fn tasks_and_dependencies_of_packages_count_where_jobs_run_nothing() {
    let manifest = "[dependency-groups]\ndev = ['pylint==3.2']\n";
    let of_package = [("libs/a/pyproject.toml", manifest)];
    assert_eq!(uses_of_packages(&of_package), ["a pylint 3.2 [] [] libs/a/pyproject.toml:2"]);
    let tox = ("libs/b/tox.ini", "[tox]\nenvlist = lint\n[testenv:lint]\ncommands = mypy b\n");
    let with_task = [of_package[0], tox];
    assert_eq!(uses_of_packages(&with_task), [r#"b mypy - [] ["b"] libs/b/tox.ini:4"#]);
    let with_job = [of_package[0], tox, (".gitlab-ci.yml", "check:\n  script: [black .]\n")];
    assert_eq!(uses_of_packages(&with_job), [r#"root black - [] ["."] .gitlab-ci.yml:2"#]);
}
