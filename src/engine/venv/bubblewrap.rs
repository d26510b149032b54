//! Builds the arguments of bubblewrap, the sandbox of a machine without containers.
//!
//! They define the parts of the machine that a job sees in addition to its folders. The functions
//! are pure, so that a table tests every flag.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::folders::JobFolders;
use crate::engine::{Access, endpoint};

/// The folders of programs and libraries, as far as they exist.
const SYSTEM: [&str; 5] = ["/bin", "/lib", "/lib32", "/lib64", "/sbin"];

/// System files that programs read, none of them secret.
const LOOKED_UP: [&str; 4] =
    ["/etc/alternatives", "/etc/ld.so.cache", "/etc/mime.types", "/etc/os-release"];

/// System files for accessing a network by name, with certificates.
const NETWORK: [&str; 7] = [
    "/etc/ca-certificates",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
];

/// The size of `/tmp` in bytes, as in a container.
const TMP_SIZE: &str = "1073741824";

/// A sandbox.
#[derive(Clone, Debug)]
pub(super) struct Sandbox<'a> {
    /// The folders of the project and the environments.
    pub(super) folders: &'a JobFolders,
    pub(super) working_directory: &'a str,
    /// The folder of the interpreter's standard library.
    pub(super) prefix: &'a Path,
    /// Whether it reaches the network.
    pub(super) network: bool,
    /// The docker socket, if it was granted.
    pub(super) socket: Option<&'a Path>,
    /// Whether it keeps our terminal, and so our session.
    pub(super) terminal: bool,
}

/// A folder or, on a system with a merged `/usr`, a link in the machine's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    path: &'static str,
    link: Option<PathBuf>,
}

/// The program folders in this machine's root.
pub(super) fn roots() -> Vec<Root> {
    SYSTEM
        .into_iter()
        .filter(|path| Path::new(path).exists())
        .map(|path| Root { path, link: std::fs::read_link(path).ok() })
        .collect()
}

/// The arguments of bubblewrap before the command.
pub(super) fn arguments(sandbox: &Sandbox<'_>, roots: &[Root]) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut add = |words: &[&OsStr]| args.extend(words.iter().map(|word| (*word).to_owned()));
    let word = OsStr::new;
    add(&[word("--unshare-all")]);
    if sandbox.network {
        add(&[word("--share-net")]);
    }
    if !sandbox.terminal {
        add(&[word("--new-session")]);
    }
    for flag in ["--die-with-parent", "--hostname", "pipe", "--cap-drop", "ALL"] {
        add(&[word(flag)]);
    }
    add(&[word("--ro-bind"), word("/usr"), word("/usr")]);
    for Root { path, link } in roots {
        match link {
            Some(link) => add(&[word("--symlink"), link.as_os_str(), word(path)]),
            None => add(&[word("--ro-bind"), word(path), word(path)]),
        }
    }
    let network: &[&str] = if sandbox.network { &NETWORK } else { &[] };
    for path in LOOKED_UP.iter().chain(network) {
        add(&[word("--ro-bind-try"), word(path), word(path)]);
    }
    add(&["--proc", "/proc", "--dev", "/dev", "--size", TMP_SIZE, "--tmpfs", "/tmp"].map(word));
    if !sandbox.prefix.starts_with("/usr") {
        // An interpreter from Nix is linked with libraries all over the Nix store.
        let store = Path::new("/nix/store");
        let prefix = if sandbox.prefix.starts_with(store) { store } else { sandbox.prefix };
        add(&[word("--ro-bind"), prefix.as_os_str(), prefix.as_os_str()]);
    }
    for folder in &sandbox.folders.folders {
        let flag = match folder.access {
            Access::Read => "--ro-bind",
            Access::Write => "--bind",
        };
        add(&[word(flag), folder.outside.as_os_str(), word(folder.inside)]);
    }
    if let Some(socket) = sandbox.socket {
        let target = word(endpoint::SOCKET);
        add(&[word("--bind"), socket.as_os_str(), target]);
    }
    add(&["--remount-ro", "/", "--chdir", sandbox.working_directory, "--"].map(word));
    args
}

#[cfg(test)]
mod tests {
    use super::super::folders::Folder;
    use super::*;

    fn folders() -> JobFolders {
        let folder =
            |outside: &str, inside, access| Folder { outside: outside.into(), inside, access };
        JobFolders {
            folders: vec![
                folder("/r/app 0", "/app", Access::Write),
                folder("/e/1", "/opt/tool", Access::Read),
            ],
        }
    }

    fn typed(sandbox: &Sandbox<'_>) -> String {
        let roots = [
            Root { path: "/bin", link: Some("usr/bin".into()) },
            Root { path: "/lib", link: None },
        ];
        arguments(sandbox, &roots).join(OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_job_sees_the_system_its_folders_and_nothing_else() {
        let folders = folders();
        let prefix = Path::new("/home/u/.pyenv/versions/3.13.0");
        let sandbox = Sandbox {
            folders: &folders,
            working_directory: "/app",
            prefix,
            network: false,
            socket: None,
            terminal: false,
        };
        assert_eq!(
            typed(&sandbox),
            "--unshare-all --new-session --die-with-parent --hostname pipe --cap-drop ALL \
             --ro-bind /usr /usr --symlink usr/bin /bin --ro-bind /lib /lib \
             --ro-bind-try /etc/alternatives /etc/alternatives \
             --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache \
             --ro-bind-try /etc/mime.types /etc/mime.types \
             --ro-bind-try /etc/os-release /etc/os-release --proc /proc --dev /dev \
             --size 1073741824 --tmpfs /tmp \
             --ro-bind /home/u/.pyenv/versions/3.13.0 /home/u/.pyenv/versions/3.13.0 \
             --bind /r/app 0 /app --ro-bind /e/1 /opt/tool --remount-ro / --chdir /app --"
        );
    }

    #[test]
    fn a_grant_changes_nothing_else() {
        let folders = folders();
        let prefix = Path::new("/usr");
        let closed = Sandbox {
            folders: &folders,
            working_directory: "/app",
            prefix,
            network: false,
            socket: None,
            terminal: false,
        };
        let socket = Some(Path::new("/run/docker.sock"));
        let open = Sandbox { network: true, socket, terminal: true, ..closed.clone() };
        let network: String =
            NETWORK.iter().map(|path| format!("--ro-bind-try {path} {path} ")).collect();
        let expected = typed(&closed)
            .replace("--unshare-all --new-session", "--unshare-all --share-net")
            .replace("--proc", &format!("{network}--proc"))
            .replace("--remount", "--bind /run/docker.sock /var/run/docker.sock --remount");
        assert_eq!(typed(&open), expected);
    }
}
