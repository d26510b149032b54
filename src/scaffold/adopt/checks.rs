//! Chooses the checks of a new project, and those of its packages.
//!
//! A tool that the project does not use is written down, but not switched on. Without any evidence all
//! usual tools are on, with their own defaults. In a monorepo, a command that runs at the root stays there
//! and runs once, a command that runs in the folder of a package becomes a check of that package, and all
//! other checks run in each package.

use std::collections::BTreeSet;

use super::configs::{self, ConfigPolicy};
use super::members::Member;
use super::packages;
use super::sources::PythonSources;
use super::uses::adopt_uses;
use super::{FolderSurvey, Note, formatter, join_names, rust};
use crate::scaffold::evidence::{EvidenceRank, ProjectEvidence, ToolUse, WorkspaceEvidence};
use crate::template::{ConfigSetting, NewCheck, NewPackageCheck};
use crate::tools::{self, TOOLS, Tool};

/// Everything that the choice of checks depends on.
pub(super) struct CheckChooser<'a> {
    pub(super) survey: &'a FolderSurvey,
    /// The survey without the packages below the root.
    pub(super) outside: FolderSurvey,
    pub(super) evidence: &'a WorkspaceEvidence,
    pub(super) found: &'a PythonSources,
    /// The packages of a monorepo.
    pub(super) members: &'a [Member],
    pub(super) is_opinionated: bool,
}

/// The checks of a new project.
#[derive(Default)]
pub(super) struct ChosenChecks {
    pub(super) checks: Vec<NewCheck>,
    /// Those of each package, in the order of the packages.
    pub(super) of_packages: Vec<Vec<NewPackageCheck>>,
}

/// The reason for which tools of a new project are on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// All of them are on, with the configurations of cargo pipe.
    Ours,
    /// Those are on that the project runs.
    Uses,
    /// Those are on that the project configures.
    Configurations,
    /// All of them are on, with their own defaults.
    Nothing,
}

