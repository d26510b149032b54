"""Runs pylint's own command on the same files, for comparison.

It runs in its own process, before pylint is patched.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import sys
import traceback
from multiprocessing.connection import Connection

from pylint.lint import Run


def run_plain() -> str:
    """Its exit status and output with the arguments of this process, as one line of JSON."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    child = fork.Process(target=_run, args=(there,))
    child.start()
    there.close()
    try:
        return here.recv_bytes().decode()
    except EOFError:
        child.join()
        return json.dumps({"code": 128 - min(child.exitcode or 0, 0), "stdout": "", "stderr": ""})


def _run(there: Connection) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            Run(sys.argv[1:])
        except SystemExit as end:
            status = end.code
        except Exception:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
            status = 1
    code = status if isinstance(status, int) else 0
    found = {"code": code, "stdout": stdout.getvalue(), "stderr": stderr.getvalue()}
    there.send_bytes(json.dumps(found).encode())
