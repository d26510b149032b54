//! Public projects and the commands with which their CI checks them.
//!
//! Each command is that of the file and line in its `origin`, with the arguments there. A hook passes names
//! of files, which [`Files`] selects. A fixer is replaced by its check, since both find the same.

/// A project as its authors publish it.
pub(super) struct PublicProject {
    /// The name of the source distribution.
    pub(super) name: &'static str,
    /// Its pinned version, in the form that pip reads.
    pub(super) requirement: &'static str,
    /// The commands of its CI.
    pub(super) commands: &'static [HandCommand],
}

/// One command.
pub(super) struct HandCommand {
    /// The tool, by its name in the catalogue.
    pub(super) tool: &'static str,
    /// The place that runs it.
    pub(super) origin: &'static str,
    /// What is installed for it.
    pub(super) installs: &'static [Install],
    /// The command line.
    pub(super) line: &'static str,
    /// The files whose names the command gets; none if it looks for files itself.
    pub(super) files: Option<Files>,
}

/// Something that is installed before a command.
#[derive(PartialEq, Eq)]
pub(super) enum Install {
    /// A requirement, or `.` for the project.
    Package(&'static str),
    /// A list of requirements.
    List(&'static str),
    /// A dependency group of `uv.lock`.
    LockedGroup(&'static str),
}

/// The tracked files that pre-commit passes to a hook.
pub(super) struct Files {
    /// The expressions that the names must match, for `grep -E`.
    pub(super) wanted: &'static [&'static str],
    /// The expressions that they must not match.
    pub(super) excluded: &'static [&'static str],
}

use Install::{List, LockedGroup, Package};

const PYTHON: &str = r"\.pyi?$";
const ALL_PYTHON: Option<Files> = Some(Files { wanted: &[PYTHON], excluded: &[] });

const fn hook(
    tool: &'static str,
    origin: &'static str,
    installs: &'static [Install],
    line: &'static str,
) -> HandCommand {
    HandCommand { tool, origin, installs, line, files: ALL_PYTHON }
}

const fn walk(
    tool: &'static str,
    origin: &'static str,
    installs: &'static [Install],
    line: &'static str,
) -> HandCommand {
    HandCommand { tool, origin, installs, line, files: None }
}

const RUFF: &str = "ruff check --output-format=concise --force-exclude";
const RUFF_FORMAT: &str = "ruff format --check --force-exclude";
const MYPY: &str = "mypy --no-pretty --show-error-codes --hide-error-context";

/// The projects, the smallest first.
pub(super) const PROJECTS: &[PublicProject] = &[
    PublicProject {
        name: "structlog",
        requirement: "structlog==26.1.0 \
             --hash=sha256:f63a716cbd1b1291cf7661de7794b455acfa4c43c5bcf1630e6ad5ddc1adb3b7",
        commands: &[
            hook("ruff", ".pre-commit-config.yaml:9", &[Package("ruff==0.15.16")], RUFF),
            hook(
                "ruff-format",
                ".pre-commit-config.yaml:11",
                &[Package("ruff==0.15.16")],
                RUFF_FORMAT,
            ),
            walk("mypy", "tox.ini:99", STRUCTLOG_TYPING, "@mypy src"),
            walk("mypy", "tox.ini:22", STRUCTLOG_TYPING, "@mypy tests/typing"),
        ],
    },
    PublicProject {
        name: "anyio",
        requirement: "anyio==4.16.0 \
             --hash=sha256:59bb03251907983d1603d27c3087ddb1e93299ea2163adcdba37899a4fb12ffb",
        commands: &[
            hook("ruff", ".pre-commit-config.yaml:34", &[Package("ruff==0.17.2")], RUFF),
            hook(
                "ruff-format",
                ".pre-commit-config.yaml:36",
                &[Package("ruff==0.17.2")],
                RUFF_FORMAT,
            ),
            walk(
                "mypy",
                ".pre-commit-config.yaml:41",
                &[Package("mypy==2.4.0"), Package("pytest"), Package("trio>=0.26")],
                "@mypy --ignore-missing-imports --scripts-are-modules",
            ),
        ],
    },
    PublicProject {
        name: "flask",
        requirement: "flask==3.1.3 \
             --hash=sha256:0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb",
        commands: &[walk(
            "mypy",
            "pyproject.toml:245",
            &[LockedGroup("typing"), Package(".")],
            "@mypy",
        )],
    },
    PublicProject {
        name: "attrs",
        requirement: "attrs==26.1.0 \
             --hash=sha256:d03ceb89cb322a8fd706d4fb91940737b6642aa36998fe130a9bc96c985eff32",
        commands: &[
            hook("ruff", ".pre-commit-config.yaml:9", &[Package("ruff==0.15.6")], RUFF),
            hook(
                "ruff-format",
                ".pre-commit-config.yaml:11",
                &[Package("ruff==0.15.6")],
                RUFF_FORMAT,
            ),
            walk("mypy", "tox.ini:31", ATTRS_TYPING, "@mypy typing-examples"),
            walk(
                "mypy",
                "tox.ini:32",
                ATTRS_TYPING,
                "@mypy src/attrs/__init__.pyi src/attr/__init__.pyi src/attr/_typing_compat.pyi \
                 src/attr/_version_info.pyi src/attr/converters.pyi src/attr/exceptions.pyi \
                 src/attr/filters.pyi src/attr/setters.pyi src/attr/validators.pyi",
            ),
        ],
    },
    PublicProject {
        name: "nox",
        requirement: "nox==2026.10.20 \
             --hash=sha256:5da57c009c3dfdd762c068d9079b17966ec967a9eb02cd8ebcf016a946eaf67f",
        commands: &[
            hook("ruff", ".pre-commit-config.yaml:36", &[Package("ruff==0.16.8")], RUFF),
            hook(
                "ruff-format",
                ".pre-commit-config.yaml:38",
                &[Package("ruff==0.16.8")],
                RUFF_FORMAT,
            ),
            HandCommand {
                tool: "mypy",
                origin: ".pre-commit-config.yaml:43",
                installs: &[
                    Package("mypy==2.3.1"),
                    Package("argcomplete>=3.7.2"),
                    Package("attrs"),
                    Package("colorlog"),
                    Package("dependency-groups>=1.3.2"),
                    Package("humanize"),
                    Package("jinja2"),
                    Package("packaging"),
                    Package("pbs_installer"),
                    Package("platformdirs"),
                    Package("py-rattler>=0.26.0"),
                    Package("python-discovery"),
                    Package("pytest"),
                    Package("tomli"),
                    Package("uv"),
                ],
                line: "@mypy",
                files: Some(Files {
                    wanted: &[PYTHON, r"^(nox/|tests/|\.github/|noxfile\.py$)"],
                    excluded: &["^tests/resources/"],
                }),
            },
        ],
    },
    PublicProject {
        name: "python-gitlab",
        requirement: "python-gitlab==8.6.0 \
             --hash=sha256:d1602164fb58ab280ceef460faf015cec6e7d83bb2d9cbae44ba448adb5568ef",
        commands: &[
            walk("black", "tox.ini:47", GITLAB_LINT, "black --check ."),
            walk("isort", "tox.ini:53", GITLAB_LINT, "isort --check-only ."),
            walk("mypy", "tox.ini:59", GITLAB_LINT, "@mypy"),
            walk("pylint", "tox.ini:71", GITLAB_LINT, "pylint gitlab/"),
            walk("flake8", "tox.ini:65", GITLAB_LINT, "flake8 ."),
        ],
    },
    PublicProject {
        name: "black",
        requirement: "black==26.10.1 \
             --hash=sha256:5f9f83beae62437e060dafd53d7f1fc327e3d3494f74d72ee5c2b73eb90fc4e7",
        commands: &[
            HandCommand {
                tool: "isort",
                origin: ".pre-commit-config.yaml:8",
                installs: &[Package("isort==9.0.1")],
                line: "isort --check-only --filter-files",
                files: Some(Files { wanted: &[PYTHON], excluded: BLACK_EXCLUDED }),
            },
            HandCommand {
                tool: "flake8",
                origin: ".pre-commit-config.yaml:13",
                installs: &[
                    Package("flake8==7.3.0"),
                    Package("flake8-bugbear"),
                    Package("flake8-comprehensions"),
                    Package("flake8-simplify"),
                ],
                line: "flake8",
                files: Some(Files {
                    wanted: &[PYTHON],
                    excluded: &["^(profiling/|tests/data/)", "^src/blib2to3/"],
                }),
            },
            HandCommand {
                tool: "mypy",
                origin: ".pre-commit-config.yaml:23",
                installs: &[
                    Package("mypy==2.3.1"),
                    Package("click>=8.0.0"),
                    Package("packaging>=22.0"),
                    Package("platformdirs>=2"),
                    Package("pytokens~=0.4.0"),
                    Package("tomli>=1.1.0"),
                    Package("uvloop>=0.15.2"),
                    Package("aiohttp>=3.10"),
                    Package("pytest>=7"),
                    Package("hypothesis"),
                    Package("hypothesmith"),
                    Package("types-atheris"),
                    Package("urllib3"),
                ],
                line: "@mypy",
                files: Some(Files {
                    wanted: &[PYTHON],
                    excluded: &["^(profiling/|tests/data/)", r"^docs/conf\.py$"],
                }),
            },
            // The release is the one that its CI installs from its own sources.
            walk("black", "tox.ini:58", &[Package("black==26.10.1")], "black --check ."),
        ],
    },
];

const STRUCTLOG_TYPING: &[Install] =
    &[Package("mypy>=1.4"), Package("rich"), Package("twisted"), Package(".")];
const ATTRS_TYPING: &[Install] = &[LockedGroup("mypy"), Package(".")];
const GITLAB_LINT: &[Install] = &[List("requirements-lint.txt"), Package(".")];
const BLACK_EXCLUDED: &[&str] = &["^(profiling/|tests/data/)"];

impl HandCommand {
    /// The command line with the options that make the output of mypy readable.
    pub(super) fn to_shell(&self) -> String {
        self.line.replace("@mypy", MYPY)
    }
}
