//! Executes a plan.

mod cancel;

pub use cancel::Cancel;
