"""Starts a check's tool once it is proved that the container sees the right files.

    launcher.py --proof DIR [--proof DIR ...] exec -- ARGV...
    launcher.py --proof DIR [--proof DIR ...] listed MODULE FILES_FILE -- ARGS...

`exec` becomes ARGV. `listed` runs the command line of MODULE with ARGS and the files that
FILES_FILE names, each ended by a NUL: a list of any length, where arguments have a limit.

First of all it tells standard error what each DIR's proof says. It needs Python 3.9 or later and
nothing else, and it leaves no trace of itself for the tool to see.
"""

import os
import sys

PROOF = ".cargo-pipe-proof"
NO_PROOF, NOT_EXECUTABLE, NOT_FOUND = 96, 126, 127


def proof(folder):
    """What the folder's proof says, or a dash if it is not there."""
    try:
        with open(os.path.join(folder, PROOF), encoding="ascii", errors="replace") as file:
            line = file.readline(128).strip()
    except OSError:
        return "-"
    return line if len(line) == 64 and set(line) <= set("0123456789abcdef") else "-"


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


def listed(module, files_file, args):
    """Runs the module's command in this very process, as if it had been typed."""
    with open(files_file, "rb") as file:
        files = [os.fsdecode(name) for name in file.read().split(b"\0") if name]
    # A command that was typed finds the folder of itself here, not ours.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    sys.argv = [module, *args, *files]
    sys.exit(console_script(module)())


def main(argv):
    """Proves, then runs."""
    folders = []
    while argv[0] == "--proof":
        folders.append(argv[1])
        argv = argv[2:]
    proofs = [proof(folder) for folder in folders]
    sys.stderr.write("cargo-pipe-proof: " + " ".join(proofs) + "\n")
    sys.stderr.flush()
    if "-" in proofs:
        sys.exit(NO_PROOF)
    end = argv.index("--")
    how, *operands = argv[:end]
    if how == "exec":
        execute(argv[end + 1 :])
    elif how == "listed":
        listed(*operands, argv[end + 1 :])
    else:
        sys.exit(f"cargo-pipe: the launcher knows no {how!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
