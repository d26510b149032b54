//! `schema`: the JSON schemas of `pipe.toml` and of the JSON for other programs.

use crate::cli::args::Document;
use crate::cli::terminal::Term;
use crate::outcome::Verdict;
use crate::template;

/// Prints the schema of a document.
pub(super) fn schema(document: Document, term: &mut Term) -> Verdict {
    term.data(match document {
        Document::PipeToml => template::SCHEMA,
        Document::Report => include_str!("../../../templates/schema/report-1.json"),
        Document::Plan => include_str!("../../../templates/schema/plan-1.json"),
        Document::Why => include_str!("../../../templates/schema/why-1.json"),
        Document::Compare => include_str!("../../../templates/schema/compare-1.json"),
    });
    Verdict::Passed
}
