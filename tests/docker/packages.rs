//! Real packages: the report equals that of the plain tools.
//!
//! The other side of each comparison is a `docker run` of the tool itself, spelled out here and read as
//! text, so that neither our commands nor our parsers are compared with themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::{self, PlainTool};
use crate::imports::agree_with_plain_isort;
use crate::project::{Project, Report, docker};

tests![
    msgspec_with_stubs_and_its_own_excludes_has_the_findings_of_the_plain_tools,
    attrs_with_its_own_excludes_is_formatted_as_by_plain_black,
    imports_are_sorted_as_by_plain_isort,
    catalogue_tools_find_what_their_plain_commands_find
];

tests!(
    SOAK,
    [
        httpx_has_the_findings_of_the_plain_tools,
        every_catalogue_tool_finds_what_its_plain_command_finds
    ]
);

/// A finding of a tool: path, line and code.
type Found = BTreeSet<(String, u64, String)>;

/// pylint's messages about the project as a whole. Where it puts them depends on the order in which
/// it read the files, so that cargo pipe puts them elsewhere: only their number is compared.
const PROJECT_WIDE: [&str; 2] = ["R0801", "R0401"];

fn httpx_has_the_findings_of_the_plain_tools() {
    let project = package("httpx-0.28.1", &["httpx"]);
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1);
    agrees_on_lint(&project, &report, "httpx");
    agrees_on_mypy(&project, &report, "httpx", ".config/mypy.ini");
    agrees_on_ruff(&project, &report, "httpx", ".config/pyproject.toml");
    agrees_on_format(&project, &report, "httpx", ".config/black.toml");
    for check in ["lint", "format", "mypy", "ruff"] {
        assert!(!report.found(check).is_empty(), "{check} has nothing to find");
    }
}

fn msgspec_with_stubs_and_its_own_excludes_has_the_findings_of_the_plain_tools() {
    let project = package("msgspec-0.18.6", &["msgspec"]);
    let settings = "source = [\"msgspec\"]\n[checks.ruff]\nconfig = \"pyproject.toml\"\n";
    project.write("pipe.toml", settings);
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1);
    agrees_on_lint(&project, &report, "msgspec");
    agrees_on_mypy(&project, &report, "msgspec", ".config/mypy.ini");
    agrees_on_ruff(&project, &report, "msgspec", "pyproject.toml");
    agrees_on_format(&project, &report, "msgspec", ".config/black.toml");
    // Its excludes hold: without them there would be findings.
    assert_eq!(report.found("ruff").len(), 0);
}

fn attrs_with_its_own_excludes_is_formatted_as_by_plain_black() {
    let project = package("attrs-21.4.0", &["src", "tests"]);
    project
        .configure("source = [\"src\", \"tests\"]\n[checks.format]\nconfig = \"pyproject.toml\"\n");
    let report = project.report(&["run", "format"]);
    agrees_on_format(&project, &report, "src tests", "pyproject.toml");
    assert!(!report.found("format").is_empty());
}

/// A project with a package's sources and its own configs, at the scaffold's configs else.
pub(crate) fn package(name: &str, sources: &[&str]) -> Project {
    let fixture = fixture(name);
    let project = Project::scaffolded();
    for source in sources {
        copy(&fixture.join(source), &project.root.join(source));
    }
    copy(&fixture.join("pyproject.toml"), &project.root.join("pyproject.toml"));
    project.write("pipe.toml", format!("source = {sources:?}\n"));
    project
}

/// A project with the sources of a fetched package, whatever its release.
pub(crate) fn fetched(name: &str) -> Project {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fixtures");
    let folders = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().file_name());
    let mut folders = folders.map(|folder| folder.into_string().unwrap());
    let is_of = |folder: &String| {
        folder.strip_prefix(name).is_some_and(|rest| rest.starts_with('-') && rest.contains('.'))
    };
    let folder = folders.find(is_of);
    package(&folder.unwrap_or_else(|| panic!("`cargo xtask fixtures` fetches `{name}`")), &[name])
}

/// Where a package lies as its authors published it.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fixtures").join(name);
    assert!(fixture.is_dir(), "`cargo xtask fixtures` fetches `{name}`");
    fixture
}

pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn imports_are_sorted_as_by_plain_isort() {
    let project = Project::scaffolded();
    agree_with_plain_isort(&project, "docker", |args| {
        plain(&project, "isort", &format!("isort {args}"))
    });
}

/// One tool that walks, and one that takes names; the engine `venv` is tested with all of them.
const IN_IMAGES: [&str; 2] = ["flake8", "pre-commit-hooks"];

