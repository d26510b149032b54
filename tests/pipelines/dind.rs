//! GitLab's pipeline with an engine beside each job, which has nothing but the base image.

use std::fs;

use serde_json::json;

use crate::Test;
use crate::runner::{NO_INDEX, artifact, pipeline};
use crate::scene::{BROKEN, Scene, comparable, read};

pub(crate) const TESTS: &[Test] = &[(
    "an_engine_beside_the_job_says_what_the_host_says",
    an_engine_beside_the_job_says_what_the_host_says,
)];

/// What an engine beside a job keeps, as long as this is there.
struct Kept {
    scene: Scene,
    settings: String,
    certificates: String,
    data: String,
}

impl Kept {
    /// A volume for the certificates, as the runner's settings say, and one for images, which has what
    /// no registry may be there for.
    fn new(scene: Scene) -> Kept {
        let name = |what: &str| format!("cargo-pipe-test-{}-{what}", std::process::id());
        let settings = scene.beside("daemon.json", &json!({ "dns": name_servers() }).to_string());
        let (certificates, data) = (name("certificates"), name("data"));
        let kept = Kept { scene, settings, certificates, data };
        let load = format!(
            "docker save python:3.13-slim | docker run --rm --interactive --privileged \
             --volume {}:/var/lib/docker --entrypoint sh docker:28.5.2-dind -c 'dockerd \
             >/dev/null 2>&1 & until docker version >/dev/null 2>&1; do kill -0 $! || exit 1; \
             done; docker load --quiet && kill $! && wait'",
            kept.data
        );
        let loaded = kept.scene.run("sh".as_ref(), &["-c", &load]);
        assert_eq!(loaded.status, Some(0), "{}", loaded.said);
        kept
    }
}

/// Those of this machine that a container can ask: where an engine in a network of its own finds none,
/// it asks Google's, which may not be reachable.
fn name_servers() -> Vec<String> {
    let text = fs::read_to_string("/etc/resolv.conf").unwrap();
    let servers = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    servers.map(|it| it.trim().to_owned()).filter(|it| !it.starts_with("127.")).collect()
}

impl Drop for Kept {
    fn drop(&mut self) {
        let args = ["volume", "rm", "--force", &self.certificates, &self.data];
        self.scene.run("docker".as_ref(), &args);
    }
}

fn an_engine_beside_the_job_says_what_the_host_says() {
    let kept = Kept::new(Scene::new(&["--ci", "gitlab", "--gitlab", "dind"]));
    let scene = &kept.scene;
    let certificates = format!("{}:/certs/client", kept.certificates);
    let data = format!("{}:/var/lib/docker", kept.data);
    let settings = format!("{}:/etc/docker/daemon.json:ro", kept.settings);
    let mut volumes = vec!["--privileged"];
    volumes.extend([&settings, &certificates, &data].iter().flat_map(|it| ["--volume", it]));
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all"]);
        assert_eq!(host_status, Some(status));
        let ended = pipeline(scene, &[&volumes[..], &NO_INDEX].concat());
        assert_eq!(ended.status, Some(status), "{}", ended.said);
        // The second job finds what the first one made.
        assert_eq!(ended.said.contains("building ruff"), status == 0, "{}", ended.said);
        let job = read(&artifact(scene, "cargo-pipe", "cargo-pipe.json"));
        assert_eq!(job["engine"]["kind"], "docker");
        assert_eq!(job["exit_code"], status);
        assert_eq!(comparable(&job), comparable(&host));
    }
}
