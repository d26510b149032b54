//! The rule by which the content of a file is checked out, from the attributes of the file.

use super::StagedContent;
use crate::git::line_ends::{LineEndAttributes, LineEndSettings, LineEnds};

/// The attributes that decide how a content is checked out.
pub(super) const NAMES: [&str; 6] =
    ["text", "crlf", "eol", "filter", "ident", "working-tree-encoding"];

/// The rule by which a content is checked out.
#[derive(Debug)]
pub(super) enum CheckoutRule {
    /// Its line ends are converted.
    LineEnds {
        ends: LineEnds,
        /// Whether git replaces `$Id$` in it.
        has_ident: bool,
    },
    /// A program would convert it.
    Withhold(String),
}

impl CheckoutRule {
    /// The content stays as it is.
    pub(super) const KEEP: CheckoutRule =
        CheckoutRule::LineEnds { ends: LineEnds::Keep, has_ident: false };

    pub(super) fn check_out(&self, path: &str, content: &[u8]) -> StagedContent {
        match self {
            CheckoutRule::LineEnds { has_ident: true, .. }
                if content.windows(3).any(|part| part == b"$Id") =>
            {
                StagedContent::Withheld(format!("`{path}` has the attribute `ident`"))
            }
            CheckoutRule::LineEnds { ends, .. } => {
                StagedContent::Bytes(ends.check_out(content.to_owned()))
            }
            CheckoutRule::Withhold(why) => StagedContent::Withheld(why.clone()),
        }
    }

    pub(super) fn of(path: &str, settings: LineEndSettings, values: &[String]) -> CheckoutRule {
        let [text, crlf, eol, filter, ident, encoding] = values else {
            return CheckoutRule::Withhold(format!("the attributes of `{path}` are unknown"));
        };
        let is_named = |value: &str| !matches!(value, "unspecified" | "unset" | "set" | "");
        if is_named(filter) {
            return CheckoutRule::Withhold(format!("`{path}` has the filter `{filter}`"));
        }
        if is_named(encoding) && !encoding.eq_ignore_ascii_case("utf-8") {
            return CheckoutRule::Withhold(format!("`{path}` has the encoding `{encoding}`"));
        }
        let ends = LineEnds::of(settings, LineEndAttributes { text, crlf, eol });
        CheckoutRule::LineEnds { ends, has_ident: ident == "set" }
    }
}
