//! Builds the arguments of the docker CLI for a container.
//!
//! The sandbox is defined here: everything that a container gets unless a grant adds to it. The
//! functions are pure, so that a table tests every flag.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::podman::Dialect;
use crate::container::APP;
use crate::engine::{Access, endpoint};
use crate::limits::{ByteSize, PROCESSES};

/// The variables that docker's client sets from its own configuration.
pub(super) const PROXIES: [&str; 10] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The description of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The program that starts it.
    pub dialect: Dialect,
    /// Its name, unique per run.
    pub name: String,
    /// The labels to find it by.
    pub labels: BTreeMap<String, String>,
    /// The image.
    pub image: String,
    /// The forced platform.
    pub platform: Option<String>,
    /// The number of processors; all of them if none.
    pub cpus: Option<usize>,
    /// The limit of its memory, if it has one.
    pub memory: Option<ByteSize>,
    /// The numbers of the user and group inside.
    pub user: (u32, u32),
    /// The environment variables.
    pub env: BTreeMap<String, String>,
    /// The environment variables whose values come from those of docker's client.
    pub passed: Vec<String>,
    /// The mounted folders.
    pub mounts: Vec<Mount>,
    /// Whether it reaches the network.
    pub network: ContainerNetwork,
    /// The docker socket, if it gets the socket.
    pub socket: Option<SharedSocket>,
    /// The standard input.
    pub stdin: ContainerStdin,
    /// The working directory.
    pub folder: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// The docker socket of the engine in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSocket {
    /// Its path on the engine's machine.
    pub path: PathBuf,
    /// The number of its group in the container.
    pub group: u32,
}

/// Whether a container reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerNetwork {
    /// No network, not even to the engine's machine.
    None,
    /// The engine's default network.
    Granted,
}

/// The standard input of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerStdin {
    /// Closed.
    Closed,
    /// The standard input of the client.
    Open,
    /// A terminal, connected to that of the client.
    Terminal,
}

/// A folder of the project inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The origin of its files.
    pub source: Source,
    /// Its path inside.
    pub target: String,
    /// Whether it can be written to.
    pub access: Access,
}

/// The origin of a mounted folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder of the engine's machine.
    Bind(PathBuf),
    /// A volume of the engine.
    Volume(String),
}

impl Container {
    /// Whether its project is a folder of this machine.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        let is_bind = |mount: &Mount| matches!(mount.source, Source::Bind(_));
        self.mounts.iter().any(|mount| mount.target == APP && is_bind(mount))
    }
}

/// The arguments of `docker run` for a container that removes itself.
#[must_use]
pub fn run(container: &Container) -> Vec<OsString> {
    let mut args = words(["run", "--rm"]);
    args.extend(sandbox(container));
    args
}

/// The arguments of `docker create`.
#[must_use]
pub fn create(container: &Container) -> Vec<OsString> {
    let mut args = words(["create"]);
    args.extend(sandbox(container));
    args
}

/// The arguments of `docker start` for a created container, with our streams.
///
/// Docker's client detaches at Ctrl-P Ctrl-Q, and so swallows each Ctrl-P, which recalls the last
/// command in a shell. The detach keys set here are hardly ever typed.
#[must_use]
pub fn start(container: &Container) -> Vec<OsString> {
    let mut args = words(["start", "--attach"]);
    if container.stdin != ContainerStdin::Closed {
        args.extend(words(["--interactive", "--detach-keys", "ctrl-^,ctrl-^"]));
    }
    args.push(OsString::from(&container.name));
    args
}

/// The arguments of `docker create` for a container that only holds volumes and never starts. The
/// engine creates the volumes with the container's labels. The root is writable, because docker
/// copies nothing into a container with a read-only root. The user is the owner of the files,
/// because podman gives them to the container's user.
#[must_use]
pub fn hold(container: &Container) -> Vec<OsString> {
    let mut args = words(["create", "--name", &container.name]);
    args.extend(user(container));
    for (name, value) in &container.labels {
        args.extend(words(["--label", &format!("{name}={value}")]));
    }
    args.extend(words(["--pull", "never", "--network", "none"]));
    for held in &container.mounts {
        args.extend([OsString::from("--mount"), labelled(held, container)]);
    }
    args.extend(words(["--entrypoint", "true", &container.image]));
    args
}

/// The value of `--mount`.
#[must_use]
pub fn mount(mount: &Mount) -> OsString {
    let (kind, source) = match &mount.source {
        Source::Bind(path) => ("type=bind", path.as_os_str()),
        Source::Volume(name) => ("type=volume", OsStr::new(name)),
    };
    let mut value = OsString::from(kind);
    let mut field = OsString::from("source=");
    field.push(source);
    push_field(&mut value, &field);
    push_field(&mut value, OsStr::new(&format!("target={}", mount.target)));
    if mount.access == Access::Read {
        value.push(",readonly");
    }
    value
}

