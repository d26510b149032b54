//! Seven tools at the releases that a project pins, from one configuration, in every report.
//!
//! The releases are resolved by the real uv, and each tool is compared with its plain command.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;

use crate::engine::{environments, without_docker};
use crate::packages::{project_path, uv};
use crate::project::{Project, Report};
use crate::start;

tests!(python, [every_finding_of_every_pinned_tool_is_in_every_report_and_in_the_baseline]);

const SETTINGS: &str = r#"source = ["src"]
engine = "venv"
[python]
version = "3.11"
[checks.lint]
enabled = false
[checks.ruff]
version = "0.12.0"
config = false
[checks.format]
version = "24.4.2"
config = false
[checks.mypy]
version = "1.8"
config = false
[checks.flake8]
version = "7.1.1"
requirements = ["flake8-bugbear==24.12.12", "flake8-comprehensions==3.16.0"]
[checks.codespell]
version = "2.4.1"
source = ["src"]
[checks.bandit]
version = "1.8.6"
[checks.security]
run = ["bandit", "--recursive", "--format", "sarif", "--output", "/tmp/bandit.sarif", "src"]
requirements = ["bandit[sarif]==1.8.6"]
findings = { format = "sarif", from = "file:/tmp/bandit.sarif" }
[checks.pyright]
version = "1.1.402"
"#;

const MAIN: &str = "\"\"\"Recieves input.\"\"\"\n\nimport os\nimport pickle\nimport subprocess\n\n\n\
    def load(data: bytes, more=[]) -> int:\n    values = list([x for x in more])\n    \
    subprocess.call(\"ls \" + str(data), shell=True)\n    result: int = pickle.loads(data)\n    \
    assert result\n    return missing\n\n\nprint(load( b\"\" ))\n";

const OTHER: &str = "import nowhere\nfrom main import nothing\n\n\ndef f() -> int:\n    \
    fn = lambda: nothing\n    return nowhere.x + fn()\n";

/// A tool, its release, and its plain command with the lines in which that prints its findings.
struct Pinned {
    check: &'static str,
    version: Option<&'static str>,
    /// A distribution that only the environment of this check has.
    distribution: &'static str,
    command: &'static str,
    lines: &'static str,
}

const fn pinned(
    check: &'static str,
    version: &'static str,
    distribution: &'static str,
    command: &'static str,
    lines: &'static str,
) -> Pinned {
    Pinned { check, version: Some(version), distribution, command, lines }
}

const BANDIT: &str = "bandit -q -r src -f custom --msg-template {relpath}:{line}:{test_id}";

const PINNED: &[Pinned] = &[
    pinned(
        "ruff",
        "0.12.0",
        "ruff-0.12.0",
        "ruff check --no-cache --output-format concise src",
        r"^(?<path>[^:]+):(?<line>\d+):\d+: (?<code>\w+) ",
    ),
    pinned(
        "mypy",
        "1.8.0",
        "mypy-1.8.0",
        "mypy --cache-dir=/dev/null src",
        r"^(?<path>[^:]+):(?<line>\d+): error: .*\[(?<code>[\w-]+)\]$",
    ),
    pinned(
        "flake8",
        "7.1.1",
        "flake8_bugbear-24.12.12",
        "flake8 src",
        r"^(?<path>[^:]+):(?<line>\d+):\d+: (?<code>\w+) ",
    ),
    pinned(
        "codespell",
        "2.4.1",
        "codespell-2.4.1",
        "codespell src",
        r"^(?<path>[^:]+):(?<line>\d+): .* ==> ",
    ),
    pinned(
        "bandit",
        "1.8.6",
        "bandit-1.8.6",
        BANDIT,
        r"^(?<path>[^:]+):(?<line>\d+):(?<code>\w+)$",
    ),
    Pinned {
        check: "security",
        version: None,
        distribution: "jschema_to_python-",
        command: BANDIT,
        lines: r"^(?<path>[^:]+):(?<line>\d+):(?<code>\w+)$",
    },
    pinned(
        "pyright",
        "1.1.402",
        "pyright-1.1.402",
        "pyright src",
        r"(?<path>src/[^:]+):(?<line>\d+):\d+ - error: .*\((?<code>report\w+)\)",
    ),
];

type Found = BTreeSet<(String, u64, String)>;

