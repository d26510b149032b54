//! The files that cargo pipe generates.
