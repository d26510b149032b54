//! Parses the diagnostics of the compiler in the output of `cargo --message-format=json`.
//!
//! A diagnostic is placed at its primary span, or where the project calls the macro that the span is in.
//! The compiler names files relative to the workspace and counts columns in code points. Cargo repeats a
//! diagnostic for each target that a file belongs to; it is one finding. A warning outside of the
//! project is dropped, and an error there is placed at the manifest of the project.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::Parsed;
use super::inside;
use super::report::FindingValues;
use crate::finding::{Edit, Finding, Fix, Place, Severity, SourceFiles};

/// The start of a line of cargo. Other lines are output of programs.
pub(super) const START: &str = "{\"reason\":";

/// The manifest at the root of the project.
const MANIFEST: &str = "Cargo.toml";

#[derive(Deserialize)]
struct Message {
    message: Diagnostic,
    #[serde(default)]
    manifest_path: String,
    target: CargoTarget,
}

/// A target of a package.
#[derive(Clone, Deserialize)]
pub(in crate::tools) struct CargoTarget {
    pub(in crate::tools) src_path: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    code: Option<Code>,
    level: String,
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Clone, Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<String>,
    expansion: Option<Box<Expansion>>,
}

#[derive(Clone, Deserialize)]
struct Expansion {
    span: Span,
}

/// Parses the messages of the compiler. Lines that do not come from cargo are skipped.
pub(in crate::tools) fn parse(stdout: &[u8], sources: &dyn SourceFiles) -> Parsed {
    let mut parsed = Parsed::default();
    let mut files = Files::new(sources);
    let mut seen = BTreeSet::new();
    for line in String::from_utf8_lossy(stdout).lines().filter(|line| line.starts_with(START)) {
        let message = match read_message(line) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(error) => {
                parsed.unread.push(error);
                continue;
            }
        };
        if let Some(finding) = message.finding(&mut files)
            && seen.insert((finding.place.clone(), finding.code.clone(), finding.message.clone()))
        {
            parsed.findings.push(finding);
        }
    }
    parsed
}

fn read_message(line: &str) -> Result<Option<Message>, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if value.get("reason").and_then(Value::as_str) != Some("compiler-message") {
        return Ok(None);
    }
    serde_json::from_value(value).map(Some).map_err(|error| error.to_string())
}

/// The files of the project.
pub(super) struct Files<'a> {
    sources: &'a dyn SourceFiles,
    known: BTreeMap<String, bool>,
}

impl<'a> Files<'a> {
    pub(super) fn new(sources: &'a dyn SourceFiles) -> Self {
        Files { sources, known: BTreeMap::new() }
    }

    /// The path of a file that the compiler names relative to a workspace that has this manifest; none
    /// for one outside of the project, or one that a build script has written.
    pub(super) fn find(&mut self, raw: &str, manifest: &str) -> Option<String> {
        let path = inside::project_path(raw)?;
        let mut folder = if raw.starts_with('/') { "" } else { manifest };
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            let nested = inside::project_path(&format!("{above}/{path}"))?;
            if self.exists(&nested) {
                return Some(nested);
            }
        }
        self.exists(&path).then_some(path)
    }

    fn exists(&mut self, path: &str) -> bool {
        let exists = || self.sources.read(path).is_some();
        *self.known.entry(path.to_owned()).or_insert_with(exists)
    }
}

impl Message {
    /// None for a summary, and for a warning outside of the project.
    fn finding(&self, files: &mut Files<'_>) -> Option<Finding> {
        let Message { message: diagnostic, manifest_path, target } = self;
        let is_error = diagnostic.level.starts_with("error");
        let is_summary = diagnostic.spans.is_empty()
            && (diagnostic.message.starts_with("aborting due to")
                || diagnostic.message.ends_with(" emitted"));
        if is_summary || !(is_error || diagnostic.level == "warning") {
            return None;
        }
        let manifest = inside::project_path(manifest_path).unwrap_or_default();
        let primary = diagnostic.spans.iter().find(|span| span.is_primary);
        let spot = diagnostic.spot(files, &manifest);
        let (path, span) = match spot {
            Some((path, span)) => (path, Some(span)),
            None => match files.find(&target.src_path, "") {
                Some(path) => (path, None),
                None if is_error => (MANIFEST.to_owned(), None),
                None => return None,
            },
        };
        let code = diagnostic.code.as_ref().map_or("", |code| code.code.as_str());
        let mut message = diagnostic.message.clone();
        if let Some(label) = primary.and_then(|span| span.label.as_deref())
            && !message.contains(label)
        {
            message += &format!(": {label}");
        }
        if span.is_none() {
            let package = package_name(manifest_path);
            let place = primary.map(|span| format!("{}:{}", file_name(span), span.line_start));
            let place = place.map(|place| format!(", {place}")).unwrap_or_default();
            message = format!("{package}{place}: {message}");
        }
        let values = FindingValues {
            path: &path,
            line: span.as_ref().map(|span| span.line_start),
            column: span.as_ref().map(|span| span.column_start),
            end_line: span.as_ref().map(|span| span.line_end),
            end_column: span.as_ref().map(|span| span.column_end),
            severity: Some(if is_error { "error" } else { "warning" }),
            code: if code.is_empty() { "rustc" } else { code },
            message: &message,
            url: diagnostic.url(code),
            related: diagnostic.related(files, &manifest),
            fix: diagnostic.fix(files, &manifest, &path),
            ..FindingValues::default()
        };
        let mut finding = values.into_finding();
        finding.gating = finding.severity == Severity::Error;
        Some(finding)
    }
}

