//! Makes the official Rust image of this machine's toolchain available for the tests.
//!
//! Where it cannot be pulled, an image with the toolchain itself stands for it, under the same condition
//! as for the base image.

use super::daemon::Engine;
use super::{BASE_IMAGE, PULL_LIMIT, daemon, is_local, say};
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;
use std::path::Path;

/// The instructions of the stand-in. `toolchain` is the folder of the toolchain.
const DOCKERFILE: &str = "\
FROM ${BASE}
COPY --from=toolchain bin /usr/local/rust/bin
COPY --from=toolchain lib /usr/local/rust/lib
ENV PATH=/usr/local/rust/bin:$PATH
";

/// Makes the image available.
///
/// # Errors
///
/// When it cannot be pulled, and the engine was not started by this task.
pub(super) fn complete(engine: &Engine) -> Result<()> {
    let version = Command::new("rustc", ["--version", "--verbose"]).read()?;
    let release = version
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .ok_or_else(|| Failure::new("`rustc --version --verbose` names no release"))?;
    let name = format!("rust:{release}-slim");
    if is_local(&name) {
        say(&format!("image {name} is present"));
        return Ok(());
    }
    say(&format!("pulling {name}"));
    let pull = Command::new("docker", ["pull", "--quiet", &name]).attempt_for(PULL_LIMIT);
    if matches!(pull, Ok(Some(output)) if output.status.success()) {
        return Ok(());
    }
    if !engine.is_ours {
        return Err(Failure::new(format!("image `{name}` is missing and cannot be pulled")));
    }
    say(&format!("building {name} from the toolchain of this machine"));
    let folder = Path::new(daemon::FOLDER).join("rust-stand-in");
    workspace::remove_folder(&folder)?;
    workspace::create_folder(&folder)?;
    let file = folder.join("Dockerfile");
    let built = workspace::write(&file, &DOCKERFILE.replace("${BASE}", BASE_IMAGE))
        .and_then(|()| Command::new("rustc", ["--print", "sysroot"]).read())
        .and_then(|sysroot| build(&name, &folder, sysroot.trim()));
    workspace::remove_folder(&folder)?;
    built
}

fn build(name: &str, folder: &Path, sysroot: &str) -> Result<()> {
    let toolchain = format!("toolchain={sysroot}");
    let folder = folder.to_string_lossy();
    let label = format!("dev.cargo-pipe.stand-in={name}");
    let options = ["--quiet", "--tag", name, "--label", &label, "--build-context", &toolchain];
    Command::new("docker", ["build"]).arguments(options).arguments([&*folder]).read().map(|_| ())
}
