//! Seals values so that a damaged or misplaced one is detected.
//!
//! Every cached value is preceded by a hash over the code that wrote it, the name it was written
//! under, and its content. Bytes that were cut, changed, written by other code or moved to another
//! name yield no value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::CODE;
use crate::hash::{Hash, HashBuilder};

/// The length of the hash and of the content's length.
const HEAD: usize = 32 + 8;

/// Seals a value under the name `what`.
pub(crate) fn seal(what: &str, value: &impl Serialize) -> Vec<u8> {
    // No cached type fails to serialise.
    let content = postcard::to_stdvec(value).unwrap_or_default();
    let mut bytes = Vec::with_capacity(HEAD + content.len());
    bytes.extend_from_slice(hash(what, &content).as_ref());
    bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&content);
    bytes
}

/// Opens the value at the front of some bytes, if it is intact and was sealed under the name
/// `what`, and returns it with the bytes after it.
pub(crate) fn open<'a, T: DeserializeOwned>(what: &str, bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (sealed, length) = head.split_at(32);
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (content, rest) = rest.split_at_checked(length)?;
    if hash(what, content).as_ref() != sealed {
        return None;
    }
    Some((postcard::from_bytes(content).ok()?, rest))
}

fn hash(what: &str, content: &[u8]) -> Hash {
    HashBuilder::new("sealed").with(CODE).with(what).with(content).hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_intact_value_under_its_own_name_opens() {
        let bytes = [seal("a number", &7_u32), b"rest".to_vec()].concat();
        assert_eq!(open::<u32>("a number", &bytes), Some((7, &b"rest"[..])));
        assert_eq!(open::<u32>("another", &bytes), None);
        let whole = bytes.len() - 4;
        for length in 0..whole {
            assert_eq!(open::<u32>("a number", &bytes[..length]), None);
        }
        for at in 0..whole {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(open::<u32>("a number", &changed), None, "{at}");
        }
    }
}
