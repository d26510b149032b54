use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::layer::{NetworkLayer, Private, parse};
use super::super::merge::Layers;
use super::*;
use crate::check::CachePolicy;
use crate::config::{EngineChoice, EngineSource, ToolConfig, TopologyChoice, Work};
use crate::project::Manifest;
use crate::template;

const TOOLS: &[&str] = &["pylint", "black", "mypy", "ruff", "ruff-format", "pytest"];

fn layer(text: &str) -> Layer {
    parse(&Manifest::PipeToml, text).unwrap().unwrap()
}

fn defaults() -> Layer {
    let mut defaults = layer(&template::default_config());
    defaults.jobs = Some(Value::named("processors", 2));
    defaults
}

fn judge(text: &str, file: Layer) -> Result<Valid, ConfigError> {
    let layers = Layers { defaults: defaults(), file, ..Layers::default() };
    let context = ValidationContext { manifest: "pipe.toml", text, tools: TOOLS };
    validate(layers.merge(), &context)
}

fn config(text: &str) -> Config {
    judge(text, layer(text)).unwrap().config
}

/// The embedded file with every example in it switched on.
fn examples() -> String {
    let live = |line: &str| match line.strip_prefix('#') {
        Some(example) if example.starts_with(|c: char| c != ':' && !c.is_whitespace()) => {
            example.to_owned()
        }
        _ => line.to_owned(),
    };
    let lines: Vec<String> = template::default_config().lines().map(live).collect();
    lines.join("\n")
}

/// The keys that a section has, as its reader names them when it meets a wrong one.
fn keys(section: &str) -> Vec<String> {
    let hint =
        parse(&Manifest::PipeToml, &format!("{section}zzzzzzzz = 1\n")).unwrap_err().hint.unwrap();
    let keys = hint.split('`').skip(1).step_by(2).map(str::to_owned);
    keys.collect()
}

#[test]
fn the_defaults_are_a_whole_configuration() {
    let config = config("");
    assert_eq!(config.source, [ProjectPath::new("src").unwrap()]);
    assert_eq!(config.config.as_str(), ".config");
    assert_eq!(config.engine, EngineChoice::Auto);
    assert_eq!(config.engine_source, EngineSource::User);
    assert_eq!(config.topology, TopologyChoice::Auto);
    assert_eq!(config.image.dockerfile.as_str(), ".docker/Dockerfile");
    assert_eq!(config.python.version, template::DEFAULT_PYTHON);
    assert_eq!(config.checks.len(), 4);
    assert!(config.checks.iter().all(|check| check.asks.is_empty()));
}

#[test]
fn the_defaults_written_into_a_project_change_nothing() {
    let text = template::default_config();
    assert_eq!(config(&text), config(""));
}

#[test]
fn every_example_in_the_default_file_is_right() {
    let text = examples();
    let config = config(&text);
    assert_eq!(config.platform.as_deref(), Some("linux/amd64"));
    assert_eq!(config.checks[0].id.as_str(), "spelling");
    let config = &config.find_step("api:mypy@3.13").unwrap().work;
    let file = ProjectPath::new("apps/api/mypy.ini").unwrap();
    assert!(matches!(config, Work::Tool { config: ToolConfig::File(path), .. } if *path == file));
}

#[test]
fn the_default_file_speaks_of_every_setting() {
    let text = template::default_config();
    let has = |key: &str| {
        let key_of = |line: &str| {
            let line = line.trim_start_matches('#');
            line.starts_with(&format!("{key} =")) || line.starts_with(&format!("[{key}"))
        };
        text.lines().any(key_of) || text.contains(&format!("`{key}`"))
    };
    for section in
        ["", "[python]\n", "[image]\n", "[network]\n", "[checks.x]\n", "[packages.x]\n", "[ci]\n"]
    {
        for key in keys(section) {
            let explained = has(&key) || text.contains(&format!("`{key} = "));
            assert!(explained, "{section}{key}");
        }
    }
}

#[test]
fn a_check_has_what_the_project_has_unless_it_has_its_own() {
    let config = config(
        "source = ['src']\nexclude = ['a']\ntimeout = '5m'\n\
         [checks.lint]\nsource = ['tests', 'src']\nexclude = ['b']\ntimeout = 90\n",
    );
    let [lint, format, ..] = &config.checks[..] else {
        panic!("four checks");
    };
    let sources: Vec<&str> = lint.source.iter().map(ProjectPath::as_str).collect();
    assert_eq!(sources, ["src", "tests"]);
    assert_eq!(lint.exclude, ["a", "b"]);
    assert_eq!(lint.timeout.as_secs(), 90);
    assert_eq!(format.exclude, ["a"]);
    assert_eq!(format.timeout.as_secs(), 300);
}

