//! Diagnosis of the engine: its programs, socket and base image, and whether it sees our folders; for
//! the venv engine, its Python and sandbox.
//!
//! A failed step skips the later ones, which depend on it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::Value;

use super::{Examined, Health};
use crate::config::{EngineChoice, EngineSource, TopologyChoice};
use crate::engine::docker::{ImageUsage, podman};
use crate::engine::{self, Docker, Engine, EngineError, Venv, endpoint};
use crate::engine_info::SandboxKind;
use crate::run::{Context, Directory};

/// The time limit of docker's answers.
const LIMIT: Duration = Duration::from_secs(30);

/// The arguments with which docker describes its use of the disk, one line for each kind.
const DISK_USAGE: [&str; 4] = ["system", "df", "--format", "{{json .}}"];

/// The oldest client that current engines support.
const OLDEST: u32 = 25;

pub(super) fn examine(context: Context<'_>) -> Vec<Examined> {
    match (Directory::create(context.scratch), context.config.engine) {
        (Err(error), _) => vec![unhelped("cache", &EngineError::from(error))],
        (Ok(directory), EngineChoice::Venv) => venv(context, &directory),
        (Ok(directory), _) => docker(context, &directory),
    }
}

fn docker(context: Context<'_>, directory: &Directory) -> Vec<Examined> {
    let mut examined = match context.config.engine {
        // It has none.
        EngineChoice::Podman => Vec::new(),
        _ => vec![socket(context)],
    };
    let settings = context.engine_options(directory, LIMIT);
    let program = settings.docker.clone();
    examined.extend(other_podman(context));
    let docker = match Docker::connect(settings, context.cancel, context.emitter) {
        Ok(docker) => docker,
        Err(error) => {
            examined.insert(0, unhelped("engine", &error));
            // Like `auto`, which falls back except in CI.
            if context.config.engine == EngineChoice::Auto && !context.variables.is_ci() {
                examined.iter_mut().for_each(|one| one.state = one.state.min(Health::Warning));
                examined.extend(venv(context, directory));
            }
            return examined;
        }
    };
    examined.insert(0, versions(&program, docker.ask(&["version", "--format", "{{json .}}"])));
    examined.push(match (docker.ask(&["buildx", "version"]), docker.try_build()) {
        (None, _) => unhelped("buildx", &EngineError::NoBuildx),
        (_, Err(error)) => unhelped("buildx", &error),
        (Some(said), Ok(())) => {
            Examined::good("buildx", said.split(' ').nth(1).unwrap_or("is there"))
        }
    });
    let mut has_base = false;
    for image in &context.config.images() {
        let format = "{{json .RepoDigests}} {{.Size}}";
        match docker.ask(&["image", "inspect", "--format", format, image]) {
            Some(answer) => {
                examined.push(base(image, &answer));
                has_base |= *image == context.config.python.image;
            }
            None => examined.push(Examined::is(
                Health::Warning,
                "base",
                format!("`{image}` is not here"),
                format!(
                    "the first run pulls it; behind a mirror, `docker pull {image}` has to work"
                ),
            )),
        }
    }
    if has_base {
        examined.push(topology(context, &docker, directory));
    }
    examined.extend(docker.measure_images().map(|usage| images(&usage)));
    examined.extend(docker.ask(&DISK_USAGE).and_then(|answer| build_cache(&answer)));
    examined
}

/// Describes the disk space of docker's build cache, which other programs use as well.
fn build_cache(answer: &str) -> Option<Examined> {
    let lines = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let cache = lines.into_iter().find(|line| line["Type"] == "Build Cache")?;
    let size = cache["Size"].as_str()?;
    Some(Examined::good(
        "builds",
        format!("docker's build cache has {size}, which `docker builder prune` removes"),
    ))
}

/// Names podman, if it is installed and another engine is chosen.
fn other_podman(context: Context<'_>) -> Option<Examined> {
    if context.config.engine == EngineChoice::Podman {
        return None;
    }
    let path = which::which_in("podman", context.variables.get("PATH"), "/").ok()?;
    let found = format!("`{}` is installed; `--engine podman` uses it", path.display());
    Some(Examined::good("podman", found))
}

/// Describes the disk space that images use.
fn images(usage: &ImageUsage) -> Examined {
    let ImageUsage { images, bytes, unused, unused_bytes } = usage;
    let mut found = match images {
        0 => "no images of environments yet".to_owned(),
        _ => format!("{images} images of environments use {} of their own", megabytes(*bytes)),
    };
    if *unused > 0 {
        found += &format!(
            "; no project needs {unused} of them ({}), which `cargo pipe remove --unused` removes",
            megabytes(*unused_bytes)
        );
    }
    Examined::good("images", found)
}

