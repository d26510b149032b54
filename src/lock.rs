//! Locks: all packages of an environment, pinned by version and hash.
//!
//! A lock is installed while an image is built, with access to the network. It therefore contains
//! nothing but pinned and hashed requirements: an option, a URL, a path or a version range could install
//! code that was never reviewed.

mod pythons;

use crate::hash::{Hash, HashBuilder};

pub use pythons::PythonRange;

/// The pinned packages of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The packages, in the order of the file.
    pub packages: Vec<Package>,
    /// The versions of Python that they support, as the header says.
    pub pythons: PythonRange,
}

/// A pinned package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name, as the lock spells it.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The condition under which it is installed, such as `python_full_version < "3.11"`.
    pub marker: Option<String>,
    /// The allowed hashes of its files, such as `sha256:…`, sorted.
    pub hashes: Vec<String>,
}

/// The error of a lock that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct LockError {
    /// The 1-based line.
    pub line: usize,
    /// The error.
    pub message: String,
}

impl Lock {
    /// Parses a lock.
    ///
    /// # Errors
    ///
    /// When a line is not a pinned package with at least one SHA-256.
    pub fn parse(text: &str) -> Result<Lock, LockError> {
        for (index, line) in text.split('\n').enumerate() {
            if let Some(c) = line.trim_end_matches('\r').chars().find(|c| ends_a_line(*c)) {
                let message = format!("the character U+{:04X} could end a line", u32::from(c));
                return Err(LockError { line: index + 1, message });
            }
        }
        let packages = logical_lines(text)
            .into_iter()
            .map(|(line, text)| parse_package(&text).map_err(|message| LockError { line, message }))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Lock { packages, pythons: PythonRange::read(text) })
    }

    /// The requirements for the installer. They are written again from the parsed packages, so that the
    /// installer reads nothing that was not checked here.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |package: &Package| {
            let marker = package.marker.as_ref().map(|marker| format!(" ; {marker}"));
            let hashes: String =
                package.hashes.iter().map(|hash| format!(" --hash={hash}")).collect();
            let Package { name, version, .. } = package;
            format!("{name}=={version}{}{hashes}\n", marker.unwrap_or_default())
        };
        self.packages.iter().map(line).collect()
    }

    /// The version of a package, if the lock has it.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&str> {
        self.packages.iter().find(|package| package.name == name).map(|package| &*package.version)
    }

    /// The hash of the packages, independent of comments and order.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut packages: Vec<&Package> = self.packages.iter().collect();
        packages.sort_by_key(|package| (&package.name, &package.version, &package.marker));
        packages
            .iter()
            .fold(HashBuilder::new("lock"), |recipe, package| {
                recipe
                    .with(&package.name)
                    .with(&package.version)
                    .with(package.marker.as_deref().unwrap_or_default())
                    .with_all(package.hashes.iter())
            })
            .hash()
    }
}

/// Joins continued lines and removes comments. Each line has the number of its first part.
pub(crate) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, raw) in text.lines().enumerate() {
        let uncommented = if raw.trim_start().starts_with('#') {
            ""
        } else {
            raw.split(" #").next().unwrap_or_default()
        };
        let trimmed = uncommented.trim();
        let (content, continues) = match trimmed.strip_suffix('\\') {
            Some(content) => (content.trim_end(), true),
            None => (trimmed, false),
        };
        let (line, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        joined.push(' ');
        joined.push_str(content);
        if continues {
            open = Some((line, joined));
        } else if !joined.trim().is_empty() {
            lines.push((line, joined.trim().to_owned()));
        }
    }
    lines.extend(open);
    lines
}

