//! pytest.
//!
//! It runs the project's own code. It therefore works on a copy that it can write to, in the Python of
//! the project's dependencies where these are locked. The launcher prints its report on standard
//! output, and the output of the tests on standard error.

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::AllowList;
use super::exit_status::{
    abnormal, accepted, crashed, failed, nothing_to_check, rejected, scope_warnings, text,
};
use super::own_config::{OwnConfig, Refused};
use super::{SourceFiles, Tool, ToolInvocation};
use crate::check::CachePolicy;
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;
use crate::outcome::{Classified, Coverage, RawOutput, Reason, ReasonKind, ToolStatus};
use crate::tools::command::{Command, Precedence, SCOPE_WORKER};
use crate::tools::parse::junit;

/// The file of the report, which the launcher prints afterwards.
const REPORT: &str = "/tmp/pytest-junit.xml";

/// The settings that need a plugin, and the option of pytest that the plugin adds.
const PLUGINS: [(&str, &str, &str); 2] = [
    ("workers", "pytest-xdist", "--numprocesses="),
    ("coverage", "pytest-cov", "--cov-report=json:"),
];

/// As in `_pytest/config/findpaths.py` of the locked release.
const OWN_CONFIGS: &[OwnConfig] = &[
    OwnConfig::toml("pytest.toml", ""),
    OwnConfig::toml(".pytest.toml", ""),
    OwnConfig::ini("pytest.ini", ""),
    OwnConfig::ini(".pytest.ini", ""),
    OwnConfig::toml("pyproject.toml", "tool.pytest"),
    OwnConfig::ini("tox.ini", "pytest"),
    OwnConfig::ini("setup.cfg", "tool:pytest"),
];

/// The files at the root that it reads in addition to the tests.
const AT_ROOT: &[&str] = &[
    "conftest.py",
    ".coveragerc",
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
];

/// `pytest --help` of the locked release, and pytest-cov and pytest-xdist.
const CALL: CallFacts = CallFacts {
    programs: &[&["pytest"], &["py.test"]],
    hook_args: &[],
    valued: "--basetemp --color --confcutdir --cov --cov-config --cov-context --cov-fail-under \
             --cov-report --deselect --dist --durations --ignore --ignore-glob --import-mode \
             --junit-xml --junitxml --maxfail --numprocesses --override-ini --reruns --rootdir --tb -W \
             -c -k -m -n -o -p -r",
    config: "-c",
    dropped: "--basetemp --color --cov-append --cov-branch --cov-config --cov-context --cov-report \
              --dist --durations --junit-xml --junitxml --maxfail --no-header --quiet --showlocals \
              --tb --verbose -l -q -r -ra -rA -s -v -vv -x",
    ..CallFacts::NONE
};

/// Runs tests.
#[derive(Clone, Copy, Debug)]
pub struct Pytest;

impl Tool for Pytest {
    fn name(&self) -> &'static str {
        "pytest"
    }

    fn about(&self) -> &'static str {
        "runs tests with pytest"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "It runs the project's own code on a private copy that it can write to, without a network \
             unless that is granted.",
            "It finds its configuration and `conftest.py` at the project's root by itself; `inputs` \
             must name what the tests import.",
            "`testpaths` in its configuration holds within the sources.",
            "Where the project's dependencies are locked, it runs in their environment, with the \
             locked pytest if there is one.",
            "Only a run that passes is cached, because a test may fail by chance. `reruns` runs the \
             tests that failed again, and `flaky = \"report\"` lets those that fail by chance pass.",
            "`workers` needs pytest-xdist, and `coverage` needs pytest-cov.",
            "An unknown option in its configuration is an error, as is a run without any tests.",
        ]
    }

    fn lock(&self) -> &'static str {
        "pytest"
    }

    fn lock_template(&self) -> &'static str {
        include_str!("../../templates/requirements/pytest.txt")
    }

    fn sees_project(&self) -> bool {
        true
    }

    fn runs_project(&self) -> bool {
        true
    }

    fn runs_tests(&self) -> bool {
        true
    }

    fn keeps(&self) -> CachePolicy {
        CachePolicy::Passed
    }

    fn config_file(&self) -> Option<&'static str> {
        None
    }

    fn config_template(&self) -> Option<&'static str> {
        None
    }

    fn own_configs(&self) -> &'static [OwnConfig] {
        OWN_CONFIGS
    }

    fn reads_at_root(&self) -> Vec<&'static str> {
        AT_ROOT.to_vec()
    }

    fn path_options(&self) -> &'static [&'static str] {
        &["pythonpath"]
    }

    fn adoption(&self) -> AdoptionFacts {
        AdoptionFacts { hooks: &["pytest"], call: CALL, ..AdoptionFacts::default() }
    }

    fn allow_list(&self) -> Option<AllowList> {
        None
    }

    fn tried(&self) -> (&'static str, &'static str) {
        ("7.0", "10")
    }

    fn refused(&self) -> &'static [Refused] {
        &[]
    }

    fn check(&self, invocation: &ToolInvocation<'_>) -> Command {
        let report = format!("--junit-xml={REPORT}");
        let canonical = [
            &*report,
            // The newer form names no files.
            "--override-ini=junit_family=xunit1",
            "--strict-config",
            "--tb=short",
            "--color=no",
            "--rootdir=.",
            // The order of the tests is that of the files.
            "-pno:randomly",
            // Below the private copy: without it, pytest would refuse `--failed-first`.
            "--override-ini=cache_dir=.pytest_cache",
        ];
        Command::Module {
            module: "pytest".to_owned(),
            keeps_own: false,
            worker: Some(SCOPE_WORKER.to_owned()),
            args: invocation.argv_with_source(&[], "--config-file", &canonical),
            project: match invocation.installs_project {
                true => Some(Precedence::Installed),
                false => invocation.sees_project.then_some(Precedence::Inside),
            },
            report: Some(REPORT.to_owned()),
        }
    }

    fn fix(&self, _: &ToolInvocation<'_>) -> Option<Command> {
        None
    }

    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
        if let Some(classified) = abnormal(self.name(), output) {
            return classified;
        }
        let stderr = text(&output.stderr);
        let session = junit::parse(&output.stdout, sources);
        let results = session.as_ref().map(|session| session.results.clone());
        let low = results.as_ref().and_then(|it| low_coverage(it.coverage.as_ref()?));
        let is_unmeasured = session.as_ref().is_some_and(|session| session.is_unmeasured);
        let mut classified = match (output.code, session) {
            (0, Some(session)) if session.tests == 0 => no_tests(),
            (0, Some(_)) if is_unmeasured => nothing_measured(),
            (0, Some(session)) if session.findings.is_empty() => match low {
                Some(low) => rejected(vec![low]),
                None => accepted(Vec::new()),
            },
            (0, _) => failed(ReasonKind::Tool, "pytest ended before its report was written"),
            (1 | 2, Some(session)) if !session.findings.is_empty() => {
                rejected(session.findings.into_iter().chain(low).collect())
            }
            (1, Some(_)) => rejected(vec![low.unwrap_or_else(|| whole_session(&stderr))]),
            (2, _) => failed(ReasonKind::Tool, interruption(&stderr)),
            (3, _) => failed(ReasonKind::Tool, internal_error(&stderr)),
            (4, _) => usage_error(&stderr, sources),
            (5, _) => no_tests(),
            _ => crashed(self.name(), output),
        };
        classified.warnings.extend(scope_warnings(&stderr));
        classified.session = results;
        classified
    }
}

