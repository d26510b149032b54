//! Warns of imports that fail although the file exists: it is ignored, outside of every source, or not
//! staged, so no check sees it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::finding::Finding;
use crate::project::{Project, ProjectPath};
use crate::snapshot::Inventory;

/// The codes of findings about imports, by pylint and mypy.
const IMPORT_CODES: &[&str] = &["E0401", "E0611", "import-not-found", "import-untyped"];

/// Finds the modules that exist in the project but are not seen, and writes a warning for each.
pub(super) fn find_unseen_imports(
    root: &Path,
    inventory: &Inventory,
    source: &[ProjectPath],
    findings: &[Finding],
) -> Vec<String> {
    let candidates = find_candidates(source, findings);
    let is_unseen = |path: &ProjectPath| {
        let is_seen = |path: &ProjectPath| inventory.entries.contains_key(path);
        let is_linked = || follow_link(root, path).is_some_and(|(_, target)| is_seen(&target));
        !is_seen(path) && path.on_disk(root).is_file() && !is_linked()
    };
    candidates
        .into_iter()
        .filter(is_unseen)
        .map(|path| {
            if let Some((link, target)) = follow_link(root, &path) {
                return format!(
                    "`{path}` exists but the check does not see it, because `{link}` is a link and \
                     `{target}` is outside of every `source`; `inputs = [\"{target}\"]` of the check \
                     in pipe.toml adds it"
                );
            }
            if source.iter().any(|folder| path.starts_with(folder)) {
                return format!(
                    "`{path}` exists but no check sees it, because it is ignored; \
                     `include = [\"{path}\"]` in pipe.toml adds it"
                );
            }
            format!(
                "`{path}` exists but the check does not see it, because it is outside of every \
                 `source`; `inputs = [\"{path}\"]` of the check in pipe.toml adds it"
            )
        })
        .collect()
}

/// Finds the modules that exist in the folder that the user works in and are not staged, and writes a
/// warning for each.
pub(super) fn find_unstaged_imports(
    project: &Project,
    source: &[ProjectPath],
    findings: &[Finding],
) -> Vec<String> {
    let is_unstaged = |path: &ProjectPath| {
        path.on_disk(&project.identity).is_file()
            && path.on_disk(&project.root).symlink_metadata().is_err()
    };
    let unstaged = find_candidates(source, findings).into_iter().filter(is_unstaged);
    let warning = |path| {
        format!(
            "`{path}` exists but is not staged, so the commit does not have it: `git add {path}`"
        )
    };
    unstaged.map(warning).collect()
}

/// The files that could be the modules that findings miss.
fn find_candidates(source: &[ProjectPath], findings: &[Finding]) -> BTreeSet<ProjectPath> {
    // Where a dependency is missing, most findings have the same message.
    let messages: BTreeSet<(&str, &str)> = findings
        .iter()
        .filter(|finding| IMPORT_CODES.contains(&finding.code.as_str()))
        .map(|Finding { place, message, .. }| {
            (place.path.rsplit_once('/').map_or(".", |(folder, _)| folder), message.as_str())
        })
        .collect();
    messages
        .into_iter()
        .flat_map(|(folder, message)| {
            let own_folder = ProjectPath::new(folder).ok();
            candidates(message, source.iter().cloned().chain(own_folder))
        })
        .collect()
}

/// The first link in a path, and the file that the path leads to; none without a link, or if it leaves
/// the project.
fn follow_link(root: &Path, path: &ProjectPath) -> Option<(ProjectPath, ProjectPath)> {
    let text = path.as_str();
    let ends = text.match_indices('/').map(|(end, _)| end).chain([text.len()]);
    let mut parts = ends.filter_map(|end| ProjectPath::new(&text[..end]).ok());
    let link = parts.find(|part| part.on_disk(root).is_symlink())?;
    let real = std::fs::canonicalize(path.on_disk(root)).ok()?;
    let target = real.strip_prefix(std::fs::canonicalize(root).ok()?).ok()?;
    Some((link, ProjectPath::new(target.to_str()?).ok()?))
}

