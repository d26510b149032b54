//! Grants by `trust`, which hold for one user, one folder and one content.
//!
//! The tests ask for the plan of a check, so that nothing is started.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use snapbox::str;

use crate::scene::{Ended, Scene};

const PIPE: &str = "[checks.audit]\nrun = [\"sh\", \"-c\", \"tools/audit.sh --all\"]\n\
                    network = true\n";

/// A project with a check that asks for the network and runs a script.
fn scene() -> Scene {
    Scene::new()
        .file("pipe.toml", PIPE)
        .file("src/main.py", "")
        .file("tools/audit.sh", "exit 0\n")
        .file("tools/other.sh", "exit 0\n")
}

/// The same, trusted.
fn trusted() -> Scene {
    let scene = scene();
    let ended = scene.pipe("trust --yes").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(audit(&scene).status, Some(0));
    scene
}

/// Whether the check could run.
fn audit(scene: &Scene) -> Ended {
    scene.pipe("audit --dry-run").ended()
}

/// The only file of the state folder.
fn record(scene: &Scene) -> PathBuf {
    let folder = scene.folder("home/.local/state/cargo-pipe/trust");
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_secret_is_granted_by_its_name_until_the_check_changes() {
    let pipe = "[checks.audit]\nrun = [\"audit\"]\nsecrets = [\"API_TOKEN\"]\n";
    let scene = Scene::new().file("pipe.toml", pipe).file("src/main.py", "");
    let audit =
        |scene: &Scene| scene.pipe("audit --dry-run").with("API_TOKEN", "correct-horse").ended();
    let refused = audit(&scene);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("read the value of your variable `API_TOKEN`"), "{refused:?}");
    let ended = scene.pipe("trust --yes").ended();
    let why = "because `[checks.audit]` in pipe.toml has `API_TOKEN` in `secrets`";
    assert!(ended.status == Some(0) && ended.stderr.contains(why), "{ended:?}");
    let granted = audit(&scene);
    assert_eq!(granted.status, Some(0), "{granted:?}");
    assert!(granted.stdout.contains("needs   secret:API_TOKEN"), "{granted:?}");
    // A grant for one secret is none for another, and none for another command.
    for pipe in [pipe.replace("API", "OTHER"), pipe.replace("\"audit\"", "\"curl\"")] {
        fs::write(scene.project().join("pipe.toml"), pipe).unwrap();
        assert_eq!(audit(&scene).status, Some(2));
    }
}

