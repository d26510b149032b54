//! Maps pylint's module names to files.
//!
//! pylint names a module by its path below the first parent folder that is not a package. The names
//! place the messages that pylint itself attributes to the file that it happened to read last.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::SourceFiles;

/// The files with each module name.
pub(super) struct Modules {
    paths: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    /// Every Python file of the snapshot.
    pub(super) fn new(sources: &dyn SourceFiles) -> Self {
        let files: BTreeSet<String> = sources.paths().into_iter().collect();
        let mut modules = Modules { paths: BTreeMap::new() };
        for file in &files {
            // A stub next to its source has the same name, and pylint reports on the source.
            let stub = file.strip_suffix(".pyi");
            let shadowed = stub.is_some_and(|stem| files.contains(&format!("{stem}.py")));
            if let Some(name) = module_name(file, &files).filter(|_| !shadowed) {
                modules.add(&name, file);
            }
        }
        modules
    }

    /// Adds a name that pylint itself gave to a file.
    pub(super) fn add(&mut self, name: &str, path: &str) {
        let paths = self.paths.entry(name.to_owned()).or_default();
        paths.insert(path.to_owned());
    }

    /// The files with this name, sorted; more than one where folders are not packages.
    pub(super) fn paths(&self, name: &str) -> impl Iterator<Item = &str> {
        self.paths.get(name).into_iter().flatten().map(String::as_str)
    }
}

fn module_name(file: &str, files: &BTreeSet<String>) -> Option<String> {
    let stem = file.strip_suffix(".py").or(file.strip_suffix(".pyi"))?;
    let parts: Vec<&str> = stem.split('/').collect();
    let is_package = |folder: &[&str]| {
        let folder = folder.join("/");
        files.contains(&format!("{folder}/__init__.py"))
            || files.contains(&format!("{folder}/__init__.pyi"))
    };
    let mut start = parts.len() - 1;
    while start > 0 && is_package(&parts[..start]) {
        start -= 1;
    }
    let name = parts[start..].join(".");
    Some(name.strip_suffix(".__init__").unwrap_or(&name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_from_its_outermost_package() {
        let files =
            ["src/a.py", "src/p/__init__.py", "src/p/q/__init__.pyi", "src/p/q/b.py", "c.py"];
        let files = BTreeSet::from(files.map(str::to_owned));
        let named = |file: &str| module_name(file, &files);
        assert_eq!(named("src/a.py").as_deref(), Some("a"));
        assert_eq!(named("src/p/__init__.py").as_deref(), Some("p"));
        assert_eq!(named("src/p/q/b.py").as_deref(), Some("p.q.b"));
        assert_eq!(named("src/n/d.py").as_deref(), Some("d"));
        assert_eq!(named("c.py").as_deref(), Some("c"));
        assert_eq!(named("c.txt"), None);
        let files = BTreeSet::from(["p/__init__.py".to_owned()]);
        assert_eq!(module_name("p/a.py", &files).as_deref(), Some("p.a"));
    }
}
