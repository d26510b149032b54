"""Starts a program outside of a sandbox, and leaves nothing of it behind.

    guard.py ARGV...

Ends with the program's exit status, 128 plus the number for a signal. Whatever the program started
is gone then. When standard input ends, because whoever started this is gone or has had enough,
or at a signal, all of it is killed.
"""

import os
import select
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Has what loses its parent become a child of this very process, where the system can."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def children():
    """The processes that this one is the parent of, as far as the system tells."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def clear(child):
    """Kills all that is left, and waits until it is gone. What loses its parent comes here."""
    while True:
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.killpg(child, signal.SIGKILL)
        except OSError:
            pass
        try:
            os.wait()
        except ChildProcessError:
            return


def main(argv):
    """Starts, waits, clears."""
    adopt()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    had_enough = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: had_enough.append(True))
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        try:
            os.execv(argv[0], argv)
        except OSError as error:
            print("cannot start %s: %s" % (argv[0], error.strerror), file=sys.stderr)
        os._exit(127)
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if had_enough or 0 in ready:
            os.kill(child, signal.SIGKILL)
            clear(child)
            return 128 + signal.SIGKILL
        os.read(woken, 512)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1
            if pid == 0:
                break
            if pid == child:
                clear(child)
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


sys.exit(main(sys.argv[1:]))
