//! Writes generated files.
