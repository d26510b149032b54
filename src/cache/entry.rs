//! Values in bytes that say whether they are whole.
//!
//! Owns the one form of everything that is kept: a hash over the code that wrote it, what it is
//! said to be, and its content. It must not know what is kept. Bytes that were cut, changed, written
//! by other code or put in another one's place are no value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::CODE;
use crate::hash::{Hash, HashBuilder};

/// The length of a hash and of the length of what follows.
const HEAD: usize = 32 + 8;

/// The bytes of a value that is said to be `what`.
pub(crate) fn seal(what: &str, value: &impl Serialize) -> Vec<u8> {
    // Nothing that is kept has a form that cannot be written.
    let content = postcard::to_stdvec(value).unwrap_or_default();
    let mut bytes = Vec::with_capacity(HEAD + content.len());
    bytes.extend_from_slice(hash(what, &content).as_ref());
    bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&content);
    bytes
}

/// The value at the front of some bytes, if it is whole and `what` it is said to be, and the bytes
/// behind it.
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
    fn only_what_is_whole_and_in_its_place_is_a_value() {
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
