//! Hashes, and the builder that hashes several values unambiguously.
//!
//! Everything that is recognised by its content is recognised by a [`struct@Hash`]. [`HashBuilder`]
//! writes values so that two different lists never have the same bytes.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the rules by which values are written and fingerprints computed.
pub const VERSION: &str = "cargo-pipe/fingerprint/1";

/// A BLAKE3 hash, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of some bytes as they are.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Hash(*blake3::hash(bytes).as_bytes())
    }

    /// The first 16 digits, enough for a screen or a file name.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        formatter.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({})", self.short())
    }
}

/// Digits in a human-readable format; otherwise raw bytes, because the cache stores many hashes.
impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => serializer.serialize_bytes(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => Hash::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom),
            false => <&[u8]>::deserialize(deserializer)?
                .try_into()
                .map(Hash)
                .map_err(|_| D::Error::custom("expected a hash of 32 bytes")),
        }
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(format!("invalid hash `{text}`: expected 64 hexadecimal digits"));
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|error| error.to_string())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|error| error.to_string())?;
        }
        Ok(Hash(bytes))
    }
}

/// Hashes bytes that arrive in pieces; the result is that of [`Hash::of`] over all of them.
#[derive(Clone, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Adds a piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }
}

/// Hashes a list of values, each preceded by its length.
#[derive(Clone)]
pub struct HashBuilder {
    hasher: blake3::Hasher,
    /// Bytes that are not hashed yet: hashing many small values together is much faster.
    pending: Vec<u8>,
}

/// How many bytes are hashed together.
const TOGETHER: usize = 64 * 1024;

impl HashBuilder {
    /// An empty builder for one kind of value.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        let builder = HashBuilder { hasher: blake3::Hasher::new(), pending: Vec::new() };
        builder.with(VERSION).with(kind)
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        self.add(value);
        self
    }

    /// Adds a value in place, for a loop over many values.
    pub fn add(&mut self, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        self.pending.extend_from_slice(&(value.len() as u64).to_le_bytes());
        if self.pending.len() + value.len() < TOGETHER {
            self.pending.extend_from_slice(value);
        } else {
            self.hasher.update(&self.pending);
            self.pending.clear();
            self.hasher.update(value);
        }
    }

    /// Adds a list, so that it differs from its values added one by one.
    #[must_use]
    pub fn with_all<T: AsRef<[u8]>>(mut self, values: impl ExactSizeIterator<Item = T>) -> Self {
        self.add((values.len() as u64).to_le_bytes());
        values.for_each(|value| self.add(value));
        self
    }

    /// The hash of all that was added.
    #[must_use]
    pub fn hash(mut self) -> Hash {
        Hash(*self.hasher.update(&self.pending).finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_its_values_with_their_lengths() {
        let (small, large) = (vec![1; 100], vec![2; TOGETHER]);
        let values = [&small, &large, &small, &small, &large, &large];
        let mut recipe = HashBuilder::new("kind");
        let mut written = Vec::new();
        for value in [VERSION.as_bytes(), b"kind"] {
            written.extend([&(value.len() as u64).to_le_bytes(), value].concat());
        }
        for value in values {
            recipe.add(value);
            written.extend([&(value.len() as u64).to_le_bytes(), value.as_slice()].concat());
        }
        assert_eq!(recipe.hash(), Hash::of(&written));
    }
}
