//! Requirements of packages from an index, such as `httpx[http2]>=0.28; python_version < "3.13"`.
//!
//! The name, the extras and the versions are taken apart. Markers are passed on to pip or uv as they
//! are written.

use crate::version::VersionRange;

/// The parts of a requirement.
pub(crate) struct Requirement<'a> {
    /// As it is written, which may differ from the normalised name.
    pub(crate) name: &'a str,
    /// As they are written.
    pub(crate) extras: Vec<String>,
    /// The text between the name and the marker, which may have options behind it.
    versions: &'a str,
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
        let versions = rest.split(';').next().unwrap_or_default().trim();
        fits.then_some(Requirement { name, extras, versions })
    }

    /// The accepted versions; none if every version is accepted or if they are malformed.
    pub(crate) fn range(&self) -> Option<VersionRange> {
        VersionRange::parse(self.versions.trim_start_matches('(').trim_end_matches(')'))
    }

    /// Whether the text between the name and the marker is a range of versions, or empty.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.versions.is_empty() || self.range().is_some()
    }
}

/// Whether a file has a list of requirements, by its name: `requirements-dev.txt`, `constraints.txt`.
pub(crate) fn is_requirements_file(name: &str) -> bool {
    name.ends_with(".txt") && (name.contains("requirements") || name.contains("constraints"))
}

/// The name of a package as an index compares it: `Ruamel_YAML[x]` and `ruamel.yaml` are the same.
#[must_use]
pub(crate) fn normalize(name: &str) -> String {
    let mut normalized = String::new();
    for c in name.split('[').next().unwrap_or_default().trim().chars() {
        match c {
            '-' | '_' | '.' if normalized.ends_with('-') => {}
            '-' | '_' | '.' => normalized.push('-'),
            c => normalized.push(c.to_ascii_lowercase()),
        }
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_a_requirement_are_a_range() {
        let range = |text| Requirement::parse(text).unwrap().range();
        for text in ["a==2.6", "a (==2.6)", "a[b] == 2.6 ; os_name == 'nt'"] {
            assert_eq!(range(text).unwrap().exact().as_deref(), Some("2.6"), "{text}");
        }
        assert_eq!(range("types-requests"), None);
        for (text, is_well_formed) in
            [("a", true), ("a; os_name == 'nt'", true), ("a==", false), ("a>=2 --hash=x", false)]
        {
            let requirement = Requirement::parse(text).unwrap();
            assert_eq!(requirement.is_well_formed(), is_well_formed, "{text}");
        }
    }

    #[test]
    fn names_are_compared_as_an_index_does() {
        for name in ["Ruamel_YAML", "ruamel.yaml", "ruamel--yaml[jinja2]"] {
            assert_eq!(normalize(name), "ruamel-yaml");
        }
    }
}
