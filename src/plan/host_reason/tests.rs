//! Everything that reaches a tool is harmless or needs `host`, in each notation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::{CANONICAL_ENV, ConfigFile, EnvironmentSpec, FileSet, Step};
use crate::check::CachePolicy;
use crate::project::ProjectPath;
use crate::tools::{self, Command, TOOLS};

fn step(tool: &str) -> Step {
    let canonical = CANONICAL_ENV.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Step {
        folder: ProjectPath::root(),
        import_roots: Vec::new(),
        id: "check".parse().unwrap(),
        tool: tool.to_owned(),
        source: vec![ProjectPath::new("src").unwrap()],
        endings: Vec::new(),
        file_set: FileSet::default(),
        config: None,
        environment: EnvironmentSpec::Base { python: None, project: None, builds_project: false },
        installation: None,
        command: Command::Exec(Vec::new()),
        args: Vec::new(),
        env: canonical.collect(),
        findings_exit: BTreeSet::new(),
        findings: None,
        writable: false,
        per_file: false,
        grants: BTreeSet::new(),
        secrets: BTreeMap::new(),
        timeout: Duration::from_secs(1),
        limits: crate::limits::Limits::default(),
        cache: CachePolicy::Always,
    }
}

/// The reason of a step in a project with these files.
fn reason(step: &Step, files: &[(&str, &[u8])]) -> Option<String> {
    let files: BTreeMap<&str, &[u8]> = files.iter().copied().collect();
    let paths: Vec<String> = files.keys().map(|path| (*path).to_owned()).collect();
    step.find_host_reason(&paths, |path| files.get(path).map(|content| content.to_vec()))
}

fn with_config(tool: &str, path: &str, content: &[u8]) -> Option<String> {
    let config = ConfigFile { path: ProjectPath::new(path).unwrap(), mounted: false };
    reason(&Step { config: Some(config), ..step(tool) }, &[(path, content)])
}

fn with_args(tool: &str, args: &[&str]) -> Option<String> {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    reason(&Step { args, ..step(tool) }, &[])
}

fn with_variable(tool: &str, name: &str, value: &str) -> Option<String> {
    let mut step = step(tool);
    step.env.insert(name.to_owned(), value.to_owned());
    reason(&step, &[])
}

#[test]
fn commands_and_tests_always_need_host() {
    assert_eq!(reason(&step("command"), &[]), Some("the command of `check`".to_owned()));
    assert_eq!(reason(&step("pytest"), &[]), Some("pytest".to_owned()));
    let without_list: Vec<&str> =
        TOOLS.iter().filter(|it| it.allow_list().is_none()).map(|it| it.name()).collect();
    let python = ["pytest", "basedpyright", "pyrefly", "pyright", "ty"];
    let rust = ["rustfmt", "clippy", "cargo-test", "rustdoc"];
    assert_eq!(without_list, [&python[..], &rust].concat());
    for tool in TOOLS {
        let expected = without_list.contains(&tool.name()).then(|| tool.name().to_owned());
        assert_eq!(reason(&step(tool.name()), &[]), expected, "{}", tool.name());
    }
}

#[test]
fn a_configuration_of_a_catalogue_tool_that_could_run_code_needs_host() {
    for (tool, file, text, needs_host) in [
        ("flake8", "setup.cfg", "[flake8]\nmax-line-length = 99\nignore = E203\n", false),
        ("flake8", ".flake8", "[flake8]\nbanned-modules = x\n", true),
        ("flake8", "tox.ini", "[flake8:local-plugins]\nextension =\n  X = evil:X\n", true),
        ("flake8", "tox.ini", "[flake8]\noutput-file = evil.py\n", true),
        ("codespell", ".codespellrc", "[codespell]\nskip = *.po\n", false),
        ("codespell", "setup.cfg", "[codespell]\nignore-words = /etc/passwd\n", true),
        ("codespell", "setup.cfg", "[codespell]\nwrite-changes =\n", true),
        ("codespell", "pyproject.toml", "[tool.codespell]\nskip = \"a\"\n", false),
        ("bandit", ".bandit", "[bandit]\nskips = B101\n", false),
        ("bandit", "src/.bandit", "[bandit]\noutput = evil.py\n", true),
        ("vulture", "pyproject.toml", "[tool.vulture]\npaths = [\"src\"]\n", false),
        ("vulture", "pyproject.toml", "[tool.vulture]\nmake-whitelist = true\n", true),
        ("typos", "typos.toml", "[default.extend-words]\nteh = \"teh\"\n", false),
        ("typos", "src/typos.toml", "evil = 1\n", true),
        ("yamllint", ".yamllint", "extends: default\n", true),
        ("shellcheck", ".shellcheckrc", "disable=SC2086\n", true),
        ("zizmor", "zizmor.yml", "rules: {}\n", true),
        ("interrogate", "pyproject.toml", "[tool.interrogate]\nfail-under = 90\n", false),
        ("interrogate", "pyproject.toml", "[tool.interrogate]\ngenerate-badge = \"x\"\n", true),
    ] {
        let found = reason(&step(tool), &[(file, text.as_bytes())]);
        assert_eq!(found.is_some(), needs_host, "{tool} {text}: {found:?}");
    }
    for (tool, argument, needs_host) in [
        ("flake8", "--max-line-length=99", false),
        ("flake8", "--append-config=evil.cfg", true),
        ("codespell", "--interactive=3", true),
        ("bandit", "--ini=evil", true),
        ("pre-commit-hooks", "--markdown-linebreak-ext=md", false),
        ("shellcheck", "--external-sources", true),
        ("typos", "--write-changes", true),
        ("zizmor", "--fix=all", true),
        ("blacken-docs", "--line-length=99", false),
    ] {
        assert_eq!(with_args(tool, &[argument]).is_some(), needs_host, "{tool} {argument}");
    }
}

