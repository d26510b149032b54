//! The forms in which programs write a value: as it is, escaped for JSON, XML or a URL, and in Base64.
//!
//! Each line of a value has the same forms. A form is compared with the visible characters of a text,
//! so that it consists of nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::MIN_LENGTH;
use super::visible::{Escapes, Visible};

/// How programs write a double and a single quote in XML or HTML: as in an element, with names, with
/// numbers.
const QUOTES: [[&str; 2]; 6] = [
    ["\"", "'"],
    ["&quot;", "'"],
    ["&quot;", "&#x27;"],
    ["&quot;", "&apos;"],
    ["&quot;", "&#39;"],
    ["&#34;", "&#39;"],
];

/// All forms of a value that are long enough to differ from other text.
pub(super) fn find_forms(value: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for text in std::iter::once(value).chain(value.lines()).map(str::trim) {
        forms.extend([
            text.to_owned(),
            json(text),
            ascii_json(text),
            url(text, "-._~", "%20"),
            url(text, "-._~/", "%20"),
            url(text, "-._~", "+"),
        ]);
        forms.extend(QUOTES.map(|quotes| xml(text, quotes)));
        forms.extend(base64(text));
    }
    forms.extend(base64(value));
    let visible = |form: String| Visible::of(&form, Escapes::Shown).text().to_owned();
    let mut forms: BTreeSet<String> = forms.into_iter().map(visible).collect();
    forms.retain(|form| form.chars().count() >= MIN_LENGTH);
    forms
}

/// The content of a JSON string.
fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// The same without other characters than those of ASCII, as Python writes it.
fn ascii_json(text: &str) -> String {
    let mut escaped = String::new();
    for c in json(text).chars() {
        if c.is_ascii() {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// The content of an XML element or of an attribute, with these forms of both quotes.
fn xml(text: &str, [double, single]: [&str; 2]) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', double).replace('\'', single)
}

/// A part of a URL, in which these characters and a space are written so.
fn url(text: &str, unchanged: &str, space: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push_str(space),
            byte if byte.is_ascii_alphanumeric() || unchanged.as_bytes().contains(&byte) => {
                encoded.push(char::from(byte));
            }
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// The characters of Base64 that a value has wherever it stands in a longer text: three bytes are four
/// characters, and those at both ends depend on its neighbours too.
fn base64(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [vec![0; before], text.as_bytes().to_vec()].concat();
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        let Some(own) = encoded.get(first..end) else { continue };
        forms.extend([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
    }
    forms
}
