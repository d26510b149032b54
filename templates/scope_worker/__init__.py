"""Runs mypy, pytest or isort on the files that its plain command would look at in the project's root.

The arguments end with `--` and the sources of the check. A scope in the tool's own configuration holds
within these sources: `files`, `packages` and `modules` of mypy, `testpaths` of pytest. Without one,
mypy looks for its files from the root, so that its `exclude` applies to the sources, too. isort does not
ask git which files are ignored: those are not there.
"""

from __future__ import annotations

import glob
import io
import os
import re
import shlex
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

from scope_worker import test_runs

CONFIG = "--config-file="


def run() -> Any:
    """Runs the tool with the arguments of this process."""
    program, *arguments = sys.argv
    end = arguments.index("--")
    options, sources = arguments[:end], arguments[end + 1 :]
    scopes = {"mypy": scope_of_mypy, "pytest": scope_of_pytest, "isort": scope_of_isort}
    own = test_runs.take_own(options)
    rest = scopes[program](options, sources)
    sys.argv = [program, *options, *rest]
    main = sys.modules["__main__"].console_script(program)
    return test_runs.run(main, options, rest, own) if own else main()


def scope_of_mypy(options: list[str], sources: list[str]) -> list[str]:
    """The last arguments of mypy."""
    found = options_of_mypy(config_of(options))
    add_packages(found.mypy_path)
    if found.report_dirs:
        name = f"{min(found.report_dirs)}_report".replace("-", "_")
        sys.exit(
            f"mypy: error: `{name}` in the configuration writes a report, which a check cannot do; "
            "name a configuration without it as `config` of the check"
        )
    if getattr(found, "junit_xml", None):
        options.append("--junit-xml=/dev/null")
    if found.packages or found.modules:
        return []
    if found.files:
        return ["--", *narrow("files", found.files, sources)]
    named = [path for path in sources if not is_found(path)]
    if "." in sources or named == sources:
        return ["--", *sources]
    # mypy adds it to the patterns of the configuration.
    outside = f"--exclude=^(?!{'|'.join(pattern for it in sources for pattern in way_to(it))})"
    return [outside, "--", ".", *named]


def add_packages(mypy_path: list[str]) -> None:
    """Lets mypy find the stubs next to itself, where it analyses for another Python, and the package of
    the project as if it was installed: no problem in it is reported where only others are checked.
    """
    import mypy.modulefinder as finder

    search = finder.get_search_dirs
    more = site.getsitepackages()
    known = [os.path.abspath(path) for path in [*mypy_path, *os.getenv("MYPYPATH", "").split(":")]]
    source = os.path.abspath("src")
    if os.path.isdir(source) and not os.path.exists("src/__init__.py") and source not in known:
        more.append(source)
    more += sys.modules["__main__"].ROOTS

    def search_both(python_executable: str | None) -> tuple[list[str], list[str]]:
        path, packages = search(python_executable)
        return path, packages + [folder for folder in more if folder not in packages]

    finder.get_search_dirs = search_both


def options_of_mypy(config: str | None) -> Any:
    """The options in the configuration, which mypy itself reads again and complains about."""
    from mypy.config_parser import parse_config_file
    from mypy.options import Options

    options = Options()
    try:
        parse_config_file(options, lambda: None, config, io.StringIO(), io.StringIO())
    except SystemExit:
        pass
    return options


def way_to(source: str) -> list[str]:
    """Patterns for the folders above a source, the source, and everything below it."""
    parts = source.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts))]
    return [f"{re.escape(path)}/$" for path in above] + [f"{re.escape(source)}(?:/|$)"]


def is_found(source: str) -> bool:
    """Whether mypy finds the files of a source from the root: it skips hidden folders and the like."""
    skipped = ("__pycache__", "site-packages", "node_modules")
    parts = source.split("/")
    if any(part.startswith(".") or part in skipped for part in parts):
        return False
    return os.path.isdir(source) or source.endswith((".py", ".pyi"))


def scope_of_pytest(options: list[str], sources: list[str]) -> list[str]:
    """The last arguments of pytest."""
    from _pytest.config.findpaths import load_config_dict_from_file

    names = "pytest.toml .pytest.toml pytest.ini .pytest.ini pyproject.toml tox.ini setup.cfg"
    config = config_of(options)
    for name in [config] if config else names.split():
        try:
            found = load_config_dict_from_file(Path(name)) if os.path.isfile(name) else None
        except Exception:  # pylint: disable=broad-exception-caught
            # pytest itself complains about the file.
            break
        if found is not None:
            value = found.get("testpaths")
            value = getattr(value, "value", value) or []
            paths = shlex.split(value) if isinstance(value, str) else value
            scope = [path for pattern in paths for path in sorted(glob.glob(pattern, recursive=True))]
            if scope:
                sources = narrow("testpaths", scope, sources)
            break
    return ["--", *sources]


def scope_of_isort(_: list[str], sources: list[str]) -> list[str]:
    """The last arguments of isort, for which every folder is outside of a repository."""
    start = subprocess.check_output

    def check_output(*arguments: Any, **options: Any) -> Any:
        if arguments[0][0] == "git":
            raise subprocess.CalledProcessError(128, arguments[0])
        return start(*arguments, **options)

    subprocess.check_output = check_output
    return ["--", *sources]


def config_of(options: list[str]) -> str | None:
    """The configuration file that the arguments name."""
    named = [option for option in options if option.startswith(CONFIG)]
    return named[-1][len(CONFIG) :] if named else None


def narrow(option: str, scope: list[str], sources: list[str]) -> list[str]:
    """The parts of a scope that are in the sources, and the sources that are in the scope."""
    scope = [os.path.normpath(path) for path in scope]
    found = [path for path in scope if any(is_below(path, source) for source in sources)]
    found += [path for path in sources if any(is_below(path, part) for part in scope)]
    if not found:
        print(
            f"cargo-pipe: `{option}` in the configuration names nothing in the `source` of this check, "
            "so it has no effect",
            file=sys.stderr,
        )
    return list(dict.fromkeys(found)) or sources


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return folder == "." or path == folder or path.startswith(folder + "/")
