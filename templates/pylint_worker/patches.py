"""Patches pylint and astroid to report accesses to `scopes`, and to keep no state between scopes.

All patches are here; `guard` admits only releases whose relevant code is known. They are applied
once, before a file is parsed.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

from astroid import bases, builder, manager, modutils, nodes, objects, rebuilder
from astroid.util import UninferableBase
from astroid.brain import brain_typing
from astroid.builder import _extract_single_node
from astroid.exceptions import AstroidBuildingError, InferenceError
from pylint.checkers import symilar
from pylint.utils import utils

from .scopes import KEPT, MISSING, key_of, key_of_path, scopes, tips


def apply() -> None:
    """Applies all patches."""
    _wrap(manager.AstroidManager, "ast_from_module_name", _ast_from_module_name)
    _wrap(manager.AstroidManager, "ast_from_module", _ast_from_module)
    _wrap(modutils, "_spec_from_modpath", _spec_from_modpath)
    _wrap(utils, "tokenize_module", _tokenize_module)
    _wrap(builder.AstroidBuilder, "file_build", _file_build)
    _wrap(builder.AstroidBuilder, "module_build", _module_build)
    _wrap(rebuilder.TreeRebuilder, "visit_import", _visit_import)
    _wrap(rebuilder.TreeRebuilder, "visit_importfrom", _visit_importfrom)
    _wrap(nodes.ClassDef, "declared_metaclass", _declared_metaclass)
    builder.AstroidBuilder.delayed_assattr = _delayed_assattr
    tips._inference_tip_cached = _tip(tips._inference_tip_cached)
    symilar.Symilar._iter_sims = _iter_sims
    for owner, name in ((nodes.FunctionDef, "type"), (nodes.ClassDef, "_all_slots")):
        setattr(owner, name, Memo(vars(owner)[name].func, name))
    nodes.ClassDef._type = Remembered("kind", None)
    nodes.ClassDef._all_bases_known = Remembered("bases")


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(owner, name, wrapped)


# Recording accesses.


def _ast_from_module_name(original, self, modname, context_file=None, use_cache=True):
    scope = scopes.current
    if modname:
        scope.names.add(modname)
    _look(modname)
    try:
        module = original(self, modname, context_file, use_cache)
    except AstroidBuildingError:
        # A module that exists but cannot be parsed may be fixed later, so the file depends on it.
        if modname and modname not in self.module_denylist:
            try:
                place = self.file_from_module_name(modname, context_file).location
            except AstroidBuildingError:
                place = None
            key = key_of_path(os.path.abspath(place)) if place else None
            if key:
                scope.modules.add(key)
        raise
    scope.modules.add(key_of(module))
    return module


def _ast_from_module(original, self, module, modname=None):
    _look(modname or module.__name__)
    return original(self, module, modname)


def _look(name: str | None) -> None:
    scopes.is_missed = scopes.is_missed or name in scopes.absent


def _spec_from_modpath(original, modpath, path=None, context=None):
    scopes.current.names.add(".".join(modpath))
    return original(modpath, path, context)


def _tokenize_module(original, node):
    scopes.current.tokens = original(node)
    return scopes.current.tokens


def _file_build(original, self, path, modname=None):
    path = os.path.abspath(path)
    key = key_of_path(path) or f"env:{modname}"
    with scopes.building(key, modname or "", path):
        module = original(self, path, modname)
        if modname == "typing":
            _replace_getitem(module)
        return module


def _module_build(original, self, module, modname=None):
    name = modname or module.__name__
    scopes.loaded.append(f"env:{name}")
    with scopes.building(f"env:{name}", name, getattr(module, "__file__", None)):
        return original(self, module, modname)


def _visit_import(original, self, node, parent):
    scopes.current.imports.update(alias.name for alias in node.names)
    return original(self, node, parent)


def _visit_importfrom(original, self, node, parent):
    if not node.level and node.module:
        scopes.current.imports.add(node.module)
    return original(self, node, parent)


# Attributes that one module adds to the classes of another.


class Watched(dict):  # type: ignore[type-arg]
    """The attributes of a class; reading one makes the scope depend on the modules that wrote it."""

    __slots__ = ("writers",)

    def __init__(self, attributes: dict[str, Any]) -> None:
        super().__init__(attributes)
        self.writers: dict[str, set[str]] = {}

    def _read(self, name: Any) -> None:
        writers = self.writers.get(name)
        if writers:
            scopes.current.modules |= writers

    def _read_all(self) -> None:
        for writers in self.writers.values():
            scopes.current.modules |= writers

    def __getitem__(self, name: Any) -> Any:
        self._read(name)
        return super().__getitem__(name)

    def __contains__(self, name: Any) -> bool:
        self._read(name)
        return super().__contains__(name)

    def get(self, name: Any, default: Any = None) -> Any:
        self._read(name)
        return super().get(name, default)

    def __iter__(self) -> Iterator[Any]:
        self._read_all()
        return super().__iter__()

    def keys(self) -> Any:
        self._read_all()
        return super().keys()

    def values(self) -> Any:
        self._read_all()
        return super().values()

    def items(self) -> Any:
        self._read_all()
        return super().items()


def _attributes(target: Any, field: str, node: nodes.AssignAttr) -> dict[str, Any]:
    """The attributes that are written to; those of another module are watched from now on."""
    attributes = getattr(target, field)
    home = node.root()
    if target.root() is home:
        return attributes
    if not isinstance(attributes, Watched):
        watched = Watched(attributes)
        if getattr(target, "globals", None) is attributes:
            target.globals = watched
        setattr(target, field, watched)
        attributes = watched
    attributes.writers.setdefault(node.attrname, set()).add(key_of(home))
    scopes.current.writes.add((key_of(target.root()), node.attrname))
    return attributes


def _delayed_assattr(self: Any, node: nodes.AssignAttr) -> None:
    """Like astroid's function, except for `_attributes`."""
    try:
        for inferred in node.expr.infer():
            if isinstance(inferred, UninferableBase):
                continue
            try:
                if type(inferred) in {bases.Instance, objects.ExceptionInstance}:
                    inferred = inferred._proxied
                    if not builder._can_assign_attr(inferred, node.attrname):
                        continue
                    field = "instance_attrs"
                elif isinstance(inferred, bases.Instance):
                    continue
                elif isinstance(inferred, (bases.Proxy, UninferableBase)):
                    continue
                elif inferred.is_function:
                    field = "instance_attrs"
                else:
                    field = "locals"
                attributes = _attributes(inferred, field, node)
            except AttributeError:
                continue
            values = attributes.setdefault(node.attrname, [])
            if node in values:
                continue
            values.append(node)
            if isinstance(attributes, Watched):
                scopes.wrote(attributes, node.attrname, node)
    except InferenceError:
        pass


