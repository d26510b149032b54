//! Counts, for Python.
