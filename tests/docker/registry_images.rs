//! Base images from a registry, by tag and by digest.

use std::fs;

use crate::network::needing;
use crate::package_index::{Index, Wheel};
use crate::project::{Project, docker};
use crate::registry::Registry;

tests![
    a_base_by_digest_is_pulled_and_is_the_same_base,
    a_digest_that_no_registry_has_is_an_error,
    a_moved_tag_is_not_followed
];

fn a_base_by_digest_is_pulled_and_is_the_same_base() {
    let wheel = Wheel::unheard_of("handmade");
    let index = Index::open(vec![wheel.clone()]);
    let registry = Registry::start();
    let pinned = registry.push("python:3.13-slim", "python:3.13-slim");
    assert!(pinned.contains("@sha256:"), "{pinned}");
    assert_ne!(docker(&["image", "inspect", &pinned]).status, Some(0), "it is here already");
    let [tag, digest] = ["python:3.13-slim", &pinned].map(|image| {
        let project = needing(&wheel).with("PIP_INDEX_URL", &index.url(""));
        let check = format!("checks.other = {{ run = [\"true\"], image = \"{image}\" }}");
        project.configure(&check);
        let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
        let unset = "\n#image = \"python:{version}-slim\"\n";
        assert!(settings.contains(unset), "{settings}");
        project.write("pipe.toml", settings.replace(unset, &format!("\nimage = \"{image}\"\n")));
        assert_eq!(project.pipe(&["sync"]).status, Some(0));
        project
    });
    let names = ["run", "imports", "other", "--allow", "dockerfile"];
    let ended = digest.pipe(&[&names[..], &["-v", "--message-format", "json"]].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("docker pull --quiet").count(), 1, "{ended:?}");
    assert!(ended.stderr.contains(&format!("BASE={pinned}")), "{ended:?}");
    // Whatever it is called, it is the same image.
    let environments = [digest.report(&["run", "other"]), tag.report(&["run", "other"])]
        .map(|report| report.check("other")["inputs"]["environment"].clone());
    assert_eq!(environments[0], environments[1]);
    for project in [&tag, &digest] {
        assert_eq!(project.pipe(&["remove"]).status, Some(0));
    }
    docker(&["image", "rm", &pinned]);
}

fn a_digest_that_no_registry_has_is_an_error() {
    let registry = Registry::start();
    let project = Project::scaffolded();
    let image = format!("{}/python@sha256:{}", registry.address, "0".repeat(64));
    project.configure(&format!("checks.other = {{ run = [\"true\"], image = \"{image}\" }}"));
    let report = project.report(&["run", "other"]);
    assert_eq!(report.status, 3, "{report:#?}");
    assert_eq!(report.check("other")["reason"]["kind"], "environment");
    let text = report.check("other")["reason"]["message"].as_str().unwrap();
    assert!(text.contains(&image) && text.contains("cannot be pulled"), "{text}");
}

/// A release that was never anything but a source distribution.
const DOCOPT: &str = "docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n";

/// Checks and the image of jobs alike, which here builds a package itself.
fn a_moved_tag_is_not_followed() {
    let registry = Registry::start();
    let pinned = registry.push("python:3.13-slim", "python:3.13-slim");
    let tag = format!("{}/python:3.13-slim", registry.address);
    let project = Project::scaffolded();
    let code = "import docopt, os; assert not os.path.exists('/moved')";
    let check = format!("[checks.imports]\nrun = [\"python3\", \"-c\", \"{code}\"]\n");
    let jobs =
        format!("[image]\nregistry = \"{}/jobs\"\n[ci]\ngitlab = \"image\"\n", registry.address);
    let python = format!("[python]\nimage = \"{tag}\"\nfrom-source = [\"docopt\"]\n");
    // The image of the jobs has no tool then.
    let tools =
        ["lint", "format", "mypy"].map(|tool| format!("[checks.{tool}]\nenabled = false\n"));
    project.write("pipe.toml", format!("{python}{jobs}{check}{}", tools.concat()));
    project.write(".docker/requirements/project.txt", DOCOPT);
    for command in ["update base", "sync"] {
        let ended = project.pipe(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
    // Another image is published under the name and pulled.
    let dockerfile = "FROM python:3.13-slim\nRUN touch /moved\n";
    project.write("../moved/Dockerfile", dockerfile);
    let folder = project.root.join("../moved");
    let built = docker(&["build", "--quiet", "--tag", &tag, folder.to_str().unwrap()]);
    assert_eq!(built.status, Some(0), "{built:?}");
    assert_eq!(docker(&["push", "--quiet", &tag]).status, Some(0));

    let base = format!("BASE={pinned}");
    let grants = ["--allow", "dockerfile", "-v"];
    let ran = project.pipe(&[&["run", "imports"], &grants[..]].concat());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stderr.contains(&base), "{ran:?}");
    let make = ["build", "--ci-image", "--push", "--allow", "host"];
    let made = project.pipe(&[&make, &grants[..]].concat());
    assert_eq!(made.status, Some(0), "{made:?}");
    assert!(made.stderr.contains(&base), "{made:?}");

    // The image has what was built.
    let pipeline = fs::read_to_string(project.root.join(".gitlab-ci.yml")).unwrap();
    let written = pipeline.lines().find_map(|line| line.strip_prefix("  image: ")).unwrap();
    // YAML could read the colon of the address as something else.
    let image = written.trim_matches('"');
    assert!(image.starts_with(&registry.address), "{pipeline}");
    let mount = format!("type=bind,source={},target=/project,readonly", project.root.display());
    let job = "CARGO_PIPE_CACHE_DIR=/tmp/cache cargo-pipe -C /project run imports --engine venv \
               --allow host --allow dockerfile";
    let run = ["run", "--rm", "--network", "none", "--mount", &mount, image, "sh", "-c", job];
    let ran = docker(&run);
    assert_eq!(ran.status, Some(0), "{ran:?}");

    // What is built is part of the image's name.
    let other = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    project.write("pipe.toml", other.replace("from-source = [\"docopt\"]\n", ""));
    let drift = project.pipe(&["sync", "--check"]);
    assert!(drift.stdout.contains(&format!("-  image: {written}")), "{drift:?}");
    for name in [image, &tag, &pinned] {
        docker(&["image", "rm", "--force", name]);
    }
    project.pipe(&["remove"]);
}
