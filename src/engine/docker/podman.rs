//! The differences between docker and podman.
//!
//! Podman is driven like docker, and every difference has a function here. The engine detects once
//! which of the two it has.

/// Docker or podman.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Docker, or a program that claims to be docker.
    Docker,
    /// Podman.
    Podman(PodmanRights),
}

/// The rights of podman's containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodmanRights {
    /// The rights of root.
    Rootful,
    /// The rights of the user who starts them.
    Rootless,
}

/// The template for the engine's version and for the text that [`is_podman`] tests.
pub(super) const VERSION_TEMPLATE: &str = "{{.Server.Version}} {{json .}}";

/// The command that prints the controllers of podman's cgroup, and whether it runs rootless.
pub(super) const ROOTLESS_QUERY: [&str; 3] =
    ["info", "--format", "{{.Host.CgroupControllers}} {{.Host.Security.Rootless}}"];

/// Whether podman can limit memory, by the answer to [`ROOTLESS_QUERY`]. Without root it needs a
/// cgroup that was delegated to the user.
pub(super) fn limits_memory(answer: &str) -> bool {
    answer.ends_with("false") || answer.split(['[', ' ', ']']).any(|word| word == "memory")
}

/// Whether the answer to [`VERSION_TEMPLATE`] comes from podman: only podman's has this member.
pub(crate) fn is_podman(answer: &str) -> bool {
    answer.contains("\"OsArch\":")
}

impl Dialect {
    /// The engine's name in the report.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Dialect::Docker => "docker",
            Dialect::Podman(_) => "podman",
        }
    }

    /// The options before every command.
    #[must_use]
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Dialect::Docker => &[],
            // Podman's warnings about its host would be mixed into the output of a container.
            Dialect::Podman(_) => &["--log-level=error"],
        }
    }

    /// The user namespace of a container; the default one if none. In rootless podman the caller is
    /// root inside by default, and the files of other users are not the caller's outside.
    #[must_use]
    pub fn user_namespace(self) -> Option<&'static str> {
        match self {
            Dialect::Podman(PodmanRights::Rootless) => Some("keep-id"),
            _ => None,
        }
    }

    /// Whether `--mount` can label the volume that it creates.
    #[must_use]
    pub fn labels_mounts(self) -> bool {
        self == Dialect::Docker
    }

    /// Whether one copy into a container that never started reaches all of its volumes.
    #[must_use]
    pub fn fills_at_once(self) -> bool {
        self == Dialect::Docker
    }

    /// The command that removes containers, running ones included.
    #[must_use]
    pub fn removal(self) -> &'static [&'static str] {
        match self {
            Dialect::Docker => &["rm", "--force", "--volumes"],
            // By default podman stops them first, and waits.
            Dialect::Podman(_) => &["rm", "--force", "--volumes", "--time", "0"],
        }
    }

    /// The template for the platform of pulled images.
    #[must_use]
    pub fn platform(self) -> &'static str {
        match self {
            Dialect::Docker => "{{.Server.Os}}/{{.Server.Arch}}",
            Dialect::Podman(_) => "{{.Server.OsArch}}",
        }
    }

    /// The template for the memory of the engine's machine, in bytes.
    #[must_use]
    pub fn memory_total(self) -> &'static str {
        match self {
            Dialect::Docker => "{{.MemTotal}}",
            Dialect::Podman(_) => "{{.Host.MemTotal}}",
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

/// An image's name without the registry that podman adds.
pub(super) fn short_name(name: &str) -> &str {
    name.strip_prefix("localhost/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_limited_where_podman_has_its_controller() {
        for (answer, limits) in [
            ("[cpu io memory pids] true", true),
            ("[memory] true", true),
            ("[cpu] true", false),
            ("[] true", false),
            ("[] false", true),
        ] {
            assert_eq!(limits_memory(answer), limits, "{answer}");
        }
    }
}