#[test]
fn a_variable_that_is_not_listed_needs_host() {
    let unknown = [
        ("PYTHONPATH", "/app/src"),
        ("PYTHONHOME", "/app/src"),
        ("PYTHONSTARTUP", "src/evil.py"),
        ("PYTHONUSERBASE", "/app/src"),
        ("PYTHONPLATLIBDIR", "src"),
        ("PYTHONPYCACHEPREFIX", "/app/src"),
        ("PYTHONWARNINGS", "error::evil.Evil"),
        ("PYTHONBREAKPOINT", "evil.run"),
        ("PYTHONEXECUTABLE", "/app/src/python"),
        ("PYTHONINSPECT", "1"),
        ("PYTHONUTF8", "0"),
        ("PYTHONIOENCODING", "shift_jis"),
        ("PYTHON_PRESITE", "evil"),
        ("pythonpath", "/app/src"),
        ("LD_PRELOAD", "/app/src/evil.so"),
        ("LD_AUDIT", "/app/src/evil.so"),
        ("LD_LIBRARY_PATH", "/app/src"),
        ("DYLD_INSERT_LIBRARIES", "/app/src/evil.so"),
        ("GLIBC_TUNABLES", "glibc.malloc.check=3"),
        ("GCONV_PATH", "/app/src"),
        ("LOCPATH", "/app/src"),
        ("NLSPATH", "/app/src/%N"),
        ("PATH", "/app/src:/usr/bin"),
        ("HOME", "/app/src"),
        ("TMPDIR", "/app/src"),
        ("XDG_CONFIG_HOME", "/app/src"),
        ("XDG_CACHE_HOME", "/app/src"),
        ("PYLINTRC", "src/evil.rc"),
        ("PYLINTHOME", "/app/src"),
        ("MYPY_CACHE_DIR", "/app/src"),
        ("MYPY_CONFIG_FILE_DIR", "/app/src"),
        ("RUFF_CONFIG", "src/ruff.toml"),
        ("RUFF_CACHE_DIR", "/app/src"),
        ("BLACK_CACHE_DIR", "/app/src"),
        ("BASH_ENV", "src/evil.sh"),
        ("ENV", "src/evil.sh"),
        ("GIT_CONFIG_GLOBAL", "/app/src/config"),
        ("GIT_DIR", "/app/src"),
        ("OPENSSL_CONF", "/app/src/openssl.cnf"),
        ("TERMINFO", "/app/src"),
        ("TZDIR", "/app/src"),
        ("TZ", ":/app/src/zone"),
        ("TZ", "/app/src/zone"),
        ("TZ", "../../app/src/zone"),
        ("TERM", "../evil"),
        ("LANG", "../../app/src"),
        ("LC_ALL", "ja_JP.SHIFT_JIS"),
        ("LC_ALL", "de_DE"),
        ("LC_CTYPE", "src/evil.UTF-8"),
    ];
    for tool in ["pylint", "mypy", "black", "isort", "ruff", "ruff-format"] {
        for (name, value) in unknown {
            let expected = Some(format!("the variable `{name}`"));
            assert_eq!(with_variable(tool, name, value), expected, "{tool} {name}={value}");
        }
    }
    assert!(with_variable("pylint", "MYPYPATH", "stubs").is_some());
}

