//! Parts of a CI log that can be folded.
//!
//! Owns how GitLab and GitHub are told where the part of a check begins and ends. It must not know
//! what is in it. What it makes is for the runner: it goes to the log as it is.

use super::Sections;
use crate::outcome::CheckOutcome;
use crate::report::github;

/// What begins a check's part, and what ends it.
pub(super) fn around(check: &CheckOutcome, title: &str, sections: Sections) -> Option<[String; 2]> {
    match sections {
        Sections::None => None,
        Sections::Github => Some([github::group(title), github::END_GROUP.to_owned()]),
        // https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
        Sections::Gitlab { ended } => {
            let name = format!("cargo_pipe_{}", check.name);
            let began = ended.saturating_sub(check.duration.as_secs());
            Some([
                format!("\u{1b}[0Ksection_start:{began}:{name}\r\u{1b}[0K{title}\n"),
                format!("\u{1b}[0Ksection_end:{ended}:{name}\r\u{1b}[0K\n"),
            ])
        }
    }
}
