//! A registry on 127.0.0.1, which the engines of this machine use without TLS.
//!
//! It is Debian's `docker-registry` in a container of [`crate::container`] and loses its images with it.

use crate::container::Container;
use crate::project::docker;

/// A registry that runs until it is dropped.
pub(crate) struct Registry {
    /// Host and port, as in the names of its images.
    pub(crate) address: String,
    _place: Container,
}

impl Registry {
    /// An empty registry.
    pub(crate) fn start() -> Registry {
        // It listens before it says so.
        let script = "docker-registry serve /etc/registry.yml 2>&1 | \
                      sed -un 's/.*listening on.*/ready/p' & cat";
        let options = ["--publish", "127.0.0.1::5000"];
        let place = Container::start(&options, &[], &["sh", "-c", script]);
        Registry { address: place.address("5000"), _place: place }
    }

    /// Pushes an image that is here under a name such as `python:3.13-slim`, and returns its name by
    /// digest, as it can be pulled.
    pub(crate) fn push(&self, image: &str, name: &str) -> String {
        let reference = format!("{}/{name}", self.address);
        assert_eq!(docker(&["tag", image, &reference]).status, Some(0));
        let pushed = docker(&["push", "--quiet", &reference]);
        assert_eq!(pushed.status, Some(0), "{pushed:?}");
        let format = "{{range .RepoDigests}}{{println .}}{{end}}";
        let digests = docker(&["image", "inspect", "--format", format, &reference]).stdout;
        docker(&["image", "rm", &reference]);
        let repository = reference.rsplit_once(':').unwrap().0;
        let digest = digests.lines().find(|line| line.starts_with(&format!("{repository}@")));
        digest.unwrap().to_owned()
    }
}
