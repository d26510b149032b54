"""Runs mypy's own command on the same files, for comparison."""

from __future__ import annotations

import contextlib
import io
import json
import traceback
from typing import Any

from mypy.main import main

from .children import in_child


def run_plain() -> str:
    """Its exit status and output with the arguments of this process, as one line of JSON."""
    found = in_child(_run)
    return json.dumps(found or {"code": 137, "stdout": "", "stderr": ""})


def _run() -> dict[str, Any]:
    stdout, stderr = io.StringIO(), io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            main(stdout=stdout, stderr=stderr, clean_exit=True)
        except SystemExit as end:
            status = end.code
        except Exception:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
            status = 1
    code = status if isinstance(status, int) else 0
    return {"code": code, "stdout": stdout.getvalue(), "stderr": stderr.getvalue()}
