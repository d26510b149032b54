//! The verdict of a tool in a form that is the same by hand and in a report.

use std::collections::BTreeSet;

use serde_json::Value;

/// Tools that change files: only the names of the files are compared.
const FORMATTERS: &[&str] = &["black", "isort", "pre-commit-hooks", "ruff-format"];

/// The verdict of a tool on a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ToolVerdict {
    /// The worst end of its commands.
    pub(super) end: End,
    /// The path, line and code of each finding.
    pub(super) findings: BTreeSet<(String, u64, String)>,
}

/// The end of a command, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    #[default]
    Passed,
    Findings,
    Error,
}

impl End {
    pub(super) fn name(self) -> &'static str {
        match self {
            End::Passed => "passed",
            End::Findings => "findings",
            End::Error => "error",
        }
    }
}

impl ToolVerdict {
    /// The verdict of a command with this exit status and output.
    pub(super) fn of_output(tool: &str, status: i32, output: &str) -> ToolVerdict {
        let is_pylint = tool == "pylint" && status & 32 == 0;
        let end = match status {
            0 => End::Passed,
            1 => End::Findings,
            _ if is_pylint => End::Findings,
            _ => End::Error,
        };
        let findings = output.lines().filter_map(|line| parse_line(tool, line)).collect();
        ToolVerdict { end, findings }
    }

    /// The verdict of a check in a report.
    pub(super) fn of_check(check: &Value) -> ToolVerdict {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let tool = text(check, "tool");
        let end = match check["outcome"].as_str() {
            Some("passed") => End::Passed,
            Some("findings") => End::Findings,
            _ => End::Error,
        };
        let mut findings = BTreeSet::new();
        for finding in check["findings"].as_array().into_iter().flatten() {
            let is_note = tool == "mypy" && finding["severity"] != "error";
            if is_note {
                continue;
            }
            let path = text(finding, "path");
            findings.insert(if FORMATTERS.contains(&tool.as_str()) {
                (path, 0, String::new())
            } else {
                (path, finding["line"].as_u64().unwrap_or_default(), text(finding, "code"))
            });
        }
        ToolVerdict { end, findings }
    }

    /// Adds the verdict of another command of the same tool.
    pub(super) fn merge(&mut self, other: ToolVerdict) {
        self.end = self.end.max(other.end);
        self.findings.extend(other.findings);
    }
}

/// The path, line and code in a line of a tool's output.
fn parse_line(tool: &str, line: &str) -> Option<(String, u64, String)> {
    let line = line.trim_start_matches("/app/").trim_start_matches("./");
    if FORMATTERS.contains(&tool) {
        let starts = ["would reformat ", "Would reformat: ", "ERROR: ", "Fixing "];
        let path = starts.iter().find_map(|start| line.strip_prefix(start))?;
        let path = path.split(' ').next()?.trim_start_matches("/app/");
        return Some((path.to_owned(), 0, String::new()));
    }
    let (path, rest) = line.split_once(':')?;
    let (number, rest) = rest.split_once(':')?;
    let number = number.parse().ok()?;
    // The column.
    let rest = match rest.split_once(':') {
        Some((column, rest)) if column.parse::<u64>().is_ok() => rest,
        _ => rest,
    };
    let rest = rest.trim_start();
    let code = match tool {
        "mypy" => {
            let message = rest.strip_prefix("error:")?;
            message.rsplit_once('[').and_then(|(_, code)| code.strip_suffix(']')).unwrap_or("")
        }
        "codespell" => "spelling",
        _ => rest.split(' ').next()?.trim_end_matches(':'),
    };
    Some((path.to_owned(), number, code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tools_have_a_path_a_line_and_a_code() {
        for (tool, line, expected) in [
            ("mypy", "src/a.py:3: error: No [x]  [no-redef]", Some(("src/a.py", 3, "no-redef"))),
            ("mypy", "src/a.py:3: note: Not here", None),
            ("ruff", "./a.py:1:8: F401 [*] `os` imported", Some(("a.py", 1, "F401"))),
            ("pylint", "a.py:1:0: C0114: Missing (x)", Some(("a.py", 1, "C0114"))),
            ("black", "would reformat /app/a.py", Some(("a.py", 0, ""))),
            ("isort", "ERROR: /app/a.py Imports are wrong", Some(("a.py", 0, ""))),
            ("flake8", "Found 3 errors", None),
        ] {
            let expected =
                expected.map(|(path, line, code)| (path.to_owned(), line, code.to_owned()));
            assert_eq!(parse_line(tool, line), expected, "{line}");
        }
    }

    #[test]
    fn notes_and_lines_of_formatters_do_not_count() {
        let check = serde_json::json!({"tool": "black", "outcome": "findings", "findings": [
            {"path": "a.py", "line": 4, "code": "format", "severity": "warning"}]});
        let hand = ToolVerdict::of_output("black", 1, "would reformat a.py\n1 file would be\n");
        assert_eq!(ToolVerdict::of_check(&check), hand);
    }
}
