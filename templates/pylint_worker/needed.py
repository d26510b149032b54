"""Builds only the needed modules, with the same result as if every file were parsed.

The build runs in a child process, in the order of the last run, and checks that it looks at the
same modules and names. If anything differs, the child ends without output and its parent parses
every file. `state` decides which modules are needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from astroid import MANAGER
from astroid.exceptions import AstroidBuildingError

from .scopes import Scope, key_of, scopes
from .state import State

MISSED = 99
"""The exit status of a child that needs more modules; pylint does not use it."""


def attempt() -> bool:
    """Forks. Returns true in the child, and false in the parent if the child has given up."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        child = os.fork()
    except OSError:
        return False
    if not child:
        return True
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == MISSED:
        return False
    # In a shell's notation.
    os._exit(128 - code if code < 0 else code)


def give_up() -> None:
    """Ends the child, so that its parent parses every file."""
    os._exit(MISSED)


def build(old: State, keys: set[str], parse: Mapping[tuple[str, str], Callable[[], None]]) -> None:
    """Builds these modules in the order of an earlier run, or gives up.

    A build sees other modules in their current state, complete or begun, so its result depends on
    the order. With the same order and the same accesses, each module has the same result.
    """
    wanted = [event for event in old.order if event[0] in keys]
    for at, event in enumerate(wanted):
        if len(scopes.order) == at:
            key, name = event
            parse.get((key, name), lambda name=name: _find(name))()
        if scopes.order[at : at + 1] != [event]:
            give_up()
    for file in parse.values():
        file()
    cached = names()
    if (
        scopes.is_deep
        or scopes.order != wanted
        or scopes.builds() != {key: it for key, it in old.builds.items() if key in keys}
        or any(old.cached.get(name) != key for name, key in cached.items())
    ):
        give_up()
    scopes.absent = {
        name for name, key in old.cached.items() if name not in cached and key in old.builds
    }


def names() -> dict[str, str]:
    """The modules in astroid's cache, by their names."""
    return {name: key_of(module) for name, module in MANAGER.astroid_cache.items()}


def _find(name: str) -> None:
    with scopes.inside(Scope(None)):
        try:
            MANAGER.ast_from_module_name(name)
        except AstroidBuildingError:
            pass
