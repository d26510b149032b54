"""Scopes: the file that is being linted, or the module that is being built.

The scopes form a stack. Each has its own inference caches, so that its results do not depend on
earlier scopes, and each records what it looks at. `patches` makes pylint and astroid report that,
and `linter` stores it in records.
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
"""The epoch of values that are valid beyond the scope that computed them."""

_epochs = itertools.count(1)


class Scope:
    """A file that is linted or a module that is built, and everything that it looks at."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        """The file of the module that is built; none for a file that is linted."""
        self.epoch = next(_epochs)
        self.modules: set[str] = set()
        """The keys of the modules that it looked into."""
        self.names: set[str] = set()
        """The dotted names that it searched, found or not."""
        self.writes: set[tuple[str, str]] = set()
        """Other modules whose classes it added an attribute to, and the attribute."""
        self.imports: set[str] = set()
        """The absolute names in its import statements."""
        self.tokens: list[Any] = []
        """The tokens of the file that is linted, as pylint read them."""
        self._changes: list[tuple[dict[Any, Any], Any, Any, Any]] = []
        self._caches: tuple[Any, Any, Any] = ({}, OrderedDict(), set())

    def change(self, mapping: dict[Any, Any], name: Any, old: Any) -> None:
        """Records that it has changed an entry of another module's tree."""
        self._changes.append((mapping, name, old, mapping.get(name, MISSING)))

    def suspend(self) -> None:
        """Removes its caches and its changes until it is resumed."""
        for mapping, name, old, _ in reversed(self._changes):
            _put(mapping, name, old)
        # The code may have replaced the cache objects.
        self._caches = (
            context._INFERENCE_CACHE,
            tips._cache,
            tips._CURRENTLY_INFERRING,
        )

    def resume(self) -> None:
        """Restores its caches and its changes."""
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
        """Whether a node is part of the module that is built, whose values are kept."""
        return self.path is not None and getattr(node.root(), "file", None) == self.path


def _put(mapping: dict[Any, Any], name: Any, value: Any) -> None:
    if value is MISSING:
        mapping.pop(name, None)
    else:
        mapping[name] = value


class Scopes:
    """The stack of scopes, the innermost last, and the scopes of all built modules."""

    def __init__(self) -> None:
        self._stack = [Scope(None)]
        self.current = self._stack[0]
        self.built: dict[str, list[Scope]] = {}
        """The scopes of each module's builds, usually one."""
        self.order: list[list[str]] = []
        """The key and name of every built module, in the order in which the builds began."""
        self.loaded: list[str] = []
        """The keys of the modules that were imported into this process to inspect them."""
        self.is_deep = False
        """Whether a build began so deep in the stack that it may have reached the recursion limit."""
        self.absent: set[str] = set()
        """The names of modules that are missing, but would exist if all files were parsed."""
        self.is_missed = False
        """Whether one of them was searched."""
        self._written: list[tuple[dict[Any, Any], str, Any]] = []

    def epoch_of(self, node: nodes.NodeNG) -> int:
        """The epoch in which a value of a node that is computed now is valid."""
        return KEPT if self.current.owns(node) else self.current.epoch

    @contextlib.contextmanager
    def inside(self, scope: Scope) -> Iterator[Scope]:
        """Records all accesses in a scope while the context is active."""
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
        """Enters the scope of a module that is built."""
        scope = Scope(path)
        self.built.setdefault(key, []).append(scope)
        self.order.append([key, name])
        self.is_deep = self.is_deep or depth() > sys.getrecursionlimit() // 3
        with self.inside(scope):
            yield scope

    def wrote(self, attributes: dict[str, Any], name: str, node: nodes.NodeNG) -> None:
        """Records that a module has added an attribute to a class of another one."""
        self._written.append((attributes, name, node))

    def has_written(self) -> bool:
        """Whether modules have added attributes to others since the last `settle` or `undo`."""
        return bool(self._written)

    def undo(self, begun: int) -> bool:
        """Removes the attributes that modules have added to others since the last call, if any.

        In that case the scopes of the builds after the first `begun` ones of `order` are removed,
        too.
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
        """Keeps the attributes that modules have added to others so far."""
        self._written = []

    def reached(self, scope: Scope) -> Iterator[str]:
        """Yields all modules that a scope depends on."""
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
        """All modules that a scope depends on, and the names that they and the scope searched."""
        modules = set(self.reached(scope))
        builds = (build for key in modules for build in self.built.get(key, ()))
        return modules, scope.names.union(*(build.names for build in builds))

    def builds(self) -> dict[str, list[Any]]:
        """The modules that each build looked into, and one hash over everything that it looked at."""
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
        """The project's files that were built as more than one module."""
        return sorted(
            key
            for key, builds in self.built.items()
            if len(builds) > 1 and not key.startswith("env:")
        )

    def writes(self) -> dict[str, list[tuple[str, str]]]:
        """The attributes that each module has added to classes of others while it was built."""
        found = {
            key: sorted(set().union(*(build.writes for build in builds)))
            for key, builds in self.built.items()
        }
        return {key: writes for key, writes in found.items() if writes}


def depth() -> int:
    """The depth of the call stack."""
    frame, count = sys._getframe(), 0
    while frame.f_back:
        frame, count = frame.f_back, count + 1
    return count


scopes = Scopes()


def key_of_path(path: str) -> str | None:
    """The path of a project's file relative to the root; none for a file elsewhere."""
    root = os.getcwd() if _ROOT is None else _ROOT
    return path[len(root) + 1 :] if path.startswith(root + os.sep) else None


# Astroid changes the working directory while it looks for a module.
_ROOT: str | None = None


def take_root() -> None:
    """Remembers the working directory as the project's root."""
    global _ROOT  # pylint: disable=global-statement
    _ROOT = os.getcwd()


def key_of(module: nodes.Module) -> str:
    """The key of a module in records: its file if it belongs to the project, otherwise its name."""
    path = module.file
    return (path and key_of_path(path)) or f"env:{module.name}"


@functools.cache
def lru_caches() -> tuple[Any, ...]:
    """The caches of pylint and astroid that hold nodes; those of paths and finders are left out."""
    found = []
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(("astroid.nodes", "astroid.brain", "pylint.checkers")):
            continue
        for value in list(vars(module).values()):
            members = list(vars(value).values()) if isinstance(value, type) else [value]
            found.extend(it for it in members if hasattr(it, "cache_clear"))
    return tuple(dict.fromkeys(found))