/// The files that could be the modules quoted in a message.
fn candidates(message: &str, folders: impl Iterator<Item = ProjectPath>) -> Vec<ProjectPath> {
    let modules: Vec<String> = message
        .split(['\'', '"', '`'])
        .skip(1)
        .step_by(2)
        .filter(|quoted| {
            quoted.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            })
        })
        .map(|module| module.replace('.', "/"))
        .collect();
    // `No name '_version' in module 'pkg'` means `pkg._version`.
    let joined = match modules.as_slice() {
        [name, module] => Some(format!("{module}/{name}")),
        _ => None,
    };
    let modules: Vec<String> = modules.into_iter().chain(joined).collect();
    let roots = folders.chain([ProjectPath::root()]);
    roots
        .flat_map(|root| {
            modules
                .iter()
                .flat_map(|module| [format!("{module}.py"), format!("{module}/__init__.py")])
                .filter_map(|file| root.join(&file).ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Place, Severity};
    use crate::hash::Hash;
    use crate::snapshot::InventoryEntry;

    fn finding(code: &str, message: &str) -> Finding {
        Finding {
            place: Place::line("src/pkg/a.py", 1),
            severity: Severity::Error,
            code: code.into(),
            rule: code.into(),
            message: message.into(),
            url: None,
            gating: true,
            related: Vec::new(),
            fix: None,
            test: None,
            fingerprint: Hash::default(),
        }
    }

    #[test]
    fn an_import_of_a_file_that_exists_and_is_not_seen_gets_a_hint() {
        let project = tempfile::tempdir().unwrap();
        let package = project.path().join("src/pkg");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("_version.py"), "").unwrap();
        let source = [ProjectPath::new("src").unwrap()];
        let warn = |code: &str, message: &str| {
            let findings = [finding(code, message)];
            find_unseen_imports(project.path(), &Inventory::default(), &source, &findings)
                .join("\n")
        };
        for (code, message) in [
            ("E0401", "Unable to import 'pkg._version'"),
            ("E0611", "No name '_version' in module 'pkg'"),
            ("import-not-found", "Cannot find implementation for module named \"pkg._version\""),
        ] {
            assert!(warn(code, message).contains("`src/pkg/_version.py`"), "{message}");
        }
        assert_eq!(warn("E0401", "Unable to import 'requests'"), "");
        assert!(warn("E0401", "Unable to import 'pkg._version'").contains("`include = "));
        std::fs::write(project.path().join("tools.py"), "").unwrap();
        let warning = warn("E0401", "Unable to import 'tools'");
        assert!(warning.contains("`source`; `inputs = [\"tools.py\"]`"), "{warning}");
        assert_eq!(warn("W0611", "Unused import 'pkg._version'"), "");
    }

    #[test]
    fn an_import_behind_a_link_names_the_link_and_the_file_that_it_leads_to() {
        let project = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(project.path().join("shared/common")).unwrap();
        std::fs::create_dir_all(project.path().join("src")).unwrap();
        std::fs::write(project.path().join("shared/common/__init__.py"), "").unwrap();
        std::os::unix::fs::symlink("../shared/common", project.path().join("src/common")).unwrap();
        let source = [ProjectPath::new("src").unwrap()];
        let findings = [finding("E0401", "Unable to import 'common'")];
        let warn = |inventory: &Inventory| {
            find_unseen_imports(project.path(), inventory, &source, &findings).join("\n")
        };
        let warning = warn(&Inventory::default());
        assert!(warning.contains("`src/common` is a link"), "{warning}");
        assert!(warning.contains("`inputs = [\"shared/common/__init__.py\"]`"), "{warning}");
        let mut inventory = Inventory::default();
        let target = ProjectPath::new("shared/common/__init__.py").unwrap();
        inventory.entries.insert(target, InventoryEntry::file(&Hash::default(), false));
        assert_eq!(warn(&inventory), "");
    }
}
