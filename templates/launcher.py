"""Starts a check's tool once it is proved that the container sees the right files.

    launcher.py --proof DIR [--proof DIR ...] [--tell-end] exec -- ARGV...
    launcher.py --proof DIR [--proof DIR ...] [--tell-end] module NAME [OPTION ...] -- ARGS...

`exec` becomes ARGV. `module` runs the command line of the installed program NAME with ARGS in this
very process, which can give it what a command line cannot:

    --worker OURS  the package OURS beside this file runs NAME, in place of its own command
    --files FILE   behind ARGS the files that FILE names, each ended by a NUL: a list of any length,
                   where arguments have a limit
    --first DIR    the packages of the virtual environment DIR, looked for before those of NAME; what
                   NAME itself imports is its own all the same
    --last DIR     the same, behind those of NAME
    --inside DIR   in the Python of the virtual environment DIR: its packages go before those of NAME,
                   NAME itself included
    --report FILE  what NAME writes to FILE goes to standard output in the end, and what it prints to
                   standard error

First of all it tells standard error what each DIR's proof says. With --tell-end it tells both
streams when the tool has ended, which proves that nothing before it was lost on the way. It needs
Python 3.9 or later and nothing else, and it leaves no trace of itself for the tool to see.
"""

import os
import sys

PROOF = ".cargo-pipe-proof"
NO_PROOF, NOT_EXECUTABLE, NOT_FOUND = 96, 126, 127
END = b"cargo-pipe-end\n"


def proof(folder):
    """What the folder's proof says, or a dash if it is not there."""
    try:
        with open(os.path.join(folder, PROOF), encoding="ascii", errors="replace") as file:
            line = file.readline(128).strip()
    except OSError:
        return "-"
    return line if len(line) == 64 and set(line) <= set("0123456789abcdef") else "-"


def tell_end():
    """Goes on in a child of this process, which itself waits for the end and tells it."""
    child = os.fork()
    if child == 0:
        return
    _, status = os.waitpid(child, 0)
    for stream in (1, 2):
        # The child may have set it otherwise, for both of them.
        os.set_blocking(stream, True)
        os.write(stream, END)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def execute(argv):
    """Becomes the program, with a shell's exit codes where that cannot be."""
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"cargo-pipe: cannot start {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)


def console_script(name):
    """What the installed command of this name calls."""
    # Only here: it takes longer to load than everything else together.
    import importlib.metadata

    for entry in importlib.metadata.distribution(name).entry_points:
        if (entry.group, entry.name) == ("console_scripts", name):
            return entry.load()
    raise SystemExit(f"cargo-pipe: {name} has no command of its name")


def worker(name):
    """What runs a program in place of its own command: a package of ours, beside this file."""
    from importlib.util import module_from_spec, spec_from_file_location

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    source = os.path.join(folder, "__init__.py")
    spec = spec_from_file_location(name, source, submodule_search_locations=[folder])
    sys.modules[name] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package.run


def site_folders(environment):
    """The folders that a virtual environment adds to the path, in its own order."""
    import site
    import sysconfig

    before = list(sys.path)
    base = {"base": environment, "platbase": environment}
    for folder in {sysconfig.get_path(name, "venv", base): 0 for name in ("purelib", "platlib")}:
        site.addsitedir(folder)
    added = [entry for entry in sys.path if entry not in before]
    sys.path[:] = before
    return added


def keep_own(folder):
    """Has the modules of a folder found there, whatever stands before it in the path."""
    from importlib.machinery import PathFinder

    names = {entry.partition(".")[0] for entry in os.listdir(folder)}

    class Own:
        """Asked before the path is; modules inside of packages are found by their packages."""

        @staticmethod
        def find_spec(name, path=None, _target=None):
            return PathFinder.find_spec(name, [folder]) if path is None and name in names else None

    sys.meta_path.insert(0, Own)


def inside(folder, name, options, args):
    """Becomes the Python of another environment, with the packages of this one behind its own."""
    python = os.path.join(folder, "bin", "python3")
    options = [word for option in options.items() for word in option]
    launched = [os.path.abspath(__file__), "module", name, *options, "--last", sys.prefix, "--"]
    execute([python, *launched, *args])


def reported(file, run):
    """Runs the program, and prints the file that it wrote in place of what it prints."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        return run()
    finally:
        sys.stdout.flush()
        if os.path.exists(file):
            with open(file, "rb") as written, open(stdout, "wb") as printed:
                printed.write(written.read())


def module(name, options, args):
    """Runs the program in this very process, as if it had been typed."""
    import sysconfig

    options = dict(zip(options[::2], options[1::2]))
    if "--inside" in options:
        inside(options.pop("--inside"), name, options, args)
    files = []
    if "--files" in options:
        with open(options["--files"], "rb") as file:
            files = [os.fsdecode(name) for name in file.read().split(b"\0") if name]
    # A command that was typed finds the folder of itself here, not ours.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    if "--last" in options:
        sys.path += site_folders(options["--last"])
    run = worker(options["--worker"]) if "--worker" in options else console_script(name)
    own = sysconfig.get_path("purelib")
    if "--first" in options:
        keep_own(own)
        place = sys.path.index(own)
        sys.path[place:place] = site_folders(options["--first"])
    sys.argv = [name, *args, *files]
    sys.exit(reported(options["--report"], run) if "--report" in options else run())


def main(argv):
    """Proves, then runs."""
    folders = []
    while argv[0] == "--proof":
        folders.append(argv[1])
        argv = argv[2:]
    # There are none where it has been here before, in another Python.
    if folders:
        proofs = [proof(folder) for folder in folders]
        sys.stderr.write("cargo-pipe-proof: " + " ".join(proofs) + "\n")
        sys.stderr.flush()
        if "-" in proofs:
            sys.exit(NO_PROOF)
    if argv[0] == "--tell-end":
        argv = argv[1:]
        tell_end()
    end = argv.index("--")
    how, *operands = argv[:end]
    if how == "exec":
        execute(argv[end + 1 :])
    elif how == "module":
        module(operands[0], operands[1:], argv[end + 1 :])
    else:
        sys.exit(f"cargo-pipe: the launcher knows no {how!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
