//! Platforms that a release is built for, and the names that its files bear.

use std::path::Path;

use super::PROGRAM;
use crate::failure::{Failure, Result};
use crate::process::Command;

/// Platform that a binary is built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    /// The target that cargo builds for.
    pub(super) target: String,
    /// The flags with which the compiler makes a binary that runs on any machine of the platform.
    pub(super) flags: &'static str,
    /// The processor as in a target, such as `x86_64`.
    processor: String,
    system: System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    Macos,
}

impl Platform {
    /// The platform of this machine. On Linux it has musl if that target is installed, else a static
    /// glibc.
    ///
    /// # Errors
    ///
    /// When the machine has neither Linux nor macOS, or the compiler does not run.
    pub(super) fn of_this_machine() -> Result<Platform> {
        let version = Command::new("rustc", ["--version", "--verbose"]).read()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let platform = Platform::of_target(host)?;
        if platform.system == System::Linux {
            let musl = format!("{}-unknown-linux-musl", platform.processor);
            let libraries =
                Command::new("rustc", ["--print", "target-libdir", "--target", &musl]).read()?;
            if Path::new(&libraries).is_dir() {
                return Platform::of_target(&musl);
            }
        }
        Ok(platform)
    }

    /// The platform of a target such as `x86_64-unknown-linux-gnu`.
    ///
    /// # Errors
    ///
    /// When its system is neither Linux nor macOS.
    pub(super) fn of_target(target: &str) -> Result<Platform> {
        let processor = target.split('-').next().unwrap_or_default().to_owned();
        let (system, flags) = if target.ends_with("-linux-gnu") {
            (System::Linux, "-C target-feature=+crt-static -C strip=symbols")
        } else if target.ends_with("-linux-musl") {
            (System::Linux, "-C strip=symbols")
        } else if target.ends_with("-apple-darwin") {
            (System::Macos, "-C strip=symbols")
        } else {
            return Err(Failure::new(format!("cannot build a release for `{target}`"))
                .hint("run it on Linux or macOS"));
        };
        Ok(Platform { target: target.to_owned(), flags, processor, system })
    }

    /// The name of the binary in a release.
    pub(super) fn binary(&self, version: &str) -> String {
        let system = match self.system {
            System::Linux => "linux",
            System::Macos => "macos",
        };
        format!("{PROGRAM}-{version}-{}-{system}", self.processor)
    }

    /// The platforms that may install a wheel of the binary, as pip names them.
    pub(super) fn wheel_tags(&self) -> Vec<String> {
        let processor = self.processor.as_str();
        match (self.system, processor) {
            // A static binary needs no C library, so each of these systems may install it.
            (System::Linux, _) => ["manylinux_2_17", "manylinux2014", "musllinux_1_1"]
                .map(|system| format!("{system}_{processor}"))
                .into(),
            // The oldest systems that the compiler supports, and the name of Apple's processors.
            (System::Macos, "aarch64") => vec!["macosx_11_0_arm64".to_owned()],
            (System::Macos, _) => vec![format!("macosx_10_12_{processor}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn files_of_every_platform_have_names_of_their_own() {
        let names = |target| {
            let platform = Platform::of_target(target).unwrap();
            (platform.binary("1.2.3"), platform.wheel_tags().join(" "))
        };
        let linux = "manylinux_2_17_aarch64 manylinux2014_aarch64 musllinux_1_1_aarch64";
        for (target, binary, tags) in [
            ("aarch64-unknown-linux-gnu", "cargo-pipe-1.2.3-aarch64-linux", linux),
            ("aarch64-unknown-linux-musl", "cargo-pipe-1.2.3-aarch64-linux", linux),
            ("aarch64-apple-darwin", "cargo-pipe-1.2.3-aarch64-macos", "macosx_11_0_arm64"),
            ("x86_64-apple-darwin", "cargo-pipe-1.2.3-x86_64-macos", "macosx_10_12_x86_64"),
        ] {
            assert_eq!(names(target), (binary.to_owned(), tags.to_owned()), "{target}");
        }
    }

    #[test]
    fn another_system_is_an_error() {
        let error = Platform::of_target("x86_64-pc-windows-msvc").unwrap_err().to_string();
        assert!(error.contains("cannot build a release for `x86_64-pc-windows-msvc`"), "{error}");
    }

    /// `cargo binstall` reads the addresses in Cargo.toml.
    #[test]
    fn binstall_downloads_the_files_of_a_release() {
        let package = workspace::package().unwrap();
        let binstall = &package.metadata["binstall"];
        assert_eq!(binstall["pkg-fmt"], "bin");
        let overrides = binstall["overrides"].as_object().unwrap();
        assert_eq!(overrides.len(), 6);
        for (target, address) in overrides {
            let binary = Platform::of_target(target).unwrap().binary("{ version }");
            let expected = format!("{{ repo }}/releases/download/v{{ version }}/{binary}");
            assert_eq!(address["pkg-url"], *expected, "{target}");
        }
    }
}
