"""What was found out the last time, and which files it still holds for.

Owns the form in which records outlive a run, and the rules by which one is believed: the file itself,
all that it depends on, and all names that it looked for are as they were. It must not know how a
file is linted. What it cannot read or does not recognise is no state, and then every file is linted.
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
"""Messages with line numbers of another file: method-hidden and those of unpacking."""


def digest(content: bytes) -> str:
    """A hash that is short and hard to meet by chance."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def shape(tokens: Iterable[tokenize.TokenInfo]) -> str:
    """A hash over a source that comments and empty lines do not change, but type comments do.

    Of a token's place only counts whether it is on the line on which the one before it ended.
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
    """The shape of a file, or the hash of its bytes if it has none."""
    try:
        with open(path, "rb") as file:
            return shape(tokenize.tokenize(io.BytesIO(file.read()).readline))
    except (OSError, SyntaxError, UnicodeError, ValueError, tokenize.TokenError):
        return raw


def differences(believed: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """What is otherwise in the records of files than it was believed."""
    differing = {}
    for path, before in believed.items():
        after = found.get(path)
        if after is None:
            differing[path] = "it cannot be linted"
        elif before["messages"] != after["messages"]:
            lost = [message for message in before["messages"] if message not in after["messages"]]
            new = [message for message in after["messages"] if message not in before["messages"]]
            differing[path] = "; ".join(
                [f"{told(message)}, which is not so" for message in lost]
                + [f"{told(message)}, which was not known" for message in new]
            ) or "its messages are in another order"
        elif before != after:
            parts = sorted(part for part in after if before.get(part) != after[part])
            differing[path] = f"its {', '.join(parts)} are others"
    return differing


def reached(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """Some keys, those that follow them, and so on."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo.extend(following(key))
    return found


def told(message: list[Any]) -> str:
    """A message of a record, for a person."""
    _, symbol, place, text, _ = message
    return f"{symbol} in line {place[4]}, `{text.splitlines()[0] if text else ''}`"


@dataclass
class Survey:
    """The files of the project as they are."""

    sources: dict[str, str] = field(default_factory=dict)
    """The hash of every source's bytes, by its path from the root, whether it is linted or not."""
    entries: list[str] = field(default_factory=list)
    """Everything that an import can find: sources, compiled modules and folders."""
    rest: str = ""
    """One hash over the other files that can change what pylint says."""

    @classmethod
    def of(cls, root: str) -> Survey:
        """Looks at all files below a folder."""
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
        survey.rest = digest("\n".join(rest).encode("utf-8", "surrogateescape"))
        return survey


def spreads(content: bytes) -> bool:
    """Whether astroid takes a package for one that is in several folders, by the words in it."""
    return b"extend_path" in content or b"declare_namespace" in content


def looked_for(old: Iterable[str], new: Iterable[str]) -> set[str]:
    """The names that an import may find elsewhere, or only now, or no more."""
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
    """All that a run leaves for the next."""

    key: str = ""
    """Everything that each record rests on, besides the files of the project."""
    sources: dict[str, list[str]] = field(default_factory=dict)
    """The hash of each source's bytes, and its shape."""
    entries: list[str] = field(default_factory=list)
    writes: dict[str, list[list[str]]] = field(default_factory=dict)
    """The attributes that a module gave to classes of others, with their modules."""
    twice: list[str] = field(default_factory=list)
    """Files that were built as two modules."""
    preloaded: dict[str, bool] = field(default_factory=dict)
    """The names that were built ahead, and whether that has to be done in every run."""
    order: list[list[str]] = field(default_factory=list)
    """Key and name of each module that was built before the first file was linted, as they were begun;
    none if that cannot be done again for some of them alone."""
    builds: dict[str, list[Any]] = field(default_factory=dict)
    """The modules that a module looked into when it was built, and one hash over all it looked at."""
    loaded: list[str] = field(default_factory=list)
    """The modules that were loaded to look at them, which may change what others look like."""
    cached: dict[str, str] = field(default_factory=dict)
    """The modules that were there before the first file was linted, by their names."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The state as bytes."""
        content = json.dumps({"schema": SCHEMA, **vars(self)}, separators=(",", ":"), sort_keys=True)
        return zlib.compress(content.encode(), 3)

    @classmethod
    def unpack(cls, packed: bytes, key: str) -> tuple[State | None, str]:
        """The state in some bytes, or why there is none."""
        if not packed:
            return None, "nothing is known of an earlier run"
        try:
            content = json.loads(zlib.decompress(packed))
            if content.pop("schema") != SCHEMA:
                return None, "what is known of an earlier run has another form"
            state = cls(**content)
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
            return None, "what is known of an earlier run is damaged"
        if state.key != key:
            return None, "the environment, the configuration or the source roots have changed"
        return state, ""

    def shapes(self, survey: Survey) -> dict[str, list[str]]:
        """Hash and shape of every source as it is now."""
        now = {}
        for path, raw in survey.sources.items():
            known = self.sources.get(path)
            now[path] = known if known and known[0] == raw else [raw, shape_of(path, raw)]
        return now

    def needed(self, now: State, dirty: Iterable[str], broken: Iterable[str]) -> set[str] | None:
        """The modules that have to be built so that some files are linted as if all were built.

        None if that is not known. Besides all that the files depend on, it takes what gives something
        to that, what may be built otherwise than before, and again all that those depend on.
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
        """The modules whose classes get other attributes from a module than before, and that one."""
        targets = {}
        for writer in {*self.writes, *now.writes}:
            before = {tuple(write) for write in self.writes.get(writer, ())}
            after = {tuple(write) for write in now.writes.get(writer, ())}
            targets.update((target, writer) for target, _ in before ^ after)
        return targets

    def dirty(self, now: State, paths: Iterable[str]) -> dict[str, str]:
        """Which of these files have to be linted, and why.

        Under what name each is linted follows from the source roots, on which everything rests.
        """
        moved = looked_for(self.entries, now.entries)
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
                return f"{targets[module]} gives {module} other attributes"
            if module in twice:
                return f"{module} is imported by another name"
            if module.startswith("env:") or module == path:
                continue
            before, after = self.sources.get(module), now.sources.get(module)
            if before is None or after is None or before[which] != after[which]:
                return f"{module} has changed"
        found = moved.intersection(record["names"])
        return f"it looks for {min(found)}" if found else None