#[test]
fn variables_of_language_time_and_colour_are_harmless() {
    for (name, value) in [
        ("TZ", "Europe/Berlin"),
        ("TZ", "CET-1CEST"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "C"),
        ("LC_ALL", "en_US.utf8"),
        ("NO_COLOR", ""),
        ("FORCE_COLOR", "1"),
        ("CI", "true"),
        ("COLUMNS", "120"),
        ("TERM", "xterm-256color"),
        ("PYTHONHASHSEED", "42"),
        ("PYTHONUTF8", "1"),
        ("SOURCE_DATE_EPOCH", "0"),
        ("HOME", "/tmp"),
    ] {
        for tool in ["pylint", "mypy", "black", "isort", "ruff"] {
            assert_eq!(with_variable(tool, name, value), None, "{tool} {name}={value}");
        }
    }
    assert_eq!(with_variable("mypy", "MYPYPATH", "stubs:/app/src"), None);
}

#[test]
fn an_argument_that_is_not_listed_needs_host() {
    let unknown: &[(&str, &[&[&str]])] = &[
        (
            "pylint",
            &[
                &["--rcfile=src/evil.rc"],
                &["--rcfile", "src/evil.rc"],
                &["--rcf=src/evil.rc"],
                &["--rc=src/evil.rc"],
                &["--init-hook=import evil"],
                &["--init-h=import evil"],
                &["--load-plugins=evil"],
                &["--load-plugins=pylint.extensions.typing,evil"],
                &["--load-plugins=pylint.extensions.typing", "--load-plug=evil"],
                &["--load-plugins=pylint.extensions.../evil"],
                &["--unsafe-load-any-extension=yes"],
                &["--unsafe-load-any-ext=yes"],
                &["--extension-pkg-allow-list=evil"],
                &["--extension-pkg-allow=evil"],
                &["--evaluation=__import__('evil')"],
                &["--output-format=evil.Reporter"],
                &["--output-format=json2:/tmp/x,text"],
                &["--output-format", "evil.Reporter"],
                &["-f", "evil.Reporter"],
                &["-fevil.Reporter"],
                &["--output=/tmp/x"],
                &["--import-graph=/tmp/x.dot"],
                &["--int-import-graph=x.png"],
                &["--spelling-private-dict-file=/tmp/x"],
                &["--generate-rcfile"],
                &["--from-stdin"],
                &["--disable", "--rcfile=src/evil.rc"],
                &["--unknown"],
                &["--unknown=1"],
                &["--"],
                &["-"],
                &["/tmp/other.py"],
                &["../other.py"],
                &["src", "--rcfile=src/evil.rc"],
            ],
        ),
        (
            "mypy",
            &[
                &["--config-file=src/evil.ini"],
                &["--config-file", "src/evil.ini"],
                &["--config=src/evil.ini"],
                &["--conf", "src/evil.ini"],
                &["--python-executable=src/evil.sh"],
                &["--python-exec", "src/evil.sh"],
                &["--install-types"],
                &["--shadow-file", "a", "b"],
                &["--pdb"],
                &["--num-workers=2"],
                &["-n2"],
                &["--html-report=/tmp/x"],
                &["--junit-xml=/tmp/x"],
                &["--cache-dir=/tmp/x"],
                &["--timing-stats", "/tmp/x"],
                &["-c", "import evil"],
                &["@src/evil.args"],
                &["--exclude", "@src/evil.args"],
                &["--strict=1"],
                &["--stric"],
                &["--python-version=3.13;evil"],
            ],
        ),
        (
            "black",
            &[
                &["--config=src/evil.toml"],
                &["--config", "src/evil.toml"],
                &["--cache-dir=/tmp/x"],
                &["--code=1"],
                &["-c", "1"],
                &["--stdin-filename=x", "-"],
                &["--lin=79"],
                &["--workers=100000"],
                &["-W", "100000"],
                &["-qv"],
            ],
        ),
        (
            "isort",
            &[
                &["--settings-path=src/evil.cfg"],
                &["--settings=src"],
                &["--sp", "src"],
                &["--config-root=src"],
                &["--cr=src"],
                &["--resolve-all-configs"],
                &["--gitignore"],
                &["--skip-gitignore"],
                &["--formatter=evil"],
                &["--profile=evil"],
                &["--profile", "evil"],
                &["--sort-order=evil"],
                &["--virtual-env=/tmp"],
            ],
        ),
        (
            "ruff",
            &[
                &["--config=src/evil.toml"],
                &["--config", "extend = '/etc/x'"],
                &["--output-file=/tmp/x"],
                &["-o", "/tmp/x"],
                &["--add-noqa"],
                &["--watch"],
                &["--cache-dir=/tmp/x"],
                &["--stdin-filename=x"],
            ],
        ),
        ("ruff-format", &[&["--config=src/evil.toml"], &["--stdin-filename=x", "-"]]),
    ];
    for (tool, all) in unknown {
        for args in *all {
            let reason = with_args(tool, args).unwrap_or_default();
            assert!(reason.starts_with("the argument `"), "{tool} {args:?}: {reason}");
        }
    }
}

