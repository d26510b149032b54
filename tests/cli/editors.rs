//! The patterns of the chapter `editors`, on the sample report and on what `watch` prints.

use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::scene::Scene;
use crate::start;

const CHAPTER: &str = include_str!("../../src/guide/editors.md");

/// The sample report in `--message-format short`.
const SAMPLE: &str = include_str!("../fixtures/reports/sample-short.txt");

/// The block of code in this language, after this text.
fn block(language: &str, after: &str) -> &'static str {
    let (_, rest) = CHAPTER.split_once(after).unwrap();
    let (_, rest) = rest.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

fn tasks() -> Vec<Value> {
    let tasks: Value = serde_json::from_str(block("json", "## VS Code")).unwrap();
    tasks["tasks"].as_array().unwrap().clone()
}

fn pattern(value: &Value) -> Regex {
    Regex::new(value.as_str().unwrap()).unwrap()
}

#[test]
fn vs_code_finds_each_finding_that_counts() {
    for task in tasks() {
        let matcher = &task["problemMatcher"]["pattern"];
        let regexp = pattern(&matcher["regexp"]);
        let found: Vec<Vec<String>> = SAMPLE
            .lines()
            .filter_map(|line| regexp.captures(line))
            .map(|groups| {
                let group = |name: &str| {
                    let number = usize::try_from(matcher[name].as_u64().unwrap()).unwrap();
                    groups.get(number).map_or("", |group| group.as_str()).to_owned()
                };
                ["file", "line", "column", "severity", "code", "message"].map(group).to_vec()
            })
            .collect();
        let message = "Incompatible return value type (got \"int\", expected \"str\") [mypy]";
        let expected = [
            ["src/main.py", "2", "1", "warning", "W0611", "Unused import os [pylint]"],
            ["src/main.py", "4", "", "info", "R0801", "Similar lines in 2 files [pylint]"],
            ["src/main.py", "7", "15", "error", "return-value", message],
        ];
        assert_eq!(found, expected, "{}", task["label"]);
    }
}

#[test]
fn the_commands_of_vs_code_are_accepted() {
    let scene = Scene::with_project();
    for task in tasks() {
        let command = task["command"].as_str().unwrap().strip_prefix("cargo pipe ").unwrap();
        let ended = scene.pipe(command).arg("--help").ended();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(command.ends_with("--message-format short"), "{command}");
    }
}

#[test]
fn vs_code_knows_when_a_round_begins_and_ends() {
    let background = tasks()[1]["problemMatcher"]["background"].clone();
    let (begins, ends) =
        (pattern(&background["beginsPattern"]), pattern(&background["endsPattern"]));
    let source = include_str!("../../src/cli/commands/watch/cause.rs");
    for words in
        ["for the first time", "again", "with fixes", "after a change", "after a change of {}"]
    {
        assert!(source.contains(&format!("\"{words}\"")), "`{words}` is not printed any longer");
        assert!(begins.is_match(&format!("\u{1b}[H\u{1b}[2Jchecking {words}")), "{words}");
    }
    let lines = crate::watch::lines_of_a_round();
    let of = |regexp: &Regex| lines.iter().filter(|line| regexp.is_match(line)).count();
    assert_eq!((of(&begins), of(&ends)), (1, 1), "{lines:#?}");
}

#[test]
fn jetbrains_finds_each_finding_with_its_absolute_path() {
    let fields = block("text", "## PyCharm");
    let field = |name: &str| {
        let line = fields.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].trim_start().to_owned()
    };
    assert_eq!(field("Program"), "sh");
    let arguments = argument_of(&field("Arguments"));
    let (command, sed) = arguments.split_once(" | ").unwrap();
    assert!(command.starts_with("cargo pipe run-all --message-format short"), "{command}");
    let sed = sed.replace("$ProjectFileDir$", "/home/me/project");
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample");
    std::fs::write(&sample, SAMPLE).unwrap();
    let shown = completed(&sed, &sample);
    // As the IDE replaces its macros.
    let filters = fields.lines().skip_while(|line| !line.starts_with("Output filters"));
    let filters = filters.map(|line| line.trim_start_matches("Output filters").trim());
    let filters: Vec<Regex> = filters
        .map(|filter| {
            let path = "(?P<file>(?:\\p{Alphabetic}\\:)?[0-9 a-z_A-Z\\-\\\\./]+)";
            let filter = filter.replace("$FILE_PATH$", path).replace("$LINE$", "(?P<line>[0-9]+)");
            Regex::new(&filter.replace("$COLUMN$", "(?P<column>[0-9]+)")).unwrap()
        })
        .collect();
    assert_eq!(filters.len(), 2);
    let found: Vec<String> = shown
        .lines()
        .filter_map(|line| filters.iter().find_map(|filter| filter.captures(line)))
        .map(|groups| format!("{} {}", &groups["file"], &groups["line"]))
        .collect();
    let at = |place: &str| format!("/home/me/project/src/{place}");
    assert_eq!(found, [at("main.py 2"), at("main.py 4"), at("main.py 7"), at("util.py 1")]);
}

/// The one argument behind `-c`.
fn argument_of(arguments: &str) -> String {
    let inner = arguments.strip_prefix("-c \"").and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_else(|| panic!("{arguments}")).to_owned()
}

/// What a command makes of a file.
fn completed(command: &str, file: &Path) -> String {
    let mut shell = start::command("sh");
    shell.args(["-c", &format!("{command} < \"$0\"")]).arg(file);
    String::from_utf8(shell.output().unwrap().stdout).unwrap()
}
