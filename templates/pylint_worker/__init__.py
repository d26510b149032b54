"""Runs pylint incrementally and in parallel, in place of pylint's own command.

The launcher starts this package. It patches the releases of pylint and astroid that it knows, and
runs any other release unchanged.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import sys

from pylint.lint import Run

from . import guard, plain
from .project_code import Closed, read_reason
from .scopes import take_root
from .state import After, Before


STATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "state")
"""A line with the task and the key of the memory, followed by the memory of an earlier run. The file is
missing if no memory is kept."""


def read_before() -> Before | None:
    """Reads the memory of an earlier run."""
    try:
        with open(STATE, "rb") as file:
            task, key = file.readline().decode().split()
            return Before(key, base64.b64decode(file.read()), task)
    except (OSError, ValueError):
        return None


def print_memory(answer: str, before: Before | None, after: After | None) -> None:
    """Prints the memory of this run, and one more line, after pylint's own output."""
    if after and before:
        summary = {
            "files": after.files,
            "parsed": after.parsed,
            "cold": after.cold,
            "checked": after.reasons,
            "refuted": after.refuted,
        }
        if after.hint:
            summary["hint"] = after.hint
        packed = base64.b64encode(after.state.pack()).decode() if after.state else ""
        print(f"\ncargo-pipe-state: {json.dumps(summary)}\n{packed}\n{answer}")


def unknown() -> After:
    """The summary of a run without records."""
    reason = "this release of pylint or astroid differs where incremental linting relies on it"
    hint = "`cargo pipe update pylint --keep-incremental` goes back to the tested versions"
    return After(None, 0, 0, reason, {}, hint=hint)


def run() -> None:
    """Runs pylint with the arguments of this process."""
    take_root()
    before = read_before()
    Run.LinterClass = Closed
    answer = ""
    if before and before.task == "audit-plain":
        answer = plain.run_plain()
    gc.disable()
    if guard.is_known():
        # Other releases may not even have the modules that these two import.
        from . import patches  # pylint: disable=import-outside-toplevel
        from .linter import Linter  # pylint: disable=import-outside-toplevel

        Linter.before = before
        Linter.own_code = read_reason()
        patches.apply()
        Run.LinterClass = Linter
    try:
        Run(sys.argv[1:])
    except SystemExit:
        after = getattr(Run.LinterClass, "after", None) if Run.LinterClass != Closed else unknown()
        print_memory(answer, before, after)
        raise
