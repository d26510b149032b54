//! A configuration whose every value may be absent.

/// What one place (a file, the environment, the flags) says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Layer {}
