//! Collapsible sections of a CI log, in the syntax of GitLab and GitHub.

use super::Sections;
use crate::outcome::CheckOutcome;
use crate::report::github;

/// The lines that start and end the section of a check.
pub(super) fn around(check: &CheckOutcome, title: &str, sections: Sections) -> Option<[String; 2]> {
    match sections {
        Sections::None => None,
        Sections::Github => Some([github::group(title), github::END_GROUP.to_owned()]),
        // https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
        Sections::Gitlab { ended } => {
            let name = format!("cargo_pipe_{}", check.id);
            let began = ended.saturating_sub(check.duration.as_secs());
            Some([
                format!("\u{1b}[0Ksection_start:{began}:{name}\r\u{1b}[0K{title}\n"),
                format!("\u{1b}[0Ksection_end:{ended}:{name}\r\u{1b}[0K\n"),
            ])
        }
    }
}
