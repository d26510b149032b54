//! A tool that is described by data: a value of [`CatalogueTool`].
//!
//! Such a tool needs neither a worker nor rules of its own for its configuration, which it always looks
//! for itself. Its file has one value with its facts and a function that reads its output.

use super::adoption::AdoptionFacts;
use super::allow_list::AllowList;
use super::command::Command;
use super::exit_status::{abnormal, accepted, crashed, failed, has_panicked, rejected, text};
use super::own_config::{OwnConfig, Refused};
use super::{PYTHON_ENDINGS, SourceFiles, TargetOption, Tool, ToolInvocation};
use crate::finding::{Finding, Place};
use crate::outcome::{Classified, RawOutput, ReasonKind};
use crate::tools::parse::columns::Columns;

/// The facts about a tool.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueTool {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) notes: &'static [&'static str],
    /// The name of its package and of its lock.
    pub(super) lock: &'static str,
    pub(super) lock_template: &'static str,
    /// Whether it belongs to the Rust toolchain.
    pub(super) is_rust: bool,
    /// Whether it runs the project's own code.
    pub(super) runs_project: bool,
    /// Whether it formats whole files.
    pub(super) is_formatter: bool,
    /// Optional packages that it is installed with.
    pub(super) companions: &'static [&'static str],
    /// Where it looks for its configuration, in the folder in which it runs.
    pub(super) own_configs: &'static [OwnConfig],
    /// The options of its configuration that refer to files of the project.
    pub(super) path_options: &'static [&'static str],
    /// The endings of the files that it checks; empty for files of any name.
    pub(super) endings: &'static [&'static str],
    /// The sources of a check that names none; empty for those of the project.
    pub(super) default_source: &'static [&'static str],
    pub(super) adoption: AdoptionFacts,
    pub(super) allow_list: Option<AllowList>,
    /// The oldest release that was tried, and the first version after the newest one.
    pub(super) tried: (&'static str, &'static str),
    /// Whether it looks at the packages that the project imports.
    pub(super) sees_project: bool,
    /// The option that sets the Python that it checks for, if that is otherwise the one that it runs on.
    pub(super) target_option: Option<TargetOption>,
    /// Whether it parses Python with the Python that it runs on.
    pub(super) parses_with_python: bool,
    /// Whether it looks at hidden files, too.
    pub(super) sees_hidden: bool,
    pub(super) check: fn(&ToolInvocation<'_>) -> Command,
    pub(super) fix: Option<fn(&ToolInvocation<'_>) -> Command>,
    /// The command that compiles what a Rust tool needs of other packages.
    pub(super) compile: Option<fn(&ToolInvocation<'_>) -> Command>,
    /// Judges a run that no signal has ended.
    pub(super) classify: fn(&RawOutput, &dyn SourceFiles) -> Classified,
}

impl CatalogueTool {
    /// The facts that most tools share.
    pub(super) const USUAL: CatalogueTool = CatalogueTool {
        name: "",
        about: "",
        notes: &[],
        lock: "",
        lock_template: "",
        is_rust: false,
        runs_project: false,
        is_formatter: false,
        companions: &[],
        own_configs: &[],
        path_options: &[],
        endings: &PYTHON_ENDINGS,
        default_source: &[],
        adoption: AdoptionFacts::NONE,
        allow_list: None,
        tried: ("", ""),
        sees_project: false,
        target_option: None,
        parses_with_python: false,
        sees_hidden: false,
        check: |_| Command::Exec(Vec::new()),
        fix: None,
        compile: None,
        classify: |_, _| accepted(Vec::new()),
    };
}

impl Tool for CatalogueTool {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn notes(&self) -> &'static [&'static str] {
        self.notes
    }

    fn lock(&self) -> &'static str {
        self.lock
    }

    fn lock_template(&self) -> &'static str {
        self.lock_template
    }

    fn is_rust(&self) -> bool {
        self.is_rust
    }

    fn runs_project(&self) -> bool {
        self.runs_project
    }

    fn is_formatter(&self) -> bool {
        self.is_formatter
    }

    fn companions(&self) -> &'static [&'static str] {
        self.companions
    }

    fn sees_project(&self) -> bool {
        self.sees_project
    }

    fn sees_hidden(&self) -> bool {
        self.sees_hidden
    }

    fn config_file(&self) -> Option<&'static str> {
        None
    }

    fn config_template(&self) -> Option<&'static str> {
        None
    }

    fn reads_at_root(&self) -> Vec<&'static str> {
        self.own_configs.iter().map(|own| own.file).collect()
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        self.own_configs
    }

    fn path_options(&self) -> &'static [&'static str] {
        self.path_options
    }

    fn target_option(&self) -> Option<TargetOption> {
        self.target_option
    }

    fn parses_with_python(&self) -> bool {
        self.parses_with_python
    }

    fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    fn default_source(&self) -> &'static [&'static str] {
        self.default_source
    }

    fn adoption(&self) -> AdoptionFacts {
        self.adoption
    }

    fn allow_list(&self) -> Option<AllowList> {
        self.allow_list
    }

    fn tried(&self) -> (&'static str, &'static str) {
        self.tried
    }

    fn refused(&self) -> &'static [Refused] {
        &[]
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        (self.check)(invocation)
    }

    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        self.fix.map(|fix| fix(invocation))
    }

    fn compile(&self, invocation: &ToolInvocation<'_>) -> Option<Command> {
        self.compile.map(|compile| compile(invocation))
    }

    fn prints_data(&self) -> bool {
        true
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        // No signal sets 255, but some programs end with it.
        let abnormal = if output.code == 255 { None } else { abnormal(self.name, output) };
        // What cargo starts may panic: a build script, or a test.
        let has_panicked = !self.is_rust && has_panicked(output);
        let abnormal = abnormal.or_else(|| has_panicked.then(|| crashed(self.name, output)));
        let mut classified = abnormal.unwrap_or_else(|| (self.classify)(output, sources));
        move_to_last_line(&mut classified.findings, sources);
        classified
    }
}