fn catalogue_tools_find_what_their_plain_commands_find() {
    agree_in_images(catalogue::TOOLS.iter().filter(|it| IN_IMAGES.contains(&it.name)).collect());
}

fn every_catalogue_tool_finds_what_its_plain_command_finds() {
    agree_in_images(catalogue::TOOLS.iter().collect());
}

fn agree_in_images(tools: Vec<&PlainTool>) {
    let project = Project::empty();
    project.write("pipe.toml", catalogue::settings(&tools));
    let project = project.scaffold();
    let engine = ["--engine", "docker"];
    catalogue::agree_with_plain_tools(&project, &engine, &tools, |tool| {
        let (stdout, stderr) = plain(&project, tool.lock, tool.command);
        stdout + &stderr
    });
    catalogue::report_a_crash(&project, &engine, &tools);
    project.write("pipe.toml", catalogue::settings(&tools));
    catalogue::pass_and_report_broken_configurations(&project, &engine, &tools);
}

/// Both streams of a plain tool on the project, in the image that its check uses.
fn plain(project: &Project, tool: &str, command: &str) -> (String, String) {
    let mount = format!("{}:/app:ro", project.root.display());
    let image = format!("cargo-pipe/{tool}:project-{}", project.id());
    let ended = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        "--volume",
        &mount,
        "--workdir",
        "/app",
        "--env",
        "HOME=/tmp",
        // With another seed plain pylint counts other duplicates: on msgspec 9 with 4, 8 with 0.
        "--env",
        "PYTHONHASHSEED=0",
        "--entrypoint",
        "sh",
        &image,
        "-c",
        command,
    ]);
    (ended.stdout, ended.stderr)
}

pub(crate) fn agrees_on_lint(project: &Project, report: &Report, sources: &str) {
    let template = "--msg-template='@{path}@{line}@{msg_id}'";
    let command = format!("pylint --rcfile=.config/.pylintrc -j1 {template} {sources}");
    let (text, _) = plain(project, "pylint", &command);
    let messages: Vec<(String, u64, String)> = text
        .lines()
        .filter_map(|line| {
            let mut parts = line.strip_prefix('@')?.split('@').map(str::to_owned);
            Some((parts.next()?, parts.next()?.parse().ok()?, parts.next()?))
        })
        .collect();
    let split = |all: Vec<(String, u64, String)>| -> (Found, usize) {
        let is_wide = |found: &(String, u64, String)| PROJECT_WIDE.contains(&found.2.as_str());
        let (wide, local): (Vec<_>, Vec<_>) = all.into_iter().partition(is_wide);
        (local.into_iter().collect(), wide.len())
    };
    assert_eq!(split(report.found("lint")), split(messages), "lint");
}

pub(crate) fn agrees_on_mypy(project: &Project, report: &Report, sources: &str, config: &str) {
    let command = format!("mypy --config-file={config} --cache-dir=/tmp/m {sources}");
    let (text, _) = plain(project, "mypy", &command);
    // `path:line: error: message  [code]`
    let errors: Found = text
        .lines()
        .filter_map(|line| {
            let (place, message) = line.split_once(": error: ")?;
            let (path, line) = place.split_once(':')?;
            let code = message.rsplit_once("  [")?.1.strip_suffix(']')?;
            Some((path.to_owned(), line.parse().ok()?, code.to_owned()))
        })
        .collect();
    let ours: Found = report.found_with_severity("mypy", "error").into_iter().collect();
    assert_eq!(ours, errors, "mypy");
}

pub(crate) fn agrees_on_ruff(project: &Project, report: &Report, sources: &str, config: &str) {
    let command =
        format!("ruff check --no-cache --config={config} --output-format=concise {sources}");
    let (text, _) = plain(project, "ruff", &command);
    // `path:line:column: CODE message`
    let found: Found = text
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(4, ':');
            let (path, line) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
            let code = parts.nth(1)?.split_whitespace().next()?.trim_end_matches(':');
            Some((path, line, code.to_owned()))
        })
        .collect();
    let ours: Found = report.found("ruff").into_iter().collect();
    assert_eq!(ours, found, "ruff");
}

pub(crate) fn agrees_on_format(project: &Project, report: &Report, sources: &str, config: &str) {
    let (_, text) = plain(project, "black", &format!("black --check --config={config} {sources}"));
    let files: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("would reformat /app/"))
        .map(str::to_owned)
        .collect();
    let ours: BTreeSet<String> =
        report.found("format").into_iter().map(|(path, ..)| path).collect();
    assert_eq!(ours, files, "format");
}
