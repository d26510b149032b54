//! Access to the files that a tool checked.

/// The files that a tool checked, for converting its columns to code points and its modules to paths.
pub trait SourceFiles {
    /// Reads a file of the snapshot; none if it is missing.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The files of the snapshot, relative to the project, with `/`, in any order.
    fn paths(&self) -> Vec<String>;
}

/// A snapshot without files, for tests of parsers.
#[cfg(test)]
pub(crate) struct NoSources;

#[cfg(test)]
impl SourceFiles for NoSources {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn paths(&self) -> Vec<String> {
        Vec::new()
    }
}
