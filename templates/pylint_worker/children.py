"""Distributes work among this process and children forked from it.

The parent takes pieces of work, too. If it waited instead, there would be one more copy of its
memory than processors, because reading an object changes its reference count and so copies its
page.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterable, Iterator

SHARES = 4096
"""The number of shares that fit into a pipe: 4 bytes each, 16 KiB on the smallest systems."""


def processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    pieces: int, work: Callable[[int], bytes], count: int
) -> Iterator[tuple[int, bytes]]:
    """Yields the number and result of every piece; each process takes the next piece when it is idle."""
    shares = min(pieces, SHARES)
    todo, put = os.pipe()
    os.write(put, b"".join(share.to_bytes(4, "big") for share in range(shares)))
    os.close(put)

    def done() -> Iterator[tuple[int, bytes]]:
        while share := os.read(todo, 4):
            for piece in range(int.from_bytes(share, "big"), pieces, shares):
                yield piece, work(piece)

    children: dict[int, int] = {}
    for _ in range(min(count, pieces) - 1):
        started = _start(done(), [*children.values()])
        if started is None:
            # The system allows no further process.
            break
        children[started[0]] = started[1]
    yield from done()
    os.close(todo)
    for child in list(children):
        with open(children[child], "rb") as results:
            answer = results.read()
        del children[child]
        _, status = os.waitpid(child, 0)
        if status:
            _lost(status, children)
        yield from pickle.loads(answer)


def _start(results: Iterable[tuple[int, bytes]], others: list[int]) -> tuple[int, int] | None:
    here, there = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    try:
        child = os.fork()
    except OSError:
        os.close(here)
        os.close(there)
        return None
    if child:
        os.close(there)
        return child, here
    try:
        for other in (*others, here):
            os.close(other)
        found = []
        for result in results:
            if os.getppid() != parent:
                os._exit(0)
            found.append(result)
        with open(there, "wb") as answer:
            pickle.dump(found, answer)
        os._exit(0)
    except BaseException:  # pylint: disable=broad-exception-caught
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(1)


def _lost(status: int, others: Iterable[int]) -> None:
    """Ends all processes after a child has ended without a result."""
    for child in others:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    # In a shell's notation.
    sys.exit(128 - code if code < 0 else 70)
