//! Access to the files that a tool saw.

/// The files that a tool saw, for turning its columns into code points and its modules into paths.
pub trait SourceFiles {
    /// A file of the snapshot; none if there is no such file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The files of the snapshot, relative to the project, with `/`, in any order.
    fn paths(&self) -> Vec<String>;
}
