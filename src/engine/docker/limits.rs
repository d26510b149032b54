//! The limits of a container, and how it is known that one was exceeded.
//!
//! The engine limits memory and processes itself. The launcher reads from inside which limits were
//! hit, and prints it before its last line; the engine knows about memory as well.

use super::{Docker, text};
use crate::engine::limits::total_memory;
use crate::limits::{ByteSize, memory_on_machine};

impl Docker<'_> {
    /// The limit of a container's memory: that of its check, or less on a small machine. None for
    /// an engine that cannot limit it.
    pub(super) fn memory_limit(&self, wanted: ByteSize) -> Option<ByteSize> {
        if !self.limits_memory {
            self.note(
                "podman cannot limit the memory of a check: the cgroup of this user lacks the \
                 controller `memory`"
                    .to_owned(),
            );
            return None;
        }
        let Some(here) = total_memory() else {
            return Some(wanted);
        };
        if memory_on_machine(wanted, here).1.is_none() {
            return Some(wanted);
        }
        // The engine may be on a larger machine.
        let output = self.call(["info", "--format", self.dialect.memory_total()]).ok();
        let total =
            output.and_then(|output| text(&output.stdout).parse().ok()).map_or(here, ByteSize);
        let (limit, warning) = memory_on_machine(wanted, total);
        if let Some(warning) = warning {
            self.note(warning);
        }
        Some(limit)
    }
}
