"""One run of mypy, group by group, so that what it says of a module depends on the sources alone.

A group is a set of modules that import each other in circles. In place of mypy's own loop over them:

- A group is always checked against what the cache says of the modules that it imports, never against
  trees that happen to be in this process: after a group was checked, its trees are dropped. mypy says
  other things about a tree from the cache than about one that it has just analysed.
- A group is checked again if any module that it reaches has another interface than before, however far
  away it is. mypy stops at the first group whose own interface is the same, and misses errors.
- If the imports of any module differ, so that groups or their order would, the project's part of the
  cache is of no use.
- Remarks that mypy adds once in a run are added once in a group; `text` removes or repeats them.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from dataclasses import dataclass, field
from typing import Any

from mypy import build, main
from mypy.build import PRI_INDIRECT, SCC, BuildManager, State as Module
from mypy.error_formatter import OUTPUT_CHOICES
from mypy.errors import CompileError, Errors
from mypy.fscache import FileSystemCache
from mypy.modulefinder import BuildSourceSet, compute_search_paths
from mypy.options import Options
from mypy.types import instance_cache
from mypy.typestate import reset_global_state, type_state
from mypy.util import read_py_file
from mypy.version import __version__

from .state import State


class Plain(Exception):
    """The reason that the rules do not cover a configuration."""


class Useless(Exception):
    """The reason that a cache is of no use."""


@dataclass
class Result:
    """What mypy says, and what it did."""

    lines: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    code: int = 0
    files: int = 0
    """The number of modules that are files of the project."""
    checked: dict[str, str] = field(default_factory=dict)
    """Why each file of the project was checked."""
    state: State | None = None


def run_groups(arguments: list[str], state: State, changed: list[str], keeps_project: bool) -> Result:
    """Checks the project with the cache in the folder that the arguments name.

    The records of the `changed` files are forgotten. `state` is what the cache is for, and becomes what it
    is for then. Unless `keeps_project`, only the environment's part of the cache is used.
    """
    result = Result()
    stdout, stderr = io.StringIO(), io.StringIO()
    # As mypy's own command does; the sources are deeper than Python's usual limit.
    sys.setrecursionlimit(main.RECURSION_LIMIT)
    fscache = FileSystemCache()
    try:
        sources, options = main.process_options(arguments, stdout=stdout, stderr=stderr, fscache=fscache)
    except SystemExit as end:
        return Result(_lines(stdout), _lines(stderr), end.code if isinstance(end.code, int) else 2)
    refuse(options)
    result.complaints = _lines(stderr)
    options.fast_exit = False
    gc.set_threshold(200 * 1000, 30, 30)
    instance_cache.reset()
    build.reset_known_modules_cache()
    metastore = build.create_metastore(options, parallel_worker=False)
    for path in changed:
        if path in state.records:
            metastore.remove(state.records[path])
    metastore.commit()

    def flush(_: str | None, messages: list[str], serious: bool) -> None:
        (result.complaints if serious else result.lines).extend(messages)

    formatter = OUTPUT_CHOICES[options.output]
    errors = Errors(
        options, read_source=lambda path: read_py_file(path, fscache.read), error_formatter=formatter
    )
    is_blocked = False
    try:
        plugin, snapshot = build.load_plugins(options, errors, stdout, [])
        options.process_error_codes(error_callback=build.build_error)
        data_dir = build.default_data_dir()
        manager = BuildManager(
            data_dir,
            compute_search_paths(sources, options, data_dir, None),
            ignore_prefix=os.getcwd(),
            source_set=BuildSourceSet(sources),
            reports=None,
            options=options,
            version_id=__version__,
            plugin=plugin,
            plugins_snapshot=snapshot,
            errors=errors,
            error_formatter=formatter,
            flush_errors=flush,
            fscache=fscache,
            stdout=stdout,
            stderr=stderr,
            metastore=metastore,
        )
        reset_global_state()
        # The trees of a parsed file have no circles of references.
        gc.disable()
        graph = build.load_graph(sources, manager)
        gc.freeze()
        gc.unfreeze()
        gc.enable()
        _compare_imports(graph, state, keeps_project)
        Groups(manager, graph, result, set(changed)).check_all()
        build.write_plugins_snapshot(manager)
        build.warn_unused_configs(options, flush)
        _describe(graph, options, state)
    except CompileError as error:
        is_blocked = True
        flush(None, error.messages, not error.use_stdout)
    finally:
        metastore.commit()
        metastore.close()
    result.complaints.extend(_lines(stderr)[len(result.complaints) :])
    result.lines[:0] = _lines(stdout)
    result.code = 2 if is_blocked else 1 if result.lines else 0
    result.state = state
    return result


def refuse(options: Options) -> None:
    """Raises the reason if a configuration lets mypy depend on more than the rules cover."""
    of_modules = options.per_module_options.values()
    values = {"follow_imports": {options.follow_imports}, "local_partial_types": {options.local_partial_types}}
    for name, found in values.items():
        found.update(changes[name] for changes in of_modules if name in changes)
    for is_set, reason in (
        (options.plugins, "a plugin may read anything"),
        ("error" in values["follow_imports"], "`follow_imports = error` says once what is imported"),
        (False in values["local_partial_types"], "`local_partial_types` is off"),
        (options.many_errors_threshold >= 0, "`many_errors_threshold` counts over the run"),
        (options.cache_fine_grained, "`cache_fine_grained` is on"),
        (options.skip_cache_mtime_checks, "`skip_cache_mtime_checks` is on"),
        (options.skip_version_check, "`skip_version_check` is on"),
        (not options.fixed_format_cache, "`fixed_format_cache` is off"),
        (options.shadow_file, "`shadow_file` replaces files"),
        (options.bazel, "`bazel` is on"),
        (options.output != "json", "its output is text"),
    ):
        if is_set:
            raise Plain(reason)


def _lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def _place(module: Module) -> str:
    """The path of a module's file, from the root if it is a file of the project; empty without a file."""
    if not module.path:
        return ""
    path = os.path.relpath(module.path)
    return os.path.abspath(path) if path.startswith("..") else path


