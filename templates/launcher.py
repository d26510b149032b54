"""Runs a check's tool after proving that the container sees the right files.

    launcher.py --proof DIR [--proof DIR ...] [OURS ...] exec [OPTION] -- ARGV...
    launcher.py --proof DIR [--proof DIR ...] [OURS ...] module NAME [OPTION ...] -- ARGS...

`exec` replaces this process by ARGV; its only option is --report. `module` runs the command of the
installed program NAME with ARGS in this process, with options that the command itself does not have:

    --keep-own     import a module of the standard library or of NAME's environment from there, also
                   where the project or its packages have one of the same name
    --mark-done    write a mark to standard error when NAME has ended; if code that NAME runs ends this
                   process, the mark is missing
    --worker OURS  run the package OURS next to this file in place of the command of NAME
    --first DIR    search the packages of the virtual environment DIR before those of NAME
    --last DIR     search the packages of the virtual environment DIR after those of NAME
    --inside DIR   run in the Python of the virtual environment DIR, whose packages take precedence over
                   those of NAME, and over NAME itself
    --report FILE  print the file FILE that the tool writes, and send its own output to standard error

The first line on standard error is the content of each DIR's proof. With --write DIR, the tool is not
started if it could not write to DIR, and the second line on standard error says why. With --mark-end,
both streams end with a mark after the tool has ended, which proves that all output before it has
arrived, and the proof of the DIR of --write gets a line, which proves that changes arrive as well; the
line before the mark names the limit of the container that the tool exceeded, if any. The launcher
needs Python 3.9 or later, has no dependencies, and is invisible to the tool.

With --root DIR, which can be there several times, Python code finds modules in DIR behind all others, as
if they were installed as editable: a program with --keep-own in its own process, any other one by
PYTHONPATH.

With --install BUILD DIR INTO VERSION BACKEND PATHS, the project in the working directory is installed
before the tool is started. The virtual environment BUILD has its build system, which pyproject.toml
calls BACKEND and looks for in PATHS, too. The new virtual environment INTO gets the project, and has the
packages of the virtual environment DIR as well, if there is one. VERSION is the version of a project
whose build system would ask version control. If the installation fails, its output follows the line
`cargo-pipe-not-installed` on standard error.

With --copy FOLDER TARGET, the folder TARGET gets what is in FOLDER, if there is such a folder.
"""

import os
import sys

PROOF = ".cargo-pipe-proof"
NO_PROOF, NOT_EXECUTABLE, NOT_FOUND = 96, 126, 127
END = b"cargo-pipe-end\n"
DONE = b"cargo-pipe-done\n"

# The files that count what the limits of this container have prevented, in cgroups version 2 and 1.
COUNTERS = {
    "memory": ("oom_kill", ("memory.events", "memory/memory.oom_control")),
    "processes": ("max", ("pids.events", "pids/pids.events")),
}

# The folders of --root.
ROOTS = []

# The folder of the first proof, which has all files of the project.
PROJECT = None

# So many attempts to start a process beyond the limit are no tool that does with fewer processes.
BOMB = 10_000


def read_proof(folder):
    """Reads the proof of a folder; returns a dash if it is missing or invalid."""
    try:
        with open(os.path.join(folder, PROOF), encoding="ascii", errors="replace") as file:
            line = file.readline(128).strip()
    except OSError:
        return "-"
    return line if len(line) == 64 and set(line) <= set("0123456789abcdef") else "-"


def why_read_only(folder):
    """The reason if the tool cannot write to a folder, in which nothing changes."""
    try:
        os.close(os.open(os.path.join(folder, PROOF), os.O_WRONLY))
    except OSError as error:
        return error.strerror
    return None if os.access(folder, os.W_OK) else "Permission denied"


