//! A run's off switch.

/// Stops a run, from any thread. Clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel {}

impl Cancel {
    /// Interrupts the run: every container and program of it is stopped. Doing it again does
    /// nothing more.
    pub fn interrupt(&self) {}
}
