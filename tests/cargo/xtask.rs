//! A workspace's own task runner that has the command line of cargo pipe.

use crate::workspace::Workspace;

tests!(
    docker,
    [a_task_runs_all_checks_with_nothing_installed],
    nothing,
    [
        a_task_offers_what_can_be_typed,
        a_workspace_of_any_shape_gets_the_task_once,
        a_task_runner_that_is_there_is_only_added_to,
        a_folder_that_can_have_no_task_stays_as_it_is
    ]
);

fn a_task_runs_all_checks_with_nothing_installed() {
    let workspace = Workspace::mixed();
    let ended = workspace.cargo("xtask pipe run-all").well();
    assert!(ended.stdout.contains("passed: 4 checks"), "{}", ended.stdout);

    let ended = workspace.cargo("xtask pipe ci --quiet").well();
    assert!(ended.stdout.contains("passed: 4 checks"), "{}", ended.stdout);
    // A CI job rejects a generated file that is out of date, and still runs the checks.
    let section = "[workspace.metadata.pipe]";
    workspace.edit("Cargo.toml", section, &format!("{section}\nci.gitlab = \"socket\""));
    let ended = workspace.cargo("xtask pipe ci --dry-run");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("missing   .gitlab-ci.yml"), "{}", ended.stdout);
    assert!(ended.stdout.contains("4 checks"), "{}", ended.stdout);
}

fn a_task_offers_what_can_be_typed() {
    let workspace = Workspace::mixed();
    let help = workspace.cargo("xtask pipe --help").well().stdout;
    assert!(help.contains("Usage: cargo xtask pipe [OPTIONS]"), "{help}");
    assert!(!help.contains(" cargo pipe run-all"), "{help}");
    let ended = workspace.cargo("xtask pipe lnit");
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("did you mean `cargo xtask pipe lint`?"), "{}", ended.stderr);

    // Every command that the output of a command or run offers can be typed.
    let workspace = workspace
        .with("CARGO_PIPE_ENGINE", "docker")
        .with("CARGO_PIPE_DOCKER", "/nowhere/docker")
        .with("CARGO_PIPE_CACHE", "off");
    workspace.write("requirements.txt", "attrs\n");
    let section = "[workspace.metadata.pipe]";
    let more = "ci.gitlab = \"socket\"\nchecks.net = { run = [\"true\"], network = true }";
    workspace.edit("Cargo.toml", section, &format!("{section}\n{more}"));
    let mut offered = 0;
    for words in [
        "lint --help",
        "run lint",
        "run-all",
        "run-all --allow network",
        "run-all --allow network --message-format short",
        "baseline --allow network",
        "build lint",
        "bash --",
        "compare Cargo.toml",
        "doctor",
        "init --dry-run",
        "list",
        "run nothing",
        "sync --check",
        "trust",
        "why lint",
        "-C .. run-all",
        "-q lint --nothing",
    ] {
        let ended = workspace.cargo(&format!("xtask pipe {words}"));
        let text = ended.stdout + &ended.stderr;
        offered += text.matches("cargo xtask pipe ").count();
        // A generated file is the same from both programs.
        for line in text.lines().filter(|line| !line.starts_with(['+', '-'])) {
            let is_offered = line.contains("`cargo pipe ") || line.contains("  cargo pipe ");
            assert!(!is_offered, "{words}: {line}");
        }
    }
    assert!(offered > 14, "{offered}");
}

const MEMBER: &str = "[package]\nname = \"a\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";

/// A workspace with this root manifest and a member `crates/a`.
fn shape(manifest: &str) -> Workspace {
    let workspace = Workspace::empty("shape").patched();
    workspace.write("Cargo.toml", manifest);
    workspace.write("src/lib.rs", "");
    workspace.write("crates/a/Cargo.toml", MEMBER);
    workspace.write("crates/a/src/lib.rs", "");
    workspace
}