/// The findings of the plain command.
fn found_by_hand(project: &Project, tool: &Pinned) -> Found {
    let words: Vec<&str> = tool.command.split(' ').collect();
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("venv-cache");
    let mut folders = environments(&cache).into_iter();
    let folder = folders.find(|folder| holds_distribution(folder, tool.distribution)).unwrap();
    let mut command = start::command(folder.join("bin").join(words[0]));
    let output = command.args(&words[1..]).current_dir(&project.root).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let regex = Regex::new(tool.lines).unwrap();
    let found: Found = printed
        .lines()
        .filter_map(|line| {
            let found = regex.captures(line)?;
            let code = found.name("code").map_or("misspelling", |code| code.as_str());
            Some((found["path"].to_owned(), found["line"].parse().unwrap(), code.to_owned()))
        })
        .collect();
    assert!(!found.is_empty(), "{}: {printed}", tool.check);
    found
}

pub(crate) fn holds_distribution(environment: &Path, start: &str) -> bool {
    let libraries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let packages = libraries.flat_map(|it| fs::read_dir(it.path().join("site-packages")));
    let mut names = packages.flatten().flatten().map(|it| it.file_name());
    names.any(|name| name.to_str().is_some_and(|name| name.starts_with(start)))
}

fn every_finding_of_every_pinned_tool_is_in_every_report_and_in_the_baseline() {
    let project = Project::empty();
    project.write("pipe.toml", SETTINGS);
    project.write("src/main.py", MAIN);
    project.write("src/other.py", OTHER);
    let project = without_docker(project).scaffold().with("CARGO_PIPE_CACHE", "on");
    let project = project.with("PATH", &project_path(Some(&uv())));
    let results = project.root.parent().unwrap().join("cache");
    let updated = project.pipe(&["update"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");

    let report = |format: &str| format!("{format}={}", results.with_extension(format).display());
    let formats = ["json", "sarif", "gitlab", "junit"].map(report);
    let mut words = vec!["run-all"];
    formats.iter().for_each(|it| words.extend(["--report", it]));
    let ended = project.pipe(&words);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let read = |format: &str| fs::read_to_string(results.with_extension(format)).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    let report = Report { status: 1, json };

    for tool in PINNED {
        let version = report.check(tool.check)["tool_version"].as_str();
        assert_eq!(version, tool.version, "{}", tool.check);
        let ours: Found = report.found(tool.check).into_iter().collect();
        assert_eq!(ours, found_by_hand(&project, tool), "{}", tool.check);
    }
    assert_eq!(report.check("format")["tool_version"], "24.4.2");
    assert_eq!(report.found("format"), [("src/main.py".to_owned(), 16, "format".to_owned())]);

    let checks = report.json["checks"].as_array().unwrap();
    let findings: Vec<&Value> =
        checks.iter().flat_map(|check| check["findings"].as_array().unwrap()).collect();
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    let gitlab: Value = serde_json::from_str(&read("gitlab")).unwrap();
    let junit = read("junit");
    for check in checks {
        let name = check["name"].as_str().unwrap();
        let own = check["findings"].as_array().unwrap();
        let label = if check["tool"] == "command" { name } else { check["tool"].as_str().unwrap() };
        let label = if label == "black" { "format" } else { label };
        let shown = Regex::new(&format!(r"\[{label}[\] ]")).unwrap();
        assert_eq!(shown.find_iter(&ended.stdout).count(), own.len(), "{name}: {}", ended.stdout);
        let runs = sarif["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["automationDetails"]["id"].to_string().contains(name));
        let results = run.unwrap_or_else(|| panic!("{name}: {runs:#?}"))["results"].as_array();
        assert_eq!(results.unwrap().len(), own.len(), "{name}");
        assert!(junit.contains(&format!("<testsuite name=\"{name}\"")), "{junit}");
    }
    assert_eq!(gitlab.as_array().unwrap().len(), findings.len());
    for finding in &findings {
        let message = finding["message"].as_str().unwrap().lines().next().unwrap();
        let is_there = gitlab.as_array().unwrap().iter().any(|it| {
            it["location"]["path"] == finding["path"]
                && it["location"]["lines"]["begin"] == finding["line"]
                && it["description"].as_str().unwrap().contains(message)
        });
        assert!(is_there, "{finding}: {gitlab:#}");
        let escaped = message.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let escaped = escaped.replace('>', "&gt;").replace('\'', "&apos;");
        assert!(junit.contains(message) || junit.contains(&escaped), "{message}: {junit}");
    }

    let accepted = project.pipe(&["baseline"]);
    assert_eq!(accepted.status, Some(0), "{accepted:?}");
    let baseline = fs::read_to_string(project.root.join(".config/baseline.jsonl")).unwrap();
    for finding in &findings {
        let fingerprint = finding["fingerprint"].as_str().unwrap();
        assert!(baseline.contains(fingerprint), "{finding}: {baseline}");
    }
    let after = project.report(&["run-all"]);
    assert_eq!(after.status, 0, "{after:#?}");
    let checks = after.json["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["cache"] == "hit"), "{after:#?}");
}
