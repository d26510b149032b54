//! Options of every command that runs checks.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::global::ADVANCED;
use crate::config::layer::Timeout;
use crate::plan::RunPart;
use crate::report::Format;

/// Options of every command that runs checks.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Run options")]
pub(crate) struct RunArgs {
    /// Fix what can be fixed, then check
    ///
    /// Fixers run in the sandbox on a private copy, one after the other, formatters last. Only
    /// changed contents of files in `source` are written back, and never over a file that you edit
    /// meanwhile. A formatter that you run by name, as in `cargo pipe format`, fixes without this
    /// flag.
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub(crate) fix: bool,

    /// Only check, even if a formatter is run by name
    ///
    /// This is the default if `CI` is set.
    #[arg(long, conflicts_with = "diff")]
    pub(crate) check: bool,

    /// Print what `--fix` would change
    ///
    /// Prints a unified diff that `git apply` reads, and runs no checks. Exits with 1 if a file would
    /// change.
    #[arg(long, conflicts_with_all = ["report", "message_format", "fail_fast"])]
    pub(crate) diff: bool,

    /// Stop at the first check that does not pass
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Count only findings on lines changed since REF
    ///
    /// Checks still see all files. Lines are compared with the merge base of REF; uncommitted and
    /// new files count. REF defaults to the target branch of the CI job
    /// (CI_MERGE_REQUEST_DIFF_BASE_SHA, GITHUB_BASE_REF), or else to the default branch.
    #[arg(long, value_name = "REF", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's form of an option with an optional value")]
    pub(crate) changed: Option<Option<String>>,

    /// Run only the checks that a change since REF reaches
    ///
    /// A change reaches a check by a file that it sees, its configuration, or a lock of its environment;
    /// pipe.toml, the baseline and pipelines reach all. Files are compared with the merge base of REF,
    /// which defaults as for `--changed`; uncommitted and new files count.
    #[arg(long, value_name = "REF", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's form of an option with an optional value")]
    pub(crate) affected: Option<Option<String>>,

    /// Run only part I of N, for a run that N machines share
    ///
    /// Every machine divides the checks in the same way, by the size of their files, and
    /// `cargo pipe merge` makes one report of the JSON reports of all parts.
    #[arg(long, value_name = "I/N", value_parser = RunPart::from_str)]
    #[arg(conflicts_with_all = ["fix", "diff"])]
    pub(crate) partition: Option<RunPart>,

    /// Divide the checks by their durations in a JSON report
    ///
    /// All parts of a run need the same report.
    #[arg(long, value_name = "REPORT", requires = "partition")]
    #[arg(hide_short_help = true, help_heading = ADVANCED)]
    pub(crate) costs: Option<PathBuf>,

    /// Run every check, even if its result is cached
    ///
    /// The new results are stored in the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Print what would run, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Time limit of each check: 90s, 5m, 1h
    ///
    /// [env: CARGO_PIPE_TIMEOUT]
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,

    /// Also write a report; repeatable
    ///
    /// An example is `--report sarif=out.sarif`. Formats are `json`, `jsonl` (one event per line, written during the run), `junit`, `sarif`,
    /// `gitlab` (Code Quality), `github` (annotations), `markdown` and `html` (a page for a browser). A report is written as a whole
    /// when the run is over, even if a check crashed or the run was interrupted; its folder must
    /// exist. `-` is standard output, which moves the human-readable text to standard error.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report_target)]
    pub(crate) report: Vec<ReportTarget>,

    /// Format of standard output
    #[arg(long, value_name = "FMT", default_value = "human")]
    pub(crate) message_format: MessageFormat,

    /// File of accepted findings, relative to the project
    ///
    /// Only findings that are not in this file count. `cargo pipe baseline` writes it. Defaults to
    /// `baseline` in pipe.toml, or else to `baseline.jsonl` in the config folder if that exists.
    ///
    /// [env: CARGO_PIPE_BASELINE]
    #[arg(long, value_name = "FILE", hide_short_help = true, help_heading = ADVANCED)]
    pub(crate) baseline: Option<String>,

