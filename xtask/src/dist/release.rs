//! Compares a release with what its tag promises.
//!
//! A file that is published under a wrong version or from a wrong repository cannot be taken back,
//! so [`check`] runs before anything is built.

use cargo_metadata::Package;

use crate::failure::{Failure, Result};

/// Release that a workflow makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The tag, such as `v1.2.3`.
    pub(crate) tag: String,
    /// The address of the repository that gets the files.
    pub(crate) repository: String,
}

/// Checks that the tag names the version of the package, and that the package names the repository,
/// where `cargo binstall` looks for the files.
///
/// # Errors
///
/// When one of them differs.
pub(super) fn check(package: &Package, release: &Release) -> Result<()> {
    let Release { tag, repository } = release;
    let expected = format!("v{}", package.version);
    if *tag != expected {
        return Err(Failure::new(format!("the tag is `{tag}`, but the version `{expected}`"))
            .hint("set `version` in Cargo.toml, commit, and move the tag"));
    }
    let named = package.repository.as_deref().unwrap_or_default();
    if named != repository {
        return Err(Failure::new(format!(
            "the files go to `{repository}`, but `repository` in Cargo.toml is `{named}`"
        ))
        .hint(format!(
            "write repository = \"{repository}\" below [package], commit, and move the tag"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cargo_pipe::template::DEFAULT_PYTHON;
    use saphyr::{LoadableYamlNode, Yaml};

    use super::*;
    use crate::workspace;

    const REPOSITORY: &str = "https://example.org/checks";

    fn check_tag(named: Option<&str>, tag: &str) -> String {
        let mut package = workspace::package().unwrap();
        package.version = "1.2.3".parse().unwrap();
        package.repository = named.map(str::to_owned);
        let release = Release { tag: tag.to_owned(), repository: REPOSITORY.to_owned() };
        check(&package, &release).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_tag_names_the_version() {
        assert_eq!(check_tag(Some(REPOSITORY), "v1.2.3"), "");
        for tag in ["1.2.3", "v1.2.4", "main"] {
            let error = check_tag(Some(REPOSITORY), tag);
            let message = format!("the tag is `{tag}`, but the version `v1.2.3`");
            assert!(error.contains(&message), "{error}");
        }
    }

    #[test]
    fn the_package_names_the_repository_of_its_files() {
        for named in [None, Some("https://example.org/other")] {
            let error = check_tag(named, "v1.2.3");
            assert!(error.contains("the files go to `https://example.org/checks`"), "{error}");
        }
    }

    /// The default of an input of the action or of the component.
    fn default(document: &Yaml<'_>, input: &str) -> String {
        document["inputs"][input]["default"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_action_and_the_component_install_this_version() {
        let read = |name| {
            let path = workspace::root().join("templates/cargo-pipe").join(name);
            workspace::read(&path).unwrap()
        };
        let (action, component) = (read("action.yml"), read("template.yml"));
        let action = Yaml::load_from_str(&action).unwrap();
        let component = Yaml::load_from_str(&component).unwrap();
        let version = workspace::package().unwrap().version.to_string();
        assert_eq!(default(&action[0], "version"), version);
        assert_eq!(default(&component[0]["spec"], "version"), version);
        let image = default(&component[0]["spec"], "image");
        assert_eq!(image, format!("python:{DEFAULT_PYTHON}-slim"));
    }
}
