//! How snapshots get into containers.
