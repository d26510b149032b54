//! The environments that checks run in.
//!
//! A plan names an environment by its specification. A [`Recipe`] holds the files that it is built
//! from, as read from the project. An engine, or what is remembered of one, resolves the recipe to
//! the hash that is part of a check's fingerprint.

pub mod base_lock;
pub mod python;
pub mod recipe;
pub mod remembered;
mod resolved;
pub mod rust;
mod satisfaction;
mod tool_python;

pub use base_lock::{BaseLock, BaseLockError, LockedBase};
pub use python::Probe;
pub use recipe::{Recipe, RecipeError};
pub use resolved::{ResolvedEnvironment, predict};
pub use rust::RustRecipe;
pub use tool_python::{choose_pythons, target};
