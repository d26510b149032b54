//! GitLab's pipeline with an engine next to each job, which has only the base image.

use crate::gitlab_ci_local::{NO_INDEX, artifact, pipeline};
use crate::scene::{BROKEN, Scene, comparable, read};

tests![an_engine_next_to_the_job_reports_the_same_as_the_host];

/// The base image of the project, which has the packages of its locks in itself.
const STOCKED: &str = "cargo-pipe.local/stocked";

/// Puts all packages of the locks into a base image: the network of an engine in a container is
/// behind that of the machine's engine, and need not reach an index, nor a name server.
const STOCK: &str = "FROM python:3.13-slim\n\
    COPY requirements /locks\n\
    RUN for lock in /locks/*.txt; do \
    python3 -m pip download --quiet --require-hashes --no-deps --only-binary :all: \
    --dest /stock --requirement $lock || exit; \
    done; \
    printf '[global]\\nno-index = true\\nfind-links = /stock\\n' > /etc/pip.conf\n";

/// Volumes of an engine next to a job, removed with this.
struct CachedOutcome {
    scene: Scene,
    certificates: String,
    data: String,
}

impl CachedOutcome {
    /// A volume for the certificates, as the runner's settings say, and one for images, which has what
    /// no registry may be there for.
    fn new(scene: Scene) -> CachedOutcome {
        let name = |what: &str| format!("cargo-pipe-test-{}-{what}", std::process::id());
        let kept = CachedOutcome { scene, certificates: name("certificates"), data: name("data") };
        let dockerfile = kept.scene.write_next_to("Dockerfile", STOCK);
        let build = ["build", "--quiet", "--tag", STOCKED, "--file", &dockerfile, ".docker"];
        let load = format!(
            "docker save {STOCKED} | docker run --rm --interactive --privileged \
             --volume {}:/var/lib/docker --entrypoint sh docker:28.5.2-dind -c 'dockerd \
             >/dev/null 2>&1 & until docker version >/dev/null 2>&1; do kill -0 $! || exit 1; \
             done; docker load --quiet && kill $! && wait'",
            kept.data
        );
        for (program, args) in [("docker", &build[..]), ("sh", &["-c", &load])] {
            let ended = kept.scene.run(program.as_ref(), args);
            assert_eq!(ended.status, Some(0), "{}", ended.output);
        }
        kept
    }
}

impl Drop for CachedOutcome {
    fn drop(&mut self) {
        let args = ["volume", "rm", "--force", &self.certificates, &self.data];
        self.scene.run("docker".as_ref(), &args);
    }
}

fn an_engine_next_to_the_job_reports_the_same_as_the_host() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "dind"]);
    scene.edit(
        "pipe.toml",
        "#image = \"python:{version}-slim\"",
        &format!("image = \"{STOCKED}\""),
    );
    assert_eq!(scene.pipe(&["sync"]).status, Some(0));
    let kept = CachedOutcome::new(scene);
    let scene = &kept.scene;
    let certificates = format!("{}:/certs/client", kept.certificates);
    let data = format!("{}:/var/lib/docker", kept.data);
    let mut volumes = vec!["--privileged"];
    volumes.extend([&certificates, &data].iter().flat_map(|it| ["--volume", it]));
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all", "--allow", "dockerfile"]);
        assert_eq!(host_status, Some(status));
        let ended = pipeline(scene, &[&volumes[..], &NO_INDEX].concat());
        assert_eq!(ended.status, Some(status), "{}", ended.output);
        // The second job finds what the first one made.
        assert_eq!(ended.output.contains("building ruff"), status == 0, "{}", ended.output);
        let job = read(&artifact(scene, "cargo-pipe", "cargo-pipe.json"));
        assert_eq!(job["engine"]["kind"], "docker");
        assert_eq!(job["exit_code"], status);
        assert_eq!(comparable(&job), comparable(&host));
    }
}
