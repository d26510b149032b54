use super::super::{Known, Request, plan};
use super::*;
use crate::config::layer::{Layer, Value, parse};
use crate::config::merge::Layers;
use crate::config::validate::{ValidationContext, validate};
use crate::project::Manifest;
use crate::{template, tools};

const SETTINGS: &str = "source = ['src']\n[checks.lint]\nenabled = false\n\
    [checks.own]\nrun = ['true']\n[packages.core]\n[packages.api]\ndepends-on = ['core']\n";

fn path(text: &str) -> ProjectPath {
    ProjectPath::new(text).unwrap()
}

fn configure() -> Config {
    let layer = |text: &str| -> Layer { parse(&Manifest::PipeToml, text).unwrap().unwrap() };
    let mut defaults = layer(&template::default_config());
    defaults.jobs = Some(Value::named("processors", 2));
    let layers = Layers { defaults, file: layer(SETTINGS), ..Layers::default() };
    let names: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name()).collect();
    let context = ValidationContext { manifest: "pipe.toml", text: SETTINGS, tools: &names };
    validate(layers.merge(), &context).unwrap().config
}

/// The checks that a change reaches, each with the file and the package that it is from.
fn reached(change: impl Fn(&mut ChangeSet)) -> Vec<(String, String, Option<String>)> {
    let config = configure();
    let known = Known {
        import_roots: BTreeMap::from([(Some("api".to_owned()), vec![path("core/src")])]),
        ..Known::default()
    };
    let mut plan = plan(&config, &known, &Request::default()).unwrap();
    let seen = |set: &FileSet| {
        let files = ["core/src/a.py", "api/src/b.py"].map(path);
        let is_seen = |file: &ProjectPath| set.paths.iter().any(|seen| file.starts_with(seen));
        (set.clone(), files.into_iter().filter(is_seen).collect())
    };
    let built_from = |environment: &EnvironmentSpec| {
        let lock = match environment {
            EnvironmentSpec::Tool { lock, .. } => Some(path(&format!("locks/{lock}.txt"))),
            _ => None,
        };
        (environment.clone(), lock.into_iter().chain([path("base.lock")]).collect())
    };
    let seen = plan.steps.iter().map(|step| seen(&step.file_set)).collect();
    let environments = plan.steps.iter().map(|step| built_from(&step.environment)).collect();
    let mut changed = ChangeSet { seen, environments, ..ChangeSet::default() };
    change(&mut changed);
    let all = plan.steps.len();
    let base = CompareBase { name: "main".to_owned(), commit: String::new() };
    plan.narrow(&config, base, &changed);
    let Affected { reached, unaffected, .. } = plan.affected.unwrap();
    assert_eq!(reached.len() + unaffected.len(), all);
    assert_eq!(reached.len(), plan.steps.len());
    reached.into_iter().map(|(name, by)| (name, by.file, by.package)).collect()
}

fn add(change: &mut ChangeSet, text: &str) {
    change.files.insert(path(text));
}

fn remove(change: &mut ChangeSet, text: &str) {
    change.removed.insert(path(text));
}

fn names(reached: &[(String, String, Option<String>)]) -> Vec<&str> {
    reached.iter().map(|(name, ..)| name.as_str()).collect()
}

const ALL: [&str; 8] = [
    "api:format",
    "api:mypy",
    "api:own",
    "api:ruff",
    "core:format",
    "core:mypy",
    "core:own",
    "core:ruff",
];

#[test]
fn a_file_reaches_the_checks_that_see_it() {
    let found = reached(|change| add(change, "core/src/a.py"));
    let expected = ["api:mypy", "api:own", "core:format", "core:mypy", "core:own", "core:ruff"];
    assert_eq!(names(&found), expected);
    assert_eq!(found[0].2.as_deref(), Some("core"));
    assert_eq!(found[2].2, None);
    let found = reached(|change| add(change, "api/src/b.py"));
    assert_eq!(names(&found), ALL[..4]);
    // It is ignored or excluded, so no check sees it.
    assert_eq!(reached(|change| add(change, "api/src/made.py")), []);
    assert_eq!(reached(|change| add(change, "README.md")), []);
}

#[test]
fn a_removed_file_reaches_the_checks_that_have_seen_it() {
    let found = reached(|change| remove(change, "api/src/b.py"));
    assert_eq!(names(&found), ALL[..4]);
}

#[test]
fn configurations_and_locks_reach_the_checks_that_they_are_for() {
    let of = |text: &str| reached(|change| add(change, text));
    assert_eq!(names(&of(".config/mypy.ini")), ["api:mypy", "core:mypy"]);
    assert_eq!(names(&of("locks/ruff.txt")), ["api:ruff", "core:ruff"]);
    assert_eq!(names(&of("base.lock")), ALL);
    assert_eq!(names(&of(".gitignore")), ALL);
    assert_eq!(names(&of("core/.gitignore")), names(&of("core/src/a.py")));
}

#[test]
fn settings_the_baseline_and_pipelines_reach_every_check() {
    for text in ["pipe.toml", ".config/baseline.jsonl"] {
        assert_eq!(names(&reached(|change| add(change, text))), ALL, "{text}");
        assert_eq!(names(&reached(|change| remove(change, text))), ALL);
    }
    let found = reached(|change| change.pipeline = Some("../.gitlab-ci.yml".to_owned()));
    assert_eq!(names(&found), ALL);
    assert_eq!(found[0].1, "../.gitlab-ci.yml");
}
