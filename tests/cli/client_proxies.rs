//! Proxies with a password in the settings of docker's client.

use std::fs;

use crate::container::{PROOF, image};
use crate::scene::Scene;

const PASSWORD: &str = "pa55-of-the-client";

/// A project with a check that has a network, on a machine whose docker uses a proxy.
fn scene() -> Scene {
    let scene = Scene::with_project()
        .file("pipe.toml", "[checks.own]\nrun = [\"env\"]\nnetwork = true\ncache = false\n");
    let settings = format!(
        r#"{{"proxies": {{"default": {{"httpProxy": "http://me:{PASSWORD}@proxy:1", "noProxy": "near"}}}}}}"#
    );
    let docker = scene.folder("home").join(".docker");
    fs::create_dir(&docker).unwrap();
    fs::write(docker.join("config.json"), settings).unwrap();
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["image", "inspect", "python:"]).stdout(&image("sha256:base"));
    scene
}

#[test]
fn a_check_with_a_network_does_not_show_the_password() {
    let scene = scene();
    let print = format!("{PROOF}echo http_proxy=http://me:{PASSWORD}@proxy:1; exit 1");
    scene.docker().on(&["run", "--name"]).script(&print);
    let ended = scene.pipe("own --allow network --message-format json --verbose").ended();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("http_proxy=http://me:***@proxy:1"), "{ended:?}");
    assert!(!format!("{ended:?}").contains(PASSWORD), "{ended:?}");
}

#[test]
fn a_build_gets_the_proxy_as_a_secret_and_no_argument_with_it() {
    let scene = scene();
    let manifest = "[image]\napt = [\"file\"]\n[checks.own]\nrun = [\"true\"]\n";
    let scene = scene.file("pipe.toml", manifest);
    assert_eq!(scene.pipe("sync").ended().status, Some(0));
    let built = format!("[ -e $FAKE/secret ] && echo '{}'", image("sha256:own"));
    scene.docker().on(&["image", "inspect", "cargo-pipe/"]).script(&built);
    let build = "printf %s \"$CARGO_PIPE_BUILD_NETWORK\" > $FAKE/secret";
    scene.docker().on(&["buildx", "build"]).script(build);
    let ended = scene.pipe("build own --verbose").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!format!("{ended:?}").contains(PASSWORD), "{ended:?}");
    let secret = fs::read_to_string(scene.folder("docker").join("secret")).unwrap();
    let proxy = format!("export http_proxy='http://me:{PASSWORD}@proxy:1'\n");
    assert!(secret.contains(&proxy), "{secret}");
    assert!(secret.contains("export no_proxy='near'\n"), "{secret}");
    let calls = scene.docker().calls();
    let build = calls.iter().find(|call| call[..2] == ["buildx", "build"]).unwrap();
    for argument in ["HTTP_PROXY=", "http_proxy=", "HTTPS_PROXY=", "NO_PROXY=", "all_proxy="] {
        assert!(build.iter().any(|word| word == argument), "{argument}: {build:?}");
    }
}
