//! Parsing of a manifest's text into a layer.
//!
//! Errors of the TOML parser are translated into [`ConfigError`]s in the terms of TOML, with a
//! suggestion where a word is misspelled.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::super::{ConfigError, nearest};
use super::Layer;
use crate::project::Manifest;

/// Parses the text of a manifest. Returns none for a `Cargo.toml` without our section.
///
/// # Errors
///
/// When the text is not valid TOML, or has unknown keys or invalid values.
pub fn parse(manifest: &Manifest, text: &str) -> Result<Option<Layer>, ConfigError> {
    let layer = match manifest {
        Manifest::PipeToml => toml::from_str(text).map(Some),
        Manifest::CargoToml => toml::from_str::<CargoToml<Layer>>(text).map(CargoToml::pipe),
    };
    layer.map_err(|error| explain(&error, manifest.file_name(), text))
}

/// Finds the bytes of our section in a `Cargo.toml`, without validating it.
///
/// # Errors
///
/// When the text is not valid TOML.
pub fn place_in_cargo_toml(text: &str) -> Result<Option<Range<usize>>, ConfigError> {
    let manifest = toml::from_str::<CargoToml<Spanned<IgnoredAny>>>(text)
        .map_err(|error| explain(&error, Manifest::CargoToml.file_name(), text))?;
    Ok(manifest.pipe().map(|pipe| pipe.span()))
}

/// The part of a `Cargo.toml` that contains our settings.
#[derive(Deserialize)]
struct CargoToml<T> {
    workspace: Option<Workspace<T>>,
}

#[derive(Deserialize)]
struct Workspace<T> {
    metadata: Option<Metadata<T>>,
}

#[derive(Deserialize)]
struct Metadata<T> {
    pipe: Option<T>,
}

impl<T> CargoToml<T> {
    fn pipe(self) -> Option<T> {
        self.workspace?.metadata?.pipe
    }
}

/// Checks that a file is TOML that another program reads.
///
/// # Errors
///
/// When it is not.
pub(crate) fn check_syntax(origin: &str, text: &str) -> Result<(), ConfigError> {
    let parsed = toml::from_str::<toml::Table>(text);
    parsed.map(drop).map_err(|error| explain(&error, origin, text))
}

fn explain(error: &toml::de::Error, origin: &str, text: &str) -> ConfigError {
    let (message, hint) = translate(error.message());
    ConfigError {
        origin: origin.to_owned(),
        text: Some(text.to_owned()),
        span: error.span(),
        message,
        hint,
    }
}

/// Translates a message of the parser, and adds a suggestion.
pub(crate) fn translate(message: &str) -> (String, Option<String>) {
    if message.starts_with("string values must be quoted") {
        let hint = "put it in quotes, such as \"10m\"".to_owned();
        return ("a string must be in quotes".to_owned(), Some(hint));
    }
    if let Some((key, known)) = unknown(message, "unknown field `") {
        return (format!("unknown key `{key}`"), Some(advise(key, &known)));
    }
    if let Some((value, known)) = unknown(message, "unknown variant `") {
        let message = format!("unknown value `{value}`");
        return (message, Some(nearest::advise(value, &known)));
    }
    match mismatch(message) {
        Some((found, wanted)) => {
            let (wanted, hint) = notation(wanted);
            let message = format!("expected {wanted}, found {found}");
            (message, hint.map(str::to_owned))
        }
        None => (message.trim().replace('\n', ", "), None),
    }
}

/// The unknown name in a message of the parser, and the known ones.
fn unknown<'a>(message: &'a str, start: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let (name, rest) = message.strip_prefix(start)?.split_once("`, ")?;
    Some((name, rest.split('`').skip(1).step_by(2).collect()))
}

/// The value that was found, and the expected kind.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?
        .rsplit_once(", expected ")
}

/// Translates the name of a Rust type into TOML's terms.
fn notation(wanted: &str) -> (&str, Option<&'static str>) {
    match wanted {
        "a string" => ("a string", Some("write it in quotes")),
        "a sequence" => ("a list", Some("write it in brackets: [\"…\", \"…\"]")),
        "a boolean" => ("true or false", Some("write it without quotes")),
        "i64" => ("a whole number", Some("write it without quotes")),
        wanted if wanted.starts_with("struct ") || wanted.contains("map") => {
            ("a section", Some("write its settings below a line in brackets"))
        }
        wanted => (wanted, None),
    }
}

fn advise(key: &str, known: &[&str]) -> String {
    match key {
        "allow" => {
            "a project cannot grant itself anything: use `--allow` or `CARGO_PIPE_ALLOW`".to_owned()
        }
        _ => nearest::advise(key, known),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pipe(text: &str) -> Result<Option<Layer>, ConfigError> {
        parse(&Manifest::PipeToml, text)
    }

    #[test]
    fn a_cargo_toml_without_our_section_is_none() {
        for text in ["", "[package]\nname = 'x'", "[workspace.metadata.other]"] {
            assert_eq!(parse(&Manifest::CargoToml, text), Ok(None), "{text}");
        }
    }

    #[test]
    fn both_manifests_use_the_same_syntax() {
        let settings = "jobs = 2\nchecks.x = { run = ['x'] }\n";
        let manifest = format!("[workspace.metadata.pipe]\n{settings}");
        assert_eq!(parse(&Manifest::CargoToml, &manifest).unwrap(), pipe(settings).unwrap());
    }

    #[test]
    fn our_section_is_found_without_validating_it() {
        let text = "[workspace.metadata.pipe]\nnonsense = 1\n";
        assert_eq!(place_in_cargo_toml(text).unwrap().unwrap().start, 0);
        assert_eq!(place_in_cargo_toml("[workspace]\n"), Ok(None));
    }

    /// Text that looks enough like a configuration to get far.
    fn almost_toml() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("[checks.lint]\n"),
            Just("[[checks]]\n"),
            Just("[python]\n"),
            Just("source"),
            Just("run"),
            Just("env"),
            Just("timeout"),
            Just("jobs"),
            Just("checks.x"),
            Just(" = "),
            Just("'é'"),
            Just("\"\\u0000\""),
            Just("[1, 'a']"),
            Just("{ a = 1 }"),
            Just("true"),
            Just("-9223372036854775808"),
            Just("1e400"),
            Just("2026-01-01"),
            Just("."),
            Just("\n"),
            Just("\u{feff}"),
        ];
        proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), almost_toml()]) {
            for manifest in [Manifest::PipeToml, Manifest::CargoToml] {
                if let Err(error) = parse(&manifest, &text) {
                    let shown = error.to_string();
                    prop_assert!(shown.starts_with(manifest.file_name()));
                    if let Some(span) = error.span {
                        prop_assert!(text.get(span).is_some());
                    }
                }
            }
        }
    }
}