/// The same, with labels for a volume that the engine creates: a volume that was removed in the
/// meantime comes back empty, and must be found by its labels as well.
fn labelled(mounted: &Mount, container: &Container) -> OsString {
    let mut value = mount(mounted);
    if matches!(mounted.source, Source::Volume(_)) && container.dialect.labels_mounts() {
        for (name, label) in &container.labels {
            push_field(&mut value, OsStr::new(&format!("volume-label={name}={label}")));
        }
    }
    value
}

/// Adds a field to a `--mount` value, which is one line of comma-separated values: a field with a
/// comma or a quote is quoted as a whole, its quotes doubled.
pub(super) fn push_field(value: &mut OsString, field: &OsStr) {
    value.push(",");
    let bytes = field.as_bytes();
    if !bytes.iter().any(|byte| b",\"\n\r".contains(byte)) {
        value.push(field);
        return;
    }
    let mut quoted = vec![b'"'];
    for byte in bytes {
        quoted.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
    }
    quoted.push(b'"');
    value.push(OsString::from_vec(quoted));
}

fn sandbox(container: &Container) -> Vec<OsString> {
    let mut args = words(["--name", &container.name]);
    for (name, value) in &container.labels {
        args.extend(words(["--label", &format!("{name}={value}")]));
    }
    // The default host name differs for each container.
    args.extend(words(["--hostname", "pipe"]));
    // `--init` ends tools that ignore signals. The engine's own log of the container is not used.
    args.extend(words(["--init", "--pull", "never", "--log-driver", "none"]));
    match container.stdin {
        ContainerStdin::Closed => {}
        ContainerStdin::Open => args.push("--interactive".into()),
        ContainerStdin::Terminal => args.extend(words(["--interactive", "--tty"])),
    }
    let network = match container.network {
        ContainerNetwork::None => "none",
        ContainerNetwork::Granted => "bridge",
    };
    args.extend(words(["--network", network, "--read-only"]));
    // `exec`, because some tools load compiled modules from there.
    args.extend(words(["--tmpfs", "/tmp:rw,exec,nosuid,nodev,size=1g,mode=1777"]));
    args.extend(user(container));
    args.extend(words(["--cap-drop", "ALL"]));
    args.extend(words(["--security-opt", "no-new-privileges"]));
    args.extend(limits(container));
    if let Some(platform) = &container.platform {
        args.extend(words(["--platform", platform]));
    }
    if let Some(cpus) = container.cpus {
        // Programs that count processors do not see a share of time (`--cpus`).
        args.extend(words(["--cpuset-cpus", &format!("0-{}", cpus.saturating_sub(1))]));
    }
    for (name, value) in &container.env {
        args.extend(words(["--env", &format!("{name}={value}")]));
    }
    for name in &container.passed {
        args.extend(words(["--env", name]));
    }
    if container.network == ContainerNetwork::None {
        // Otherwise the client adds those of its own configuration, including passwords.
        for name in PROXIES {
            args.extend(words(["--env", &format!("{name}=")]));
        }
    }
    for mounted in &container.mounts {
        args.extend([OsString::from("--mount"), labelled(mounted, container)]);
    }
    if let Some(SharedSocket { path, group }) = &container.socket {
        let source = Source::Bind(path.clone());
        let target = endpoint::SOCKET.to_owned();
        let socket = Mount { source, target, access: Access::Write };
        args.extend([OsString::from("--mount"), mount(&socket)]);
        args.extend(words(["--group-add", &group.to_string()]));
    }
    args.extend(words(["--workdir", &container.folder]));
    // An entry point of the image would change the meaning of the command.
    if let Some((program, rest)) = container.command.split_first() {
        args.extend(words(["--entrypoint", program, &container.image]));
        args.extend(rest.iter().map(Into::into));
    }
    args
}

/// The limits of a container. The memory includes what is in its `tmpfs`. Equal values mean that it
/// cannot swap, so that its memory is the same everywhere.
fn limits(container: &Container) -> Vec<OsString> {
    let mut args = words(["--pids-limit", &PROCESSES.to_string()]);
    if let Some(ByteSize(bytes)) = container.memory {
        let bytes = bytes.to_string();
        args.extend(words(["--memory", &bytes, "--memory-swap", &bytes]));
    }
    args
}

/// The user of a container.
fn user(container: &Container) -> Vec<OsString> {
    let (user, group) = container.user;
    let mut args = words(["--user", &format!("{user}:{group}")]);
    args.extend(container.dialect.user_namespace().map(|kind| format!("--userns={kind}").into()));
    args
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests;
