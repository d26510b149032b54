//! The verdict of a tool in a form that is the same by hand and in a report.

use std::collections::BTreeSet;

use serde_json::Value;

use super::output::{self, HandFinding};

/// The verdict of a tool on a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ToolVerdict {
    /// The worst end of its commands.
    pub(super) end: End,
    /// The path, line and code of each finding.
    pub(super) findings: BTreeSet<HandFinding>,
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
    /// The verdict of a command with this exit status and output. A tool that fails has findings if it
    /// names any, or if it never does.
    pub(super) fn of_output(tool: &str, status: i32, stdout: &str, stderr: &str) -> ToolVerdict {
        let findings = output::read_findings(tool, stdout, stderr);
        let end = match status {
            0 => End::Passed,
            _ if !findings.is_empty() => End::Findings,
            1 if !output::has_findings(tool) => End::Findings,
            _ => End::Error,
        };
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
            if is_note || !output::has_findings(&tool) {
                continue;
            }
            let path = text(finding, "path");
            findings.insert(if output::has_places(&tool) {
                (path, finding["line"].as_u64().unwrap_or_default(), text(finding, "code"))
            } else {
                (path, 0, String::new())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_files_count_for_formatters() {
        let check = serde_json::json!({"tool": "black", "outcome": "findings", "findings": [
            {"path": "a.py", "line": 4, "code": "format", "severity": "warning"}]});
        let hand = ToolVerdict::of_output("black", 1, "", "would reformat a.py\n1 file would be\n");
        assert_eq!(ToolVerdict::of_check(&check), hand);
    }

    #[test]
    fn a_failure_without_findings_is_an_error_unless_the_tool_never_names_them() {
        for (tool, status, output, expected) in [
            ("zizmor", 14, "[]", End::Error),
            ("codespell", 65, "a.py:4: teh ==> the", End::Findings),
            ("pylint", 32, "usage: pylint", End::Error),
            ("mypy", 2, "a.py:1: error: Bad  [syntax]", End::Findings),
            ("mypy", 1, "", End::Error),
            ("interrogate", 1, "RESULT: FAILED", End::Findings),
            ("interrogate", 2, "", End::Error),
            ("yamllint", 0, "a.yml:6:1: [warning] Bad (b)", End::Passed),
        ] {
            let verdict = ToolVerdict::of_output(tool, status, output, "");
            assert_eq!(verdict.end, expected, "{tool} {status}");
        }
    }
}
