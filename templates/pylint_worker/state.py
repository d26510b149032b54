"""The records of the last run, and the files for which they are still valid.

A record is valid if the file itself, everything that it depends on, and all names that it searched
are unchanged. A state that cannot be read, or that has another format, counts as missing, and then
every file is linted.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tokenize
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 3
SOURCES = (".py", ".pyi", ".pyw")
COMPILED = (".pyc", ".so", ".pyd")
CONFIGS = (
    "pylintrc",
    ".pylintrc",
    "pylintrc.toml",
    ".pylintrc.toml",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
)
FOREIGN_LINES = frozenset({"E0202", "E0633", "W0632"})
"""Messages that contain line numbers of another file: method-hidden and those of unpacking."""


def digest(content: bytes) -> str:
    """A short hash of some bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def shape(tokens: Iterable[tokenize.TokenInfo]) -> str:
    """A hash of a source without comments and empty lines, but with type comments.

    The only position that counts is whether a token is on the line on which the previous one
    ended.
    """
    parts = []
    last = 0
    for kind, text, (row, _), (end, _), _ in tokens:
        if kind == tokenize.COMMENT:
            if not text.lstrip("# \t").startswith("type:"):
                continue
        elif kind in (tokenize.NL, tokenize.ENCODING):
            continue
        elif kind in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            text = ""
        parts.append(f"{kind} {row > last} {len(text)} {text}")
        last = end
    return digest("\n".join(parts).encode("utf-8", "surrogatepass"))


def shape_of(path: str, raw: str) -> str:
    """The shape of a file, or the hash of its bytes if it cannot be tokenised."""
    try:
        with open(path, "rb") as file:
            return shape(tokenize.tokenize(io.BytesIO(file.read()).readline))
    except (OSError, SyntaxError, UnicodeError, ValueError, tokenize.TokenError):
        return raw


