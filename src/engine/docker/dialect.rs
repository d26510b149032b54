//! How programs of docker's kind differ from docker.
//!
//! Owns every such difference under its name, so that podman is spoken to as docker everywhere else.
//! Pure: [`super`] asks the program which one it is, once.

/// Which program of docker's kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Docker itself, or what says that it is.
    Docker,
    /// Podman.
    Podman(Rights),
}

/// Whose rights podman's containers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Those of the machine's root.
    Rootful,
    /// Those of the user who starts them.
    Rootless,
}

/// What tells which it is, behind the engine's version.
pub(super) const QUESTION: &str = "{{.Server.Version}} {{json .}}";

/// What podman answers to the question whether its containers have the user's rights alone.
pub(super) const RIGHTS: [&str; 3] = ["info", "--format", "{{.Host.Security.Rootless}}"];

/// Whether this, such as the answer to [`QUESTION`], is what podman says of its version as JSON: only
/// podman has a member of this name.
pub(crate) fn is_podman(answer: &str) -> bool {
    answer.contains("\"OsArch\":")
}

impl Dialect {
    /// What the report calls it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Dialect::Docker => "docker",
            Dialect::Podman(_) => "podman",
        }
    }

    /// The words before every command.
    #[must_use]
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Dialect::Docker => &[],
            // It warns of its host where a container's own words are expected.
            Dialect::Podman(_) => &["--log-level=error"],
        }
    }

    /// The user namespace of a container; its usual one if none. Without docker's root the caller's
    /// number is root's inside, unless it is kept, and files written by others are not the caller's.
    #[must_use]
    pub fn user_namespace(self) -> Option<&'static str> {
        match self {
            Dialect::Podman(Rights::Rootless) => Some("keep-id"),
            _ => None,
        }
    }

    /// Whether a volume gets its labels where it is mounted for the first time.
    #[must_use]
    pub fn labels_mounts(self) -> bool {
        self == Dialect::Docker
    }

    /// Whether what is copied into a container that never started reaches all its volumes at once.
    #[must_use]
    pub fn fills_at_once(self) -> bool {
        self == Dialect::Docker
    }

    /// What takes containers away that may be running.
    #[must_use]
    pub fn removal(self) -> &'static [&'static str] {
        match self {
            Dialect::Docker => &["rm", "--force", "--volumes"],
            // It asks them first, and waits.
            Dialect::Podman(_) => &["rm", "--force", "--volumes", "--time", "0"],
        }
    }

    /// The template for the platform that images are pulled for.
    #[must_use]
    pub fn platform(self) -> &'static str {
        match self {
            Dialect::Docker => "{{.Server.Os}}/{{.Server.Arch}}",
            Dialect::Podman(_) => "{{.Server.OsArch}}",
        }
    }

    /// The template for a label of a volume.
    #[must_use]
    pub fn volume_label(self, label: &str) -> String {
        match self {
            Dialect::Docker => format!("{{{{.Label \"{label}\"}}}}"),
            Dialect::Podman(_) => format!("{{{{index .Labels \"{label}\"}}}}"),
        }
    }
}

/// A name of an image as it was given: podman puts a registry before it.
pub(super) fn short_name(name: &str) -> &str {
    name.strip_prefix("localhost/").unwrap_or(name)
}
