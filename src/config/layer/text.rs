//! From the text of a file to a layer, with mistakes that a person can act on.
//!
//! Owns the translation of what the TOML reader says into [`ConfigError`]s with the nearest right
//! word. Must not know what values mean, and reads no file itself: [`super::super::load`] does.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::super::{ConfigError, nearest};
use super::Layer;
use crate::project::Manifest;

/// Reads the text of a manifest. None when it is a `Cargo.toml` that says nothing to us.
///
/// # Errors
///
/// When the text is no TOML, or has keys or values that no layer has.
pub fn parse(manifest: &Manifest, text: &str) -> Result<Option<Layer>, ConfigError> {
    let layer = match manifest {
        Manifest::PipeToml => toml::from_str(text).map(Some),
        Manifest::CargoToml => toml::from_str::<CargoToml<Layer>>(text).map(CargoToml::pipe),
    };
    layer.map_err(|error| explain(&error, manifest.file_name(), text))
}

/// The bytes of a `Cargo.toml` that configure a project, if any do. Does not judge them.
///
/// # Errors
///
/// When the text is no TOML.
pub fn place_in_cargo_toml(text: &str) -> Result<Option<Range<usize>>, ConfigError> {
    let manifest = toml::from_str::<CargoToml<Spanned<IgnoredAny>>>(text)
        .map_err(|error| explain(&error, Manifest::CargoToml.file_name(), text))?;
    Ok(manifest.pipe().map(|pipe| pipe.span()))
}

/// The part of a `Cargo.toml` that leads to our settings.
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

/// What the reader said, in our words, and what would be right.
pub(in crate::config) fn translate(said: &str) -> (String, Option<String>) {
    if let Some((key, known)) = unknown(said, "unknown field `") {
        return (format!("unknown key `{key}`"), Some(advise(key, &known)));
    }
    if let Some((value, known)) = unknown(said, "unknown variant `") {
        let message = format!("`{value}` is none of the values this can have");
        return (message, Some(nearest::advise(value, &known)));
    }
    match mismatch(said) {
        Some((found, wanted)) => {
            let (wanted, hint) = notation(wanted);
            let message = format!("expected {wanted}, found {found}");
            (message, hint.map(str::to_owned))
        }
        None => (said.trim().replace('\n', ", "), None),
    }
}

/// The name that was not known, and those that are.
fn unknown<'a>(said: &'a str, start: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let (name, rest) = said.strip_prefix(start)?.split_once("`, ")?;
    Some((name, rest.split('`').skip(1).step_by(2).collect()))
}

/// What was found, and what should have been there.
fn mismatch(said: &str) -> Option<(&str, &str)> {
    said.strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))?
        .rsplit_once(", expected ")
}

/// The reader speaks of Rust's types; people write TOML.
fn notation(wanted: &str) -> (&str, Option<&'static str>) {
    match wanted {
        "a string" => ("a text", Some("write it in quotes")),
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
        "allow" => "what a check may do beyond the sandbox is allowed by its user, with `--allow` \
            or `CARGO_PIPE_ALLOW`, never by the project itself"
            .to_owned(),
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
    fn a_cargo_toml_without_our_section_says_nothing() {
        for text in ["", "[package]\nname = 'x'", "[workspace.metadata.other]"] {
            assert_eq!(parse(&Manifest::CargoToml, text), Ok(None), "{text}");
        }
    }

    #[test]
    fn both_files_say_the_same_in_the_same_words() {
        let settings = "jobs = 2\nchecks.x = { run = ['x'] }\n";
        let manifest = format!("[workspace.metadata.pipe]\n{settings}");
        assert_eq!(parse(&Manifest::CargoToml, &manifest).unwrap(), pipe(settings).unwrap());
    }

    #[test]
    fn our_section_is_found_without_being_judged() {
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