#[test]
fn a_request_is_described_before_it_is_granted() {
    let scene = scene();
    scene.pipe("trust").ends(
        2,
        "",
        str![[r#"
[PROJECT] requests 1 grant beyond the sandbox:

  `audit` requests `network`
    which lets it reach any machine that this one reaches
    because `[checks.audit]` in pipe.toml sets `network = true`
    it runs sh -c 'tools/audit.sh --all'
    it sees src
    read them first: tools/audit.sh

error: cannot ask for confirmation: standard input is not a terminal

hint: run `cargo pipe trust --yes` to grant everything

"#]],
    );
    assert_eq!(audit(&scene).status, Some(2));
    let ended = scene.pipe("trust --yes").ended();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("which lets it reach any machine"), "{}", ended.stderr);
    assert_eq!(audit(&scene).status, Some(0));
    let again = scene.pipe("trust").ended();
    assert_eq!(again.status, Some(0));
    assert!(again.stderr.ends_with("everything is already granted\n"), "{}", again.stderr);
}

#[test]
fn confirmation_is_asked_on_the_terminal() {
    for (answer, status) in [("\n", 2), ("no\n", 2), ("y\n", 0), ("Yes\n", 0)] {
        let scene = scene();
        let mut session = scene.pipe("trust").on_terminal();
        let text = session.wait_for("grant this, until it changes? [y/N] ");
        assert!(text.contains("which lets it reach any machine"), "{text}");
        session.type_in(answer);
        let (ended, text) = session.end();
        assert_eq!(ended.code(), Some(status), "{answer:?}: {text}");
        assert_eq!(audit(&scene).status, Some(status), "{answer:?}");
    }
}

#[test]
fn a_project_that_asks_for_nothing_needs_no_trust() {
    let scene = Scene::with_project();
    scene.pipe("trust").ends(0, "", "[PROJECT] requests nothing beyond the sandbox\n");
    assert!(!scene.folder("home/.local").exists());
}

#[test]
fn a_request_that_changed_is_refused_and_what_changed_is_named() {
    let changes: [(&str, &str, &str); 7] = [
        ("tools/audit.sh", "curl example.org\n", "`tools/audit.sh`"),
        ("pipe.toml", &PIPE.replace("--all", "--more"), "its command"),
        ("pipe.toml", &format!("{PIPE}env = {{ A = \"b\" }}\n"), "its variables"),
        ("pipe.toml", &format!("{PIPE}image = \"x\"\n"), "its image"),
        ("pipe.toml", &format!("{PIPE}inputs = [\"secrets\"]\n"), "which files it sees"),
        ("pipe.toml", &format!("{PIPE}fix = [\"x\"]\n"), "its fix"),
        ("pipe.toml", &format!("[python]\nversion = \"3.12\"\n{PIPE}"), "its image"),
    ];
    for (path, text, part) in changes {
        let scene = trusted().file(path, text);
        let ended = audit(&scene);
        assert_eq!(ended.status, Some(2), "{path}: {text}");
        let text = format!("\nthe request changed since it was trusted: {part}\n");
        assert!(ended.stderr.starts_with("error: `audit` requests `network`"), "{ended:?}");
        assert!(ended.stderr.contains(&text), "{ended:?}");
        // The new request is described and granted again.
        let ended = scene.pipe("trust --yes").ended();
        let text = format!("this changed since it was granted: {part}\n");
        assert!(ended.stderr.contains(&text), "{ended:?}");
        assert_eq!(audit(&scene).status, Some(0));
    }
}

#[test]
fn an_edit_that_leaves_the_request_alone_keeps_the_grant() {
    let scene = trusted()
        .file("tools/other.sh", "curl example.org\n")
        .file("src/main.py", "import os\n")
        .file("pipe.toml", &format!("# A comment.\n{PIPE}timeout = \"1m\"\n"));
    assert_eq!(audit(&scene).status, Some(0));
}

#[test]
fn another_check_and_another_grant_are_another_request() {
    let scene = trusted().file("pipe.toml", &format!("{PIPE}docker-socket = true\n"));
    let ended = audit(&scene);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: `audit` requests `docker-socket`"), "{ended:?}");
    assert!(!ended.stderr.contains("`audit` requests `network`"), "{ended:?}");

    let other = PIPE.replace("audit]", "other]");
    let scene = trusted().file("pipe.toml", &format!("{PIPE}{other}"));
    assert_eq!(audit(&scene).status, Some(0));
    let ended = scene.pipe("other --dry-run").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: `other` requests `network`"), "{ended:?}");
}

#[test]
fn a_module_that_is_run_is_a_file_of_the_request() {
    let pipe = "[checks.audit]\nrun = [\"python\", \"-m\", \"tools.audit\"]\nnetwork = true\n";
    let scene = scene().file("pipe.toml", pipe).file("tools/audit.py", "");
    assert_eq!(scene.pipe("trust --yes").ended().status, Some(0));
    let scene = scene.file("tools/audit.py", "import socket\n");
    assert!(audit(&scene).stderr.contains("trusted: `tools/audit.py`\n"));
}

#[test]
fn a_file_that_a_variable_names_is_a_file_of_the_request() {
    let pipe = format!("{PIPE}env = {{ BASH_ENV = \"/app/tools/other.sh\" }}\n");
    let scene = scene().file("pipe.toml", &pipe);
    let ended = scene.pipe("trust --yes").ended();
    assert!(
        ended.stderr.contains("it sets the variable BASH_ENV=/app/tools/other.sh\n"),
        "{ended:?}"
    );
    let scene = scene.file("tools/other.sh", "curl example.org\n");
    assert!(audit(&scene).stderr.contains("trusted: `tools/other.sh`\n"));
}

#[test]
fn the_config_of_a_tool_that_asks_is_a_file_of_the_request() {
    let scene = Scene::new()
        .file("pipe.toml", "[checks.lint]\nnetwork = true\n")
        .file(".config/.pylintrc", "[MAIN]\n");
    assert_eq!(scene.pipe("trust --yes").ended().status, Some(0));
    assert_eq!(scene.pipe("lint --dry-run").ended().status, Some(0));
    let scene = scene.file(".config/.pylintrc", "[MAIN]\ninit-hook=import evil\n");
    let ended = scene.pipe("lint --dry-run").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("trusted: `.config/.pylintrc`\n"), "{ended:?}");
}

