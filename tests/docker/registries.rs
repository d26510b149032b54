//! Images by digest, pulled from a registry.

use std::fs;

use crate::Test;
use crate::index::{Index, Wheel};
use crate::network::needing;
use crate::project::{Project, docker};
use crate::registry::Registry;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_base_by_digest_is_pulled_and_is_the_same_base",
        a_base_by_digest_is_pulled_and_is_the_same_base,
    ),
    ("a_digest_that_no_registry_has_is_an_error", a_digest_that_no_registry_has_is_an_error),
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
        let unset = "\n#image = \"python:3.13-slim\"\n";
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
    let told = report.check("other")["reason"]["message"].as_str().unwrap();
    assert!(told.contains(&image) && told.contains("cannot be pulled"), "{told}");
}