fn unhelped(subject: &'static str, error: &EngineError) -> Examined {
    Examined { subject, state: Health::Machine, found: error.to_string(), next: error.hint() }
}

/// Inspects the Python and the sandbox of virtual environments.
fn venv(context: Context<'_>, directory: &Directory) -> Vec<Examined> {
    let settings = context.engine_options(directory, LIMIT);
    let choice = choice_of_project(context);
    match Venv::connect(settings, context.cancel, context.emitter) {
        Ok(venv) => choice
            .into_iter()
            .chain([python(context, &venv)])
            .chain(other_pythons(context, &venv))
            .chain([installer(context), sandbox(context, &venv)])
            .collect(),
        Err(error) => choice.into_iter().chain([unhelped("python", &error)]).collect(),
    }
}

/// The warning that the project chooses this engine, although the machine has one with containers.
fn choice_of_project(context: Context<'_>) -> Option<Examined> {
    let Context { config, variables, .. } = context;
    if config.engine != EngineChoice::Venv || config.engine_source == EngineSource::User {
        return None;
    }
    let program = engine::find_container_program(variables)?;
    Some(Examined::is(
        Health::Warning,
        "engine",
        format!(
            "`engine = \"venv\"` in {} chooses checks without a container, although `{program}` is \
             installed",
            config.manifest
        ),
        format!("`--engine {program}` runs them in containers"),
    ))
}

/// Looks for the versions of Python on which checks run in addition to that of the project.
fn other_pythons(context: Context<'_>, venv: &Venv<'_>) -> Vec<Examined> {
    let pythons = context.config.interpreters().into_iter();
    let others = pythons.filter(|version| *version != context.config.python.version);
    let examined = others.map(|version| match venv.find_python(version) {
        Ok(path) => Examined::good("python", format!("`{}` is Python {version}", path.display())),
        Err(error) => unhelped("python", &error),
    });
    examined.collect()
}

fn python(context: Context<'_>, venv: &Venv<'_>) -> Examined {
    let (wanted, version) = (&context.config.python.version, venv.info().version);
    let found = format!("`{}` is Python {version}", venv.python().display());
    match version.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('.')) {
        true => Examined::good("python", found),
        false => Examined::is(
            Health::Warning,
            "python",
            format!("Python {wanted} not found; {found}"),
            format!(
                "install it, for example with `uv python install {wanted}`: without docker, \
                 another Python gives another fingerprint"
            ),
        ),
    }
}

/// Inspects the installer of virtual environments.
fn installer(context: Context<'_>) -> Examined {
    let uv = which::which_in("uv", context.variables.get("PATH"), "/");
    Examined::good(
        "packages",
        match uv {
            Ok(path) => format!("`{}` installs them", path.display()),
            Err(_) => "Python's own venv and pip install them; uv, on PATH, is faster".to_owned(),
        },
    )
}

/// The sandbox of virtual environments, as tried.
fn sandbox(context: Context<'_>, venv: &Venv<'_>) -> Examined {
    const SUBJECT: &str = "sandbox";
    if venv.info().sandbox == Some(SandboxKind::Bubblewrap) {
        return Examined::good(SUBJECT, "bubblewrap works");
    }
    let (found, next) = match which::which_in("bwrap", context.variables.get("PATH"), "/") {
        Ok(_) => (
            "bubblewrap is installed, but cannot start a program",
            "the system may forbid user namespaces: `bwrap --unshare-all --ro-bind / / true` says \
             why",
        ),
        Err(_) => ("bubblewrap is not installed", "install the package `bubblewrap`"),
    };
    let found = format!("{found}: without docker, checks run without a sandbox");
    Examined::is(Health::Warning, SUBJECT, found, next)
}

fn versions(program: &str, answer: Option<String>) -> Examined {
    let is_podman = answer.as_deref().is_some_and(podman::is_podman);
    let json: Value =
        answer.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let version = |side: &str| json[side]["Version"].as_str().unwrap_or("unknown").to_owned();
    let (client, server) = (version("Client"), version("Server"));
    let found = match is_podman {
        // Podman has no separate engine.
        true => format!("`{program}` {client}"),
        false => format!("engine {server}, `{program}` {client}"),
    };
    let major = client.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major.is_some_and(|major| major < OLDEST) && program == "docker" {
        // <https://docs.docker.com/engine/release-notes/29/>: API versions below 1.44 are refused.
        true => Examined::is(
            Health::Warning,
            "engine",
            found,
            format!("engine 29 refuses docker CLIs before {OLDEST}: install a newer one"),
        ),
        false => Examined::good("engine", found),
    }
}

