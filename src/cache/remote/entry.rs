//! The form of an entry on its way: a signed statement in one line, and then the compressed bytes of the
//! local entry.
//!
//! The statement is one of in-toto (<https://github.com/in-toto/attestation/tree/main/spec/v1>) in an
//! envelope of DSSE (<https://github.com/secure-systems-lab/dsse>). It names the key, the fingerprint and
//! the SHA-256 of what follows. Nothing of an entry is parsed or decompressed before its signature and
//! that hash are verified, apart from the envelope, whose size is limited.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::keys::{PublicKey, SigningKey};
use crate::cache::Key;
use crate::hash::Hash;

/// The size limit of an entry, in bytes.
pub(crate) const MAX_ENTRY: usize = 8 << 20;

/// The size limit of its envelope, in bytes.
const MAX_ENVELOPE: usize = 16 << 10;

/// The size limit of its content when it is decompressed, in bytes.
const MAX_CONTENT: usize = 64 << 20;

/// The level of compression: results are texts that compress well at any level.
const LEVEL: u8 = 3;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "urn:cargo-pipe:outcome:1";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digests,
}

#[derive(Serialize, Deserialize)]
struct Digests {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Predicate {
    fingerprint: Hash,
}

/// Signs an entry; none if it is too large.
pub(crate) fn sign(
    key: &Key,
    fingerprint: Hash,
    content: &[u8],
    signer: &SigningKey,
) -> Option<Vec<u8>> {
    let compressed = compress_to_vec(content, LEVEL);
    let statement = Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject {
            name: key.to_string(),
            digest: Digests { sha256: sha256(&compressed) },
        }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: Predicate { fingerprint },
    };
    let payload = serde_json::to_vec(&statement).ok()?;
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(&payload),
        signatures: vec![Signature { sig: STANDARD.encode(signer.sign(&signed_bytes(&payload))) }],
    };
    let mut entry = serde_json::to_vec(&envelope).ok()?;
    entry.push(b'\n');
    entry.extend_from_slice(&compressed);
    (entry.len() <= MAX_ENTRY && content.len() <= MAX_CONTENT).then_some(entry)
}

/// The content of an entry, if the owner of a believed key has signed it for this key.
pub(crate) fn open(key: &Key, entry: &[u8], believed: &[PublicKey]) -> Option<Vec<u8>> {
    let front = &entry[..entry.len().min(MAX_ENVELOPE)];
    let end = front.iter().position(|byte| *byte == b'\n')?;
    let (envelope, compressed) = (&entry[..end], &entry[end + 1..]);
    let envelope: Envelope = serde_json::from_slice(envelope).ok()?;
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let signed = signed_bytes(&payload);
    let is_believed = |signature: &Signature| {
        let signature = STANDARD.decode(&signature.sig).unwrap_or_default();
        believed.iter().any(|key| key.verifies(&signed, &signature))
    };
    if envelope.payload_type != PAYLOAD_TYPE || !envelope.signatures.iter().any(is_believed) {
        return None;
    }
    let statement: Statement = serde_json::from_slice(&payload).ok()?;
    let [subject] = statement.subject.as_slice() else { return None };
    let is_this = statement.kind == STATEMENT_TYPE
        && statement.predicate_type == PREDICATE_TYPE
        && subject.name == key.to_string()
        && Key::from_fingerprint(&statement.predicate.fingerprint) == *key
        && subject.digest.sha256 == sha256(compressed);
    if !is_this {
        return None;
    }
    decompress_to_vec_with_limit(compressed, MAX_CONTENT).ok()
}

/// The bytes that are signed: the pre-authentication encoding of DSSE.
fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let head =
        format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    [head.as_slice(), payload].concat()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
