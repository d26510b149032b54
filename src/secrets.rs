//! Secrets: texts that must not be shown, and the variables of the caller that a check gets.
//!
//! [`Secrets`] masks them in the output of programs and in outcomes. A credential of an address is
//! masked as it is written there. The value of a variable is masked in all of its forms, also where
//! white space or escape sequences are between its characters. [`SecretVariables`] has the values of one
//! check.

mod forms;
mod variables;
mod visible;

use std::borrow::Cow;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub use variables::{MIN_LENGTH, SecretError, SecretVariables, digest, validate};
use visible::{Escapes, Visible};

/// The text that replaces a secret.
pub(crate) const HIDDEN: &str = "***";

/// Texts that must not be shown.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Credentials, the longest first, so that no part of a longer one remains.
    credentials: Vec<String>,
    /// Finds every form of every value.
    values: Option<AhoCorasick>,
}

impl Secrets {
    /// The credentials of addresses. One between `:` and `@` is replaced so that a URL stays a URL.
    #[must_use]
    pub fn of_credentials(mut credentials: Vec<String>) -> Secrets {
        credentials.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        credentials.dedup();
        Secrets { credentials, values: None }
    }

    /// The values of variables, in all of their forms.
    #[must_use]
    pub fn of_values<'v>(values: impl IntoIterator<Item = &'v str>) -> Secrets {
        let forms: Vec<String> = values.into_iter().flat_map(forms::find_forms).collect();
        // A matcher of another kind takes a hundred times the memory for a long value.
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&forms);
        let values = matcher.unwrap_or_else(|error| {
            unreachable!("the length of a value is limited, so its forms fit: {error}")
        });
        Secrets { credentials: Vec::new(), values: (!forms.is_empty()).then_some(values) }
    }

    /// The same, and the credentials of other secrets.
    #[must_use]
    pub fn with_credentials(self, other: Secrets) -> Secrets {
        Secrets { credentials: other.credentials, ..self }
    }

    /// Whether there is nothing to mask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.credentials.is_empty() && self.values.is_none()
    }

    /// Masks them in a text.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let hide = |text: Cow<'t, str>, secret: &String| match text.contains(secret.as_str()) {
            true => Cow::Owned(text.replace(secret.as_str(), hidden(secret))),
            false => text,
        };
        self.credentials.iter().fold(self.mask_values(text), hide)
    }

    /// Masks them in the output of a program.
    #[must_use]
    pub fn redact_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        if self.is_empty() {
            return bytes;
        }
        match self.redact(&String::from_utf8_lossy(&bytes)) {
            Cow::Owned(redacted) => redacted.into_bytes(),
            Cow::Borrowed(_) => bytes,
        }
    }

    /// Masks them in a text that is changed in place.
    pub fn redact_in(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.redact(text) {
            *text = redacted;
        }
    }

    fn mask_values<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(values) = &self.values else { return Cow::Borrowed(text) };
        let mut found = Vec::new();
        // A report shows the letters of an escape sequence, and a terminal does not.
        for escapes in [Escapes::Shown, Escapes::Obeyed] {
            let visible = Visible::of(text, escapes);
            let matches = values.find_overlapping_iter(visible.text());
            found.extend(matches.map(|found| visible.place(found.range())));
        }
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_by_key(|range| (range.start, range.end));
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            if range.start >= end {
                masked.push_str(&text[end..range.start]);
                masked.push_str(HIDDEN);
            }
            end = end.max(range.end);
        }
        masked.push_str(&text[end..]);
        Cow::Owned(masked)
    }
}

/// The replacement of a credential, which keeps a URL a URL.
fn hidden(secret: &str) -> &'static str {
    match (secret.starts_with(':'), secret.ends_with('@')) {
        (true, true) => ":***@",
        (false, true) => "***@",
        _ => HIDDEN,
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.as_ref().map_or(0, AhoCorasick::patterns_len);
        write!(formatter, "Secrets({})", self.credentials.len() + values)
    }
}

#[cfg(test)]
mod tests;
