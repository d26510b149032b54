//! Requirements of packages from an index, such as `httpx[http2]>=0.28; python_version < "3.13"`.
//!
//! Only the name and the extras are taken apart. Versions and markers are passed on to pip or uv as
//! they are written.

/// The name and the extras of a requirement.
pub(crate) struct Requirement<'a> {
    /// As it is written, which may differ from the normalised name.
    pub(crate) name: &'a str,
    /// As they are written.
    pub(crate) extras: Vec<String>,
}

impl<'a> Requirement<'a> {
    /// Parses a requirement. `None` if it is malformed, or names a path or a URL.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        let rest = rest.trim_start();
        let (extras, rest) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (extras, rest) = rest.split_once(']')?;
                (
                    extras.split(',').map(|extra| extra.trim().to_owned()).collect(),
                    rest.trim_start(),
                )
            }
            None => (Vec::new(), rest),
        };
        let is_open = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', '(', ';']);
        // Options of a line begin with two dashes.
        let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && (is_open || rest.starts_with("--"));
        fits.then_some(Requirement { name, extras })
    }
}
