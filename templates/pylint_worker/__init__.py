"""Pylint for a list of files of any length, with as many processes as there are processors.

Owns whether pylint runs as it is or file by file, and what has to be so before the first is parsed.
It is what the launcher starts in place of pylint's own command.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import sys

from pylint.lint import Run

from . import guard, patches, plain
from .linter import After, Before, Linter
from .scopes import take_root


STATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "state")
"""A line with what to do and the key of what an earlier run left, and that; not there if nobody keeps
it."""


def before() -> Before | None:
    """What an earlier run left."""
    try:
        with open(STATE, "rb") as file:
            task, key = file.readline().decode().split()
            return Before(key, base64.b64decode(file.read()), task)
    except (OSError, ValueError):
        return None


def leave(answer: str) -> None:
    """Prints what this run leaves, and a further line, behind everything that pylint has printed."""
    after = Linter.after
    if after and Linter.before:
        summary = {
            "files": after.files,
            "parsed": after.parsed,
            "cold": after.cold,
            "linted": after.reasons,
            "refuted": after.refuted,
        }
        if after.hint:
            summary["hint"] = after.hint
        packed = base64.b64encode(after.state.pack()).decode() if after.state else ""
        print(f"\ncargo-pipe-state: {json.dumps(summary)}\n{packed}\n{answer}")


def run() -> None:
    """Runs pylint with the arguments of this process."""
    take_root()
    Linter.before = before()
    answer = ""
    if Linter.before and Linter.before.task == "audit-plain":
        answer = plain.answer()
    gc.disable()
    if guard.is_known():
        patches.apply()
        Run.LinterClass = Linter
    else:
        reason = "this release of pylint or astroid differs where incremental linting relies on it"
        hint = "`cargo pipe update pylint --keep-incremental` goes back to the tested versions"
        Linter.after = After(None, 0, 0, reason, {}, hint=hint)
    try:
        Run(sys.argv[1:])
    except SystemExit as end:
        leave(answer)
        sys.stdout.flush()
        sys.stderr.flush()
        if end.code is None or isinstance(end.code, int):
            # What is left to do is to give back memory, piece by piece.
            os._exit(end.code or 0)
        raise