/// Runs `init --xtask` twice: the second time changes nothing.
#[track_caller]
fn init_twice(workspace: &Workspace) -> String {
    let dry = workspace.pipe(&["init", "--xtask", "--dry-run"]).well().stdout;
    let first = workspace.pipe(&["init", "--xtask"]).well();
    let spoken = dry.replace("missing  ", "written  ").replace("lacking  ", "extended ");
    assert_eq!(spoken, first.stdout);
    let files = workspace.files();
    let second = workspace.pipe(&["init", "--xtask"]).well();
    assert_eq!(workspace.files(), files);
    assert!(!second.stdout.contains("written") && !second.stdout.contains("extended"));
    first.stdout + &first.stderr
}

fn a_workspace_of_any_shape_gets_the_task_once() {
    let package =
        "# Alone.\n[package]\nname = \"shape\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    let listed =
        "[workspace]\nresolver = \"3\"\nmembers = [\n    # The only one.\n    \"crates/a\",\n]\n";
    let covered = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\", \"x*\"]\n";
    for (before, after) in [
        (package.to_owned(), format!("{package}\n[workspace]\nmembers = [\"xtask\"]\n")),
        (
            listed.to_owned(),
            listed.replace("    \"crates/a\",\n", "    \"crates/a\",\n    \"xtask\",\n"),
        ),
        (covered.to_owned(), covered.to_owned()),
    ] {
        let workspace = shape(&before);
        // A glob of members that matches nothing is not a workspace for cargo.
        workspace.write("xother/Cargo.toml", &MEMBER.replace("\"a\"", "\"xother\""));
        workspace.write("xother/src/lib.rs", "");
        let text = init_twice(&workspace);
        for line in ["xtask/Cargo.toml", "xtask/src/main.rs", ".cargo/config.toml"] {
            assert!(text.contains(&format!("written   {line}\n")), "{text}");
        }
        assert_eq!(workspace.read("Cargo.toml"), after);
        let ended = workspace.cargo("xtask pipe list").well();
        assert!(ended.stdout.starts_with("lint "), "{}", ended.stdout);
    }
}

fn a_task_runner_that_is_there_is_only_added_to() {
    let workspace = shape("[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
    let alias = "# Ours.\n[alias]\nxtask = \"run -q -p tasks --\"\nt = \"test\"\n";
    workspace.write(".cargo/config.toml", alias);
    let manifest = "[package]\nname = \"tasks\"\nversion = \"0.0.1\"\nedition = \"2024\"\n\n\
                    [dependencies] # none yet\n";
    workspace.write("crates/tasks/Cargo.toml", manifest);
    let main = "use std::process::ExitCode;\n\nfn main() -> ExitCode {\n    ExitCode::SUCCESS\n}\n";
    workspace.write("crates/tasks/src/main.rs", main);
    let text = init_twice(&workspace);
    assert!(text.contains("extended  crates/tasks/Cargo.toml\n"), "{text}");
    assert!(!workspace.root.join("xtask").exists());
    assert_eq!(workspace.read(".cargo/config.toml"), alias);
    assert_eq!(workspace.read("crates/tasks/src/main.rs"), main);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("{manifest}cargo-pipe-ci = \"{version}\"\n");
    assert_eq!(workspace.read("crates/tasks/Cargo.toml"), expected);

    // What the hint says is what makes it work.
    let hint = text.split_once("returns an `ExitCode`:\n\n").unwrap().1;
    let call = hint.split_inclusive("    }\n").next().unwrap();
    workspace.edit(
        "crates/tasks/src/main.rs",
        "    ExitCode::SUCCESS",
        &format!("{call}    ExitCode::SUCCESS"),
    );
    assert!(workspace.cargo("xtask pipe list").well().stdout.starts_with("lint "));
    assert!(!workspace.pipe(&["init", "--xtask"]).well().stderr.contains("start `main` in"));
}

fn a_folder_that_can_have_no_task_stays_as_it_is() {
    let workspace = shape("[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
    workspace.write("python/a.py", "");
    let before = workspace.files();
    let refused = |words: &[&str], why: &str| {
        let ended = workspace.pipe(words);
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    };
    refused(&["init", "python", "--xtask"], "`Cargo.toml` not found in");
    refused(&["init", "crates/a", "--xtask"], "the folder belongs to the workspace in");
    assert_eq!(workspace.files(), before);
    workspace.write("Cargo.toml", "[workspace");
    refused(&["init", "--xtask"], "cargo cannot read the workspace: ");
}