def write_proof(folder):
    """Adds a line to the proof of a folder, unless the tool has removed it."""
    try:
        proof = os.open(os.path.join(folder, PROOF), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        os.write(proof, b"written\n")
        os.close(proof)
    except OSError:
        pass


def count(name, files):
    """Reads a counter of this container's cgroup; 0 if it is not there."""
    for file in files:
        try:
            with open(os.path.join("/sys/fs/cgroup", file), encoding="ascii") as lines:
                return int(dict(line.split() for line in lines).get(name, 0))
        except (OSError, ValueError):
            pass
    return 0


def exceeded(failed):
    """The limit that the tool exceeded. A tool that passed with fewer processes has passed."""
    if count(*COUNTERS["memory"]):
        return "memory"
    if failed and count(*COUNTERS["processes"]):
        return "processes"
    return None


def await_end(child):
    """Waits until a child process can be waited for; returns whether it ends by itself.

    A fork bomb does not. The container ends with this process, and the bomb with it.
    """
    try:
        import select

        end = os.pidfd_open(child)
    except (AttributeError, ImportError, OSError):
        return True
    while not select.select([end], [], [], 1)[0]:
        if count(*COUNTERS["processes"]) > BOMB:
            return False
    return True


def mark_end(written):
    """Continues in a child process. The parent waits for its end, and then marks it.

    The proof of the folder `written`, if any, gets its line only then, so that the tool sees none.
    """
    child = os.fork()
    if child == 0:
        try:
            # If memory runs out, the kernel kills the tool before the parent, which reports it.
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("500")
        except OSError:
            pass
        return
    if await_end(child):
        code = wait_for(child)
        limit = exceeded(failed=code != 0)
    else:
        code, limit = 128 + 9, "processes"
    if written:
        write_proof(written)
    for stream in (1, 2):
        # The child may have changed it, and both processes share the file description.
        os.set_blocking(stream, True)
        if stream == 2 and limit:
            os.write(stream, f"cargo-pipe-limit: {limit}\n".encode())
        os.write(stream, END)
    os._exit(code)


def wait_for(child):
    """Waits for the end of a child process and returns its exit status as a shell would."""
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def execute(argv):
    """Replaces this process by the program; fails with the exit statuses of a shell."""
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"cargo-pipe: cannot start {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)


def execute_reporting(file, argv):
    """Runs the program with its output on standard error, and then prints the file that it wrote."""
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        execute(argv)
    code = wait_for(child)
    print_file(file, 1)
    sys.exit(code)


def print_file(file, stream):
    """Prints a file, where it exists, to the stream of this number."""
    if os.path.isfile(file):
        with open(file, "rb") as written, open(stream, "wb", closefd=False) as printed:
            while chunk := written.read(1 << 16):
                printed.write(chunk)


def console_script(name):
    """Loads the function behind the installed command of this name."""
    # Imported only here, because it takes longer than everything else together.
    import importlib.metadata

    for entry in importlib.metadata.distribution(name).entry_points:
        if (entry.group, entry.name) == ("console_scripts", name):
            return entry.load()
    raise SystemExit(f"cargo-pipe: command `{name}` not found in the package {name}")


def load_worker(name):
    """Loads the package next to this file that runs in place of a program's command."""
    from importlib.util import module_from_spec, spec_from_file_location

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    source = os.path.join(folder, "__init__.py")
    spec = spec_from_file_location(name, source, submodule_search_locations=[folder])
    sys.modules[name] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package.run


def site_folders(environment):
    """The folders that a virtual environment adds to `sys.path`, in its own order."""
    import site
    import sysconfig

    before = list(sys.path)
    base = {"base": environment, "platbase": environment}
    # Python 3.9 and 3.10 do not know this scheme as `venv`.
    folders = sysconfig.get_paths("posix_prefix", base)
    for folder in {folders[name]: 0 for name in ("purelib", "platlib")}:
        site.addsitedir(folder)
    added = [entry for entry in sys.path if entry not in before]
    sys.path[:] = before
    return added


def keep_own():
    """Makes the modules that can be imported now take precedence over all that are added later.

    The entries of `sys.path` are still searched in their order by code that reads sources, which
    looks for modules without importing them.
    """
    from importlib.machinery import PathFinder

    folders = list(sys.path)

    class Own:
        """Runs before `sys.path` is searched; submodules are found through their packages."""

        @staticmethod
        def find_spec(name, path=None, _target=None):
            spec = PathFinder.find_spec(name, folders) if path is None else None
            # A folder without an `__init__.py` gives way to every module.
            return spec if spec and spec.origin else None

    sys.meta_path.insert(sys.meta_path.index(PathFinder), Own)


def pass_roots():
    """Lets every Python that is started from now on find the modules in the folders of --root."""
    if ROOTS:
        own = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(([own] if own else []) + ROOTS)


def hash_outside():
    """One hash of all files of the project outside of the working directory; empty if there are none."""
    here = os.getcwd()
    if PROJECT in (None, here):
        return ""
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = sorted(name for name in folders if os.path.join(folder, name) != here)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name != PROOF and os.path.isfile(path):
                with open(path, "rb") as file:
                    content = hashlib.blake2b(file.read(), digest_size=16).hexdigest()
                digest.update(f"{len(path)} {path} {content}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def run_inside(folder, name, options, args):
    """Continues in the Python of another environment, with the packages of this one after its own."""
    python = os.path.join(folder, "bin", "python3")
    options = [word for option in options.items() for word in option]
    launched = [os.path.abspath(__file__), "module", name, *options, "--last", sys.prefix, "--"]
    execute([python, *launched, *args])


def run_reporting(file, run):
    """Runs the program with its output on standard error, and then prints the file that it wrote."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        return run()
    finally:
        sys.stdout.flush()
        print_file(file, stdout)


def run_module(name, options, args):
    """Runs the program in this process, as if its command had been typed."""
    import sysconfig

    keeps_own = "--keep-own" in options
    options = [word for word in options if word != "--keep-own"]
    options = dict(zip(options[::2], options[1::2]))
    if not keeps_own:
        pass_roots()
    if "--inside" in options:
        run_inside(options.pop("--inside"), name, options, args)
    # Python adds the folder of the script, which would be ours.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    if keeps_own:
        keep_own()
    if "--last" in options:
        sys.path += site_folders(options["--last"])
    run = load_worker(options["--worker"]) if "--worker" in options else console_script(name)
    if "--first" in options:
        place = sys.path.index(sysconfig.get_path("purelib"))
        sys.path[place:place] = site_folders(options["--first"])
    if keeps_own:
        sys.path += ROOTS
    sys.argv = [name, *args]
    sys.exit(run_reporting(options["--report"], run) if "--report" in options else run())


def run_marked(name, options, args):
    """Runs the program, marks its end, and exits without freeing memory."""
    code = 1
    try:
        run_module(name, options, args)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            code = end.code or 0
        else:
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, DONE)
    os._exit(code)


def copy(folder, target):
    """Copies what is in a folder, if there is one, with the times of its files."""
    if os.path.isdir(folder):
        os.makedirs(target, exist_ok=True)
        os.spawnvp(os.P_WAIT, "cp", ["cp", "-R", "-p", folder + "/.", target])


def main(argv):
    """Prints the proofs, then runs the tool."""
    global PROJECT
    folders = []
    while argv[0] == "--proof":
        folders.append(argv[1])
        argv = argv[2:]
    # With `--inside` this runs a second time, without proofs.
    if folders:
        PROJECT = folders[0]
        proofs = [read_proof(folder) for folder in folders]
        sys.stderr.write("cargo-pipe-proof: " + " ".join(proofs) + "\n")
        sys.stderr.flush()
        if "-" in proofs:
            sys.exit(NO_PROOF)
    written = None
    if argv[0] == "--write":
        written = argv[1]
        reason = why_read_only(written)
        if reason:
            print(f"cargo-pipe-read-only: {reason}", file=sys.stderr)
            sys.exit(NO_PROOF)
        argv = argv[2:]
    if argv[0] == "--mark-end":
        argv = argv[1:]
        mark_end(written)
    while argv[0] == "--root":
        ROOTS.append(argv[1])
        argv = argv[2:]
    if argv[0] == "--install":
        load_worker("install_worker")(*argv[1:7])
        argv = argv[7:]
    if argv[0] == "--copy":
        copy(*argv[1:3])
        argv = argv[3:]
    end = argv.index("--")
    how, *operands = argv[:end]
    if how == "exec":
        pass_roots()
    if how == "exec" and operands:
        execute_reporting(operands[1], argv[end + 1 :])
    elif how == "exec":
        execute(argv[end + 1 :])
    elif how == "module":
        options = [word for word in operands[1:] if word != "--mark-done"]
        run = run_marked if "--mark-done" in operands else run_module
        run(operands[0], options, argv[end + 1 :])
    else:
        sys.exit(f"cargo-pipe: unknown launcher command {how!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
