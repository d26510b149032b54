"""Whose turn it is: which file is being linted, or which module is being built.

Owns the stack of these scopes. Each has inference caches of its own, so that what it finds out
depends on nothing that another one asked before, and each notes what it looked at. It must not know
how pylint and astroid are made to tell it (`patches` does that), nor what is done with what was
noted, which goes into the records of `linter`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from astroid import context, nodes

# The package has a function of the same name.
tips = sys.modules["astroid.inference_tip"]

MISSING = object()
KEPT = 0
"""The epoch of values that outlive the scope they were computed in."""

_epochs = itertools.count(1)


class Scope:
    """A file that is linted or a module that is built, and what that looked at."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        """The file of the module that is built here; none for a file that is linted."""
        self.epoch = next(_epochs)
        self.modules: set[str] = set()
        """The keys of the modules it looked into."""
        self.names: set[str] = set()
        """The dotted names that it looked for, found or not."""
        self.writes: set[tuple[str, str]] = set()
        """Modules of other files whose classes it gave an attribute, and the attribute."""
        self.imports: set[str] = set()
        """The absolute names in its import statements."""
        self.tokens: list[Any] = []
        """The source of the file that is linted, as pylint read it."""
        self._changes: list[tuple[dict[Any, Any], Any, Any, Any]] = []
        self._caches: tuple[Any, Any, Any] = ({}, OrderedDict(), set())

    def change(self, mapping: dict[Any, Any], name: Any, old: Any) -> None:
        """Notes that an entry of a tree that is not its own has changed."""
        self._changes.append((mapping, name, old, mapping.get(name, MISSING)))

    def suspend(self) -> None:
        """Takes its caches and its changes out of sight."""
        for mapping, name, old, _ in reversed(self._changes):
            _put(mapping, name, old)
        # What was cached is what these names stand for now.
        self._caches = (
            context._INFERENCE_CACHE,
            tips._cache,
            tips._CURRENTLY_INFERRING,
        )

    def resume(self) -> None:
        """Puts them back."""
        for mapping, name, _, new in self._changes:
            _put(mapping, name, new)
        (
            context._INFERENCE_CACHE,
            tips._cache,
            tips._CURRENTLY_INFERRING,
        ) = self._caches
        for cache in lru_caches():
            cache.cache_clear()

    def owns(self, node: nodes.NodeNG) -> bool:
        """Whether a node is part of the tree that is built here, which keeps what it computes."""
        return self.path is not None and getattr(node.root(), "file", None) == self.path


def _put(mapping: dict[Any, Any], name: Any, value: Any) -> None:
    if value is MISSING:
        mapping.pop(name, None)
    else:
        mapping[name] = value


class Scopes:
    """The stack, the innermost last, and what came of the modules that were built."""

    def __init__(self) -> None:
        self._stack = [Scope(None)]
        self.current = self._stack[0]
        self.built: dict[str, list[Scope]] = {}
        """The scopes of each module's builds, mostly one."""
        self.order: list[list[str]] = []
        """The key and the name of every module that was built, as they were begun."""
        self.loaded: list[str] = []
        """The keys of those that were loaded into this process to look at them."""
        self.is_deep = False
        """Whether one was begun so deep in the stack that it may have met the end of that."""
        self.absent: set[str] = set()
        """The names of modules that are not there, and would be if all files were parsed."""
        self.is_missed = False
        """Whether somebody asked for one of them."""
        self._written: list[tuple[dict[Any, Any], str, Any]] = []

    def epoch_of(self, node: nodes.NodeNG) -> int:
        """How long a value of a node holds that is computed now."""
        return KEPT if self.current.owns(node) else self.current.epoch

    @contextlib.contextmanager
    def inside(self, scope: Scope) -> Iterator[Scope]:
        """Has everything charged to a scope for a while."""
        self.current.suspend()
        self._stack.append(scope)
        self.current = scope
        scope.resume()
        try:
            yield scope
        finally:
            scope.suspend()
            self._stack.pop()
            self.current = self._stack[-1]
            self.current.resume()

    @contextlib.contextmanager
    def building(self, key: str, name: str, path: str | None) -> Iterator[Scope]:
        """The scope of a module that is built."""
        scope = Scope(path)
        self.built.setdefault(key, []).append(scope)
        self.order.append([key, name])
        self.is_deep = self.is_deep or depth() > sys.getrecursionlimit() // 3
        with self.inside(scope):
            yield scope

    def wrote(self, attributes: dict[str, Any], name: str, node: nodes.NodeNG) -> None:
        """Notes that a module gave a class of another one an attribute."""
        self._written.append((attributes, name, node))

    def has_written(self) -> bool:
        """Whether a module gave something to another since this was settled or undone."""
        return bool(self._written)

    def undo(self, begun: int) -> bool:
        """Takes back what modules gave to others since this was last asked, if they did.

        Then nothing is known any more of those that were begun behind the first ones of `order`.
        """
        written, self._written = self._written, []
        for attributes, name, node in written:
            values = dict.get(attributes, name, [])
            if node in values:
                values.remove(node)
            if not values:
                dict.pop(attributes, name, None)
            writer = key_of(node.root())
            if all(key_of(value.root()) != writer for value in values):
                attributes.writers.get(name, set()).discard(writer)
        if written:
            for key, _ in self.order[begun:]:
                self.built[key].pop()
            del self.order[begun:]
        return bool(written)

    def settle(self) -> None:
        """Has what modules gave to others so far stay."""
        self._written = []

    def reached(self, scope: Scope) -> Iterator[str]:
        """All modules that a scope depends on, one after the other."""
        seen: set[str] = set()
        todo = list(scope.modules)
        while todo:
            key = todo.pop()
            if key not in seen:
                seen.add(key)
                yield key
                for build in self.built.get(key, ()):
                    todo.extend(build.modules)

    def closure(self, scope: Scope) -> tuple[set[str], set[str]]:
        """All modules that a scope depends on, and the names that they and it looked for."""
        modules = set(self.reached(scope))
        builds = (build for key in modules for build in self.built.get(key, ()))
        return modules, scope.names.union(*(build.names for build in builds))

    def builds(self) -> dict[str, list[Any]]:
        """What each module looked into when it was built, and one hash over all that it looked at."""
        found = {}
        for key, builds in self.built.items():
            seen = [
                [sorted(it.modules), sorted(it.names), sorted(it.imports), sorted(it.writes)]
                for it in builds
            ]
            found[key] = [
                sorted(set().union(*(build.modules for build in builds))),
                hashlib.blake2b(repr(seen).encode(), digest_size=16).hexdigest(),
            ]
        return found

    def twice(self) -> list[str]:
        """The files of the project that were built as more than one module."""
        return sorted(
            key
            for key, builds in self.built.items()
            if len(builds) > 1 and not key.startswith("env:")
        )

    def writes(self) -> dict[str, list[tuple[str, str]]]:
        """Which modules gave classes of others an attribute when they were built."""
        found = {
            key: sorted(set().union(*(build.writes for build in builds)))
            for key, builds in self.built.items()
        }
        return {key: writes for key, writes in found.items() if writes}