fn parse_package(line: &str) -> Result<Package, String> {
    let mut words = line.split_whitespace().peekable();
    let mut requirement = Vec::new();
    while let Some(word) = words.next_if(|word| !word.starts_with("--")) {
        requirement.push(word);
    }
    let mut hashes = words
        .map(|word| match word.strip_prefix("--hash=") {
            Some(hash) if is_sha256(hash) => Ok(hash.to_owned()),
            Some(hash) => Err(format!("`{hash}` is not a SHA-256")),
            None => Err(format!("unexpected option `{word}`: a lock contains only packages")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    hashes.sort();
    let requirement = requirement.join(" ");
    let (pin, marker) = match requirement.split_once(';') {
        Some((pin, marker)) => (pin.trim(), Some(marker.trim().to_owned())),
        None => (requirement.as_str(), None),
    };
    let (name, version) =
        pin.split_once("==").ok_or_else(|| format!("`{pin}` is not pinned with `==`"))?;
    let (name, version) = (name.trim(), version.trim());
    if !is_name(name) || !is_plain(version) {
        return Err(format!("`{pin}` is not a name with one version"));
    }
    if let Some(marker) = marker.as_deref().filter(|marker| !is_marker(marker)) {
        return Err(format!("invalid marker `{marker}`"));
    }
    if hashes.is_empty() {
        return Err(format!("`{pin}` has no `--hash=sha256:…`"));
    }
    Ok(Package { name: name.to_owned(), version: version.to_owned(), marker, hashes })
}

/// Whether pip, which splits lines as Python does, ends a line at this character.
fn ends_a_line(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a text is a name, with or without extras, such as `black[jupyter,d]`.
fn is_name(text: &str) -> bool {
    match text.split_once('[') {
        None => is_plain(text),
        Some((name, extras)) => extras.strip_suffix(']').is_some_and(|extras| {
            is_plain(name.trim_end()) && extras.split(',').all(|extra| is_plain(extra.trim()))
        }),
    }
}

/// Whether a text is a name or a version, without characters of a URL, a path or a range.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_+!".contains(c))
}

/// Whether a text has only characters of a condition on the environment.
fn is_marker(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " _.-+*<>=!~(),'\"".contains(c))
}

fn is_sha256(hash: &str) -> bool {
    hash.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn refused(text: &str) -> LockError {
        Lock::parse(text).unwrap_err()
    }

    #[test]
    fn a_pinned_package_with_hashes_is_read() {
        let text = format!(
            "# by uv\nastroid==4.3.4 ; python_version < \"4\" \\\n    --hash={HASH} \\\n    --hash={HASH}\n    # via pylint\n"
        );
        let lock = Lock::parse(&text).unwrap();
        assert_eq!(lock.version("astroid"), Some("4.3.4"));
        assert_eq!(lock.packages[0].marker.as_deref(), Some("python_version < \"4\""));
        assert_eq!(lock.packages[0].hashes.len(), 2);
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        for (line, word) in [
            ("--index-url https://example.test/simple", "option"),
            ("-r other.txt", "not pinned"),
            ("black>=26", "not pinned"),
            ("black @ https://example.test/black.whl", "not pinned"),
            ("./local", "not pinned"),
            ("black==26.10.1", "no `--hash"),
            ("black==26.*", "one version"),
            ("six[a] @ https://example.test/six-1.17.0.tar.gz#==1.17.0", "one version"),
            ("six[a==1.0", "one version"),
            ("six==1.0 ; sys_platform == `x`", "marker"),
        ] {
            let error = refused(&format!("# a comment\n{line}\n"));
            assert_eq!(error.line, 2, "{line}");
            assert!(error.message.contains(word), "{line}: {error}");
        }
        assert!(refused(&format!("black==1 --hash={HASH} --pre")).message.contains("option"));
        assert!(refused("black==1 --hash=md5:1").message.contains("SHA-256"));
    }

    #[test]
    fn characters_that_end_a_line_for_pip_are_refused() {
        for c in ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{85}', '\u{2028}', '\u{2029}'] {
            let text = format!("a==1 --hash={HASH}\n# note{c}--index-url https://example.test\n");
            assert_eq!(refused(&text).line, 2, "{c:?}");
        }
        assert!(Lock::parse(&format!("a==1 --hash={HASH}\r\n")).is_ok());
    }

    #[test]
    fn the_installer_gets_exactly_the_parsed_packages() {
        let text = format!("# by uv\nb[x]==2 ; os_name == 'nt' \\\n    --hash={HASH} # why\n");
        let lock = Lock::parse(&text).unwrap();
        assert_eq!(lock.text(), format!("b[x]==2 ; os_name == 'nt' --hash={HASH}\n"));
        assert_eq!(Lock::parse(&lock.text()), Ok(lock));
    }

    #[test]
    fn comments_and_order_do_not_change_the_hash_and_packages_do() {
        let parse = |text: &str| Lock::parse(text).unwrap().hash();
        let one = parse(&format!("a==1 --hash={HASH}\nb==2 --hash={HASH}\n"));
        let other = parse(&format!("# note\nb==2 --hash={HASH}\n\na==1 --hash={HASH} # why\n"));
        assert_eq!(one, other);
        assert_ne!(one, parse(&format!("a==1 --hash={HASH}\nb==3 --hash={HASH}\n")));
    }
}
