"""Lints a project's files one by one, independently of each other.

The files are parsed, all or only the `needed` ones; each dirty one is linted in a child process;
then all records are combined into the messages that pylint would report for all files at once.
`scopes` and `patches` keep the files apart, and `state` decides which are dirty. The combined
messages go to pylint's own reporter, and pylint computes the score and the exit status from them.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
from collections import defaultdict
from typing import Any

from astroid import MANAGER, nodes
from astroid.exceptions import AstroidBuildingError
from pylint.checkers import BaseChecker
from pylint.checkers.symilar import LineSet, LineSpecifs, decoding_stream
from pylint.constants import MSG_TYPES, MSG_TYPES_STATUS
from pylint.interfaces import CONFIDENCE_MAP
from pylint.message import Message
from pylint.reporters import CollectingReporter
from pylint.typing import MessageLocationTuple
from pylint.utils import FileState, LinterStats

from . import children, needed
from .project_code import Closed, Loaded, project_root
from .scopes import Scope, key_of, key_of_path, scopes
from .state import After, Before, State, Survey, differences, digest, shape

UNPARSED = object()
"""In place of the tree of a file that is not parsed."""

Record = dict[str, Any]
"""The record of a linted file; `Linter._lint_one` creates it."""


class Linter(Closed):
    """Pylint with another order of work."""

    before: Before | None = None
    """The memory of the previous run; none if this run's memory is not wanted either."""
    after: After | None = None
    """The memory and the summary of this run."""
    own_code: str = ""
    """The reason that code of the project may run in this process; empty if it must not."""
    _intruders: list[str]
    """The modules of the project that a process of this run has imported."""
    _known: tuple[State | None, State, str]
    _expected: dict[str, str] | None
    """The reasons that files have to be linted, if only the modules that they need are parsed."""

    @functools.cached_property
    def _loaded(self) -> Loaded:
        return Loaded()

    def _get_asts(self, fileitems, data, progress_reporter):  # type: ignore
        if self._whole():
            return super()._get_asts(fileitems, data, progress_reporter)
        files = list(fileitems)
        self._known = old, now, _ = self._survey([key_of_item(file) for file in files])
        if old and not self._is_audit:
            now.writes, now.twice, now.preloaded = old.writes, old.twice, old.preloaded
            now.order, now.builds, now.loaded = old.order, old.builds, old.loaded
            now.cached = old.cached
            listed = [key_of_item(file) for file in files]
            self._expected = old.dirty(now, listed)
            broken = set(listed) - old.records.keys()
            keys = old.needed(now, self._expected, broken)
            if keys is not None and needed.attempt():
                return self._build_needed(files, keys, data, progress_reporter)
        self._expected = None
        return super()._get_asts(files, data, progress_reporter)

    def _build_needed(self, files, keys, data, progress):  # type: ignore
        """Parses some of the files; the others have no tree."""
        old, _, _ = self._known
        trees: dict[Any, Any] = {}

        def parse(file: Any) -> None:
            if file not in trees:
                trees.update(super(Linter, self)._get_asts([file], data, progress))

        wanted = {
            (key_of_item(file), file.name): functools.partial(parse, file)
            for file in files
            if key_of_item(file) in keys
        }
        needed.build(old, keys, wanted)
        return {
            file: trees.get(file) if key_of_item(file) in keys else UNPARSED for file in files
        }

    def _lint_files(self, ast_mapping, check_astroid_module, progress_reporter):  # type: ignore
        whole = self._whole()
        if whole:
            type(self).after = After(None, len(ast_mapping), len(ast_mapping), whole, {})
            super()._lint_files(ast_mapping, check_astroid_module, progress_reporter)
            return
        items = {
            key_of_item(file): (file, module)
            for file, module in ast_mapping.items()
            if module is not None
        }
        old, now, cold = self._known
        for path, hashes in now.sources.items():
            if path not in items:
                # A file that is not linted may be invalid, and then messages elsewhere name its lines.
                hashes[1] = hashes[0]
        if self._expected is None:
            same = old is not None and not self._is_audit and old.entries == now.entries
            now.preloaded = self._preload(old.preloaded if same else {})
            now.writes = {key: [list(it) for it in found] for key, found in scopes.writes().items()}
            now.twice = scopes.twice()
            now.order = [] if scopes.is_deep else list(scopes.order)
            now.builds, now.loaded, now.cached = scopes.builds(), scopes.loaded, needed.names()
        scopes.settle()
        reasons = old.dirty(now, items) if old else dict.fromkeys(items, cold)
        if self._expected is not None and reasons != {
            path: reason for path, reason in self._expected.items() if path in items
        }:
            needed.give_up()
        believed = {path: old.records[path] for path in items if path not in reasons} if old else {}
        if old and self._is_audit:
            cold = "the results of the earlier run are audited"
            reasons = dict.fromkeys(items, cold)
        records = {} if self._is_audit else dict(believed)
        records.update(self._lint_dirty(items, list(reasons), check_astroid_module, progress_reporter))
        walker = check_astroid_module.keywords["walker"]
        for path, (file, module) in items.items():
            self._replay(file, records[path], walker)
        if self.before:
            for path in reasons:
                now.sources[path][1] = records[path].pop("shape") or now.sources[path][0]
            now.records = {
                path: record
                for path, record in records.items()
                # The dependencies of a failed file are unknown.
                if not any(message[0].startswith("F") for message in record["messages"])
            }
            refuted = differences(believed, now.records) if self._is_audit else {}
            intruders = sorted({*self._intruders, *self._loaded.find(project_root())})
            if intruders and not self.own_code:
                cold = f"pylint imported {', '.join(intruders)} from the project"
            known = None if refuted or intruders or self.own_code else now
            parsed = sum(module is not UNPARSED for _, module in items.values())
            type(self).after = After(
                known, len(items), parsed, cold, {} if cold else reasons, refuted
            )

    @property
    def _is_audit(self) -> bool:
        return self.before is not None and self.before.task != "lint"

    def _survey(self, listed: list[str]) -> tuple[State | None, State, str]:
        """The state of the previous run or the reason that there is none, and the new state."""
        survey = Survey.of(os.getcwd(), listed)
        roots = [key_of_path(os.path.abspath(path) + os.sep) for path in sys.path]
        now = State(entries=sorted(survey.entries))
        if self.before is None:
            return None, now, ""
        outside = sys.modules["__main__"].hash_outside()
        now.key = digest(json.dumps([self.before.key, survey.rest, roots, outside]).encode())
        if self.own_code:
            old, cold = None, self.own_code
        else:
            old, cold = State.unpack(self.before.packed, now.key)
        now.sources = (
            old.shapes(survey) if old else {path: [raw, raw] for path, raw in survey.sources.items()}
        )
        return old, now, cold

    def _lint_dirty(self, items, dirty, check, progress):  # type: ignore
        """Lints some files, the longest first, in as many processes as there are processors."""
        # The garbage collector must not touch existing objects, so that children share their pages.
        gc.freeze()
        # Garbage of each file is collected, but rarely enough to save time.
        gc.set_threshold(10_000, 10, 10)
        gc.enable()
        dirty.sort(key=lambda path: (-(items[path][1].tolineno or 0), path))
        if self._is_audit:
            # A dependency on the order shows in the reverse order.
            dirty.reverse()

        def work(index: int) -> bytes:
            record = self._lint_one(*items[dirty[index]], check, progress)
            if scopes.is_missed:
                return b""
            record["intruders"] = self._loaded.find(root)
            return json.dumps(record, separators=(",", ":")).encode()

        root = project_root()
        self._intruders = self._loaded.find(root)
        records = {}
        for index, record in children.spread(len(dirty), work, children.processors()):
            if not record:
                needed.give_up()
            records[dirty[index]] = json.loads(record)
            self._intruders += records[dirty[index]].pop("intruders")
        return records

    @functools.cached_property
    def _stateful(self) -> tuple[Any, ...]:
        """The checkers that keep state between files."""
        found = {checker.name: checker for checker in self.get_checkers()}
        return found["imports"], found["similarities"], found["design"]

    def _whole(self) -> str:
        """The reason that files cannot be linted independently; empty if they can."""
        for name in self._dynamic_plugins:
            if not name.startswith("pylint."):
                return f"the plugin {name} may keep state between files"
        for checker in self.get_checkers():
            if checker.name not in ("imports", "similarities", self.name) and any(
                getattr(type(checker), name) is not getattr(BaseChecker, name)
                for name in ("close", "get_map_data", "reduce_map_data")
            ):
                return f"the checker {checker.name} reports after the last file"
        if self.config.spelling_dict:
            return "`spelling-dict` is set"
        if len(self._directory_namespaces) > 1:
            return "folders have their own configurations"
        return ""

    def _preload(self, known: dict[str, bool]) -> dict[str, bool]:
        """Builds the modules that the project imports from elsewhere, in a fixed order.

        A module that does not depend on the project, and that is known to change only itself, can
        be built later.
        """
        wanted = set()
        for builds in list(scopes.built.values()):
            for build in builds:
                if build.path and key_of_path(build.path):
                    wanted |= build.imports
        found = {}
        for name in sorted(wanted):
            scopes.settle()
            with scopes.inside(Scope(None)) as scope:
                if known.get(name, True):
                    try:
                        MANAGER.ast_from_module_name(name)
                    except AstroidBuildingError:
                        pass
            is_foreign = all(key.startswith("env:") for key in scopes.reached(scope))
            found[name] = scopes.has_written() or not is_foreign
        return found

    def _lint_one(self, file, module, check, progress) -> Record:  # type: ignore
        """Lints a file as if it were the first one."""
        imports, similar, design = self._stateful
        walker = check.keywords["walker"]
        # If no child could be started, this process lints further files.
        reporter, stats, before = self.reporter, self.stats, walker.nbstatements
        kept = imports.import_graph, imports._excluded_edges, similar.linesets
        self.set_reporter(CollectingReporter())
        self.stats = LinterStats()
        self.stats.dependencies = {}
        imports.import_graph, imports._excluded_edges = defaultdict(Edges), defaultdict(Edges)
        similar.linesets = []
        # It counts by node, and a stub file shares the tree of its module.
        design._branches = defaultdict(int)
        known, begun = set(MANAGER.astroid_cache), len(scopes.order)
        with scopes.inside(Scope(None)) as scope:
            scope.modules.add(key_of(module))
            super()._lint_files({file: module}, check, progress)
        modules, names = scopes.closure(scope)
        record = {
            "file": key_of_path(module.file) or module.file,
            "encoding": module.file_encoding,
            "messages": [written(message) for message in self.reporter.messages],
            "statements": walker.nbstatements - before,
            "modules": sorted(modules),
            "names": sorted({part for name in names for part in name.split(".") if part}),
            "edges": [[name, list(edges)] for name, edges in imports.import_graph.items()],
            "excluded": [[name, list(edges)] for name, edges in imports._excluded_edges.items()],
            "lines": [[line.line_number, line.text] for line in similar.linesets[0].stripped_lines]
            if similar.linesets
            else None,
            "shape": shape(scope.tokens) if scope.tokens else "",
        }
        self._forget(known, begun)
        self.set_reporter(reporter)
        self.stats, walker.nbstatements = stats, before
        imports.import_graph, imports._excluded_edges, similar.linesets = kept
        return record

    def _forget(self, known: set[str], begun: int) -> None:
        """Removes modules that were built for the file and have changed earlier ones."""
        if scopes.undo(begun):
            for name in set(MANAGER.astroid_cache) - known:
                del MANAGER.astroid_cache[name]

    def _replay(self, file, record: Record, walker) -> None:  # type: ignore
        """Feeds the record of a file to pylint, as if it had just linted the file."""
        imports, similar, _ = self._stateful
        self.set_current_module(file.name, file.filepath)
        self.stats.modules_names.add(file.filepath)
        self.current_file = os.path.abspath(record["file"])
        self.file_state = FileState(file.modpath, self.msgs_store)
        for parts in record["messages"]:
            message = read(parts)
            self.msg_status |= MSG_TYPES_STATUS[message.msg_id[0]]
            self.stats.increase_single_message_count(MSG_TYPES[message.msg_id[0]], 1)
            self.stats.increase_single_module_message_count(
                self.current_name, MSG_TYPES[message.msg_id[0]], 1
            )
            self.stats.by_msg[message.symbol] = self.stats.by_msg.get(message.symbol, 0) + 1
            self.reporter.handle_message(message)
        walker.nbstatements += record["statements"]
        # The order of the edges decides which cycles pylint reports.
        for graph, edges in (
            (imports.import_graph, record["edges"]),
            (imports._excluded_edges, record["excluded"]),
        ):
            for name, targets in edges:
                for target in targets:
                    graph[name].add(target)
        if record["lines"] is not None:
            similar.linesets.append(lines_of(file.name, record))


class Edges(dict):  # type: ignore[type-arg]
    """A set that keeps the order of insertion."""

    def add(self, name: str) -> None:
        """Adds a member."""
        self[name] = None


def key_of_item(file: Any) -> str:
    """The key of a listed file in records."""
    return key_of_path(os.path.abspath(file.filepath)) or file.filepath


def lines_of(name: str, record: Record) -> LineSet:
    """The lines of a file as pylint's similarity checker compares them."""
    lines = LineSet(name, [])
    with open(os.path.abspath(record["file"]), "rb") as stream:
        lines._real_lines = decoding_stream(stream, record["encoding"]).readlines()
    lines._stripped_lines = [
        LineSpecifs(text=text, line_number=number) for number, text in record["lines"]
    ]
    return lines


def written(message: Message) -> list[Any]:
    """Converts a message to a list."""
    place = message.location
    return [message.msg_id, message.symbol, list(place), message.msg, message.confidence.name]


def read(parts: list[Any]) -> Message:
    """Converts a list to a message."""
    code, symbol, place, text, confidence = parts
    return Message(code, symbol, MessageLocationTuple(*place), text, CONFIDENCE_MAP[confidence])
