//! Records that pylint's worker leaves for its next run.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_pipe::cache::ResultCache;
use cargo_pipe::config::CacheMode;
use cargo_pipe::hash::Hash;
use serde_json::Value;

use crate::project::{Project, docker};

tests![
    pylint_lints_what_an_edit_can_change_and_says_the_same,
    mypy_checks_what_an_edit_can_change_and_says_the_same,
    mypy_with_a_plugin_leaves_nothing,
    pylint_forgets_what_is_damaged,
    pylint_names_a_wrong_record_in_an_audit,
    pylint_is_held_against_its_own_command,
    a_command_may_print_what_a_tool_leaves
];

/// A project whose outcomes are kept.
fn project() -> Project {
    let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
    project.write("src/thing.py", "\"\"\"A thing.\"\"\"\n\n\nclass Thing:\n    \"\"\"It.\"\"\"\n");
    let reader = "\"\"\"Reads.\"\"\"\n\nfrom thing import Thing\n\nprint(Thing().extra)\n";
    project.write("src/reader.py", reader);
    project
}

const WRITER: &str =
    "\"\"\"Writes.\"\"\"\n\nfrom thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n";

/// The findings of the next run of pylint, which are those of a run that knows nothing, and what it did.
fn lint(project: &Project) -> (Vec<String>, String) {
    check(project, "lint")
}

/// The same of any check.
fn check(project: &Project, check: &str) -> (Vec<String>, String) {
    let found = |args: &[&str]| {
        let findings = project.report(args).found(check);
        findings.into_iter().map(|found| format!("{found:?}")).collect::<Vec<String>>()
    };
    let findings = found(&["run", check]);
    let why = project.pipe(&["why", check]);
    let start = why.stdout.find("its last run checked").unwrap_or_else(|| panic!("{why:?}"));
    assert_eq!(findings, found(&["run", check, "--no-cache"]));
    (findings, why.stdout[start..].to_owned())
}

fn pylint_lints_what_an_edit_can_change_and_says_the_same() {
    let project = project();
    let (before, worked) = lint(&project);
    assert_eq!(worked, "its last run checked every file: no results of an earlier run\n");
    project.write("src/writer.py", WRITER);
    let (after, worked) = lint(&project);
    assert_ne!(after, before);
    assert_eq!(
        worked,
        "its last run checked 3 of 4 files again:\n\
         \x20 src/reader.py: src/writer.py adds other attributes to src/thing.py\n\
         \x20 src/thing.py: src/writer.py adds other attributes to src/thing.py\n\
         \x20 src/writer.py: it is new\n"
    );
    fs::remove_file(project.root.join("src/writer.py")).unwrap();
    assert_eq!(lint(&project).0, before);
    project.write(".config/.pylintrc", "[MAIN]\nload-plugins=pylint.extensions.mccabe\n");
    let (_, worked) = lint(&project);
    assert_eq!(worked, "its last run checked every file: no results of an earlier run\n");
}

fn mypy_checks_what_an_edit_can_change_and_says_the_same() {
    let project = project();
    project.write("src/thing.py", "class Thing:\n    size: int = 1\n");
    project.write("src/reader.py", "from thing import Thing\n\nsize: str = Thing().size\n");
    project.write("src/other.py", "size: int = 'one'\n");
    let (before, worked) = check(&project, "mypy");
    assert_eq!(before.len(), 2, "{before:?}");
    assert_eq!(worked, "its last run checked every file: no results of an earlier run\n");
    project.write("src/thing.py", "class Thing:\n    size: str = ''\n");
    let (after, worked) = check(&project, "mypy");
    assert_eq!(after.len(), 1, "{after:?}");
    let expected = "its last run checked 2 of 4 files again:\n\
                    \x20 src/reader.py: a module that it reaches has another interface\n\
                    \x20 src/thing.py: it changed\n";
    assert_eq!(worked, expected);
    assert_eq!(project.report(&["run", "mypy", "--audit"]).status, 1);
    let report = project.report(&["run", "mypy", "--audit-plain"]);
    assert_eq!(report.check("mypy")["plain"]["files"], Value::Array(Vec::new()));
    // With the option, notes and a syntax error are as before.
    project.write("src/other.py", "size: int = (\n");
    let (broken, worked) = check(&project, "mypy");
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(worked.starts_with("its last run checked every file: mypy stopped early"), "{worked}");
}

/// A plugin may read anything, so what it says cannot be kept for a file.
fn mypy_with_a_plugin_leaves_nothing() {
    let project = project();
    let plugin = "mypy.plugins.proper_plugin";
    project.write(".config/mypy.ini", format!("[mypy]\nplugins = {plugin}\n"));
    let (_, worked) = check(&project, "mypy");
    assert!(
        worked.contains("may run code of the project, so no per-file results are stored"),
        "{worked}"
    );
}

