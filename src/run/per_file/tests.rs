//! Files have results of their own, which are stored where they are about one file alone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::check::CachePolicy;
use crate::finding::{Place, Severity};
use crate::limits::Limits;
use crate::outcome::{Reason, ReasonKind};
use crate::plan::{EnvironmentSpec, FileSet};
use crate::tools::Command;

fn path(text: &str) -> ProjectPath {
    ProjectPath::new(text).unwrap()
}

fn files(texts: &[&str]) -> BTreeMap<ProjectPath, Hash> {
    texts.iter().map(|text| (path(text), Hash::of(text.as_bytes()))).collect()
}

/// A step over these sources that starts this command.
fn step(source: &[&str], inputs: &[&str], endings: &[&str], argv: &[&str]) -> Step {
    let paths = |texts: &[&str]| texts.iter().map(|text| path(text)).collect::<Vec<_>>();
    Step {
        folder: ProjectPath::root(),
        import_roots: Vec::new(),
        source: paths(source),
        endings: endings.iter().map(|ending| (*ending).to_owned()).collect(),
        file_set: FileSet { paths: paths(&[source, inputs].concat()), ..FileSet::default() },
        command: Command::Exec(argv.iter().map(|arg| (*arg).to_owned()).collect()),
        id: "format".parse().unwrap(),
        tool: "black".to_owned(),
        config: None,
        environment: EnvironmentSpec::Base { python: None, project: None, builds_project: false },
        installation: None,
        args: Vec::new(),
        env: BTreeMap::new(),
        findings_exit: BTreeSet::new(),
        findings: None,
        writable: false,
        per_file: true,
        grants: BTreeSet::new(),
        secrets: BTreeMap::new(),
        timeout: Duration::from_secs(1),
        limits: Limits::default(),
        cache: CachePolicy::Always,
    }
}

fn own(step: &Step, all: &[&str]) -> Vec<String> {
    let Division { own, shared } = Division::of(step, files(all));
    assert_eq!(own.len() + shared.len(), all.len());
    own.keys().map(ToString::to_string).collect()
}

#[test]
fn a_file_below_a_source_has_a_result_of_its_own() {
    let black = step(&["src", "bin/tool"], &["setup.cfg"], &[".py"], &["black", ".", "bin/tool"]);
    let all = ["bin/tool", "pyproject.toml", "setup.cfg", "src/a.py", "src/data.txt"];
    assert_eq!(own(&black, &all), ["src/a.py"]);
}

#[test]
fn a_program_a_config_and_an_input_have_none() {
    let command = step(&["."], &["tools"], &[], &["python3", "./lint.py", "."]);
    let all = ["a.py", "lint.py", "pyproject.toml", "sub/pyproject.toml", "tools/b.py"];
    assert_eq!(own(&command, &all), ["a.py", "sub/pyproject.toml"]);
}

#[test]
fn every_shared_file_changes_the_key() {
    let black = step(&["src"], &["setup.cfg"], &[".py"], &["black", "."]);
    let key = |texts: &[&str]| {
        let division = Division::of(&black, files(texts));
        let [environment, platform, command, config, sources] = [Hash::default(); 5];
        division.key(&Ingredients { environment, platform, command, config, sources })
    };
    let first = key(&["pyproject.toml", "src/a.py"]);
    assert_eq!(key(&["pyproject.toml", "src/b.py"]), first);
    assert_ne!(key(&["src/a.py"]), first);
    assert_ne!(key(&["pyproject.toml", "setup.cfg", "src/a.py"]), first);
}

fn finding(at: &str, gating: bool) -> Finding {
    Finding {
        place: Place::line(at, 1),
        severity: Severity::Warning,
        code: "format".to_owned(),
        rule: "format".to_owned(),
        message: "would be changed".to_owned(),
        url: None,
        gating,
        related: Vec::new(),
        fix: None,
        test: None,
        fingerprint: Hash::default(),
    }
}

fn classified(status: ToolStatus, findings: Vec<Finding>) -> Classified {
    Classified { status, findings, warnings: Vec::new(), score: None, session: None }
}

