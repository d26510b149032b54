//! The recorded output of the tools, and how it is classified.
//!
//! Each folder of `fixtures/tool-output` is one recorded run; its README explains how to record one.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_pipe::container::CONFIG;
use cargo_pipe::finding::{Edit, Finding, Place, sort};
use cargo_pipe::lock::Lock;
use cargo_pipe::outcome::{Classified, RawOutput, ToolStatus};
use cargo_pipe::project::ProjectPath;
use cargo_pipe::tools::command::Command;
use cargo_pipe::tools::{self, SourceFiles, TOOLS, Tool, ToolInvocation};
use cargo_pipe::version::is_at_least;
use proptest::prelude::*;
use snapbox::{Assert, Data};

#[path = "tools/findings.rs"]
mod findings;
#[path = "tools/launcher.rs"]
mod launcher;
#[path = "harness/start.rs"]
mod start;

/// The files of a recorded run.
struct Snapshot(PathBuf);

impl SourceFiles for Snapshot {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(path)).ok()
    }

    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in entries(&folder) {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    paths.push(relative(&entry, &self.0));
                }
            }
        }
        paths
    }
}

#[test]
fn every_recorded_run_is_classified_as_recorded() {
    for (tool, row) in rows() {
        let classified = tool.classify(&recorded(&row), &Snapshot(row.join("app")));
        Assert::new().action_env("SNAPSHOTS").eq(
            Data::text(described(&classified)).raw(),
            Data::read_from(&row.join("expected"), None).raw(),
        );
    }
}

fn configured(config: Option<&str>) -> ToolInvocation<'_> {
    ToolInvocation {
        config,
        source: &[],
        scripts: &[],
        args: &[],
        sees_project: false,
        installs_project: false,
        version: None,
    }
}

#[test]
fn every_run_was_recorded_with_the_command_that_is_used() {
    for (tool, row) in rows() {
        let config = tool.config_file().map(|file| format!("{CONFIG}/{file}"));
        let args = lines(&row.join("arguments")).unwrap_or_default();
        let source = lines(&row.join("source")).unwrap_or(vec!["src".to_owned()]);
        let source: Vec<ProjectPath> =
            source.iter().map(|path| ProjectPath::new(path).unwrap()).collect();
        let version = lines(&row.join("version")).unwrap_or_default();
        let command = tool.check(&ToolInvocation {
            source: &source,
            args: &args,
            version: version.first().map(String::as_str),
            ..configured(config.as_deref())
        });
        let mut expected = match command {
            Command::Exec(argv) | Command::Report { argv, .. } => {
                [vec!["exec".to_owned()], argv].concat()
            }
            Command::Module { module, args, .. } => {
                [vec![format!("module {module}")], args].concat()
            }
            other => panic!("{other:?}"),
        };
        expected.push(String::new());
        Assert::new().action_env("SNAPSHOTS").eq(
            Data::text(expected.join("\n")).raw(),
            Data::read_from(&row.join("command"), None).raw(),
        );
    }
}

#[test]
fn no_message_contains_a_path_inside_a_container() {
    for (tool, row) in rows() {
        let classified = tool.classify(&recorded(&row), &Snapshot(row.join("app")));
        let shown = format!("{classified:?}");
        for inside in ["/app", "/config", "/pipe", "/opt"] {
            assert!(!shown.contains(inside), "{inside} in {}: {shown}", row.display());
        }
    }
}

#[test]
fn every_finding_is_on_a_line_of_an_existing_file() {
    for (tool, row) in rows() {
        let snapshot = Snapshot(row.join("app"));
        for finding in tool.classify(&recorded(&row), &snapshot).findings {
            for place in [&finding.place].into_iter().chain(&finding.related) {
                if place.path.is_empty() {
                    assert!(row.ends_with("session-fails"), "{}: {finding:?}", row.display());
                    continue;
                }
                // Two tools report a missing source as a finding.
                let Some(text) = snapshot.read(&place.path) else {
                    assert!(row.ends_with("missing-path"), "{}: {finding:?}", row.display());
                    continue;
                };
                let text = String::from_utf8_lossy(&text);
                let length = u32::try_from(text.lines().count()).unwrap().max(1);
                assert!(place.line <= length, "{}: {finding:?}", row.display());
            }
        }
    }
}

