"""Builds a part of the modules, each as it would be if every file were parsed.

Owns the order in which that happens, the proof that it went as it did the last time, and the process
that tries it. It must not know which modules suffice (`state` says that). Where something comes out
otherwise, that process ends unheard, and the one that waited for it parses every file.
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
"""The exit status of a process that has found out that the modules do not suffice; not one of pylint's."""


def attempt() -> bool:
    """Whether this is the process that tries it; the other one gets here if that has missed something."""
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
    # As a shell says it.
    os._exit(128 - code if code < 0 else code)


def give_up() -> None:
    """Ends the process that tries it."""
    os._exit(MISSED)


def build(old: State, keys: set[str], parse: Mapping[tuple[str, str], Callable[[], None]]) -> None:
    """Builds these modules in the order of an earlier run, or gives up.

    What a build sees of others is what they are by then, complete or begun, so that its outcome
    follows from their order: with the same order and the same looks, each is what it would be.
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
    """The modules that are there, by their names."""
    return {name: key_of(module) for name, module in MANAGER.astroid_cache.items()}


def _find(name: str) -> None:
    with scopes.inside(Scope(None)):
        try:
            MANAGER.ast_from_module_name(name)
        except AstroidBuildingError:
            pass
