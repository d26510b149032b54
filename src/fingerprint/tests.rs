//! Each ingredient changes the fingerprint, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::check::{CachePolicy, FindingsFormat, FindingsOrigin, FindingsSpec, Grant};
use crate::limits::{ByteSize, Limits};
use crate::plan::{ConfigFile, EnvironmentSpec, FileSet};
use crate::secrets::SecretError;

fn step() -> Step {
    Step {
        folder: ProjectPath::root(),
        import_roots: Vec::new(),
        id: "lint".parse().unwrap(),
        tool: "pylint".into(),
        source: vec![ProjectPath::new("src").unwrap()],
        endings: vec![".py".into()],
        file_set: FileSet::default(),
        config: None,
        environment: EnvironmentSpec::Tool {
            python: None,
            lock: "pylint".into(),
            project: None,
            builds_project: false,
        },
        installation: None,
        command: Command::Exec(vec!["pylint".into(), "src".into()]),
        args: Vec::new(),
        env: BTreeMap::from([("TZ".into(), "UTC".into())]),
        findings_exit: BTreeSet::from([1]),
        findings: None,
        writable: false,
        per_file: false,
        grants: BTreeSet::new(),
        secrets: BTreeMap::new(),
        timeout: Duration::from_secs(1),
        limits: Limits::default(),
        cache: CachePolicy::Always,
    }
}

fn secret(name: &str, digest: Hash) -> BTreeMap<SecretName, Result<Hash, SecretError>> {
    BTreeMap::from([(SecretName::new(name).unwrap(), Ok(digest))])
}

fn installation(version: &str, backend: &str) -> Installation {
    let (version, backend) = (version.to_owned(), backend.to_owned());
    Installation { version, backend, backend_path: Vec::new() }
}

fn facts() -> Facts<'static> {
    Facts {
        environment: Hash::of(b"environment"),
        platform: "linux/amd64",
        launcher: Hash::of(b"launcher"),
        config: Hash::of(b"config"),
        sources: Hash::of(b"sources"),
    }
}

fn fingerprint(step: &Step, facts: &Facts<'_>) -> Hash {
    of_step(step, facts).fingerprint()
}

/// The fingerprint with one thing about the step changed.
fn with(change: impl FnOnce(&mut Step)) -> Hash {
    let mut step = step();
    change(&mut step);
    fingerprint(&step, &facts())
}

/// The fingerprint with one fact changed.
fn given(change: impl FnOnce(&mut Facts<'static>)) -> Hash {
    let mut facts = facts();
    change(&mut facts);
    fingerprint(&step(), &facts)
}

fn module(project: Option<Precedence>) -> Command {
    let args = vec!["src".into()];
    Command::Module {
        module: "pylint".into(),
        keeps_own: true,
        worker: None,
        args,
        project,
        report: None,
    }
}

#[test]
fn every_ingredient_changes_it() {
    let one = Hash::of(b"another");
    let all = [
        fingerprint(&step(), &facts()),
        given(|facts| facts.environment = one),
        given(|facts| facts.platform = "linux/arm64"),
        given(|facts| facts.launcher = one),
        given(|facts| facts.config = one),
        given(|facts| facts.sources = one),
        with(|step| step.command = Command::Exec(vec!["pylint".into()])),
        with(|step| {
            step.command = module(None);
        }),
        with(|step| step.command = module(Some(Precedence::First))),
        with(|step| step.command = module(Some(Precedence::Last))),
        with(|step| step.tool = "mypy".into()),
        with(|step| step.source = vec![ProjectPath::root()]),
        with(|step| drop(step.env.insert("TZ".into(), "CET".into()))),
        with(|step| drop(step.env.insert("X".into(), String::new()))),
        with(|step| step.findings_exit = BTreeSet::from([1, 65])),
        with(|step| {
            step.findings = Some(FindingsSpec {
                format: FindingsFormat::Gcc,
                from: FindingsOrigin::Stderr,
                empty_ok: false,
            });
        }),
        with(|step| step.per_file = true),
        with(|step| step.folder = ProjectPath::new("libs").unwrap()),
        with(|step| step.import_roots = vec![ProjectPath::new("libs").unwrap()]),
        with(|step| {
            step.folder = ProjectPath::new("libs").unwrap();
            step.import_roots = vec![ProjectPath::new("libs").unwrap()];
        }),
        with(|step| step.grants = BTreeSet::from([Grant::Network])),
        with(|step| step.secrets = secret("API_TOKEN", one)),
        with(|step| step.secrets = secret("API_TOKEN", Hash::of(b"yet another"))),
        with(|step| step.secrets = secret("OTHER", one)),
        with(|step| step.installation = Some(installation("1.0", "hatchling.build"))),
        with(|step| step.installation = Some(installation("2.0", "hatchling.build"))),
        with(|step| step.installation = Some(installation("1.0", "flit_core.buildapi"))),
    ];
    assert_eq!(BTreeSet::from(all).len(), all.len());
}

#[test]
fn nothing_else_changes_it() {
    let same = fingerprint(&step(), &facts());
    assert_eq!(with(|step| step.id = "other".parse().unwrap()), same);
    assert_eq!(with(|step| step.timeout = Duration::from_secs(9)), same);
    assert_eq!(with(|step| step.limits.memory = ByteSize(1 << 30)), same);
    assert_eq!(with(|step| step.cache = CachePolicy::Never), same);
    let path = ProjectPath::new("elsewhere/.pylintrc").unwrap();
    assert_eq!(with(|step| step.config = Some(ConfigFile { path, mounted: true })), same);
}

#[test]
fn two_lists_are_never_written_the_same_way() {
    let argv = |words: &[&str]| {
        with(|step| step.command = Command::Exec(words.iter().map(ToString::to_string).collect()))
    };
    let all = [argv(&["ab", "c"]), argv(&["a", "bc"]), argv(&["abc"]), argv(&["abc", ""])];
    assert_eq!(BTreeSet::from(all).len(), all.len());
}

#[test]
fn the_order_files_were_found_in_changes_nothing() {
    let files = [("b.py".to_owned(), Hash::of(b"1")), ("a.py".to_owned(), Hash::of(b"2"))];
    let mut shuffled = files.clone();
    shuffled.reverse();
    let hash = |files: BTreeMap<String, Hash>| {
        of_files(files.iter().map(|(path, hash)| (path.as_str(), *hash)))
    };
    assert_eq!(hash(BTreeMap::from(files)), hash(BTreeMap::from(shuffled)));
}

#[test]
fn a_run_is_its_checks_in_their_order() {
    let one = Some(Hash::of(b"1"));
    let all = [
        of_run([("a", one), ("b", None)]),
        of_run([("b", None), ("a", one)]),
        of_run([("a", one)]),
        of_run([("a", None), ("b", one)]),
    ];
    assert_eq!(BTreeSet::from(all).len(), all.len());
}

#[test]
fn a_hash_reads_back_and_a_known_one_stays() {
    let hash = HashBuilder::new("test").with("a").with_all(["b", "c"].iter()).hash();
    assert_eq!(Hash::try_from(hash.to_string()), Ok(hash));
    assert!(Hash::try_from("xyz".to_owned()).is_err());
    // A change here is a change of every fingerprint: raise `VERSION`.
    assert_eq!(
        hash.to_string(),
        "d3c06a6c97dc02b2ebd4eb8badad829af637fcabd85a16998ee6580f77ff3019"
    );
}
