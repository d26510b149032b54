//! Parses SARIF 2.1.0
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
//!
//! Read are results of the kind `fail` with their first location, rule, related locations and first
//! fix. A suppressed result is kept and does not fail the check.

mod model;

use self::model::{InArtifactLocation, InDriver, InLevel, InLocation, InLog, InRegion, InResult};
use self::model::{InRule, InRun};
use super::columns::Columns;
use super::inside;
use super::report::FindingValues;
use crate::finding::{Edit, Finding, Fix, Place};

/// Parses a document.
///
/// # Errors
///
/// When it is not SARIF, with its place.
pub(super) fn parse(text: &str, columns: &mut Columns<'_>) -> Result<Vec<Finding>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let log: InLog = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut findings = Vec::new();
    for run in &log.runs {
        let mut reader = RunReader { run, columns: &mut *columns };
        let results = run.results.iter().flatten().filter(|result| result.is_problem());
        findings.extend(results.map(|result| reader.read(result)));
    }
    Ok(findings)
}

/// Reads the results of a run.
struct RunReader<'r, 's> {
    run: &'r InRun,
    columns: &'r mut Columns<'s>,
}

impl RunReader<'_, '_> {
    fn read(&mut self, result: &InResult) -> Finding {
        let driver = &self.run.tool.driver;
        let rule = find_rule(driver, result);
        let id = result.rule_id.as_deref().or(rule.map(|rule| rule.id.as_str()));
        let code = id.unwrap_or_default();
        let message = message(result, rule);
        let (path, place) = self.read_first_place(result);
        let fix = self.read_fix(result, &path);
        let values = FindingValues {
            path: &path,
            line: place.as_ref().map(|place| place.line),
            column: place.as_ref().and_then(|place| place.column),
            end_line: place.as_ref().and_then(|place| place.end_line),
            end_column: place.as_ref().and_then(|place| place.end_column),
            severity: Some(level(result, rule).word()),
            code,
            rule: rule.and_then(|rule| rule.name.as_deref()).unwrap_or_default(),
            message: &message,
            url: rule.and_then(|rule| rule.help_uri.clone()),
            related: self.read_related(result),
            fix,
        };
        let mut finding = values.into_finding();
        finding.gating = result.suppressions.iter().flatten().next().is_none();
        finding
    }

    /// The path and the region of the first location; the path is empty where there is none.
    fn read_first_place(&mut self, result: &InResult) -> (String, Option<Place>) {
        let physical =
            result.locations.iter().flatten().find_map(|it| it.physical_location.as_ref());
        let Some(physical) = physical else {
            return (String::new(), None);
        };
        let path = physical.artifact_location.as_ref().map(|it| self.path(it)).unwrap_or_default();
        let place = physical.region.as_ref().map(|region| self.place(&path, region));
        (path, place)
    }

    fn read_related(&mut self, result: &InResult) -> Vec<Place> {
        let mut related = Vec::new();
        for InLocation { physical_location } in result.related_locations.iter().flatten() {
            let Some(physical) = physical_location else { continue };
            let Some(artifact) = &physical.artifact_location else { continue };
            let Some(path) = inside::project_path(&self.path(artifact)) else { continue };
            let place = physical.region.as_ref().map(|region| self.place(&path, region));
            let place = place.unwrap_or_else(|| Place::line("", 1));
            related.push(Place { path, ..place });
        }
        related
    }

    /// The first fix, if it changes only the file of the finding.
    fn read_fix(&mut self, result: &InResult, path: &str) -> Option<Fix> {
        let fix = result.fixes.iter().flatten().next()?;
        let mut edits = Vec::new();
        for change in &fix.artifact_changes {
            if self.path(&change.artifact_location) != path {
                return None;
            }
            for replacement in &change.replacements {
                let place = self.place(path, &replacement.deleted_region);
                let column = place.column.unwrap_or(1);
                edits.push(Edit {
                    line: place.line,
                    column,
                    end_line: place.end_line.unwrap_or(place.line),
                    end_column: place.end_column.unwrap_or(column),
                    content: replacement.inserted_content.clone().unwrap_or_default().text,
                });
            }
        }
        edits.sort_by_key(|edit| (edit.line, edit.column));
        let description = fix.description.as_ref().map(|it| it.text.clone()).unwrap_or_default();
        // SARIF does not say whether a fix preserves the meaning of the code.
        (!edits.is_empty()).then_some(Fix { message: description, safe: false, edits })
    }

    /// The path behind a URI, which may be absolute, relative, or relative to a base of the run.
    fn path(&self, location: &InArtifactLocation) -> String {
        let by_index = || {
            let artifacts = self.run.artifacts.as_ref()?;
            artifacts.get(usize::try_from(location.index?).ok()?)?.location.as_ref()?.uri.as_deref()
        };
        let uri = location.uri.as_deref().or_else(by_index).unwrap_or_default();
        let decoded = decode_percent(uri.strip_prefix("file://").unwrap_or(uri));
        let base = location
            .uri_base_id
            .as_ref()
            .and_then(|id| self.run.original_uri_base_ids.as_ref()?.get(id)?.uri.as_deref());
        match base.and_then(|base| base.strip_prefix("file://")) {
            Some(base) if !decoded.starts_with('/') => {
                format!("{}/{decoded}", decode_percent(base).trim_end_matches('/'))
            }
            _ => decoded,
        }
    }

    fn place(&mut self, path: &str, region: &InRegion) -> Place {
        let line = region.start_line.unwrap_or(1).max(1);
        let end_line = region.end_line.unwrap_or(line);
        let start = region.start_column.or(region.end_column.map(|_| 1));
        let in_file = inside::project_path(path).unwrap_or_default();
        let is_utf16 = self.run.column_kind.as_deref() == Some("utf16CodeUnits");
        let mut column = |line: u32, column: u32| {
            if is_utf16 { self.columns.convert_utf16(&in_file, line, column) } else { column }
        };
        Place {
            path: String::new(),
            line,
            column: start.map(|start| column(line, start)),
            end_line: (start.is_some() || region.end_line.is_some()).then_some(end_line),
            end_column: region.end_column.map(|end| column(end_line, end)),
        }
    }
}

fn find_rule<'r>(driver: &'r InDriver, result: &InResult) -> Option<&'r InRule> {
    let reference = result.rule.as_ref();
    let index = result.rule_index.or(reference.and_then(|it| it.index));
    let by_index = index.and_then(|index| driver.rules.get(usize::try_from(index).ok()?));
    let id = result.rule_id.as_deref().or(reference.and_then(|it| it.id.as_deref()));
    by_index.or_else(|| driver.rules.iter().find(|rule| Some(rule.id.as_str()) == id))
}

fn level(result: &InResult, rule: Option<&InRule>) -> InLevel {
    let usual = || rule?.default_configuration.as_ref()?.level;
    result.level.or_else(usual).unwrap_or(InLevel::Warning)
}

/// The text of a message, which may be one of the rule's with arguments.
fn message(result: &InResult, rule: Option<&InRule>) -> String {
    let message = &result.message;
    let by_id = || {
        let strings = rule?.message_strings.as_ref()?;
        Some(strings.get(message.id.as_ref()?)?.text.clone())
    };
    let mut text = message.text.clone().or_else(by_id).unwrap_or_default();
    for (index, argument) in message.arguments.iter().enumerate() {
        text = text.replace(&format!("{{{index}}}"), argument);
    }
    text
}

/// Decodes `%20` and the like. What is not valid stays as it is.
fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let decoded = (first == b'%').then(|| Some(hex(0)? * 16 + hex(1)?)).flatten();
        match decoded.and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests;
