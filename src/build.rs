//! Hashes the sources of the library, because the cache serves no result that other code made.
//!
//! The hash has to be the same with every compiler, so that two builds of one version share a cache;
//! `DefaultHasher` does not promise that. It is FNV-1a, which needs no crate: BLAKE3 as a build
//! dependency adds 1.4 s of processor time to every first build, and 0.1 s to each one after a change
//! of the sources. `src/cache/key.rs` reads the result.

use std::fs;
use std::path::{Path, PathBuf};

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

fn main() {
    let mut files = Vec::new();
    for folder in ["src", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
        list(Path::new(folder), &mut files);
    }
    files.sort();
    let mut hash = OFFSET_BASIS;
    for file in files {
        let content = fs::read(&file).unwrap_or_default();
        // The length keeps apart where a file ends and the next begins.
        hash = fnv1a(hash, file.as_os_str().as_encoded_bytes());
        hash = fnv1a(hash, &(content.len() as u64).to_le_bytes());
        hash = fnv1a(hash, &content);
    }
    println!("cargo::rustc-env=PIPE_CODE={hash:016x}");
}

/// Goes on with a hash (<https://datatracker.ietf.org/doc/draft-eastlake-fnv>).
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}
