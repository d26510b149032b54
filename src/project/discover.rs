//! Finds the project that a folder belongs to.