#[test]
fn usual_arguments_are_harmless() {
    let usual: &[(&str, &[&str])] = &[
        ("pylint", &["--disable=C,R", "--enable", "W", "-sn", "-j", "0", "--fail-under=-10", "-E"]),
        (
            "pylint",
            &["--load-plugins=pylint.extensions.mccabe,pylint.extensions.typing", "src/a.py"],
        ),
        (
            "pylint",
            &["--recursive=y", "--source-roots=src,tests/*", "--output-format=text", "-fjson"],
        ),
        ("pylint", &["--evaluation=10 - (error * 2.5 + warning) / statement"]),
        (
            "mypy",
            &["--strict", "--ignore-missing-imports", "--python-version", "3.11", "-p", "app"],
        ),
        (
            "mypy",
            &["--exclude=^build/", "--disable-error-code=misc", "--no-warn-return-any", "src"],
        ),
        ("black", &["-l", "100", "-t", "py311", "--skip-string-normalization", "-S", "--preview"]),
        ("black", &["-l100", "--exclude=(/build/|\\.venv)", "src", "tests/data"]),
        ("isort", &["--profile", "black", "--line-length=100", "-l", "100", "--sl", "-p", "app"]),
        ("ruff", &["--select=E,F", "--ignore", "E501", "--line-length=100", "--preview", "-q"]),
        ("ruff-format", &["--line-length=100", "--target-version", "py311"]),
    ];
    for (tool, args) in usual {
        assert_eq!(with_args(tool, args), None, "{tool} {args:?}");
    }
}

#[test]
fn toml_is_read_in_every_notation() {
    let pylint = [
        "[tool.pylint.main]\ninit-hook = 'import evil'",
        "[tool.pylint.main]\n\"init-hook\" = 'import evil'",
        "[tool.pylint.main]\n\"init\\u002dhook\" = 'import evil'",
        "[tool.pylint]\ninit-hook = 'import evil'",
        "[tool.pylint]\nmain . init-hook = 'import evil'",
        "[tool.pylint]\nmain.\"init-hook\" = 'import evil'",
        "[tool]\npylint = { main = { init-hook = 'import evil' } }",
        "[tool]\npylint.main.init-hook = 'import evil'",
        "tool = { pylint = { 'anything at all' = { init-hook = \"\"\"\nimport evil\"\"\" } } }",
        "[ tool . 'pylint' . main ]\ninit-hook = 'import evil'",
        "[tool.pylint.main]\n\"pl\\u0075gins\" = ['evil']",
        "[tool.pylint.main]\nload-plugins = ['pylint.extensions.typing', 'evil']",
        "[tool.pylint.main]\nload-plugins = 'pylint.extensions.typing, evil'",
        "[tool.pylint.main]\nload-plug = ['evil']",
        "[tool.pylint.main]\n'load-plugins' = [\n  # a comment\n  'evil',\n]",
        "[tool.pylint.main]\nunsafe-load-any-extension = true",
        "[tool.pylint.main]\nunsafe-load-any-ext = 'y'",
        "[tool.pylint.main]\nextension-pkg-allow-list = ['evil']",
        "[tool.pylint.reports]\noutput-format = 'evil.Reporter'",
        "[tool.pylint.reports]\nevaluation = 'print(1)'",
        "[tool.pylint.reports]\nevaluation = '().__class__'",
        "[tool.pylint.main]\nignore = ['--init-hook=import evil']",
        "[tool.pylint.main]\nverbose = '--init-hook=import evil'",
        "[tool.pylint.main]\njobs = { init-hook = 'import evil' }",
        "[[tool.pylint]]\ninit-hook = 'import evil'",
        "[tool.pylint.main]\nignore = 1\nignore = 2",
        "[tool.pylint.main\ninit-hook = 'import evil'",
        "[tool.pylint.main]\rinit-hook = 'import evil'",
        "tool = 1",
    ];
    for text in pylint {
        assert!(with_config("pylint", "pyproject.toml", text.as_bytes()).is_some(), "{text}");
        assert!(with_config("pylint", "conf/a.toml", text.as_bytes()).is_some(), "{text}");
    }
    let mypy = [
        "[tool.mypy]\nplugins = ['evil']",
        "[tool]\nmypy = { plugins = ['evil'] }",
        "[tool.mypy]\n\"pl\\u0075gins\" = ['evil']",
        "[tool.mypy]\nplugins = 'pydantic.mypy'",
        "[tool]\nmypy = { python_executable = 'src/evil.sh' }",
        "[tool.mypy]\npython-executable = '/opt/project/../app/evil'",
        "[tool.mypy]\ninstall_types = true\nnon_interactive = true",
        "[tool.mypy]\nhtml_report = '/tmp/x'",
        "[tool.mypy]\njunit_xml = '/tmp/x'",
        "[[tool.mypy.overrides]]\nmodule = 'a'\nplugins = ['evil']",
        "[tool.mypy.overrides]\nplugins = ['evil']",
        "[tool.mypy.other]\nstrict = true",
        "[tool.mypy]\nnum_workers = 2",
    ];
    for text in mypy {
        assert!(with_config("mypy", "pyproject.toml", text.as_bytes()).is_some(), "{text}");
    }
    for (tool, text) in [
        ("black", "[tool.black]\nconfig = 'x'"),
        ("black", "[tool.black]\nworkers = 100_000"),
        ("black", "[tool.black]\n'--line-length' = 79"),
        ("isort", "[tool.isort]\nformatter = 'evil'"),
        ("isort", "[tool.isort]\nskip_gitignore = true"),
        ("isort", "[tool.isort]\nprofile = 'evil'"),
        ("isort", "[tool.isort]\nsort_order = 'evil'"),
        ("ruff", "[tool.ruff]\nextend = '/tmp/x.toml'"),
        ("ruff", "[tool.ruff]\nextend = '~/x.toml'"),
        ("ruff", "[tool.ruff]\nextend = '$HOME/x.toml'"),
        ("ruff", "[tool.ruff]\nunknown = 1"),
    ] {
        assert!(with_config(tool, "pyproject.toml", text.as_bytes()).is_some(), "{tool} {text}");
    }
    assert!(with_config("ruff", "ruff.toml", b"unknown = 1").is_some());
    assert!(with_config("black", "conf/black.cfg", b"[tool.black]\nunknown = 1").is_some());
    assert!(with_config("mypy", "conf/mypy.TOML", b"").is_some());
}

