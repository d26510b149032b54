"""Memory of mypy between runs: its cache, and the inputs for which that is true."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import zlib
from dataclasses import dataclass, field
from typing import Any

SOURCES = (".py", ".pyi")

OTHERS = (
    ".pyd",
    ".so",
    "VERSIONS",
    "mypy.ini",
    "py.typed",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
)
"""The endings of the other files that mypy reads or looks for."""

IGNORED = (".cargo-pipe-proof", ".hg")
"""Entries at the root that are there in every run."""


@dataclass
class Files:
    """The files that mypy can see, each with the hash of its content."""

    sources: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    """All folders: mypy takes one for a package, whatever is in it."""
    link: str = ""
    """A symbolic link; empty if there is none."""
    inline: str = ""
    """A source with an inline setting that the rules do not cover; empty if there is none."""

    @staticmethod
    def survey() -> Files:
        """Reads the files below the working directory."""
        files = Files()
        for folder, folders, names in os.walk("."):
            if folder == ".":
                folders[:] = [name for name in folders if name not in IGNORED]
                names = [name for name in names if name not in IGNORED]
            files.folders.append(folder)
            for name in folders + names:
                if os.path.islink(os.path.join(folder, name)):
                    files.link = os.path.join(folder, name)[2:]
            for name in names:
                if name.endswith(SOURCES + OTHERS):
                    files._add(os.path.join(folder, name)[2:])
        files.folders.sort()
        outside = sys.modules["__main__"].hash_outside()
        if outside:
            files.others[".."] = outside
        return files

    def _add(self, path: str) -> None:
        if os.path.islink(path):
            return
        with open(path, "rb") as file:
            content = file.read()
        is_source = path.endswith(SOURCES)
        known = self.sources if is_source else self.others
        known[path] = hashlib.blake2b(content, digest_size=16).hexdigest()
        if is_source and b"# mypy:" in content and b"local" in content and b"partial" in content:
            self.inline = path


@dataclass
class Before:
    """The memory of an earlier run as the launcher passes it."""

    task: str
    content: bytes

    @staticmethod
    def read(path: str) -> Before | None:
        """Reads the memory; none if no memory is kept."""
        try:
            with open(path, "rb") as file:
                task, _ = file.readline().decode().split()
                return Before(task, base64.b64decode(file.read()))
        except (OSError, ValueError):
            return None


@dataclass
class State:
    """A cache of mypy, and the graph of modules that it is for."""

    sources: dict[str, str]
    others: dict[str, str]
    folders: list[str]
    shape: dict[str, Any] = field(default_factory=dict)
    """The imports of each module, with their priorities."""
    outside: list[str] = field(default_factory=list)
    """The modules that are not files of the project."""
    records: dict[str, str] = field(default_factory=dict)
    """The name of each file's record in the cache."""
    cache: dict[str, bytes] = field(default_factory=dict)
    """The files of the cache, by their paths in its folder."""

    def pack(self) -> str:
        """The state as text."""
        names = sorted(self.cache)
        head = {
            "sources": self.sources,
            "others": self.others,
            "folders": self.folders,
            "shape": self.shape,
            "outside": self.outside,
            "records": self.records,
            "cache": [[name, len(self.cache[name])] for name in names],
        }
        line = json.dumps(head, separators=(",", ":")).encode() + b"\n"
        packed = zlib.compress(line + b"".join(self.cache[name] for name in names), 1)
        return base64.b64encode(packed).decode()

    @staticmethod
    def unpack(content: bytes) -> State | None:
        """Reads a packed state; none if it is empty or damaged."""
        try:
            line, rest = zlib.decompress(content).split(b"\n", 1)
            head = json.loads(line)
            cache, start = {}, 0
            for name, length in head.pop("cache"):
                cache[name] = rest[start : start + length]
                start += length
            return State(**head, cache=cache)
        except (zlib.error, ValueError, KeyError, TypeError):
            return None

    def write_cache(self, folder: str) -> None:
        """Writes the cache to a new folder."""
        for name, content in self.cache.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)

    def read_cache(self, folder: str) -> None:
        """Reads the cache from a folder."""
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                with open(path, "rb") as file:
                    self.cache[os.path.relpath(path, folder)] = file.read()
