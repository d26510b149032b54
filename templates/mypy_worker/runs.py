"""Decides what of an earlier run can be believed, and runs mypy with that."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import Any

from .children import in_child
from .groups import Plain, Result, Useless, run_groups
from .state import Before, Files, State
from .text import canonical

__all__ = ["Plain", "check"]


@dataclass
class Checked:
    """What mypy says, what it did, and what it leaves."""

    lines: list[str]
    complaints: list[str]
    code: int
    summary: dict[str, Any] = field(default_factory=dict)
    packed: str = ""


def check(options: list[str], rest: list[str], before: Before | None) -> Checked:
    """Runs mypy with these arguments, on what the memory of an earlier run allows."""
    files = Files.survey()
    if files.inline:
        raise Plain(f"`local-partial-types` is set in {files.inline}")
    runs = Runs(options, rest, files)
    state = State.unpack(before.content) if before else None
    is_audit = before is not None and before.task != "lint"
    result, cold = None, "no results of an earlier run"
    if files.link:
        state, cold = None, f"{files.link} is a symbolic link"
    if state and not is_audit:
        result, cold = runs.run_warm(state)
    if result is None:
        result = runs.run_cold()
    lines = canonical(result.lines)
    summary = {"files": result.files, "cold": cold, "checked": {} if cold else result.checked}
    if state and is_audit:
        summary["cold"] = "the results of the earlier run are audited"
        warm = runs.run_warm(state)[0]
        summary["refuted"] = _differences(canonical(warm.lines) if warm else lines, lines)
    packed = ""
    is_kept = before is not None and not files.link
    if is_kept and result.state and result.code != 2 and not result.complaints:
        packed = result.state.pack()
    return Checked(lines, result.complaints, result.code, summary, packed)


def _differences(stored: list[str], fresh: list[str]) -> dict[str, str]:
    """The messages that only one of two runs has, each under a file of the project."""
    differing: dict[str, str] = {}
    for what, some, others in (("stored", stored, fresh), ("in a fresh run", fresh, stored)):
        left = list(others)
        for line in some:
            if line in left:
                left.remove(line)
                continue
            found = json.loads(line)
            text = f"{found['message']} in line {found['line']}, only {what}"
            differing.setdefault(found["file"], text)
    return differing


class Runs:
    """The runs of mypy with the same arguments on the same files."""

    def __init__(self, options: list[str], rest: list[str], files: Files) -> None:
        self.options = options
        self.rest = rest
        self.files = files

    def run_cold(self) -> Result:
        """Runs mypy without a cache."""
        return self._run(None, [], keeps_project=True)

    def run_warm(self, state: State) -> tuple[Result | None, str]:
        """Runs mypy with a cache, each time in a process of its own; none if the cache is of no use. The
        text is the reason that every file was checked, if so.
        """
        files = self.files
        if state.others != files.others:
            return None, "a file other than a source that mypy reads changed"
        changed = [path for path in files.sources if state.sources.get(path) != files.sources[path]]
        if (state.sources.keys(), state.folders) == (files.sources.keys(), files.folders):
            result, reason = self._try(state, changed, keeps_project=True)
            if result:
                return result, ""
        else:
            reason = "a file or folder is new or gone"
        # Nothing of the project is believed then.
        project = [path for path in state.records if not path.startswith("/")]
        result, further = self._try(state, project, keeps_project=False)
        return result, reason if result else f"{reason}, and {further}"

    def _try(self, state: State, changed: list[str], keeps_project: bool) -> tuple[Result | None, str]:
        def attempt() -> Result | str:
            try:
                result = self._run(state, changed, keeps_project)
            except Useless as reason:
                return str(reason)
            if result.code == 2 or result.complaints:
                return "mypy stopped early or complained"
            return result

        found = in_child(attempt)
        if found is None:
            return None, "mypy crashed with the results of the earlier run"
        return (None, found) if isinstance(found, str) else (found, "")

    def _run(self, known: State | None, changed: list[str], keeps_project: bool) -> Result:
        folder = tempfile.mkdtemp(prefix="cargo-pipe-mypy-")
        try:
            state = State(self.files.sources, self.files.others, self.files.folders)
            if known:
                known.write_cache(folder)
                state.shape, state.outside, state.records = known.shape, known.outside, known.records
            cache = [f"--cache-dir={folder}", "--incremental", "--sqlite-cache"]
            result = run_groups([*self.options, *cache, *self.rest], state, changed, keeps_project)
            if result.state:
                result.state.read_cache(folder)
            return result
        finally:
            shutil.rmtree(folder, ignore_errors=True)
