//! The hints about what to do after an error of an engine.

use super::EngineError;

/// The words of pip about releases that do not support its version of Python.
const OTHER_PYTHON: &str = "require a different python version";

impl EngineError {
    /// A hint about what to do next, if one is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            EngineError::NotInstalled(_) => {
                "install docker, or name a compatible program in CARGO_PIPE_DOCKER"
            }
            EngineError::NotRunning(_) => {
                "start it, for example with `sudo systemctl start docker`, or set DOCKER_HOST"
            }
            EngineError::NoPermission(_) => {
                "add yourself to the group that owns the socket: `sudo usermod -aG docker $USER`, \
                 then log in again"
            }
            EngineError::ImageMissing { image, .. } => {
                return Some(format!(
                    "try `docker pull {image}`; with a registry mirror, set `[python] image = \"…\"` in \
                     pipe.toml"
                ));
            }
            EngineError::NoAnswer { .. } => {
                "the engine hangs or is overloaded: try `docker info`; CARGO_PIPE_DOCKER_TIMEOUT gives it \
                 more time to answer"
            }
            EngineError::NoBuildx => {
                "install the package `docker-buildx` of Debian, or `docker-buildx-plugin` of Docker"
            }
            EngineError::CaBundle { .. } => {
                "the path comes from `ca-bundle` in pipe.toml, or from PIP_CERT, SSL_CERT_FILE, \
                 REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
            }
            EngineError::NoFallback(error) => {
                let hint = error.hint().map(|hint| format!(";\n{hint}")).unwrap_or_default();
                return Some(format!(
                    "checks do not fall back to another engine if CI is set; `--engine venv` runs them \
                     without a container{hint}"
                ));
            }
            EngineError::NoPython(_) => "install it, for example with `uv python install`",
            EngineError::NoToolchain(release) => {
                return Some(format!(
                    "install it, for example with `rustup toolchain install {release} --component \
                     clippy,rustfmt`; `--engine docker` needs none on this machine"
                ));
            }
            EngineError::NoOtherPython(version) => {
                return Some(format!(
                    "install it, for example with `uv python install {version}`; `--engine docker` \
                     needs none on this machine"
                ));
            }
            EngineError::Platform { .. } => "use an engine with containers: `--engine docker`",
            EngineError::StaleImage(_) => {
                "run `cargo pipe sync` to update the pipeline, and `cargo pipe build --ci-image --push` \
                 to build the image"
            }
            EngineError::NeedsImages(_) | EngineError::NoSocket => "use `--engine docker`",
            EngineError::UnusableSocket => {
                "choose another engine with DOCKER_HOST or `docker context use`"
            }
            EngineError::RemoteSocket { .. } => {
                "set DOCKER_HOST, or run `docker context use`, to choose an engine at an address `unix://…`"
            }
            EngineError::NotPodman(_) => {
                "use `--engine docker`, or name podman in CARGO_PIPE_DOCKER"
            }
            EngineError::ForeignEnvironments(_) => {
                "set CARGO_PIPE_CACHE_DIR to a folder of your own"
            }
            EngineError::NoInstaller { .. } => {
                "install uv, or the packages `python3-pip` or `python3-venv` of Debian"
            }
            EngineError::SourceNotGranted(_) => {
                "if you trust them, run again with `--allow host`; with docker they are built in an \
                 image, which needs no grant"
            }
            EngineError::HostNotGranted { .. } => {
                "if you trust this project, run again with `--allow host`, or grant it permanently with \
                 `cargo pipe trust --engine venv`; with a working `bwrap` no grant is needed"
            }
            EngineError::LessIsolated { .. } => {
                "choose that engine yourself with `--engine venv`, or accept the choice of the project \
                 with `--allow host`, or permanently with `cargo pipe trust`; with a working `bwrap` no \
                 grant is needed"
            }
            EngineError::Offline(_) | EngineError::OfflineVenv(_) | EngineError::Missing(_) => {
                "run `cargo pipe build` once with a network"
            }
            EngineError::Stopped { .. } => {
                "the engine was stopped or restarted, another program stopped the container, or the \
                 machine ran out of memory; run again"
            }
            EngineError::OutputLost => {
                "run again; docker clients 28.0.0 to 28.0.2 may lose output, see `docker --version`"
            }
            EngineError::ArchiveTooLarge(_) => {
                "leave large files out with `exclude`, or use `topology = \"bind\"` where it works"
            }
            EngineError::InstallFailed { message, .. }
            | EngineError::BuildFailed { message, .. }
                if message.contains(OTHER_PYTHON) =>
            {
                "a locked release does not support this version of Python: set `version` of the check, or \
                 its `python`, then run `cargo pipe update`"
            }
            EngineError::InstallFailed { .. } | EngineError::BuildFailed { .. } => {
                "`cargo pipe build -v` shows the complete output"
            }
            EngineError::BuilderState(_) => {
                "set BUILDX_CONFIG to a folder that docker can write to, or DOCKER_CONFIG to one with \
                 your docker settings"
            }
            EngineError::OtherBase { .. } => {
                "run again; if that does not help, `docker buildx ls` shows the builders, of which \
                 the engine's own has the driver `docker`"
            }
            EngineError::Recipe(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
