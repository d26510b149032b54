//! The keys that sign entries, and those whose entries are believed: Ed25519.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// The start of a public key in a text.
const PUBLIC: &str = "ed25519:";

/// The start of a private key in a text.
const PRIVATE: &str = "ed25519-private:";

/// The length of both kinds of keys, in bytes.
const LENGTH: usize = 32;

/// A key whose entries are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; LENGTH]);

impl PublicKey {
    /// Reads a key such as `ed25519:…`.
    pub(crate) fn parse(text: &str) -> Option<PublicKey> {
        decode(text, PUBLIC).map(PublicKey)
    }

    /// Whether the owner of the key has signed a message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PUBLIC}{}", STANDARD.encode(self.0))
    }
}

/// A key that signs entries. It is never shown.
pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a key such as `ed25519-private:…`.
    pub(crate) fn parse(text: &str) -> Option<SigningKey> {
        let seed = decode(text, PRIVATE)?;
        Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(SigningKey)
    }

    /// The public key that belongs to it.
    pub(crate) fn public_key(&self) -> PublicKey {
        let mut key = [0; LENGTH];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// Makes a private key, as a text; none if the system has no random numbers.
pub(crate) fn generate() -> Option<String> {
    let mut seed = [0; LENGTH];
    SystemRandom::new().fill(&mut seed).ok()?;
    Some(format!("{PRIVATE}{}", STANDARD.encode(seed)))
}

fn decode(text: &str, start: &str) -> Option<[u8; LENGTH]> {
    STANDARD.decode(text.trim().strip_prefix(start)?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_belongs_to_its_key_and_its_message() {
        let [one, other] =
            [generate(), generate()].map(|text| SigningKey::parse(&text.unwrap()).unwrap());
        let signature = one.sign(b"message");
        assert!(one.public_key().verifies(b"message", &signature));
        assert!(!one.public_key().verifies(b"another", &signature));
        assert!(!other.public_key().verifies(b"message", &signature));
    }

    #[test]
    fn a_key_is_read_as_it_is_written_and_never_taken_for_the_other_kind() {
        let private = generate().unwrap();
        let public = SigningKey::parse(&private).unwrap().public_key();
        assert_eq!(PublicKey::parse(&format!(" {public}\n")), Some(public));
        assert_eq!(PublicKey::parse(&private), None);
        assert!(SigningKey::parse(&public.to_string()).is_none());
        for text in ["", "ed25519:", "ed25519:AAAA", "ed25519:?", "AAAA"] {
            assert_eq!(PublicKey::parse(text), None, "{text}");
        }
    }
}