/// The files with a result, each with its number of findings.
fn results(classified: &Classified) -> Option<Vec<(String, usize)>> {
    let division = Division { own: files(&["src/a.py", "src/b.py"]), shared: files(&["bin/tool"]) };
    let FileResults(results) = FileResults::of(classified, &division, &division.own)?;
    let count =
        |(path, result): (&ProjectPath, &FileResult)| (path.to_string(), result.findings.len());
    Some(results.iter().map(count).collect())
}

#[test]
fn each_file_has_its_findings_and_a_shared_one_keeps_none() {
    let found = vec![finding("src/b.py", true), finding("bin/tool", true)];
    let found = results(&classified(ToolStatus::Findings, found)).unwrap();
    assert_eq!(found, [("src/a.py".to_owned(), 0), ("src/b.py".to_owned(), 1)]);
    assert!(results(&classified(ToolStatus::Passed, Vec::new())).is_some());
}

#[test]
fn what_is_not_about_one_file_is_stored_for_none() {
    let elsewhere =
        Finding { related: vec![Place::line("src/a.py", 1)], ..finding("src/b.py", true) };
    let failed = ToolStatus::Failed(Reason::new(ReasonKind::Tool, "crashed"));
    let warned = Classified {
        warnings: vec!["an option is deprecated".to_owned()],
        ..classified(ToolStatus::Passed, Vec::new())
    };
    for classified in [
        classified(ToolStatus::Findings, vec![finding("", true)]),
        classified(ToolStatus::Findings, vec![finding("src/c.py", true)]),
        classified(ToolStatus::Findings, vec![elsewhere]),
        classified(ToolStatus::Findings, vec![finding("src/a.py", false)]),
        classified(ToolStatus::Findings, Vec::new()),
        classified(failed, Vec::new()),
        warned,
    ] {
        assert_eq!(results(&classified), None, "{classified:?}");
    }
}

fn stored(found: &[&str]) -> FileResults {
    let findings = found.iter().map(|path| finding(path, true)).collect();
    let status = if found.is_empty() { ToolStatus::Passed } else { ToolStatus::Findings };
    let division = Division { own: files(&["src/a.py", "src/b.py"]), shared: BTreeMap::new() };
    FileResults::of(&classified(status, findings), &division, &division.own).unwrap()
}

#[test]
fn a_stored_finding_rejects_what_the_other_files_pass() {
    let mut passed = classified(ToolStatus::Passed, Vec::new());
    stored(&[]).complete(&mut passed);
    assert_eq!(passed.status, ToolStatus::Passed);
    stored(&["src/b.py"]).complete(&mut passed);
    assert_eq!((passed.status, passed.findings.len()), (ToolStatus::Findings, 1));
}

#[test]
fn only_results_for_the_same_contents_are_known() {
    let mut now = files(&["src/a.py", "src/b.py"]);
    now.insert(path("src/a.py"), Hash::of(b"edited"));
    let known = stored(&["src/b.py"]).known(&now);
    assert!(known.contains(&path("src/b.py")) && !known.contains(&path("src/a.py")));
    assert_eq!(known.without_findings().count(), 0);
}

#[test]
fn the_file_that_is_checked_again_is_one_with_findings() {
    let mut results = stored(&["src/b.py"]);
    assert_eq!(results.take_one(), Some(path("src/b.py")));
    assert_eq!(results.take_one(), Some(path("src/a.py")));
    assert_eq!(results.take_one(), None);
}

#[test]
fn results_survive_in_a_memory_and_a_wrong_one_is_named() {
    let results = stored(&["src/b.py"]);
    let memory = results.to_memory(&Summary::default());
    assert_eq!(FileResults::read(&memory), results);
    let differences = stored(&[]).differences(&results);
    assert_eq!(
        differences,
        BTreeMap::from([(
            "src/b.py".to_owned(),
            "its findings differ: 0 stored, 1 in a fresh run".to_owned()
        )])
    );
    let damaged = Memory { content: "{".to_owned(), ..memory };
    assert_eq!(FileResults::read(&damaged), FileResults::default());
}