    /// Fail if an entry of the baseline is obsolete
    ///
    /// An entry is obsolete if its check ran and did not find it. `cargo pipe baseline --prune`
    /// removes such entries.
    #[arg(long, hide_short_help = true, help_heading = ADVANCED)]
    pub(crate) strict: bool,

    /// How to use the result cache [default: on]
    ///
    /// [env: CARGO_PIPE_CACHE]
    #[arg(long, value_name = "MODE", hide_short_help = true, help_heading = ADVANCED)]
    pub(crate) cache: Option<CacheArg>,

    /// Run every check and verify the per-file results that black, mypy and pylint reuse
    ///
    /// If a stored result differs from a fresh one, the difference is printed, the stored results
    /// and all results based on them are dropped, and the exit status is 3.
    #[arg(long, conflicts_with_all = ["no_cache", "cache"])]
    #[arg(hide_short_help = true, help_heading = ADVANCED)]
    pub(crate) audit: bool,

    /// Audit, and compare with the output of pylint's own command
    ///
    /// Not a feature: it tests our incremental pylint. Differences are listed and fail nothing.
    #[arg(long, conflicts_with_all = ["no_cache", "cache", "audit"], hide = true)]
    pub(crate) audit_plain: bool,
}

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunSomeArgs {
    /// The checks to run
    #[arg(value_name = "CHECK", required = true)]
    pub(crate) checks: Vec<String>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// The checks to run [default: all]
    #[arg(value_name = "CHECK")]
    pub(crate) checks: Vec<String>,

    /// Look at all files every second
    ///
    /// Without this, the system reports changes, and files are looked at only where it does not: on
    /// network shares, on the drives of Windows in WSL, and beyond its limit of watched folders.
    #[arg(long)]
    pub(crate) poll: bool,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// How to use the result cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CacheArg {
    /// Use cached results and store new ones
    On,
    /// Use cached results, but store none
    ReadOnly,
    /// Run every check and store nothing
    Off,
}

/// Format of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MessageFormat {
    /// Human-readable text
    Human,
    /// One line per finding: `path:line:column: severity code message [tool]`
    Short,
    /// The JSON report, or the plan with --dry-run
    Json,
    /// One JSON event per line, during the run
    Jsonl,
    /// Human-readable text with annotations and a job summary for GitHub Actions
    Github,
    /// A GitLab Code Quality report
    Gitlab,
}

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportTarget {
    /// Its format.
    pub(crate) format: Format,
    /// Its file; `None` for standard output.
    pub(crate) path: Option<PathBuf>,
}

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = Timeout::parse(text).ok_or_else(|| format!("expected {}", Timeout::NOTATION))?;
    timeout.range_error().map_or(Ok(timeout.0), Err)
}

pub(super) fn report_target(text: &str) -> Result<ReportTarget, String> {
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    let names = names.join(", ");
    let (name, path) =
        text.split_once('=').ok_or_else(|| format!("expected FORMAT=PATH; formats: {names}"))?;
    let format = Format::ALL
        .into_iter()
        .find(|format| format.name() == name)
        .ok_or_else(|| format!("unknown format `{name}`; formats: {names}"))?;
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    let path = (path != "-").then(|| PathBuf::from(path));
    Ok(ReportTarget { format, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_in_the_configuration() {
        let seconds = |text| timeout(text).map(|duration| duration.as_secs()).ok();
        let texts = ["90", "90s", "5m", "2h", "5 m", "1d", "", "m", "2d", "0s", "-1s"];
        let expected = [90, 90, 300, 7200, 300, 86_400].map(Some);
        assert_eq!(texts.map(seconds), *[&expected[..], &[None; 5]].concat());
    }

    #[test]
    fn a_report_is_a_format_and_a_path() {
        let target = report_target("json=out/a=b.json").unwrap();
        assert_eq!(target.path, Some(PathBuf::from("out/a=b.json")));
        assert_eq!(report_target("junit=-").unwrap().path, None);
        for wrong in ["json", "json=", "yaml=x", "=x"] {
            assert!(report_target(wrong).is_err(), "{wrong}");
        }
    }
}
