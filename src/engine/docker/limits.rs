//! The limits of a container, and how it is known that one was exceeded.
//!
//! The engine limits memory and processes itself. The launcher reads from inside which limits were
//! hit, and prints it before its last line; the engine knows about memory as well.

use super::argv::Container;
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

    /// Whether a process of a container was killed because memory ran out, according to the engine.
    /// The container may be gone already.
    pub(super) fn ran_out_of_memory(&self, container: &Container) -> bool {
        let filter = format!("container={}", container.name);
        // Without an end, the command would wait for further events.
        let args = ["events", "--since", "24h", "--until", "0s", "--filter", &filter];
        let args = args.into_iter().chain(["--filter", "event=oom", "--format", "{{.Action}}"]);
        self.call(args).is_ok_and(|output| output.code == 0 && !output.stdout.is_empty())
    }

    /// The same for a container that still exists.
    pub(super) fn was_killed_for_memory(&self, container: &Container) -> bool {
        let inspect = ["container", "inspect", "--format", "{{.State.OOMKilled}}", &container.name];
        self.call(inspect).is_ok_and(|output| text(&output.stdout) == "true")
    }
}
