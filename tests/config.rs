//! Errors in a configuration. Each file in `tests/config/bad` has a text file with the message and
//! the hint that are expected. Update them with `SNAPSHOTS=overwrite cargo test --test config`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cargo_pipe::check::Grant;
use cargo_pipe::config::layer::{Layer, OneOrMany, Value};
use cargo_pipe::config::{Config, ConfigError, Work};
use cargo_pipe::configure::load_config;
use cargo_pipe::discover;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::guide::TOPICS;
use snapbox::data::Data;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &Path) -> Result<Config, ConfigError> {
    load_with(folder, EnvVars::default(), Layer::default())
}

fn load_with(folder: &Path, environment: EnvVars, flags: Layer) -> Result<Config, ConfigError> {
    let project = discover::find(folder)?;
    load_config(&project, &environment, flags).map(|(config, _)| config)
}

fn render_error(error: &ConfigError) -> String {
    let hint = error.hint.as_deref().unwrap_or("none");
    format!("{error}\n\nhint: {hint}\n")
}

#[test]
fn every_wrong_file_is_reported_with_its_place_and_a_hint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        if case.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        cases += 1;
        let text = fs::read_to_string(&case).unwrap();
        let root = project(&[("pipe.toml", &text)]);
        let error = load(root.path()).expect_err(&case.display().to_string());
        let expected = Data::read_from(&case.with_extension("txt"), None);
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(render_error(&error), expected);
    }
    assert!(cases > 50, "only {cases} cases were seen");
}

#[test]
fn an_error_in_a_cargo_toml_points_into_it() {
    let root = project(&[(
        "Cargo.toml",
        "[workspace]\nmembers = []\n\n[workspace.metadata.pipe.checks.lint]\ntool = \"pylnit\"\n",
    )]);
    let error = load(root.path()).unwrap_err();
    assert_eq!(error.to_string(), "Cargo.toml:5:8: unknown tool `pylnit`");
    assert_eq!(error.hint.as_deref(), Some("did you mean `pylint`?"));
}

#[test]
fn a_password_in_a_file_is_pointed_at_and_not_shown() {
    let root = project(&[("pipe.toml", "[network]\nindex = 'https://me:secret-é@host/'\n")]);
    let error = load(root.path()).unwrap_err();
    assert_eq!(error.line_and_column(), Some((2, 9)));
    assert_eq!(error.text.as_deref(), Some(&*format!("[network]\nindex = '{}'\n", "*".repeat(26))));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[test]
fn columns_are_counted_in_characters() {
    let root = project(&[("pipe.toml", "source = [\"é\", \"../x\"]\n")]);
    let error = load(root.path()).unwrap_err();
    assert_eq!(error.to_string(), "pipe.toml:1:16: `../x` is outside of the project");
}

#[test]
fn an_empty_file_is_a_whole_configuration() {
    let root = project(&[("pipe.toml", "")]);
    let config = load(root.path()).unwrap();
    let names: Vec<&str> = config.checks.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["lint", "format", "mypy", "ruff"]);
    assert_eq!(config.python.image, "python:3.13-slim");
    assert!(config.jobs >= 1);
    assert!(config.allow.is_empty());
}

#[test]
fn a_check_of_the_project_s_own_comes_after_the_built_in_ones() {
    let root = project(&[(
        "pipe.toml",
        "[checks.zebra]\nrun = ['z']\n[checks.ruff]\nenabled = false\n[checks.ant]\nrun = ['a']\n",
    )]);
    let config = load(root.path()).unwrap();
    let names: Vec<&str> = config.checks.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["lint", "format", "mypy", "zebra", "ant"]);
}

#[test]
fn a_built_in_check_can_become_a_command() {
    let root = project(&[("pipe.toml", "[checks.lint]\nrun = ['flake8']\n")]);
    let config = load(root.path()).unwrap();
    assert!(matches!(&config.checks[0].work, Work::Command { run, .. } if run == &["flake8"]));
}

