"""Does pieces of work in forked children, several at once.

Owns the children and how work and results pass between them and their parent. It must not know what
the work is. What a child returns is handed on in the order in which it comes.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    pieces: Sequence[int], work: Callable[[int], bytes], count: int
) -> Iterator[tuple[int, bytes]]:
    """Every piece and what came of it; a child gets its next piece when it is done with one."""
    todo = iter(pieces)
    children: dict[Connection, int] = {}
    busy: dict[Connection, int] = {}

    def next_piece(connection: Connection) -> None:
        piece = next(todo, None)
        if piece is None:
            connection.close()
            os.waitpid(children.pop(connection), 0)
        else:
            busy[connection] = piece
            connection.send_bytes(b"%d" % piece)

    for _ in range(min(count, len(pieces))):
        started = _start(work, list(children))
        if started is None:
            break
        children[started[0]] = started[1]
    if not children:
        # There may be no more processes than there are.
        for piece in todo:
            yield piece, work(piece)
        return
    for connection in list(children):
        next_piece(connection)
    while busy:
        for connection in wait(list(busy)):
            assert isinstance(connection, Connection)
            try:
                result = connection.recv_bytes()
            except EOFError:
                _lost(children, connection)
            yield busy.pop(connection), result
            next_piece(connection)


def _start(
    work: Callable[[int], bytes], others: list[Connection]
) -> tuple[Connection, int] | None:
    here, there = Pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        child = os.fork()
    except OSError:
        here.close()
        there.close()
        return None
    if child:
        there.close()
        return here, child
    try:
        for connection in (*others, here):
            connection.close()
        while True:
            there.send_bytes(work(int(there.recv_bytes())))
    except (EOFError, BrokenPipeError):
        os._exit(0)
    except BaseException:  # pylint: disable=broad-exception-caught
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(1)


def _lost(children: dict[Connection, int], connection: Connection) -> None:
    """A child has ended without an answer: so do the others, and so do we."""
    _, status = os.waitpid(children.pop(connection), 0)
    for child in children.values():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    # As a shell says it.
    sys.exit(128 - code if code < 0 else 70)