def depth() -> int:
    """How many calls the stack has."""
    frame, count = sys._getframe(), 0
    while frame.f_back:
        frame, count = frame.f_back, count + 1
    return count


scopes = Scopes()


def key_of_path(path: str) -> str | None:
    """A file of the project, relative to its root; none if it is elsewhere."""
    root = os.getcwd() if _ROOT is None else _ROOT
    return path[len(root) + 1 :] if path.startswith(root + os.sep) else None


# Astroid changes the working directory while it looks for a module.
_ROOT: str | None = None


def take_root() -> None:
    """Takes the working directory for the project's root."""
    global _ROOT  # pylint: disable=global-statement
    _ROOT = os.getcwd()


def key_of(module: nodes.Module) -> str:
    """What a module is called in records: its file if it is the project's, else its name."""
    path = module.file
    return (path and key_of_path(path)) or f"env:{module.name}"


@functools.cache
def lru_caches() -> tuple[Any, ...]:
    """The caches of pylint and astroid that hold nodes: all but those of paths and of finders."""
    found = []
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(("astroid.nodes", "astroid.brain", "pylint.checkers")):
            continue
        for value in list(vars(module).values()):
            members = list(vars(value).values()) if isinstance(value, type) else [value]
            found.extend(it for it in members if hasattr(it, "cache_clear"))
    return tuple(dict.fromkeys(found))
