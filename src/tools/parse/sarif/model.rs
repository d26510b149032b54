//! The parts of a SARIF document that are read. Everything else is ignored.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct InLog {
    pub(super) runs: Vec<InRun>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InRun {
    pub(super) tool: InTool,
    pub(super) results: Option<Vec<InResult>>,
    pub(super) artifacts: Option<Vec<InArtifact>>,
    pub(super) original_uri_base_ids: Option<BTreeMap<String, InArtifactLocation>>,
    pub(super) column_kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct InTool {
    pub(super) driver: InDriver,
}

#[derive(Deserialize)]
pub(super) struct InDriver {
    #[serde(default)]
    pub(super) rules: Vec<InRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InRule {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) help_uri: Option<String>,
    pub(super) default_configuration: Option<InConfiguration>,
    pub(super) message_strings: Option<BTreeMap<String, InText>>,
}

#[derive(Deserialize)]
pub(super) struct InConfiguration {
    pub(super) level: Option<InLevel>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InText {
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InResult {
    pub(super) rule_id: Option<String>,
    pub(super) rule_index: Option<i64>,
    pub(super) rule: Option<InRuleReference>,
    pub(super) kind: Option<String>,
    pub(super) level: Option<InLevel>,
    pub(super) message: InMessage,
    pub(super) locations: Option<Vec<InLocation>>,
    pub(super) related_locations: Option<Vec<InLocation>>,
    pub(super) suppressions: Option<Vec<serde::de::IgnoredAny>>,
    pub(super) fixes: Option<Vec<InFix>>,
}

impl InResult {
    /// Whether it is a problem: other kinds report what was checked and is fine.
    pub(super) fn is_problem(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "fail")
    }
}

#[derive(Deserialize)]
pub(super) struct InRuleReference {
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum InLevel {
    None,
    Note,
    Warning,
    Error,
}

impl InLevel {
    pub(super) fn word(self) -> &'static str {
        match self {
            InLevel::None => "none",
            InLevel::Note => "note",
            InLevel::Warning => "warning",
            InLevel::Error => "error",
        }
    }
}

#[derive(Deserialize)]
pub(super) struct InMessage {
    pub(super) text: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InLocation {
    pub(super) physical_location: Option<InPhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InPhysicalLocation {
    pub(super) artifact_location: Option<InArtifactLocation>,
    pub(super) region: Option<InRegion>,
}

#[derive(Deserialize)]
pub(super) struct InArtifact {
    pub(super) location: Option<InArtifactLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InArtifactLocation {
    pub(super) uri: Option<String>,
    pub(super) uri_base_id: Option<String>,
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InRegion {
    pub(super) start_line: Option<u32>,
    pub(super) start_column: Option<u32>,
    pub(super) end_line: Option<u32>,
    pub(super) end_column: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InFix {
    pub(super) description: Option<InText>,
    #[serde(default)]
    pub(super) artifact_changes: Vec<InArtifactChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InArtifactChange {
    pub(super) artifact_location: InArtifactLocation,
    pub(super) replacements: Vec<InReplacement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InReplacement {
    pub(super) deleted_region: InRegion,
    pub(super) inserted_content: Option<InText>,
}