#[test]
fn the_image_follows_the_version_of_python() {
    let root = project(&[("pipe.toml", "[python]\nversion = '3.11'\n")]);
    assert_eq!(load(root.path()).unwrap().python.image, "python:3.11-slim");
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let root = project(&[("pipe.toml", "jobs = 1\nconfig = 'a'\nsource = 'x'\n")]);
    let environment = EnvVars::from([
        ("CARGO_PIPE_JOBS", "2"),
        ("CARGO_PIPE_CONFIG", "b"),
        ("CARGO_PIPE_ALLOW", "network"),
    ]);
    let mut flags = Layer::default();
    flags.jobs = Some(Value::named("--jobs", 3));
    flags.allow = vec![Grant::Writable];
    let config = load_with(root.path(), environment, flags).unwrap();
    assert_eq!(config.jobs, 3);
    assert_eq!(config.config.as_str(), "b");
    assert_eq!(config.source[0].as_str(), "x");
    assert_eq!(config.allow, [Grant::Network, Grant::Writable].into());
}

#[test]
fn a_wrong_flag_or_variable_is_named() {
    let root = project(&[("pipe.toml", "")]);
    let environment = EnvVars::from([("CARGO_PIPE_SOURCE", "src,../x")]);
    let error = load_with(root.path(), environment, Layer::default()).unwrap_err();
    assert_eq!(error.to_string(), "CARGO_PIPE_SOURCE: `../x` is outside of the project");

    let mut flags = Layer::default();
    let source = vec![Value::named("--source", "/etc".to_owned())];
    flags.source = Some(OneOrMany(Value::named("--source", source)));
    let error = load_with(root.path(), EnvVars::default(), flags).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--source: `/etc` is absolute, but must be relative to the project"
    );
}

#[test]
fn a_link_out_of_the_project_is_refused_wherever_a_path_is_named() {
    let cases = [
        ("source = ['out']", "pipe.toml:1:11"),
        ("config = 'out/x'", "pipe.toml:1:10"),
        ("[image]\ndockerfile = 'out/Dockerfile'", "pipe.toml:2:14"),
        ("[checks.lint]\ninputs = ['out']", "pipe.toml:2:11"),
        ("[checks.lint]\nsource = 'out'", "pipe.toml:2:10"),
        ("[checks.lint]\nconfig = 'out/rc'", "pipe.toml:2:10"),
    ];
    let outside = tempfile::tempdir().unwrap();
    for (text, place) in cases {
        let root = project(&[("pipe.toml", text)]);
        symlink(outside.path(), root.path().join("out")).unwrap();
        let error = load(root.path()).unwrap_err().to_string();
        assert!(error.starts_with(place), "{text}: {error}");
        assert!(error.ends_with("leaves the project through the link `out`"));
    }
}

#[test]
fn a_default_that_is_a_link_out_is_refused_without_a_place_in_the_file() {
    let outside = tempfile::tempdir().unwrap();
    // Longer than the text that the default itself is written in.
    let text = "# something\n".repeat(1000);
    let root = project(&[("pipe.toml", &text)]);
    symlink(outside.path(), root.path().join("src")).unwrap();
    let error = load(root.path()).unwrap_err();
    assert_eq!(error.to_string(), "pipe.toml: `src` leaves the project through the link `src`");
}

#[test]
fn a_binary_file_is_an_error() {
    let root = project(&[]);
    fs::write(root.path().join("pipe.toml"), [0xff, 0xfe]).unwrap();
    let error = load(root.path()).unwrap_err();
    assert_eq!(error.to_string(), "pipe.toml: the file is not UTF-8");
}

/// Every example of a `pipe.toml` in the README and in the guide.
#[test]
fn the_examples_of_the_documentation_are_configurations() {
    let mut examples = 0;
    let chapters = TOPICS.iter().map(|topic| (topic.name, topic.text));
    for (name, text) in chapters.chain([("README", include_str!("../README.md"))]) {
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let folder = project(&[("pipe.toml", block)]);
            if let Err(error) = load(folder.path()) {
                panic!("{name}: {error}\n{block}");
            }
            examples += 1;
        }
    }
    assert!(examples >= 7, "{examples}");
}

#[test]
fn the_guide_s_example_of_a_check_adds_it_to_the_built_in_ones() {
    let chapter = include_str!("../src/guide/configuration.md");
    let block = chapter.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = project(&[("pipe.toml", block)]);
    let config = load(folder.path()).unwrap();
    let names: Vec<&str> = config.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["lint", "format", "mypy", "ruff", "spelling"]);
}
