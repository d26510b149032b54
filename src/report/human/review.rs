//! The changed files that a reviewer should look at, in the terminal report.

use super::gate::describe_base;
use super::style::{self, paint};
use crate::report::count::Count;
use crate::report::review::ReviewFile;
use crate::report::{Report, harmless};

/// The number of files that are listed.
const LISTED: usize = 20;

/// Renders the changed files that decide what checks report.
pub(super) fn render_review(report: &Report) -> String {
    let Some(review) = report.review.as_ref().filter(|review| !review.files.is_empty()) else {
        return String::new();
    };
    let files = review.files.len();
    let label = paint(style::STRONG, "review");
    let base = describe_base(&review.base);
    let number = Count(files, "file");
    let decide = if files == 1 { "decides" } else { "decide" };
    let mut text =
        format!("{label}: {number} that {decide} what checks report changed since {base}\n");
    for ReviewFile { path, kind } in review.files.iter().take(LISTED) {
        text += &format!("    {} ({})\n", harmless::line(path), kind.name());
    }
    if files > LISTED {
        text += &format!("    and {} more\n", files - LISTED);
    }
    text
}
