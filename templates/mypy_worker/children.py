"""Child processes: mypy keeps much between two runs in one process, so each run has its own."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def in_child(work: Callable[[], T]) -> T | None:
    """Calls a function in a child process and returns its value; none if the child did not end well."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(here)
            with os.fdopen(there, "wb") as stream:
                # Only this process reads it.
                pickle.dump(work(), stream)
        except BaseException:  # pylint: disable=broad-exception-caught
            os._exit(1)
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as stream:
        sent = stream.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(sent) if status == 0 else None
