//! The work of the server: each call loads the project again, and the last run is kept for its findings.

use super::Steps;
use super::answers::{
    CheckList, ExplainAnswer, ExplainRequest, FindingsPage, FindingsRequest, FixAnswer, FixRequest,
    ListedFinding, RanCheck, RunAnswer, RunRequest,
};
use crate::cli::commands::ListedCheck;
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::error::Error;
use crate::finding::Finding;
use crate::gate::Since;
use crate::outcome::{CheckOutcome, Status};
use crate::pipeline::{Cancel, CheckoutSource, Emitter, Pipeline, StagedPipeline};
use crate::plan::{Fixing, GateAsked, Plan, Request};
use crate::report::json::why::JsonWhy;
use crate::report::json::{Counts, JsonFinding, JsonNext, compact};
use crate::report::reported::{ReportedFinding, reported};
use crate::report::{self, Report, next};

/// The largest number of findings in a page.
const MAX_PAGE: usize = 200;

/// The size of a page of findings as JSON, in bytes, from which it ends.
const PAGE_SIZE: usize = 48 << 10;

/// The length of the longest message of a finding, in characters.
const MESSAGE: usize = 2_000;

/// The size of the largest fix in a page as JSON, in bytes.
const FIX_SIZE: usize = 8 << 10;

/// The number of warnings, files and differences that are listed.
const LISTED: usize = 50;

/// The length of the longest patch, in characters.
const PATCH: usize = 64_000;

/// The length of a failed tool's output, in lines.
const OUTPUT_LINES: usize = 40;

/// The state between calls.
#[derive(Debug)]
pub(super) struct AgentSession {
    place: ProjectLocation,
    last: Option<Report>,
}

impl AgentSession {
    /// A session that has not run anything.
    pub(super) fn new(place: ProjectLocation) -> AgentSession {
        AgentSession { place, last: None }
    }

    /// Lists the checks.
    pub(super) fn list(&self) -> Result<CheckList, Failure> {
        let pipeline = self.pipeline()?;
        Ok(CheckList {
            project: pipeline.project.root.display().to_string(),
            checks: pipeline.config.checks.iter().map(ListedCheck::from).collect(),
        })
    }

    /// Runs checks.
    pub(super) fn run(
        &mut self,
        wanted: RunRequest,
        cancel: &Cancel,
        steps: &mut Steps,
    ) -> Result<RunAnswer, Failure> {
        let RunRequest { checks, staged, changed, since, no_cache } = wanted;
        let gate = match (changed, since) {
            (_, Some(name)) => GateAsked::Changed(Since::Ref(name)),
            (true, None) => GateAsked::Changed(Since::Default),
            (false, None) => GateAsked::Configured,
        };
        let request = Request { checks, gate, no_cache, ..Request::default() };
        if staged {
            let ProjectLocation { folder, environment, flags, typed: _ } = self.place.clone();
            let source = CheckoutSource::Index;
            let staged =
                StagedPipeline::discover(&folder, source, environment, flags, cancel, steps)?;
            let plan = staged.pipeline.plan(&request)?;
            return Ok(self.run_plan(&staged.pipeline, &plan, cancel, steps));
        }
        let pipeline = self.pipeline()?;
        let plan = pipeline.plan(&request)?;
        Ok(self.run_plan(&pipeline, &plan, cancel, steps))
    }

    /// Returns findings of the last run.
    pub(super) fn findings(&self, wanted: &FindingsRequest) -> Result<FindingsPage, Failure> {
        let report = self.last.as_ref().ok_or_else(|| {
            Failure::usage("nothing has run in this session yet")
                .with_hint("call `run_checks` first".to_owned())
        })?;
        if let Some(name) = &wanted.check
            && !report.checks.iter().any(|check| check.id.as_str() == name)
        {
            return Err(Failure::usage(format!("the check `{name}` was not part of the last run")));
        }
        Ok(page(report, wanted))
    }

    /// Explains why a check would run.
    pub(super) fn explain(
        &self,
        wanted: ExplainRequest,
        cancel: &Cancel,
        steps: &mut Steps,
    ) -> Result<ExplainAnswer, Failure> {
        let pipeline = self.pipeline()?;
        let plan = pipeline.plan(&Request { checks: vec![wanted.check], ..Request::default() })?;
        let why =
            pipeline.context(cancel, &Emitter::new(steps)).why(&plan).map_err(Error::Check)?;
        let mut why = JsonWhy::from(&why);
        let mut left_out = 0;
        for list in [&mut why.since_last, &mut why.nearest].into_iter().flatten() {
            left_out += shorten(list);
        }
        left_out += shorten(&mut why.untracked);
        if let Some(work) = &mut why.last_work {
            while work.checked.len() > LISTED {
                work.checked.pop_last();
                left_out += 1;
            }
        }
        Ok(ExplainAnswer { why, left_out })
    }

