//! The mode of a build script: whether it checks, and whether findings fail the build.
//!
//! Nothing is checked on docs.rs, in an editor's background builds, and in a copy of the crate that
//! cargo made, because the user of such a build is not the author.

use std::path::Path;

use crate::config::nearest;
use crate::env_vars::BUILD;
use crate::env_vars::EnvVars;

/// Set where docs.rs builds documentation: <https://docs.rs/about/builds>.
const DOCS_RS: &str = "DOCS_RS";
/// The compiler's wrapper, which is rust-analyzer where that runs build scripts.
const WRAPPER: &str = "RUSTC_WRAPPER";
/// Set by rust-analyzer together with its wrapper.
const WRAPPED: &str = "RA_RUSTC_WRAPPER";

/// The variables that decide whether and how a build script checks.
pub(super) const VARIABLES: &[&str] = &[BUILD, DOCS_RS, WRAPPER, WRAPPED];

/// Files in a crate that cargo packaged, unpacked or vendored.
const COPIED: &[&str] = &["Cargo.toml.orig", ".cargo-checksum.json"];
/// The file at the root of a repository that cargo checked out, or of a crate that it unpacked.
const CHECKED_OUT: &str = ".cargo-ok";

/// The effect of findings on a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildMode {
    /// Nothing is checked.
    Off,
    /// Findings are warnings.
    Warn,
    /// Findings are errors, and the build fails.
    Deny,
}

/// Determines the mode from the variables. `own` is the mode that the build script asks for.
pub(super) fn of(variables: &EnvVars, own: BuildMode) -> Result<BuildMode, String> {
    let is_editor = variables.get(WRAPPED).is_some()
        || variables.get(WRAPPER).is_some_and(|program| {
            Path::new(program)
                .file_stem()
                .is_some_and(|name| name.to_string_lossy().starts_with("rust-analyzer"))
        });
    match variables.get(BUILD) {
        Some("off") => Ok(BuildMode::Off),
        _ if variables.get(DOCS_RS).is_some() || is_editor => Ok(BuildMode::Off),
        Some("warn") => Ok(BuildMode::Warn),
        Some("deny") => Ok(BuildMode::Deny),
        Some(other) => Err(format!(
            "invalid `{BUILD}`: `{other}`; {}",
            nearest::advise(other, &["off", "warn", "deny"])
        )),
        None => Ok(own),
    }
}

/// Whether a crate is a copy that cargo made: unpacked from a registry, vendored, checked out for a
/// dependency, or being packaged.
pub(super) fn is_copy(crate_folder: &Path) -> bool {
    COPIED.iter().any(|name| crate_folder.join(name).is_file())
        || crate_folder.ancestors().any(|folder| folder.join(CHECKED_OUT).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_variables<const N: usize>(variables: [(&str, &str); N]) -> Result<BuildMode, String> {
        of(&EnvVars::from(variables), BuildMode::Warn)
    }

    #[test]
    fn the_variable_rules_over_the_code() {
        assert_eq!(of_variables([]), Ok(BuildMode::Warn));
        assert_eq!(of_variables([("CARGO_PIPE_BUILD", "deny")]), Ok(BuildMode::Deny));
        assert_eq!(of_variables([("CARGO_PIPE_BUILD", "off")]), Ok(BuildMode::Off));
        let warn = EnvVars::from([("CARGO_PIPE_BUILD", "warn")]);
        assert_eq!(of(&warn, BuildMode::Deny), Ok(BuildMode::Warn));
    }

    #[test]
    fn a_slip_in_the_variable_is_told() {
        assert_eq!(
            of_variables([("CARGO_PIPE_BUILD", "dney")]),
            Err("invalid `CARGO_PIPE_BUILD`: `dney`; did you mean `deny`?".to_owned())
        );
    }

    #[test]
    fn builds_that_nobody_reads_check_nothing() {
        for variable in [
            ("DOCS_RS", "1"),
            ("RA_RUSTC_WRAPPER", "1"),
            ("RUSTC_WRAPPER", "/home/me/.cargo/bin/rust-analyzer"),
        ] {
            assert_eq!(of_variables([variable]), Ok(BuildMode::Off), "{variable:?}");
            let deny = of_variables([variable, ("CARGO_PIPE_BUILD", "deny")]);
            assert_eq!(deny, Ok(BuildMode::Off), "{variable:?}");
        }
        assert_eq!(of_variables([("RUSTC_WRAPPER", "/usr/bin/sccache")]), Ok(BuildMode::Warn));
    }

    #[test]
    fn a_copy_is_known_by_what_cargo_leaves_in_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("checkout/crates/fast");
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!is_copy(&folder));
        std::fs::write(root.path().join("checkout/.cargo-ok"), "").unwrap();
        assert!(is_copy(&folder));
    }
}
