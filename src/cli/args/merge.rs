//! Arguments of `merge`.

use std::path::PathBuf;

use super::run::{MessageFormat, ReportTarget, report_target};

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// JSON reports of all parts of a run, as written by `--report json=FILE`
    #[arg(value_name = "REPORT", required = true)]
    pub(crate) reports: Vec<PathBuf>,

    /// Write the merged report; repeatable
    ///
    /// An example is `--report junit=out.xml`. Formats are those of `cargo pipe run-all`.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report_target)]
    pub(crate) report: Vec<ReportTarget>,

    /// Format of standard output
    #[arg(long, value_name = "FMT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
}
