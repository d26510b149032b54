//! What a run would do, and why.
//!
//! Owns two questions that are answered from what is known: whether the cache has the outcome of a
//! check and else what differs from what it has, and what differs from a run elsewhere. Nothing runs.
//! The first starts no process; the second prepares an environment if nobody knows what it is.

use std::collections::BTreeMap;

use super::preflight::{Preflight, Prospect};
use super::resources::{Recipes, Resources, recipes};
use super::{Context, incremental, outcome};
use crate::cache::{CachedOutcome, Index, Key, ResultCache, last_run};
use crate::explanation::{Compared, Comparison, Expected, Sameness, Why};
use crate::fingerprint::diff::{self, Difference, FileHashes};
use crate::fingerprint::ingredients::Inputs;
use crate::outcome::{Reason, ReasonKind};
use crate::plan::{Plan, Step};
use crate::report::json::{JsonCheck, JsonReport};

/// Says why a check would run or not.
///
/// # Errors
///
/// When it could not run.
pub fn why(context: Context<'_>, plan: &Plan) -> Result<Why, Reason> {
    let step = plan.steps.first();
    let step =
        step.ok_or_else(|| Reason::new(ReasonKind::Internal, "there is no check to explain"))?;
    let pool = super::pool(plan).map_err(|error| error.reason())?;
    let recipes = recipes(context, plan);
    let index = Index::read(context.cache, &context.project.id());
    let survey = pool.install(|| Preflight::of(context, plan, &recipes, &index));
    let store = ResultCache::new(context.cache.to_owned(), plan.cache, context.config.cache_size);
    let last = last_run::last(context.cache, &context.project.id(), &step.check);
    let mut why = Why::of(step.check.to_string());
    let here = survey.files(step);
    let differences = |inputs: &Inputs, other: &Inputs| {
        let files = store.files(&other.ingredients.sources);
        diff::between((other, files.as_ref()), (inputs, here.as_ref()))
    };
    let Some(Prospect { inputs, .. }) = survey.prospect(context, step)? else {
        if let Some(last) = &last {
            // Its base will hardly be another one than it was.
            let like_last = survey.prospect_like(context, step, &last.parts)?;
            why.since_last = like_last.map(|Prospect { inputs, .. }| differences(&inputs, last));
        }
        return Ok(why);
    };
    let fingerprint = inputs.ingredients.fingerprint();
    let key = Key::of(&fingerprint);
    why.fingerprint = Some(fingerprint);
    why.expected = match outcome::replayable(&store, step, &key) {
        Some(_) => Expected::Hit,
        None if step.cache == crate::check::CachePolicy::Never || !store.mode().replays() => {
            Expected::Always
        }
        None => Expected::Miss,
    };
    why.since_last = last.as_ref().map(|last| differences(&inputs, last));
    let left = last
        .as_ref()
        .map(|it| &it.ingredients)
        .and_then(|ingredients| store.state(&incremental::key(ingredients), &ingredients.sources));
    why.worked = left.and_then(|left| serde_json::from_str(&left.summary).ok());
    if why.expected == Expected::Miss {
        let origins = store.origins();
        let of_check = origins.iter().filter(|origin| origin.check == step.check.as_str());
        let compared = of_check.map(|origin| differences(&inputs, &origin.inputs));
        why.nearest = compared.min_by_key(Vec::len);
    }
    Ok(why)
}

/// Says what differs between what checks are made from here and in a report.
///
/// # Errors
///
/// When what the checks are made from here cannot be found out.
pub fn compare(
    context: Context<'_>,
    plan: &Plan,
    report: &JsonReport,
) -> Result<Comparison, Reason> {
    let pool = super::pool(plan).map_err(|error| error.reason())?;
    let recipes = recipes(context, plan);
    let index = Index::read(context.cache, &context.project.id());
    let mut survey = pool.install(|| Preflight::of(context, plan, &recipes, &index));
    pool.install(|| find_out(context, plan, &recipes, &mut survey))?;
    let store = ResultCache::new(context.cache.to_owned(), plan.cache, context.config.cache_size);
    let here: BTreeMap<&str, &Step> =
        plan.steps.iter().map(|step| (step.check.as_str(), step)).collect();
    let mut checks = Vec::new();
    for there in &report.checks {
        let step = here.get(there.name.as_str());
        let sameness = match step {
            None => Sameness::OnlyThere,
            Some(step) => compare_check(context, &store, (&survey, step), (report, there))?,
        };
        checks.push(Compared { check: there.name.clone(), sameness });
    }
    Ok(Comparison { version: report.version.clone(), checks })
}

/// Prepares the environments that nobody knows anything of.
fn find_out(
    context: Context<'_>,
    plan: &Plan,
    recipes: &Recipes,
    survey: &mut Preflight<'_>,
) -> Result<(), Reason> {
    let mut unknown = std::collections::BTreeSet::new();
    for step in &plan.steps {
        if matches!(survey.prospect(context, step), Ok(None)) {
            unknown.insert(&step.environment);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let opened = Resources::open(context, plan);
    let prepared = opened.and_then(|mut resources| {
        resources.prepare(context, recipes, &unknown)?;
        Ok(std::mem::take(&mut resources.environments))
    });
    let prepared = prepared.map_err(|error| error.reason())?;
    match prepared.values().find_map(|prepared| prepared.as_ref().err()) {
        Some(error) => Err(error.reason()),
        None => {
            survey.learn(&prepared);
            Ok(())
        }
    }
}

fn compare_check(
    context: Context<'_>,
    store: &ResultCache,
    (survey, step): (&Preflight<'_>, &Step),
    (report, there): (&JsonReport, &JsonCheck),
) -> Result<Sameness, Reason> {
    let (Some(ingredients), Some(parts)) = (&there.inputs, &there.parts) else {
        return Ok(Sameness::Unknown("the report does not say what it was made from".to_owned()));
    };
    let Some(Prospect { inputs, .. }) = survey.prospect(context, step)? else {
        let why = "nobody knows what its environment is here".to_owned();
        return Ok(Sameness::Unknown(why));
    };
    let other = Inputs { ingredients: ingredients.clone(), parts: parts.clone() };
    if other.ingredients != inputs.ingredients {
        let there: Option<&FileHashes> = report.snapshots.get(&ingredients.sources);
        let here = survey.files(step);
        let differences: Vec<Difference> = diff::between((&other, there), (&inputs, here.as_ref()));
        return Ok(Sameness::Different(differences));
    }
    let key = Key::of(&inputs.ingredients.fingerprint());
    Ok(match store.lookup(&key) {
        Some(kept) if !is_said(&kept, there) => Sameness::OnlyTheVerdict,
        _ => Sameness::Same,
    })
}

/// Whether a report says the same as an outcome that was kept, whatever counts.
fn is_said(kept: &CachedOutcome, there: &JsonCheck) -> bool {
    let here = kept.findings.iter().map(|finding| finding.fingerprint);
    let elsewhere = there.findings.iter().map(|finding| finding.fingerprint);
    use crate::outcome::Status::{Findings, Passed};
    !matches!(there.outcome, Passed | Findings) || here.eq(elsewhere)
}