/// Inspects the connection to the engine, and the user's access to it.
fn socket(context: Context<'_>) -> Examined {
    const SUBJECT: &str = "socket";
    let Some(address) = endpoint::address(context.variables) else {
        return Examined::is(
            Health::Machine,
            SUBJECT,
            "docker's current context is missing",
            "`docker context ls` lists those that exist, and `docker context use` chooses one",
        );
    };
    let host = context.variables.get("DOCKER_HOST");
    let Some(path) = endpoint::socket_path(&address) else {
        let is_tls = context.variables.get("DOCKER_TLS_VERIFY").is_some();
        return match host {
            Some(host) if host.starts_with("tcp://") && !is_tls => Examined::is(
                Health::Warning,
                SUBJECT,
                format!("DOCKER_HOST is `{host}`, without TLS"),
                "anyone who reaches that port is root on its machine; set DOCKER_TLS_VERIFY and \
                 DOCKER_CERT_PATH",
            ),
            Some(host) => Examined::good(SUBJECT, format!("DOCKER_HOST is `{host}`")),
            None => Examined::good(SUBJECT, format!("docker's context leads to `{address}`")),
        };
    };
    let (metadata, shown) = (fs::metadata(path), path.display());
    let Ok(metadata) = metadata else {
        let next = match context.variables.is_ci() {
            true => {
                "the runner has to bind its socket into jobs: `cargo pipe doctor --runner-config \
                 /etc/gitlab-runner/config.toml` on its machine prints the change"
            }
            false => "start docker, or set DOCKER_HOST to where it listens",
        };
        return Examined::is(Health::Warning, SUBJECT, format!("`{shown}` is not there"), next);
    };
    let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    if rustix::fs::access(path, access).is_ok() {
        return Examined::good(
            SUBJECT,
            format!("you can use `{shown}`, which is as good as root there"),
        );
    }
    let group = group(metadata.gid());
    Examined::is(
        Health::Machine,
        SUBJECT,
        format!("`{shown}` belongs to the group `{group}`, and this session is not in it"),
        format!(
            "`sudo usermod -aG {group} $USER`, then log in again; its members are as good as root"
        ),
    )
}

/// The name of a group, or its number without one.
pub(super) fn group(number: u32) -> String {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let named = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number.to_string()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| number.to_string())
}

/// Describes the base image by docker's answer: the list of its digests, and its size in bytes.
fn base(image: &str, answer: &str) -> Examined {
    let (digests, size) = answer.trim().rsplit_once(' ').unwrap_or((answer, ""));
    let digests: Vec<String> = serde_json::from_str(digests).unwrap_or_default();
    let digest = digests.first().and_then(|digest| digest.rsplit_once('@'));
    let digest = match digest {
        Some((_, digest)) => format!("{digest:.19}"),
        None => "without a registry digest".to_owned(),
    };
    let size = size.parse().map(|bytes| format!(", {}", megabytes(bytes))).unwrap_or_default();
    Examined::good("base", format!("`{image}` is here, {digest}{size}"))
}

/// A size in megabytes, as docker shows it.
fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / 1e6)
}

/// Inspects whether a container sees our folders, and can write to them.
fn topology(context: Context<'_>, docker: &Docker<'_>, directory: &Directory) -> Examined {
    const SUBJECT: &str = "topology";
    let (folder, image) = (directory.path(), &context.config.python.image);
    let seen = docker.sees(folder, image);
    let written = seen.and_then(|seen| Ok((seen, seen && docker.writes(folder, image)?)));
    match (written, context.config.topology) {
        (Err(error), _) => unhelped(SUBJECT, &error),
        (Ok((true, _)), TopologyChoice::Stream) => Examined::good(
            SUBJECT,
            "stream, because `topology` is set to it; containers would see your folders",
        ),
        (Ok((true, true)), _) => {
            Examined::good(SUBJECT, "bind: containers see your folders and can write to them")
        }
        (Ok((true, false)), TopologyChoice::Bind) => Examined::is(
            Health::Machine,
            SUBJECT,
            "containers see your folders but cannot write to them, and `topology` is set to `bind`",
            "set `topology = \"auto\"`: fixers and checks that write then get their files in volumes",
        ),
        (Ok((true, false)), _) => Examined::good(
            SUBJECT,
            "bind: containers see your folders; for fixers and checks that write, files are copied into \
             volumes, because containers cannot write to your folders",
        ),
        (Ok((false, _)), TopologyChoice::Bind) => Examined::is(
            Health::Machine,
            SUBJECT,
            "containers do not see your folders, and `topology` is set to `bind`",
            "set `topology = \"auto\"`, or put the cache (CARGO_PIPE_CACHE_DIR) where the engine's \
             machine has it at the same path",
        ),
        (Ok((false, _)), _) => Examined::good(
            SUBJECT,
            "stream: the engine does not see your folders, so files are copied into volumes",
        ),
    }
}
