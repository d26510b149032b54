use super::*;
use crate::check::SecretName;

const VALUE: &str = "s3cr\u{e9}t/t0ken+\"<&>\\x";

/// A text without the value, in which it stood.
fn masked(text: &str) -> String {
    Secrets::of_values([VALUE]).redact(text).into_owned()
}

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

#[test]
fn a_value_is_masked_however_a_program_writes_it() {
    let forms = [
        VALUE,
        // `json.dumps`, without and with `ensure_ascii`.
        "s3cr\u{e9}t/t0ken+\\\"<&>\\\\x",
        r#"s3cr\u00e9t/t0ken+\"<&>\\x"#,
        // `html.escape`, and the content of an element.
        "s3cr\u{e9}t/t0ken+&quot;&lt;&amp;&gt;\\x",
        "s3cr\u{e9}t/t0ken+\"&lt;&amp;&gt;\\x",
        // `urllib.parse.quote` and `quote_plus`.
        "s3cr%C3%A9t/t0ken%2B%22%3C%26%3E%5Cx",
        "s3cr%C3%A9t%2Ft0ken%2B%22%3C%26%3E%5Cx",
    ];
    for form in forms {
        assert_eq!(masked(&format!("at {form}.")), "at ***.", "{form}");
    }
}

#[test]
fn both_quotes_are_masked_as_each_program_writes_them_in_html() {
    let secrets = Secrets::of_values(["\"it's\" a secret"]);
    for form in [
        "&quot;it's&quot; a secret",
        // `html.escape`, names, numbers and `markupsafe`.
        "&quot;it&#x27;s&quot; a secret",
        "&quot;it&apos;s&quot; a secret",
        "&quot;it&#39;s&quot; a secret",
        "&#34;it&#39;s&#34; a secret",
    ] {
        assert_eq!(secrets.redact(&format!("at {form}.")), "at ***.", "{form}");
    }
}

#[test]
fn base64_is_masked_wherever_the_value_stands_in_what_is_encoded() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let secrets = Secrets::of_values(["correct horse ?>?>?> staple"]);
    for before in ["", "u", "me", "user:"] {
        for after in ["", "\n", "xy"] {
            let text = format!("{before}correct horse ?>?>?> staple{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let shown = secrets.redact(&encoded).into_owned();
                let rest = shown.replacen("***", "", 1);
                // Four characters at each end also contain bits of the neighbours.
                assert!(shown.contains("***") && rest.len() <= 20, "{before:?} {after:?} {shown}");
            }
        }
    }
    // As `base64` of coreutils folds it.
    let long = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(4);
    let encoded = STANDARD.encode(&long);
    let (first, rest) = encoded.split_at(76);
    let folded = format!("{first}\n{rest}");
    let shown = Secrets::of_values([long.as_str()]).redact(&folded).into_owned();
    assert!(shown.starts_with("***") && shown.len() < 8, "{shown}");
}

#[test]
fn a_value_in_pieces_is_masked_if_a_reader_sees_it_as_one() {
    let secrets = Secrets::of_values(["0123456789"]);
    for text in [
        "01234\n56789",
        "01234   \r\n   56789",
        "0 1 2 3 4 5 6 7 8 9",
        "0123\u{1b}[31m4567\u{1b}[0m89",
        "0123\u{1b}]8;;http://x\u{1b}\\456789",
        "0123\u{1b}]0;title\u{7}456789",
        "0123\u{9b}1m456789",
        "01234\u{200b}567\u{ad}89",
        "01234\u{0}567\u{8}89",
        // The start of an escape sequence hides no letter from a report.
        "\u{1b}[0123456789",
        "\u{1b}0123456789",
        "\u{1b}]0123456789\u{7}",
        "\u{1b}[0;0123456789",
    ] {
        let shown = secrets.redact(text);
        assert!(shown.contains("***"), "{text:?}");
        assert!(!shown.contains("89") && !shown.contains("01"), "{text:?} {shown:?}");
    }
}

#[test]
fn each_line_of_a_value_is_masked_and_short_ones_are_not() {
    let key = "-----BEGIN KEY-----\nMIIEvgIBADANBgkqh\nkiG9w0BAQEFAASCBK\n{\n";
    let secrets = Secrets::of_values([key]);
    assert_eq!(secrets.redact("got kiG9w0BAQEFAASCBK!"), "got ***!");
    assert_eq!(secrets.redact(key), "***\n");
    assert_eq!(secrets.redact("fn main() {"), "fn main() {");
}

#[test]
fn parts_that_overlap_are_masked_as_a_whole() {
    let secrets = Secrets::of_values(["abcabcabcabc", "cabcabcx"]);
    assert_eq!(secrets.redact("(abcabcabcabcabcabcx)"), "(***)");
}

#[test]
fn everything_else_stays_as_it_is() {
    for text in ["", "s3cr t0ken", "plain \u{1b}[31mred\u{1b}[0m text", "s3cr\u{e9}t/t0ken"] {
        assert!(matches!(Secrets::of_values([VALUE]).redact(text), Cow::Borrowed(_)), "{text}");
    }
    assert_eq!(masked("a s3cr\u{e9}t/t0ken+\"<&>\\x b\n"), "a *** b\n");
    let bytes = vec![0xff, b'a'];
    assert_eq!(Secrets::of_values([VALUE]).redact_bytes(bytes.clone()), bytes);
}

#[test]
fn a_long_value_is_masked_in_little_time() {
    let value: String = (0..800).map(|line| format!("{line:04}{}\n", "k".repeat(54))).collect();
    assert_eq!(validate(Some(&value)), Ok(value.as_str()));
    let secrets = Secrets::of_values([value.as_str()]);
    let noise = "kkkk kkkkkkkkkkkkkkkkkkkkkkk 1234\n".repeat(30_000);
    assert!(!secrets.redact(&format!("{noise}{value}")).contains("0799kk"));
}

#[test]
fn a_value_that_cannot_be_masked_is_refused() {
    for (value, error) in [
        (None, SecretError::Missing),
        (Some("1234567"), SecretError::Short),
        (Some("12\n34\n56\n78\n90"), SecretError::Short),
        (Some("1234\u{200b}567\u{200b}"), SecretError::Short),
        (Some(&*"x".repeat(50_000)), SecretError::Long),
    ] {
        assert_eq!(validate(value), Err(error), "{value:?}");
    }
    assert_eq!(validate(Some("12345678")), Ok("12345678"));
}

#[test]
fn a_digest_is_the_same_on_every_machine_and_tells_nothing_of_the_value() {
    let token = digest(&name("API_TOKEN"), "correct horse");
    // A change of the cost or the salt changes every fingerprint with a secret.
    assert_eq!(token.short(), "dbe022d69f47b2d6");
    assert_ne!(token, digest(&name("OTHER"), "correct horse"));
    assert_ne!(token, digest(&name("API_TOKEN"), "correct horse2"));
}

#[test]
fn nothing_of_a_variable_shows_its_value() {
    let values = [("API_TOKEN".to_owned(), VALUE.to_owned())];
    let variables = SecretVariables::new(values.into());
    assert_eq!(format!("{variables:?}"), "{\"API_TOKEN\"}");
    let shown = format!("{:?}", variables.secrets());
    assert!(shown.starts_with("Secrets(") && !shown.contains("t0ken"), "{shown}");
}