#[test]
fn every_tool_has_a_lock_a_config_and_recorded_runs() {
    for tool in TOOLS {
        if !tool.is_rust() {
            let lock = Lock::parse(tool.lock_template()).unwrap();
            assert!(lock.version(tool.lock()).is_some(), "{}", tool.name());
        }
        assert_eq!(tool.config_template().is_some(), tool.config_file().is_some());
        assert!(tool.config_template().is_none_or(|text| !text.is_empty()), "{}", tool.name());
        assert!(!tool.notes().is_empty(), "{}", tool.name());
        let rows: BTreeSet<String> = rows()
            .into_iter()
            .filter(|(other, _)| other.name() == tool.name())
            .map(|(_, row)| relative(&row, &fixtures().join(tool.name())))
            .collect();
        let is_described_by_data = tool.config_file().is_none() && tool.name() != "pytest";
        let required = if is_described_by_data { DESCRIBED_BY_DATA } else { IMPLEMENTED };
        for row in required {
            assert!(rows.contains(*row), "{} has no row {row}", tool.name());
        }
    }
}

/// The recorded runs of a tool that is a `CatalogueTool`.
const DESCRIBED_BY_DATA: &[&str] = &["clean", "findings", "syntax-error", "unknown-flag"];

/// The recorded runs of every other tool.
const IMPLEMENTED: &[&str] = &[
    "clean",
    "columns",
    "config-malformed",
    "config-missing",
    "config-unknown-option",
    "findings",
    "killed",
    "no-python-files",
    "not-utf-8",
    "syntax-error",
    "unknown-flag",
    "unreadable",
];

#[test]
fn every_tool_has_recorded_runs_of_older_releases() {
    for tool in TOOLS {
        let (oldest, after) = tool.tried();
        let versions: BTreeSet<String> = rows()
            .into_iter()
            .filter(|(other, _)| other.name() == tool.name())
            .filter_map(|(_, row)| lines(&row.join("version"))?.pop())
            .collect();
        assert!(versions.len() >= 2, "{}: {versions:?}", tool.name());
        assert!(versions.iter().any(|it| is_at_least(it, oldest)), "{}", tool.name());
        assert!(versions.iter().all(|it| !is_at_least(it, after)), "{}", tool.name());
    }
}

#[test]
fn no_recorded_run_is_left_out() {
    let folders = entries(&fixtures()).into_iter().filter(|entry| entry.is_dir());
    for folder in folders {
        let name = relative(&folder, &fixtures());
        assert!(tools::find(&name).is_some(), "{name} is not a tool");
        for row in entries(&folder) {
            for file in ["app", "command", "stdout", "stderr", "code", "expected"] {
                assert!(row.join(file).exists(), "{} has no {file}", row.display());
            }
        }
    }
}

#[test]
fn a_user_cannot_turn_off_required_options() {
    let args = ["--jobs=4".to_owned(), "--output-format=text".to_owned()];
    for tool in TOOLS {
        let command = tool.check(&ToolInvocation {
            source: &[ProjectPath::root()],
            args: &args,
            sees_project: true,
            ..configured(Some("/config/x"))
        });
        let (Command::Exec(argv) | Command::Module { args: argv, .. }) = command else {
            panic!("{command:?}");
        };
        let place = |wanted: &str| argv.iter().position(|argument| argument == wanted);
        assert_eq!(place("--jobs=4").unwrap() + 1, place("--output-format=text").unwrap());
        let canonical = argv.iter().rposition(|argument| argument.starts_with("--")).unwrap();
        assert!(canonical > place("--output-format=text").unwrap(), "{argv:?}");
    }
}

/// Arbitrary bytes, and bytes that look like what some tool writes, cut anywhere.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let recorded: Vec<Vec<u8>> = rows()
        .into_iter()
        .flat_map(|(_, row)| [recorded(&row).stdout, recorded(&row).stderr])
        .filter(|stream| !stream.is_empty())
        .collect();
    let damaged = (
        proptest::sample::select(recorded),
        any::<proptest::sample::Index>(),
        any::<proptest::sample::Index>(),
        any::<[u8; 3]>(),
        proptest::option::of(any::<proptest::sample::Index>()),
    )
        .prop_map(|(mut stream, start, end, noise, cut)| {
            let (start, end) = (start.index(stream.len()), end.index(stream.len()));
            stream.splice(start.min(end)..start.max(end).min(start.min(end) + 9), noise);
            if let Some(cut) = cut {
                stream.truncate(cut.index(stream.len()));
            }
            stream
        });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), damaged]
}