fn pylint_forgets_what_is_damaged() {
    let project = project();
    let (before, _) = lint(&project);
    let states = states(&project);
    assert_eq!(states.len(), 1);
    let mut bytes = fs::read(&states[0]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&states[0], bytes).unwrap();
    project.write("src/writer.py", WRITER);
    let (after, worked) = lint(&project);
    assert_ne!(after, before);
    assert_eq!(worked, "its last run checked every file: no results of an earlier run\n");
}

/// Takes all messages out of the record of a file.
const FALSIFY: &str = "import base64, json, sys, zlib\n\
     state = json.loads(zlib.decompress(base64.b64decode(sys.argv[1])))\n\
     state['records']['src/reader.py']['messages'] = []\n\
     print(base64.b64encode(zlib.compress(json.dumps(state).encode())).decode())\n";

fn pylint_names_a_wrong_record_in_an_audit() {
    let project = project();
    let (before, _) = lint(&project);
    assert!(!before.is_empty());
    let audit = || project.report(&["run", "lint", "--audit"]);
    assert_eq!(audit().status, 1);
    let place = states(&project).remove(0);
    let (key, sources) = place.file_name().unwrap().to_str().unwrap().split_once('-').unwrap();
    let hash = |text: &str| Hash::try_from(text.to_owned()).unwrap();
    let (key, sources) = (hash(key), hash(sources));
    let store = ResultCache::new(cache(&project), CacheMode::On, u64::MAX);
    let mut state = store.memory(&key, &sources).unwrap();
    let python = ["run", "--rm", "python:3.13-slim", "python", "-c", FALSIFY, &state.content];
    state.content = docker(&python).stdout.trim_end().to_owned();
    store.save_memory(&key, &sources, &state).unwrap();
    let report = audit();
    assert_eq!(report.status, 3);
    let reason = report.check("lint")["reason"]["message"].to_string();
    assert!(reason.contains("src/reader.py: "), "{reason}");
    assert!(reason.contains("no-member in line 5, "), "{reason}");
    assert_eq!(states(&project), [""; 0].map(PathBuf::from));
    // Nor is an outcome believed that may rest on it.
    let (after, worked) = lint(&project);
    assert_eq!(after, before);
    assert_eq!(worked, "its last run checked every file: no results of an earlier run\n");
}

/// pylint counts the branches of a module a second time in the stub next to it, unless it forgets
/// between files what it counted.
fn pylint_is_held_against_its_own_command() {
    let project = project();
    let branches = "    if value:\n        return 1\n".repeat(8);
    let text = format!(
        "\"\"\"M.\"\"\"\n\n\ndef many(value):\n    \"\"\"Many.\"\"\"\n{branches}    return 2\n"
    );
    project.write("src/m.py", &text);
    project.write("src/m.pyi", &text);
    let report = project.report(&["run", "lint", "--audit-plain"]);
    assert_eq!(report.status, 1);
    let plain = &report.check("lint")["plain"];
    assert_eq!((&plain["outcome"], &plain["reason"]), (&"findings".into(), &Value::Null));
    let files = plain["files"].as_array().unwrap();
    let [file] = files.as_slice() else { panic!("{plain:#}") };
    assert_eq!((&file["path"], &file["here"]), (&"src/m.py".into(), &Value::Array(Vec::new())));
    assert_eq!(file["there"][0]["rule"], "too-many-branches");
    // It is not part of the outcome.
    let report = project.report(&["run", "lint"]);
    assert_eq!(
        (&report.check("lint")["cache"], &report.check("lint")["plain"]),
        (&"hit".into(), &Value::Null)
    );
}

fn a_command_may_print_what_a_tool_leaves() {
    let project = Project::scaffolded();
    let printed = "one\ncargo-pipe-state: {}\nAAAA\n";
    let command = format!("import sys; print({printed:?}, end=\"\"); sys.exit(1)");
    let text = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let check = format!("[checks.say]\nrun = [\"python\", \"-c\", {command:?}]\n");
    project.write("pipe.toml", format!("{text}\n{check}"));
    let report = project.report(&["run", "say"]);
    assert_eq!(report.check("say")["log"]["stdout"], printed);
}

fn cache(project: &Project) -> PathBuf {
    project.root.parent().unwrap().join("home/.cache/cargo-pipe")
}

fn states(project: &Project) -> Vec<PathBuf> {
    let folder = cache(project).join("results/states");
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().path();
    fs::read_dir(Path::new(&folder)).unwrap().map(entry).collect()
}
