//! Whether a build script checks, and what findings do to the build.
//!
//! Owns the variables that decide it, and the signs by which a build is nobody's own: that of
//! documentation on docs.rs, of an editor, of a copy that cargo made. Must not start anything; the
//! [`BuildMode`] goes to [`super::Pipe`].

use std::path::Path;

use crate::config::load::EnvVars;
use crate::config::nearest;

/// Says `off`, `warn` or `deny`, over what the build script says.
const BUILD: &str = "CARGO_PIPE_BUILD";
/// Is set where docs.rs builds documentation: <https://docs.rs/about/builds>.
const DOCS_RS: &str = "DOCS_RS";
/// Where rust-analyzer runs build scripts, it is the compiler's wrapper.
const WRAPPER: &str = "RUSTC_WRAPPER";
/// Is set by rust-analyzer beside its wrapper.
const WRAPPED: &str = "RA_RUSTC_WRAPPER";

/// The variables that decide whether and how a build script checks.
pub(super) const VARIABLES: &[&str] = &[BUILD, DOCS_RS, WRAPPER, WRAPPED];

/// What a crate holds that cargo packed, unpacked or vendored.
const COPIED: &[&str] = &["Cargo.toml.orig", ".cargo-checksum.json"];
/// What the root of a repository holds that cargo checked out, and a crate that it unpacked.
const CHECKED_OUT: &str = ".cargo-ok";

/// What findings do to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildMode {
    /// Nothing is checked.
    Off,
    /// They are warnings, as those of the compiler.
    Warn,
    /// They are errors, and the build fails.
    Deny,
}

/// What holds in these variables where the build script itself says `own`.
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
            "`{BUILD}` is `{other}`; {}",
            nearest::advise(other, &["off", "warn", "deny"])
        )),
        None => Ok(own),
    }
}

/// Whether a crate is a copy that cargo made, whose user is not its author: unpacked from a
/// registry, vendored, checked out for a dependency, or being packaged.
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
            Err("`CARGO_PIPE_BUILD` is `dney`; did you mean `deny`?".to_owned())
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