proptest! {
    #[test]
    fn no_output_makes_a_tool_panic_or_pass_what_it_failed(
        stdout in stream(),
        stderr in stream(),
        code in prop_oneof![0..40, any::<i32>()],
    ) {
        let sources = Snapshot(fixtures().join("pylint/columns/app"));
        let output = RawOutput { code, stdout, stderr };
        for tool in TOOLS {
            let classified = tool.classify(&output, &sources);
            if tool.name() == "mypy" && has_notes_alone(&classified) {
                continue;
            }
            if code != 0 {
                prop_assert_ne!(classified.status, ToolStatus::Passed, "{}", tool.name());
            }
        }
    }
}

/// mypy's exit status for these depends on its output format.
fn has_notes_alone(classified: &Classified) -> bool {
    let is_note = |finding: &Finding| format!("{:?}", finding.severity) == "Info";
    !classified.findings.is_empty() && classified.findings.iter().all(is_note)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tool-output")
}

fn rows() -> Vec<(&'static dyn Tool, PathBuf)> {
    TOOLS
        .iter()
        .flat_map(|tool| {
            let rows = entries(&fixtures().join(tool.name()));
            rows.into_iter().map(|row| (*tool, row))
        })
        .collect()
}

fn recorded(row: &Path) -> RawOutput {
    let code = fs::read_to_string(row.join("code")).unwrap();
    RawOutput {
        code: code.trim().parse().unwrap(),
        stdout: fs::read(row.join("stdout")).unwrap(),
        stderr: fs::read(row.join("stderr")).unwrap(),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()
}

fn lines(file: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

/// A readable text of a classified output.
fn described(classified: &Classified) -> String {
    let mut text = match &classified.status {
        ToolStatus::Passed => "passed\n".to_owned(),
        ToolStatus::Findings => "findings\n".to_owned(),
        ToolStatus::Failed(reason) => format!("failed: {:?}: {reason}\n", reason.kind),
    };
    if let Some(score) = classified.score {
        writeln!(text, "score {score:.2}").unwrap();
    }
    if let Some(coverage) = classified.session.as_ref().and_then(|it| it.coverage.as_ref()) {
        let minimum = coverage.minimum.map(|it| format!(", at least {it}")).unwrap_or_default();
        write!(text, "coverage {:.2}{minimum}:", coverage.percent).unwrap();
        for file in &coverage.files {
            write!(text, " {} without {:?} of {}", file.path, file.missing, file.lines).unwrap();
        }
        text.push('\n');
    }
    for warning in &classified.warnings {
        writeln!(text, "warning: {warning}").unwrap();
    }
    let mut findings = classified.findings.clone();
    sort(&mut findings);
    for finding in &findings {
        describe(finding, &mut text);
    }
    text
}

fn describe(finding: &Finding, text: &mut String) {
    // Parsers do not set the fingerprint.
    let Finding { place, severity, code, rule, message, url, gating, related, fix, .. } = finding;
    let accepted = if *gating { "" } else { ", accepted" };
    let flaky = if finding.is_flaky() { ", flaky" } else { "" };
    writeln!(text, "\n{}: {severity:?} {code} {rule}{accepted}{flaky}", spot(place)).unwrap();
    writeln!(text, "    {}", message.replace('\n', "\n    ")).unwrap();
    if let Some(url) = url {
        writeln!(text, "    {url}").unwrap();
    }
    for place in related {
        writeln!(text, "    also {}", spot(place)).unwrap();
    }
    if let Some(fix) = fix {
        let safe = if fix.safe { "safe" } else { "unsafe" };
        writeln!(text, "    fix ({safe}): {}", fix.message).unwrap();
        for Edit { line, column, end_line, end_column, content } in &fix.edits {
            writeln!(text, "        {line}:{column} to {end_line}:{end_column}: {content:?}")
                .unwrap();
        }
    }
}

fn spot(place: &Place) -> String {
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    let Place { path, line, column, end_line, end_column } = place;
    let (column, end_line, end_column) = (number(*column), number(*end_line), number(*end_column));
    format!("{path}:{line}:{column} to {end_line}:{end_column}")
}