/// Moves findings about the end of a file, such as a missing bracket, from behind its last line to it.
fn move_to_last_line(findings: &mut [Finding], sources: &dyn SourceFiles) {
    let mut columns = Columns::new(sources);
    for Finding { place, .. } in findings.iter_mut().filter(|it| it.place.line > 1) {
        let last = columns.count_lines(&place.path);
        if last > 0 && place.line > last {
            *place = Place::line(std::mem::take(&mut place.path), last);
        }
        place.end_line = place.end_line.map(|end| end.min(last.max(place.line)));
    }
}

/// Judges the exit status of a tool that exits 0 when it accepts the sources, and with one of
/// `rejecting` when it found something.
pub(super) fn judge(
    tool: &str,
    output: &RawOutput,
    findings: Result<Vec<Finding>, String>,
    rejecting: &[i32],
) -> Classified {
    let is_known = output.code == 0 || rejecting.contains(&output.code);
    match findings {
        Ok(findings) if output.code == 0 => accepted(findings),
        Ok(findings) if is_known && !findings.is_empty() => rejected(findings),
        Err(error) if is_known && !output.stdout.trim_ascii().is_empty() => {
            failed(ReasonKind::Tool, format!("cannot parse the output of {tool}: {error}"))
        }
        _ => crashed(tool, output),
    }
}

/// The error about the configuration with which a function of one of these names has failed: the last
/// line of the traceback.
pub(super) fn traceback_error(output: &RawOutput, functions: &[&str]) -> Option<Classified> {
    let stderr = text(&output.stderr);
    let (_, traceback) = stderr.split_once("Traceback (most recent call last):\n")?;
    let is_frame = |line: &str| functions.iter().any(|it| line.ends_with(&format!(", in {it}")));
    if !traceback.lines().any(is_frame) {
        return None;
    }
    let last = traceback.lines().rfind(|line| !line.trim().is_empty())?;
    Some(failed(ReasonKind::Config, last.trim().to_owned()))
}

/// The error about the command line or the configuration that starts with one of these texts: the rest
/// of its line, and the lines that follow it, without quotes of the file and advice.
pub(super) fn config_error(output: &RawOutput, starts: &[&str]) -> Option<Classified> {
    let stderr = text(&output.stderr);
    let (at, start) = starts.iter().find_map(|start| Some((stderr.find(start)?, start)))?;
    let is_text = |line: &&str| {
        let is_quote = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let is_advice = ["tip:", "Usage:", "For more information"];
        !line.is_empty()
            && !is_quote.starts_with('|')
            && !is_advice.iter().any(|start| line.starts_with(start))
    };
    let lines = stderr[at + start.len()..].lines().map(str::trim).filter(is_text);
    let message: Vec<&str> = lines.take(3).collect();
    Some(failed(ReasonKind::Config, message.join("\n")))
}
