//! Converts the line ends of a content as git does when it checks a file out.
//!
//! These are the rules of git's `convert.c`: an attribute decides, else `core.autocrlf`, and a content
//! that looks binary or mixes line ends is left alone unless `text` is set. The tests compare them with
//! git itself (`tests/cli/line_ends.rs`).

/// The settings of a repository about line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineEndSettings {
    /// `core.autocrlf`.
    pub(super) auto: AutoCrlf,
    /// Whether `core.eol` is `crlf`.
    pub(super) is_crlf: bool,
}

/// The values of `core.autocrlf`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum AutoCrlf {
    /// Contents stay as they are.
    #[default]
    Off,
    /// Text is checked out with CRLF.
    On,
    /// Text is only converted when it is added.
    Input,
}

/// The attributes of a file about line ends, as `git check-attr` prints them.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineEndAttributes<'a> {
    pub(super) text: &'a str,
    /// The older spelling of `text`.
    pub(super) crlf: &'a str,
    pub(super) eol: &'a str,
}

/// The conversion of a content that is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// None.
    Keep,
    /// Each line ends with CRLF.
    Crlf,
    /// Each line ends with CRLF if the content is text without any CR.
    CrlfIfText,
}

impl LineEnds {
    /// The conversion of a file with these attributes.
    pub(super) fn of(settings: LineEndSettings, attributes: LineEndAttributes<'_>) -> LineEnds {
        let LineEndAttributes { text, crlf, eol } = attributes;
        let text = if parse_text(text) == TextAttribute::Unspecified { crlf } else { text };
        match (parse_text(text), eol) {
            (TextAttribute::Binary, _) => LineEnds::Keep,
            (TextAttribute::Auto, "lf") => LineEnds::Keep,
            (TextAttribute::Auto, "crlf") => LineEnds::CrlfIfText,
            (_, "lf") => LineEnds::Keep,
            (_, "crlf") => LineEnds::Crlf,
            (TextAttribute::Input, _) => LineEnds::Keep,
            (TextAttribute::Set, _) if settings.has_crlf() => LineEnds::Crlf,
            (TextAttribute::Auto, _) if settings.has_crlf() => LineEnds::CrlfIfText,
            (TextAttribute::Unspecified, _) if settings.auto == AutoCrlf::On => {
                LineEnds::CrlfIfText
            }
            _ => LineEnds::Keep,
        }
    }

    /// The content as it is checked out.
    pub(super) fn check_out(self, content: Vec<u8>) -> Vec<u8> {
        let counts = Counts::of(&content);
        let is_converted = match self {
            LineEnds::Keep => false,
            LineEnds::Crlf => counts.lone_lf > 0,
            LineEnds::CrlfIfText => {
                counts.lone_lf > 0 && counts.lone_cr == 0 && counts.crlf == 0 && !counts.is_binary()
            }
        };
        if !is_converted {
            return content;
        }
        let mut converted = Vec::with_capacity(content.len() + counts.lone_lf);
        for (at, byte) in content.iter().enumerate() {
            let follows_cr = at > 0 && content[at - 1] == b'\r';
            if *byte == b'\n' && !follows_cr {
                converted.push(b'\r');
            }
            converted.push(*byte);
        }
        converted
    }

    /// The content to store so that it is checked out as `wanted`; none if there is none. `before` is the
    /// content that is stored now.
    pub(super) fn store(self, before: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
        let mut candidates = vec![without_cr(wanted), wanted.to_owned()];
        if self.check_out(before.to_owned()) == before {
            // Its line ends are not normalised, so they stay.
            candidates.reverse();
        }
        candidates.into_iter().find(|stored| self.check_out(stored.clone()) == wanted)
    }
}

/// The content with LF in the place of CRLF.
fn without_cr(content: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        let precedes_lf = content.get(at + 1) == Some(&b'\n');
        if *byte != b'\r' || !precedes_lf {
            lines.push(*byte);
        }
    }
    lines
}