    /// Shows fixes, or makes them.
    pub(super) fn fix(
        &mut self,
        wanted: FixRequest,
        cancel: &Cancel,
        steps: &mut Steps,
    ) -> Result<FixAnswer, Failure> {
        let FixRequest { checks, confirm } = wanted;
        let fixing = if confirm { Fixing::Write } else { Fixing::Show };
        let pipeline = self.pipeline()?;
        let plan = pipeline.plan(&Request { checks, fixing, ..Request::default() })?;
        if confirm {
            let run = self.run_plan(&pipeline, &plan, cancel, steps);
            let mut files = self.last.as_ref().map_or_else(Vec::new, |it| it.changed_files.clone());
            let total_files = files.len();
            shorten(&mut files);
            return Ok(FixAnswer {
                applied: true,
                files,
                total_files,
                patch: String::new(),
                patch_truncated: false,
                warnings: Vec::new(),
                run: Some(run),
            });
        }
        let preview = pipeline.preview(&plan, cancel, steps)?;
        let mut files = preview.files;
        let total_files = files.len();
        shorten(&mut files);
        let failures =
            preview.failures.iter().map(|(id, reason)| format!("{id}: {}", reason.message));
        let mut warnings: Vec<String> = failures.chain(preview.warnings).collect();
        shorten(&mut warnings);
        let patch = String::from_utf8_lossy(&preview.patch);
        let end = patch.char_indices().nth(PATCH).map_or(patch.len(), |(end, _)| end);
        Ok(FixAnswer {
            applied: false,
            files,
            total_files,
            patch: patch[..end].to_owned(),
            patch_truncated: end < patch.len(),
            warnings,
            run: None,
        })
    }

    /// Finds and configures the project, whose files may have changed since the last call.
    fn pipeline(&self) -> Result<Pipeline, Failure> {
        let ProjectLocation { folder, environment, flags, typed: _ } = self.place.clone();
        Ok(Pipeline::discover(&folder, environment, flags)?)
    }

    fn run_plan(
        &mut self,
        pipeline: &Pipeline,
        plan: &Plan,
        cancel: &Cancel,
        steps: &mut Steps,
    ) -> RunAnswer {
        let report = pipeline.run(plan, cancel, steps);
        let mut warnings = plan.notes.clone();
        warnings.extend(report::warnings(&report));
        shorten(&mut warnings);
        let result = RunAnswer {
            verdict: report.verdict,
            exit_code: report.verdict.exit_code(),
            fingerprint: report.fingerprint(),
            checks: report.checks.iter().map(RanCheck::from).collect(),
            warnings,
            findings: page(&report, &FindingsRequest::default()),
            next: next::commands(&report.checks).iter().map(JsonNext::from).collect(),
        };
        self.last = Some(report);
        result
    }
}

impl From<&CheckOutcome> for RanCheck {
    fn from(check: &CheckOutcome) -> Self {
        let failed = matches!(check.status, Status::Error | Status::TimedOut);
        let lines: Vec<&str> = check.log.stdout.lines().chain(check.log.stderr.lines()).collect();
        let shown = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n");
        RanCheck {
            name: check.id.to_string(),
            tool: check.tool.clone(),
            outcome: check.status,
            reason: check.reason.clone(),
            cache: check.cache,
            duration_ms: u64::try_from(check.duration.as_millis()).unwrap_or(u64::MAX),
            counts: Counts::of(&check.findings),
            output: (failed && !shown.is_empty()).then(|| cut(&shown, PAGE_SIZE / 4)),
        }
    }
}

/// A page of the findings of a run.
fn page(report: &Report, wanted: &FindingsRequest) -> FindingsPage {
    let FindingsRequest { check, path, rule, offset, limit } = wanted;
    let is_wanted = |outcome: &&CheckOutcome| {
        let names = [outcome.id.as_str(), outcome.id.check().as_str()];
        check.as_ref().is_none_or(|name| names.contains(&name.as_str()))
    };
    let is_there = |finding: &Finding| {
        path.as_ref().is_none_or(|path| is_below(&finding.place.path, path))
            && rule.as_ref().is_none_or(|rule| finding.code == *rule || finding.rule == *rule)
    };
    let mut found = reported(report.checks.iter().filter(is_wanted));
    found.retain(|it| is_there(it.finding));
    let mut findings = Vec::new();
    let mut size = 0;
    let limit = (*limit).clamp(1, MAX_PAGE);
    for it in found.iter().skip(*offset).take(limit) {
        let listed = listed(it);
        size += compact(&listed).len();
        // A page has at least one finding, so that the next page gets further.
        if size > PAGE_SIZE && !findings.is_empty() {
            break;
        }
        findings.push(listed);
    }
    let next = offset.saturating_add(findings.len());
    FindingsPage { total: found.len(), next_offset: (next < found.len()).then_some(next), findings }
}

/// Whether a file is `path`, or below that folder.
fn is_below(file: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn listed(it: &ReportedFinding<'_>) -> ListedFinding {
    let place = &it.finding.place;
    let mut shown = JsonFinding::from(it.finding);
    shown.message = cut(&shown.message, MESSAGE);
    shown.related.truncate(LISTED);
    if compact(&shown.fix).len() > FIX_SIZE {
        shown.fix = None;
    }
    ListedFinding {
        check: it.check.id.to_string(),
        also: it.also.iter().map(|check| check.id.to_string()).collect(),
        finding: shown,
        line_text: it.check.excerpts.line(&place.path, place.line).map(str::to_owned),
    }
}

/// The start of a text, with `…` where its end is missing.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Removes the end of a long list, and returns how many entries that were.
fn shorten<T>(list: &mut Vec<T>) -> usize {
    let left_out = list.len().saturating_sub(LISTED);
    list.truncate(LISTED);
    left_out
}