#[test]
fn what_reaches_out_of_the_sandbox_is_never_kept() {
    for wish in ["network", "docker-socket"] {
        let config = config(&format!("[checks.x]\nrun = ['x']\n{wish} = true\n"));
        assert_eq!(config.checks[4].cache, CachePolicy::Never);
        assert_eq!(config.checks[4].asks.len(), 1);
    }
}

#[test]
fn a_writable_check_sees_only_its_snapshot_and_is_kept() {
    let config = config("[checks.x]\nrun = ['x']\nwritable = true\ncache = true\n");
    assert_eq!(config.checks[4].cache, CachePolicy::Always);
}

#[test]
fn asking_for_nothing_asks_for_nothing() {
    let config = config("[checks.x]\nrun = ['x']\nnetwork = false\n");
    assert!(config.checks[4].asks.is_empty());
    assert_eq!(config.checks[4].cache, CachePolicy::Always);
}

#[test]
fn a_command_finds_something_when_it_exits_with_1() {
    let config = config("[checks.x]\nrun = ['x']\n");
    let Work::Command { findings_exit, .. } = &config.checks[4].work else {
        panic!("a command");
    };
    assert_eq!(findings_exit, &[1].into());
}

#[test]
fn the_formatter_is_a_choice() {
    let config = config("[checks.format]\ntool = 'ruff-format'\n");
    assert!(matches!(&config.checks[1].work, Work::Tool { tool, .. } if tool == "ruff-format"));
}

#[test]
fn every_path_comes_out_to_be_looked_at() {
    let text = "source = 'a'\nconfig = 'b'\n[image]\ndockerfile = 'c'\n[network]\nca-bundle = 'g'\n\
                [checks.lint]\nsource = 'd'\nconfig = 'e'\ninputs = ['f']\n";
    let mut paths: Vec<String> = judge(text, layer(text))
        .unwrap()
        .paths
        .into_iter()
        .map(|path| path.value.to_string())
        .collect();
    paths.sort();
    assert_eq!(paths, ["a", "b", "c", "d", "e", "f", "g"]);
}

#[test]
fn every_canonical_variable_is_refused() {
    let names = crate::plan::CANONICAL_ENV.iter().map(|(name, _)| *name);
    for name in names.chain(["PATH", "LANG"]) {
        let text = format!("[checks.lint.env]\n{name} = 'x'\n");
        assert!(judge(&text, layer(&text)).is_err(), "{name}");
    }
}

#[test]
fn an_image_is_named_and_nothing_else() {
    for good in ["python", "localhost:5000/a/b_c:1.2", "a@sha256:00ff"] {
        let text = format!("[python]\nimage = '{good}'\n");
        assert_eq!(config(&text).python.image, good);
    }
    for bad in ["", "-v/:/x", "a b", "a\\tb", "é", "$HOME", "a;b"] {
        let text = format!("[python]\nimage = \"{bad}\"\n");
        assert!(judge(&text, layer(&text)).is_err(), "{bad}");
    }
}

#[test]
fn a_password_stays_in_the_variables_and_goes_where_they_say() {
    let with_password = || {
        let index = Value::named("PIP_INDEX_URL", Private("https://me:pass@host/".to_owned()));
        let network = NetworkLayer { index: Some(index), ..NetworkLayer::default() };
        Layer { network, ..Layer::default() }
    };
    let judge = |text: &str| {
        let layers = Layers {
            defaults: defaults(),
            file: layer(text),
            variables: with_password(),
            ..Layers::default()
        };
        let context = ValidationContext { manifest: "pipe.toml", text, tools: TOOLS };
        validate(layers.merge(), &context)
    };
    let network = judge("[network]\nindex = 'https://other/'\n").unwrap().config.network;
    assert_eq!(network.index.unwrap().reveal(), "https://me:pass@host/");
    for line in ["https-proxy = 'proxy:1'", "http-proxy = 'proxy:1'", "ca-bundle = 'ca.pem'"] {
        let error = judge(&format!("[network]\n{line}\n")).unwrap_err();
        assert!(error.hint.unwrap().starts_with("set the variable `"), "{line}");
    }
}

