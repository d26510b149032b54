//! Releases of tools from the oldest to the newest, compared with their plain commands.
//!
//! Each generation of tools is locked by the real uv for a project with a newer Python than some of them
//! support. `cargo xtask soak releases` runs every generation.

use std::collections::BTreeSet;

use regex::Regex;

use crate::engine::{environments, venv_cache, without_docker};
use crate::packages::{project_path, uv};
use crate::pinned_tools::holds_distribution;
use crate::project::Project;
use crate::start;

tests![releases_of_2022, a_new_release_checks_an_older_project];

tests!(
    SOAK,
    [
        releases_of_2023,
        releases_of_2024,
        releases_of_2025,
        releases_of_2026,
        releases_that_are_bundled
    ]
);

const MAIN: &str = "\"\"\"A module.\"\"\"\n\nimport os\nimport sys\n\n\ndef load(data: bytes, more=[]) -> int:\n    \
    \"\"\"Load.\"\"\"\n    result: int = str(data)\n    return missing\n\n\n\n\n\
    print(load( b\"\" ), sys.version_info)\nVALUE = f'{load(b\"\")!r}'\n";

const TEST: &str = "import pytest\n\n\ndef test_good():\n    assert True\n\n\n\
    @pytest.mark.parametrize('value', [1, 2])\ndef test_bad(value):\n    assert value == 2\n";

type Found = BTreeSet<(String, u64, String)>;

/// A check, the package of its tool, and its plain command with the lines in which that prints its findings.
struct PlainCheck {
    check: &'static str,
    package: &'static str,
    command: &'static str,
    lines: &'static str,
    /// The code of every finding, where the lines have none.
    code: &'static str,
}

const CHECKS: [PlainCheck; 5] = [
    PlainCheck {
        check: "lint",
        package: "pylint",
        command: "pylint --persistent=n src",
        lines: r"^(?<path>[^:]+):(?<line>\d+):\d+: (?<code>\w\d{4}): ",
        code: "",
    },
    // A difference has no lines of this form: see `hunks`.
    PlainCheck {
        check: "format",
        package: "black",
        command: "black --quiet --diff src",
        lines: "",
        code: "format",
    },
    PlainCheck {
        check: "mypy",
        package: "mypy",
        command: "mypy --cache-dir=/dev/null src",
        lines: r"^(?<path>[^:]+):(?<line>\d+): error: .*\[(?<code>[\w-]+)\]$",
        code: "",
    },
    PlainCheck {
        check: "ruff",
        package: "ruff",
        command: "ruff check --no-cache --output-format github src",
        lines: r"title=[Rr]uff \((?<code>\w+)\),file=(?<path>[^,]+),line=(?<line>\d+)",
        code: "",
    },
    PlainCheck {
        check: "test",
        package: "pytest",
        command: "pytest -p no:cacheprovider --tb=line tests",
        lines: r"^(?<path>tests/[^:]+):(?<line>\d+): ",
        code: "failed",
    },
];

/// A project in which these checks are on, with these releases in their order; the bundled ones where none
/// is given.
fn project(python: &str, releases: Option<[&str; 5]>) -> Project {
    let mut settings = format!("source = [\"src\"]\n[python]\nversion = \"{python}\"\n");
    for (at, PlainCheck { check, .. }) in CHECKS.iter().enumerate() {
        settings.push_str(&format!("[checks.{check}]\n"));
        if *check == "test" {
            settings.push_str("tool = \"pytest\"\nsource = [\"tests\"]\n");
        } else {
            settings.push_str("config = false\n");
        }
        if let Some(releases) = &releases {
            settings.push_str(&format!("version = \"{}\"\n", releases[at]));
        }
    }
    let project = Project::empty();
    project.write("pipe.toml", settings);
    project.write("src/main.py", MAIN);
    project.write("tests/test_it.py", TEST);
    let project = without_docker(project).scaffold();
    let project = project.with("PATH", &project_path(Some(&uv())));
    if releases.is_some() {
        let updated = project.pipe(&["update"]);
        assert_eq!(updated.status, Some(0), "{updated:?}");
    }
    project
}

fn agree_with_plain_tools(releases: Option<[&str; 5]>) -> Project {
    let project = project("3.13", releases);
    let report = project.report(&["run-all"]);
    for (at, plain) in CHECKS.iter().enumerate() {
        let check = plain.check;
        assert_eq!(report.outcome(check), "findings", "{check}: {report:#?}");
        let version = report.check(check)["tool_version"].as_str().unwrap();
        assert!(releases.is_none_or(|releases| releases[at] == version), "{check}: {version}");
        let ours: Found = report.found(check).into_iter().collect();
        let theirs = found_by_hand(&project, plain, version);
        assert!(!theirs.is_empty(), "{check} {version}");
        assert_eq!(ours, theirs, "{check} {version}");
    }
    project
}

