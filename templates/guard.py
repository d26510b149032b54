"""Runs a program without a sandbox, and ends all of its processes.

    guard.py ARGV...

The exit status is that of the program, or 128 plus the number of a signal. All processes that the
program started are gone by then. They are killed when this process gets a signal, or when standard
input ends because the parent has ended or wants to stop.
"""

import os
import select
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Makes orphaned descendants children of this process, if the system supports it."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def children():
    """The child processes of this one, if the system lists them."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def kill_all(child):
    """Kills all remaining processes and waits for their end. Orphans become children of this process."""
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
    """Starts the program, waits for its end, and kills what is left."""
    become_subreaper()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    stopped = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.append(True))
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
        if stopped or 0 in ready:
            os.kill(child, signal.SIGKILL)
            kill_all(child)
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
                kill_all(child)
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


sys.exit(main(sys.argv[1:]))
