//! The file format of our locks.
//!
//! The header records the hash of the requirements, so that a later run recognises a stale lock.

use crate::hash::{Hash, HashBuilder};
use crate::lock::{Lock, Package};
use crate::template;

/// The source of a lock's packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Other lock files, which determine it completely.
    Lock(String),
    /// Requirements, which `cargo pipe update NAME` resolves.
    Requirements {
        /// The name of the lock.
        name: String,
        /// The files that contain them.
        files: String,
        /// The hash of everything that the resolution depends on, except its date.
        asked: Hash,
    },
}

const CHECKED: &str = "A line without a hash for each installed file is rejected.";

/// Renders the text of a lock.
#[must_use]
pub fn text(lock: &Lock, from: &From) -> String {
    let (whence, moved) = match from {
        From::Lock(file) => (format!("the packages of {file}"), "sync".to_owned()),
        From::Requirements { name, files, asked } => {
            (format!("resolved from {files} ({})", asked.short()), format!("update {name}"))
        }
    };
    let pythons = lock.pythons.header().unwrap_or_default();
    let mut body =
        format!("# For every platform: {whence}.\n{pythons}# Update with `cargo pipe {moved}`.\n");
    lock.packages.iter().for_each(|package| body.push_str(&lines(package)));
    template::seal(template::VERSION, CHECKED, &body)
}

fn lines(package: &Package) -> String {
    let Package { name, version, marker, hashes } = package;
    let marker = marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
    let hashes: String = hashes.iter().map(|hash| format!(" \\\n    --hash={hash}")).collect();
    format!("{name}=={version}{marker}{hashes}\n")
}

/// The hash of everything that a resolution depends on.
#[must_use]
pub fn asked(requirements: &[String], python: &str, from_source: &[String]) -> Hash {
    HashBuilder::new("requirements")
        .with_all(requirements.iter())
        .with(python)
        .with_all(from_source.iter())
        .hash()
}

/// Whether a lock was resolved from these requirements.
#[must_use]
pub fn answers(text: &str, asked: &Hash) -> bool {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let mark = format!("({}).", asked.short());
    head.into_iter().any(|line| line.ends_with(&mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "six==1.17.0 ; os_name == 'nt' \\\n    \
        --hash=sha256:1111111111111111111111111111111111111111111111111111111111111111\n";

    #[test]
    fn a_lock_that_was_written_is_read_again() {
        let lock = Lock::parse(LOCK).unwrap();
        let asked = asked(&["six".to_owned()], "3.13", &[]);
        let from = From::Requirements {
            name: "project".into(),
            files: "`requirements.txt`".into(),
            asked,
        };
        let text = text(&lock, &from);
        assert!(text.ends_with(LOCK), "{text}");
        assert_eq!(Lock::parse(&text), Ok(lock));
        assert_eq!(template::origin(&text), template::FileOrigin::Generated);
        assert!(answers(&text, &asked));
        for other in [
            super::asked(&["six>1".to_owned()], "3.13", &[]),
            super::asked(&["six".to_owned()], "3.12", &[]),
            super::asked(&["six".to_owned()], "3.13", &["six".to_owned()]),
        ] {
            assert!(!answers(&text, &other));
        }
    }
}