impl LineEndSettings {
    /// Whether text is checked out with CRLF where only `text` is set.
    fn has_crlf(self) -> bool {
        match self.auto {
            AutoCrlf::On => true,
            AutoCrlf::Input => false,
            AutoCrlf::Off => self.is_crlf,
        }
    }
}

/// The meaning of the attribute `text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextAttribute {
    Unspecified,
    Set,
    Binary,
    Input,
    Auto,
}

fn parse_text(value: &str) -> TextAttribute {
    match value {
        "set" => TextAttribute::Set,
        "unset" => TextAttribute::Binary,
        "input" => TextAttribute::Input,
        "auto" => TextAttribute::Auto,
        _ => TextAttribute::Unspecified,
    }
}

/// The bytes by which git tells text from binary.
#[derive(Debug, Default)]
struct Counts {
    nul: usize,
    lone_cr: usize,
    lone_lf: usize,
    crlf: usize,
    printable: usize,
    nonprintable: usize,
}

impl Counts {
    fn of(content: &[u8]) -> Counts {
        let mut counts = Counts::default();
        let mut bytes = content.iter().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\r' if bytes.peek() == Some(&&b'\n') => {
                    bytes.next();
                    counts.crlf += 1;
                }
                b'\r' => counts.lone_cr += 1,
                b'\n' => counts.lone_lf += 1,
                // Backspace, tab, escape and form feed.
                8 | b'\t' | 27 | 12 => counts.printable += 1,
                0 => {
                    counts.nul += 1;
                    counts.nonprintable += 1;
                }
                1..32 | 127 => counts.nonprintable += 1,
                _ => counts.printable += 1,
            }
        }
        // The last byte of a file of DOS.
        if content.last() == Some(&26) {
            counts.nonprintable -= 1;
        }
        counts
    }

    fn is_binary(&self) -> bool {
        self.lone_cr > 0 || self.nul > 0 || self.printable >> 7 < self.nonprintable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str, eol: &str, settings: LineEndSettings) -> LineEnds {
        LineEnds::of(settings, LineEndAttributes { text, crlf: "unspecified", eol })
    }

    #[test]
    fn an_attribute_wins_over_the_settings() {
        let on = LineEndSettings { auto: AutoCrlf::On, is_crlf: false };
        let none = "unspecified";
        assert_eq!(ends(none, none, on), LineEnds::CrlfIfText);
        assert_eq!(ends("unset", "crlf", on), LineEnds::Keep);
        assert_eq!(ends(none, "lf", on), LineEnds::Keep);
        assert_eq!(ends("set", none, on), LineEnds::Crlf);
        assert_eq!(ends(none, "crlf", LineEndSettings::default()), LineEnds::Crlf);
        assert_eq!(ends("auto", "crlf", LineEndSettings::default()), LineEnds::CrlfIfText);
    }

    #[test]
    fn what_is_stored_is_checked_out_as_it_was_wanted() {
        for ends in [LineEnds::Keep, LineEnds::Crlf, LineEnds::CrlfIfText] {
            for wanted in ["", "a\r\nb\r\n", "a\nb\n", "a", "a\r\nb\n", "a\rb\r\n"] {
                if let Some(stored) = ends.store(b"a\n", wanted.as_bytes()) {
                    assert_eq!(ends.check_out(stored), wanted.as_bytes(), "{ends:?} {wanted:?}");
                }
            }
        }
        assert_eq!(LineEnds::Crlf.store(b"a\n", b"a\r\nb\r\n").unwrap(), b"a\nb\n");
        assert_eq!(LineEnds::Crlf.store(b"a\r\n", b"b\r\n").unwrap(), b"b\r\n");
        assert_eq!(LineEnds::Keep.store(b"a\n", b"a\r\n").unwrap(), b"a\r\n");
        assert_eq!(LineEnds::Crlf.store(b"a\n", b"a\nb\n"), None);
    }
}
