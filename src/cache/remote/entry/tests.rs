use super::*;
use crate::cache::remote::keys;

const CONTENT: &[u8] = b"the bytes of a local entry, the bytes of a local entry";

fn signer() -> SigningKey {
    SigningKey::parse(&keys::generate().unwrap()).unwrap()
}

fn key(fingerprint: &[u8]) -> (Key, Hash) {
    let fingerprint = Hash::of(fingerprint);
    (Key::from_fingerprint(&fingerprint), fingerprint)
}

fn signed(fingerprint: &[u8], signer: &SigningKey) -> (Key, Vec<u8>) {
    let (key, fingerprint) = key(fingerprint);
    (key, sign(&key, fingerprint, CONTENT, signer).unwrap())
}

#[test]
fn an_entry_of_a_believed_key_is_believed_under_its_own_key_alone() {
    let (signer, other) = (signer(), signer());
    let (own, entry) = signed(b"one", &signer);
    let believed = [other.public_key(), signer.public_key()];
    assert_eq!(open(&own, &entry, &believed).as_deref(), Some(CONTENT));
    assert_eq!(open(&key(b"two").0, &entry, &believed), None, "replayed under another key");
    assert_eq!(open(&own, &entry, &[other.public_key()]), None, "signed by another key");
    assert_eq!(open(&own, &entry, &[]), None);
}

#[test]
fn a_statement_of_another_fingerprint_than_that_of_the_key_is_not_believed() {
    let signer = signer();
    let (own, _) = key(b"one");
    let entry = sign(&own, Hash::of(b"two"), CONTENT, &signer).unwrap();
    assert_eq!(open(&own, &entry, &[signer.public_key()]), None);
}

/// An envelope around this statement, with a signature over other bytes of this type.
fn envelope(payload: &[u8], kind: &str, signature: &[u8]) -> Vec<u8> {
    let envelope = Envelope {
        payload_type: kind.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![Signature { sig: STANDARD.encode(signature) }],
    };
    serde_json::to_vec(&envelope).unwrap()
}

#[test]
fn a_signature_over_something_else_is_not_believed() {
    let signer = signer();
    let (own, entry) = signed(b"one", &signer);
    let end = entry.iter().position(|byte| *byte == b'\n').unwrap();
    let original: Envelope = serde_json::from_slice(&entry[..end]).unwrap();
    let payload = STANDARD.decode(original.payload).unwrap();
    let with = |envelope: Vec<u8>| [envelope.as_slice(), &entry[end..]].concat();
    let believed = [signer.public_key()];
    let signature = signer.sign(&signed_bytes(&payload));
    let right = with(envelope(&payload, PAYLOAD_TYPE, &signature));
    assert!(open(&own, &right, &believed).is_some());
    let raw = with(envelope(&payload, PAYLOAD_TYPE, &signer.sign(&payload)));
    assert_eq!(open(&own, &raw, &believed), None, "signed without its type");
    let other_type = with(envelope(&payload, "text/plain", &signature));
    assert_eq!(open(&own, &other_type, &believed), None);
    let changed = String::from_utf8(payload).unwrap().replace("outcome:1", "outcome:2");
    let unsigned = with(envelope(changed.as_bytes(), PAYLOAD_TYPE, &signature));
    assert_eq!(open(&own, &unsigned, &believed), None);
    let other_kind = signer.sign(&signed_bytes(changed.as_bytes()));
    let signed = with(envelope(changed.as_bytes(), PAYLOAD_TYPE, &other_kind));
    assert_eq!(open(&own, &signed, &believed), None, "a statement about something else");
}

#[test]
fn what_would_decompress_without_an_end_is_limited() {
    let signer = signer();
    let (own, fingerprint) = key(b"one");
    let bomb = vec![0; MAX_CONTENT + 1];
    assert_eq!(sign(&own, fingerprint, &bomb, &signer), None);
    let largest = sign(&own, fingerprint, &bomb[1..], &signer).unwrap();
    assert_eq!(open(&own, &largest, &[signer.public_key()]).map(|it| it.len()), Some(MAX_CONTENT));
}

/// 10,000 entries that are altered, cut, put together from two others, signed by another key, or made up.
#[test]
fn an_altered_planted_or_unsigned_entry_is_never_believed() {
    let (signer, stranger) = (signer(), signer());
    let believed = [signer.public_key()];
    let (own, entry) = signed(b"one", &signer);
    let (_, other) = signed(b"two", &signer);
    let (_, strange) = signed(b"one", &stranger);
    let mut random = fastrand::Rng::with_seed(25);
    for turn in 0..10_000 {
        let mut planted = entry.clone();
        match turn % 6 {
            0 => {
                let at = random.usize(..planted.len());
                planted[at] ^= 1 << random.u8(..8);
            }
            1 => planted.truncate(random.usize(..planted.len())),
            2 => {
                let at = random.usize(1..planted.len() - 1);
                planted.truncate(at);
                planted.extend_from_slice(&other[at.min(other.len())..]);
                if planted == entry {
                    continue;
                }
            }
            3 => {
                planted = strange.clone();
                let at = random.usize(..planted.len());
                planted.truncate(at);
                planted.extend_from_slice(&strange[at..]);
            }
            4 => planted = (0..random.usize(..2_000)).map(|_| random.u8(..)).collect(),
            _ => {
                let at = random.usize(..planted.len());
                planted.insert(at, random.u8(..));
            }
        }
        let opened = open(&own, &planted, &believed);
        // JSON allows blanks and some spare bits of base64: the content is the signed one even then.
        assert!(opened.is_none() || opened.as_deref() == Some(CONTENT), "turn {turn}");
        if matches!(turn % 6, 1 | 3 | 4) {
            assert_eq!(opened, None, "turn {turn}");
        }
    }
}
