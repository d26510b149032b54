//! Warns of imports that fail because a package is not installed, and names the setting that adds it.

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

use crate::config::{Check, Config, DependencySettings};
use crate::finding::Finding;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::requirement::{Requirement, normalize};

/// The codes of findings about packages that are not installed, by pylint and mypy.
const CODES: &[&str] = &["E0401", "import-not-found"];

/// The codes of mypy's findings whose hint names a package with stubs.
const STUB_CODES: &[&str] = &["import-untyped", "note"];

/// The most packages that one warning names.
const MOST: usize = 5;

/// Modules whose package has another name.
const PACKAGES: &[(&str, &str)] = &[
    ("PIL", "pillow"),
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("cv2", "opencv-python"),
    ("dateutil", "python-dateutil"),
    ("dotenv", "python-dotenv"),
    ("git", "gitpython"),
    ("jwt", "pyjwt"),
    ("pkg_resources", "setuptools"),
    ("serial", "pyserial"),
    ("sklearn", "scikit-learn"),
    ("yaml", "pyyaml"),
];

/// Modules that newer releases of Python no longer have.
const REMOVED: &[&str] = &[
    "asynchat",
    "asyncore",
    "cgi",
    "cgitb",
    "crypt",
    "distutils",
    "imp",
    "imghdr",
    "lib2to3",
    "nntplib",
    "pipes",
    "smtpd",
    "sndhdr",
    "telnetlib",
    "uu",
    "xdrlib",
];

/// The warnings about packages that the findings of a check miss.
pub(super) fn find_missing_packages(
    root: &Path,
    config: &Config,
    check: &Check,
    findings: &[Finding],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let stubs: BTreeSet<String> = findings
        .iter()
        .filter(|finding| STUB_CODES.contains(&finding.code.as_str()))
        .filter_map(|finding| suggested_stubs(&finding.message))
        .collect();
    if !stubs.is_empty() {
        warnings.push(advise_requirements(check, &stubs));
    }
    let modules: BTreeSet<&str> = findings
        .iter()
        .filter(|finding| CODES.contains(&finding.code.as_str()))
        .filter_map(|finding| top_module(&finding.message))
        .collect();
    let packages: BTreeSet<String> = modules
        .into_iter()
        .filter(|module| !REMOVED.contains(module) && !is_in_project(root, &check.source, module))
        .map(package_of)
        .collect();
    if packages.is_empty() {
        return warnings;
    }
    if !check.sees_project {
        warnings.push(advise_requirements(check, &packages));
        return warnings;
    }
    let set = config.dependency_set(check.id.package());
    let (table, lock) = (set.table(), set.lock());
    let manifest = set.folder().child("pyproject.toml").unwrap_or_else(ProjectPath::root);
    let text = read::read_project_text(root, &manifest, SizeLimit::Config).unwrap_or_default();
    let manifest: Table = text.parse().unwrap_or_default();
    let mut unnamed = BTreeSet::new();
    for package in packages {
        match find_optional(&manifest, set.settings, &package) {
            Some((setting, list, names)) => warnings.push(format!(
                "`{package}` is not installed; it is in the {list}, which `{setting} = [{names}]` under \
                 `{table}` in pipe.toml adds once `cargo pipe update {lock}` has locked it"
            )),
            None => drop(unnamed.insert(package)),
        }
    }
    if !unnamed.is_empty() {
        let (listed, verb) = list(&unnamed);
        warnings.push(format!(
            "{listed} {verb} not among the locked dependencies of the project; add the file that names \
             the package to `requirements` under `{table}` in pipe.toml, then run `cargo pipe update \
             {lock}`"
        ));
    }
    warnings
}

fn advise_requirements(check: &Check, packages: &BTreeSet<String>) -> String {
    let (listed, verb) = list(packages);
    let name = &check.name;
    let quoted: Vec<String> =
        packages.iter().take(MOST).map(|package| format!("\"{package}\"")).collect();
    format!(
        "{listed} {verb} not installed; add `requirements = [{}]` to `[checks.{name}]` in pipe.toml, then \
         run `cargo pipe update {name}`",
        quoted.join(", ")
    )
}

/// Names in a sentence, and the verb that fits.
fn list(names: &BTreeSet<String>) -> (String, &'static str) {
    let quoted: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > MOST { " and others" } else { "" };
    (quoted.join(", ") + more, if names.len() == 1 { "is" } else { "are" })
}

/// The package that mypy suggests to install: `python3 -m pip install types-PyYAML`.
fn suggested_stubs(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("pip install ")?;
    let name = rest.split(['"', ' ', '`', ')']).next()?;
    let is_stub = name.starts_with("types-") || name.ends_with("-stubs");
    is_stub.then(|| name.to_owned())
}

/// The first part of the module in a message.
fn top_module(message: &str) -> Option<&str> {
    let module = message.split(['\'', '"']).nth(1)?.split('.').next()?;
    let is_name = module.chars().all(|c| c.is_alphanumeric() || c == '_');
    (!module.is_empty() && is_name).then_some(module)
}

