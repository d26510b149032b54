//! typos.

use serde::Deserialize;

use super::adoption::{AdoptionFacts, CallFacts};
use super::allow_list::{AllowList, ConfigLayout, ConfigSearch, Nesting, TomlFiles};
use super::catalogue::{CatalogueTool, config_error, judge};
use super::own_config::OwnConfig;
use crate::finding::{Edit, Finding, Fix, SourceFiles};
use crate::outcome::{Classified, RawOutput};
use crate::tools::parse::columns::Columns;
use crate::tools::parse::inside;
use crate::tools::parse::report::FindingValues;

/// typos is one program without plugins, and its options are data.
const ALLOWED: AllowList = AllowList {
    flags: &["
        binary force-exclude hidden no-binary no-check-filenames no-check-files no-hidden no-ignore
        no-ignore-dot no-ignore-global no-ignore-parent no-ignore-vcs no-unicode quiet unicode
        verbose -q -v
    "],
    options: &["exclude locale"],
    keys: &["default.* files.* type.*"],
    layout: ConfigLayout {
        table: "tool.typos",
        nesting: Nesting::Dotted,
        toml: TomlFiles::AllWithoutTable,
        reads_section: |_, _| true,
    },
    search: ConfigSearch::Everywhere,
    ..AllowList::NOTHING
};

/// Finds misspelled words.
pub static TYPOS: CatalogueTool = CatalogueTool {
    name: "typos",
    about: "finds misspelled words in code with typos",
    notes: &[
        "It checks text files of every kind in the whole project, unless `source` says otherwise, \
         and its own exclusions apply.",
        "`--fix` corrects words for which there is only one correction.",
    ],
    lock: "typos",
    lock_template: include_str!("../../templates/requirements/typos.txt"),
    own_configs: &[
        OwnConfig::toml("typos.toml", ""),
        OwnConfig::toml("_typos.toml", ""),
        OwnConfig::toml(".typos.toml", ""),
        OwnConfig::toml("pyproject.toml", "tool.typos"),
    ],
    endings: &[],
    default_source: &["."],
    adoption: AdoptionFacts {
        hooks: &["typos", "typos-src"],
        call: CallFacts {
            programs: &[&["typos"]],
            valued: "--color --config --exclude --format --locale --threads --type-list -c -j",
            config: "--config -c",
            dropped: "--color --diff --format --quiet --threads --verbose --write-changes -j -q -v -w",
            ..CallFacts::NONE
        },
        ..AdoptionFacts::NONE
    },
    allow_list: Some(ALLOWED),
    tried: ("1.27", "2"),
    check: |it| {
        it.exec(&["typos"], "--config", &["--format=json", "--force-exclude", "--color=never"])
    },
    fix: Some(|it| it.exec(&["typos"], "--config", &["--write-changes", "--force-exclude"])),
    classify,
    ..CatalogueTool::USUAL
};

#[derive(Deserialize)]
struct Message {
    r#type: String,
    path: Option<String>,
    message: Option<String>,
    msg: Option<String>,
    /// None where the name of the file is misspelled.
    line_num: Option<u32>,
    byte_offset: Option<u32>,
    typo: Option<String>,
    /// None for a word that the configuration disallows.
    corrections: Option<Vec<String>>,
}

fn classify(output: &RawOutput, sources: &dyn SourceFiles) -> Classified {
    const MISSPELLED: i32 = 2;
    const BAD_ARGUMENT: i32 = 64;
    const BAD_CONFIG: i32 = 78;
    if matches!(output.code, BAD_ARGUMENT | BAD_CONFIG)
        && let Some(classified) = config_error(output, &["error: ", ""])
    {
        return classified;
    }
    let mut columns = Columns::new(sources);
    let text = String::from_utf8_lossy(&output.stdout);
    let mut findings = Ok(Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let message = serde_json::from_str::<Message>(line).map_err(|error| error.to_string());
        match (message, &mut findings) {
            (Ok(message), Ok(found)) => found.extend(message.finding(&mut columns)),
            (Err(error), _) => findings = Err(error),
            (Ok(_), Err(_)) => {}
        }
    }
    judge("typos", output, findings, &[MISSPELLED])
}

impl Message {
    /// None for a message about a binary file or a type of files.
    fn finding(&self, columns: &mut Columns<'_>) -> Option<Finding> {
        let raw = self.path.as_deref().unwrap_or_default();
        if self.r#type == "error" {
            let message = self.msg.as_deref().or(self.message.as_deref()).unwrap_or_default();
            let values =
                FindingValues { path: raw, code: "unreadable", ..FindingValues::default() };
            return Some(FindingValues { message, ..values }.into_finding());
        }
        let typo = self.typo.as_deref()?;
        let path = inside::project_path(raw).unwrap_or_default();
        let start = self.line_num.zip(self.byte_offset);
        let start = start.map(|(line, bytes)| (line, columns.convert_bytes(&path, line, bytes)));
        let length = u32::try_from(typo.chars().count()).unwrap_or_default();
        let end_column = start.map(|(_, column)| column.saturating_add(length));
        let corrections = self.corrections.as_deref().unwrap_or_default();
        let words: Vec<String> = corrections.iter().map(|word| format!("`{word}`")).collect();
        let message = match words.as_slice() {
            [] => format!("`{typo}` is disallowed"),
            words => format!("`{typo}` should be {}", words.join(", ")),
        };
        let fix = match (corrections, start, end_column) {
            ([word], Some((line, column)), Some(end_column)) => Some(Fix {
                message: format!("replace it with `{word}`"),
                safe: true,
                edits: vec![Edit {
                    line,
                    column,
                    end_line: line,
                    end_column,
                    content: word.clone(),
                }],
            }),
            _ => None,
        };
        let values = FindingValues {
            path: raw,
            line: start.map(|(line, _)| line),
            column: start.map(|(_, column)| column),
            end_line: start.map(|(line, _)| line),
            end_column,
            severity: Some("warning"),
            code: "typo",
            message: &message,
            fix,
            ..FindingValues::default()
        };
        Some(values.into_finding())
    }
}
