//! Turns the options with which a project runs pytest into settings of a check: those of its commands,
//! and those of `addopts` in its configuration.

use super::FolderSurvey;
use crate::project::ProjectPath;
use crate::requirement::{Requirement, normalize};
use crate::scaffold::evidence::{EvidenceRank, ToolUse};
use crate::template::NewTestSettings;
use crate::tools::{self, references};

/// The plugin of each option.
const XDIST: &str = "pytest-xdist";
const COV: &str = "pytest-cov";
const RERUNFAILURES: &str = "pytest-rerunfailures";

/// The options about processes, coverage and reruns.
#[derive(Default)]
struct TestOptions {
    workers: Option<String>,
    reruns: Option<u8>,
    has_coverage: bool,
    minimum: Option<String>,
    measured: Vec<String>,
}

/// Finds the settings of tests: an option of a command goes before one of the configuration.
pub(super) fn find_test_settings(survey: &FolderSurvey, uses: &[ToolUse]) -> NewTestSettings {
    let is_command =
        |used: &&ToolUse| used.tool == "pytest" && used.rank != EvidenceRank::Dependency;
    let used = uses.iter().find(is_command);
    let command = used.map(|used| TestOptions::parse(&used.args)).unwrap_or_default();
    let (file, words) = find_addopts(survey).unwrap_or_default();
    let configured = TestOptions::parse(&words);
    let mut settings = NewTestSettings {
        has_coverage: command.has_coverage || configured.has_coverage,
        reruns: command.reruns,
        ..NewTestSettings::default()
    };
    let origin = used.filter(|_| command.is_any()).map(|used| used.origin.to_string());
    let file = Some(file).filter(|_| configured.is_any());
    settings.comments.extend(origin.into_iter().chain(file).map(|it| format!("From {it}.")));
    settings.workers = command.workers.or(configured.workers);
    settings.minimum = command.minimum.or(configured.minimum).filter(|_| settings.has_coverage);
    let measured = [command.measured, configured.measured].concat();
    for path in measured.iter().filter_map(|name| find_measured(survey, name)) {
        if !settings.measured.contains(&path) {
            settings.measured.push(path);
        }
    }
    let plugins = [
        (XDIST, settings.workers.is_some()),
        (COV, settings.has_coverage),
        // pytest reads the option in `addopts` itself, and refuses it without the plugin.
        (RERUNFAILURES, configured.reruns.is_some()),
    ];
    let named = used.map(|used| used.requirements.as_slice()).unwrap_or_default();
    for (plugin, _) in plugins.into_iter().filter(|(_, is_needed)| *is_needed) {
        let is_it = |text: &&String| {
            Requirement::parse(text)
                .is_some_and(|it| normalize(it.name) == plugin && it.is_well_formed())
        };
        let named = named.iter().find(is_it).cloned();
        settings.requirements.push(named.unwrap_or_else(|| plugin.to_owned()));
    }
    settings
}

impl TestOptions {
    fn parse(words: &[String]) -> TestOptions {
        let mut options = TestOptions::default();
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1).filter(|next| !next.starts_with('-'));
            let (name, value) = match (word.split_once('='), word.strip_prefix("-n")) {
                (Some((name, value)), _) => (name, Some(value)),
                (None, Some(value)) if !value.is_empty() => ("-n", Some(value)),
                _ => (word.as_str(), next.map(String::as_str)),
            };
            match (name, value) {
                ("-n" | "--numprocesses", Some(value)) => options.workers = workers(value),
                ("--reruns", Some(value)) => {
                    options.reruns = value.parse().ok().filter(|reruns| (1..=10).contains(reruns));
                }
                ("--cov", value) => {
                    options.has_coverage = true;
                    let value = value.filter(|value| !value.is_empty());
                    options.measured.extend(value.map(str::to_owned));
                }
                ("--cov-fail-under", Some(value)) => options.minimum = percent(value),
                _ => {}
            }
        }
        options
    }

    fn is_any(&self) -> bool {
        self.workers.is_some() || self.has_coverage || self.reruns.is_some()
    }
}

/// The number of processes in the notation of TOML; none for tests in one process.
fn workers(value: &str) -> Option<String> {
    match value {
        "auto" | "logical" => Some("\"auto\"".to_owned()),
        _ => value.parse::<u16>().ok().filter(|it| (1..=512).contains(it)).map(|it| it.to_string()),
    }
}

fn percent(value: &str) -> Option<String> {
    value.parse::<f64>().ok().filter(|it| (0.0..=100.0).contains(it)).map(|it| it.to_string())
}

