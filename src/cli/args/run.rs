//! The options of every command that runs checks.
//!
//! Owns how they are spelled and read. It must not look at the disk: whether a report can be
//! written is found out by the command, before it runs anything.

use std::path::PathBuf;
use std::time::Duration;

use crate::report::Format;

/// What every command takes that runs checks.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Run options")]
pub(crate) struct RunArgs {
    /// Fix what can be fixed, then check
    ///
    /// Fixers work on a private copy, one after the other, formatters last. Only changed contents
    /// of files in `source` come back, each file whole, with its mode and owner; a file that you
    /// edit meanwhile is left alone. A formatter fixes without this flag when it is called by its
    /// own name, as in `cargo pipe format`.
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub(crate) fix: bool,

    /// Check only, even where a formatter is called by its own name
    ///
    /// That is also what happens where `CI` is set.
    #[arg(long, conflicts_with = "diff")]
    pub(crate) check: bool,

    /// Show what `--fix` would change, and change and check nothing
    ///
    /// Standard output gets a unified diff that `git apply` reads. The exit status is 1 if a file
    /// would be changed.
    #[arg(long, conflicts_with_all = ["report", "message_format", "fail_fast"])]
    pub(crate) diff: bool,

    /// Run every check, also those whose outcome is known; what comes out is kept
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Run every check, and hold what pylint remembers of each file against what it finds anew
    ///
    /// A difference is named, what is remembered and every outcome that may rest on it is dropped, and
    /// the exit status is 3.
    #[arg(long, value_name = "ALSO", num_args = 0..=1, require_equals = true)]
    #[arg(conflicts_with_all = ["no_cache", "cache"])]
    #[expect(clippy::option_option, reason = "clap's form of an option with an optional value")]
    pub(crate) audit: Option<Option<AuditArg>>,

    /// What the result cache is used for [env: CARGO_PIPE_CACHE] [default: on]
    ///
    /// It holds outcomes of checks that ran before, and replays those whose inputs are the same.
    #[arg(long, value_name = "USE")]
    pub(crate) cache: Option<CacheArg>,

    /// Cancel the rest at the first check that does not pass
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// The accepted findings, relative to the project [env: CARGO_PIPE_BASELINE]
    ///
    /// Only findings that are not in this file count; `cargo pipe baseline` writes it. Without the
    /// option it is the one of `baseline` in pipe.toml, or `baseline.jsonl` in the config folder,
    /// where that exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<String>,

    /// Let only findings count that are in lines changed since a commit
    ///
    /// The checks see everything all the same. Lines are compared with the last commit in common
    /// with REF; uncommitted and new files count. Without REF that is what the variables of a job
    /// say (CI_MERGE_REQUEST_DIFF_BASE_SHA, GITHUB_BASE_REF), else the default branch.
    #[arg(long, value_name = "REF", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's form of an option with an optional value")]
    pub(crate) changed: Option<Option<String>>,

    /// Show what would run, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The time each check may take: 90s, 5m, 1h [env: CARGO_PIPE_TIMEOUT]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Write a report besides, such as `sarif=out.sarif`; may be repeated
    ///
    /// Formats: `json`, `jsonl` (a line an event, while the run goes), `junit`, `sarif`, `gitlab`
    /// (Code Quality), `github` (annotations), `markdown`. A file appears when the run is over,
    /// whole or not at all, also when a check crashed or the run was interrupted; its folder must
    /// exist. `-` is standard output; the text for a person then goes to standard error.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report_target)]
    pub(crate) report: Vec<ReportTarget>,

    /// What is printed on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
}

/// What the result cache is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CacheArg {
    /// Outcomes are replayed and kept
    On,
    /// Outcomes are replayed, and none is kept
    ReadOnly,
    /// Every check runs, and nothing is kept
    Off,
}

/// What is held against what is found anew besides what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AuditArg {
    /// What pylint's own command says; a difference is told and changes nothing
    Plain,
}

/// What is printed on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text for a person
    Human,
    /// One line a finding: `path:line:column: severity code message [tool]`
    Short,
    /// One JSON report, or the plan as JSON
    Json,
    /// Events as lines of JSON, while they come
    Jsonl,
    /// Text for a person, and annotations and a step summary for GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
}

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportTarget {
    /// In this format.
    pub(crate) format: Format,
    /// To this file; none for standard output.
    pub(crate) path: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = unit.map_or((text, "s"), |at| text.split_at(at));
    let factor = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    number
        .parse::<u64>()
        .ok()
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "write it like `90s`, `5m` or `1h`".to_owned())
}

fn report_target(text: &str) -> Result<ReportTarget, String> {
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    let names = names.join(", ");
    let (name, path) =
        text.split_once('=').ok_or_else(|| format!("write it as FORMAT=PATH; formats: {names}"))?;
    let format = Format::ALL
        .into_iter()
        .find(|format| format.name() == name)
        .ok_or_else(|| format!("`{name}` is no format; formats: {names}"))?;
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
    fn a_duration_needs_a_number_and_may_have_a_unit() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs()).ok();
        let texts =
            ["90", "90s", "5m", "2h", "", "m", "5 m", "1d", "0s", "-1s", "18446744073709551615h"];
        assert_eq!(
            texts.map(seconds),
            [Some(90), Some(90), Some(300), Some(7200), None, None, None, None, None, None, None]
        );
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