#[test]
fn ini_is_read_as_python_reads_it() {
    let pylint: &[&[u8]] = &[
        b"[MAIN]\ninit-hook=import evil",
        b"[MAIN]\nINIT-HOOK : import evil",
        b"[MAIN]\ninit_hook=import evil",
        b"[MAIN]\n# words\rinit-hook=import evil",
        b"[MAIN]\r# words\rinit-hook=import evil\r",
        b"[MAIN]\r\n# words\r\ninit-hook=import evil\r\n",
        b"[MAIN]\n; words\rinit-hook=import evil",
        b"[DEFAULT]\ninit-hook=import evil\n[MAIN]\njobs=1",
        b"[anything at all]\ninit-hook=import evil",
        b"[MAIN]\n  init-hook=import evil",
        b"[MAIN]\n\tjobs=1\n\tinit-hook=import evil",
        b"[MAIN]\n  jobs=1\ninit-hook=import evil",
        b"[MAIN]\njobs=1\n[A]\n  init-hook=import evil",
        b"[MAIN]\njobs=1\n\n\ninit-hook=import evil",
        b"[MAIN]\nload-plugins=evil",
        b"[MAIN]\nload-plugins=\n    pylint.extensions.typing,\n    evil",
        b"[MAIN]\nload-plugins=\n    pylint.extensions.typing,\n\n# words\n    evil",
        b"[MAIN]\nload-plug=evil",
        b"[MAIN]\nunsafe-load-any-ext=yes",
        b"[MAIN]\nunsafe-load-any-extension=yes",
        b"[MAIN]\nextension-pkg-whitelist=evil",
        b"[MAIN]\nignore=--init-hook=import evil",
        b"[MAIN]\nverbose=--init-hook=import evil",
        b"[MAIN]\nignore=\n  --init-hook=import evil",
        b"[MAIN]\nspelling-dict=\nignore=%(spelling-dict)s--init-hook=import evil",
        b"[REPORTS]\noutput-format=evil.Reporter",
        b"[REPORTS]\nevaluation=__import__('evil')",
        b"[REPORTS]\nevaluation=10 if error else (evil)",
        b"[REPORTS]\nimport-graph=/tmp/x.png",
        b"init-hook=import evil",
        b"[MAIN]\njobs",
        b"[MAIN]\njobs=1\njobs=2",
        b"[MAIN]\njobs=1\n[MAIN]\nignore=x",
        b"[MAIN] init-hook=import evil\njobs=1",
        b"[MAIN]]\njobs=1",
        b"[MAIN]\n\x0cjobs=1",
        b"[MAIN]\njobs=1\x0binit-hook=import evil",
        b"[MAIN]\njobs=1\x1cinit-hook=import evil",
        b"[MAIN]\njobs=1\xc2\x85init-hook=import evil",
        b"[MAIN]\njobs=1\xe2\x80\xa8init-hook=import evil",
        b"[MAIN]\njobs=1\n\xc2\xa0init-hook=import evil",
        b"\xef\xbb\xbf[MAIN]\njobs=1",
        b"[MAIN]\n# \xff\njobs=1",
        b"\xff\xfe[\0M\0]\0\n\0",
    ];
    for text in pylint {
        let shown = String::from_utf8_lossy(text);
        assert!(with_config("pylint", "conf/lint.rc", text).is_some(), "{shown}");
        assert!(reason(&step("pylint"), &[("pylintrc", text)]).is_some(), "{shown}");
    }
    let mypy: &[&[u8]] = &[
        b"[mypy]\nplugins = evil.py",
        b"[mypy]\n# words\rplugins = evil.py",
        b"[mypy]\nPlugins: evil",
        b"[DEFAULT]\nplugins = evil\n[mypy]\nstrict = True",
        b"[mypy-a.*]\nplugins = evil",
        b"[mypy]\npython_executable = src/evil.sh",
        b"[mypy]\npython-executable = src/evil.sh",
        b"[mypy]\ninstall_types = True",
        b"[mypy]\nlinecount_report = /tmp/x",
        b"[mypy]\nfiles = src,\n    tests\nplugins = evil",
        b"[mypy]\nunknown = 1",
    ];
    for text in mypy {
        let shown = String::from_utf8_lossy(text);
        for file in ["mypy.ini", ".mypy.ini", "setup.cfg"] {
            assert!(reason(&step("mypy"), &[(file, text)]).is_some(), "{file}: {shown}");
        }
    }
    for (file, text) in [
        ("setup.cfg", "[pylint]\ninit-hook=import evil"),
        ("tox.ini", "[pylint.main]\ninit-hook=import evil"),
        ("setup.cfg", "[tox]\nskipsdist=1\r[pylint]\rinit-hook=x"),
    ] {
        assert!(reason(&step("pylint"), &[(file, text.as_bytes())]).is_some(), "{text}");
    }
    for (file, text) in [
        (".isort.cfg", "[settings]\nformatter=evil"),
        ("src/.isort.cfg", "[settings]\nskip_gitignore=true"),
        ("setup.cfg", "[tool:isort]\nprofile=evil"),
        ("tox.ini", "[isort]\nskip_gitignore=1"),
        (".editorconfig", "root = true\n[*.py]\nskip_gitignore = true"),
        (".editorconfig", "# [\n[*.{py,md}]\nformatter = evil"),
    ] {
        let mut isort = step("isort");
        isort.source = vec![ProjectPath::new("src/app").unwrap()];
        assert!(reason(&isort, &[(file, text.as_bytes())]).is_some(), "{file}: {text}");
    }
}