impl CheckChooser<'_> {
    /// Chooses the checks, and explains them.
    pub(super) fn choose(&self, notes: &mut Vec<Note>) -> ChosenChecks {
        let basis = self.choose_basis();
        let of_packages = vec![Vec::new(); self.members.len()];
        let mut chosen = ChosenChecks { of_packages, ..ChosenChecks::default() };
        for (name, usual) in all_checks() {
            self.choose_check(name, usual, basis, &mut chosen, notes);
        }
        let own = chosen.of_packages.iter().flatten();
        let in_packages: BTreeSet<&str> = own.map(|own| own.check().name.as_str()).collect();
        let is_off =
            |check: &&NewCheck| !check.enabled && !in_packages.contains(check.name.as_str());
        let off: Vec<&str> =
            chosen.checks.iter().filter(is_off).map(|check| check.tool.as_str()).collect();
        if !off.is_empty() {
            let found = format!("no use of {}", join_names(&off));
            notes.push(Note::new(found, "the check is in `pipe.toml`, but not switched on"));
        }
        if basis == Basis::Nothing {
            notes.push(Note::new(
                "no evidence of any tool",
                "the usual checks are switched on, with the defaults of the tools",
            ));
        }
        chosen
    }

    fn choose_check(
        &self,
        name: &'static str,
        usual: &'static dyn Tool,
        basis: Basis,
        chosen: &mut ChosenChecks,
        notes: &mut Vec<Note>,
    ) {
        let uses = uses_for(name, &self.evidence.project, basis);
        let in_packages = self.uses_in_packages(name, basis);
        let used = uses.first().copied();
        let is_in_packages = in_packages.iter().any(|uses| !uses.is_empty());
        // A dependency of the root is one of all packages.
        if is_in_packages && used.is_none_or(|used| used.rank != EvidenceRank::Dependency) {
            self.adopt_in_packages(name, usual, &in_packages, used.is_some(), chosen, notes);
            if used.is_none() {
                return;
            }
        }
        let mut tool = used.and_then(|used| tools::find(used.tool)).unwrap_or(usual);
        if usual.is_formatter() && used.is_none() {
            let formatter = formatter::choose(self.survey, usual);
            tool = formatter.tool;
            if basis == Basis::Ours {
                notes.extend(formatter.note);
            }
        }
        let is_default = usual.adoption().default_check.is_some();
        let is_on = match basis {
            Basis::Ours | Basis::Nothing => is_default,
            Basis::Uses => used.is_some(),
            Basis::Configurations => is_configured(self.survey, tool, self.found),
        };
        if !is_on && !is_default {
            return;
        }
        if !is_on {
            chosen.checks.push(unused(name, tool));
            return;
        }
        let policy = if basis == Basis::Ours { ConfigPolicy::Write } else { ConfigPolicy::Leave };
        if let Some(why) = self.reason_to_run_once(tool, used) {
            // Only a tool that looks for nested configurations uses those of packages there.
            let survey = if tool.reads_nested_configs() { self.survey } else { &self.outside };
            let choice = configs::choose(survey, tool, name, self.found, policy);
            let mut checks = adopt_uses(&choice.check, tool, &uses, self.survey, None, notes);
            checks.iter_mut().for_each(|check| self.run_once(check, tool, why));
            notes.extend(choice.note);
            chosen.checks.extend(checks);
            return;
        }
        let choice = match self.members {
            [] => configs::choose(self.survey, tool, name, self.found, policy),
            members => {
                let shared = packages::share_config(&self.outside, members, tool, name, policy);
                for (own, setting) in chosen.of_packages.iter_mut().zip(shared.of_packages) {
                    let of = |config| NewCheck { config, ..NewCheck::usual(name, tool) };
                    own.extend(setting.map(|config| NewPackageCheck::Configured(of(config))));
                }
                notes.extend(shared.note);
                shared.choice
            }
        };
        let checks = adopt_uses(&choice.check, tool, &uses, self.survey, None, notes);
        notes.extend(choice.note);
        chosen.checks.extend(checks);
    }

    /// The uses of tools for a check in each package.
    fn uses_in_packages(&self, name: &str, basis: Basis) -> Vec<Vec<&ToolUse>> {
        let mut evidence = self.evidence.packages.iter();
        let of_member = |member: &Member| {
            // The evidence of the root is that of the project.
            let evidence = if member.folder.is_root() { None } else { evidence.next() };
            evidence.map(|evidence| uses_for(name, evidence, basis)).unwrap_or_default()
        };
        self.members.iter().map(of_member).collect()
    }

    /// Adopts the commands that packages run. What all of them run alike is a check of the project.
    fn adopt_in_packages(
        &self,
        name: &'static str,
        usual: &'static dyn Tool,
        uses: &[Vec<&ToolUse>],
        runs_at_root: bool,
        chosen: &mut ChosenChecks,
        notes: &mut Vec<Note>,
    ) {
        let mut adopted: Vec<Vec<NewCheck>> = Vec::new();
        for (member, uses) in self.members.iter().zip(uses) {
            let Some(first) = uses.first() else {
                adopted.push(Vec::new());
                continue;
            };
            let tool = tools::find(first.tool).unwrap_or(usual);
            let own = configs::find_own(&member.survey, tool).map(|own| own.setting);
            let config = own.unwrap_or(ConfigSetting::Found);
            let usual = NewCheck { config, ..NewCheck::usual(name, tool) };
            let package = Some(member.name.as_str());
            adopted.push(adopt_uses(&usual, tool, uses, &member.survey, package, notes));
        }
        if !runs_at_root && packages::are_alike(&adopted) {
            chosen.checks.extend(adopted.swap_remove(0));
            return;
        }
        let is_default = usual.adoption().default_check.is_some();
        if !runs_at_root && is_default {
            let comments = vec!["Only the packages run it that switch it on below.".to_owned()];
            chosen.checks.push(NewCheck { comments, ..unused(name, usual) });
        }
        let switches_on = |check: &NewCheck| !runs_at_root && is_default && check.name == name;
        for (own, checks) in chosen.of_packages.iter_mut().zip(adopted) {
            own.extend(checks.into_iter().map(|check| match switches_on(&check) {
                true => NewPackageCheck::SwitchedOn(check),
                false => NewPackageCheck::Own(check),
            }));
        }
    }

    /// Why a check runs once in a monorepo, as a sentence.
    fn reason_to_run_once(&self, tool: &dyn Tool, used: Option<&ToolUse>) -> Option<&'static str> {
        if self.members.is_empty() {
            None
        } else if used.is_some_and(|used| used.rank != EvidenceRank::Dependency) {
            Some(
                "That command runs once, at the root, so that this check does not run in each package.",
            )
        } else if !tool.default_source().is_empty() {
            Some(
                "It looks at all files, so that it runs once, at the root, and not in each package.",
            )
        } else if tool.config_file().is_none() && configs::find_own(&self.outside, tool).is_some() {
            Some(
                "Its configuration is at the root, so that it runs once, there, and not in each package.",
            )
        } else {
            None
        }
    }

    fn run_once(&self, check: &mut NewCheck, tool: &dyn Tool, why: &str) {
        check.runs_once = true;
        check.comments.push(why.to_owned());
        if check.source.is_empty() && tool.default_source().is_empty() {
            // The sources of the project are those within each package.
            check.source = self.found.source.iter().map(ToString::to_string).collect();
        }
    }

    fn choose_basis(&self) -> Basis {
        let CheckChooser { survey, evidence, found, .. } = self;
        let is_check = |used: &ToolUse| check_of(used.tool).is_some();
        let is_configured = |tool: &&dyn Tool| {
            tool.adoption().default_check.is_some() && is_configured(survey, *tool, found)
        };
        let mut all = std::iter::once(&evidence.project).chain(&evidence.packages);
        if !survey.has_python() && rust::has_checks(survey, &evidence.project.uses) {
            Basis::Uses
        } else if self.is_opinionated || !survey.has_python() {
            Basis::Ours
        } else if all.any(|evidence| evidence.uses.iter().any(is_check)) {
            Basis::Uses
        } else if TOOLS.iter().any(is_configured) {
            Basis::Configurations
        } else {
            Basis::Nothing
        }
    }
}