/// The options in the configuration that pytest reads, with the name of its file.
fn find_addopts(survey: &FolderSurvey) -> Option<(String, Vec<String>)> {
    let tool = tools::find("pytest")?;
    tool.own_configs().iter().find_map(|own| {
        let text = survey.text(own.file)?;
        let texts = references::find_texts(tool, own.file, text, "addopts");
        let words = texts.iter().flat_map(|text| text.split_whitespace());
        let words: Vec<String> =
            words.map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
        (!words.is_empty()).then(|| (own.file.to_owned(), words))
    })
}

/// The file or folder that an option measures, which can be the name of a module.
fn find_measured(survey: &FolderSurvey, name: &str) -> Option<String> {
    let path = ProjectPath::new(name).ok()?;
    let module = path.as_str().replace('.', "/");
    let candidates =
        [path.to_string(), format!("src/{path}"), module.clone(), format!("src/{module}")];
    let paths = candidates.iter().filter_map(|path| ProjectPath::new(path).ok());
    let mut paths = paths.filter(|_| !path.is_root());
    let found = paths.find(|path| survey.files.iter().any(|file| file.starts_with(path)));
    found.map(|path| path.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settings, survey};
    use super::*;
    use crate::scaffold::required_files::pipe_toml;

    const CI: &str = ".github/workflows/ci.yml";

    fn workflow(command: &str) -> String {
        format!("jobs:\n  a:\n    steps:\n    - run: {command}\n")
    }

    /// The lines of the check in the `pipe.toml` of a project with these files.
    fn lines(files: &[(&str, &str)]) -> Vec<String> {
        let text = pipe_toml(&settings(files));
        let after = text.split_once("#tool = \"pytest\"\n").unwrap().1;
        let own = after.lines().skip(2).take_while(|line| !line.starts_with("#secrets"));
        own.map(str::to_owned).collect()
    }

    #[test]
    fn options_of_a_command_become_settings() {
        for (command, expected) in [
            (
                "pytest -n auto --reruns 3 --cov=pkg --cov-fail-under=85.5 tests",
                "requirements = [\"pytest-xdist\", \"pytest-cov\"]|workers = \"auto\"|\
                 coverage = { minimum = 85.5, source = [\"src/pkg\"] }|reruns = 3",
            ),
            ("pytest -n4", "requirements = [\"pytest-xdist\"]|workers = 4"),
            (
                "python -m pytest --numprocesses=logical --cov --cov-report xml",
                "requirements = [\"pytest-xdist\", \"pytest-cov\"]|workers = \"auto\"|coverage = true",
            ),
            ("pytest --cov . --cov-fail-under 80", "requirements = [\"pytest-cov\"]|coverage = 80"),
        ] {
            let found = lines(&[("src/pkg/a.py", ""), (CI, &workflow(command))]);
            let expected: Vec<String> =
                expected.split('|').map(|line| format!("#{line}")).collect();
            assert_eq!(found[0], "# From .github/workflows/ci.yml:4.", "{command}");
            assert_eq!(found[1..], expected, "{command}");
        }
    }

    #[test]
    fn the_configuration_of_pytest_completes_the_command() {
        let ini = "[pytest]\naddopts = -ra -n 2\n  --cov=pkg --reruns 2\n";
        let found = lines(&[
            ("pkg/a.py", ""),
            ("pytest.ini", ini),
            ("setup.cfg", "[tool:pytest]\naddopts = -n 9\n"),
            (CI, &workflow("pip install pytest-cov==5.0.0 && pytest --cov-fail-under 90 -n auto")),
        ]);
        let expected = [
            "# From .github/workflows/ci.yml:4.",
            "# From pytest.ini.",
            "#requirements = [\"pytest-xdist\", \"pytest-cov==5.0.0\", \"pytest-rerunfailures\"]",
            "#workers = \"auto\"",
            "#coverage = { minimum = 90, source = [\"pkg\"] }",
        ];
        assert_eq!(found, expected);
        for (file, text) in [
            ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = \"-n 3\"\n"),
            ("pyproject.toml", "[tool.pytest]\naddopts = [\"-n\", \"3\"]\n"),
            ("setup.cfg", "[tool:pytest]\naddopts = --numprocesses=3\n"),
        ] {
            let found = lines(&[("a.py", ""), (file, text)]);
            assert_eq!(found[2], "#workers = 3", "{text}");
        }
    }

    #[test]
    fn other_options_leave_the_examples() {
        let examples = lines(&[("a.py", "")]);
        assert!(examples.iter().any(|line| line.starts_with("#flaky")), "{examples:?}");
        for command in
            ["pytest -q", "pytest -n 0", "pytest --cov-fail-under=80", "pytest --reruns 99"]
        {
            assert_eq!(lines(&[("a.py", ""), (CI, &workflow(command))]), examples, "{command}");
        }
        let found =
            find_test_settings(&survey(&[("pytest.ini", "[pytest]\naddopts = -ra\n")]), &[]);
        assert_eq!(found, NewTestSettings::default());
    }
}
