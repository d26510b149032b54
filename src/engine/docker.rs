//! The engine behind the docker CLI.