/// The finding about a coverage below the minimum of the check.
fn low_coverage(coverage: &Coverage) -> Option<Finding> {
    let minimum = coverage.minimum.filter(|_| coverage.is_too_low())?;
    let percent = coverage.rounded();
    let message = format!("the tests cover {percent}% of the lines, less than {minimum}%");
    Some(about_session("coverage", message))
}

fn nothing_measured() -> Classified {
    let reason = Reason::new(ReasonKind::Config, "pytest-cov has measured no file")
        .with_hint("name the folders in pipe.toml: coverage = { source = [\"src\"] }".to_owned());
    Classified { status: ToolStatus::Failed(reason), ..accepted(Vec::new()) }
}

fn no_tests() -> Classified {
    let Classified { findings, warnings, score, .. } = nothing_to_check("pytest");
    let message = "nothing to check: pytest found no tests";
    Classified { findings, warnings, score, ..failed(ReasonKind::Tool, message) }
}

/// A plugin, such as one that measures coverage, can fail a session whose tests all passed.
fn whole_session(stderr: &str) -> Finding {
    let lines = || stderr.lines().map(str::trim);
    let is_reason = |line: &&str| line.starts_with("FAIL") || line.starts_with("ERROR");
    let reason = lines().rfind(is_reason).unwrap_or("the session failed, but no test did");
    about_session("session", reason.to_owned())
}

fn about_session(code: &str, message: String) -> Finding {
    Finding {
        place: Place::line("", 1),
        severity: Severity::Error,
        code: code.to_owned(),
        rule: code.to_owned(),
        message,
        url: None,
        gating: true,
        related: Vec::new(),
        fix: None,
        test: None,
        fingerprint: Hash::default(),
    }
}

fn interruption(stderr: &str) -> String {
    let why = stderr.lines().find_map(|line| {
        let why = line.strip_prefix("!!!")?.trim_matches(|c: char| c == '!' || c == ' ');
        Some(why.rsplit_once("Exit: ").map_or(why, |(_, why)| why))
    });
    format!("pytest was interrupted{}", why.map(|why| format!(": {why}")).unwrap_or_default())
}

fn internal_error(stderr: &str) -> String {
    let lines = stderr.lines().filter_map(|line| line.strip_prefix("INTERNALERROR>"));
    let why = lines.map(str::trim).rfind(|line| !line.is_empty());
    format!("pytest failed{}", why.map(|why| format!(": {why}")).unwrap_or_default())
}

/// Judges a run that did not start. A `conftest.py` that cannot be imported is a finding, everything
/// else is an error in the configuration.
fn usage_error(stderr: &str, sources: &dyn SourceFiles) -> Classified {
    let conftest = stderr.lines().find_map(|line| {
        line.strip_prefix("ImportError while loading conftest '")?.strip_suffix("'.")
    });
    if let Some(conftest) = conftest {
        return rejected(vec![junit::import_error(conftest, stderr, sources)]);
    }
    let is_usage = |line: &&str| line.contains("usage: ");
    let errors = stderr.lines().filter(|line| !is_usage(line)).filter_map(|line| {
        line.strip_prefix("ERROR: ").or_else(|| line.strip_prefix("pytest: error: "))
    });
    let errors: Vec<&str> = errors.collect();
    if errors.is_empty() {
        return failed(ReasonKind::Config, "pytest refused its arguments or its configuration");
    }
    let message = errors.join("\n");
    for (setting, plugin, option) in PLUGINS {
        if message.contains("unrecognized arguments") && message.contains(option) {
            let message = format!("`{setting}` needs {plugin}, which is not locked");
            let hint = format!(
                "write requirements = [\"{plugin}\"] for the check, then run `cargo pipe update pytest`"
            );
            let reason = Reason::new(ReasonKind::Config, message).with_hint(hint);
            return Classified { status: ToolStatus::Failed(reason), ..accepted(Vec::new()) };
        }
    }
    failed(ReasonKind::Config, message)
}
