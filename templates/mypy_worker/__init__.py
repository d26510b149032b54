"""Runs mypy incrementally, in place of mypy's own command.

The launcher starts this package. What mypy says must not depend on what it checked before in the same
process or found in its cache, so a cold run and one after an edit go through the modules in the same way:
see `groups`. A release of mypy that is not known, and a configuration that the rules do not cover, run
mypy's own command.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

from . import guard
from .state import Before

STATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "state")
"""A line with the task and the key of the memory, followed by the memory of an earlier run. The file is
missing if no memory is kept."""


def run() -> NoReturn:
    """Runs mypy with the arguments of this process."""
    launcher: Any = sys.modules["__main__"]
    launcher.load_worker("scope_worker")
    scope: Any = sys.modules["scope_worker"]
    program, *arguments = sys.argv
    end = arguments.index("--")
    options, sources = arguments[:end], arguments[end + 1 :]
    rest = scope.scope_of_mypy(options, sources)
    sys.argv = [program, *options, *rest]
    before = Before.read(STATE)
    plain = launcher.console_script(program)
    if not guard.is_known():
        reason = "this release of mypy differs where incremental checking relies on it"
        hint = "`cargo pipe update mypy --keep-incremental` goes back to the tested version"
        run_plainly(plain, before, reason, hint)
    # Another release may not even have the modules that these import.
    from .runs import Plain, check  # pylint: disable=import-outside-toplevel
    from .plain import run_plain  # pylint: disable=import-outside-toplevel

    answer = run_plain() if before and before.task == "audit-plain" else ""
    try:
        result = check(options, rest, before)
    except Plain as reason:
        run_plainly(plain, before, str(reason))
    print_lines(result.lines, sys.stdout)
    sys.stdout.flush()
    print_lines(result.complaints, sys.stderr)
    if before:
        print_memory(result.summary, result.packed, answer)
    sys.exit(result.code)


def run_plainly(plain: Any, before: Before | None, reason: str, hint: str = "") -> NoReturn:
    """Runs mypy's own command, which leaves no memory."""
    try:
        plain()
        status = 0
    except SystemExit as end:
        status = end.code  # type: ignore[assignment]
    sys.stdout.flush()
    if before:
        summary = {"cold": reason, **({"hint": hint} if hint else {})}
        print_memory(summary, "", "")
    sys.exit(status)


def print_lines(lines: list[str], stream: Any) -> None:
    """Prints the lines of mypy as mypy does: what cannot be encoded as an escape sequence."""
    stream.reconfigure(errors="backslashreplace")
    for line in lines:
        print(line, file=stream)


def print_memory(summary: dict[str, Any], packed: str, answer: str) -> None:
    """Prints the memory of this run, and one more line, after mypy's own output."""
    print(f"\ncargo-pipe-state: {json.dumps(summary)}\n{packed}\n{answer}")
