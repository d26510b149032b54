"""Pylint for a list of files of any length, with as many processes as there are processors.

Owns whether pylint runs as it is or file by file, and what has to be so before the first is parsed.
It is what the launcher starts in place of pylint's own command.
"""

from __future__ import annotations

import gc
import os
import sys

from pylint.lint import Run

from . import patches
from .linter import Linter
from .scopes import settle


def run() -> None:
    """Runs pylint with the arguments of this process."""
    gc.disable()
    settle()
    if patches.digest() in patches.KNOWN:
        patches.apply()
        Run.LinterClass = Linter
    try:
        Run(sys.argv[1:])
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        if end.code is None or isinstance(end.code, int):
            # What is left to do is to give back memory, piece by piece.
            os._exit(end.code or 0)
        raise
