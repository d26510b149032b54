//! A summary in the terminal report, where there are too many findings to list them all.
//!
//! Shows the most frequent rules, and the worst findings. Reports in other formats contain all findings.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Options;
use super::style::{self, paint};
use crate::finding::{Finding, Severity};
use crate::report::count::Count;
use crate::report::reported::ReportedFinding;
use crate::report::{harmless, label};

/// The number of findings that are shown.
const SHOWN: usize = 50;

/// The number of rules that are listed.
const RULES: usize = 20;

/// Selects the findings to show, and renders the summary of all.
pub(super) fn choose<'a>(
    all: Vec<ReportedFinding<'a>>,
    options: &Options<'_>,
) -> (String, Vec<ReportedFinding<'a>>) {
    if all.len() <= SHOWN {
        return (String::new(), all);
    }
    let number = all.len();
    // One finding of each rule before the second of any, so that a frequent rule does not hide others.
    let mut rules: BTreeMap<_, (ReportedFinding<'_>, usize)> = BTreeMap::new();
    let mut ranked: Vec<(usize, usize, ReportedFinding<'_>)> = Vec::with_capacity(number);
    for (place, found) in all.into_iter().enumerate() {
        let Finding { severity, code, rule, gating, .. } = found.finding;
        let key = (*severity, found.check_label(), code.as_str(), rule.as_str(), *gating);
        let (_, before) = rules.entry(key).or_insert_with(|| (found.clone(), 0));
        ranked.push((*before, place, found));
        *before += 1;
    }
    let text = render_rules(number, rules.into_values()) + "\n" + &rest(number, options);
    ranked.select_nth_unstable_by_key(SHOWN, |(before, place, found)| {
        (!found.finding.gating, found.finding.severity, *before, *place)
    });
    ranked.truncate(SHOWN);
    ranked.sort_by_key(|(_, place, _)| *place);
    (text, ranked.into_iter().map(|(_, _, found)| found).collect())
}

/// Renders the most frequent rules with their counts, one a line.
fn render_rules<'a>(
    all: usize,
    rules: impl Iterator<Item = (ReportedFinding<'a>, usize)>,
) -> String {
    let mut counts: BTreeMap<(Severity, String), usize> = BTreeMap::new();
    for (found, number) in rules {
        let finding = found.finding;
        let rule = harmless::line(&label::rule(&found.check_label(), finding));
        let accepted = if finding.gating { "" } else { ", accepted" };
        *counts.entry((finding.severity, format!("{rule}{accepted}"))).or_default() += number;
    }
    let mut counts: Vec<((Severity, String), usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let width = counts.first().map_or(0, |(_, count)| count.to_string().len());
    let mut text = format!("{} of {}:\n", Count(all, "finding"), Count(counts.len(), "rule"));
    for ((severity, rule), count) in counts.iter().take(RULES) {
        let style = style::of_severity(*severity);
        let severity = paint(style, format!("{:7}", label::severity(*severity)));
        text += &format!("  {count:>width$}  {severity}  {rule}\n");
    }
    let (_, left) = counts.split_at(counts.len().min(RULES));
    if !left.is_empty() {
        let findings: usize = left.iter().map(|(_, count)| count).sum();
        let findings = Count(findings, "finding");
        text += &format!("  and {} with {findings}\n", Count(left.len(), "more rule"));
    }
    text
}

/// Names the places with all findings.
fn rest(all: usize, options: &Options<'_>) -> String {
    let reports: Vec<String> =
        options.reports.iter().map(|path| format!("`{}`", harmless::line(path))).collect();
    let place = match reports.as_slice() {
        [] => {
            "all: `--message-format short` on the screen, `--report json=PATH` in a file".to_owned()
        }
        reports => format!("all: {}", reports.join(", ")),
    };
    format!("the {SHOWN} most severe of {all} follow\n{place}\n")
}
