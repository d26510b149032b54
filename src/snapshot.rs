//! Copies exactly the files that a check may see.
