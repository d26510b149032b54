"""Does pieces of work in several processes at once: in this one, and in children forked from it.

Owns the children and how work and results pass between them and their parent. It must not know what
the work is. The parent takes pieces as its children do: were it to wait, what it has in memory would
be there once more than there are processors, because whoever looks at an object copies its page.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterable, Iterator

SHARES = 4096
"""How many shares a pipe can hold unread: 4 bytes each, 16 KiB on the smallest systems."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    pieces: int, work: Callable[[int], bytes], count: int
) -> Iterator[tuple[int, bytes]]:
    """The number of every piece and what came of it; whoever is done with one takes the next."""
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
            # There may be no more processes than there are.
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
    """A child has ended without an answer: so do the others, and so do we."""
    for child in others:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    # As a shell says it.
    sys.exit(128 - code if code < 0 else 70)