impl Diagnostic {
    /// The place in the project: of the primary span, or of the call of the macro that it is in.
    fn spot(&self, files: &mut Files<'_>, manifest: &str) -> Option<(String, Span)> {
        let (primary, others): (Vec<&Span>, Vec<&Span>) =
            self.spans.iter().partition(|span| span.is_primary);
        primary.into_iter().chain(others).find_map(|span| outermost(span, files, manifest))
    }

    fn url(&self, code: &str) -> Option<String> {
        let advice = "for further information visit ";
        let url = self.children.iter().find_map(|child| child.message.strip_prefix(advice));
        let is_number = |rest: &str| rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit());
        let is_error_code = code.strip_prefix('E').is_some_and(is_number);
        let of_code = || format!("https://doc.rust-lang.org/error_codes/{code}.html");
        url.map(str::to_owned).or_else(|| is_error_code.then(of_code))
    }

    /// The places of notes and advice that suggest no edit.
    fn related(&self, files: &mut Files<'_>, manifest: &str) -> Vec<Place> {
        let spans = self.children.iter().flat_map(|child| &child.spans);
        let mut places: Vec<Place> = Vec::new();
        for span in spans.filter(|span| span.suggested_replacement.is_none()) {
            if let Some((path, span)) = outermost(span, files, manifest) {
                places.push(span.place(path));
            }
        }
        places.sort();
        places.dedup();
        places
    }

    /// The first suggestion that the compiler would apply by itself, if it changes this file alone.
    fn fix(&self, files: &mut Files<'_>, manifest: &str, path: &str) -> Option<Fix> {
        let suggestion = self.children.iter().find(|child| child.is_applicable())?;
        let mut edits: Vec<Edit> = Vec::new();
        for span in &suggestion.spans {
            if files.find(&span.file_name, manifest).as_deref() != Some(path) {
                return None;
            }
            edits.push(span.edit()?);
        }
        edits.sort_by_key(|edit| (edit.line, edit.column, edit.end_line, edit.end_column));
        edits.dedup();
        let overlaps = edits
            .windows(2)
            .any(|pair| (pair[0].end_line, pair[0].end_column) > (pair[1].line, pair[1].column));
        let message = suggestion.message.clone();
        (!overlaps).then_some(Fix { message, safe: true, edits })
    }

    fn is_applicable(&self) -> bool {
        !self.spans.is_empty() && self.spans.iter().all(Span::is_applicable)
    }
}

impl Span {
    fn is_applicable(&self) -> bool {
        let is_certain = self.suggestion_applicability.as_deref() == Some("MachineApplicable");
        is_certain && self.suggested_replacement.is_some() && self.expansion.is_none()
    }

    fn edit(&self) -> Option<Edit> {
        Some(Edit {
            line: self.line_start,
            column: self.column_start,
            end_line: self.line_end,
            end_column: self.column_end,
            content: self.suggested_replacement.clone()?,
        })
    }

    fn place(&self, path: String) -> Place {
        Place {
            path,
            line: self.line_start.max(1),
            column: Some(self.column_start),
            end_line: Some(self.line_end),
            end_column: Some(self.column_end),
        }
    }
}

/// The last of the calls of macros around a span that is in the project, or the span itself.
fn outermost(span: &Span, files: &mut Files<'_>, manifest: &str) -> Option<(String, Span)> {
    let mut found = None;
    let mut next = Some(span);
    while let Some(span) = next {
        if let Some(path) = files.find(&span.file_name, manifest) {
            found = Some((path, span.clone()));
        }
        next = span.expansion.as_ref().map(|expansion| &expansion.span);
    }
    found
}

/// The folder of a manifest, which is named after the package where it was downloaded.
fn package_name(manifest_path: &str) -> &str {
    let folder = manifest_path.strip_suffix("/Cargo.toml").unwrap_or(manifest_path);
    let name = folder.rsplit('/').next().unwrap_or_default();
    if inside::project_path(folder).is_some() || name.is_empty() { "the package" } else { name }
}

/// The name of the file of a span, without its folders.
fn file_name(span: &Span) -> &str {
    span.file_name.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nested;

    impl SourceFiles for Nested {
        fn read(&self, path: &str) -> Option<Vec<u8>> {
            ["rust/a/src/lib.rs", "src/lib.rs"].contains(&path).then(Vec::new)
        }

        fn paths(&self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn a_path_is_relative_to_the_workspace_of_its_manifest() {
        let mut files = Files::new(&Nested);
        let mut find = |raw: &str, manifest: &str| files.find(raw, manifest);
        let nested = Some("rust/a/src/lib.rs".to_owned());
        assert_eq!(find("a/src/lib.rs", "rust/a/Cargo.toml"), nested);
        assert_eq!(find("/app/rust/a/src/lib.rs", "rust/a/Cargo.toml"), nested);
        assert_eq!(find("src/lib.rs", "Cargo.toml"), Some("src/lib.rs".to_owned()));
        assert_eq!(find("target/generated.rs", "Cargo.toml"), None);
        assert_eq!(find("/opt/crates/x/src/lib.rs", "Cargo.toml"), None);
    }
}
