"""Runs pytest, then its failed tests again, and adds both and the coverage to one report.

Each run is a process of its own, so that a test that is run again finds no modules of the first run.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

# The options of cargo pipe, which pytest does not have.
OWN = "--cargo-pipe-"
REPORT = "--junit-xml="
COVERAGE = "--cov-report=json:"


def take_own(options: list[str]) -> dict[str, str]:
    """Removes the options of cargo pipe from those of pytest, and returns them."""
    own = [option for option in options if option.startswith(OWN)]
    options[:] = [option for option in options if not option.startswith(OWN)]
    return dict(option[len(OWN) :].split("=", 1) for option in own)


def run(main: Callable[[], Any], options: list[str], rest: list[str], own: dict[str, str]) -> int:
    """Runs the tests, and writes the report of all runs in the place of that of the first run."""
    report = value_of(REPORT, options)
    code = run_child(main, [*options, *rest])
    again = []
    for number in range(int(own.get("reruns", 0)) if code == 1 else 0):
        file = f"{report}-rerun-{number}"
        more = ["--last-failed", "--last-failed-no-failures=none", REPORT + file]
        more += ["--no-cov"] if "coverage" in own else []
        ended = run_child(main, [*options, *more, *rest])
        if ended not in (0, 1):
            print(
                f"cargo-pipe: the failed tests were not run again: pytest ended with exit status {ended}",
                file=sys.stderr,
            )
            break
        again.append(file)
        if ended == 0:
            break
    if os.path.isfile(report):
        parts = [read(report), *(f"<rerun>{read(file)}</rerun>" for file in again)]
        if "coverage" in own:
            minimum = quoteattr(own["coverage"])
            parts.append(f"<coverage minimum={minimum}>{escape(coverage(value_of(COVERAGE, options)))}</coverage>")
        with open(report, "w", encoding="utf-8") as file:
            file.write(f"<cargo-pipe-session>{''.join(parts)}</cargo-pipe-session>")
    return code


def value_of(start: str, options: list[str]) -> str:
    """The value of the last option that starts like this."""
    return [option for option in options if option.startswith(start)][-1][len(start) :]


def run_child(main: Callable[[], Any], arguments: list[str]) -> int:
    """Runs pytest in a child process, and returns its exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return sys.modules["__main__"].wait_for(child)
    code = 1
    try:
        sys.argv = ["pytest", *arguments]
        code = int(main())
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # pylint: disable=broad-exception-caught
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def read(file: str) -> str:
    """The elements of a report, without the line that declares it as XML."""
    with open(file, encoding="utf-8", errors="replace") as opened:
        return re.sub(r"^\s*<\?xml[^>]*\?>", "", opened.read())


def coverage(path: str) -> str:
    """The figures of pytest-cov: the whole, and for each file its share, its lines and those missed."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        files = {
            path.replace(os.sep, "/"): [
                measured["summary"]["percent_covered"],
                measured["summary"]["num_statements"],
                measured["missing_lines"],
            ]
            for path, measured in found["files"].items()
            if not os.path.isabs(path) and not path.startswith("..")
        }
        return json.dumps({"percent": found["totals"]["percent_covered"], "files": files})
    except (OSError, ValueError, LookupError, TypeError):
        return ""