# Values cached on nodes.


class Memo:
    """A cached property whose value is valid as long as the scope that computed it."""

    def __init__(self, compute: Callable[[Any], Any], name: str) -> None:
        self.compute = compute
        self.slot = f"memo {name}"

    def __get__(self, node: Any, owner: Any = None) -> Any:
        if node is None:
            return self
        entry = node.__dict__.get(self.slot)
        if entry is not None and entry[0] in (KEPT, scopes.current.epoch):
            return entry[1]
        value = self.compute(node)
        node.__dict__[self.slot] = (scopes.epoch_of(node), value)
        return value


class Remembered:
    """An attribute that is computed once in each scope."""

    def __init__(self, name: str, unknown: Any = MISSING) -> None:
        self.slot = f"memo {name}"
        self.unknown = unknown
        """The initial value; without one the attribute is missing initially."""

    def __get__(self, node: Any, owner: Any = None) -> Any:
        entry = None if node is None else node.__dict__.get(self.slot)
        value = entry[1] if entry and entry[0] in (KEPT, scopes.current.epoch) else self.unknown
        if value is MISSING:
            raise AttributeError(self.slot)
        return value

    def __set__(self, node: Any, value: Any) -> None:
        node.__dict__[self.slot] = (scopes.epoch_of(node), value)


def _changed(node: nodes.NodeNG, mapping: dict[Any, Any], name: str, old: Any) -> None:
    """Records a change, unless a module changes itself while it is built."""
    if mapping.get(name, MISSING) is not old and not scopes.current.owns(node):
        scopes.current.change(mapping, name, old)


def _declared_metaclass(original, self, context=None):
    names = ("_metaclass", "_metaclass_hack")
    before = [self.__dict__.get(name, MISSING) for name in names]
    try:
        return original(self, context)
    finally:
        for name, old in zip(names, before):
            _changed(self, self.__dict__, name, old)


GETITEM = "__class_getitem__"
REPLACED = f"memo {GETITEM}"


def _tip(original: Callable[..., Any]) -> Callable[..., Any]:
    """Records the changes that astroid's inference functions make to a node or its class."""

    @functools.cache
    def guarded(infer: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(infer)
        def run(node: Any, context: Any = None) -> list[Any]:
            tip = node.__dict__.get("_explicit_inference", MISSING)
            own = node.locals.get(GETITEM, MISSING) if isinstance(node, nodes.ClassDef) else MISSING
            result = list(infer(node, context))
            _changed(node, node.__dict__, "_explicit_inference", tip)
            for found in result:
                if isinstance(found, nodes.Module) and found.parent is not None:
                    # The result is attached to the call that found it, like other generated nodes.
                    scopes.current.change(found.__dict__, "parent", None)
                if isinstance(found, nodes.ClassDef) and GETITEM in found.locals:
                    _changed(found, found.locals, GETITEM, own if found is node else _written(found))
            return result

        return run

    return lambda infer: original(guarded(infer))


def _replace_getitem(typing: nodes.Module) -> None:
    """Replaces the methods in advance that astroid replaces when it first infers `Generic[T]`.

    The result then does not depend on when that happens. Up to Python 3.11 the method of `Generic`
    itself returns something other than a class.
    """
    for name in ("Generic", "Annotated"):
        for found in typing.locals.get(name, ()):
            if isinstance(found, nodes.ClassDef) and GETITEM in found.locals:
                method = _extract_single_node(brain_typing.CLASS_GETITEM_TEMPLATE)
                found.locals[GETITEM] = found.__dict__[REPLACED] = [method]


def _written(node: nodes.ClassDef) -> Any:
    """The method in the source that such a function replaces, or its replacement."""
    if REPLACED in node.__dict__:
        return node.__dict__[REPLACED]
    now = node.locals[GETITEM]
    if now and now[0].root() is node.root():
        return now
    return [it for it in node.body if getattr(it, "name", None) == GETITEM] or MISSING


# Checks over all files together.


def _iter_sims(self: symilar.Symilar) -> Iterator[symilar.Commonality]:
    """Like pylint's method, but compares only pairs of files with common lines."""
    hashes = [symilar.hash_lineset(it, self.namespace.min_similarity_lines) for it in self.linesets]
    places: dict[int, list[int]] = {}
    for index, found in enumerate(hashes):
        for window in found.hash_to_index:
            places.setdefault(window, []).append(index)
    pairs = {
        (first, second)
        for indices in places.values()
        for at, first in enumerate(indices)
        for second in indices[at + 1 :]
    }
    for first, second in sorted(pairs):
        yield from self._find_common(
            self.linesets[first], self.linesets[second], hashes[first], hashes[second]
        )