#[test]
fn a_config_that_a_tool_finds_by_itself_is_one_too() {
    let scene = Scene::new()
        .file("pipe.toml", "[checks.lint]\nconfig = false\nnetwork = true\n")
        .file(".pylintrc", "[MAIN]\n");
    assert_eq!(scene.pipe("trust --yes").ended().status, Some(0));
    assert_eq!(scene.pipe("lint --dry-run").ended().status, Some(0));
    let scene = scene.file(".pylintrc", "[MAIN]\ninit-hook=import evil\n");
    let ended = scene.pipe("lint --dry-run").ended();
    assert!(ended.stderr.contains("trusted: `.pylintrc`\n"), "{ended:?}");
}

#[test]
fn a_dockerfile_of_the_projects_own_is_a_request_and_so_is_what_it_copies() {
    let scene = Scene::new().file("pipe.toml", "").file("src/main.py", "");
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    assert_eq!(scene.pipe("ruff --dry-run").ended().status, Some(0));
    let path = scene.project().join(".docker/Dockerfile");
    let generated = fs::read_to_string(&path).unwrap();
    let own = generated.replace("AS base\n", "AS base\nCOPY setup.sh /\nRUN sh /setup.sh\n");
    assert_ne!(own, generated);
    let scene = scene.file(".docker/Dockerfile", &own).file(".docker/setup.sh", "exit 0\n");
    scene.pipe("ruff --dry-run").ends(
        2,
        "",
        str![[r#"
error: the project requests `dockerfile`, which lets it run any command, with the network, while images are built

hint: if you trust this project, run it again with `--allow dockerfile`;
`cargo pipe trust` shows everything that it asks for, and grants it permanently

"#]],
    );
    assert_eq!(scene.pipe("ruff --dry-run --allow dockerfile").ended().status, Some(0));
    let ended = scene.pipe("trust --yes").ended();
    let files = "read them first: .docker/Dockerfile, .docker/setup.sh\n";
    assert!(ended.stderr.contains(files), "{ended:?}");
    assert_eq!(scene.pipe("ruff --dry-run").ended().status, Some(0));

    let scene = scene.file(".docker/setup.sh", "curl example.org\n");
    let ended = scene.pipe("ruff --dry-run").ended();
    assert!(ended.stderr.contains("trusted: `.docker/setup.sh`\n"), "{ended:?}");
    let scene = scene.file(".docker/setup.sh", "exit 0\n");
    assert_eq!(scene.pipe("ruff --dry-run").ended().status, Some(0));
    // A directive hides in what looks like a comment.
    let scene = scene.file(".docker/Dockerfile", &format!("# syntax=evil\n{own}"));
    let ended = scene.pipe("ruff --dry-run").ended();
    assert!(ended.stderr.contains("trusted: `.docker/Dockerfile`\n"), "{ended:?}");
}

#[test]
fn a_dockerfile_of_other_settings_is_out_of_date_and_no_request() {
    let scene = Scene::new().file("pipe.toml", "").file("src/main.py", "");
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let scene = scene.file("pipe.toml", "[python]\nversion = \"3.12\"\n");
    for command in ["ruff", "ruff --allow dockerfile"] {
        let ended = scene.pipe(command).ended();
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stdout.contains("`.docker/Dockerfile` is out of date"), "{ended:?}");
        assert!(ended.stdout.contains("hint: run `cargo pipe sync`"), "{ended:?}");
    }
    // Anyone can write such a file, so it is never built from.
    let calls = scene.docker().calls();
    assert!(calls.iter().all(|call| !call.contains(&"build".to_owned())), "{calls:?}");
}

#[test]
fn a_base_that_is_not_the_official_one_is_a_request() {
    let base = |image: &str| format!("[python]\nimage = \"{image}\"\n");
    let scene = Scene::new().file("pipe.toml", &base("evil/python:1")).file("src/main.py", "");
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let ended = scene.pipe("ruff --dry-run").ended();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: the project requests `dockerfile`"), "{ended:?}");
    let ended = scene.pipe("trust --yes").ended();
    let why = "because `evil/python:1` is not the official image of Python\n";
    assert!(ended.stderr.contains(why), "{ended:?}");
    assert_eq!(scene.pipe("ruff --dry-run").ended().status, Some(0));
    let scene = scene.file("pipe.toml", &base("evil/python:2"));
    let ended = scene.pipe("ruff --dry-run").ended();
    assert!(ended.stderr.contains("trusted: its base image\n"), "{ended:?}");
}

#[test]
fn a_project_that_moved_is_not_trusted() {
    let scene = trusted();
    let moved = scene.folder("moved");
    fs::rename(scene.project(), &moved).unwrap();
    fs::create_dir(scene.project()).unwrap();
    let there = || scene.pipe("audit --dry-run -C").arg(moved.clone()).ended();
    assert_eq!(there().status, Some(2));
    assert!(!there().stderr.contains("changed since"), "{:?}", there());
    // Another project in its place is another content.
    let scene = scene.file("pipe.toml", &PIPE.replace("--all", "--more")).file("src/a.py", "");
    assert_eq!(audit(&scene).status, Some(2));
    fs::remove_dir_all(scene.project()).unwrap();
    fs::rename(&moved, scene.project()).unwrap();
    assert_eq!(audit(&scene).status, Some(0));
}

#[test]
fn a_link_to_a_project_is_that_project() {
    let scene = trusted();
    std::os::unix::fs::symlink(scene.project(), scene.folder("link")).unwrap();
    let ended = scene.pipe("audit --dry-run -C").arg(scene.folder("link")).ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped part is reported")]
fn two_users_share_no_trust() {
    let scene = trusted();
    fs::create_dir(scene.folder("other-home")).unwrap();
    let other = scene.folder("other-home").to_str().unwrap().to_owned();
    assert_eq!(scene.pipe("audit --dry-run").with("HOME", &other).ended().status, Some(2));
    let state = scene.folder("home/.local/state").to_str().unwrap().to_owned();
    let lent = || {
        scene.pipe("audit --dry-run").with("HOME", &other).with("XDG_STATE_HOME", &state).ended()
    };
    assert_eq!(lent().status, Some(0));
    if !is_root() {
        eprintln!("not root: files cannot be given to another user");
        return;
    }
    // The same file and folder, of another user.
    let file = record(&scene);
    for path in [file.as_path(), file.parent().unwrap()] {
        chown(path, Some(1234), None).unwrap();
        let ended = lent();
        assert_eq!(ended.status, Some(2));
        assert!(
            ended.stderr.contains("is ignored for safety: another user owns it\n"),
            "{ended:?}"
        );
        chown(path, Some(0), None).unwrap();
    }
    assert_eq!(lent().status, Some(0));
}

#[test]
fn a_grant_that_others_can_write_is_not_used() {
    let scene = trusted();
    let file = record(&scene);
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    let ended = audit(&scene);
    assert_eq!(ended.status, Some(2));
    let text = ";\nit may have been trusted, but `[SCENE]/home/.local/state/cargo-pipe/trust/[HASH].json` \
                is ignored for safety: other users can write to it\n";
    assert!(ended.stderr.contains(text), "{ended:?}");
    let ended = scene.pipe("trust --list").ended();
    assert_eq!(ended.status, Some(3));
    assert!(ended.stderr.contains("hint: remove it with"), "{ended:?}");
    // Another grant replaces it.
    assert_eq!(scene.pipe("trust --yes").ended().status, Some(0));
    assert_eq!(audit(&scene).status, Some(0));
    fs::write(&file, "{}").unwrap();
    assert_eq!(audit(&scene).status, Some(2));
}

#[test]
fn grants_are_listed_and_revoked() {
    let scene = scene();
    scene.pipe("trust --list").ends(0, "", "no grants\n");
    scene.pipe("trust --revoke").ends(0, "", "no grants in [PROJECT]\n");
    scene.pipe("trust --yes").ended();
    scene.pipe("trust --list").ends(0, "[PROJECT]\n  `network` to `audit`\n", "");
    scene.pipe("trust --revoke").ends(0, "", "revoked all grants in [PROJECT]\n");
    scene.pipe("trust --list").ends(0, "", "no grants\n");
    assert_eq!(audit(&scene).status, Some(2));
}

#[test]
fn a_grant_for_a_machine_without_containers_stays() {
    let scene = scene();
    assert_eq!(scene.pipe("--engine venv trust --yes").ended().status, Some(0));
    let listed = |expected: &str| {
        let list = scene.pipe("trust --list").ended().stdout;
        assert_eq!(list.split_once('\n').unwrap().1, expected);
    };
    let both = "  `network` to `audit`\n  `host` to `audit`\n";
    listed(both);
    fs::write(scene.project().join("tools/audit.sh"), "exit 1\n").unwrap();
    assert_eq!(scene.pipe("trust --yes").ended().status, Some(0));
    listed(both);
    // It rests on what it was granted for.
    let asked = scene.pipe("--engine venv trust").ended().stderr;
    assert!(asked.contains("this changed since it was granted: `tools/audit.sh`"), "{asked}");
}

#[test]
fn a_project_that_is_gone_can_be_forgotten() {
    let scene = trusted();
    let project = scene.project();
    fs::rename(&project, scene.folder("gone")).unwrap();
    let from = scene.folder("tmp");
    let ended = scene.pipe("trust --revoke -C").arg(project).ended_in(&from);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(
        fs::read_dir(scene.folder("home/.local/state/cargo-pipe/trust")).unwrap().next().is_none()
    );
}

#[test]
fn in_ci_trust_is_asked_for_as_anywhere() {
    let scene = trusted();
    assert_eq!(scene.pipe("audit --dry-run").with("CI", "true").ended().status, Some(0));
    let bare = scene.pipe("audit --dry-run").with("CI", "true").with("HOME", "/nowhere");
    assert_eq!(bare.ended().status, Some(2));
    let allowed = scene.pipe("audit --dry-run").with("HOME", "/nowhere");
    assert_eq!(allowed.with("CARGO_PIPE_ALLOW", "network").ended().status, Some(0));
}

#[test]
fn a_grant_without_a_container_rests_on_the_configs_in_folders_too() {
    let scene = Scene::with_project()
        .file("pipe.toml", "[checks.imports]\ntool = \"isort\"\nconfig = false\n")
        .file("src/setup.cfg", "[isort]\nskip_gitignore = true\n");
    let asked = scene.pipe("--engine venv trust").ended().stderr;
    let why = "the option `skip_gitignore` in `src/setup.cfg` may run code of the project";
    assert!(asked.contains(why), "{asked}");
    assert_eq!(scene.pipe("--engine venv trust --yes").ended().status, Some(0));
    fs::write(scene.project().join("src/setup.cfg"), "[isort]\nformatter = evil\n").unwrap();
    let asked = scene.pipe("--engine venv trust").ended().stderr;
    assert!(asked.contains("this changed since it was granted: `src/setup.cfg`"), "{asked}");
}
