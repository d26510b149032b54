"""Lints a project's files one by one, each apart from all others.

Owns the order of things: every file is parsed, then each dirty one is linted in a child, then all
records are put together to what pylint would have said of all files at once. It must not know how
files are kept apart (`scopes`, `patches`), nor which of them are dirty (`state`). What it puts
together goes to pylint's own reporter, and pylint itself computes score and exit status from it.
"""

from __future__ import annotations

import gc
import json
import os
from collections import defaultdict
from typing import Any

from astroid import MANAGER, nodes
from astroid.exceptions import AstroidBuildingError
from pylint.checkers import BaseChecker
from pylint.checkers.symilar import LineSet, LineSpecifs, decoding_stream
from pylint.constants import MSG_TYPES, MSG_TYPES_STATUS
from pylint.interfaces import CONFIDENCE_MAP
from pylint.lint.pylinter import PyLinter
from pylint.message import Message
from pylint.reporters import CollectingReporter
from pylint.typing import MessageLocationTuple
from pylint.utils import FileState, LinterStats

from . import children
from .scopes import Scope, key_of, key_of_path, scopes

Record = dict[str, Any]
"""What is known of a linted file; the parts are made in `Linter._lint_one`."""


class Linter(PyLinter):
    """Pylint, but for the order in which it goes about it."""

    def _lint_files(self, ast_mapping, check_astroid_module, progress_reporter):  # type: ignore
        if self._is_whole():
            super()._lint_files(ast_mapping, check_astroid_module, progress_reporter)
            return
        items = [(file, module) for file, module in ast_mapping.items() if module is not None]
        self._preload()
        scopes.settle()
        # Neither moves what is there from now on, so that children share it with their parent.
        gc.collect()
        gc.freeze()

        def work(index: int) -> bytes:
            record = self._lint_one(*items[index], check_astroid_module, progress_reporter)
            return json.dumps(record, separators=(",", ":")).encode()

        dirty = sorted(range(len(items)), key=lambda index: -len(items[index][1].body))
        records = {}
        for index, record in children.spread(dirty, work, children.processors()):
            records[index] = json.loads(record)
        walker = check_astroid_module.keywords["walker"]
        for index, (file, module) in enumerate(items):
            self._replay(file, module, records[index], walker)

    def _is_whole(self) -> bool:
        """Whether a file may mean something for the next in a way that nobody knows here."""
        own = ("imports", "similarities", self.name)
        others = [checker for checker in self.get_checkers() if checker.name not in own]
        return (
            not hasattr(os, "fork")
            or not all(name.startswith("pylint.") for name in self._dynamic_plugins)
            or any(
                getattr(type(checker), name) is not getattr(BaseChecker, name)
                for checker in others
                for name in ("close", "get_map_data", "reduce_map_data")
            )
            or bool(self.config.spelling_dict)
            or len(self._directory_namespaces) > 1
        )

    def _preload(self) -> None:
        """Builds what the project imports from elsewhere, in one order, whoever imports it."""
        wanted = set()
        for builds in list(scopes.built.values()):
            for build in builds:
                if build.path and key_of_path(build.path):
                    wanted |= build.imports
        with scopes.inside(Scope(None)):
            for name in sorted(wanted):
                try:
                    MANAGER.ast_from_module_name(name)
                except AstroidBuildingError:
                    pass

    def _lint_one(self, file, module, check, progress) -> Record:  # type: ignore
        """Lints a file, as if there had been no other before."""
        checkers = {checker.name: checker for checker in self.get_checkers()}
        imports, similar = checkers["imports"], checkers["similarities"]
        self.set_reporter(CollectingReporter())
        self.stats = LinterStats()
        self.stats.dependencies = {}
        imports.import_graph, imports._excluded_edges = defaultdict(Edges), defaultdict(Edges)
        similar.linesets = []
        walker = check.keywords["walker"]
        before, known = walker.nbstatements, set(MANAGER.astroid_cache)
        with scopes.inside(Scope(None)) as scope:
            scope.modules.add(key_of(module))
            super()._lint_files({file: module}, check, progress)
        modules, names = scopes.closure(scope)
        record = {
            "messages": [written(message) for message in self.reporter.messages],
            "statements": walker.nbstatements - before,
            "modules": sorted(modules),
            "names": sorted({part for name in names for part in name.split(".") if part}),
            "edges": [[name, list(edges)] for name, edges in imports.import_graph.items()],
            "excluded": [[name, list(edges)] for name, edges in imports._excluded_edges.items()],
            "lines": [[line.line_number, line.text] for line in similar.linesets[0].stripped_lines]
            if similar.linesets
            else None,
        }
        self._forget(known)
        return record

    def _forget(self, known: set[str]) -> None:
        """Takes modules away that were built meanwhile and changed some that were there before."""
        new = set(MANAGER.astroid_cache) - known
        undone = scopes.undo()
        if undone:
            for name in new:
                del MANAGER.astroid_cache[name]

    def _replay(self, file, module: nodes.Module, record: Record, walker) -> None:  # type: ignore
        """Has pylint believe that it just linted a file."""
        checkers = {checker.name: checker for checker in self.get_checkers()}
        imports, similar = checkers["imports"], checkers["similarities"]
        self.set_current_module(file.name, file.filepath)
        self.stats.modules_names.add(file.filepath)
        self.current_file = module.file
        self.file_state = FileState(file.modpath, self.msgs_store, module)
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
        # The order decides which cycles pylint names.
        for graph, edges in (
            (imports.import_graph, record["edges"]),
            (imports._excluded_edges, record["excluded"]),
        ):
            for name, targets in edges:
                for target in targets:
                    graph[name].add(target)
        if record["lines"] is not None:
            similar.linesets.append(lines_of(file.name, module, record["lines"]))


class Edges(dict):  # type: ignore[type-arg]
    """A set that remembers in which order it grew."""

    def add(self, name: str) -> None:
        """Adds a member."""
        self[name] = None


def lines_of(name: str, module: nodes.Module, stripped: list[Any]) -> LineSet:
    """The lines of a file as pylint compares them."""
    lines = LineSet(name, [])
    with module.stream() as stream:
        lines._real_lines = decoding_stream(stream, module.file_encoding).readlines()
    lines._stripped_lines = [LineSpecifs(text=text, line_number=number) for number, text in stripped]
    return lines


def written(message: Message) -> list[Any]:
    """A message as a list."""
    place = message.location
    return [message.msg_id, message.symbol, list(place), message.msg, message.confidence.name]


def read(parts: list[Any]) -> Message:
    """The message of a list."""
    code, symbol, place, text, confidence = parts
    return Message(code, symbol, MessageLocationTuple(*place), text, CONFIDENCE_MAP[confidence])
