mod packages;

use super::*;

/// The uses in these files: rank, tool, version, arguments, paths, requirements, place.
fn uses(files: &[(&str, &str)]) -> Vec<String> {
    let described = |used: &ToolUse| {
        let ToolUse { tool, rank, origin, version, requirements, args, paths, .. } = used;
        let version = version.as_deref().unwrap_or("-");
        let words = [args.as_slice(), paths, requirements].map(|words| words.join(" ")).join("|");
        format!("{rank:?} {tool} {version} |{words}| {origin}")
    };
    read(files).uses.iter().map(described).collect()
}

fn read(files: &[(&str, &str)]) -> ProjectEvidence {
    let texts =
        files.iter().map(|(name, text)| (ProjectPath::new(name).unwrap(), (*text).to_owned()));
    read_evidence(&texts.collect(), &[]).project
}

const HOOKS: &str = "\
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.5.0
    hooks:
      - id: ruff-check
        args: [--fix, --select, \"E,F\"]
  - repo: https://github.com/pre-commit/mirrors-mypy
    rev: 2e0b1c1c0ff8d5a0f6cd8a6e0bb0a9ff0f0f0f0f  # frozen: v1.8.0
    hooks:
      - id: mypy
        additional_dependencies: [types-requests==2.31, attrs]
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v4.5.0
    hooks:
      - {id: check-yaml}
      - {id: check-added-large-files}
      - {id: mixed-line-ending, args: [--fix, lf]}
      - {id: trailing-whitespace, exclude: ^docs/}
      - {id: end-of-file-fixer}
  - repo: https://github.com/PyCQA/pydocstyle
    rev: 6.3.0
    hooks:
      - id: pydocstyle
        args: [--match, nd]
  - repo: local
    hooks:
      - id: pylint
        entry: poetry run pylint -j 2 --disable=all
        language: system
      - id: typecheck
        entry: tsc
        language: node
      - id: late
        entry: black
        language: system
        stages: [manual]
";

#[test]
fn hooks_have_versions_arguments_and_packages() {
    let evidence = read(&[(hooks::FILE, HOOKS)]);
    assert_eq!(
        uses(&[(hooks::FILE, HOOKS)]),
        [
            "Hook ruff 0.5.0 |--select E,F||| .pre-commit-config.yaml:5",
            "Hook mypy 1.8.0 |--ignore-missing-imports --scripts-are-modules||types-requests==2.31 \
             attrs| .pre-commit-config.yaml:10",
            "Hook pre-commit-hooks 4.5.0 |check-yaml mixed-line-ending --fix=lf end-of-file-fixer||| \
             .pre-commit-config.yaml:15",
            "Hook pre-commit-hooks 4.5.0 |trailing-whitespace||| .pre-commit-config.yaml:18",
            "Hook pylint - |--disable=all||| .pre-commit-config.yaml:27",
        ]
    );
    let foreign: Vec<String> = evidence
        .foreign
        .iter()
        .map(|other| {
            format!("{}: {} ({})", other.name, other.run.join(" "), other.requirements.join(" "))
        })
        .collect();
    assert_eq!(
        foreign,
        [
            "check-added-large-files:  ()",
            "pydocstyle: pydocstyle --match nd (pydocstyle==6.3.0)",
            "typecheck:  ()"
        ]
    );
}

#[test]
fn a_job_of_pre_commit_ci_is_a_job() {
    let text = "ci: {skip: [mypy]}\nrepos:\n- repo: x\n  rev: v1.0\n  hooks:\n  - id: mypy\n  \
                - id: black\n";
    let found = uses(&[(hooks::FILE, text)]);
    assert!(found[0].starts_with("Job black"), "{found:?}");
    assert!(found[1].starts_with("Hook mypy"), "{found:?}");
}

#[test]
fn calls_are_followed_from_a_job_to_a_hook() {
    let workflow = "\
on: push
jobs:
  check:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        env: [lint, types]
        include: [{env: py313}]
    steps:
      - uses: actions/checkout@v4
      - run: pip install tox
      - name: Check
        run: |
          echo start
          tox -e ${{ matrix.env }}
";
    let tox = "\
[tox]
envlist = py{312,313}, lint, docs

[testenv]
deps =
    pytest
commands = pytest {posargs:tests}

[testenv:lint]
skip_install = true
deps = pre-commit
commands = pre-commit run --all-files {posargs}

[testenv:types]
deps =
    mypy==1.4.0
    types-attrs
    -r requirements.txt
commands =
    mypy {posargs:src \\
        tests}
    - mypy --strict src
";
    let files = [(".github/workflows/ci.yml", workflow), ("tox.ini", tox), (hooks::FILE, HOOKS)];
    let found = uses(&files);
    assert!(
        found.contains(&"Job mypy 1.4.0 ||src tests|types-attrs| tox.ini:20".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"Job ruff 0.5.0 |--select E,F||| .pre-commit-config.yaml:5".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"Job pytest - ||tests|| tox.ini:7".to_owned()), "{found:?}");
    assert!(!found.iter().any(|used| used.contains("--strict")), "{found:?}");
}

#[test]
fn each_runner_has_its_tasks() {
    let job = |command: &str| format!("check:\n  script:\n    - {command}\n");
    let poe = "[tool.poe.tasks]\nlint.sequence = ['ruff check src', {cmd = 'mypy src'}]\n";
    let pdm = "[tool.pdm.scripts]\nlint = {composite = ['ruff check a', 'black --check a']}\n";
    let hatch = "[tool.hatch.envs.lint]\ndependencies = ['ruff==0.4.1']\n[tool.hatch.envs.lint.scripts]\n\
                 style = 'ruff check {args:.}'\nall = ['style', 'mypy src']\n";
    let tox_toml = "env_list = ['lint']\n[env.lint]\ndeps = ['ruff==0.3.0']\ncommands = [['ruff', \
                    'check', { replace = 'posargs', default = ['src'] }]]\n";
    let make = "SRC := src tests\n.PHONY: lint\nlint: types\n\t@ruff check $(SRC)\n\ntypes:\n\t\
                python -m mypy $(SRC)\n\t-black .\n";
    let just = "src := 'lib'\n\ncheck *args: fmt\n  ruff check {{src}}\n\nfmt:\n  black --check {{ src }}\n";
    for (command, name, text, expected) in [
        ("poe lint", "pyproject.toml", poe, vec!["ruff - ||src||", "mypy - ||src||"]),
        ("pdm run lint", "pyproject.toml", pdm, vec!["ruff - ||a||", "black - ||a||"]),
        ("hatch run lint:all", "pyproject.toml", hatch, vec!["ruff 0.4.1 ||.||", "mypy - ||src||"]),
        ("uvx tox -e lint", "tox.toml", tox_toml, vec!["ruff 0.3.0 ||src||"]),
        ("make lint", "Makefile", make, vec!["mypy - ||src tests||", "ruff - ||src tests||"]),
        ("just check", "justfile", just, vec!["black - ||lib||", "ruff - ||lib||"]),
    ] {
        let found = uses(&[(".gitlab-ci.yml", &job(command)), (name, text)]);
        let plain: Vec<String> = found
            .iter()
            .map(|used| used.trim_start_matches("Job ").rsplit_once(' ').unwrap().0.to_owned())
            .collect();
        assert_eq!(plain, expected, "{command}");
        assert!(found.iter().all(|used| used.contains(&format!(" {name}:"))), "{found:?}");
    }
}

#[test]
fn a_noxfile_is_read_and_not_executed() {
    let noxfile = "\
import nox
nox.options.sessions = ['lint']
FILES = ['src', \"noxfile.py\"]
DOCS = f'{x}'

@nox.session(python='3.12', name=\"lint\")
def check(session: nox.Session) -> None:
    '''Runs session.run('black').'''
    session.install('mypy==1.5.1', 'types-x', '-e', '.')
    args = session.posargs or FILES
    session.run('mypy', '--strict', *args, env={'A': 'b'})
    session.run('ruff', 'check', DOCS)
    session.run('black', '--check', *(session.posargs or ['src']), success_codes=[0, 1])

@nox.session
def tests(session):
    session.run('pytest', *session.posargs)
";
    let workflow = "jobs:\n  a:\n    steps:\n    - run: uv run nox -s lint-3.12\n";
    let found = uses(&[("noxfile.py", noxfile), (".github/workflows/a.yml", workflow)]);
    assert_eq!(
        found,
        [
            "Job mypy 1.5.1 |--strict|src noxfile.py|types-x| noxfile.py:11",
            "Job ruff - |||| noxfile.py:12",
        ]
    );
    // Without a job, the sessions count that nox runs by default.
    let found = uses(&[("noxfile.py", noxfile)]);
    assert!(found.iter().all(|used| used.starts_with("Task")), "{found:?}");
    assert!(!found.iter().any(|used| used.contains("pytest")), "{found:?}");
}

#[test]
fn a_parametrized_session_runs_once_for_each_value() {
    let noxfile = "\
COMMANDS = {'pyright': ['pyright'], **OTHERS, 'ty': ('ty', 'check')}

@nox.session
@nox.parametrize('tool', ['pyright', 'ty', 'unknown'])
def check(session, tool):
    session.install('.', tool)
    session.run(*COMMANDS[tool], 'tests')

@nox.session
@nox.parametrize('opt', [nox.param('x', id='y')])
@nox.parametrize('tool, folder', [('mypy', 'src'), ('mypy', 'tests')])
@nox.parametrize('level', ['--strict', []])
def types(session, tool, folder, level, opt):
    session.run(tool, level, folder, opt)

@nox.session
def plain(session):
    session.run(tool, 'docs')
";
    let workflow = "jobs:\n  a:\n    steps:\n    - run: nox\n";
    let found = uses(&[("noxfile.py", noxfile), (".github/workflows/a.yml", workflow)]);
    assert_eq!(
        found,
        [
            "Job pyright - ||tests|| noxfile.py:7",
            "Job ty - ||tests|| noxfile.py:7",
            "Job mypy - |--strict|src|| noxfile.py:14",
            "Job mypy - ||src|| noxfile.py:14",
            "Job mypy - |--strict|tests|| noxfile.py:14",
            "Job mypy - ||tests|| noxfile.py:14",
        ]
    );
}

#[test]
fn a_version_comes_from_what_installs_the_tool() {
    let workflow =
        |command: &str| format!("jobs:\n  a:\n    steps:\n    - run: |\n        {command}\n");
    let lock = "[[package]]\nname = 'ruff'\nversion = '0.9.1'\n";
    for (command, expected) in [
        ("uv run ruff check", "0.9.1"),
        ("ruff check .", "0.9.1"),
        ("uvx ruff check", "-"),
        ("uvx ruff@0.4.2 check", "0.4.2"),
        ("uvx --from 'ruff==0.4.3' ruff check", "0.4.3"),
        ("uv run --with ruff==0.4.4 ruff check", "0.4.4"),
        ("pip install ruff\n        ruff check", "-"),
        ("python3.12 -m pip install -U 'ruff == 0.4.5'\n        ruff check", "0.4.5"),
        ("pipx run ruff==0.4.6 check", "0.4.6"),
    ] {
        let found = uses(&[(".github/workflows/a.yaml", &workflow(command)), ("uv.lock", lock)]);
        let version = found[0].split(' ').nth(2).unwrap();
        assert_eq!(version, expected, "{command}: {found:?}");
    }
}

#[test]
fn a_command_whose_failure_does_not_count_is_named() {
    let workflow = "jobs:\n  a:\n    steps:\n    - run: mypy . | tee log\n    - run: ruff check || true\n    \
                    - run: black .\n      continue-on-error: true\n    - run: pydocstyle --match=x\n";
    let evidence = read(&[(".github/workflows/a.yml", workflow)]);
    assert_eq!(evidence.uses, []);
    let foreign: Vec<String> =
        evidence.foreign.iter().map(|other| format!("{}: {}", other.name, other.reason)).collect();
    assert_eq!(
        foreign,
        [
            "mypy: another command reads its output",
            "ruff: its failures are ignored",
            "pydocstyle: cargo pipe has no check for it"
        ]
    );
}

#[test]
fn hostile_files_end_in_time_and_without_a_panic() {
    let circle = "a: b\n\tmake b\nb: a\n\tmake a\n\tmake\n";
    let many = "x:\n\tmake y\n".repeat(5_000);
    let braces = format!(
        "[tox]\nenvlist = {}\n[testenv]\ncommands = {}\n",
        "{a,b}".repeat(200),
        "{posargs:".repeat(5_000)
    );
    let references = "[testenv:a]\ncommands = {[testenv:a]commands} {[testenv:a]commands}\n";
    let nested = format!(
        "A = {}\n@nox.session\ndef a(s):\n  s.run({}",
        "[".repeat(50_000),
        "(".repeat(50_000)
    );
    let parameters = format!(
        "@nox.session\n{}def a(s):\n  s.run('mypy', a)\n",
        "@nox.parametrize('a', ['b', 'c', 'd'])\n".repeat(5_000)
    );
    let deep = format!("repos: {}", "[".repeat(50_000));
    let wrong = "repos: {a: b}\nci: [x]\nexclude: [y]\n";
    let items = "repos:\n- x\n- repo: [a]\n  rev: {b: c}\n  hooks:\n  - id: [z]\n  - id: mypy\n    args: {a: b}\n";
    for (name, text) in [
        ("Makefile", circle),
        ("Makefile", &many),
        ("tox.ini", &braces),
        ("tox.ini", references),
        ("noxfile.py", &nested),
        ("noxfile.py", "@nox.session\ndef"),
        ("noxfile.py", "A = {'b': ["),
        ("noxfile.py", "A = {) 'b': 'c'\n@nox.parametrize('a', ['b' %"),
        ("noxfile.py", &parameters),
        ("noxfile.py", "@nox.session\ndef a(s):\n s.run('''"),
        (hooks::FILE, &deep),
        (hooks::FILE, wrong),
        (hooks::FILE, items),
        (".gitlab-ci.yml", "a: [b]\nc: {script: {d: e}}\nstages: 3\n"),
        (".github/workflows/a.yml", "jobs:\n  a:\n    steps: {run: x}\n    strategy: []\n"),
        (
            "pyproject.toml",
            "[tool.poe]\ntasks = 3\n[tool.tox]\nenv = 'x'\nlegacy_tox_ini = '''\n[a\n'''\n[tool.hatch]\nenvs = []\n",
        ),
        ("uv.lock", "package = 3\n"),
        ("requirements.txt", "===\n==1\n[\n-r\n"),
    ] {
        let started = std::time::Instant::now();
        read(&[
            (name, text),
            (".github/workflows/z.yml", "jobs:\n  a:\n    steps:\n    - run: make; tox; nox\n"),
        ]);
        assert!(started.elapsed().as_secs() < 20, "{name}");
    }
}

#[test]
fn environments_of_tox_are_selected_by_factor_label_and_a_name_with_a_variable() {
    let tox = "\
[tox]
labels =
    style = lint
env_list =
    py3{9-11}-{tests,mypy}
    lint, typing-{mypy,pyright}

[testenv]
dependency_groups =
    mypy: types
commands =
    tests: pytest
    mypy: mypy src

[testenv:lint]
extras = lint
commands = ruff check .

[testenv:typing-{mypy,pyright}]
dependency_groups = types
commands =
    mypy: mypy --strict tests
";
    for (command, expected) in [
        ("tox run -f typing", vec!["mypy --strict tests"]),
        ("tox -m style", vec!["ruff  ."]),
        ("tox run -e ${PY}-mypy", vec!["mypy  src", "mypy --strict tests"]),
        ("tox run -e py$V-mypy", vec!["mypy  src"]),
        ("tox run -e $EVERYTHING", vec![]),
        (
            "uvx --with tox-uv --python $(cat .python-version) tox run -f py310",
            vec!["mypy  src", "pytest  "],
        ),
    ] {
        let job = format!("check:\n  script:\n    - {command}\n  after_script: []\n");
        let found = read(&[(".gitlab-ci.yml", &job), ("tox.ini", tox)]).uses;
        let mut found: Vec<&ToolUse> =
            found.iter().filter(|used| used.rank == EvidenceRank::Job).collect();
        found.sort_by_key(|used| (used.tool, used.args.clone()));
        let plain: Vec<String> = found
            .iter()
            .map(|used| format!("{} {} {}", used.tool, used.args.join(" "), used.paths.join(" ")))
            .collect();
        assert_eq!(plain, expected, "{command}");
        for used in found {
            let (groups, extras) = match used.tool {
                "mypy" => ("types", ""),
                "ruff" => ("", "lint"),
                _ => ("", ""),
            };
            assert_eq!(
                (used.groups.join(" ").as_str(), used.extras.join(" ").as_str()),
                (groups, extras)
            );
        }
    }
}

#[test]
fn a_script_that_a_job_calls_is_read() {
    let script = "#!/bin/sh -e\n\nexport SOURCE=\"shop tests\"\nPREFIX=venv/bin/\n\n\
                  ${PREFIX}mypy $SOURCE\nuv run --group lint ruff check ${SOURCE} $UNKNOWN\n";
    for command in ["scripts/check", "./scripts/check", "bash scripts/check"] {
        let job = format!("check:\n  script:\n    - {command}\n");
        let found = uses(&[(".gitlab-ci.yml", &job), ("scripts/check", script)]);
        assert_eq!(
            found,
            [
                "Job mypy - ||shop tests|| scripts/check:6",
                "Job ruff - ||shop tests|| scripts/check:7"
            ],
            "{command}"
        );
    }
    let python = [
        (".gitlab-ci.yml", "a:\n  script: scripts/check\n"),
        ("scripts/check", "#!/usr/bin/env python3\nmypy\n"),
    ];
    assert_eq!(uses(&python), [""; 0]);
}

#[test]
fn a_hook_without_names_keeps_its_packages_and_a_job_has_those_of_its_list() {
    let hooks = "repos:\n- repo: x\n  rev: v1.8.0\n  hooks:\n  - id: mypy\n    pass_filenames: false\n    \
                 additional_dependencies: [trio>=0.26]\n";
    let used = &read(&[(hooks::FILE, hooks)]).uses[0];
    assert_eq!((used.requirements.join(" ").as_str(), used.is_isolated), ("trio>=0.26", true));
    assert_eq!(used.names, None);
    let job = "a:\n  script:\n  - pip install -r dev.txt -e .[types] attrs tox\n  - mypy\n";
    let used = &read(&[(".gitlab-ci.yml", job)]).uses[0];
    assert_eq!((used.requirements.join(" ").as_str(), used.is_isolated), ("attrs", false));
    assert_eq!((used.files.join(" "), used.extras.join(" ")), ("dev.txt".into(), "types".into()));
}
