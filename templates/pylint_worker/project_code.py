"""Keeps code of the project out of this process.

Astroid reads modules without importing them, with two exceptions: compiled modules of the standard
library, and the packages above a module that it does not find. While files are linted, the source
roots are first on `sys.path`, so an import could find the project first. The launcher serves the
modules that pylint has itself; everything else from the project is refused here, and the packages are
not imported.

A hook, a plugin or an extension package of the configuration is code of the project that is meant to
run. It may import the project, and then no memory is kept, because such code could write any record.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from astroid.interpreter._import import spec as astroid_spec
from pylint.lint.pylinter import PyLinter

NO_FILES = 32
"""The exit status of pylint without files; pylint itself succeeds if its configuration ignores them."""

OWN_CODE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "own-code")
"""The reason that code of the project may run in this process. The file is missing if none may."""


def read_reason() -> str:
    """Reads the reason that code of the project may run; empty if it must not."""
    try:
        with open(OWN_CODE, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def project_root() -> str:
    """The folder with all files of the project, of which the working directory may be a package."""
    return getattr(sys.modules["__main__"], "PROJECT", None) or os.getcwd()


class Refused:
    """Loads nothing, so that the import fails as if the module were missing."""

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leaves the creation of the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Fails in place of the module's code."""
        name = module.__name__
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class Finder:
    """Finds modules like `PathFinder`, but those of the project cannot be loaded."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Finds a module on `sys.path`, or in its package."""
        spec = PathFinder.find_spec(name, path, target)
        if spec and any(is_below(place, self.root) for place in places(spec)):
            spec.loader = Refused()  # type: ignore[assignment]
        return spec


class Closed(PyLinter):
    """Pylint that imports nothing of the project while it lints, in a fixed order of files."""

    def check(self, files_or_modules: Any) -> None:
        """Lints the files."""
        if not read_reason():
            # Whatever was loaded before comes from the environment.
            sys.meta_path.insert(sys.meta_path.index(PathFinder), Finder(project_root()))
        if getattr(astroid_spec, "importlib", None) is importlib:
            astroid_spec.importlib = Importlib()  # type: ignore[attr-defined]
        super().check(files_or_modules)

    def _expand_files(self, files_or_modules: Any) -> Any:
        """The modules that pylint finds, in an order that does not depend on the file system."""
        found = dict(sorted(super()._expand_files(files_or_modules).items()))
        if all(module.get("isignored") for module in found.values()) and not self.stats.fatal:
            print("No files to lint: the configuration ignores all of them")
            sys.exit(NO_FILES)
        return found


class Importlib:
    """The module `importlib` as astroid uses it, but no search imports the packages above a module.

    Astroid only asks whether the module is frozen, and packages with frozen modules are imported
    already. `import antigravity.x` in a source would start a browser otherwise.
    """

    util: Any

    def __init__(self) -> None:
        self.util = self

    def find_spec(self, name: str, package: str | None = None) -> ModuleSpec | None:
        """Like the function of `importlib.util`."""
        above = name.rpartition(".")[0]
        return importlib.util.find_spec(name, package) if not above or above in sys.modules else None

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.util if hasattr(importlib.util, name) else importlib, name)


def is_below(path: str, root: str) -> bool:
    """Whether a path is a folder or in it, also through a link."""
    path = os.path.abspath(path)
    if f"{path}{os.sep}".startswith(root + os.sep):
        return True
    if path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep)):
        # Resolving the links of hundreds of modules would take longer than everything else here.
        return False
    return f"{os.path.realpath(path)}{os.sep}".startswith(os.path.realpath(root) + os.sep)


def places(spec: ModuleSpec | None) -> Iterator[str]:
    """The file and the folders of a module."""
    if spec and spec.origin and os.path.isabs(spec.origin):
        yield spec.origin
    yield from (spec and spec.submodule_search_locations) or ()


class Loaded:
    """Finds the modules of the project that this process has imported."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def find(self, root: str) -> list[str]:
        """The names of those that were imported since the last call."""
        new = sys.modules.keys() - self._seen
        self._seen |= new
        found = []
        for name in sorted(new):
            module = sys.modules[name]
            files = [getattr(module, "__file__", None), *places(getattr(module, "__spec__", None))]
            if any(isinstance(file, str) and is_below(file, root) for file in files):
                found.append(name)
        return found