fn package_of(module: &str) -> String {
    let other = PACKAGES.iter().find(|(name, _)| *name == module).map(|(_, package)| *package);
    other.map_or_else(|| normalize(module), str::to_owned)
}

/// Whether the project has a module of this name itself.
fn is_in_project(root: &Path, source: &[ProjectPath], module: &str) -> bool {
    let folders = source.iter().map(|path| path.on_disk(root));
    let usual = ["", "src", "lib", "tests"].map(|folder| root.join(folder));
    folders.chain(usual).any(|folder| {
        folder.join(module).is_dir()
            || folder.join(format!("{module}.py")).is_file()
            || folder.join(format!("{module}.pyi")).is_file()
    })
}

/// The extra or group with a package that is not selected: the setting, what it is, and its new value.
fn find_optional(
    manifest: &Table,
    settings: &DependencySettings,
    package: &str,
) -> Option<(&'static str, String, String)> {
    let groups = settings.groups.clone().unwrap_or_default();
    for (setting, kind, path, chosen) in [
        ("extras", "extra", &["project", "optional-dependencies"][..], &settings.extras),
        ("groups", "group", &["dependency-groups"], &groups),
    ] {
        let table = path.iter().try_fold(manifest, |table, key| table.get(*key)?.as_table());
        for (name, list) in table.into_iter().flatten() {
            let items = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            let has = items
                .filter_map(Requirement::parse)
                .any(|requirement| normalize(requirement.name) == package);
            if has && !chosen.contains(name) {
                let names = chosen.iter().chain([name]);
                let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
                return Some((setting, format!("{kind} `{name}`"), quoted.join(", ")));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::Layer;
    use crate::configure;
    use crate::env_vars::EnvVars;
    use crate::finding::{Place, Severity};
    use crate::hash::Hash;
    use crate::project::{Manifest, Project};

    #[test]
    fn messages_of_both_tools_name_a_module() {
        for (message, expected) in [
            ("Unable to import 'requests.adapters'", Some("requests")),
            ("Cannot find implementation or library stub for module named \"yaml\"", Some("yaml")),
            ("Unable to import '..x'", None),
            ("Unable to import", None),
        ] {
            assert_eq!(top_module(message), expected, "{message}");
        }
        assert_eq!(package_of("yaml"), "pyyaml");
        assert_eq!(package_of("my_package"), "my-package");
        let hint = "Hint: \"python3 -m pip install types-PyYAML\"";
        assert_eq!(suggested_stubs(hint).as_deref(), Some("types-PyYAML"));
        assert_eq!(suggested_stubs("pip install requests"), None);
    }

    #[test]
    fn a_module_of_the_project_is_no_missing_package() {
        let project = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(project.path().join("src/shop")).unwrap();
        std::fs::write(project.path().join("tools.py"), "").unwrap();
        for (module, expected) in [("shop", true), ("tools", true), ("requests", false)] {
            assert_eq!(is_in_project(project.path(), &[], module), expected, "{module}");
        }
    }

    fn warnings(text: &str, manifest: &str, code: &str, message: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pyproject.toml"), manifest).unwrap();
        let root = folder.path().to_owned();
        let project = Project::in_folder(root, Some(Manifest::PipeToml));
        let variables = EnvVars::default();
        let (config, _) =
            configure::load_config_text(&project, text, &variables, Layer::default()).unwrap();
        let finding = Finding {
            place: Place::line("src/a.py", 1),
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
        };
        let check = config.checks.iter().find(|check| check.name.as_str() == "mypy").unwrap();
        find_missing_packages(folder.path(), &config, check, &[finding]).join("\n")
    }

    #[test]
    fn a_missing_package_is_named_with_the_setting_that_adds_it() {
        let manifest = "[project.optional-dependencies]\nhttp = ['requests>=2']\n\
                        [dependency-groups]\nyaml = ['PyYAML']\n";
        let missing = |text: &str, module: &str| {
            let message = format!("Cannot find a stub for module named \"{module}\"");
            warnings(text, manifest, "import-not-found", &message)
        };
        let warning = missing("", "requests.adapters");
        assert!(warning.contains("extra `http`, which `extras = [\"http\"]` under"), "{warning}");
        let warning = missing("[python]\ngroups = ['dev']\n", "yaml");
        assert!(warning.contains("`groups = [\"dev\", \"yaml\"]` under"), "{warning}");
        let warning = missing("", "far");
        assert!(warning.contains("`far` is not among the locked dependencies"), "{warning}");
        let warning = missing("[checks.mypy]\ndependencies = false\n", "far");
        assert!(warning.contains("`requirements = [\"far\"]` to `[checks.mypy]`"), "{warning}");
        assert_eq!(missing("", "distutils.version"), "");
        let stubs = "Library stubs not installed; Hint: \"python3 -m pip install types-PyYAML\"";
        let warning = warnings("", "", "note", stubs);
        assert!(warning.contains("`requirements = [\"types-PyYAML\"]` to"), "{warning}");
    }
}
