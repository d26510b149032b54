//! One report on machines that differ.
//!
//! Every variant runs in a home of its own, so that nothing is cached, and the started containers are
//! counted. `cargo xtask soak matrix` runs all variants on two real packages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::packages;
use crate::project::{Project, Report};

tests![one_report_of_a_small_project_whatever_the_machine];

tests!(
    SOAK,
    [
        matrix_one_report_of_httpx,
        matrix_one_report_of_msgspec,
        matrix_plain_duplicate_code_flips,
        matrix_plain_pylint_with_two_processes_flips
    ]
);

/// What differs between two machines.
struct Variant {
    name: &'static str,
    args: &'static [&'static str],
    topology: &'static str,
    folder: &'static str,
    order: Order,
    times: Times,
}

/// In which order the files were made, which is how many file systems list them.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Sorted,
    Reversed,
}

/// When the files were modified.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    Fresh,
    Old,
}

const PLAIN: Variant = Variant {
    name: "plain",
    args: &[],
    topology: "bind",
    folder: "project",
    order: Order::Sorted,
    times: Times::Fresh,
};

const VARIANTS: &[Variant] = &[
    PLAIN,
    Variant { name: "one job", args: &["--jobs", "1"], ..PLAIN },
    Variant { name: "eight jobs", args: &["--jobs", "8"], ..PLAIN },
    Variant { name: "one processor", args: &["--cpus", "1"], ..PLAIN },
    Variant { name: "two processors", args: &["--cpus", "2"], ..PLAIN },
    Variant { name: "another path", folder: "a longer path \u{e9}", ..PLAIN },
    Variant { name: "another order", order: Order::Reversed, ..PLAIN },
    Variant { name: "old files", times: Times::Old, ..PLAIN },
    Variant { name: "streamed", topology: "stream", ..PLAIN },
    Variant {
        name: "all of it",
        args: &["--jobs", "1", "--cpus", "1"],
        topology: "stream",
        folder: "x",
        order: Order::Reversed,
        times: Times::Old,
    },
];

fn one_report_of_a_small_project_whatever_the_machine() {
    let source = Project::scaffolded();
    for (name, text) in [
        ("src/d.py", "import os\nimport src.e\n\n\ndef f(a):\n    return a.b( 1 )\n"),
        ("src/e.py", "from . import d\n\n\ndef g() -> str:\n    return 1\n"),
        ("src/f.py", "def h() -> str:\n    return 1\n"),
    ] {
        source.write(name, text);
    }
    late_attribute(&source);
    let variants: Vec<&Variant> =
        VARIANTS.iter().filter(|it| ["plain", "all of it"].contains(&it.name)).collect();
    assert_one_report(&source.root, &variants);
}

fn matrix_one_report_of_httpx() {
    package("httpx-0.28.1", "httpx");
}

fn matrix_one_report_of_msgspec() {
    package("msgspec-0.18.6", "msgspec");
}

/// Each variant twice.
fn package(name: &str, folder: &str) {
    let source = packages::package(name, &[folder]);
    let variants: Vec<&Variant> = VARIANTS.iter().chain(VARIANTS).collect();
    assert_one_report(&source.root, &variants);
}

/// How often a control may answer the same before it has shown nothing.
const TRIES: usize = 20;

/// The control: what plain pylint quotes of duplicates follows memory addresses, whatever the seed.
fn matrix_plain_duplicate_code_flips() {
    let project = packages::package("httpx-0.28.1", &["httpx"]);
    flips(&project, &["--disable=all", "--enable=duplicate-code", "httpx"]);
}

/// The control: which of two processes gets a file depends on their speed, and what it knows of
/// another file on what it got before.
fn matrix_plain_pylint_with_two_processes_flips() {
    let project = Project::scaffolded();
    late_attribute(&project);
    flips(&project, &["-j2", "--disable=all", "--enable=no-member", "src"]);
}

/// A class that one file adds an attribute to, and many files that use it.
fn late_attribute(project: &Project) {
    let functions: String = (0..60)
        .map(|number| format!("\n\ndef f{number}(value):\n    return value + {number}\n"))
        .collect();
    project.write("src/a.py", format!("class Base:\n    pass\n{functions}"));
    project.write("src/b.py", format!("from a import Base\n\nBase.later = 1\n{functions}"));
    for number in 0..24 {
        let text = "from a import Base\n\nprint(Base().later)\n";
        project.write(&format!("src/c{number}.py"), text);
    }
}

/// Repeats plain pylint in the container of the check until it contradicts itself.
#[expect(clippy::print_stderr, reason = "a soak shows its measurements")]
fn flips(project: &Project, args: &[&str]) {
    let plain = ["bash", "lint", "--", "/opt/tool/bin/pylint", "--score=n"];
    let mut answers = BTreeSet::new();
    for number in 1..=TRIES {
        let ended = project.pipe(&[&plain, args].concat());
        assert!(!ended.stdout.is_empty(), "{ended:?}");
        answers.insert(ended.stdout);
        if answers.len() > 1 {
            eprintln!("plain pylint {}: another answer in run {number}", args.join(" "));
            return;
        }
    }
    panic!("plain pylint {args:?} gave one answer in {TRIES} runs: it controls nothing");
}

fn assert_one_report(source: &Path, variants: &[&Variant]) {
    let mut first: Option<(String, &str)> = None;
    for variant in variants {
        let text = text_of(&run(source, variant));
        match &first {
            None => first = Some((text, variant.name)),
            Some((expected, name)) => {
                let differs = expected.lines().zip(text.lines()).find(|(one, other)| one != other);
                assert_eq!(differs, None, "`{name}` and `{}`", variant.name);
                assert_eq!(expected.len(), text.len(), "`{name}` and `{}`", variant.name);
            }
        }
    }
}

/// What may not differ, as it is written.
fn text_of(report: &Report) -> String {
    serde_json::to_string_pretty(&report.comparable()).unwrap()
}

/// A run in a home of its own, and the containers that it started.
fn run(source: &Path, variant: &Variant) -> Report {
    let project = Project::named(variant.folder);
    let mut files = Vec::new();
    list(source, Path::new(""), &mut files);
    files.sort();
    if variant.order == Order::Reversed {
        files.reverse();
    }
    for name in &files {
        project.write(name, fs::read(source.join(name)).unwrap());
        if variant.times == Times::Old {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            let file = fs::File::options().write(true).open(project.root.join(name)).unwrap();
            file.set_modified(time).unwrap();
        }
    }
    // Outcomes are kept in a home that has none yet, and none is replayed.
    let project = project.with("CARGO_PIPE_TOPOLOGY", variant.topology);
    let project = project.with("CARGO_PIPE_CACHE", "on");
    let args = ["run-all", "--no-cache", "--verbose", "--message-format", "json"];
    let ended = project.pipe(&[&args, variant.args].concat());
    let report = Report::of(&ended);
    assert!(report.status <= 1, "{}: {ended:?}", variant.name);
    let checks = report.json["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["cache"] == "off"), "{}", variant.name);
    let commands = |words: &str| ended.stderr.lines().filter(|line| line.contains(words)).count();
    let started = commands(" run --rm --name cargo-pipe-");
    assert_eq!(started, checks.len(), "{}: {}", variant.name, ended.stderr);
    // The one that holds a streamed snapshot never starts.
    let held = commands(" create --name cargo-pipe-");
    assert_eq!(held, usize::from(variant.topology == "stream"), "{}", variant.name);
    report
}

fn list(root: &Path, below: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => list(root, &path, files),
            false => files.push(path.to_str().unwrap().to_owned()),
        }
    }
}
