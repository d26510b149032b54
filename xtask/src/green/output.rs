//! The output of each tool when its command is run by hand, and the findings in it.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

/// The path, line and code of a finding. One about a whole file has line 0 and no code.
pub(super) type HandFinding = (String, u64, String);

/// The output of a tool in a form that has one finding in each match.
struct HandOutput {
    tool: &'static str,
    /// The words that start the tool, and the options that are added behind them.
    options: Option<(&'static str, &'static str)>,
    format: Format,
}

/// The format of findings.
enum Format {
    /// Lines that match, with the groups `path`, `line` and `code`.
    Lines(&'static str),
    /// Lines that match, with the group `path`: only the names of files are compared.
    Names(&'static str),
    /// A JSON document.
    Json(fn(&Value) -> BTreeSet<HandFinding>),
    /// The output has no places: only the ends are compared.
    Opaque,
}

/// A line such as `src/a.py:3:1: F401 Unused import`, which most tools print.
const PLACE: &str = r"(?m)^(?<path>[^:\n]+):(?<line>\d+):(?:\d+:)? (?<code>[A-Za-z0-9-]+)\b";

const OUTPUTS: &[HandOutput] = &[
    HandOutput {
        tool: "black",
        options: None,
        format: Format::Names(
            r"(?m)^(?:would reformat|error: cannot format) (?<path>[^:\n]+?)(?::.*)?$",
        ),
    },
    HandOutput {
        tool: "codespell",
        options: None,
        format: Format::Lines(r"(?m)^(?<path>[^:\n]+):(?<line>\d+): .+ ==> "),
    },
    HandOutput { tool: "flake8", options: None, format: Format::Lines(PLACE) },
    HandOutput { tool: "interrogate", options: None, format: Format::Opaque },
    HandOutput {
        tool: "isort",
        options: None,
        format: Format::Names(r"(?m)^ERROR: (?<path>\S+) Imports are"),
    },
    HandOutput {
        tool: "mypy",
        options: Some(("mypy", "--no-pretty --show-error-codes --hide-error-context")),
        format: Format::Lines(
            r"(?m)^(?<path>[^:\n]+):(?<line>\d+):(?:\d+:)? error: .*?(?:  \[(?<code>[a-z0-9-]+)\])?$",
        ),
    },
    HandOutput {
        tool: "pre-commit-hooks",
        options: None,
        format: Format::Names(r"(?m)^(?:Fixing |Sorting )?(?<path>[^:\s]+)(?::[\d:]* .*)?$"),
    },
    HandOutput { tool: "pylint", options: None, format: Format::Lines(PLACE) },
    HandOutput {
        tool: "pyrefly",
        options: Some(("pyrefly check", "--output-format=min-text")),
        format: Format::Lines(
            r"(?m)^\s*[A-Z]+ (?<path>[^:\n]+):(?<line>\d+):\S+ .*\[(?<code>[a-z-]+)\]$",
        ),
    },
    HandOutput {
        tool: "pyright",
        options: Some(("pyright", "--outputjson")),
        format: Format::Json(read_pyright),
    },
    HandOutput {
        tool: "ruff",
        options: Some(("ruff check", "--output-format=concise")),
        format: Format::Lines(PLACE),
    },
    HandOutput {
        tool: "ruff-format",
        options: None,
        format: Format::Names(r"(?m)^Would reformat: (?<path>.+)$"),
    },
    HandOutput {
        tool: "ty",
        options: Some(("ty check", "--output-format=concise")),
        format: Format::Lines(
            r"(?m)^(?<path>[^:\n]+):(?<line>\d+):\d+: [a-z]+\[(?<code>[a-z-]+)\]",
        ),
    },
    HandOutput {
        tool: "yamllint",
        options: Some(("yamllint", "--format=parsable")),
        format: Format::Lines(
            r"(?m)^(?<path>[^:\n]+):(?<line>\d+):\d+: \[[a-z]+\] .*?(?: \((?<code>[a-z-]+)\))?$",
        ),
    },
    HandOutput {
        tool: "zizmor",
        options: Some(("zizmor", "--format=json")),
        format: Format::Json(read_zizmor),
    },
];

/// Whether the output of a tool is understood.
#[cfg(test)]
pub(super) fn is_known(tool: &str) -> bool {
    find(tool).is_some()
}

/// Whether findings of a tool have a line and a code, or only the name of a file.
pub(super) fn has_places(tool: &str) -> bool {
    !matches!(find(tool).map(|it| &it.format), Some(Format::Names(_)))
}

/// Whether the output of a tool names its findings.
pub(super) fn has_findings(tool: &str) -> bool {
    !matches!(find(tool).map(|it| &it.format), Some(Format::Opaque))
}

/// Adds the options that make the output of the tool readable to its command line.
pub(super) fn add_options(tool: &str, line: &str) -> String {
    match find(tool).and_then(|it| it.options) {
        Some((start, options)) => line.replacen(start, &format!("{start} {options}"), 1),
        None => line.to_owned(),
    }
}

/// Reads the findings in the output of a tool.
pub(super) fn read_findings(tool: &str, stdout: &str, stderr: &str) -> BTreeSet<HandFinding> {
    match find(tool).map(|it| &it.format) {
        Some(Format::Lines(pattern) | Format::Names(pattern)) => {
            match_lines(tool, pattern, &format!("{stdout}\n{stderr}"))
        }
        Some(Format::Json(read)) => {
            serde_json::from_str(stdout).map(|value| read(&value)).unwrap_or_default()
        }
        Some(Format::Opaque) | None => BTreeSet::new(),
    }
}

fn find(tool: &str) -> Option<&'static HandOutput> {
    OUTPUTS.iter().find(|it| it.tool == tool)
}

fn match_lines(tool: &str, pattern: &str, text: &str) -> BTreeSet<HandFinding> {
    // A test compiles every pattern.
    let Ok(pattern) = Regex::new(pattern) else { return BTreeSet::new() };
    // codespell has one kind of finding, and does not name it.
    let usual = if tool == "codespell" { "misspelling" } else { "" };
    let found = pattern.captures_iter(text);
    found
        .map(|found| {
            let group = |name| found.name(name).map(|it| it.as_str());
            let line = group("line").and_then(|line| line.parse().ok()).unwrap_or_default();
            (relative(&found["path"]), line, group("code").unwrap_or(usual).to_owned())
        })
        .collect()
}

fn read_pyright(report: &Value) -> BTreeSet<HandFinding> {
    let all = report["generalDiagnostics"].as_array().into_iter().flatten();
    all.map(|it| {
        let line = it["range"]["start"]["line"].as_u64().map_or(0, |line| line + 1);
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        (relative(text("file")), line, text("rule").to_owned())
    })
    .collect()
}

fn read_zizmor(problems: &Value) -> BTreeSet<HandFinding> {
    let mut findings = BTreeSet::new();
    for problem in problems.as_array().into_iter().flatten() {
        let locations = problem["locations"].as_array().into_iter().flatten();
        let primary = locations.clone().find(|it| it["symbolic"]["kind"] == "Primary");
        let Some(place) = primary.or(locations.clone().next()) else { continue };
        let key = &place["symbolic"]["key"]["Local"];
        // Older releases have another name for it.
        let path = key["verbatim_path"].as_str().or(key["given_path"].as_str());
        let row = place["concrete"]["location"]["start_point"]["row"].as_u64();
        let line = row.map_or(0, |row| row + 1);
        let code = problem["ident"].as_str().unwrap_or_default().to_owned();
        findings.insert((relative(path.unwrap_or_default()), line, code));
    }
    findings
}

/// The path in the project, whose root is `/app`.
fn relative(path: &str) -> String {
    path.trim_start_matches("/app/").trim_start_matches("./").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_valid_and_has_its_groups() {
        for HandOutput { tool, format, .. } in OUTPUTS {
            let (pattern, wanted) = match format {
                Format::Lines(pattern) => (pattern, ["path", "line"].as_slice()),
                Format::Names(pattern) => (pattern, ["path"].as_slice()),
                Format::Json(_) | Format::Opaque => continue,
            };
            let pattern = Regex::new(pattern).unwrap();
            let names: Vec<&str> = pattern.capture_names().flatten().collect();
            assert!(wanted.iter().all(|name| names.contains(name)), "{tool}: {names:?}");
        }
    }

    #[test]
    fn lines_of_tools_have_a_path_a_line_and_a_code() {
        for (tool, line, expected) in [
            ("mypy", "src/a.py:3: error: No [x]  [no-redef]", Some(("src/a.py", 3, "no-redef"))),
            ("mypy", "src/a.py:3: note: Not here", None),
            ("ruff", "./a.py:1:8: F401 [*] `os` imported", Some(("a.py", 1, "F401"))),
            ("pylint", "a.py:1:0: C0114: Missing (x)", Some(("a.py", 1, "C0114"))),
            ("black", "would reformat /app/a.py", Some(("a.py", 0, ""))),
            ("black", "error: cannot format a.py: Cannot parse: 1:2: x", Some(("a.py", 0, ""))),
            ("black", "1 file would be reformatted.", None),
            ("isort", "ERROR: /app/a.py Imports are wrong", Some(("a.py", 0, ""))),
            ("flake8", "Found 3 errors", None),
            ("codespell", "./a.py:4: teh ==> the", Some(("a.py", 4, "misspelling"))),
            ("pre-commit-hooks", "Fixing a.py", Some(("a.py", 0, ""))),
            ("pre-commit-hooks", "a.py:3:1: pdb imported", Some(("a.py", 0, ""))),
            ("pre-commit-hooks", "All is well", None),
            ("pyrefly", "ERROR a.py:1:2-5: Bad [bad-return]", Some(("a.py", 1, "bad-return"))),
            ("pyrefly", " INFO 0 errors", None),
            ("ty", "a.py:1:2: error[no-x] Bad", Some(("a.py", 1, "no-x"))),
            ("yamllint", "a.yml:6:1: [warning] Bad (b-c)", Some(("a.yml", 6, "b-c"))),
            ("yamllint", "a.yml:6:1: [error] Bad (y) (b)", Some(("a.yml", 6, "b"))),
        ] {
            let expected =
                expected.map(|(path, line, code)| (path.to_owned(), line, code.to_owned()));
            assert_eq!(read_findings(tool, line, "").pop_first(), expected, "{tool}: {line}");
            assert_eq!(read_findings(tool, "", line).pop_first(), expected, "{tool}: {line}");
        }
    }

    #[test]
    fn documents_of_tools_have_a_path_a_line_and_a_code() {
        let pyright = r#"{"generalDiagnostics": [
            {"file": "/app/a.py", "rule": "reportX", "range": {"start": {"line": 2}}}]}"#;
        let zizmor = r#"[{"ident": "unpinned-uses", "locations": [
            {"symbolic": {"key": {"Local": {"verbatim_path": "./a.yml"}}, "kind": "Hidden"},
             "concrete": {"location": {"start_point": {"row": 13}}}},
            {"symbolic": {"key": {"Local": {"verbatim_path": "./a.yml"}}, "kind": "Primary"},
             "concrete": {"location": {"start_point": {"row": 14}}}}]}]"#;
        for (tool, text, expected) in [
            ("pyright", pyright, ("a.py", 3, "reportX")),
            ("zizmor", zizmor, ("a.yml", 15, "unpinned-uses")),
        ] {
            let (path, line, code) = expected;
            let expected = Some((path.to_owned(), line, code.to_owned()));
            assert_eq!(read_findings(tool, text, "").pop_first(), expected, "{tool}");
            assert_eq!(read_findings(tool, "no document", "").pop_first(), None, "{tool}");
        }
    }

    #[test]
    fn options_follow_the_words_that_start_the_tool() {
        let line = add_options("ruff", "ruff check --force-exclude");
        assert_eq!(line, "ruff check --output-format=concise --force-exclude");
        assert_eq!(add_options("black", "black --check ."), "black --check .");
    }
}