def differences(believed: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """Describes the differences between cached and new records, by file."""
    differing = {}
    for path, before in believed.items():
        after = found.get(path)
        if after is None:
            differing[path] = "it cannot be linted"
        elif before["messages"] != after["messages"]:
            lost = [message for message in before["messages"] if message not in after["messages"]]
            new = [message for message in after["messages"] if message not in before["messages"]]
            differing[path] = "; ".join(
                [f"{describe(message)}: no longer reported" for message in lost]
                + [f"{describe(message)}: not in the cached record" for message in new]
            ) or "the order of its messages differs"
        elif before != after:
            parts = sorted(part for part in after if before.get(part) != after[part])
            differing[path] = f"its {', '.join(parts)} differ"
    return differing


def reached(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """The transitive closure of some keys."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo.extend(following(key))
    return found


def describe(message: list[Any]) -> str:
    """A readable form of a record's message."""
    _, symbol, place, text, _ = message
    return f"{symbol} in line {place[4]}, `{text.splitlines()[0] if text else ''}`"


@dataclass
class Survey:
    """The current files of the project."""

    sources: dict[str, str] = field(default_factory=dict)
    """The hash of every source's bytes, by its path from the root, linted or not."""
    entries: list[str] = field(default_factory=list)
    """Everything that an import can find: sources, compiled modules and folders."""
    rest: str = ""
    """One hash of the other files that can change pylint's messages."""

    @classmethod
    def of(cls, root: str, listed: Iterable[str]) -> Survey:
        """Surveys all files below a folder, with the scripts among the listed files."""
        survey = cls()
        rest = []
        for folder, folders, files in os.walk(root):
            folders.sort()
            below = os.path.relpath(folder, root)
            prefix = "" if below == "." else below + "/"
            survey.entries.extend(prefix + name for name in folders)
            for name in sorted(files):
                is_source, is_compiled = name.endswith(SOURCES), name.endswith(COMPILED)
                if is_source or is_compiled:
                    survey.entries.append(prefix + name)
                elif name not in CONFIGS:
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                if is_source:
                    survey.sources[prefix + name] = digest(content)
                else:
                    rest.append(f"{prefix}{name} {digest(content)}")
                if name == "__init__.py" and spreads(content):
                    rest.append(prefix + name)
        for path in listed:
            if path not in survey.sources and os.path.isfile(os.path.join(root, path)):
                with open(os.path.join(root, path), "rb") as file:
                    survey.sources[path] = digest(file.read())
        survey.rest = digest("\n".join(rest).encode("utf-8", "surrogateescape"))
        return survey


def spreads(content: bytes) -> bool:
    """Whether astroid treats a package as spread over several folders, which it decides by these words."""
    return b"extend_path" in content or b"declare_namespace" in content


def moved_names(old: Iterable[str], new: Iterable[str]) -> set[str]:
    """The names whose import may have another result than before."""
    names = set()
    for path in set(old) ^ set(new):
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0]
        names.add(stem)
        if stem == "__init__":
            names.add(folder.rpartition("/")[2])
    return names


@dataclass
class State:
    """The memory that a run leaves for the next."""

    key: str = ""
    """A hash of everything that all records depend on, apart from the project's files."""
    sources: dict[str, list[str]] = field(default_factory=dict)
    """The hash of each source's bytes, and its shape."""
    entries: list[str] = field(default_factory=list)
    writes: dict[str, list[list[str]]] = field(default_factory=dict)
    """The attributes that each module has added to classes of other modules."""
    twice: list[str] = field(default_factory=list)
    """Files that were built as two modules."""
    preloaded: dict[str, bool] = field(default_factory=dict)
    """The names that were built in advance, and whether every run has to do that."""
    order: list[list[str]] = field(default_factory=list)
    """The key and name of each module that was built before the first file was linted, in order; empty if
    the build cannot be repeated for some of them alone."""
    builds: dict[str, list[Any]] = field(default_factory=dict)
    """The modules that each build looked into, and one hash over everything that it looked at."""
    loaded: list[str] = field(default_factory=list)
    """The modules that were imported to inspect them, which may change others."""
    cached: dict[str, str] = field(default_factory=dict)
    """The modules in astroid's cache before the first file was linted, by their names."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def pack(self) -> bytes:
        """Serialises the state."""
        content = json.dumps({"schema": SCHEMA, **vars(self)}, separators=(",", ":"), sort_keys=True)
        return zlib.compress(content.encode(), 3)

    @classmethod
    def unpack(cls, packed: bytes, key: str) -> tuple[State | None, str]:
        """Deserialises a state; returns the reason if there is none."""
        if not packed:
            return None, "no results of an earlier run"
        try:
            content = json.loads(zlib.decompress(packed))
            if content.pop("schema") != SCHEMA:
                return None, "the results of the earlier run have another format"
            state = cls(**content)
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
            return None, "the results of the earlier run are damaged"
        if state.key != key:
            return None, "the environment, the configuration or the source roots have changed"
        return state, ""

    def shapes(self, survey: Survey) -> dict[str, list[str]]:
        """The current hash and shape of every source."""
        now = {}
        for path, raw in survey.sources.items():
            known = self.sources.get(path)
            now[path] = known if known and known[0] == raw else [raw, shape_of(path, raw)]
        return now

    def needed(self, now: State, dirty: Iterable[str], broken: Iterable[str]) -> set[str] | None:
        """The modules to build so that some files are linted as if all modules were built.

        None if that is unknown. It includes everything that the files depend on, the modules that
        add attributes to those, the modules that may be built differently, and their dependencies.
        """
        if not self.order or self.entries != now.entries:
            return None
        users: dict[str, set[str]] = {}
        for key, (modules, _) in self.builds.items():
            for module in modules:
                users.setdefault(module, set()).add(key)
        writers: dict[str, set[str]] = {}
        for writer, writes in self.writes.items():
            for target, _ in writes:
                writers.setdefault(target, set()).add(writer)
        changed = [
            path
            for path, hashes in now.sources.items()
            if self.sources.get(path, [""])[-1] != hashes[1]
        ]
        others = reached(changed, lambda key: users.get(key, ()))
        start = {"env:builtins", *self.loaded, *broken, *others}
        for path in dirty:
            start.add(path)
            start.update(self.records.get(path, {}).get("modules", ()))
        return reached(
            start, lambda key: {*self.builds.get(key, ((),))[0], *writers.get(key, ())}
        )

    def changed_targets(self, now: State) -> dict[str, str]:
        """The modules whose classes get different attributes than before, and the module that adds them."""
        targets = {}
        for writer in {*self.writes, *now.writes}:
            before = {tuple(write) for write in self.writes.get(writer, ())}
            after = {tuple(write) for write in now.writes.get(writer, ())}
            targets.update((target, writer) for target, _ in before ^ after)
        return targets

    def dirty(self, now: State, paths: Iterable[str]) -> dict[str, str]:
        """The files that have to be linted, and why.

        The module name of each file follows from the source roots, which are part of the key.
        """
        moved = moved_names(self.entries, now.entries)
        targets = self.changed_targets(now)
        twice = set(self.twice) ^ set(now.twice)
        reasons = {}
        for path in paths:
            reason = self._reason(path, now, moved, targets, twice)
            if reason:
                reasons[path] = reason
        return reasons

    def _reason(
        self,
        path: str,
        now: State,
        moved: set[str],
        targets: Mapping[str, str],
        twice: set[str],
    ) -> str | None:
        record = self.records.get(path)
        if record is None:
            return "it is new"
        if self.sources.get(path, [""])[0] != now.sources.get(path, [""])[0]:
            return "it has changed"
        which = 0 if any(message[0] in FOREIGN_LINES for message in record["messages"]) else 1
        for module in record["modules"]:
            if module in targets:
                return f"{targets[module]} adds other attributes to {module}"
            if module in twice:
                return f"{module} is imported under another name"
            if module.startswith("env:") or module == path:
                continue
            before, after = self.sources.get(module), now.sources.get(module)
            if before is None or after is None or before[which] != after[which]:
                return f"{module} has changed"
        found = moved.intersection(record["names"])
        return f"it imports {min(found)}, which was added or removed" if found else None


@dataclass
class Before:
    """The memory of the previous run."""

    key: str
    """A hash of everything outside of this process that all records depend on."""
    packed: bytes
    task: str
    """The task: `lint`, or an `audit` that lints every file and compares the records."""


@dataclass
class After:
    """The memory and the summary of this run."""

    state: State | None
    files: int
    parsed: int
    cold: str
    """The reason that every file was linted; empty if not."""
    reasons: dict[str, str]
    """The reason that a file was linted, by file."""
    refuted: dict[str, str] = field(default_factory=dict)
    """The differences that an audit has found, by file."""
    hint: str = ""
    """A command that makes incremental linting possible again; empty if there is none."""