#[test]
fn usual_configurations_are_harmless() {
    let usual = [
        ("pylint", "pyproject.toml", PYLINT_TOML),
        ("pylint", "pylintrc", PYLINT_INI),
        ("pylint", "setup.cfg", SETUP_CFG),
        ("pylint", "tox.ini", "[tox]\nenvlist = py\n[testenv]\ncommands =\n  a -b\n  c\n"),
        ("mypy", "pyproject.toml", MYPY_TOML),
        ("mypy", "mypy.ini", MYPY_INI),
        ("mypy", "setup.cfg", SETUP_CFG),
        ("black", "pyproject.toml", BLACK),
        ("isort", "pyproject.toml", ISORT),
        ("isort", "setup.cfg", SETUP_CFG),
        ("isort", ".editorconfig", EDITORCONFIG),
        ("ruff", "pyproject.toml", RUFF),
        ("ruff-format", "pyproject.toml", RUFF),
        ("ruff", "src/a/ruff.toml", "extend = \"../../ruff.toml\"\nlint.select = [\"E\"]\n"),
        ("pylint", "pyproject.toml", "[project]\nname = 'a'\n"),
        ("mypy", "pyproject.toml", ""),
    ];
    for (tool, file, text) in usual {
        assert_eq!(reason(&step(tool), &[(file, text.as_bytes())]), None, "{tool} {file}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(reason(&step(tool), &[(file, windows.as_bytes())]), None, "{tool} {file}");
    }
}

#[test]
fn the_configurations_of_a_new_project_are_harmless() {
    for tool in TOOLS {
        let (Some(template), Some(file)) = (tool.config_template(), tool.config_file()) else {
            continue;
        };
        let is_text = |line: &&str| !line.starts_with("@{%");
        let text: String = template.split_inclusive('\n').filter(is_text).collect();
        let text = text.replace("@{{ python_nodot }}", "313").replace("@{{ python }}", "3.13");
        assert_eq!(with_config(tool.name(), file, text.as_bytes()), None, "{}", tool.name());
        let mounted = format!(".config/{file}");
        assert_eq!(with_config(tool.name(), &mounted, text.as_bytes()), None, "{mounted}");
    }
}

#[test]
fn a_tool_is_judged_by_the_files_that_it_finds() {
    let evil: &[u8] =
        b"[tool.pylint.main]\ninit-hook = 'x'\n[tool.ruff]\nx = 1\n[tool.black]\nx = 1";
    for (tool, path, is_found) in [
        ("pylint", "pyproject.toml", true),
        ("pylint", "pylintrc.toml", true),
        ("pylint", ".pylintrc.toml", true),
        ("pylint", "src/pyproject.toml", false),
        ("pylint", "mypy.ini", false),
        ("black", "src/pyproject.toml", true),
        ("black", "tests/data/pyproject.toml", false),
        ("ruff", "pyproject.toml", true),
        ("ruff", "src/a/b/pyproject.toml", true),
        ("ruff", "src/a/.ruff.toml", true),
        ("mypy", "pyproject.toml", false),
    ] {
        let mut step = step(tool);
        step.source = vec![ProjectPath::new("src/app").unwrap()];
        assert_eq!(reason(&step, &[(path, evil)]).is_some(), is_found, "{tool} {path}");
    }
    // A named file replaces the others.
    let config = ConfigFile { path: ProjectPath::new("good.toml").unwrap(), mounted: false };
    let step = Step { config: Some(config), ..step("pylint") };
    assert_eq!(reason(&step, &[("good.toml", b""), ("pyproject.toml", evil)]), None);
}

#[test]
fn a_path_with_a_variable_in_it_needs_host() {
    for path in ["$TZ.rc", "~x/lint.rc", "a%b.rc", "a,b.rc"] {
        assert!(with_config("pylint", path, b"[MAIN]\n").is_some(), "{path}");
    }
    let source = vec![ProjectPath::new("@src").unwrap()];
    assert!(reason(&Step { source, ..step("mypy") }, &[]).is_some());
}

#[test]
fn a_compiled_module_that_pylint_sees_needs_host() {
    let module: (&str, &[u8]) = ("src/_gdbm.cpython-313-x86_64-linux-gnu.so", b"");
    assert!(reason(&step("pylint"), &[module]).is_some());
    assert_eq!(reason(&step("ruff"), &[module]), None);
}

#[test]
fn a_huge_or_deep_configuration_needs_host() {
    let huge = format!("[tool.black]\n#{}", "x".repeat(300 * 1024));
    assert!(with_config("black", "black.toml", huge.as_bytes()).is_some());
    let deep = format!("[tool.black]\nx = {}1{}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(with_config("black", "black.toml", deep.as_bytes()).is_some());
}

#[test]
fn every_option_that_a_tool_refuses_keeps_its_own_error() {
    // The error of the tool is more helpful than a missing grant.
    for tool in [&"pylint", &"black"].map(|name| tools::find(name).unwrap()) {
        let list = tool.allow_list().unwrap();
        let is_listed = |option: &str| {
            list.keys.iter().any(|keys| keys.split_whitespace().any(|key| key == option))
        };
        let unlisted: Vec<&str> = tool
            .refused()
            .iter()
            .map(|refused| refused.option)
            .filter(|option| !is_listed(option))
            .collect();
        let expected: &[&str] = match tool.name() {
            // These wrote files.
            "pylint" => &["disable-report", "enable-report", "files-output", "optimize-ast"],
            _ => &[],
        };
        assert_eq!(unlisted, expected, "{}", tool.name());
    }
}

const PYLINT_TOML: &str = r#"
[build-system]
requires = ["setuptools"]

[tool.pylint]
max-line-length = 100
disable = ["missing-docstring", "C0103"]

[tool.pylint.main]
py-version = "3.11"
jobs = 0
load-plugins = ["pylint.extensions.mccabe", "pylint.extensions.docparams"]
ignore-paths = ["^docs/.*$"]
fail-under = 9.5

[tool.pylint."messages control"]
enable = ["c-extension-no-member"]

[tool.pylint.format]
max-line-length = "88"

[tool.pylint.design]
max-args = 10

[tool.pylint.reports]
output-format = "colorized"
evaluation = "max(0, 0 if fatal else 10.0 - ((float(5 * error + warning + refactor + convention) / statement) * 10))"
"#;

const PYLINT_INI: &str = r"
[MASTER]

# A comma-separated list of package or module names from where C extensions may
# be loaded.
extension-pkg-allow-list=
extension-pkg-whitelist=
ignore=CVS
ignore-patterns=^\.#
jobs=1
limit-inference-results=100
load-plugins=
persistent=yes
suggestion-mode=yes
unsafe-load-any-extension=no

[MESSAGES CONTROL]
confidence=HIGH,
           CONTROL_FLOW,
           INFERENCE
disable=raw-checker-failed,
        bad-inline-option,

        # Ours.
        missing-docstring

[REPORTS]
evaluation=10.0 - ((float(5 * error + warning + refactor + convention) / statement) * 10)
output-format=text
msg-template={path}:{line}: [{msg_id}({symbol}), {obj}] {msg}

[SPELLING]
spelling-dict=
spelling-private-dict-file=
spelling-store-unknown-words=no

[BASIC]
good-names=i,j,k,_
method-rgx=[a-z_][a-z0-9_]{2,30}$

[IMPORTS]
import-graph=
";

const SETUP_CFG: &str = r#"
[metadata]
name = app
long_description = file: README.md
classifiers =
    Programming Language :: Python :: 3
    Typing :: Typed

[options.entry_points]
console_scripts =
    app = app:main

[mypy]
ignore_missing_imports = True

[pylint.main]
disable = all

[tool:isort]
profile = black
known_first_party = app
"#;

const MYPY_TOML: &str = r#"
[tool.mypy]
python_version = "3.11"
strict = true
files = ["src", "tests"]
mypy_path = "$MYPY_CONFIG_FILE_DIR/stubs"
exclude = ['^build/', "docs"]
enable_error_code = ["ignore-without-code"]
show_error_codes = true
disallow-untyped-defs = true
cache_dir = ".cache/mypy"

[[tool.mypy.overrides]]
module = ["yaml.*", "requests"]
ignore_missing_imports = true
follow_imports = "skip"

[[tool.mypy.overrides]]
module = "tests.*"
disallow_untyped_defs = false
"#;

const MYPY_INI: &str = "
[mypy]
python_version = 3.11
# words: with a colon
warn_unused_configs = True
exclude = (?x)(
    ^one\\.py$
    | ^two\\.py$
  )

[mypy-numpy.*,pandas]
ignore_missing_imports = True
ignore_errors = True
";

const BLACK: &str = r#"
[tool.black]
line-length = 100
target-version = ["py311"]
skip_string_normalization = true
preview = false
extend-exclude = '''
/(
  | generated
)/
'''
"#;

const ISORT: &str = r#"
[tool.isort]
profile = "black"
line_length = 100
known_first_party = ["app"]
known_django = "django"
sections = ["FUTURE", "STDLIB", "DJANGO", "THIRDPARTY", "FIRSTPARTY", "LOCALFOLDER"]
import_heading_stdlib = "Standard library"
multi_line_output = 3
skip_gitignore = false
src_paths = ["src"]
"#;

const EDITORCONFIG: &str = "
root = true

[*]
charset = utf-8
end_of_line = lf
indent_style = space
insert_final_newline = true
trim_trailing_whitespace = true

[*.{py,pyi}]
indent_size = 4
max_line_length = 100

[Makefile]
anything = tab
";

const RUFF: &str = r#"
[tool.ruff]
line-length = 100
target-version = "py311"
src = ["src"]
extend-exclude = ["docs"]
select = ["E"]

[tool.ruff.lint]
select = ["E", "F", "I"]
ignore = ["E501"]

[tool.ruff.lint.per-file-ignores]
"tests/*" = ["S101"]

[tool.ruff.lint.isort]
known-first-party = ["app"]

[tool.ruff.lint.flake8-tidy-imports.banned-api]
"typing.Dict".msg = "use dict"

[tool.ruff.format]
quote-style = "single"
"#;
