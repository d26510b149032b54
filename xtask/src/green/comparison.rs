//! Both verdicts on the tools of a project, and their text.

use std::collections::BTreeMap;

use super::projects::PublicProject;
use super::verdict::ToolVerdict;

/// The most differences that are shown of a tool.
const SHOWN: usize = 3;

/// The verdicts on a project.
pub(super) struct Comparison {
    /// The name and the version of the project.
    name: String,
    /// The tools that its CI runs, then those that only we run.
    tools: Vec<ToolComparison>,
    /// The reasons of the known differences, by the name of the tool.
    reasons: BTreeMap<String, String>,
}

/// The verdicts of a tool.
struct ToolComparison {
    tool: String,
    /// The places of the commands.
    origins: String,
    by_hand: Option<ToolVerdict>,
    ours: Option<ToolVerdict>,
}

impl Comparison {
    /// Compares the verdicts by hand with ours. Several checks of a tool have one verdict together.
    pub(super) fn of(
        project: &PublicProject,
        by_hand: Vec<(String, ToolVerdict)>,
        ours: Vec<(String, ToolVerdict)>,
    ) -> Comparison {
        let mut tools: Vec<ToolComparison> = Vec::new();
        for (tool, verdict) in by_hand {
            let commands = project.commands.iter().filter(|command| command.tool == tool);
            let origins: Vec<&str> = commands.map(|command| command.origin.as_str()).collect();
            let origins = origins.join(", ");
            tools.push(ToolComparison { tool, origins, by_hand: Some(verdict), ours: None });
        }
        for (tool, verdict) in ours {
            match tools.iter_mut().find(|it| it.tool == tool) {
                Some(ToolComparison { ours: Some(known), .. }) => known.merge(verdict),
                Some(it) => it.ours = Some(verdict),
                None => {
                    let origins = String::new();
                    tools.push(ToolComparison {
                        tool,
                        origins,
                        by_hand: None,
                        ours: Some(verdict),
                    });
                }
            }
        }
        let name = format!("{} {}", project.name, project.version);
        Comparison { name, tools, reasons: project.differences.clone() }
    }

    /// The number of tools whose verdicts are equal.
    pub(super) fn equal(&self) -> usize {
        self.tools.iter().filter(|it| it.is_equal()).count()
    }

    /// The number of tools.
    pub(super) fn tools(&self) -> usize {
        self.tools.len()
    }

    /// Whether all verdicts are equal.
    pub(super) fn keeps_verdict(&self) -> bool {
        self.equal() == self.tools()
    }

    /// The differences without a known reason, and the reasons without a difference.
    pub(super) fn surprises(&self) -> Vec<String> {
        let differs = |tool: &str| self.tools.iter().any(|it| it.tool == tool && !it.is_equal());
        let names = self.tools.iter().map(|it| it.tool.as_str());
        let new = names.filter(|tool| differs(tool) && !self.reasons.contains_key(*tool));
        let new = new.map(|tool| format!("{}: {tool} differs", self.name));
        let gone = self.reasons.keys().filter(|tool| !differs(tool));
        let gone = gone.map(|tool| format!("{}: {tool} no longer differs", self.name));
        new.chain(gone).collect()
    }

    /// Renders the verdicts, and the first differences below them.
    pub(super) fn render(&self) -> String {
        let tools = self.tools.iter().map(ToolComparison::render);
        std::iter::once(format!("{}\n", self.name)).chain(tools).collect()
    }

    /// Renders the row of a table in Markdown.
    pub(super) fn render_row(&self) -> String {
        let differing = self.tools.iter().filter(|it| !it.is_equal());
        let reasons: Vec<String> = differing
            .map(|it| match self.reasons.get(&it.tool) {
                Some(reason) => format!("{}: {reason}", it.tool),
                None => it.tool.clone(),
            })
            .collect();
        let reasons = reasons.join("; ");
        let space = if reasons.is_empty() { "" } else { " " };
        format!("| {} | {} of {} |{space}{reasons} |\n", self.name, self.equal(), self.tools())
    }
}

impl ToolComparison {
    fn is_equal(&self) -> bool {
        self.by_hand == self.ours
    }

    fn render(&self) -> String {
        let side = |verdict: &Option<ToolVerdict>| match verdict {
            Some(verdict) => format!("{} {}", verdict.end.name(), verdict.findings.len()),
            None => "absent".to_owned(),
        };
        let sign = if self.is_equal() { "=" } else { "differs" };
        let mut text = format!(
            "  {:<16} by hand: {:<14} ours: {:<14} {sign:<8} {}\n",
            self.tool,
            side(&self.by_hand),
            side(&self.ours),
            self.origins
        );
        if let (Some(by_hand), Some(ours)) = (&self.by_hand, &self.ours) {
            for (label, one, other) in
                [("only ours", ours, by_hand), ("only by hand", by_hand, ours)]
            {
                for (path, line, code) in one.findings.difference(&other.findings).take(SHOWN) {
                    text += &format!("      {label}: {path}:{line} {code}\n");
                }
            }
        }
        text
    }
}

/// Renders the table of all projects and the summary of a day.
pub(super) fn render_table(compared: &[Comparison], day: &str) -> String {
    let rows: String = compared.iter().map(Comparison::render_row).collect();
    let kept = compared.iter().filter(|it| it.keeps_verdict()).count();
    let equal: usize = compared.iter().map(Comparison::equal).sum();
    let tools: usize = compared.iter().map(Comparison::tools).sum();
    format!(
        "| project | equal | difference |\n| --- | --- | --- |\n{rows}\n\
         {day}: {kept} of {} projects keep their verdict, {equal} of {tools} tool verdicts equal\n",
        compared.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green::projects;

    fn comparison(differences: &[(&str, &str)]) -> Comparison {
        let mut project = projects::read("iniconfig").unwrap();
        project.differences =
            differences.iter().map(|(tool, why)| ((*tool).to_owned(), (*why).to_owned())).collect();
        let verdict = |tool: &str, output: &str| {
            let status = i32::from(!output.is_empty());
            (tool.to_owned(), ToolVerdict::of_output(tool, status, output, ""))
        };
        let found = "a.py:1:1: F401 Unused";
        let by_hand = vec![verdict("mypy", ""), verdict("ruff", found)];
        let ours = vec![verdict("ruff", ""), verdict("ruff", found), verdict("pylint", "")];
        Comparison::of(&project, by_hand, ours)
    }

    #[test]
    fn checks_of_a_tool_have_one_verdict_and_a_tool_on_one_side_differs() {
        let compared = comparison(&[("mypy", "nothing calls it")]);
        assert_eq!((compared.equal(), compared.tools()), (1, 3));
        let table = render_table(&[compared], "2026-11-30");
        let expected = "| iniconfig 2.3.1 | 1 of 3 | mypy: nothing calls it; pylint |\n\n\
                        2026-11-30: 0 of 1 projects keep their verdict, 1 of 3 tool verdicts equal\n";
        assert!(table.ends_with(expected), "{table}");
    }

    #[test]
    fn a_new_difference_and_one_that_is_gone_are_named() {
        let reasons = [("pylint", "it is new"), ("ruff", "it was so")];
        let expected = ["iniconfig 2.3.1: mypy differs", "iniconfig 2.3.1: ruff no longer differs"];
        assert_eq!(comparison(&reasons).surprises(), expected);
    }
}
