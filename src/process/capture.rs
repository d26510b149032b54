//! Captures the output of a program while it runs.
//!
//! A stream is always read to its end, so that its writer never waits. What exceeds the limit is
//! dropped, and the thread that waits for the program is woken once, to end it.

use std::io::{BufRead, BufReader, PipeReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use super::cancel::Wake;
use crate::limits::ByteSize;

/// The number of bytes that are kept of each stream if the program has no limit of its own.
pub(crate) const CAPTURE_LIMIT: u64 = 256 * 1024 * 1024;

/// The number of bytes of a line that are passed on as one line.
const LINE_LIMIT: u64 = 64 * 1024;

/// The number of bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// The limit of the output of a program, shared by both of its streams.
#[derive(Clone)]
pub(super) struct OutputLimit {
    limit: u64,
    read: Arc<AtomicU64>,
    wake: Sender<Wake>,
}

impl OutputLimit {
    pub(super) fn new(limit: ByteSize, wake: Sender<Wake>) -> Self {
        OutputLimit { limit: limit.0, read: Arc::default(), wake }
    }

    /// Whether the program has printed more than it may.
    pub(super) fn is_exceeded(&self) -> bool {
        self.read.load(Ordering::Relaxed) > self.limit
    }

    /// Counts bytes that were read, and returns how many of them are kept.
    fn count(&self, length: usize) -> usize {
        let length = length as u64;
        let before = self.read.fetch_add(length, Ordering::Relaxed);
        let kept = self.limit.saturating_sub(before).min(length);
        if kept < length && before <= self.limit {
            // The receiver may have ended already.
            let _ = self.wake.send(Wake::TooMuchOutput);
        }
        usize::try_from(kept).unwrap_or(usize::MAX)
    }
}

/// Reads a stream to its end, and returns as much of it as the limit allows.
pub(super) fn capture(mut pipe: PipeReader, limit: Option<&OutputLimit>) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        // An error ends the stream like its end does.
        let length = match pipe.read(&mut chunk) {
            Ok(0) => return kept,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return kept,
        };
        let allowed = match limit {
            Some(limit) => limit.count(length),
            None => {
                let left = CAPTURE_LIMIT.saturating_sub(kept.len() as u64);
                length.min(usize::try_from(left).unwrap_or(usize::MAX))
            }
        };
        kept.extend_from_slice(&chunk[..allowed]);
    }
}

/// The same, and passes on each line. A line that is too long is passed on in parts.
pub(super) fn capture_lines(pipe: PipeReader, wake: &Sender<Wake>) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while (&mut reader).take(LINE_LIMIT).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let _ = wake.send(Wake::Line(String::from_utf8_lossy(&line).trim_end().to_owned()));
        if (kept.len() + line.len()) as u64 <= CAPTURE_LIMIT {
            kept.append(&mut line);
        }
        line.clear();
    }
    kept
}
