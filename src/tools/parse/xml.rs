//! Parses XML within limits: a tool that code of the project runs in may print anything.

use roxmltree::{Document, ParsingOptions};

/// The number of nodes of the largest document. Each of them takes about 100 bytes of memory.
const NODES: u32 = 2_000_000;

/// Parses a document. One with a document type is refused, because it can define entities that grow
/// without an end.
///
/// # Errors
///
/// When it is not XML, or has too many nodes.
pub(super) fn parse(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_beyond_a_limit_is_refused() {
        let many = format!("<a>{}</a>", "<b/>".repeat(2_000_000));
        assert_eq!(parse(&many).unwrap_err(), "nodes limit reached");
        let entity = "<!DOCTYPE a [<!ENTITY b 'b'>]><a>&b;</a>";
        assert_eq!(parse(entity).unwrap_err(), "XML with DTD detected");
    }

    #[test]
    fn a_deep_document_takes_no_stack() {
        let depth = 200_000;
        let deep = "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(parse(&deep).is_ok_and(|document| document.descendants().count() == depth + 1));
    }
}
