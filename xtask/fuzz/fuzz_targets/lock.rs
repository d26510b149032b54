//! Fuzzes the reader of tool locks.
#![no_main]

use cargo_pipe::lock::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(lock) = Lock::parse(text) {
        assert!(lock.packages.iter().all(|package| !package.hashes.is_empty()));
    }
});