/// The findings of the plain command, in the environment that has this release.
fn found_by_hand(project: &Project, plain: &PlainCheck, version: &str) -> Found {
    let distribution = format!("{}-{version}.dist-info", plain.package);
    let mut folders = environments(&venv_cache()).into_iter();
    let folder = folders.find(|folder| holds_distribution(folder, &distribution)).unwrap();
    let words: Vec<&str> = plain.command.split(' ').collect();
    let mut command = start::command(folder.join("bin").join(words[0]));
    command.args(&words[1..]).current_dir(&project.root).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let root = format!("{}/", project.root.canonicalize().unwrap().display());
    let printed = printed.replace(&root, "");
    if plain.lines.is_empty() {
        return hunks(&printed, plain.code);
    }
    let regex = Regex::new(plain.lines).unwrap();
    let found = printed.lines().filter_map(|line| {
        let found = regex.captures(line)?;
        let path = found["path"].to_owned();
        let code = found.name("code").map_or(plain.code, |code| code.as_str());
        Some((path, found["line"].parse().unwrap(), code.to_owned()))
    });
    found.collect()
}

/// The first line of each hunk that a difference changes.
fn hunks(difference: &str, code: &str) -> Found {
    let mut found = Found::new();
    let (mut path, mut line, mut is_open) = ("", 0, false);
    for text in difference.lines() {
        if let Some(rest) = text.strip_prefix("--- ") {
            path = rest.split('\t').next().unwrap();
        } else if let Some(rest) = text.strip_prefix("@@ -") {
            line = rest.split([',', ' ']).next().unwrap().parse().unwrap();
            is_open = true;
        } else if is_open && text.starts_with(['-', '+']) {
            found.insert((path.to_owned(), line, code.to_owned()));
            is_open = false;
        } else {
            line += 1;
        }
    }
    found
}

fn releases_of_2022() {
    let project = agree_with_plain_tools(Some(["2.17.0", "22.12.0", "1.0.0", "0.1.0", "7.0.0"]));
    // Each is installed with the packages and the Python of its time.
    let lock = project.root.join(".docker/requirements/black.txt");
    let lock = std::fs::read_to_string(lock).unwrap();
    assert!(
        lock.contains("releases until 2023-01-08 (") && lock.contains("\nclick==8.1.3 "),
        "{lock}"
    );
    for (check, python) in
        [("format", "3.11"), ("lint", "3.11"), ("ruff", "3.13"), ("test", "3.13")]
    {
        let shell = project.pipe(&["bash", check, "--", "python3", "--version"]);
        assert!(shell.stdout.starts_with(&format!("Python {python}.")), "{check}: {shell:?}");
    }
}

fn releases_of_2023() {
    agree_with_plain_tools(Some(["3.0.0", "23.1.0", "1.4.0", "0.2.0", "7.4.4"]));
}

fn releases_of_2024() {
    agree_with_plain_tools(Some(["3.2.0", "24.4.2", "1.8.0", "0.6.0", "8.0.0"]));
}

fn releases_of_2025() {
    agree_with_plain_tools(Some(["3.3.0", "25.1.0", "1.11.0", "0.9.0", "8.3.0"]));
}

fn releases_of_2026() {
    agree_with_plain_tools(Some(["4.0.0", "26.1.0", "1.18.1", "0.12.0", "9.0.0"]));
}

fn releases_that_are_bundled() {
    agree_with_plain_tools(None);
}

/// No release of mypy 2 or pylint 4 runs on Python 3.8.
fn a_new_release_checks_an_older_project() {
    let project = project("3.8", None);
    project.write(
        "src/main.py",
        "\"\"\"A module.\"\"\"\n\nimport distutils\nimport sys\n\nprint(distutils)\n\
        if sys.version_info >= (3, 12):\n    NUMBER: int = ''\n",
    );
    let report = project.report(&["run", "lint", "mypy"]);
    // The module went with Python 3.12, and the tools run on a newer one.
    for (check, version) in [("lint", "4."), ("mypy", "2.")] {
        let found = report.check(check);
        assert!(found["tool_version"].as_str().unwrap().starts_with(version), "{report:#?}");
    }
    assert_eq!(report.found("mypy"), [], "{report:#?}");
    let updated = project.pipe(&["update", "lint"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let lock = std::fs::read_to_string(project.root.join(".docker/requirements/pylint.txt"));
    assert!(lock.unwrap().contains("\n# For Python 3.10 and newer.\n"));
}
