//! Parses Checkstyle's XML: a `file` element for each file, with an `error` element for each finding.

use roxmltree::Node;

use super::report::FindingValues;
use super::xml;
use crate::finding::Finding;

/// Parses a document.
///
/// # Errors
///
/// When it is not XML, or its root is not `checkstyle`.
pub(super) fn parse(text: &str) -> Result<Vec<Finding>, String> {
    let document = xml::parse(text)?;
    let root = document.root_element();
    if !root.has_tag_name("checkstyle") {
        return Err(format!("the root element is `{}`, not `checkstyle`", root.tag_name().name()));
    }
    let files = root.children().filter(|node| node.has_tag_name("file"));
    let findings = files.flat_map(|file| {
        let errors = file.children().filter(|node| node.has_tag_name("error"));
        errors.map(move |error| values(file, error).into_finding())
    });
    Ok(findings.collect())
}

fn values<'t>(file: Node<'t, '_>, error: Node<'t, '_>) -> FindingValues<'t> {
    let number = |name: &str| error.attribute(name)?.parse().ok();
    // A source is the name of a class, such as `com.puppycrawl.tools.checkstyle.JavadocCheck`.
    let source = error.attribute("source").unwrap_or_default();
    let code = source.rsplit('.').next().unwrap_or(source);
    FindingValues {
        path: file.attribute("name").unwrap_or_default(),
        line: number("line"),
        column: number("column"),
        severity: error.attribute("severity"),
        code,
        rule: source,
        message: error.attribute("message").unwrap_or_default(),
        ..FindingValues::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn every_error_is_a_finding() {
        let text = r#"<?xml version="1.0"?><checkstyle version="4.3"><file name="/app/src/a.py">
            <error line="3" column="2" severity="info" message="x &lt; y" source="a.b.C"/>
            <error severity="error" message="whole"/></file><file name="b.py"/></checkstyle>"#;
        let found = parse(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].place.path.as_str(), found[0].place.column), ("src/a.py", Some(2)));
        assert_eq!((found[0].code.as_str(), found[0].message.as_str()), ("C", "x < y"));
        assert_eq!((found[1].severity, found[1].place.line), (Severity::Error, 1));
    }

    #[test]
    fn another_document_is_an_error() {
        assert!(parse("<html/>").unwrap_err().contains("`html`"));
        assert!(parse("<checkstyle>").is_err());
    }
}