proptest! {
    #[test]
    fn no_value_makes_the_judge_panic(
        words in proptest::collection::vec(any::<String>(), 8),
        numbers in proptest::collection::vec(any::<i64>(), 2),
    ) {
        let text = |index: usize| Value::named("test", words[index].clone());
        let texts = |index: usize| Value::named("test", vec![text(index), text(7)]);
        let mut file = Layer {
            config: Some(text(0)),
            exclude: Some(texts(1)),
            platform: Some(text(2)),
            jobs: Some(Value::named("test", numbers[0])),
            ..Layer::default()
        };
        file.image.apt = Some(texts(3));
        file.python.version = Some(text(4));
        file.network.index = Some(Value::named("test", Private(words[0].clone())));
        let check = super::super::layer::CheckLayer {
            run: Some(texts(5)),
            env: Some(Value::named("test", BTreeMap::from([(text(6), text(0))]))),
            findings_exit: Some(Value::named("test", vec![Value::named("test", numbers[1])])),
            ..Default::default()
        };
        file.checks.insert(text(7), check);
        let _ = judge("", file.clone());
        file.config = None;
        file.exclude = None;
        file.platform = None;
        file.jobs = None;
        file.image.apt = None;
        file.python.version = None;
        file.network.index = None;
        file.network.https_proxy = Some(Value::named("test", Private(words[0].clone())));
        let _ = judge("", file);
    }
}

#[test]
fn only_an_engine_in_a_file_of_the_project_is_the_project_s_choice() {
    let source = |file: &str, variables: Layer, flags: Layer| {
        let layers = Layers { defaults: defaults(), file: layer(file), variables, flags };
        let context = ValidationContext { manifest: "pipe.toml", text: file, tools: TOOLS };
        validate(layers.merge(), &context).unwrap().config.engine_source
    };
    let venv =
        || Layer { engine: Some(Value::named("--engine", EngineChoice::Venv)), ..Layer::default() };
    let none = Layer::default;
    assert_eq!(source("engine = 'venv'", none(), none()), EngineSource::Project);
    assert_eq!(source("engine = 'venv'", venv(), none()), EngineSource::User);
    assert_eq!(source("engine = 'venv'", none(), venv()), EngineSource::User);
    assert_eq!(source("engine = 'auto'", none(), none()), EngineSource::User);
    assert_eq!(source("", none(), none()), EngineSource::User);
}

/// The checks by the spelling of their steps, each with its sources.
fn steps(text: &str) -> Vec<(String, Vec<String>)> {
    let texts = |paths: &[ProjectPath]| paths.iter().map(ToString::to_string).collect();
    let config = config(text);
    config.checks.iter().map(|check| (check.id.to_string(), texts(&check.source))).collect()
}

#[test]
fn each_package_has_the_checks_of_the_project_in_its_own_folder() {
    let text = "source = ['src', 'tests']\nexclude = ['docs/**']\n\
                [checks.lint]\nenabled = false\n[checks.ruff]\nenabled = false\n\
                [checks.format]\nexclude = ['src/made/**']\n\
                [checks.links]\nrun = ['links']\nper-package = false\nsource = ['docs']\n\
                [packages.core]\npath = 'libs/core'\n\
                [packages.core.checks.mypy]\nconfig = 'mypy.ini'\n\
                [packages.outer]\npath = 'libs'\nsource = ['.']\nexclude = ['gen/**', '!*.pyi']\n\
                [packages.outer.checks.format]\nenabled = false\n\
                [packages.outer.checks.own]\nrun = ['own']\nsource = 'x'\n";
    let expected = [
        ("links", vec!["docs"]),
        ("core:format", vec!["libs/core/src", "libs/core/tests"]),
        ("core:mypy", vec!["libs/core/src", "libs/core/tests"]),
        ("outer:mypy", vec!["libs"]),
        ("outer:own", vec!["libs/x"]),
    ]
    .map(|(name, paths)| (name.to_owned(), paths.into_iter().map(str::to_owned).collect()));
    assert_eq!(steps(text), expected);
    let config = config(text);
    let find = |step: &str| config.find_step(step).unwrap();
    assert_eq!(find("core:format").exclude, ["docs/**", "libs/core/src/made/**"]);
    // The files of a nested package are its own.
    assert_eq!(
        find("outer:mypy").exclude,
        ["docs/**", "libs/core/**", "libs/gen/**", "!libs/**/*.pyi"]
    );
    assert_eq!(find("core:mypy").folder.as_str(), "libs/core");
    assert!(find("links").folder.is_root());
    let config_of = |step: &str| match &find(step).work {
        Work::Tool { config, .. } => config.clone(),
        Work::Rust { .. } | Work::Command { .. } => ToolConfig::Found,
    };
    let own = ProjectPath::new("libs/core/mypy.ini").unwrap();
    assert_eq!(config_of("core:mypy"), ToolConfig::File(own));
    assert_eq!(config_of("outer:mypy"), ToolConfig::Usual);
}

#[test]
fn packages_with_equal_settings_of_a_tool_share_its_lock() {
    let text = "[packages.a]\n[packages.b]\n[packages.c.checks.mypy]\nversion = '1.8'\n";
    let config = config(text);
    let lock = |step: &str| config.find_step(step).unwrap().lock().unwrap().to_owned();
    assert_eq!([lock("a:mypy"), lock("b:mypy"), lock("c:mypy")], ["mypy", "mypy", "mypy.c.mypy"]);
}