def _is_of_project(module: Module) -> bool:
    return bool(module.path) and not os.path.isabs(_place(module))


def _imports(module: Module) -> list[list[Any]]:
    """What a module imports, with priorities; what mypy found out by itself does not count."""
    names = [*module.dependencies, *module.suppressed]
    priority = module.priorities.get
    return [[name, priority(name, 5)] for name in names if priority(name) != PRI_INDIRECT]


def _compare_imports(graph: dict[str, Module], state: State, keeps_project: bool) -> None:
    """Raises the reason if the cache is for another graph."""
    if not state.shape:
        return
    if keeps_project:
        if {name: _imports(module) for name, module in graph.items()} != state.shape:
            raise Useless("the imports of a file changed")
        return
    inside = {name for name, module in graph.items() if _is_of_project(module)}
    outside = {name: _imports(module) for name, module in graph.items() if name not in inside}
    if set(state.outside) != set(outside):
        raise Useless("other modules of the environment are imported")
    for name, imports in outside.items():
        if state.shape[name] != imports or inside.intersection(imported for imported, _ in imports):
            raise Useless("modules of the environment have other imports")


def _describe(graph: dict[str, Module], options: Options, state: State) -> None:
    """Makes a state describe this graph."""
    state.shape = {name: _imports(module) for name, module in graph.items()}
    state.outside = [name for name, module in graph.items() if not _is_of_project(module)]
    state.records = {
        _place(module): build.get_cache_names(name, module.path, options)[0]
        for name, module in graph.items()
        if module.path
    }


class Groups:
    """The groups of a graph, checked one after the other."""

    def __init__(
        self, manager: BuildManager, graph: dict[str, Module], result: Result, changed: set[str]
    ) -> None:
        self.manager = manager
        self.graph = graph
        self.result = result
        self.changed = changed
        self.touched: set[int] = set()
        """The groups whose interface changed, and all that reach them."""

    def check_all(self) -> None:
        """Checks each group that an edit can change, behind those that it depends on."""
        manager, graph = self.manager, self.graph
        for name, module in graph.items():
            manager.import_map[name] = module.dependencies_set
        groups = build.sorted_components(graph)
        manager.scc_by_id = {group.id: group for group in groups}
        manager.top_order = [group.id for group in groups]
        manager.scc_by_mod_id = {name: group for group in groups for name in group.mod_ids}
        self.result.files = sum(_is_of_project(module) for module in graph.values())
        for group in groups:
            self._check(group)
        type_state.reset_all_subtype_caches()

    def _check(self, group: SCC) -> None:
        graph, manager = self.graph, self.manager
        before = {name: graph[name].interface_hash for name in group.mod_ids}
        reaches_touched = not self.touched.isdisjoint(group.deps)
        # mypy's own opinion. Where it finds a group fresh, it repeats the messages about it.
        if not reaches_touched and build.find_stale_sccs([group], graph, manager)[1]:
            return
        self._note_reasons(group, reaches_touched)
        manager.errors.only_once_messages = set()
        build.process_stale_scc(graph, group, manager)
        has_changed = any(before[name] != graph[name].interface_hash for name in group.mod_ids)
        if reaches_touched or has_changed:
            self.touched.add(group.id)
        self._drop_trees(group)

    def _note_reasons(self, group: SCC, reaches_touched: bool) -> None:
        paths = [_place(self.graph[name]) for name in group.mod_ids]
        circle = min((path for path in paths if path in self.changed), default=None)
        for path in paths:
            if not path or os.path.isabs(path):
                continue
            if path in self.changed:
                reason = "it changed"
            elif circle:
                reason = f"it and {circle} import each other"
            elif reaches_touched:
                reason = "a module that it reaches has another interface"
            else:
                reason = "a module that it uses has another interface"
            self.result.checked[path] = reason

    def _drop_trees(self, group: SCC) -> None:
        """Lets mypy load the group from the cache where a later one needs it."""
        graph, manager = self.graph, self.manager
        manager.commit()
        found = {}
        for name in group.mod_ids:
            path = graph[name].path
            found[name] = build.find_cache_meta(name, path, manager) if path else None
        if not all(found.values()):
            return
        for name, pair in found.items():
            graph[name].meta = pair[0]
            graph[name].tree = None
            manager.modules.pop(name, None)
        manager.done_sccs.discard(group.id)
        if "builtins" in group.mod_ids:
            # Everything else shares instances of its classes.
            instance_cache.reset()
            analyzer = manager.semantic_analyzer
            analyzer._str_type = analyzer._function_type = analyzer._object_type = None
        type_state.reset_all_subtype_caches()
