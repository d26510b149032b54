//! Runs the pipelines that cargo pipe generates.
//!
//! Prepares `gitlab-ci-local`, the built packages and the images that jobs use, and passes them to
//! the tests in `tests/pipelines` by environment variables.

use crate::dist;
use crate::docker::{self, Origin, System};
use crate::failure::Result;
use crate::process::{self, Command};
use crate::test::{self, Records};
use crate::workspace;

/// The newest release that runs on the Node.js of Debian.
const RUNNER: &str = "gitlab-ci-local@4.73.0";

/// Programs that the tests start, each with the Debian package that has it.
const PROGRAMS: &[(&str, &str)] =
    &[("npm", "npm"), ("rsync", "rsync"), ("git", "git"), ("docker-registry", "docker-registry")];

/// The image of the tests.
const IMAGE: &str = "cargo-pipe.local/pipelines";

/// The images that jobs use, and the replacement of each one that cannot be pulled.
const STAND_INS: &[(&str, &str)] = &[
    ("docker:28.5.2-cli", IMAGE),
    ("docker:28.5.2-dind", "cargo-pipe.local/dind"),
    ("rust:1.91.1-alpine3.22", "cargo-pipe.local/rust"),
];

/// Runs the tests.
///
/// # Errors
///
/// When something is missing that may not or cannot be installed, and when a test fails.
pub(crate) fn run(system: System, records: &mut Records) -> Result<()> {
    let base = docker::run(system)?;
    let missing = PROGRAMS.iter().filter(|(program, _)| !process::is_installed(program));
    let missing: Vec<&str> = missing.map(|(_, package)| *package).collect();
    docker::complete_with(&missing, Origin::Newer, system)?;
    let target = workspace::target()?;
    let runner = target.join("fixtures/gitlab-ci-local");
    let program = runner.join("node_modules/.bin/gitlab-ci-local");
    if !program.exists() {
        workspace::create_folder(&runner)?;
        Command::new("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", RUNNER])
            .folder(&runner)
            .read()?;
    }
    let dockerfile = format!(
        "FROM {base}\nRUN apt-get update -q && apt-get install -q -y --no-install-recommends \
         docker-cli docker-buildx gcc git libc6-dev rsync\n"
    );
    let image = |name: &str| Command::new("docker", ["build", "--quiet", "--tag", name]);
    image(IMAGE).arguments(["-"]).input(dockerfile).read()?;
    let tests = workspace::root().join("tests");
    for (name, folder) in [("machine", "docker/machine"), ("dind", "pipelines/dind")] {
        let folder = tests.join(folder);
        image(&format!("cargo-pipe.local/{name}"))
            .arguments([&*folder.to_string_lossy()])
            .read()?;
    }
    // The job mounts the Rust toolchain of this machine.
    let rust = format!("FROM {IMAGE}\nENV PATH=/toolchain/bin:$PATH\n");
    image("cargo-pipe.local/rust").arguments(["-"]).input(rust).read()?;
    for (official, image) in STAND_INS {
        docker::stand_in_for(official, image)?;
    }
    let toolchain = Command::new("rustc", ["--print", "sysroot"]).read()?;
    let published = dist::run(dist::Build::Quick, dist::Then::Keep)?;
    let variables = [
        ("CARGO_PIPE_TEST_DIST", published.to_string_lossy().into_owned()),
        ("CARGO_PIPE_TEST_RUNNER", program.to_string_lossy().into_owned()),
        ("CARGO_PIPE_TEST_TOOLCHAIN", toolchain.trim().to_owned()),
    ];
    let selection = test::Selection {
        program: Some("pipelines".to_owned()),
        variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
        refuses_ignored: true,
        ..Default::default()
    };
    test::run(&selection, records)
}
