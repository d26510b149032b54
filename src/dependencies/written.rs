//! Our locks as files.
//!
//! Owns how one is written down, and how it is known later what it was made from. Must not know
//! where it is; [`crate::scaffold`] and [`crate::update`] write it.

use crate::hash::{Hash, HashBuilder};
use crate::lock::{Lock, Package};
use crate::template;

/// Where a lock's packages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Other locks, which are all that says what is in it.
    Lock(String),
    /// Requirements that `cargo pipe update NAME` resolves.
    Requirements {
        /// What it is updated by.
        name: String,
        /// The files that say them.
        files: String,
        /// All that the answer depends on, besides the day it was asked for.
        asked: Hash,
    },
}

const CHECKED: &str = "Without a hash for each file that is installed, a line is refused.";

/// The whole text of a lock.
#[must_use]
pub fn text(lock: &Lock, from: &From) -> String {
    let (whence, moved) = match from {
        From::Lock(file) => (format!("the packages of {file}"), "sync".to_owned()),
        From::Requirements { name, files, asked } => {
            (format!("what {files} asks for ({})", asked.short()), format!("update {name}"))
        }
    };
    let mut body =
        format!("# For every platform: {whence}.\n# `cargo pipe {moved}` moves these pins.\n");
    lock.packages.iter().for_each(|package| body.push_str(&lines(package)));
    template::seal(template::VERSION, CHECKED, &body)
}

fn lines(package: &Package) -> String {
    let Package { name, version, marker, hashes } = package;
    let marker = marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
    let hashes: String = hashes.iter().map(|hash| format!(" \\\n    --hash={hash}")).collect();
    format!("{name}=={version}{marker}{hashes}\n")
}

/// What requirements ask for: all that their resolution depends on.
#[must_use]
pub fn asked(requirements: &[String], python: &str, from_source: &[String]) -> Hash {
    HashBuilder::new("requirements")
        .with_all(requirements.iter())
        .with(python)
        .with_all(from_source.iter())
        .hash()
}

/// Whether a lock was made from what asks for this.
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