/// The uses of tools for a check, those with the most weight first.
fn uses_for<'a>(name: &str, evidence: &'a ProjectEvidence, basis: Basis) -> Vec<&'a ToolUse> {
    let is_for_check = |used: &&ToolUse| check_of(used.tool) == Some(name);
    match basis {
        Basis::Ours => Vec::new(),
        _ => evidence.uses.iter().filter(is_for_check).collect(),
    }
}

/// The usual checks, then those of the tools that are only on where a project uses them.
fn all_checks() -> Vec<(&'static str, &'static dyn Tool)> {
    let mut checks = tools::default_checks();
    for tool in TOOLS {
        let is_usual = tool.adoption().default_check.is_some();
        if !is_usual && !tool.runs_project() && !tool.is_rust() {
            checks.push((tool.name(), *tool));
        }
    }
    checks
}

/// The check that runs a tool. Tests run code of the project, so that no check of them is adopted.
fn check_of(tool: &str) -> Option<&'static str> {
    let tool = tools::find(tool).filter(|tool| !tool.runs_project() && !tool.is_rust())?;
    tool.adoption().default_check.or(Some(tool.name()))
}

fn is_configured(survey: &FolderSurvey, tool: &dyn Tool, found: &PythonSources) -> bool {
    if tool.is_formatter() {
        return formatter::formats_with(survey, tool);
    }
    configs::is_configured(survey, tool, found)
}

fn unused(name: &'static str, tool: &dyn Tool) -> NewCheck {
    NewCheck {
        config: ConfigSetting::Found,
        enabled: false,
        comments: vec![format!(
            "This project does not use {}. Delete `enabled = false` to switch it on.",
            tool.name()
        )],
        ..NewCheck::usual(name, tool)
    }
}
